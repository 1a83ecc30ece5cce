"""Current and power limits: every derating by itself, and what the bank makes of them."""

import math

import numpy as np
import pytest

from bms_emulator.firmware.contract import Action, Request
from bms_emulator.firmware.reference.estimator import interpolate
from bms_emulator.firmware.reference.limits import action_factor, rise, taper
from bms_emulator.units import kelvin
from tests.firmware.rig import STRING_VOLTAGE, Rig
from tests.reference import firmware_twin as twin

RATED = 180.0


def test_a_taper_falls_linearly_and_monotonically_in_either_direction() -> None:
    assert [taper(v, 3.45, 3.54) for v in (3.4, 3.45, 3.54, 3.6)] == [1.0, 1.0, 0.0, 0.0]
    assert taper(3.495, 3.45, 3.54) == pytest.approx(0.5)
    assert taper(2.96, 3.0, 2.92) == pytest.approx(0.5)
    charge = [taper(v, 3.45, 3.54) for v in np.linspace(3.4, 3.6, 200)]
    assert np.all(np.diff(charge) <= 0.0)
    assert taper(math.nan, 3.45, 3.54) == 0.0


@pytest.mark.parametrize("temperature", [-40.0, -1.0, -0.5, 0.0, 12.3, 25.0, 47.5, 50.0, 80.0])
def test_the_temperature_map_is_the_twins(temperature: float) -> None:
    grid, column = (-1.0, 0.0, 5.0, 10.0, 15.0, 45.0, 50.0), (0.0, 0.03, 0.12, 0.3, 0.6, 0.6, 0.0)
    expected = twin.interpolate(temperature, grid, column)
    assert interpolate(temperature, np.array(grid), np.array(column)) == pytest.approx(expected)


def test_an_unknown_temperature_allows_nothing() -> None:
    assert interpolate(math.nan, np.array([0.0, 1.0]), np.array([1.0, 1.0])) == 0.0


def test_the_more_severe_the_action_of_an_alarm_the_less_is_allowed() -> None:
    factors = [action_factor(float(action), 0.8) for action in Action]
    assert factors == [1.0, 0.8, 0.0, 0.0, 0.0, 0.0]


def test_a_limit_falls_at_once_and_rises_by_its_ramp() -> None:
    assert rise(100.0, 20.0, 1.0) == 20.0
    assert rise(20.0, 100.0, 1.0) == 21.0
    assert rise(99.5, 100.0, 1.0) == 100.0


def test_a_rack_that_is_not_connected_has_no_limits() -> None:
    rig = Rig().ready()
    assert np.all(rig.racks.charge_current_limit == 0.0)
    assert np.all(rig.racks.discharge_current_limit == 0.0)
    assert rig.bank.charge_power_limit[0] == 0.0


@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_limits_rise_at_their_ramp_when_what_held_them_back_has_gone(dt: float) -> None:
    rig = Rig(dt=dt).connected()
    rig.commands.soc_reserve_max[...] = 0.1
    rig.step()
    assert rig.racks.charge_current_limit[1] == 0.0
    rig.commands.soc_reserve_max[...] = 1.0
    rig.run(5.0)
    assert rig.racks.charge_current_limit[1] == pytest.approx(0.1 * RATED * 5.0)
    rig.run(6.0)
    assert rig.racks.charge_current_limit[1] == RATED


def test_a_rack_that_joins_does_not_pull_the_bank_down() -> None:
    rig = Rig().ready()
    rig.run(15.0)
    rig.commands.request[...] = Request.CONNECT
    before = 0.0
    for _ in range(600):
        rig.step()
        assert rig.bank.charge_current_limit[0] >= before
        before = rig.bank.charge_current_limit[0]
    assert before == RATED * rig.bank.racks_connected[0] > 0.0


def test_limits_fall_monotonically_with_the_highest_and_the_lowest_cell() -> None:
    rig = Rig().connected()
    charge, discharge = [], []
    for step in range(80):
        rig.measured.cell_voltage[1, 33] = 3.40 + 0.002 * step
        rig.measured.cell_voltage[2, 44] = 3.05 - 0.002 * step
        rig.step()
        charge.append(rig.racks.charge_current_limit[1])
        discharge.append(rig.racks.discharge_current_limit[2])
    for limits in (charge, discharge):
        assert limits[0] == RATED
        assert np.all(np.diff(limits) <= 1e-9)
        assert limits[-1] == 0.0
    assert rig.racks.discharge_current_limit[1] == RATED


