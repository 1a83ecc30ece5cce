"""State of charge: measured current only, drift, and corrections at the knees."""

import math

import numpy as np
import pytest

from bms_emulator.firmware.reference.estimation_model import build_estimation_model
from bms_emulator.firmware.reference.estimator import relax_hysteresis, rest_soc, table_soc_of, usable_soc
from bms_emulator.units import SECONDS_PER_HOUR
from tests.firmware.rig import Rig

CAPACITY_AH = 320.0
RESTED = {"firmware.estimator.rest_time_s": 60}
SITE = Rig().site
TABLE = SITE.container.rack.pack.cell.open_circuit
ENDS = build_estimation_model(SITE.container.rack, SITE.firmware).usable
SOC, OCV, GAP = np.array(TABLE.soc), np.array(TABLE.voltage_v), np.array(TABLE.hysteresis_mv) / 1e3


def ocv(soc: float) -> float:
    return float(np.interp(soc, SOC, OCV))


def published(soc: float) -> float:
    """State of charge as published, of that of the open-circuit table."""
    return float(usable_soc(soc, *ENDS))


@pytest.mark.parametrize("soc", [0.0, 0.004, 0.1, 0.33, 0.5, 0.77, 0.99, 1.0])
@pytest.mark.parametrize("hysteresis", [-0.5, 0.0, 1.0])
def test_the_charge_of_a_rest_voltage_is_the_inverse_of_the_table(soc: float, hysteresis: float) -> None:
    voltage = ocv(soc) + hysteresis * float(np.interp(soc, SOC, GAP))
    assert rest_soc(voltage, hysteresis, SOC, OCV, GAP) == pytest.approx(soc, abs=1e-9)


def test_a_voltage_beyond_the_table_is_empty_or_full() -> None:
    assert rest_soc(2.0, 0.0, SOC, OCV, GAP) == 0.0
    assert rest_soc(3.7, 0.0, SOC, OCV, GAP) == 1.0


def test_nothing_is_left_where_discharge_ends_and_all_is_there_where_charge_ends() -> None:
    charge_end, discharge_end = SITE.firmware.limits.charge_voltage_v[1], SITE.firmware.limits.discharge_voltage_v[1]
    assert published(rest_soc(discharge_end, -1.0, SOC, OCV, GAP)) == 0.0
    assert published(rest_soc(charge_end, 1.0, SOC, OCV, GAP)) == pytest.approx(1.0)
    assert published(0.0) == 0.0
    assert published(1.0) == 1.0


def test_published_and_true_charge_agree_between_the_knees_and_rise_together() -> None:
    grid = np.linspace(0.0, 1.0, 500)
    shown = np.array([published(soc) for soc in grid])
    between = (grid >= ENDS.knee_low) & (grid <= ENDS.knee_high)
    assert shown[between] == pytest.approx(grid[between])
    assert np.all(np.diff(shown) >= 0.0)
    inner = (shown > 0.0) & (shown < 1.0)
    assert [table_soc_of(soc, *ENDS) for soc in shown[inner]] == pytest.approx(grid[inner])


def test_hysteresis_turns_with_throughput_and_stands_at_rest() -> None:
    assert relax_hysteresis(0.3, 100.0, 0.0) == 0.3
    assert relax_hysteresis(0.0, 100.0, 0.05) == pytest.approx(-(1 - math.exp(-5)))
    halves = relax_hysteresis(relax_hysteresis(1.0, 100.0, 0.004), 100.0, 0.004)
    assert halves == pytest.approx(relax_hysteresis(1.0, 100.0, 0.008))


@pytest.mark.parametrize("soc", [0.05, 0.5, 0.9])
def test_the_first_valid_voltage_gives_the_first_estimate(soc: float) -> None:
    rig = Rig()
    rig.measured.cell_voltage.fill(math.nan)
    rig.run(1.0)
    assert rig.racks.soc[0] == 0.5
    rig.measured.cell_voltage.fill(ocv(soc))
    rig.step()
    assert rig.racks.soc == pytest.approx(published(soc))
    assert rig.bank.soc[0] == pytest.approx(published(soc))
    assert rig.bank.energy_available[0] == pytest.approx(rig.site.container.rated_energy_kwh * 3.6e6 * published(soc))


