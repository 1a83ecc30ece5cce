"""Detectors and the fire panel."""

import pytest

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.fire_panel import build_panel_model, ceiling_jet_rise, fire_level
from bms_emulator.plant.fire_panels import FirePanels
from bms_emulator.plant.state import (
    GROUPS,
    Detector,
    DetectorState,
    FireLevel,
    Output,
    PlantOverlay,
    PlantState,
)
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


class Panel:
    """One fire panel of the demo, in air that a test sets."""

    def __init__(self, dt: float = 1.0) -> None:
        self.model, self.dt, self.tick = build_panel_model(load_site("demo")), dt, 0
        arena = Arena(Layout(load_site("demo").counts, GROUPS))
        self.state = PlantState.of(arena)
        self.overlay = arena.group("plant.overlay", PlantOverlay)
        self.panels = FirePanels(self.model, self.state, self.overlay, dt)
        self.fire, self.asked = self.state.fire, self.state.fire_commands
        self.state.containers.air_temperature[...] = 298.15

    def run(self, seconds: float) -> "Panel":
        for _ in range(round(seconds / self.dt)):
            self.panels.step(surely=False)
            self.tick += 1
        return self

    def until(self, array: Array, value: float = 1.0) -> float:
        """Time until an array has a value [s]."""
        begin = self.tick
        while array[0] != value:
            assert self.tick - begin < 600 / self.dt
            self.run(self.dt)
        return (self.tick - begin) * self.dt

    def stick(self, detector: Detector, reading: float) -> None:
        self.overlay.detector_hold[0, detector] = reading

    def burn(self) -> None:
        """Smoke and heat, as stuck detectors have it."""
        self.stick(SMOKE, 2.0)
        self.stick(LOW, 2.0)
        self.until(self.fire.level, FireLevel.FIRE)


DTS = pytest.mark.parametrize("dt", [0.01, 0.1, 0.25, 1.0])


@DTS
def test_a_delay_lasts_equally_long_at_any_step(dt: float) -> None:
    panel = Panel(dt)
    panel.stick(SMOKE, 2.0)
    panel.stick(HIGH, 2.0)
    panel.run(dt)
    assert panel.until(panel.fire.tripped, bits(SMOKE, HIGH)) == pytest.approx(panel.model.delay[SMOKE])
    assert panel.fire.level[0] == FireLevel.FIRE
    assert panel.until(panel.fire.aerosol_released) == pytest.approx(panel.model.release_delay)
    panel.until(panel.fire.discharging, 0.0)
    assert panel.state.panels.agent_lost[0] == 1.0


@DTS
def test_the_manual_release_is_fire_and_releases_with_the_same_delay(dt: float) -> None:
    panel = Panel(dt)
    panel.asked.manual_release[0] = 1.0
    panel.run(dt)
    panel.asked.manual_release[0] = 0.0
    assert (panel.fire.level[0], panel.fire.aerosol_released[0]) == (FireLevel.FIRE, 0.0)
    assert panel.until(panel.fire.aerosol_released) == pytest.approx(panel.model.release_delay)


@DTS
def test_nothing_is_released_while_it_is_inhibited_and_the_delay_begins_anew_afterwards(dt: float) -> None:
    panel = Panel(dt)
    panel.burn()
    panel.run(panel.model.release_delay - 1.0)
    panel.asked.inhibit[0] = 1.0
    panel.run(2.0 * panel.model.release_delay)
    assert panel.fire.aerosol_released[0] == 0.0
    panel.asked.inhibit[0] = 0.0
    assert panel.until(panel.fire.aerosol_released) == pytest.approx(panel.model.release_delay)


def test_an_inhibit_comes_too_late_for_what_has_been_released() -> None:
    panel = Panel()
    panel.burn()
    panel.until(panel.fire.aerosol_released)
    panel.asked.inhibit[0] = 1.0
    panel.run(panel.model.discharge_time)
    assert panel.state.panels.agent_lost[0] == 1.0


