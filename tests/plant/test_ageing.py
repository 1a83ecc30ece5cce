"""Ageing while time is simulated: rates, counting of cycles, effects on the cells."""

import functools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bms_emulator.plant.ageing import AGEING_PERIOD, Ageing, AgeingModel, coldness_of, damage, wear_rate
from bms_emulator.plant.cell import open_circuit
from bms_emulator.plant.cycle_counting import SECONDS_PER_DAY, count_cycles
from bms_emulator.profile.ageing_laws import LAWS, anode_potential
from tests.plant.aged_site import EVEN, PUBLISHED, AgedSite, law
from tests.plant.electric_site import CELL
from tests.reference import ageing_twin as twin

MODELS = list(LAWS)


@functools.cache
def published(name: str) -> AgeingModel:
    return AgedSite(EVEN, PUBLISHED, law(name)).model.ageing


@functools.cache
def capped(name: str) -> AgeingModel:
    return AgedSite(EVEN, {f"{CELL}.ageing.model": name}).model.ageing


def test_the_anode_potential_at_half_charge_is_the_published_one() -> None:
    assert anode_potential(0.5) == pytest.approx(0.12330, abs=5e-6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("degc", "soc"), [(-10.0, 0.1), (10.0, 0.5), (25.0, 0.75), (45.0, 0.9), (60.0, 1.0)])
def test_rates_are_those_of_the_published_equations(name: str, degc: float, soc: float) -> None:
    model, depth, rate = published(name), 0.7, 0.4
    expected = twin.LAWS[name][0](86400.0, 1.0, degc + 273.15, soc, depth, rate)
    stress = np.zeros(model.driver.size)
    turns = np.zeros(16)
    count = count_cycles(*model[:2], model.factor, stress, turns, 0, 0.0, -depth, rate)
    count_cycles(*model[:2], model.factor, stress, turns, count, -depth, depth, rate)
    stress /= depth  # one equivalent full cycle
    stress[model.driver == 0.0] = 86400.0
    wear = [wear_rate(table, soc, coldness_of(degc + 273.15)) for table in model.rate] * stress
    assert wear**model.exponent == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("name", MODELS)
def test_damage_goes_on_from_the_virtual_time_when_the_stress_changes(name: str) -> None:
    site = AgedSite(EVEN, PUBLISHED, law(name))
    equations, exponents, timed = twin.LAWS[name]
    cells, parts, cycles = site.state.cells, [0.0] * len(exponents), 0.0
    for hour, (degc, soc) in enumerate([(25.0, 0.5), (45.0, 0.9), (10.0, 0.2), (35.0, 0.5), (0.0, 1.0)]):
        cells.temperature_core[...], cells.soc[...] = degc + 273.15, soc
        current = (-1) ** hour * 20.0
        cycles += abs(current) * 6 * AGEING_PERIOD / float(cells.capacity[0, 0]) / 2.0
        site.run(6 * AGEING_PERIOD, current)
        rates = equations(1.0, 1.0, degc + 273.15, soc, 1.0, 0.5)
        parts = [
            twin.go_on(part, rate, n, 6.0 * AGEING_PERIOD) if by_time else 0.0
            for part, rate, n, by_time in zip(parts, rates, exponents, timed, strict=True)
        ]
    # the last look at a pack lies up to ten minutes back
    assert site.parts[timed] == pytest.approx(np.array(parts)[timed], rel=1e-2)
    assert site.state.ageing.equivalent_cycles == pytest.approx(cycles, rel=1e-3)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=100, deadline=None)
@example(record=[0.5, 0.0, 7e-189, -7e-189, 0.5])
@given(record=st.lists(st.floats(-0.9, 0.9), min_size=2, max_size=12))
def test_cycles_counted_as_they_happen_are_those_of_rainflow_on_the_record(name: str, record: list[float]) -> None:
    model = published(name)
    rate, stress, turns, count = 0.5, np.zeros(model.driver.size), np.zeros(16), 0
    position = record[0]
    for target in record[1:]:
        for moved in (0.3 * (target - position), 0.7 * (target - position)):  # in which pieces it goes does not matter
            if moved:
                count = count_cycles(*model[:2], model.factor, stress, turns, count, position, moved, rate)
                position += moved
    exponents = model.exponent
    for m, driver in enumerate(model.driver):
        if int(driver) != 1:
            continue
        expected = 0.0
        for depth, number in twin.rainflow(record):
            full = twin.LAWS[name][0](1.0, 1.0, 298.15, 0.5, depth, rate)[m] ** (1.0 / exponents[m])
            expected += number * depth * full
        at_reference = wear_rate(model.rate[m], 0.5, 0.0)
        assert stress[m] * at_reference == pytest.approx(expected, rel=1e-6, abs=1e-15)


def test_a_small_reversal_does_not_divide_the_great_cycle() -> None:
    model = AgedSite(EVEN, law("naumann")).model.ageing

    def stress(*ways: float) -> float:
        total, turns, count, position = np.zeros(model.driver.size), np.zeros(16), 0, 0.0
        for moved in ways:
            count = count_cycles(*model[:2], model.factor, total, turns, count, position, moved, 0.5)
            position += moved
        return float(total[1])

    interrupted, plain = stress(0.5, -0.02, 0.32, -0.8), stress(0.8, -0.8)
    assert interrupted == pytest.approx(plain + stress(0.02, -0.02), rel=1e-9)


def test_more_nested_turns_than_can_be_told_apart_lose_the_oldest_only() -> None:
    model = AgedSite(EVEN, law("naumann")).model.ageing
    stress, turns, count, position = np.zeros(4), np.zeros(16), 0, 0.0
    for n in range(60):
        moved = (-1) ** n * 0.9 * 0.93**n
        count = count_cycles(*model[:2], model.factor, stress, turns, count, position, moved, 0.5)
        position += moved
        assert 1 <= count <= 16
    assert np.isfinite(stress).all()


