"""Pulses found in a test, and what the circuit says of one."""

import numpy as np
import pytest

from bms_emulator.fitting.measurements import MeasurementError
from bms_emulator.fitting.open_circuit import OpenCircuitCurve
from bms_emulator.fitting.pulse_fit import fit_pulse, fit_resistances, fitted_voltage
from bms_emulator.fitting.pulses import find_pulses, relaxed_current, trace
from bms_emulator.fitting.records import read_pulses
from tests.fitting.cycler import CAPACITY_AH, HALF_GAP, R0, R1, R2, STANDARD, TAU1, TAU2, rest_voltage, write_pulses

SOC = np.concatenate([np.linspace(0, 0.1, 51), np.linspace(0.11, 0.89, 40), np.linspace(0.9, 1, 51)])
TRUE = OpenCircuitCurve(SOC, np.array([rest_voltage(z) for z in SOC]), np.full_like(SOC, HALF_GAP), 0.0, 0.0)


def course(path, *args, soc=1.0, **options):
    record = read_pulses(write_pulses(path / "p.csv", *args, soc=soc, **options), 1.0, None, soc)
    return trace(record, CAPACITY_AH * 3600.0, 1.0, 100.0)


def test_every_pulse_is_found_with_its_current_length_and_rest(tmp_path):
    pulses = find_pulses(course(tmp_path, STANDARD))
    assert [round(pulse.current) for pulse in pulses] == [50] * 8 + [-50] * 8
    assert [pulse.duration for pulse in pulses] == pytest.approx([300.0] * 16)
    assert [pulse.rest for pulse in pulses] == pytest.approx([1500.0] * 16)
    assert pulses[0].soc == pytest.approx(1.0 - 0.5 * 50.0 * 300.0 / 3600.0 / CAPACITY_AH, abs=1e-4)


def test_noise_of_the_current_makes_no_pulses(tmp_path):
    file = write_pulses(tmp_path / "p.csv", STANDARD[:3])
    rng = np.random.default_rng(0)
    rows = [line.split(",") for line in file.read_text().splitlines()]
    noisy = [f"{t},{float(i) + 0.03 * rng.standard_normal():.4f},{u},{k}" for t, i, u, k in rows[1:]]
    file.write_text("\n".join([",".join(rows[0]), *noisy]))
    found = find_pulses(trace(read_pulses(file, 1.0, None, 1.0), CAPACITY_AH * 3600.0, 1.0, 100.0))
    assert len(found) == 3


@pytest.mark.parametrize(
    "pulses",
    [
        pytest.param([(0.0, 300.0, 300.0)], id="no current"),
        pytest.param([(50.0, 3.0, 300.0)], id="too short"),
        pytest.param([(50.0, 3600.0, 600.0)], id="moves too much"),
        pytest.param([(50.0, 300.0, 0.0), (20.0, 300.0, 0.0)], id="no rest"),
    ],
)
def test_a_test_without_pulses_says_what_a_pulse_is(tmp_path, pulses):
    with pytest.raises(MeasurementError, match=r"no pulse found in .* a pulse has a rest before and after it"):
        find_pulses(course(tmp_path, pulses))


def test_the_relaxed_current_remembers_all_that_flowed_before(tmp_path):
    tested = course(tmp_path, [(50.0, 60.0, 30.0), (-80.0, 20.0, 40.0), (30.0, 60.0, 600.0)])
    pulse = find_pulses(tested)[-1]
    through, slow = 0.0, []
    for current in tested.record.current:
        through = np.exp(-1.0 / TAU2) * through + (1.0 - np.exp(-1.0 / TAU2)) * current
        slow.append(through)
    assert relaxed_current(pulse, TAU2) == pytest.approx(slow[pulse.rows], abs=1e-9)


@pytest.mark.parametrize(("noise", "bound"), [(0.0, 0.003), (1e-4, 0.02), (5e-4, 0.08)])
@pytest.mark.parametrize("soc", [0.4, 0.8])
def test_the_parameters_of_a_pulse_are_recovered(tmp_path, noise, bound, soc):
    for pulse in find_pulses(course(tmp_path, [(50.0, 300.0, 1500.0), (-50.0, 300.0, 1500.0)], noise=noise, soc=soc)):
        fit = fit_pulse(pulse, TRUE)
        assert fit.resistance == pytest.approx((R0, R1, R2), rel=bound)
        assert fit.tau == pytest.approx((TAU1, TAU2), rel=2 * bound)
        assert fit.rms <= 1.1 * noise + 1e-5
        assert fit.knows_tau(0)
        assert fit.knows_tau(1)


def test_a_pulse_that_is_too_short_does_not_know_the_slow_branch(tmp_path):
    for pulse in find_pulses(course(tmp_path, [(50.0, 30.0, 40.0)] * 3, noise=1e-4, soc=0.5)):
        assert not fit_pulse(pulse, TRUE).knows_tau(1)


def test_given_time_constants_leave_a_linear_problem(tmp_path):
    [pulse] = find_pulses(course(tmp_path, STANDARD[:1], soc=0.6))
    fit = fit_resistances(fit_pulse(pulse, TRUE), TRUE, (TAU1, TAU2))
    assert fit.resistance == pytest.approx((R0, R1, R2), rel=1e-3)
    assert fitted_voltage(fit, TRUE) == pytest.approx(pulse.course.record.voltage[pulse.rows], abs=2e-5)
