"""Limits for the next minute."""

import copy
import math

import numpy as np
import pytest

from tests.firmware.battery_rig import BatteryRig
from tests.firmware.rig import Rig

RATED = 180.0


@pytest.mark.parametrize("before", [0.0, 1.0])
@pytest.mark.parametrize("soc", [0.03, 0.04, 0.06, 0.09, 0.5, 0.97, 0.985, 0.992, 0.996])
def test_the_current_of_a_minute_leads_the_cell_to_its_end_voltage_and_not_beyond(soc: float, before: float) -> None:
    rig = BatteryRig(dt=1.0, soc=soc)
    rig.firmware.commission(rig.capacity)
    direction = 1.0 if soc < 0.3 else -1.0
    moved = before * direction * 40.0 * 100.0 / rig.capacity[0]
    rig.cells.soc += moved
    rig.draw_for(before * direction * 40.0, 100.0)
    rig.draw_for(0.0, 2.0)
    for sign, limit, end in (
        (1.0, rig.private.discharge_pulse[0], 2.92),
        (-1.0, rig.private.charge_pulse[0], 3.54),
    ):
        cells = copy.deepcopy(rig.cells)
        for _ in range(60):
            cells.step(sign * limit, 1.0)
        reached = float(cells.voltage(sign * limit).mean())
        assert sign * (reached - end) > -0.01
        if limit == 0.0:
            assert sign * (float(rig.cells.voltage(0.0).mean()) - end) < 0.01
        elif limit < RATED:
            assert reached == pytest.approx(end, abs=0.01)


def test_a_minute_allows_at_least_what_is_allowed_for_ever() -> None:
    rig = Rig(dt=0.5).connected()
    random = np.random.default_rng(5)
    for _ in range(200):
        rig.measured.cell_voltage[:, 7] = random.uniform(2.8, 3.6)
        rig.measured.cell_voltage[:, 9] = random.uniform(2.8, 3.6)
        rig.measured.temperature[...] = random.uniform(263.0, 323.0)
        rig.measured.current[...] = random.uniform(-180.0, 180.0)
        rig.step()
        racks = rig.racks
        for minute, always in (
            (racks.charge_current_limit_60s, racks.charge_current_limit),
            (racks.discharge_current_limit_60s, racks.discharge_current_limit),
            (racks.charge_power_limit_60s, racks.charge_power_limit),
            (racks.discharge_power_limit_60s, racks.discharge_power_limit),
        ):
            assert np.all(minute >= always)
            assert np.all(always >= 0.0)


def test_cold_cells_may_carry_more_for_a_minute_than_for_ever() -> None:
    rig = Rig().connected()
    rig.measured.temperature.fill(273.15 + 10.0)
    rig.run(15.0)
    factor = rig.site.firmware.limits.peak_factor
    assert rig.racks.charge_current_limit == pytest.approx([0.3 * 314] * 3)
    assert rig.racks.charge_current_limit_60s == pytest.approx([factor * 0.3 * 314] * 3)
    assert rig.racks.discharge_current_limit_60s == pytest.approx([RATED] * 3)


def test_nothing_is_allowed_for_a_minute_of_which_nothing_is_known() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage[0] = math.nan
    rig.step()
    assert (rig.racks.charge_current_limit_60s[0], rig.racks.discharge_current_limit_60s[0]) == (0.0, 0.0)
    assert (rig.racks.charge_power_limit_60s[0], rig.racks.discharge_power_limit_60s[0]) == (0.0, 0.0)


def test_a_limit_of_power_is_that_of_current_at_the_voltage_that_it_brings_about() -> None:
    rig = Rig().connected()
    ohmic = rig.private.resistance0[0] * 416
    assert ohmic == pytest.approx(0.18e-3 * 416, rel=0.01)
    voltage = rig.measured.string_voltage[0]
    assert rig.racks.discharge_power_limit[0] == pytest.approx(RATED * (voltage - ohmic * RATED))
    assert rig.racks.charge_power_limit[0] == pytest.approx(RATED * (voltage + ohmic * RATED))


def test_the_weakest_rack_binds_the_bank_for_a_minute_too() -> None:
    rig = Rig().connected()
    rig.measured.temperature[1] = 273.15 + 5.0
    rig.run(10.0)
    racks, bank = rig.racks, rig.bank
    assert racks.charge_power_limit_60s[1] < 0.5 * racks.charge_power_limit_60s[0]
    assert bank.charge_power_limit_60s[0] == pytest.approx(3 * racks.charge_power_limit_60s[1])
    assert bank.discharge_power_limit_60s[0] == pytest.approx(3 * racks.discharge_power_limit_60s.min())
