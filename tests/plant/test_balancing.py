"""Cells that are bled by their balancing resistors."""

import numpy as np
import pytest

from bms_emulator.arrays import Array
from tests.plant.electric_site import ALIKE, ISOENTROPIC, LOSSLESS_CHARGE, ElectricSite, small, stored_energy

RESISTANCE = 33.0
ONE_RACK = small(racks=1, packs=2, cells=4)


def bleed(site: ElectricSite, *cells: int) -> None:
    """Ask for the resistors of these cells of the first rack, and of no others."""
    inputs = site.inputs
    inputs.balancing[0] = 0.0
    inputs.balancing[0, list(cells)] = 1.0
    inputs.balancing_count[0] = inputs.balancing[0].reshape(inputs.balancing_count.shape[1], -1).sum(axis=1)


def heat_of_resistors(site: ElectricSite) -> float:
    return float(site.state.packs.balancing_heat.sum())


def test_a_bled_cell_loses_a_hundred_milliamperes() -> None:
    site = ElectricSite(ONE_RACK, ALIKE, LOSSLESS_CHARGE)
    bleed(site, 2)
    site.drive(0.0, 20)
    current = site.state.cells.balancing_current[0]
    assert current[2] == pytest.approx(3.2995 / RESISTANCE, rel=2e-3)
    assert current[2] == pytest.approx(0.1, rel=0.01)
    assert np.flatnonzero(current).tolist() == [2]


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_charge_of_a_bled_cell_falls_by_what_goes_through_its_resistor(dt: float) -> None:
    site = ElectricSite(ONE_RACK, ALIKE, LOSSLESS_CHARGE, dt=dt)
    cells = site.state.cells
    bleed(site, 2)
    site.settle()
    before = cells.soc.copy()
    site.drive(0.0, round(100 / dt))
    site.settle()
    lost = (before - cells.soc)[0] * cells.capacity[0]
    assert lost[2] == pytest.approx(100.0 * 3.2995 / RESISTANCE, rel=2e-3)
    assert lost[[0, 1, 3, 4, 5, 6, 7]] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("current", [0.0, 150.0, -80.0])
def test_what_cells_lose_is_in_the_string_the_cells_and_the_resistors(dt: float, current: float) -> None:
    site = ElectricSite(ONE_RACK, ISOENTROPIC, dt=dt)
    bleed(site, 0, 1, 6)
    site.settle()
    site.state.cells.heat[...] = site.state.packs.balancing_heat[...] = 0.0
    before, given = stored_energy(site), 0.0
    for n in range(round(120 / dt)):
        if n == round(60 / dt):
            bleed(site, 1, 7)
        site.drive(current if n * dt % 40 < 30 else -0.5 * current)
        racks = site.state.racks
        given += float((racks.voltage + site.model.cells.joint_resistance * racks.current) @ racks.current) * dt
    site.settle()
    assert heat_of_resistors(site) == pytest.approx(2.5 * 120.0 * 3.3**2 / RESISTANCE, rel=0.05)
    lost = before - stored_energy(site)
    assert lost == pytest.approx(given + float(site.state.cells.heat.sum()) + heat_of_resistors(site), abs=1e-6)


def test_a_resistor_bleeds_as_a_short_of_its_resistance_but_heats_elsewhere() -> None:
    bled, shorted = (ElectricSite(ONE_RACK, ISOENTROPIC) for _ in range(2))
    bleed(bled, 5)
    shorted.overlay.cell_short_conductance[0, 5] = 1.0 / RESISTANCE
    for site in (bled, shorted):
        site.settle()
        site.state.cells.heat[...] = site.state.packs.balancing_heat[...] = 0.0
        site.drive(40.0, 300)
        site.settle()
    for name in ("soc", "voltage", "v_rc1", "v_rc2", "bypass_current"):
        one, other = getattr(bled.state.cells, name), getattr(shorted.state.cells, name)
        assert one == pytest.approx(other, rel=1e-12, abs=1e-15), name
    warmer = (shorted.state.cells.heat - bled.state.cells.heat)[0]
    assert warmer[5] == pytest.approx(heat_of_resistors(bled), rel=1e-9)
    assert np.delete(warmer, 5) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_mask_takes_effect_and_ends_within_a_second(dt: float) -> None:
    site = ElectricSite(ONE_RACK, dt=dt)
    site.drive(0.0, round(3 / dt))
    for mask in ((0, 5), (5,), ()):
        bleed(site, *mask)
        site.drive(0.0, round(1 / dt))
        assert np.flatnonzero(site.state.cells.balancing_current[0]).tolist() == list(mask)
    assert site.state.cells.bypass_current[0] == pytest.approx(site.model.cells.self_discharge[0])
    assert not site.state.packs.balancing.any()


def test_bleeding_the_fuller_one_brings_two_cells_together() -> None:
    site = ElectricSite(small(racks=1, packs=1, cells=2), ALIKE, LOSSLESS_CHARGE, dt=1.0)
    soc: Array = site.state.cells.soc[0]
    soc[...] = (0.502, 0.500)
    site.settle()
    apart = []
    bleed(site, 0)
    for _ in range(6):
        apart.append(float(np.ptp(soc)))
        site.drive(0.0, 3600)
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < 0.25 * apart[0]
    assert soc[1] == pytest.approx(0.500)
