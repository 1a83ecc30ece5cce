"""Corrections of the state of charge by voltage: a drifted estimate recovers in the knees, smoothly."""

import numpy as np
import pytest

from tests.firmware.battery_rig import BatteryRig

RESTED = {"firmware.estimator.rest_time_s": 600}


def led(rig: BatteryRig, wanted: float) -> list[float]:
    """Estimates of the first rack while it is led to the end of charge or discharge, as its limits would do it."""
    limits = rig.site.firmware.limits
    estimates = []
    current = wanted
    for _ in range(3000):
        if wanted < 0.0:
            start, end = limits.charge_voltage_v
            reached = rig.racks.cell_voltage_max.max()
        else:
            start, end = limits.discharge_voltage_v
            reached = rig.racks.cell_voltage_min.min()
        target = wanted * min(1.0, max(0.0, (reached - end) / (start - end)))
        current += min(1.0, 0.5 * rig.dt) * (target - current)
        rig.draw(current)
        estimates.append(float(rig.racks.soc[0]))
    return estimates


@pytest.mark.parametrize("error", [-0.05, 0.05])
@pytest.mark.parametrize(("soc", "wanted", "end"), [(0.80, -157.0, 1.0), (0.2, 157.0, 0.0)])
def test_a_drifted_estimate_recovers_in_the_knee_and_ends_where_the_rack_does(
    error: float, soc: float, wanted: float, end: float
) -> None:
    rig = BatteryRig(soc=soc, spread=0.01)
    rig.draw(0.0)
    rig.racks.soc[...] = soc + error
    estimates = led(rig, wanted)
    assert estimates[-1] == pytest.approx(end, abs=0.003)
    fastest = rig.site.firmware.estimator.correction_percent_per_min / 100.0 / 60.0
    counted = abs(wanted) / rig.persistent.capacity[0]
    assert np.max(np.abs(np.diff(estimates))) <= fastest + counted + 1e-9


def test_a_true_estimate_stays_true_through_both_knees() -> None:
    rig = BatteryRig(soc=0.9)
    rig.firmware.commission(rig.capacity)
    rig.draw(0.0)
    for wanted in (-157.0, 157.0):
        for _ in range(60):
            rig.draw(wanted)
            assert rig.racks.soc == pytest.approx(rig.soc, abs=0.01)


def test_an_offset_of_the_sensor_makes_the_estimate_drift_on_the_plateau_and_the_knee_takes_it_back() -> None:
    rig = BatteryRig(soc=0.45)
    rig.firmware.commission(rig.capacity)
    rig.draw(0.0)
    rig.racks.soc[...] = rig.soc
    rig.sensor_offset = 30.0
    rig.draw_for(150.0, 1000.0)
    assert rig.racks.soc == pytest.approx(rig.soc - 30.0 * 1000.0 / rig.capacity, abs=1e-3)
    rig.sensor_offset = 0.0
    end = led(rig, 157.0)[-1]
    assert end == pytest.approx(0.0, abs=0.003)


def test_a_rest_takes_the_drift_back_too() -> None:
    rig = BatteryRig(RESTED, soc=0.11)
    rig.draw_for(60.0, 60.0)
    rig.racks.soc[...] = 0.16
    rig.draw_for(0.0, 590.0)
    assert rig.racks.soc == pytest.approx([0.16] * 3, abs=1e-3)
    rig.draw_for(0.0, 400.0)
    assert rig.racks.soc == pytest.approx(rig.soc, abs=0.01)
