"""Laws of the whole plant beside the closures: order, independence, bounds, repeatability, direction of effects."""

import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.coolant import enthalpy_of
from bms_emulator.plant.state import ChillerMode
from bms_emulator.runtime.journal import state_hash
from bms_emulator.units import kelvin
from tests.plant.electric_site import ALIKE, ElectricSite, small
from tests.plant.whole_site import WholeSite

few = settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate])


class DrivenPlant(ElectricSite):
    """Electricity and cooling of a site without firmware: contacts, power and chiller are set by hand."""

    def step(self, ticks: int = 1, refresh: bool = False) -> None:
        for _ in range(ticks):
            time = self.tick * self.dt
            self.plant.step(time, self.tick, refresh)
            self.tick += 1


def discharged(share: float, gain: float = 1.0) -> DrivenPlant:
    """A plant after ten minutes at a share of rated power, with all resistances multiplied."""
    site = DrivenPlant(small(), {"initial.soc_percent": 80}, dt=1.0)
    site.overlay.cell_resistance_gain[...] = gain
    site.step(refresh=True)
    site.connect()
    site.run_pcs(share * site.site.pcs.rated_power_kw * 1e3)
    site.step(600)
    return site


@few
@given(st.floats(0.2, 1.0), st.floats(1.0, 3.0), st.floats(1.05, 2.0))
def test_more_resistance_means_more_heat_and_less_voltage(share: float, gain: float, more: float) -> None:
    one, other = discharged(share, gain), discharged(share, gain * more)
    assert (other.state.cells.temperature_core > one.state.cells.temperature_core).all()
    assert (other.state.cells.voltage < one.state.cells.voltage).all()
    assert (other.state.racks.voltage < one.state.racks.voltage).all()


@few
@given(st.floats(5.0, 40.0), st.floats(1.0, 20.0), st.floats(0.0, 1.0))
def test_warmer_coolant_means_warmer_cells(degc: float, warmer: float, share: float) -> None:
    cores = []
    for coolant in (degc, degc + warmer):
        site = DrivenPlant(small(), dt=1.0)
        site.inputs.chiller_request[...] = ChillerMode.CIRCULATION
        site.state.containers.coolant_enthalpy[...] = enthalpy_of(site.model.cooling.coolant, kelvin(coolant))
        site.connect()
        site.run_pcs(share * site.site.pcs.rated_power_kw * 1e3)
        site.step(600)
        cores.append(site.state.cells.temperature_core.copy())
    assert (cores[1] > cores[0]).all()


@few
@given(st.floats(0.5, 10.0), st.floats(0.5, 10.0), st.floats(15.0, 45.0))
def test_older_means_less_capacity_and_more_resistance(years: float, more: float, degc: float) -> None:
    one, other = (
        ElectricSite(small(), {"initial.age.years": age, "initial.age.climate_degc": degc}).state.cells
        for age in (years, years + more)
    )
    assert (other.capacity < one.capacity).all()
    assert (other.resistance_growth >= one.resistance_growth).all()
    assert (other.r0 >= one.r0).all()


@few
@given(
    st.permutations(range(4)),
    st.lists(st.floats(0.3, 0.7), min_size=4, max_size=4),
    st.lists(st.floats(0.8, 2.0), min_size=4, max_size=4),
    st.floats(-0.8, 0.8),
)
def test_order_of_racks_on_the_bus_does_not_matter(
    order: list[int], soc: list[float], gain: list[float], share: float
) -> None:
    sites = [ElectricSite(small(racks=4), ALIKE, dt=1.0) for _ in range(2)]
    for site, at in zip(sites, ([0, 1, 2, 3], order), strict=True):
        site.state.cells.soc[...] = np.array(soc)[at][:, None]
        site.overlay.cell_resistance_gain[...] = np.array(gain)[at][:, None]
        site.settle()
        site.connect()
        site.run_pcs(share * site.site.pcs.rated_power_kw * 1e3)
        site.step(300)
    one, other = (site.state for site in sites)
    for name in ("current", "voltage", "fuse_heat"):
        theirs = getattr(one.racks, name)[order]
        assert getattr(other.racks, name) == pytest.approx(theirs, rel=1e-10, abs=1e-8), name
    for name in ("soc", "hysteresis", "voltage", "heat"):
        assert getattr(other.cells, name) == pytest.approx(getattr(one.cells, name)[order], rel=1e-10, abs=1e-8), name