def test_a_reset_clears_only_what_stands_no_more() -> None:
    panel = Panel()
    panel.burn()
    panel.stick(LOW, 0.0)
    panel.asked.reset[0] = 1.0
    panel.run(1)
    assert panel.fire.tripped[0] == bits(SMOKE)
    assert panel.fire.level[0] == FireLevel.WARNING
    panel.asked.manual_release[0] = panel.asked.reset[0] = 1.0
    panel.run(1)
    assert panel.fire.level[0] == FireLevel.FIRE, "the button is still pressed"
    panel.asked.manual_release[0] = 0.0
    panel.stick(SMOKE, 0.0)
    panel.run(panel.model.release_delay + panel.model.discharge_time)
    panel.asked.reset[0] = 1.0
    panel.run(1)
    assert panel.fire.level[0] == panel.fire.tripped[0] == panel.fire.aerosol_released[0] == 0.0
    assert panel.state.panels.agent_lost[0] == 1.0, "no reset brings the agent back"
    panel.state.surroundings.agent_refill[0] = 1.0
    panel.run(1)
    assert panel.state.panels.agent_lost[0] == panel.state.surroundings.agent_refill[0] == 0.0


def test_after_a_reset_a_fire_that_stands_counts_down_and_releases_anew_what_is_no_longer_there() -> None:
    panel = Panel()
    panel.burn()
    panel.until(panel.fire.aerosol_released)
    panel.run(panel.model.discharge_time)
    panel.asked.reset[0] = 1.0
    panel.run(1)
    assert (panel.fire.level[0], panel.fire.aerosol_released[0]) == (FireLevel.FIRE, 0.0)
    assert panel.until(panel.fire.aerosol_released) == pytest.approx(panel.model.release_delay, abs=2.0 * panel.dt)
    panel.run(1)
    assert (panel.fire.discharging[0], panel.state.panels.agent_lost[0]) == (0.0, 1.0)


def test_the_sounder_is_silenced_until_the_next_alarm_and_the_alarm_stays() -> None:
    panel = Panel()
    panel.stick(CO, 2.0)
    panel.until(panel.fire.sounder_on)
    panel.asked.acknowledge[0] = 1.0
    panel.run(2)
    assert (panel.fire.sounder_on[0], panel.asked.acknowledge[0], panel.fire.level[0]) == (0.0, 0.0, FireLevel.WARNING)
    panel.stick(SMOKE, 2.0)
    panel.until(panel.fire.sounder_on)
    assert panel.fire.tripped[0] == bits(CO, SMOKE)


@pytest.mark.parametrize(("reading", "state"), [(0.0, DetectorState.TEST), (2.0, DetectorState.TEST_ALARM)])
def test_nothing_follows_from_a_detector_under_test(reading: float, state: DetectorState) -> None:
    panel = Panel()
    panel.asked.test[0, SMOKE] = 1.0
    panel.stick(SMOKE, reading)
    panel.run(60)
    assert panel.state.panels.state[0, SMOKE] == state
    assert panel.fire.level[0] == panel.fire.tripped[0] == panel.fire.sounder_on[0] == 0.0
    panel.asked.test[0, SMOKE] = 0.0
    panel.run(60)
    assert bool(panel.fire.tripped[0]) == (state == DetectorState.TEST_ALARM)


def test_a_failed_detector_shows_a_fault_and_trips_no_more_but_what_it_did_stays() -> None:
    panel = Panel()
    panel.stick(CO, 2.0)
    panel.overlay.detector_failed[0, CO] = 1.0
    panel.run(60)
    assert panel.state.panels.state[0, CO] == DetectorState.FAULT
    assert panel.fire.level[0] == 0.0
    panel.overlay.detector_failed[0, CO] = 0.0
    panel.run(60)
    assert panel.state.panels.state[0, CO] == DetectorState.ALARM
    panel.overlay.detector_failed[0, CO] = 1.0
    panel.run(1)
    assert panel.fire.tripped[0] == bits(CO)


def test_a_panel_goes_to_rest_as_it_was_when_nothing_is_left() -> None:
    panel = Panel()
    panel.asked.test[0, :] = 1.0
    panel.run(3)
    assert panel.fire.awake.item() == 1.0
    panel.asked.test[0, :] = 0.0
    panel.run(2)
    assert panel.fire.awake.item() == 0.0
    assert not panel.state.panels.state.any()


def test_an_output_of_the_module_runs_the_fan_and_nothing_else() -> None:
    panel = Panel()
    panel.state.io.outputs[0] = 1 << Output.VENTILATION
    panel.run(3)
    assert (panel.fire.ventilation_running[0], panel.fire.gas_alarm[0], panel.fire.level[0]) == (1.0, 0.0, 0.0)
    panel.state.io.outputs[0] = 0.0
    panel.run(3)
    assert panel.fire.ventilation_running[0] == 0.0
