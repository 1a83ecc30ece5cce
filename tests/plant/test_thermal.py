"""Heat from cells to coolant."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.coolant import build_coolant_model
from bms_emulator.plant.thermal import (
    LAMINAR_FILM,
    ThermalModel,
    build_thermal_model,
    conduct,
    film_gain,
    smoothing_ratio,
    step_pack,
    step_packs,
)
from bms_emulator.profile.loader import load_site
from tests.reference.thermal_twin import conduct_twin, exact_pack, step_pack_twin

SITE = load_site("demo")
DEMO = build_thermal_model(SITE, build_coolant_model(SITE.container.coolant))
UNEVEN = DEMO._replace(cell_count=11, cells_per_row=4, segment_count=4)
CP = 3312.0
"""Specific heat capacity of the coolant [J/(kg K)]."""


@dataclass
class Pack:
    """One pack that is stepped by hand."""

    model: ThermalModel = DEMO
    start: float = 298.15
    core: Array = field(init=False)
    surface: Array = field(init=False)
    heat: Array = field(init=False)
    plate: Array = field(init=False)
    outlet: float = 0.0
    coolant_heat: float = 0.0
    air_heat: float = 0.0
    core_max: float = 0.0

    def __post_init__(self) -> None:
        self.core = np.full(self.model.cell_count, self.start)
        self.surface = self.core.copy()
        self.heat = np.zeros(self.model.cell_count)
        self.plate = np.full(self.model.segment_count, self.start)

    @property
    def energy(self) -> float:
        m = self.model
        plates = m.plate_heat_capacity * np.diff(np.arange(m.segment_count + 1) * m.cell_count // m.segment_count)
        return float(
            m.core_heat_capacity * np.sum(self.core - self.start)
            + m.surface_heat_capacity * np.sum(self.surface - self.start)
            + np.sum(plates * (self.plate - self.start))
        )

    def step(
        self,
        power: Any = 0.0,
        flow: float = 0.1775,
        inlet: float = 293.15,
        air: float = 298.15,
        step: float = 1.0,
        film: float = 1.0,
    ) -> "Pack":
        self.heat += power * step
        self.outlet, self.coolant_heat, self.air_heat, self.core_max = step_pack(
            self.model, self.core, self.surface, self.heat, self.plate, flow, film, CP, inlet, air, step
        )
        return self


def random_pack(model: ThermalModel, seed: int) -> Pack:
    rng = np.random.default_rng(seed)
    pack = Pack(model)
    for nodes in (pack.core, pack.surface, pack.plate):
        nodes += rng.uniform(-10.0, 10.0, nodes.size)
    pack.heat += rng.uniform(0.0, 40.0, pack.heat.size)
    return pack


@pytest.mark.parametrize("model", [DEMO, UNEVEN, DEMO._replace(cell_count=1, segment_count=1)], ids=["104", "11", "1"])
@pytest.mark.parametrize("flow", [0.0, 1e-6, 0.05, 0.1775, 0.5])
@pytest.mark.parametrize("step", [0.01, 1.0, 3600.0])
def test_elimination_equals_dense_solution(model: ThermalModel, flow: float, step: float) -> None:
    pack = random_pack(model, 1)
    twin = step_pack_twin(model, pack.core, pack.surface, pack.heat, pack.plate, flow, 0.9, CP, 290.0, 300.0, step)
    pack.step(flow=flow, inlet=290.0, air=300.0, step=step, film=0.9)
    for name in ("core", "surface", "plate", "outlet", "core_max"):
        np.testing.assert_allclose(getattr(pack, name), twin[name], rtol=1e-12, err_msg=name)
    for name in ("coolant_heat", "air_heat"):  # differences of temperatures: relative to the temperatures themselves
        scale = 300.0 * (flow * CP + model.surface_to_air * model.cell_count)
        np.testing.assert_allclose(getattr(pack, name), twin[name], atol=1e-12 * scale, rtol=0, err_msg=name)


def test_heat_is_consumed_once() -> None:
    pack = Pack().step(13.0)
    assert not pack.heat.any()


@pytest.mark.parametrize("flow", [0.0, 0.1775])
def test_stored_and_removed_heat_equal_generated_heat(flow: float) -> None:
    rng = np.random.default_rng(3)
    pack, generated, removed = random_pack(DEMO, 2), 0.0, 0.0
    generated += pack.heat.sum()
    before = pack.energy
    for _ in range(600):
        power = rng.uniform(0.0, 30.0, DEMO.cell_count)
        generated += power.sum()
        pack.step(power, flow)
        removed += pack.coolant_heat + pack.air_heat
    assert pack.energy - before + removed == pytest.approx(generated, rel=1e-9)


def test_outlet_over_isothermal_plate_is_that_of_transfer_units() -> None:
    heavy = DEMO._replace(plate_heat_capacity=1e12)
    pack = Pack(heavy, start=303.15).step(flow=heavy.rated_flow, inlet=293.15)
    assert pack.outlet == pytest.approx(
        303.15 - 10.0 * np.exp(-heavy.plate_to_coolant / (heavy.rated_flow * CP)), abs=1e-6
    )


def test_outlet_does_not_depend_on_number_of_segments_over_isothermal_plate() -> None:
    heavy = DEMO._replace(plate_heat_capacity=1e12)
    outlets = [Pack(heavy._replace(segment_count=n)).step().outlet for n in (1, 4, 13, 104)]
    np.testing.assert_allclose(outlets, outlets[0], atol=1e-9)


def test_film_is_rated_at_rated_flow_turbulent_above_and_laminar_far_below() -> None:
    assert film_gain(1.0, 1.0, 1.0) == pytest.approx(1.0)
    assert film_gain(4.0, 1.0, 1.0) / film_gain(2.0, 1.0, 1.0) == pytest.approx(2**0.8, rel=0.01)
    assert film_gain(1e-3, 1.0, 1.0) == pytest.approx(LAMINAR_FILM, rel=1e-3)
    assert film_gain(0.0, 1.0, 0.9) == pytest.approx(0.9 * LAMINAR_FILM)
    assert np.all(np.diff([film_gain(x, 0.8, 1.0) for x in np.linspace(0.0, 3.0, 200)]) > 0.0)


@pytest.mark.parametrize("count", [1, 2, 3, 26, 52])
@pytest.mark.parametrize("step", [0.01, 1.0, 3600.0, 1e6, 1e12])
def test_row_smoothed_forth_and_back_solves_its_tridiagonal_system(count: int, step: float) -> None:
    model = DEMO._replace(cell_count=count, cells_per_row=count)
    surface = 298.15 + np.random.default_rng(count).uniform(-50.0, 800.0, count)
    # at the longest step the dense matrix is nearly singular, its answer only as good as that
    tolerance = 1e-12 if step < 1e6 else 1e-6
    twin, mean = conduct_twin(model, surface, step) if step < 1e12 else np.full(count, surface.mean()), surface.mean()
    conduct(surface, 0, count, smoothing_ratio(step * model.cell_to_cell / model.surface_heat_capacity))
    np.testing.assert_allclose(surface, twin, rtol=tolerance)
    assert surface.mean() == pytest.approx(mean, rel=1e-13)


def test_only_cells_of_one_row_touch() -> None:
    model = DEMO._replace(core_to_surface=0.0, surface_to_plate=0.0, surface_to_air=0.0)
    pack, last = Pack(model), model.cells_per_row - 1
    pack.surface[last] += 100.0
    for _ in range(600):
        pack.step(flow=0.0)
    assert pack.surface[last - 1] > 303.15
    np.testing.assert_allclose(pack.surface[last + 1 :], 298.15, rtol=1e-12)


def test_hottest_core_is_told() -> None:
    pack = Pack()
    pack.core[40] = 900.0
    pack.step(13.0)
    assert pack.core_max == pack.core.max() == pack.core[40]


def test_lumped_pack_cools_along_an_exponential() -> None:
    lumped = DEMO._replace(segment_count=1, core_to_surface=1e9, surface_to_plate=1e9, surface_to_air=0.0)
    pack = Pack(lumped, start=313.15)
    capacity = lumped.cell_count * (
        lumped.core_heat_capacity + lumped.surface_heat_capacity + lumped.plate_heat_capacity
    )
    conductance = lumped.rated_flow * CP * (1.0 - np.exp(-lumped.plate_to_coolant / (lumped.rated_flow * CP)))
    for n in range(1, 3001):
        pack.step(flow=lumped.rated_flow)
        if n % 500 == 0:
            expected = 293.15 + 20.0 * np.exp(-n * conductance / capacity)
            np.testing.assert_allclose(pack.core, expected, atol=0.005)


@pytest.mark.parametrize("flow", [0.0, 0.1775])
def test_step_of_a_second_follows_the_exact_network(flow: float) -> None:
    power = np.linspace(5.0, 20.0, DEMO.cell_count)
    pack = Pack()
    for n in range(1, 1201):
        pack.step(power, flow)
        if n in (30, 1200):
            core, surface, plate = exact_pack(DEMO, 298.15, power, flow, 1.0, CP, 293.15, 298.15, n)
            np.testing.assert_allclose(pack.core, core, atol=0.002)
            np.testing.assert_allclose(pack.surface, surface, atol=0.005)
            np.testing.assert_allclose(pack.plate, plate, atol=0.04)


def test_thirteen_watts_a_cell_heat_core_and_coolant_as_known() -> None:
    pack = Pack(DEMO._replace(surface_to_air=0.0))
    for _ in range(20_000):
        pack.step(13.0)
    assert pack.outlet - 293.15 == pytest.approx(2.3, abs=0.05)
    assert 6.5 <= pack.core.mean() - 0.5 * (pack.outlet + 293.15) <= 7.0
    assert np.mean(pack.core - pack.surface) == pytest.approx(3.25, abs=0.01)
    assert 1.0 <= np.ptp(pack.surface) <= 3.0
    assert np.all(np.diff(pack.core) > -1e-9)  # warmer towards the outlet


@pytest.mark.parametrize("flow", [0.0, 1e6])
def test_symmetric_heat_gives_symmetric_temperatures_without_inlet_effect(flow: float) -> None:
    distance = np.abs(np.arange(DEMO.cell_count) - (DEMO.cell_count - 1) / 2.0)
    pack = Pack()
    for _ in range(600):
        pack.step(10.0 + 0.1 * distance, flow, air=283.15)
    np.testing.assert_allclose(pack.core, pack.core[::-1], atol=1e-4)
    np.testing.assert_allclose(pack.surface, pack.surface[::-1], atol=1e-4)
    assert np.ptp(pack.core) > 0.1


def test_hot_cell_warms_its_neighbours_first() -> None:
    power = np.zeros(DEMO.cell_count)
    power[40] = 2000.0
    pack = Pack(DEMO._replace(segment_count=104))
    for _ in range(300):
        pack.step(power, flow=0.0)
    rise = pack.surface - 298.15
    assert rise[40] > rise[41] > rise[42] > rise[43] > 0.0
    assert rise[39] == pytest.approx(rise[41])


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    flow=st.one_of(st.just(0.0), st.floats(0.0, 10.0)),
    step=st.one_of(st.floats(0.01, 1.5), st.floats(1.5, 1e9)),
    inlet=st.floats(288.15, 308.15),
)
def test_without_heat_no_temperature_leaves_the_range_of_all(seed: int, flow: float, step: float, inlet: float) -> None:
    pack = random_pack(UNEVEN, seed)
    pack.heat[:] = 0.0
    nodes = np.concatenate([pack.core, pack.surface, pack.plate, [inlet, 298.15]])
    for _ in range(5):
        pack.step(flow=flow, inlet=inlet, step=step)
        after = np.concatenate([pack.core, pack.surface, pack.plate, [pack.outlet]])
        assert np.isfinite(after).all()
        assert nodes.min() - 1e-9 <= after.min()
        assert after.max() <= nodes.max() + 1e-9


def test_each_pack_is_stepped_once_in_a_slow_period_with_its_own_supply_and_air() -> None:
    cells, segments = DEMO.cell_count, DEMO.segment_count
    rng = np.random.default_rng(5)
    core = 298.15 + rng.uniform(-5.0, 5.0, (4, 2 * cells))
    surface, heat = core + 0.5, rng.uniform(0.0, 20.0, core.shape)
    plates = 298.15 + rng.uniform(-5.0, 5.0, (4, 2 * segments))
    flow = rng.uniform(0.1, 0.2, (4, 2))
    plate, hottest, outlet, coolant_heat, air_heat = (np.full((4, 2), np.nan) for _ in range(5))
    unit_heat = rng.uniform(0.0, 20.0, (4, 2))
    of_unit = unit_heat.ravel().tolist()
    supply, air, heat_capacity = np.array([290.0, 295.0]), np.array([300.0, 310.0]), np.array([3300.0, 3250.0])
    turbulent, laminar = np.array([0.7, 1.1]), np.array([0.95, 1.01])
    expected = [
        step_pack_twin(
            DEMO,
            *(x[r, p * cells : (p + 1) * cells] for x in (core, surface, heat)),
            plates[r, p * segments : (p + 1) * segments],
            flow[r, p],
            film_gain(flow[r, p] / DEMO.rated_flow, turbulent[r // 2], laminar[r // 2]),
            heat_capacity[r // 2],
            supply[r // 2],
            air[r // 2],
            1.0,
        )
        for r in range(4)
        for p in range(2)
    ]
    for tick in range(7, 17):
        step_packs(
            *(DEMO, 2, core, surface, heat, plates, plate, hottest, outlet, coolant_heat, air_heat, unit_heat),
            *(flow, supply, heat_capacity, turbulent, laminar, air, tick, 10, 0.1),
        )
    for n, twin in enumerate(expected):
        r, p = divmod(n, 2)
        np.testing.assert_allclose(core[r, p * cells : (p + 1) * cells], twin["core"], rtol=1e-12)
        np.testing.assert_allclose(surface[r, p * cells : (p + 1) * cells], twin["surface"], rtol=1e-12)
        assert plate[r, p] == pytest.approx(twin["plate"].mean(), rel=1e-12)
        assert hottest[r, p] == core[r, p * cells : (p + 1) * cells].max()
        assert outlet[r, p] == pytest.approx(twin["outlet"], rel=1e-12)
        assert coolant_heat[r, p] == pytest.approx(twin["coolant_heat"], rel=1e-8)
        assert air_heat[r, p] == pytest.approx(twin["air_heat"] + of_unit[n], rel=1e-8)
    assert not heat.any()
    assert not unit_heat.any()


@pytest.mark.parametrize("share", [1e-6, 0.2])
def test_no_constants_and_no_step_are_too_fast(share: float) -> None:
    site = load_site("demo", {"container.rack.pack.cell.thermal.surface_share": share})
    pack = random_pack(build_thermal_model(site, build_coolant_model(site.container.coolant)), 7)
    for step in (1.0, 1e3, 1e6):
        pack.step(13.0, step=step)
        assert pack.surface.min() > 280.0
        assert pack.core.max() < 330.0


@pytest.mark.parametrize("hot", [0.0, 1100.0])
@pytest.mark.parametrize("flow", [0.0, 1e-12, 0.355])
def test_temperatures_from_0_to_1100_kelvin_stay_finite(hot: float, flow: float) -> None:
    pack = Pack()
    pack.core[50], pack.surface[50] = hot, hot
    for film in (0.1, 2.0):
        pack.step(0.0, flow, inlet=233.15, air=233.15, film=film)
        for nodes in (pack.core, pack.surface, pack.plate):
            assert np.isfinite(nodes).all()
        assert np.isfinite([pack.outlet, pack.coolant_heat, pack.air_heat, pack.core_max]).all()