@few
@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.booleans())
def test_containers_do_not_know_of_each_other(share: float, other: float, broken: bool) -> None:
    sites = [WholeSite(racks=2, containers=2, dt=0.1).connect() for _ in range(2)]
    rated = sites[0].site.pcs.rated_power_kw * 1e3
    for site in sites:
        site.write("pcs[1].power_setpoint", share * rated)
    sites[1].write("pcs[2].power_setpoint", other * rated)
    if broken:
        # a change of faults brings all cells up to date, so there is one, without effect, in the first site too
        sites[0].fault("cell-resistance-growth", "container[2].rack[1].cell[1]", factor=1.0)
        sites[1].fault("cell-internal-short", "container[2].rack[1].cell[1]", resistance=0.2)
        sites[1].fault("pump-stop", "container[2].pump")
    for site in sites:
        site.tick(300)
    for name, slot in sites[0].emulator.arena.layout.slots.items():
        axes = [axis for axis in ("container", "rack") if axis in slot.info.axes]
        if axes and slot.group.root != "emulator":
            axis = slot.info.axes.index(axes[0])
            first, second = (np.split(site.emulator.arena[name], 2, axis)[0].tobytes() for site in sites)
            assert first == second, name


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.data(), st.sampled_from([0.01, 0.1, 1.0]), st.integers(0, 100), st.integers(-40, 60))
def test_no_command_but_of_damage_makes_a_value_that_is_no_number(
    data: st.DataObject, dt: float, soc: int, degc: int
) -> None:
    climate = {"initial.soc_percent": soc, "initial.temperature_degc": degc, "weather.mean_degc": degc}
    site = WholeSite(climate, racks=2, containers=2, dt=dt)
    allowed = unknown(site)
    writable = [
        family
        for family in site.emulator.catalogue.families.values()
        if family.writable and "emulator" not in family.name and "damage" not in family.name
    ]
    site.write("container[*].request", 1.0)
    site.write("pcs[*].setpoint_enabled", 1.0)
    for _ in range(4):
        for family in data.draw(st.lists(st.sampled_from(writable), max_size=5)):
            extremes = family.limits or tuple(family.slot.info.choices or (0.0,))
            axes = "|".join(axis.name for axis in family.axes)
            selector = re.sub(rf"\b({axes})\b", r"\1[*]", family.name) if axes else family.name
            site.write(selector, data.draw(st.sampled_from(sorted(extremes))))
        site.tick(40)
        assert unknown(site) <= allowed


def unknown(site: WholeSite) -> set[str]:
    """Arrays in which something is no number or infinite: what is free, unlimited or not told yet."""
    arena = site.emulator.arena
    return {name for name in arena.layout.slots if not np.isfinite(arena[name]).all()}


@few
@given(st.floats(-1.0, 1.0), st.integers(0, 1000), st.sampled_from([0.01, 0.1, 1.0]))
def test_same_site_seed_and_commands_give_the_same_bits(share: float, seed: int, dt: float) -> None:
    hashes = []
    for _ in range(2):
        site = WholeSite(racks=2, containers=2, dt=dt, seed=seed)
        site.write("container[*].request", 1.0)
        site.write("pcs[*].setpoint_enabled", 1.0)
        site.ask(share)
        site.fault("cell-resistance-growth", "container[1].rack[1].cell[1]", factor=2.0)
        site.tick(300)
        hashes.append(state_hash(site.emulator))
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("share", [0.8, -0.5])
def test_halving_the_step_halves_the_error_at_least(share: float) -> None:
    def outcome(dt: float) -> Array:
        site = DrivenPlant(small(), {"initial.soc_percent": 60}, dt=dt)
        site.connect()
        site.run_pcs(share * site.site.pcs.rated_power_kw * 1e3)
        site.inputs.chiller_request[...] = ChillerMode.CIRCULATION
        site.step(round(900 / dt))
        site.settle()
        cells = site.state.cells
        return np.concatenate([cells.soc.ravel(), cells.voltage.ravel(), cells.temperature_core.ravel() / 100.0])

    truth = outcome(0.05)
    errors = [np.abs(outcome(dt) - truth).max() for dt in (1.0, 0.5, 0.25)]
    assert errors[0] < 1e-4
    assert errors[1] < 0.6 * errors[0] + 1e-9
    assert errors[2] < 0.6 * errors[1] + 1e-9
