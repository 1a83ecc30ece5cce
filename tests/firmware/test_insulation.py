"""Insulation monitors: never two on one DC bus."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.contract import ControllerFault, Request
from tests.firmware.rig import Rig

FAILED = float(1 << ControllerFault.INSULATION_MONITOR)


def on_bus(rig: Rig) -> np.ndarray:
    """Racks of which a contactor is closed or about to close."""
    return (rig.racks.contactor_command + rig.measured.contactor_feedback).any(axis=1)


def watching(rig: Rig) -> list[int]:
    """Racks on the bus whose monitor measures, counted from 1."""
    return [int(r) + 1 for r in np.flatnonzero(rig.racks.insulation_monitor_enabled * on_bus(rig))]


def test_open_racks_measure_themselves_and_nobody_watches_a_bus_without_racks() -> None:
    rig = Rig().ready()
    assert rig.racks.insulation_monitor_enabled.tolist() == [1, 1, 1]
    assert rig.bank.insulation_monitor_rack[0] == 0
    assert np.isnan(rig.bank.insulation_resistance[0])


def test_the_lowest_connected_rack_with_a_working_monitor_watches_the_bus() -> None:
    rig = Rig()
    rig.measured.controller_faults[0] = FAILED
    rig.measured.insulation_resistance[...] = [1e6, 2e6, 3e6]
    rig.connected()
    assert watching(rig) == [2]
    assert rig.racks.insulation_monitor_enabled.tolist() == [0, 1, 0]
    assert rig.bank.insulation_monitor_rack[0] == 2
    assert rig.bank.insulation_resistance[0] == 2e6


def test_a_trip_of_the_bus_can_be_reset_once_all_racks_are_open() -> None:
    rig = Rig().connected()
    rig.measured.insulation_positive[...] = 50e3
    rig.run(15.0)
    assert not rig.racks.connected.any()
    rig.measured.insulation_positive[...] = 10e6
    rig.run(60.0)
    rig.commands.alarm_reset[...] = 1.0
    rig.run(30.0)
    assert rig.racks.connected.all()


def test_another_takes_over_after_a_period_without_when_the_monitor_fails_or_its_rack_opens() -> None:
    rig = Rig().connected()
    assert watching(rig) == [1]
    rig.measured.controller_faults[0] = FAILED
    seen = []
    for _ in range(3):
        rig.step()
        seen.append(watching(rig))
    assert seen == [[], [2], [2]]
    rig.measured.controller_faults[0] = 0.0
    rig.run(1.0)
    assert watching(rig) == [2], "a monitor that works is not relieved"
    rig.commands.rack_request[1] = Request.DISCONNECT
    rig.run(1.0)
    assert watching(rig) == [1]
    assert rig.racks.insulation_monitor_enabled.tolist() == [1, 1, 0], "rack 2 is open and measures itself"


def test_a_rack_that_is_still_welded_to_the_bus_does_not_measure_beside_another() -> None:
    rig = Rig().connected()
    rig.welded[0, 2] = 1.0
    rig.commands.rack_request[0] = Request.DISCONNECT
    rig.run(2.0)
    assert rig.racks.insulation_monitor_enabled.tolist() == [0, 1, 0]


def test_no_monitor_measures_while_a_master_keeps_them_off() -> None:
    rig = Rig().connected()
    rig.commands.rack_request[2] = Request.DISCONNECT
    rig.run(1.0)
    assert rig.racks.insulation_monitor_enabled.tolist() == [1, 0, 1]
    rig.commands.insulation_enabled[0] = 0.0
    rig.step()
    assert rig.racks.insulation_monitor_enabled.tolist() == [0, 0, 0]
    assert rig.bank.insulation_monitor_rack[0] == 0
    rig.commands.insulation_enabled[0] = 1.0
    rig.run(1.0)
    assert rig.racks.insulation_monitor_enabled.tolist() == [1, 0, 1]


events = st.lists(
    st.tuples(
        st.sampled_from(["connect", "disconnect", "monitor", "fuse", "weld", "reset", "supply", "maintain", "switch"]),
        st.integers(0, 2),
        st.integers(1, 12),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(events)
def test_never_do_two_monitors_measure_on_one_bus(story: list[tuple[str, int, int]]) -> None:
    rig = Rig({"firmware.timing.self_test_s": 0.1, "firmware.timing.join_interval_s": 0.1}).ready()
    rig.commands.request[...] = Request.CONNECT
    for event, r, steps in story:
        if event in ("connect", "disconnect"):
            rig.commands.rack_request[r] = Request.CONNECT if event == "connect" else Request.DISCONNECT
        elif event == "monitor":
            rig.measured.controller_faults[r] = FAILED - rig.measured.controller_faults[r]
        elif event == "fuse":
            rig.measured.fuse_feedback[r] = 1.0 - rig.measured.fuse_feedback[r]
        elif event == "weld":
            rig.welded[r, 2] = 1.0 if np.isnan(rig.welded[r, 2]) else np.nan
        elif event == "reset":
            rig.commands.alarm_reset[...] = 1.0
        elif event == "supply":
            rig.measured.supply_voltage[...] = 34.0 - rig.measured.supply_voltage
        elif event == "switch":
            rig.commands.insulation_enabled[0] = 1.0 - rig.commands.insulation_enabled[0]
        else:
            rig.commands.rack_maintenance[r] = 1.0 - rig.commands.rack_maintenance[r]
        for _ in range(steps):
            rig.step()
            assert len(watching(rig)) <= 1
