"""Heat from cells to coolant."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.thermal import ThermalModel, build_thermal_model, step_pack, step_packs, transfer_units
from bms_emulator.profile.loader import load_site
from tests.reference.thermal_twin import exact_pack, step_pack_twin

DEMO = build_thermal_model(load_site("demo"))
UNEVEN = DEMO._replace(cell_count=11, segment_count=4)


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
        self, power: Any = 0.0, flow: float = 0.1775, inlet: float = 293.15, air: float = 298.15, step: float = 1.0
    ) -> "Pack":
        self.heat += power * step
        self.outlet, self.coolant_heat, self.air_heat = step_pack(
            self.model, self.core, self.surface, self.heat, self.plate, flow, inlet, air, step
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
@pytest.mark.parametrize("step", [0.01, 1.0])
def test_elimination_equals_dense_solution(model: ThermalModel, flow: float, step: float) -> None:
    pack = random_pack(model, 1)
    twin = step_pack_twin(model, pack.core, pack.surface, pack.heat, pack.plate, flow, 290.0, 300.0, step)
    pack.step(flow=flow, inlet=290.0, air=300.0, step=step)
    for name in ("core", "surface", "plate", "outlet"):
        np.testing.assert_allclose(getattr(pack, name), twin[name], rtol=1e-12, err_msg=name)
    for name in ("coolant_heat", "air_heat"):  # differences of temperatures: relative to the temperatures themselves
        scale = 300.0 * (flow * model.coolant_heat_capacity + model.surface_to_air * model.cell_count)
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
    assert pack.outlet == pytest.approx(303.15 - 10.0 * np.exp(-heavy.transfer_units), abs=1e-6)


def test_outlet_does_not_depend_on_number_of_segments_over_isothermal_plate() -> None:
    heavy = DEMO._replace(plate_heat_capacity=1e12)
    outlets = [Pack(heavy._replace(segment_count=n)).step().outlet for n in (1, 4, 13, 104)]
    np.testing.assert_allclose(outlets, outlets[0], atol=1e-9)


def test_conductance_to_coolant_rises_with_flow_to_the_power_of_four_fifths() -> None:
    conductance = [ratio * transfer_units(DEMO.transfer_units, ratio) for ratio in (0.5, 1.0, 2.0)]
    assert conductance[2] / conductance[1] == pytest.approx(2**0.8)
    assert conductance[1] / conductance[0] == pytest.approx(2**0.8)


def test_lumped_pack_cools_along_an_exponential() -> None:
    lumped = DEMO._replace(segment_count=1, core_to_surface=1e9, surface_to_plate=1e9, surface_to_air=0.0)
    pack = Pack(lumped, start=313.15)
    capacity = lumped.cell_count * (
        lumped.core_heat_capacity + lumped.surface_heat_capacity + lumped.plate_heat_capacity
    )
    conductance = lumped.rated_flow * lumped.coolant_heat_capacity * (1.0 - np.exp(-lumped.transfer_units))
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
            core, surface, plate = exact_pack(DEMO, 298.15, power, flow, 293.15, 298.15, n)
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
    power[50] = 2000.0
    pack = Pack(DEMO._replace(segment_count=104))
    for _ in range(300):
        pack.step(power, flow=0.0)
    rise = pack.surface - 298.15
    assert rise[50] > rise[51] > rise[52] > rise[53] > 0.0
    assert rise[49] == pytest.approx(rise[51])


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    flow=st.one_of(st.just(0.0), st.floats(0.0, 10.0)),
    step=st.floats(0.01, 1.5),
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
    plate, outlet, coolant_heat, air_heat = (np.full((4, 2), np.nan) for _ in range(4))
    supply, air = np.array([290.0, 295.0]), np.array([300.0, 310.0])
    expected = [
        step_pack_twin(
            DEMO,
            *(x[r, p * cells : (p + 1) * cells] for x in (core, surface, heat)),
            plates[r, p * segments : (p + 1) * segments],
            flow[r, p],
            supply[r // 2],
            air[r // 2],
            1.0,
        )
        for r in range(4)
        for p in range(2)
    ]
    for tick in range(7, 17):
        step_packs(
            *(DEMO, 2, core, surface, heat, plates, plate, outlet, coolant_heat, air_heat),
            *(flow, supply, air, tick, 10, 0.1),
        )
    for n, twin in enumerate(expected):
        r, p = divmod(n, 2)
        np.testing.assert_allclose(core[r, p * cells : (p + 1) * cells], twin["core"], rtol=1e-12)
        np.testing.assert_allclose(surface[r, p * cells : (p + 1) * cells], twin["surface"], rtol=1e-12)
        assert plate[r, p] == pytest.approx(twin["plate"].mean(), rel=1e-12)
        assert outlet[r, p] == pytest.approx(twin["outlet"], rel=1e-12)
        assert coolant_heat[r, p] == pytest.approx(twin["coolant_heat"], rel=1e-8)
        assert air_heat[r, p] == pytest.approx(twin["air_heat"], rel=1e-8)
    assert not heat.any()


def test_neighbours_faster_than_the_step_are_an_error() -> None:
    site = load_site("demo", {"container.rack.pack.cell.thermal.surface_share": 0.0001})
    with pytest.raises(ValueError, match=r"lfp-314ah: thermal: .*surface_share.*must be >= 3 s"):
        build_thermal_model(site)
