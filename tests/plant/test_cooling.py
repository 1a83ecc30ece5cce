"""The cooling of a site as a whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.chiller import cooling_capacity
from bms_emulator.plant.state import ChillerMode
from tests.plant.cooled_site import CooledSite

HOT = {"weather.mean_degc": 45}
COLD = {"weather.mean_degc": -20, "initial.temperature_degc": 5}


def test_nothing_changes_while_all_is_at_one_temperature() -> None:
    site = CooledSite(overrides={"container.enclosure.base_load_w": 0}).run(600)
    np.testing.assert_allclose(site.state.cells.temperature_core, 298.15, rtol=1e-12)
    np.testing.assert_allclose(site.state.containers.air_temperature, 298.15, rtol=1e-12)


def test_enclosure_starts_in_balance() -> None:
    site = CooledSite(overrides=COLD)
    start = site.state.containers.air_temperature[0]
    site.run(10)
    assert site.state.containers.air_temperature[0] == pytest.approx(start, abs=0.01)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_stored_heat_is_what_was_put_in_less_what_was_taken(dt: float) -> None:
    site = CooledSite("demo", dt, HOT | {"weather.swing_k": 10}).request(ChillerMode.COOLING)
    cells, packs, containers = site.state.cells, site.state.packs, site.state.containers
    rng = np.random.default_rng(0)
    site.run(100, 13.0)

    def held() -> float:
        """Heat in all nodes, not yet consumed, and taken from packs but not yet in the coolant."""
        age = (site.tick - 1 - turns) % period + 1
        waiting = packs.coolant_heat * (1.0 - age * dt)
        return site.stored + cells.heat.sum() + waiting.sum()

    period = round(1.0 / dt)
    turns = np.array([[(4 * r + p) * period // 48 for p in range(4)] for r in range(12)])
    before, put_in, scale = held(), 0.0, 0.0
    to_air = np.zeros_like(packs.air_heat)
    for _ in range(300 * period):
        power = rng.uniform(0.0, 30.0, cells.heat.shape)
        cells.heat += power * dt
        due = turns == site.tick % period
        if site.tick % (7 * period) == 0:
            site.overlay.pump_gain[:] = rng.choice([0.0, 0.3, 1.0, 2.0])
            site.overlay.branch_conductance_gain[:] = rng.uniform(0.0, 2.0, (12, 4))
        site.step(refresh=site.tick % (7 * period) == 0)
        to_air += np.where(due, packs.air_heat, 0.0)
        friction = containers.coolant_pressure * containers.coolant_flow / containers.coolant_density
        put_in += power.sum() * dt + np.sum(containers.chiller_heat + friction) * dt
        scale += power.sum() * dt
    assert held() - before == pytest.approx(put_in - to_air.sum(), abs=1e-9 * scale)


def test_half_rated_power_at_45_degrees_is_held_by_60_kw_and_auxiliary_of_the_data_sheet() -> None:
    site = CooledSite(overrides=HOT | {"initial.temperature_degc": 25}).request(ChillerMode.COOLING, 18.0)
    for _ in range(8):
        site.run(900, 13.0)
        assert site.state.containers.auxiliary_power[0] <= 37.6e3
        for pack in range(4):
            own = slice(104 * pack, 104 * pack + 104)
            assert np.ptp(site.state.cells.temperature_core[:, own], axis=1).max() <= 3.0
    supply = site.state.containers.coolant_supply_temperature[0]
    capacity = cooling_capacity(site.model.chiller, site.state.containers.ambient_temperature[0], supply)
    assert site.state.containers.chiller_heat[0] == pytest.approx(-capacity, rel=1e-3)
    assert 60e3 <= capacity <= 67e3
    assert site.state.cells.temperature_core.max() - 273.15 < 32.0
    assert site.state.containers.auxiliary_energy[0] == pytest.approx(2 * 30.5e3 * 3600, rel=0.05)


def test_steady_temperatures_at_half_rated_power_are_as_known() -> None:
    site = CooledSite(overrides={"container.chiller.rated_cooling_kw": 100}).request(ChillerMode.COOLING, 20.0)
    site.run(4 * 3600, 13.0)
    containers, packs, cells = site.state.containers, site.state.packs, site.state.cells
    mean_coolant = 0.5 * (packs.coolant_outlet_temperature + containers.coolant_supply_temperature[0])
    core = cells.temperature_core.reshape(12, 4, 104).mean(axis=2)
    assert 6.0 <= np.mean(core - mean_coolant) <= 7.0
    rise = packs.coolant_outlet_temperature - containers.coolant_supply_temperature[0]
    assert np.mean(rise) == pytest.approx(2.3, abs=0.2)
    assert containers.coolant_return_temperature[0] == pytest.approx(
        np.average(packs.coolant_outlet_temperature, weights=packs.coolant_flow), abs=0.01
    )


def test_tick_of_10_ms_100_ms_and_1_s_agree() -> None:
    results = []
    for dt in (0.01, 0.1, 1.0):
        site = CooledSite("cabinet", dt, {"initial.temperature_degc": 30}).request(ChillerMode.COOLING)
        site.run(180, 13.0)
        containers, cells = site.state.containers, site.state.cells
        results.append(
            [
                *cells.temperature_core[0, ::52],
                *cells.temperature_surface[0, ::52],
                containers.coolant_supply_temperature[0],
                containers.coolant_return_temperature[0],
                containers.air_temperature[0],
            ]
        )
    np.testing.assert_allclose(results[1], results[0], atol=0.01)
    np.testing.assert_allclose(results[2], results[0], atol=0.05)


def test_pump_starts_before_the_compressor() -> None:
    site = CooledSite(dt=0.1, overrides=HOT).request(ChillerMode.COOLING)
    site.step()
    containers = site.state.containers
    assert (containers.chiller_mode[0], containers.compressor_on[0]) == (ChillerMode.CIRCULATION, 0.0)
    assert containers.coolant_flow[0] > 0.0
    site.step()
    assert (containers.chiller_mode[0], containers.compressor_on[0]) == (ChillerMode.COOLING, 1.0)


def test_circulation_evens_out_racks() -> None:
    spread = {}
    for mode in (ChillerMode.STANDBY, ChillerMode.CIRCULATION):
        site = CooledSite().request(mode)
        for node in (site.state.cells.temperature_core, site.state.cells.temperature_surface):
            node[:6] += 8.0
        site.run(3600)
        spread[mode] = np.ptp(site.state.cells.temperature_core)
    assert spread[ChillerMode.CIRCULATION] < 4.0
    assert spread[ChillerMode.STANDBY] > 7.0


def test_trip_of_the_chiller_lets_temperature_rise() -> None:
    site = CooledSite(overrides=HOT).request(ChillerMode.COOLING).run(1800, 13.0)
    before = site.state.cells.temperature_core.max()
    site.overlay.chiller_gain[:] = 0.0
    site.run(1800, 13.0)
    assert site.state.containers.chiller_heat[0] == 0.0
    containers = site.state.containers
    assert containers.auxiliary_power[0] == pytest.approx(containers.pump_power[0] + 150 + 500)
    assert containers.pump_power[0] == pytest.approx(2400, rel=0.02)
    assert site.state.cells.temperature_core.max() > before + 3.0


def test_blocked_pack_is_the_warmest() -> None:
    site = CooledSite(overrides=HOT).request(ChillerMode.COOLING)
    site.overlay.branch_conductance_gain[5, 2] = 0.0
    site.run(3600, 13.0)
    core = site.state.cells.temperature_core.reshape(12, 4, 104).mean(axis=2)
    assert np.unravel_index(np.argmax(core), core.shape) == (5, 2)
    assert core[5, 2] > np.sort(core.ravel())[-2] + 3.0


def test_pump_that_stops_stops_the_compressor() -> None:
    site = CooledSite(overrides=HOT).request(ChillerMode.COOLING).run(60, 13.0)
    assert site.state.containers.compressor_on[0] == 1.0
    site.overlay.pump_gain[:] = 0.0
    site.run(60, 13.0)
    containers = site.state.containers
    assert (containers.coolant_flow[0], containers.compressor_on[0], containers.chiller_heat[0]) == (0.0, 0.0, 0.0)
    assert not site.state.packs.coolant_heat.any()


def test_container_at_minus_20_degrees_is_heated() -> None:
    left, heated = CooledSite(overrides=COLD), CooledSite(overrides=COLD).request(ChillerMode.HEATING, 25.0)
    left.run(3600)
    heated.run(3600)
    assert left.state.cells.temperature_core.min() < 278.15
    assert heated.state.cells.temperature_core.min() > 278.15 + 1.0
    containers = heated.state.containers
    assert containers.auxiliary_power[0] == pytest.approx(21e3 + containers.pump_power[0] + 150 + 500)


def test_containers_do_not_disturb_each_other() -> None:
    one = CooledSite(overrides=HOT).request(ChillerMode.COOLING).run(120, 13.0)
    two = CooledSite(overrides=HOT | {"container_count": 2}).request(ChillerMode.COOLING)
    two.overlay.chiller_gain[1] = 0.0
    two.run(120, 13.0)
    np.testing.assert_array_equal(two.state.cells.temperature_core[:12], one.state.cells.temperature_core)
    assert two.state.cells.temperature_core[12:].mean() > one.state.cells.temperature_core.mean()


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    mode=st.sampled_from(ChillerMode),
    setpoint=st.floats(-30.0, 60.0),
    ambient=st.floats(-60.0, 60.0),
    start=st.floats(-40.0, 100.0),
    power=st.floats(0.0, 5000.0),
    gains=st.tuples(*[st.sampled_from([0.0, 1e-9, 0.3, 1.0, 2.0])] * 3),
    dt=st.sampled_from([0.01, 0.1, 0.3, 1.0]),
)
def test_every_value_stays_finite(
    mode: ChillerMode,
    setpoint: float,
    ambient: float,
    start: float,
    power: float,
    gains: tuple[float, float, float],
    dt: float,
) -> None:
    overrides = {"weather.mean_degc": ambient, "initial.temperature_degc": start}
    site = CooledSite("cabinet", dt, overrides).request(mode, setpoint)
    site.overlay.pump_gain[:], site.overlay.chiller_gain[:] = gains[:2]
    site.overlay.branch_conductance_gain[0, :3] = gains[2]
    site.run(30 * dt, power)
    told = vars(site.state.cells) | vars(site.state.packs) | vars(site.state.containers)
    for name in told.keys() - {"dc_efficiency", "ac_efficiency", "net_efficiency"}:  # none before energy has flown
        assert np.isfinite(told[name]).all(), name
    assert site.state.cells.temperature_core.min() > 150.0