@pytest.mark.parametrize("name", MODELS)
def test_time_and_use_only_ever_take(name: str) -> None:
    site = AgedSite(law(name))
    soh, growth = site.state.ageing.soh.copy(), site.state.cells.resistance_growth.copy()
    for current in (0.0, 30.0, -30.0, 100.0):
        site.run(AGEING_PERIOD, current)
        assert (site.state.ageing.soh < soh).all()
        assert (site.state.cells.resistance_growth > growth).all()
        soh, growth = site.state.ageing.soh.copy(), site.state.cells.resistance_growth.copy()


@pytest.mark.parametrize(
    ("name", "rises"),
    # cold plates lithium: BLAST's loss with use, and Schimpe's with charging, fall with temperature
    [("naumann", [1, 0, 1, 0]), ("blast-250ah", [1, -1]), ("schimpe", [1, 1, -1, -1])],
)
def test_rates_rise_with_temperature_but_for_the_known_exceptions(name: str, rises: list[int]) -> None:
    model = AgedSite(law(name)).model.ageing
    for table, sign in zip(model.rate, rises, strict=True):
        rates = [wear_rate(table, 0.9, coldness_of(t)) for t in np.arange(223.15, 363.15, 5.0)]
        steps = np.diff(rates)
        assert (steps * sign > 0.0).all() if sign else (steps == 0.0).all()


def test_the_lost_charge_gives_off_its_energy_as_heat_and_the_state_of_charge_stays() -> None:
    site = AgedSite()
    cells = site.state.cells
    soc, heat, capacity = cells.soc.copy(), cells.heat.copy(), cells.capacity.copy()
    site.run(AGEING_PERIOD)
    energy = np.vectorize(lambda z: open_circuit(site.model.cells, z)[3])(soc)
    assert (cells.soc == soc).all()
    assert (cells.capacity < capacity).all()
    assert cells.heat - heat == pytest.approx((capacity - cells.capacity) * energy, rel=1e-6)


def test_capacity_and_resistance_are_fresh_ones_times_the_damage() -> None:
    site = AgedSite({"initial.age.years": 8})
    ageing, cells = site.state.ageing, site.state.cells
    assert cells.capacity == pytest.approx(site.model.cells.capacity * ageing.soh)
    assert ageing.rack_soh_mean == pytest.approx(ageing.soh.mean(axis=1))
    assert ageing.rack_soh_min == pytest.approx(ageing.soh.min(axis=1))
    assert ageing.container_soh_mean == pytest.approx(ageing.soh.mean())
    assert ageing.container_soh_min == pytest.approx(ageing.soh.min())


def test_every_pack_has_one_turn_in_ten_minutes_at_any_step() -> None:
    site = AgedSite(shape=(3, 3, 2))
    site.run(AGEING_PERIOD)
    assert (site.state.ageing.stress_seen[0] > 0.0).all()
    site.run(AGEING_PERIOD)
    assert site.state.ageing.stress_seen[0].max() <= 2 * AGEING_PERIOD
    assert site.state.ageing.stress_seen[0].min() > AGEING_PERIOD
    assert site.state.ageing.age == pytest.approx(2.0 * AGEING_PERIOD)


def test_the_order_of_the_cells_does_not_matter() -> None:
    one, other = AgedSite(EVEN), AgedSite(EVEN)
    for site, turned in ((one, False), (other, True)):
        warmth = np.array([285.0, 300.0, 330.0])
        site.state.cells.temperature_core[:, :3] = warmth[::-1] if turned else warmth
        site.run(2 * AGEING_PERIOD, 40.0)
    assert (one.state.ageing.soh[:, :3] == other.state.ageing.soh[:, 2::-1]).all()


def test_the_smaller_cell_of_a_string_cycles_more() -> None:
    site = AgedSite(EVEN)
    small_model = site.model.ageing._replace(fresh_capacity=site.model.ageing.fresh_capacity.copy())
    small_model.fresh_capacity[0, 0] *= 0.8
    site.ageing = Ageing(small_model, site.model.cells, site.state, 1.0)
    site.state.cells.capacity[0, 0] *= 0.8
    site.run(2 * AGEING_PERIOD, 100.0)
    cycle_wear = site.state.ageing.wear[1]
    assert cycle_wear[0, 0] == pytest.approx(cycle_wear[0, 1] / 0.8, rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(MODELS),
    temperature=st.floats(1.0, 3000.0),
    soc=st.floats(-0.2, 1.2),
    depth=st.floats(0.0, 1.5),
    rate=st.floats(0.0, 20.0),
    time=st.floats(0.0, 100 * 365 * SECONDS_PER_DAY),
)
def test_nothing_in_range_gives_anything_but_numbers_within_the_caps(
    name: str, temperature: float, soc: float, depth: float, rate: float, time: float
) -> None:
    model = capped(name)
    stress, turns = np.zeros(model.driver.size), np.zeros(16)
    count = count_cycles(*model[:2], model.factor, stress, turns, 0, 0.0, -depth, rate)
    count_cycles(*model[:2], model.factor, stress, turns, count, -depth, depth, rate)
    stress[model.driver == 0.0] = time
    wear = np.array([wear_rate(table, soc, coldness_of(temperature)) for table in model.rate]) * stress
    loss, growth = damage(model, wear, 1.12)
    assert 0.0 <= loss <= 0.6
    assert 0.0 <= growth <= 1.0
    assert math.isfinite(loss + growth)