def test_the_less_favourable_of_coldest_and_hottest_cell_counts() -> None:
    rig = Rig().connected()
    rig.measured.temperature[0] = kelvin(30.0)
    rig.measured.temperature[0, 9] = kelvin(47.5)
    rig.measured.temperature[1, 9] = kelvin(10.0)
    rig.step()
    assert rig.racks.charge_current_limit == pytest.approx([0.3 * 314, 0.3 * 314, RATED])
    assert rig.racks.discharge_current_limit == pytest.approx([0.3 * 314, RATED, RATED])


@pytest.mark.parametrize(("reserve", "share"), [(0.45, 1.0), (0.49, 0.5), (0.5, 0.0), (0.6, 0.0)])
def test_a_reserve_of_charge_tapers_the_discharge_to_zero(reserve: float, share: float) -> None:
    rig = Rig().connected()
    rig.racks.soc.fill(0.5)
    rig.commands.soc_reserve_min[...] = reserve
    rig.step()
    assert rig.racks.discharge_current_limit == pytest.approx([share * RATED] * 3, abs=0.1)
    assert np.all(rig.racks.charge_current_limit == RATED)


def test_an_upper_reserve_tapers_the_charge_and_none_lets_voltage_decide() -> None:
    rig = Rig().connected()
    rig.racks.soc.fill(1.0)
    rig.step()
    assert np.all(rig.racks.charge_current_limit == RATED)
    rig.commands.soc_reserve_max[...] = 0.9
    rig.step()
    assert np.all(rig.racks.charge_current_limit == 0.0)
    assert np.all(rig.racks.discharge_current_limit == RATED)


def test_a_warning_derates_its_direction_and_level_two_blocks_it() -> None:
    rig = Rig({"firmware.limits.charge_voltage_v": [3.62, 3.64]}).connected()
    rig.measured.cell_voltage[0] = 3.56
    rig.run(6.0)
    assert rig.racks.charge_current_limit[0] == pytest.approx(0.8 * RATED)
    rig.measured.cell_voltage[0] = 3.61
    rig.run(5.0)
    assert rig.racks.charge_current_limit[0] == 0.0
    assert rig.racks.discharge_current_limit[0] == RATED
    assert rig.racks.connected[0] == 1


def test_a_rack_without_valid_cells_allows_nothing() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage[0] = math.nan
    rig.step()
    assert (rig.racks.charge_current_limit[0], rig.racks.discharge_current_limit[0]) == (0.0, 0.0)


def test_the_weakest_rack_binds_the_bank() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage[1, 0] = 3.50  # half-way through the taper
    rig.step()
    weakest = rig.racks.charge_current_limit[1]
    assert weakest == pytest.approx(RATED / 2)
    assert rig.bank.charge_current_limit[0] == pytest.approx(3 * weakest)
    assert rig.bank.discharge_current_limit[0] == pytest.approx(3 * RATED)
    assert rig.racks.charge_power_limit[1] == pytest.approx(weakest * STRING_VOLTAGE, rel=0.01)
    assert rig.bank.charge_power_limit[0] == pytest.approx(3 * rig.racks.charge_power_limit[1])
    assert rig.bank.discharge_power_limit[0] == pytest.approx(3 * rig.racks.discharge_power_limit.min())


def test_a_bank_with_fewer_racks_carries_less() -> None:
    rig = Rig().connected()
    rig.commands.rack_enabled[0] = 0
    rig.run(20.0)
    assert rig.bank.discharge_current_limit[0] == pytest.approx(2 * RATED)


@pytest.mark.parametrize(("coolant", "share"), [(25.0, 1.0), (35.0, 1.0), (40.0, 0.75), (45.0, 0.5), (60.0, 0.5)])
def test_hot_coolant_derates_both_directions_of_all_racks(coolant: float, share: float) -> None:
    rig = Rig({"firmware.limits.cooling_factor": 0.5}).connected()
    rig.measured.coolant_supply_temperature.fill(kelvin(coolant))
    rig.step()
    assert rig.racks.charge_current_limit == pytest.approx([share * RATED] * 3)
    assert rig.racks.discharge_current_limit == pytest.approx([share * RATED] * 3)


def test_a_trip_of_the_chiller_derates_and_an_unknown_coolant_does_not() -> None:
    rig = Rig({"firmware.limits.cooling_factor": 0.4}).connected()
    rig.measured.coolant_supply_temperature.fill(math.nan)
    rig.step()
    assert np.all(rig.racks.charge_current_limit == RATED)
    rig.measured.chiller_fault.fill(1.0)
    rig.step()
    assert rig.racks.charge_current_limit == pytest.approx([0.4 * RATED] * 3)


def test_without_its_voltage_sensor_a_string_has_the_power_of_its_cells() -> None:
    rig = Rig().connected()
    before = rig.racks.discharge_power_limit.copy()
    rig.measured.string_voltage[1] = math.nan
    rig.step()
    assert rig.racks.discharge_power_limit == pytest.approx(before)