@pytest.mark.parametrize("stuck", [0.0, 2.0, 3.7, math.nan])
def test_one_wrong_reading_does_not_move_the_first_estimate(stuck: float) -> None:
    rig = Rig()
    rig.measured.cell_voltage.fill(ocv(0.6))
    rig.measured.cell_voltage[1, 40] = stuck
    rig.step()
    assert rig.racks.soc[1] == pytest.approx(rig.racks.soc[0], abs=1e-9)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_on_the_plateau_the_estimate_integrates_the_measured_current_whatever_the_voltage_says(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.step()
    start = rig.racks.soc.copy()
    rig.measured.current[...] = [100.0, -100.0, 0.0]
    rig.measured.cell_voltage[...] = np.array([[3.24], [3.33], [3.2]])
    rig.run(600.0)
    moved = 100.0 * 600.0 / SECONDS_PER_HOUR / CAPACITY_AH
    assert rig.racks.soc - start == pytest.approx([-moved, moved, 0.0], abs=1e-9)
    assert rig.racks.cycle_count == pytest.approx([moved / 2, moved / 2, 0.0], abs=1e-9)


def test_a_biased_current_sensor_makes_the_estimate_drift_on_the_plateau() -> None:
    rig = Rig(RESTED, dt=1.0)
    rig.step()
    start = rig.racks.soc.copy()
    rig.measured.current[1] = 2.0
    rig.run(7200.0)
    assert rig.racks.soc[1] - start[1] == pytest.approx(-2.0 * 2.0 / CAPACITY_AH, abs=1e-6)
    assert rig.racks.soc[0] == start[0]


@pytest.mark.parametrize(("soc", "corrects"), [(0.06, True), (0.115, True), (0.2, False), (0.8, False), (0.99, True)])
def test_a_rest_corrects_the_estimate_outside_the_flat_part_only(soc: float, corrects: bool) -> None:
    rig = Rig(RESTED, dt=1.0)
    rig.step()
    rig.measured.cell_voltage.fill(ocv(soc))
    rig.run(58.0)
    assert rig.racks.soc[0] == pytest.approx(0.5, abs=0.02), "not rested yet"
    rig.run(1300.0)
    expected = published(soc) if corrects else 0.5
    assert rig.racks.soc[0] == pytest.approx(expected, abs=0.02 if not corrects else 1e-6)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_a_correction_is_no_jump(dt: float) -> None:
    rig = Rig(RESTED, dt=dt)
    rig.step()
    rig.measured.cell_voltage.fill(ocv(0.06))
    rig.run(60.0)
    fastest = rig.site.firmware.estimator.correction_percent_per_min / 100.0 / 60.0
    for _ in range(60):
        before = rig.racks.soc.copy()
        rig.run(1.0)
        assert rig.racks.soc == pytest.approx(before - fastest, abs=1e-9)


def test_current_interrupts_a_rest() -> None:
    rig = Rig(RESTED)
    rig.step()
    rig.measured.cell_voltage.fill(ocv(0.05))
    for _ in range(3):
        rig.run(40.0)
        rig.measured.current[...] = 50.0
        rig.step()
        rig.measured.current[...] = 0.0
    assert rig.racks.soc[0] == pytest.approx(0.5, abs=0.02)


def test_a_correction_after_charging_knows_that_the_voltage_still_stands_high() -> None:
    rig = Rig(RESTED)
    rig.measured.cell_voltage.fill(ocv(0.8))
    rig.step()
    rig.measured.current[...] = -160.0
    rig.run(720.0)
    assert rig.racks.soc[0] == pytest.approx(0.9)
    rig.measured.current[...] = 0.0
    rig.measured.cell_voltage.fill(ocv(0.9) + float(np.interp(0.9, SOC, GAP)))
    rig.run(120.0)
    assert rig.racks.soc[0] == pytest.approx(0.9, abs=1e-6)


def test_the_estimate_stands_while_the_current_is_lost() -> None:
    rig = Rig(RESTED)
    rig.step()
    start = rig.racks.soc[0]
    rig.measured.current[...] = math.nan
    rig.measured.cell_voltage.fill(ocv(0.05))
    rig.run(100.0)
    assert rig.racks.soc[0] == start
    assert rig.racks.cycle_count[0] == 0.0


def test_the_estimate_stays_between_empty_and_full() -> None:
    rig = Rig(dt=1.0)
    rig.step()
    rig.measured.cell_voltage.fill(math.nan)
    rig.measured.current[...] = [500.0, -500.0, 0.0]
    rig.run(3 * 3600.0)
    assert rig.racks.soc[:2].tolist() == [0.0, 1.0]


def test_the_bank_counts_connected_racks_only_once_there_are_any() -> None:
    rig = Rig()
    rig.measured.cell_voltage[0].fill(ocv(0.3))
    rig.ready()
    assert rig.bank.soc[0] == pytest.approx(np.mean(rig.racks.soc))
    rig.commands.rack_request[0] = 1
    rig.run(5.0)
    assert rig.bank.soc[0] == pytest.approx(rig.racks.soc[0])
    assert rig.bank.soh[0] == 1.0
