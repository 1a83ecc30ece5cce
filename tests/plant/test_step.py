"""The electrical plant as a whole."""

import numpy as np
import pytest

from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model, truncated_normal
from bms_emulator.plant.state import Contactor, PcsState
from bms_emulator.profile.loader import load_site
from tests.plant.electric_site import ALIKE, ISOENTROPIC, ElectricSite, small, stored_energy

NEGATIVE, PRECHARGE, POSITIVE = Contactor.MAIN_NEGATIVE, Contactor.PRECHARGE, Contactor.MAIN_POSITIVE


def test_plant_starts_at_rest_with_contactors_open() -> None:
    site = ElectricSite(small())
    site.step(10)
    assert not site.state.racks.current.any()
    assert not site.state.containers.bus_voltage.any()
    assert not site.state.racks.contactor_closed.any()
    assert site.state.cells.voltage == pytest.approx(np.full((3, 8), 3.2995), abs=5e-3)
    assert site.state.racks.voltage == pytest.approx(site.state.cells.voltage.sum(axis=1))


def test_racks_start_with_the_spread_that_the_profile_says() -> None:
    site = ElectricSite({"container_count": 4, "initial.rack_soc_spread_percent": 1})
    racks = site.state.cells.soc.mean(axis=1)
    cells = site.state.cells.soc - racks[:, None]
    assert racks.std() == pytest.approx(0.01, rel=0.3)
    assert cells.std() == pytest.approx(0.005, rel=0.03)
    assert np.abs(racks - 0.5).max() < 0.032


def test_deviates_stay_within_three_sigma() -> None:
    deviates = truncated_normal(np.random.default_rng(1), 2.0, (100, 1000))
    assert np.abs(deviates).max() <= 6.0
    assert deviates.std() == pytest.approx(2.0 * 0.9866, rel=0.01)


def test_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    sites = [ElectricSite(small(), seed=seed) for seed in (1, 1, 2)]
    for site in sites:
        site.connect()
        site.run_pcs(3000.0)
        site.step(50)
    assert sites[0].arena.buffer.tobytes() == sites[1].arena.buffer.tobytes()
    assert sites[0].arena.buffer.tobytes() != sites[2].arena.buffer.tobytes()


def test_model_of_a_seed_is_the_same_in_every_build() -> None:
    site = load_site("cabinet")
    first, second = build_plant_model(site, 5), build_plant_model(site, 5)
    for name in ("capacity", "resistance_scale", "self_discharge"):
        assert getattr(first.cells, name).tobytes() == getattr(second.cells, name).tobytes()


