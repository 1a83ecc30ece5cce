"""Open-circuit voltage from slow branches."""

from itertools import pairwise

import numpy as np
import pytest

from bms_emulator.fitting.open_circuit import OpenCircuitCurve, fit_open_circuit
from bms_emulator.fitting.records import read_open_circuit
from tests.fitting.cycler import HALF_GAP, rest_voltage, write_slow

GRID = np.array([0.0, 0.01, 0.02, 0.05, *np.linspace(0.1, 0.9, 17), 0.95, 0.98, 0.99, 1.0])
NONE = np.zeros_like(GRID)


@pytest.mark.parametrize("noise", [0.0, 1e-4, 5e-4])
def test_the_curve_is_recovered_to_less_than_a_millivolt_away_from_knees(tmp_path, noise):
    curve = fit_open_circuit(read_open_circuit(write_slow(tmp_path / "ocv.csv", noise)), GRID, 100.0, 0.0, NONE, NONE)
    true = np.array([rest_voltage(z) for z in GRID])
    flat = (GRID >= 0.1) & (GRID <= 0.95)
    assert np.abs(curve.voltage - true)[flat].max() < 1e-3
    assert np.abs(curve.half_gap - HALF_GAP)[flat].max() < 1e-3
    assert np.abs(curve.voltage - true).max() < 1e-3 + 4.0 * noise  # ends too: hysteresis that turns is allowed for
    assert curve.error <= 1.2 * noise + 1e-12


def test_the_table_rises_however_noisy_the_file(tmp_path):
    curve = fit_open_circuit(read_open_circuit(write_slow(tmp_path / "ocv.csv", 0.02)), GRID, 100.0, 0.0, NONE, NONE)
    assert all(a < b for a, b in pairwise(curve.voltage))
    assert (curve.half_gap >= 0.0).all()


def test_the_voltage_drop_of_the_slow_currents_is_taken_out(tmp_path):
    file = write_slow(tmp_path / "ocv.csv")
    current, resistance = 5.0, 2e-3
    lines = ["soc,voltage_v,direction,current_a"]
    for line in file.read_text().splitlines()[1:]:
        soc, voltage, direction = line.split(",")
        drop = current * resistance * (1.0 if direction == "charge" else -1.0)
        lines.append(f"{soc},{float(voltage) + drop:.6f},{direction},{current}")
    file.write_text("\n".join(lines))
    curve = fit_open_circuit(read_open_circuit(file), GRID, 100.0, 0.0, NONE + resistance, NONE + resistance)
    assert curve.half_gap[6:-6] == pytest.approx(HALF_GAP, abs=1e-4)


def test_the_curve_goes_on_straight_beyond_its_ends():
    curve = OpenCircuitCurve(np.array([0.0, 0.5, 1.0]), np.array([3.0, 3.2, 3.6]), np.zeros(3), 0.0, 0.0)
    assert curve.voltage_at(np.array([-0.1, 0.0, 1.0, 1.1])) == pytest.approx([2.96, 3.0, 3.6, 3.68])
