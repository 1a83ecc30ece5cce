"""Heat through the cells and along the plate of a pack at work, beside what the thermal network knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.coolant import build_coolant_model
from bms_emulator.plant.heat_spread import build_spread_model, conduct_layers, conduct_plate, to_coolant
from bms_emulator.plant.thermal import build_thermal_model, step_pack
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.runaway import LAYERS
from tests.plant.burning_site import CELL
from tests.reference.heat_spread_twin import row_of_slabs, surfaces_on_a_plate

SITE = load_site("demo")
THERMAL = build_thermal_model(SITE, build_coolant_model(SITE.container.coolant))
SPREAD = build_spread_model(SITE, THERMAL)
THROUGH = SITE.container.rack.pack.cell.runaway.through_plane_k_per_w
GAP = SITE.container.rack.pack.cell.thermal.cell_to_cell_k_per_w - THROUGH


@pytest.mark.parametrize("gap", [0.0, GAP])
def test_layers_follow_a_row_of_slabs_with_gaps(gap: float) -> None:
    site = load_site("demo", {f"{CELL}.thermal.cell_to_cell_k_per_w": THROUGH + gap})
    cells = 4
    thermal = THERMAL._replace(cells_per_row=cells, cell_count=cells, core_to_surface=0.0)
    spread = build_spread_model(site, thermal)
    core = np.array([800.0, 300.0, 320.0, 300.0])
    surface, heat, layer = np.full(cells, 300.0), np.zeros(cells), np.zeros((cells, LAYERS))
    for n in range(1, 1801):
        conduct_layers(spread, thermal, core, surface, heat, layer, 1.0)
        core += heat / thermal.core_heat_capacity
        heat[:] = 0.0
        if n in (60, 600, 1800):
            start = np.repeat([[800.0], [300.0], [320.0], [300.0]], LAYERS, axis=1)
            twin = row_of_slabs(LAYERS, cells, THROUGH, gap, thermal.core_heat_capacity, start, n)
            np.testing.assert_allclose(core[:, None] + layer, twin, atol=0.5)


def test_what_surfaces_exchange_is_not_exchanged_twice() -> None:
    cells = 2
    thermal = THERMAL._replace(cells_per_row=cells, cell_count=cells)
    core, surface, heat = np.full(cells, 300.0), np.array([340.0, 300.0]), np.zeros(cells)
    conduct_layers(SPREAD, thermal, core, surface, heat, np.zeros((cells, LAYERS)), 1.0)
    given = 40.0 * thermal.cell_to_cell
    assert heat == pytest.approx([given, -given])


def test_cells_of_different_rows_do_not_touch() -> None:
    cells = 4
    thermal = THERMAL._replace(cells_per_row=2, cell_count=cells)
    heat = np.zeros(cells)
    core = np.array([300.0, 800.0, 300.0, 300.0])
    conduct_layers(SPREAD, thermal, core, np.full(cells, 300.0), heat, np.zeros((cells, LAYERS)), 1.0)
    assert heat[0] > 0.0
    assert heat[2] == heat[3] == 0.0


@settings(deadline=None)
@given(st.integers(0, 100), st.floats(0.01, 100.0), st.floats(0.0, 5.0))
def test_spreading_neither_wins_nor_loses_heat_and_keeps_sums_at_zero(seed: int, step: float, link: float) -> None:
    rng = np.random.default_rng(seed)
    n, m = THERMAL.cell_count, THERMAL.segment_count
    core, surface, plate = (rng.uniform(290.0, 800.0, size) for size in (n, n, m))
    heat, under, layer = np.zeros(n), np.zeros(n), np.zeros((n, LAYERS))
    before = THERMAL.surface_heat_capacity * surface.sum() + THERMAL.plate_heat_capacity * plate.sum() * n / m
    for _ in range(5):
        conduct_layers(SPREAD, THERMAL, core, surface, heat, layer, step)
        conduct_plate(SPREAD, THERMAL, surface, plate, under, link, step)
    assert heat.sum() == pytest.approx(0.0, abs=1e-9 * np.abs(heat).sum())
    np.testing.assert_allclose(layer.sum(axis=1), 0.0, atol=1e-8)
    np.testing.assert_allclose(under.reshape(m, -1).sum(axis=1), 0.0, atol=1e-8)
    after = THERMAL.surface_heat_capacity * surface.sum() + THERMAL.plate_heat_capacity * plate.sum() * n / m
    assert after == pytest.approx(before, rel=1e-12)
    assert np.isfinite(layer).all()


def test_a_plate_in_segments_with_its_deviations_follows_one_that_is_cut_under_every_cell() -> None:
    n, m = THERMAL.cell_count, THERMAL.segment_count
    alone = THERMAL._replace(core_to_surface=0.0, surface_to_air=0.0, cell_to_cell=0.0)
    surface = np.full(n, 300.0)
    surface[[12, 40]] = 600.0
    start = surface.copy()
    plate, under, heat, core = np.full(m, 300.0), np.zeros(n), np.zeros(n), np.full(n, 300.0)
    for _ in range(300):
        conduct_plate(SPREAD, alone, surface, plate, under, 0.0, 1.0)
        step_pack(alone, core, surface, heat, plate, 1e-12, 1.0, 3300.0, 300.0, 300.0, 1.0)
    twin, twin_plate = surfaces_on_a_plate(alone, SPREAD.along_row, SPREAD.across_rows, start, np.full(n, 300.0), 300.0)
    np.testing.assert_allclose(surface, twin, atol=1.5)
    np.testing.assert_allclose(under + np.repeat(plate, n // m), twin_plate, atol=1.5)


def test_coolant_takes_from_under_a_cell_its_share_of_the_segment() -> None:
    capacity = THERMAL.rated_flow * 3300.0
    count = THERMAL.cell_count / THERMAL.segment_count
    segment = capacity * (1.0 - np.exp(-THERMAL.plate_to_coolant / THERMAL.segment_count / capacity))
    assert to_coolant(THERMAL, capacity, 1.0) * count == pytest.approx(segment)
    assert to_coolant(THERMAL, 0.0, 1.0) == 0.0
