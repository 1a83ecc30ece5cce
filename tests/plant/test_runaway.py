"""Thermal runaway of cells: stages, heat, venting, collapse, insulation; and whether it goes on to the neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.reaction import build_reaction_model, half_rise, next_stage, react, reaction_rate, vent
from bms_emulator.plant.state import ChillerMode, RunawayStage
from bms_emulator.profile.loader import load_profile, load_site
from bms_emulator.units import kelvin
from tests.plant.burning_site import CELL, BurningPack, Oven
from tests.reference.runaway_twin import BurningCell

SITE = load_site("demo")
MODEL = build_reaction_model(SITE)
PROFILE = SITE.container.rack.pack.cell.runaway
HEAT_CAPACITY = SITE.container.rack.pack.cell.thermal.heat_capacity_j_per_k


def apart(resistance: float) -> dict[str, float]:
    """Cells whose spacers have this resistance from face to face [K/W]; 0 are bare cells, aerogel is 1.41."""
    return {f"{CELL}.thermal.cell_to_cell_k_per_w": PROFILE.through_plane_k_per_w + resistance}


stages = st.sampled_from([float(stage) for stage in RunawayStage])
shares = st.floats(0.0, 1.0)
temperatures = st.floats(200.0, 1500.0)
steps = st.floats(1e-3, 10.0)
patient = settings(deadline=None)
"""The first example compiles."""


@patient
@given(temperature=st.floats(kelvin(-40.0), kelvin(80.0)), seconds=st.floats(0.0, 365 * 86400.0))
def test_at_any_normal_temperature_nothing_reacts_in_a_year(temperature: float, seconds: float) -> None:
    assert reaction_rate(MODEL, temperature) == 0.0
    assert react(MODEL, 0.0, 0.0, reaction_rate(MODEL, temperature), seconds) == 0.0
    assert next_stage(MODEL, 0.0, temperature) == RunawayStage.SOUND


@pytest.mark.parametrize("name", ["lfp-314ah", "lfp-280ah", "lfp-530ah"])
def test_every_shipped_cell_begins_above_its_normal_temperatures(name: str) -> None:
    assert load_profile("cells", name).runaway.onset_degc >= 90.0


def test_a_cell_that_loses_no_heat_warms_up_as_its_profile_says_at_the_onset_and_at_runaway() -> None:
    for degc, rise in (
        (PROFILE.onset_degc, PROFILE.onset_rate_k_per_min / 60.0),
        (PROFILE.runaway_degc, PROFILE.runaway_rate_k_per_s),
    ):
        assert reaction_rate(MODEL, kelvin(degc)) * MODEL.heat / HEAT_CAPACITY == pytest.approx(rise, rel=1e-9)


@patient
@given(stage=stages, progress=shares, vented=shares, temperature=temperatures, step=steps)
def test_progress_stays_within_its_bounds_and_never_goes_back(
    stage: float, progress: float, vented: float, temperature: float, step: float
) -> None:
    reached = next_stage(MODEL, stage, temperature)
    assert stage <= reached <= RunawayStage.BURNT
    assert progress <= react(MODEL, reached, progress, reaction_rate(MODEL, temperature), step) <= 1.0
    if vented <= MODEL.first_vent_share or reached >= RunawayStage.SECOND_VENT:
        assert vented <= vent(MODEL, reached, vented, step) <= 1.0


@patient
@given(
    first=steps,
    second=steps,
    temperature=st.floats(kelvin(110.0), kelvin(229.0)),
    progress=shares,
)
def test_self_heating_at_constant_temperature_does_not_depend_on_the_step(
    first: float, second: float, temperature: float, progress: float
) -> None:
    rate = reaction_rate(MODEL, temperature)
    twice = react(MODEL, 1.0, react(MODEL, 1.0, progress, rate, first), rate, second)
    assert twice == pytest.approx(react(MODEL, 1.0, progress, rate, first + second), abs=1e-14)


@pytest.mark.parametrize("soc", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
def test_a_runaway_releases_the_heat_and_the_gas_of_its_profile_and_stops(soc: float, dt: float) -> None:
    oven = Oven(dt=dt, racks=1, packs=2, cells=2)
    oven.state.cells.soc[...] = soc
    oven.burn(400.0)
    state, profile = oven.state, oven.runaway
    heat = profile.heat_kj * 1e3 * (profile.empty_heat_share + (1.0 - profile.empty_heat_share) * soc)
    np.testing.assert_allclose(oven.reaction_heat, heat, rtol=1e-9)
    assert state.runaway.heat_released[0] == pytest.approx(4 * heat, rel=1e-9)
    assert state.air.vented[0] == pytest.approx(4 * profile.gas_l * 1e-3, rel=1e-9)
    assert state.air.mass_lost[0] == pytest.approx(4 * 5.6 * profile.mass_loss_share, rel=1e-9)
    assert (state.cells.voltage_gain == 0.0).all()
    assert state.runaway.cell_count[0] == state.runaway.burnt_count[0] == 4
    oven.run(400.0)
    np.testing.assert_allclose(oven.reaction_heat, heat, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(20.0, 500.0), st.integers(1, 120)), min_size=1, max_size=6), shares)
def test_cells_do_what_their_slow_twin_does(course: list[tuple[float, int]], soc: float) -> None:
    oven = Oven(racks=1, packs=1, cells=1)
    oven.state.cells.soc[...] = soc
    twin = BurningCell(oven.runaway, HEAT_CAPACITY, soc)
    for degc, seconds in course:
        oven.heat_to(degc).run(seconds)
        for _ in range(seconds):
            twin.advance(degc, 1.0)
    cells, runaway = oven.state.cells, oven.state.runaway
    assert oven.reaction_heat[0, 0] == pytest.approx(twin.heat, rel=1e-9, abs=1e-6)
    assert cells.temperature_surface[0, 0] == pytest.approx(298.15 + twin.heat / HEAT_CAPACITY, rel=1e-9)
    assert runaway.vented[0, 0] == pytest.approx(twin.vented, rel=1e-9)
    assert cells.voltage_gain[0, 0] == pytest.approx(twin.voltage_gain, abs=1e-12)
    assert runaway.stage[0, 0] == len(twin.passed)


def test_stages_follow_the_core_temperature_and_stay() -> None:
    oven = Oven(racks=1, packs=1, cells=1)
    seen = [oven.heat_to(degc).run(1).state.runaway.stage[0, 0] for degc in (25, 109, 111, 164, 150, 231, 246, 301, 25)]
    assert seen == [0, 0, 1, 2, 2, 3, 4, 5, 5]


def test_a_cell_that_only_vented_and_cooled_down_keeps_its_voltage_and_most_of_its_heat() -> None:
    oven = Oven(racks=1, packs=1, cells=1)
    oven.heat_to(170.0).run(60).heat_to(25.0).run(600)
    assert oven.state.cells.voltage_gain[0, 0] == 1.0
    assert oven.state.runaway.vented[0, 0] == pytest.approx(oven.runaway.first_vent_share)
    assert 0.0 < oven.state.runaway.reaction[0, 0] < 0.01
    assert not oven.state.runaway.reacting.any()


def test_a_calm_site_sleeps_and_nothing_of_it_changes() -> None:
    oven = Oven(racks=2, packs=2, cells=2)
    before = oven.arena.buffer.copy()
    oven.heat_to(80.0)
    oven.run(20)
    oven.heat_to(25.0)
    assert oven.state.runaway.awake == 0.0
    before_awake = Oven(racks=2, packs=2, cells=2).heat_to(25.0).arena.buffer
    np.testing.assert_array_equal(oven.arena.buffer, before_awake)
    assert before.size == before_awake.size


def test_what_happens_in_one_container_leaves_the_others_as_they_were() -> None:
    oven = Oven(containers=2, racks=1, packs=2, cells=2)
    temperature = np.full((2, 4), 25.0)
    temperature[1, 0] = 400.0
    oven.heat_to(temperature).run(1000)
    state = oven.state
    assert state.runaway.cell_count.tolist() == [0.0, 1.0]
    for group in (state.runaway, state.air, state.fire):
        for name, array in vars(group).items():
            if array.ndim and not name.startswith("insulation_") and name != "reading":
                assert not np.any(array[0]), name
    assert state.runaway.insulation_resistance[0] == pytest.approx(1e8)
    assert state.containers.air_temperature[0] == 298.15
    assert (state.cells.voltage_gain[0] == 1.0).all()


def test_equal_runs_give_equal_bits() -> None:
    first, second = (Oven(dt=0.1, racks=2, packs=2, cells=2) for _ in range(2))
    for oven in (first, second):
        oven.heat_to(np.linspace(100.0, 300.0, 8).reshape(2, 4)).run(60)
    assert first.arena.buffer.tobytes() == second.arena.buffer.tobytes()


def test_the_charge_of_a_cell_goes_with_its_voltage_and_is_stated() -> None:
    oven = Oven(racks=1, packs=1, cells=2)
    state = oven.state
    state.cells.soc[...], state.cells.capacity[...] = 0.8, 1e6
    oven.heat_to([[300.0, 25.0]]).run(2)
    assert 0.0 < state.cells.soc[0, 0] < 0.8
    oven.run(10)
    assert state.cells.soc[0] == pytest.approx([0.0, 0.8])
    assert state.runaway.charge_lost == pytest.approx(0.8e6)
    oven.run(600)
    assert state.runaway.charge_lost == pytest.approx(0.8e6)


def test_insulation_falls_after_the_jet_and_a_leak_adds_to_it() -> None:
    oven = Oven(racks=2, packs=1, cells=1)
    temperature = np.array([[400.0], [25.0]])
    oven.heat_to(temperature).run(30)
    assert oven.state.runaway.insulation_resistance[0] > 5e6
    oven.run(4000)
    residue = oven.runaway.residue_kohm * 1e3
    assert oven.state.runaway.insulation_resistance[0] == pytest.approx(1.0 / (1e-8 + 1.0 / residue), rel=1e-5)
    assert oven.state.runaway.insulation_resistance[1] == pytest.approx(1e8)
    oven.overlay.insulation_leak_negative[1] = 1e-5
    oven.step(refresh=True)
    assert oven.state.runaway.insulation_resistance[1] == pytest.approx(1.0 / (1e-8 + 1e-5))
    assert oven.state.runaway.insulation_negative[1] == pytest.approx(1.0 / (0.5e-8 + 1e-5))
    assert oven.state.runaway.insulation_positive[1] == pytest.approx(2e8)
    oven.overlay.insulation_leak_negative[1] = 0.0
    oven.step(refresh=True)
    assert oven.state.runaway.insulation_resistance[1] == pytest.approx(1e8)


def test_a_heater_heats_with_its_power_and_an_internal_drive_stops_when_runaway_begins() -> None:
    oven = Oven(racks=1, packs=1, cells=2)
    oven.overlay.cell_heat[0, 0], oven.overlay.cell_runaway_heat[0, 1] = 500.0, 2000.0
    oven.heat_to(25.0).step(refresh=True)
    oven.run(9)
    assert oven.state.cells.heat[0] == pytest.approx([5000.0, 20000.0])
    oven.state.runaway.stage[0, 1] = RunawayStage.RUNAWAY
    oven.state.cells.heat[...] = 0.0
    oven.run(10)
    assert oven.state.cells.heat[0] == pytest.approx([5000.0, 0.0])


# on the cold plate


def cooled(overrides: dict[str, float] | None = None) -> BurningPack:
    return BurningPack(overrides).request(ChillerMode.COOLING, 20.0)


def test_a_burning_cell_reaches_the_temperature_that_is_published_for_the_faces() -> None:
    pack = cooled()
    pack.ignite(6)
    cells = pack.state.cells
    core = surface = 0.0
    for _ in range(600):
        pack.step()
        core = max(core, cells.temperature_core[0, 6])
        surface = max(surface, cells.temperature_surface[0, 6])
    assert kelvin(350.0) < surface < core < kelvin(600.0)


@pytest.mark.parametrize("mode", [ChillerMode.COOLING, ChillerMode.STANDBY])
@pytest.mark.parametrize("cell", [0, 6])
def test_with_aerogel_one_cell_burns_alone_cooled_or_not(mode: ChillerMode, cell: int) -> None:
    pack = BurningPack().request(mode, 20.0)
    pack.ignite(cell)
    assert list(pack.times_of_runaway(5400.0)) == [cell]
    assert np.delete(pack.state.runaway.stage[0], cell).max() <= RunawayStage.FIRST_VENT


def test_without_aerogel_and_cooling_it_goes_from_cell_to_cell_in_5_to_25_minutes() -> None:
    pack = BurningPack(apart(0.0)).request(ChillerMode.STANDBY)
    pack.ignite(0)
    begun = pack.times_of_runaway(2.5 * 3600.0)
    assert list(begun) == list(range(len(begun)))
    assert len(begun) > 8
    # the first cell has the heat of its heater as well
    between = np.diff(list(begun.values()))[1:] / 60.0
    assert between.min() > 5.0
    assert between.max() < 25.0


def test_a_fire_in_the_middle_of_a_row_goes_both_ways() -> None:
    pack = BurningPack(apart(0.0)).request(ChillerMode.STANDBY)
    pack.ignite(12)
    begun = sorted(pack.times_of_runaway(2.0 * 3600.0))
    assert begun == list(range(begun[0], begun[-1] + 1))
    assert begun[0] < 10
    assert begun[-1] > 14


@pytest.mark.parametrize("cell", [0, 6])
def test_without_aerogel_cooling_stops_behind_the_neighbours_what_would_go_on_without(cell: int) -> None:
    pack = cooled(apart(0.0))
    pack.ignite(cell)
    assert set(pack.times_of_runaway(5400.0)) == {cell, cell + 1, max(cell - 1, 0)}


def test_the_better_the_spacer_the_later_the_neighbour_follows() -> None:
    def wait(spacer: float) -> float:
        pack = BurningPack(apart(spacer)).request(ChillerMode.STANDBY)
        pack.ignite(0)
        return pack.times_of_runaway(1800.0)[1]

    assert np.all(np.diff([wait(spacer) for spacer in (0.0, 0.1, 0.2, 0.4)]) > 60.0)


def test_the_length_of_a_tick_does_not_change_a_runaway() -> None:
    whole, fine = BurningPack(), BurningPack(dt=0.1)
    assert fine.ignite(1) == pytest.approx(whole.ignite(1), abs=1.0)
    for pack in (whole, fine):
        pack.run(100.0)
    assert fine.state.cells.temperature_core == pytest.approx(whole.state.cells.temperature_core, abs=0.1)
    assert fine.state.runaway.heat_released == pytest.approx(whole.state.runaway.heat_released, rel=1e-9)


def test_a_slow_step_of_a_second_is_short_enough_for_a_cell_that_loses_no_heat() -> None:
    def time_to_runaway(step: float) -> float:
        temperature, progress, time = kelvin(160.0), 0.0, 0.0
        while temperature < kelvin(PROFILE.runaway_degc):
            rate = reaction_rate(MODEL, temperature)
            rate = reaction_rate(MODEL, temperature + half_rise(MODEL, progress, rate, MODEL.heat, HEAT_CAPACITY, step))
            after = react(MODEL, float(RunawayStage.SELF_HEATING), progress, rate, step)
            temperature += MODEL.heat * (after - progress) / HEAT_CAPACITY
            progress, time = after, time + step
        return time

    assert time_to_runaway(1.0) == pytest.approx(time_to_runaway(0.05), abs=1.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(kelvin(-60.0), 2500.0), min_size=4, max_size=4), st.integers(1, 400), st.floats(-0.1, 1.1))
def test_nothing_is_ever_not_a_number(temperature: list[float], seconds: int, soc: float) -> None:
    oven = Oven(racks=2, packs=1, cells=2)
    oven.state.cells.soc[...] = soc
    oven.heat_to(np.reshape(temperature, (2, 2)) - 273.15).run(seconds)
    for group in (oven.state.runaway, oven.state.air, oven.state.fire):
        for name, array in vars(group).items():
            assert np.isfinite(array).all(), name
    assert ((oven.state.air.gas >= 0.0) & (oven.state.air.gas <= 1.0)).all()
    assert (oven.state.runaway.insulation_resistance > 0.0).all()
