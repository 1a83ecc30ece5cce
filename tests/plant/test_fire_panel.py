"""Detectors and the fire panel."""

import numpy as np
import pytest

from bms_emulator.plant.fire_panel import build_panel_model, ceiling_jet_rise, fire_level, step_panels
from bms_emulator.plant.state import Detector, FireLevel
from bms_emulator.profile.loader import load_site
from tests.plant.burning_site import Oven
from tests.reference.runaway_twin import ceiling_jet


def bits(*detectors: Detector) -> int:
    return sum(1 << detector for detector in detectors)


H2, CO, SMOKE, LOW, HIGH = Detector


@pytest.mark.parametrize(
    ("tripped", "level"),
    [
        ((), FireLevel.NORMAL),
        ((H2,), FireLevel.WARNING),
        ((CO,), FireLevel.WARNING),
        ((SMOKE,), FireLevel.WARNING),
        ((LOW,), FireLevel.WARNING),
        ((H2, CO, SMOKE), FireLevel.WARNING),
        ((SMOKE, LOW), FireLevel.FIRE),
        ((SMOKE, HIGH), FireLevel.FIRE),
        ((LOW, HIGH), FireLevel.FIRE),
    ],
)
def test_any_detector_is_level_1_and_heat_with_smoke_or_two_heats_level_2(tripped, level) -> None:
    assert fire_level(bits(*tripped)) == level


@pytest.mark.parametrize("power", [0.0, 100.0, 5e3, 2e4])
@pytest.mark.parametrize("distance", [0.1, 0.8, 2.0])
def test_ceiling_jets_are_those_of_the_slow_twin(power: float, distance: float) -> None:
    assert ceiling_jet_rise(power, distance, 0.8) == pytest.approx(ceiling_jet(power / 1e3, distance, 0.8))


def test_a_detector_trips_after_its_lag_and_its_delay() -> None:
    oven = Oven(dt=0.1, racks=1, packs=1, cells=1)
    fire, air = oven.state.fire, oven.state.air
    oven.heat_to(200.0)
    crossed = tripped = None
    for n in range(1200):
        oven.step()
        if crossed is None and air.smoke[0] >= oven.site.container.fire.smoke_per_m.alarm:
            crossed = n
        if tripped is None and int(fire.tripped[0]) & bits(SMOKE):
            tripped = n
    assert crossed is not None
    assert tripped is not None
    assert 15.0 < (tripped - crossed) * 0.1 < 30.0


def test_a_gas_alarm_starts_the_fan_and_lasts_until_the_reset_finds_clean_air() -> None:
    oven = Oven(racks=1, packs=1, cells=1).heat_to(200.0).run(25)
    fire, reset = oven.state.fire, oven.state.fire_commands.reset
    assert fire.gas_alarm[0] == fire.ventilation_running[0] == 1.0
    reset[0] = 1.0
    oven.step()
    assert reset[0] == 0.0
    assert fire.gas_alarm[0] == 1.0, "carbon monoxide is still there"
    oven.heat_to(25.0).run(1200)
    assert oven.state.air.gas[0] == 0.0
    assert fire.gas_alarm[0] == fire.ventilation_running[0] == 1.0
    reset[0] = 1.0
    oven.step()
    assert fire.gas_alarm[0] == fire.ventilation_running[0] == fire.level[0] == fire.tripped[0] == 0.0


def test_a_reset_of_a_calm_panel_is_done_at_once_and_not_kept() -> None:
    oven = Oven(racks=1, packs=1, cells=1)
    oven.state.fire_commands.reset[0] = 1.0
    oven.run(2)
    assert oven.state.fire_commands.reset[0] == 0.0


def test_after_level_2_the_aerosol_is_released_with_its_delay() -> None:
    oven = Oven(racks=1, packs=2, cells=3).heat_to(400.0)
    fire = oven.state.fire
    while fire.level[0] < FireLevel.FIRE:
        oven.step()
    begin = oven.tick
    while not fire.aerosol_released[0]:
        oven.step()
    assert oven.tick - begin == oven.site.container.fire.release_delay_s


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.25, 1.0])
def test_a_delay_lasts_equally_long_at_any_step(dt: float) -> None:
    model = build_panel_model(load_site("demo"))
    reading, standing = np.zeros((1, 5)), np.zeros((1, 5))
    tripped, level, level2_time, gas, fan, aerosol, reset = (np.zeros(1) for _ in range(7))
    hot, air = np.array([400.0]), (np.zeros(1), np.zeros(1), np.full(1, 50.0), np.zeros(1), np.zeros(1))
    smoke_seen = tick = 0
    moments: dict[str, int] = {}
    while not aerosol[0]:
        tick += 1
        state = (reading, standing, tripped, level, level2_time, gas, fan, aerosol)
        step_panels(model, *state, *air, hot, reset, dt)
        smoke_seen = smoke_seen or tick * int(reading[0, SMOKE] >= model.alarm[SMOKE])
        if int(tripped[0]) & bits(SMOKE):
            moments.setdefault("smoke", tick)
        if level[0] == FireLevel.FIRE:
            moments.setdefault("fire", tick)
    assert moments["smoke"] - smoke_seen == round(model.delay[SMOKE] / dt)
    assert tick - moments["fire"] == round(model.release_delay / dt)
