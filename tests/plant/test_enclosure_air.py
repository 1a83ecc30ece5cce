"""Gas, smoke and hot layer in the free air of an enclosure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.enclosure_air import AIR_DENSITY, AIR_HEAT_CAPACITY, mix
from tests.plant.burning_site import Oven
from tests.reference.runaway_twin import stirred

contents = st.floats(0.0, 1.0)
rates = st.floats(0.0, 0.5)
patient = settings(deadline=None)
"""The first example compiles."""


@patient
@given(content=contents, source=rates, exchange=rates, first=st.floats(0.01, 5.0), second=st.floats(0.01, 5.0))
def test_mixing_does_not_depend_on_the_step(
    content: float, source: float, exchange: float, first: float, second: float
) -> None:
    half, mean1 = mix(content, source, exchange, first)
    end, mean2 = mix(half, source, exchange, second)
    whole, mean = mix(content, source, exchange, first + second)
    assert end == pytest.approx(whole, abs=1e-12)
    assert mean1 * first + mean2 * second == pytest.approx(mean * (first + second), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("source", "exchange"), [(0.01, 0.0), (0.01, 0.03), (0.0, 0.2), (0.3, 0.4)])
def test_mixing_agrees_with_its_slow_twin(source: float, exchange: float) -> None:
    assert mix(0.1, source, exchange, 30.0)[0] == pytest.approx(stirred(0.1, source, exchange, 30.0), rel=1e-6)


@patient
@given(content=contents, source=rates, exchange=rates, dt=st.floats(0.01, 5.0))
def test_what_flows_in_stays_or_flows_out(content: float, source: float, exchange: float, dt: float) -> None:
    end, mean = mix(content, source, exchange, dt)
    assert content + source * dt == pytest.approx(end + exchange * mean * dt, abs=1e-12)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_the_gas_balance_closes_until_the_air_is_clean_again(dt: float) -> None:
    oven = Oven(dt=dt, racks=1, packs=2, cells=3).heat_to([[400.0, 25.0, 300.0, 25.0, 170.0, 25.0]])
    air, volume = oven.state.air, oven.site.container.ventilation.free_volume_m3
    for _ in range(8):
        oven.run(60)
        assert air.vented[0] == pytest.approx(air.exhausted[0] + air.gas[0] * volume, rel=1e-12)
        assert 0.0 < air.gas[0] < 1.0
    oven.heat_to(25.0).run(3600)
    assert air.gas[0] == air.smoke[0] == air.layer_rise[0] == 0.0
    assert air.exhausted[0] == pytest.approx(air.vented[0], rel=1e-12)


def test_one_cell_fills_the_air_to_what_its_gas_and_the_free_volume_say() -> None:
    calm = {"container.ventilation.leakage_per_h": 0, "container.ventilation.fan_flow_m3_per_h": 0}
    oven = Oven(calm, racks=1, packs=1, cells=1).burn(400.0)
    air = oven.state.air
    share = 1.0 - np.exp(-0.235 / 12.0)  # what comes in pushes mixed air out
    assert air.gas[0] == pytest.approx(share, rel=1e-9)
    assert air.hydrogen[0] == pytest.approx(0.55 * share)
    assert air.carbon_monoxide[0] == pytest.approx(0.11 * share)
    assert air.lel_fraction[0] == pytest.approx(share / 0.0642)


def test_the_fan_keeps_the_gas_below_what_it_would_be_without() -> None:
    still = Oven({"container.ventilation.fan_flow_m3_per_h": 0}, racks=1, packs=1, cells=1)
    aired = Oven(racks=1, packs=1, cells=1)
    peaks = []
    for oven in (still, aired):
        oven.heat_to(400.0)
        peak = 0.0
        for _ in range(400):
            oven.step()
            peak = max(peak, oven.state.air.lel_fraction[0])
        peaks.append(peak)
    assert peaks[1] < 0.25 < peaks[0]


def test_the_heat_of_a_jet_warms_the_layer_and_then_the_air() -> None:
    calm = {"container.ventilation.fan_flow_m3_per_h": 0}
    oven = Oven(calm, racks=1, packs=1, cells=1).burn(3600.0)
    heat_capacity = oven.site.container.enclosure.heat_capacity_j_per_k
    rise = oven.state.containers.air_temperature[0] - 298.15
    assert rise * heat_capacity == pytest.approx(oven.runaway.jet_heat_kj * 1e3, rel=1e-6)
    layer = oven.site.container.ventilation.free_volume_m3 * AIR_DENSITY * AIR_HEAT_CAPACITY
    assert layer == pytest.approx(14.3e3, rel=0.01)
