"""What sensors say of a fire: burnt channels, the insulation monitor, the fire panel's report."""

import numpy as np
import pytest

from tests.sensing.rig import EXACT, build

BURNT = 5.0


def test_channels_of_a_burnt_cell_are_open_and_all_others_read_on() -> None:
    rig = build(EXACT)
    rig.step()
    cell = int(rig.model.sensor_cell[7])
    rig.truth.runaway.stage[1, cell] = BURNT
    rig.truth.runaway.stage[1, cell + 1] = BURNT - 1.0
    rig.truth.runaway.burnt_count[1] = 1.0
    rig.truth.runaway.damaged[...] = 1.0
    rig.step(20)
    assert np.flatnonzero(np.isnan(rig.measured.cell_voltage[1])).tolist() == [cell]
    assert not np.isnan(rig.measured.cell_voltage[0]).any()
    cold = np.flatnonzero(np.isclose(rig.measured.temperature[1], 233.15))
    assert cold.tolist() == [7]


def test_a_burnt_channel_shows_with_its_next_sample_so_that_fresh_readings_hold_every_change() -> None:
    rig = build(EXACT)
    rig.step()
    rig.truth.runaway.stage[1, rig.model.sensor_cell[[7, 60, 120, 190]]] = BURNT
    rig.truth.runaway.burnt_count[1] = 4.0
    rig.truth.runaway.damaged[...] = 1.0
    before = rig.measured.temperature.copy()
    lost = 0
    for _ in range(10):
        rig.step()
        changed = (rig.measured.temperature != before).reshape(2, 4, -1).any(axis=-1)
        assert not changed[rig.measured.temperature_age > 0.0].any()
        lost += int(changed.sum())
        before = rig.measured.temperature.copy()
    assert lost == 4


def test_the_insulation_monitor_follows_slowly_and_ends_at_its_range() -> None:
    rig = build(EXACT | {"container.rack.sensors.insulation_ohm.lag_s": 10.0})
    rig.step()
    assert rig.measured.insulation_resistance.tolist() == [1e7, 1e7]
    rig.truth.runaway.insulation_positive[1] = 2e5
    rig.step(100)
    assert rig.measured.insulation_resistance[1] == 1e7
    rig.step(900)
    assert rig.measured.insulation_resistance[0] == 1e7
    assert rig.measured.insulation_resistance[1] == pytest.approx(2e5, abs=1e4)


def test_the_report_of_the_fire_panel_is_taken_over_while_anything_goes_on() -> None:
    rig = build(EXACT)
    rig.truth.fire.reading[0] = (0.01, 0.0005, 0.3, 300.0, 300.0)
    rig.truth.fire.tripped[0], rig.truth.fire.level[0] = 7.0, 1.0
    rig.step()
    assert rig.measured.fire_level[0] == 0.0
    rig.truth.fire.awake[...] = 1.0
    rig.step()
    measured = rig.measured
    assert (measured.hydrogen[0], measured.carbon_monoxide[0], measured.smoke[0]) == (0.01, 0.0005, 0.3)
    assert (measured.fire_detectors[0], measured.fire_level[0]) == (7.0, 1.0)
