"""Alarms in the whole firmware: what they do to racks and containers, and how they end."""

import math

import numpy as np
import pytest

from bms_emulator.firmware.contract import Action, RackMode
from bms_emulator.units import kelvin
from tests.firmware.rig import Rig


def level(rig: Rig, alarm: str, rack: int = 0) -> int:
    """Active level of an alarm of a rack."""
    return int(rig.racks.alarm[rack, [row.id for row in rig.site.firmware.rack_alarms].index(alarm)])


def bank_level(rig: Rig, alarm: str) -> int:
    """Active level of an alarm of the container."""
    return int(rig.bank.alarm[0, [row.id for row in rig.site.firmware.container_alarms].index(alarm)])


def test_a_reset_before_the_cause_is_gone_for_its_time_works_at_the_end_of_that_time() -> None:
    rig = Rig()
    rig.measured.cell_voltage[0, 0] = 3.7
    rig.run(5.0)
    rig.measured.cell_voltage[0, 0] = 3.3
    rig.run(2.0)
    rig.reset()
    assert rig.commands.alarm_reset[0] == 0
    rig.run(2.5)
    assert rig.racks.alarm_latched[0] == 1
    assert rig.mode() == RackMode.FAULT
    rig.run(1.0)
    assert rig.racks.alarm_latched[0] == 0


@pytest.mark.parametrize(
    ("voltage", "charge", "discharge"),
    [
        (3.61, Action.STOP, Action.NONE),
        (2.79, Action.NONE, Action.STOP),
        (3.56, Action.DERATE, Action.NONE),
        (2.89, Action.NONE, Action.DERATE),
    ],
)
def test_an_alarm_concerns_the_direction_that_its_row_blocks(voltage: float, charge: Action, discharge: Action) -> None:
    rig = Rig()
    rig.measured.cell_voltage[0] = voltage
    rig.run(6.0)
    assert (rig.private.charge_action[0], rig.private.discharge_action[0]) == (charge, discharge)


@pytest.mark.parametrize("current", [0.0, 100.0])
def test_a_cold_rack_is_blocked_but_trips_only_when_it_is_charged_all_the_same(current: float) -> None:
    rig = Rig().connected()
    rig.measured.temperature.fill(kelvin(-5.0))
    rig.measured.current[...] = current
    rig.run(30.0)
    assert rig.private.charge_action[0] == Action.STOP
    assert level(rig, "undertemperature_charge") == 2
    rig.measured.current[...] = -100.0
    rig.run(2.1)
    assert level(rig, "undertemperature_charge") == 3


def test_an_alarm_stands_while_its_signal_is_lost() -> None:
    rig = Rig()
    rig.measured.temperature[0] = kelvin(47.0)
    rig.run(6.0)
    assert level(rig, "overtemperature_charge") == 1
    rig.measured.temperature[0] = math.nan
    rig.run(1.5)
    assert level(rig, "overtemperature_charge") == 1
    rig.measured.temperature[0] = kelvin(25.0)
    rig.run(10.1)
    assert level(rig, "overtemperature_charge") == 0


@pytest.mark.parametrize(
    ("age", "limit"), [("cell_voltage_age", 0.25), ("temperature_age", 2.0), ("current_age", 0.25)]
)
def test_stale_measurements_stop_the_current(age: str, limit: float) -> None:
    rig = Rig().connected()
    getattr(rig.measured, age).reshape(3, -1)[1, -1] = limit * 1.01
    rig.step()
    assert rig.racks.alarm_level.tolist() == [0, 2, 0]
    assert rig.racks.alarm_action.tolist() == [Action.NONE, Action.STOP, Action.NONE]
    assert rig.racks.charge_current_limit[1] == rig.racks.discharge_current_limit[1] == 0.0


def test_the_bank_shows_the_highest_level_of_its_racks_and_its_own() -> None:
    rig = Rig()
    rig.measured.cell_voltage[1, 0] = 3.56
    rig.measured.cell_voltage[2, 0] = 3.61
    rig.run(6.0)
    assert rig.racks.alarm_level.tolist() == [0, 1, 2]
    assert rig.bank.alarm_level[0] == 2
    rig.measured.emergency_stop.fill(1.0)
    rig.step()
    assert rig.bank.alarm_level[0] == 3


@pytest.mark.parametrize(
    ("cause", "alarm", "mode"),
    [
        ("emergency_stop", "emergency_stop", RackMode.EMERGENCY),
        ("gas_alarm", "gas", RackMode.EMERGENCY),
    ],
)
def test_an_emergency_of_the_container_opens_all_of_its_racks_at_once(cause: str, alarm: str, mode: RackMode) -> None:
    rig = Rig().connected()
    rig.measured.current.fill(100.0)
    rig.step()
    getattr(rig.measured, cause).fill(1.0)
    rig.step()
    assert bank_level(rig, alarm) == 3
    assert np.all(rig.racks.mode == mode)
    assert not rig.racks.contactor_command.any()


def test_low_insulation_of_the_bus_opens_all_racks() -> None:
    rig = Rig().connected()
    rig.measured.insulation_negative.fill(50.0 * 1500.0)
    rig.run(15.0)
    assert bank_level(rig, "bus_insulation_negative") == 3
    assert bank_level(rig, "bus_insulation_positive") == 0
    assert np.all(rig.orders.action == Action.OPEN)
    assert not rig.racks.connected.any()


def test_a_deeply_discharged_cell_locks_its_rack_until_a_service_reset() -> None:
    rig = Rig()
    rig.measured.cell_voltage[0, 17] = 1.9
    rig.run(3.0)
    assert (level(rig, "deep_discharge"), rig.mode()) == (3, RackMode.SAFE_LOCK)
    rig.measured.cell_voltage[0, 17] = 3.3
    rig.run(30.0)
    rig.reset()
    rig.run(10.0)
    assert (level(rig, "deep_discharge"), rig.mode()) == (3, RackMode.SAFE_LOCK)
    rig.commands.service_reset.fill(1.0)
    rig.step()
    assert level(rig, "deep_discharge") == 0


def test_a_contactor_that_does_not_open_locks_its_rack() -> None:
    rig = Rig().connected()
    rig.welded[0, 2] = 1.0
    rig.commands.rack_enabled[0] = 0.0
    rig.run(10.0)
    row = [row.id for row in rig.site.firmware.rack_alarms].index("contactor_positive_welded")
    assert (rig.racks.alarm[0, row], rig.racks.alarm_source[0, row]) == (3, 3)
    assert rig.mode() == RackMode.SAFE_LOCK


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_connecting_and_carrying_current_raises_no_alarm(dt: float) -> None:
    rig = Rig(dt=dt).connected()
    for current in (170.0, -170.0, 0.0):
        rig.measured.current.fill(current)
        rig.run(10.0)
        assert (rig.racks.alarm_level.max(), rig.bank.alarm_level.max()) == (0, 0)
    rig.commands.rack_enabled[1] = 0.0
    rig.run(10.0)
    assert (rig.racks.alarm_level.max(), rig.racks.alarm_count.max()) == (0, 0)
