"""The event log: what is written, in which order, and what is lost when it is full."""

from itertools import pairwise

import numpy as np
import pytest

from bms_emulator.firmware.contract import Action, LogKind, RackMode, Request
from tests.firmware.rig import Rig

Entry = tuple[LogKind, int, int, float]


def entries(rig: Rig, container: int = 0) -> list[Entry]:
    """Entries from the oldest to the newest: kind, rack, code, value."""
    log = rig.log
    count, length = int(log.count[container]), log.time.shape[1]
    order = [n % length for n in range(max(0, count - length), count)]
    return [
        (
            LogKind(int(log.kind[container, n])),
            int(log.rack[container, n]),
            int(log.code[container, n]),
            float(log.value[container, n]),
        )
        for n in order
    ]


def modes(rig: Rig, rack: int) -> list[tuple[RackMode, RackMode]]:
    return [
        (RackMode(code), RackMode(int(value)))
        for kind, at, code, value in entries(rig)
        if kind is LogKind.MODE and at == rack
    ]


def test_modes_of_racks_are_written_in_their_order() -> None:
    rig = Rig().connected()
    steps = [RackMode.INIT, RackMode.SELF_TEST, RackMode.STANDBY, RackMode.PRECHARGE, RackMode.CONNECTED]
    for rack in (1, 2, 3):
        assert modes(rig, rack) == list(pairwise(steps))


def test_nothing_is_written_while_nothing_happens() -> None:
    rig = Rig().connected()
    count = rig.log.count.copy()
    rig.run(60.0)
    assert (rig.log.count == count).all()


def test_times_never_fall_and_are_those_of_the_periods() -> None:
    rig = Rig().connected()
    times = rig.log.time[0, : int(rig.log.count[0])]
    assert (np.diff(times) >= 0.0).all()
    assert np.allclose(times / rig.dt, np.round(times / rig.dt))


def test_alarms_are_written_with_their_level_when_they_come_and_go() -> None:
    rig = Rig().connected()
    before = len(entries(rig))
    rig.measured.cell_voltage[1, 17] = 3.57
    rig.run(20.0)
    rig.measured.cell_voltage[1, 17] = 3.3
    rig.run(30.0)
    ids = [row.id for row in rig.site.firmware.rack_alarms]
    written = [
        (rack, value)
        for kind, rack, code, value in entries(rig)[before:]
        if kind is LogKind.ALARM and ids[code] == "cell_overvoltage"
    ]
    assert written == [(2, 1.0), (2, 0.0)]


def test_an_opening_under_load_is_written_with_its_current() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = [100.0, -120.0, 80.0]
    rig.asked[1] = Action.EMERGENCY
    rig.step()
    assert (LogKind.OPENED_UNDER_LOAD, 2, 0, -120.0) in entries(rig)
    assert rig.racks.openings_under_load.tolist() == [0, 1, 0]


@pytest.mark.parametrize(("pulse", "value"), [("alarm_reset", 1.0), ("service_reset", 2.0)])
def test_resets_are_written_once_and_their_pulses_end(pulse: str, value: float) -> None:
    rig = Rig().ready()
    getattr(rig.commands, pulse)[...] = 1.0
    rig.step(5)
    assert [entry for entry in entries(rig) if entry[0] is LogKind.RESET] == [(LogKind.RESET, 0, 0, value)]
    assert not getattr(rig.commands, pulse).any()


def test_loss_and_return_of_the_supply_are_written_and_nothing_in_between() -> None:
    rig = Rig().ready()
    rig.measured.supply_voltage[...] = 5.0
    rig.run(1.0)
    lost = rig.log.count.copy()
    assert entries(rig)[-1] == (LogKind.POWER, 0, 0, 0.0)
    rig.measured.fuse_feedback[...] = 0.0
    rig.commands.alarm_reset[...] = 1.0
    rig.run(10.0)
    assert (rig.log.count == lost).all()
    rig.measured.fuse_feedback[...] = 1.0
    rig.measured.supply_voltage[...] = 24.0
    rig.step()
    assert entries(rig)[int(lost[0])] == (LogKind.POWER, 0, 0, 1.0)


def test_a_full_ring_keeps_the_newest_entries() -> None:
    rig = Rig().ready()
    length = rig.log.time.shape[1]
    for n in range(length):
        rig.commands.rack_maintenance[0] = (n + 1) % 2
        rig.step()
    assert rig.log.count[0] > length
    kept = modes(rig, 1)
    assert len(kept) == length
    assert kept[-1] == (RackMode.MAINTENANCE, RackMode.STANDBY)
    assert len(set(kept)) == 2


def test_every_container_has_its_own_log() -> None:
    rig = Rig({"container_count": 2}).ready()
    rig.commands.request[1] = Request.CONNECT
    before = rig.log.count.copy()
    rig.run(1.0)
    assert rig.log.count[0] == before[0]
    assert entries(rig, 1)[-1][:2] == (LogKind.MODE, 1)
