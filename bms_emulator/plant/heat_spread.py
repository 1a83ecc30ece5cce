"""Heat on its way through a pack at work: through the cells from face to face, and along the cold plate.

In a calm pack a cell has one core, and the plate one temperature to a segment. Next to a fire neither is enough. A cell
conducts so badly through its thickness that its face burns long before its middle is warm, and the plate is hot under
the fire and cold some cells on. Both are added here as deviations from what the network of the pack (`thermal`) knows,
so that it stays as it is:

    layer of a cell      l_i, above its core's mean; they sum to 0 over a cell
    plate under a cell   u_k, above its segment's mean; they sum to 0 over a segment

Layers conduct to each other, and those at the faces to the neighbour. The network lets surfaces of neighbours touch;
they lie between jelly roll and plate, and are cold where cores burn. So what they exchange is taken back from the
cores, and both paths together carry what goes through the faces:

    q = (T_last layer of k - T_first layer of k+1) / (R - Rt + Rt / n)      R from middle to middle, Rt the cell's own

The plate conducts along a row and across rows, to coolant and surfaces with what the network gives a cell. All steps
are explicit, cut so that they are stable.
"""

import math
from typing import Final, NamedTuple

from bms_emulator.jit import scalar
from bms_emulator.plant.thermal import ThermalModel
from bms_emulator.profile.runaway import LAYERS
from bms_emulator.profile.site import SiteProfile

SAFE: Final = 0.2
"""Share of a difference that one explicit step may even out [1]."""


class SpreadModel(NamedTuple):
    """Constants of the ways that only a pack at work knows.

    Attributes:
        layer_heat_capacity: Of a layer [J/K].
        layer_to_layer: Conductance between neighbouring layers [W/K].
        face_to_face: Conductance between the outermost layers of neighbouring cells [W/K].
        along_row: Conductance of the plate from cell to cell in a row [W/K].
        across_rows: Conductance of the plate to the same place in the next row [W/K].
    """

    layer_heat_capacity: float
    layer_to_layer: float
    face_to_face: float
    along_row: float
    across_rows: float


def build_spread_model(site: SiteProfile, thermal: ThermalModel) -> SpreadModel:
    """Constants of the packs of a site; cells that lie closer than their own resistance touch without a gap."""
    pack = site.container.rack.pack
    through = pack.cell.runaway.through_plane_k_per_w
    gap = max(pack.cell.thermal.cell_to_cell_k_per_w - through, 0.0)
    return SpreadModel(
        layer_heat_capacity=thermal.core_heat_capacity / LAYERS,
        layer_to_layer=LAYERS / through,
        face_to_face=1.0 / (gap + through / LAYERS),
        along_row=pack.cold_plate.along_row_w_per_k,
        across_rows=pack.cold_plate.across_rows_w_per_k,
    )


@scalar
def conduct_layers(model, thermal, core, surface, heat, layer, step):
    """Let the layers of a pack's cells exchange heat, within the cells and through their faces, for `step` [s].

    Shapes: core, surface [K], heat [J] (cell); layer [K] (cell, layer).
    """
    cells, last = core.size, layer.shape[1] - 1
    fastest = 2.0 * max(model.layer_to_layer, model.face_to_face) / model.layer_heat_capacity
    count = int(step * fastest / SAFE) + 1
    dt = step / count
    per_layer = dt / model.layer_heat_capacity
    kept = 1.0 / (1.0 + step * thermal.core_to_surface / thermal.core_heat_capacity)
    for k in range(cells - 1):
        if (k + 1) % thermal.cells_per_row != 0:
            touching = step * thermal.cell_to_cell * (surface[k] - surface[k + 1])
            heat[k] += touching
            heat[k + 1] -= touching
    for _ in range(count):
        # the face of the cell before gives to the first layer of this one
        given = 0.0
        for k in range(cells):
            taken = 0.0
            if k + 1 < cells and (k + 1) % thermal.cells_per_row != 0:
                taken = model.face_to_face * (core[k] + layer[k, last] - core[k + 1] - layer[k + 1, 0])
            heat[k] += dt * (given - taken)
            mean = (given - taken) / (last + 1)
            flow = given
            for i in range(last + 1):
                onward = model.layer_to_layer * (layer[k, i] - layer[k, i + 1]) if i < last else taken
                layer[k, i] += per_layer * (flow - onward - mean)
                flow = onward
            given = taken
    # what the mean gives to the surface comes from warm layers more than from cold ones
    for k in range(cells):
        for i in range(last + 1):
            layer[k, i] *= kept


@scalar
def to_coolant(thermal, flow_capacity, film):
    """Conductance from the plate under one cell to the coolant that enters its segment [W/K].

    Args:
        thermal: Constants of the pack.
        flow_capacity: Of the coolant through the pack [W/K].
        film: Film coefficient over that at rated flow and temperature [1].
    """
    if flow_capacity == 0.0:
        return 0.0
    count = thermal.cell_count / thermal.segment_count
    units = film * thermal.plate_to_coolant / flow_capacity * count / thermal.cell_count
    return flow_capacity * (1.0 - math.exp(-units)) / count


@scalar
def conduct_plate(model, thermal, surface, plate, under, coolant_link, step):
    """Let the plate of a pack conduct sideways for `step` [s].

    Shapes: surface, under [K] (cell); plate [K] (segment).

    Args:
        model: Constants of the spreading.
        thermal: Constants of the pack.
        surface: Temperatures [K].
        plate: Mean temperatures [K].
        under: Plate under each cell above its segment [K].
        coolant_link: Plate under one cell to the coolant [W/K].
        step: Length [s].
    """
    cells, row = thermal.cell_count, thermal.cells_per_row
    capacity = thermal.plate_heat_capacity
    sinks = thermal.surface_to_plate + coolant_link
    fastest = (sinks + 2.0 * model.along_row + 2.0 * model.across_rows) / capacity
    count = int(step * fastest / SAFE) + 1
    dt = step / count
    for _ in range(count):
        for j in range(thermal.segment_count):
            begin = j * cells // thermal.segment_count
            end = (j + 1) * cells // thermal.segment_count
            mean = 0.0
            for k in range(begin, end):
                mean += surface[k] / (end - begin)
            for k in range(begin, end):
                from_plate = thermal.surface_to_plate * under[k]
                own = thermal.surface_to_plate * (surface[k] - mean)
                under[k] += dt / capacity * (own - from_plate - coolant_link * under[k])
                surface[k] += dt / thermal.surface_heat_capacity * from_plate
                under[k] += plate[j]
        # now they hold temperatures; heat goes on in the order of the cells, each pair once
        for k in range(cells):
            if (k + 1) % row != 0 and k + 1 < cells:
                moved = dt / capacity * model.along_row * (under[k] - under[k + 1])
                under[k] -= moved
                under[k + 1] += moved
            if k + row < cells:
                moved = dt / capacity * model.across_rows * (under[k] - under[k + row])
                under[k] -= moved
                under[k + row] += moved
        for j in range(thermal.segment_count):
            begin = j * cells // thermal.segment_count
            end = (j + 1) * cells // thermal.segment_count
            mean = 0.0
            for k in range(begin, end):
                mean += under[k] / (end - begin)
            plate[j] = mean
            for k in range(begin, end):
                under[k] -= mean