def test_rack_precharges_connects_and_lets_the_pcs_run() -> None:
    site = ElectricSite(small())
    site.inputs.pcs_enable[...] = 1.0
    site.inputs.power_setpoint[...] = 2000.0
    site.command(NEGATIVE, PRECHARGE, rack=0)
    site.step(20)
    string = site.state.racks.voltage[0]
    assert site.state.containers.bus_voltage[0] == pytest.approx(string, rel=0.01)
    assert site.state.pcs.state[0] == PcsState.OFF
    site.command(NEGATIVE, PRECHARGE, POSITIVE, rack=0)
    site.step(2)
    site.command(NEGATIVE, POSITIVE, rack=0)
    site.step(80)
    assert site.state.pcs.state[0] == PcsState.RUNNING
    assert site.state.pcs.power[0] == pytest.approx(2000.0)
    assert site.state.racks.current[0] == pytest.approx(site.state.containers.bus_current[0], rel=1e-3)
    assert not site.state.racks.current[1:].any()


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_energy_of_the_plant_closes(dt: float) -> None:
    site = ElectricSite(small(), ISOENTROPIC, dt=dt)
    bus, state = site.model.bus, site.state
    site.connect()
    site.run_pcs(4000.0)
    site.step(10)

    def held() -> float:
        site.settle()
        link = 0.5 * bus.link_capacitance * state.containers.bus_voltage[0] ** 2
        delivered = state.containers.energy_discharged[0] - state.containers.energy_charged[0]
        return stored_energy(site) + float(link) + float(state.cells.heat.sum()) + float(delivered)

    before, lost, throughput = held(), 0.0, 0.0
    for k in range(16000):
        site.inputs.power_setpoint[...] = [4000.0, -4000.0, 0.0, 3000.0][k // 2000 % 4]
        site.step()
        in_rack = (bus.wiring_resistance + site.model.cells.joint_resistance) * state.racks.current**2
        in_bus = bus.busbar_resistance * float(state.racks.current.sum()) ** 2
        in_bus += float(state.containers.bus_voltage[0]) ** 2 / bus.bleed_resistance
        lost += (float(in_rack.sum()) + in_bus) * dt
        throughput += abs(float(state.pcs.dc_power[0])) * dt
    # the split foresees the cells' voltage to second order in the charge of a step
    assert before - held() == pytest.approx(lost, abs=1e-9 * (dt / 0.1) ** 2 * throughput)


def test_current_circulates_between_racks_until_they_agree() -> None:
    site = ElectricSite(small(racks=2), ALIKE, dt=1.0)
    site.state.cells.soc[0], site.state.cells.soc[1] = 0.3, 0.2
    site.settle()
    site.connect()
    site.step(10)
    first = site.state.racks.current[0]
    assert first > 1.0
    assert site.state.racks.current.sum() == pytest.approx(0.0, abs=0.1)
    site.step(3600)
    assert 0.0 < site.state.racks.current[0] < first
    assert np.ptp(site.state.cells.soc.mean(axis=1)) < 0.099


def test_order_of_racks_does_not_matter() -> None:
    order = [2, 0, 1]
    sites = [ElectricSite(small(), ALIKE, dt=1.0) for _ in range(2)]
    soc = np.array([0.4, 0.45, 0.6])
    for site, arranged in zip(sites, (soc, soc[order]), strict=True):
        site.state.cells.soc[...] = arranged[:, None]
        site.settle()
        site.connect()
        site.run_pcs(3000.0)
        site.step(300)
    one, other = (site.state for site in sites)
    assert other.racks.current == pytest.approx(one.racks.current[order], rel=1e-12, abs=1e-10)
    assert other.cells.soc == pytest.approx(one.cells.soc[order], rel=1e-12)
    assert other.cells.voltage == pytest.approx(one.cells.voltage[order], rel=1e-12)


def test_welded_contactors_keep_a_rack_on_the_bus() -> None:
    site = ElectricSite(small())
    site.connect()
    site.overlay.contactor_hold[1, [NEGATIVE, POSITIVE]] = 1.0
    site.command()
    site.step(5)
    assert site.state.containers.bus_voltage[0] == pytest.approx(site.state.racks.voltage[1], rel=1e-4)
    site.overlay.contactor_hold[...] = np.nan
    site.step(600)
    assert site.state.containers.bus_voltage[0] < 0.9 * site.state.racks.voltage[1]


def test_overlay_takes_effect_on_all_cells_at_once_when_refreshed() -> None:
    site = ElectricSite(small())
    before = site.state.cells.r0.copy()
    site.overlay.cell_resistance_gain[...] = 2.0
    site.overlay.cell_short_conductance[...] = 1.0
    site.step(refresh=True)
    assert site.state.cells.r0 == pytest.approx(2.0 * before, rel=1e-6)
    assert site.state.cells.bypass_current == pytest.approx(site.state.cells.voltage, rel=0.01)


def test_overlay_reaches_every_pack_within_the_slow_period() -> None:
    site = ElectricSite(small())
    before = site.state.cells.r0.copy()
    site.overlay.cell_resistance_gain[...] = 2.0
    site.step(10)
    assert site.state.cells.r0 == pytest.approx(2.0 * before, rel=1e-6)


def test_reset_of_a_used_plant_gives_the_fresh_one() -> None:
    used, fresh = ElectricSite(small()), ElectricSite(small())
    used.connect()
    used.run_pcs(3000.0)
    used.step(100)
    initialise(used.model, used.state, used.site, 1)
    for group in ("cells", "racks", "packs", "containers", "pcs"):
        for name, array in vars(getattr(fresh.state, group)).items():
            assert getattr(getattr(used.state, group), name).tobytes() == array.tobytes(), name


def test_cells_warm_alike_at_any_step() -> None:
    warming = []
    for dt in (0.01, 0.1, 1.0):
        site = ElectricSite(small(), ALIKE, {"weather.swing_k": 0}, dt=dt)
        site.connect()
        site.run_pcs(15000.0)
        for tick in range(round(120.0 / dt)):
            site.plant.step(tick * dt, tick)
        warming.append(site.state.cells.temperature_core.mean() - 298.15)
    assert warming[0] > 0.1
    assert warming == pytest.approx([warming[0]] * 3, rel=0.02)
