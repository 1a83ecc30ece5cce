"""Heat on its way from the cells of a pack to the coolant.

Every cell has a core and a surface node; surfaces of neighbours touch; below them lies the cold plate, cut into
segments along the coolant's path; the pack loses some heat to the air of the enclosure.

    core -- surface -- plate segment -- coolant          (cells in the order in which the coolant passes them)
              |  \
              |   air
          neighbour

A pack is advanced about once a second, by the implicit Euler method in all but the neighbours' exchange, which is a
hundred times slower than the step and is taken at the old temperatures. What leaves one node enters another in the same
step, so energy closes to rounding. Because all cells of a site share one set of constants, the implicit equations are
solved by elimination in two passes: core into surface, surface into plate, then back.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.schedule import turn
from bms_emulator.profile.site import SiteProfile

FILM_EXPONENT = 0.8
"""Rise of the coolant's film coefficient with flow: turbulent channel flow after Dittus and Boelter. Grade [U]."""


LONGEST_STEP = 1.5
"""Longest slow step that a tick of 10 ms to 1 s leads to, with a margin [s]."""


class ThermalModel(NamedTuple):
    """Constants of one pack.

    Attributes:
        cell_count: Cells of a pack.
        segment_count: Segments of its cold plate.
        core_heat_capacity: Per cell [J/K].
        surface_heat_capacity: Per cell [J/K].
        plate_heat_capacity: Per cell that stands on the plate [J/K].
        core_to_surface: Conductance per cell [W/K].
        surface_to_plate: Conductance per cell [W/K].
        surface_to_air: Conductance per cell [W/K].
        cell_to_cell: Conductance between neighbours [W/K].
        transfer_units: Number of transfer units of the whole plate at rated flow [1].
        rated_flow: Coolant mass flow through the pack [kg/s].
        coolant_heat_capacity: Specific, of the coolant [J/(kg K)].
    """

    cell_count: int
    segment_count: int
    core_heat_capacity: float
    surface_heat_capacity: float
    plate_heat_capacity: float
    core_to_surface: float
    surface_to_plate: float
    surface_to_air: float
    cell_to_cell: float
    transfer_units: float
    rated_flow: float
    coolant_heat_capacity: float


def build_thermal_model(site: SiteProfile) -> ThermalModel:
    """Constants of the packs of a site.

    Raises:
        ValueError: Neighbours would exchange their heat faster than the slow step follows.
    """
    pack, coolant = site.container.rack.pack, site.container.coolant
    cell, plate = pack.cell.thermal, pack.cold_plate
    surface_heat_capacity = cell.heat_capacity_j_per_k * cell.surface_share
    if surface_heat_capacity * cell.cell_to_cell_k_per_w < 2.0 * LONGEST_STEP:
        raise ValueError(
            f"{pack.cell.name}: thermal: heat_capacity_j_per_k * surface_share * cell_to_cell_k_per_w = "
            f"{surface_heat_capacity * cell.cell_to_cell_k_per_w:g} s: must be >= {2.0 * LONGEST_STEP:g} s, "
            "or neighbours would exchange heat faster than the step follows"
        )
    rated_flow = litres_per_minute(plate.rated_flow_lpm, coolant.density_kg_per_m3)
    return ThermalModel(
        cell_count=pack.cell_count,
        segment_count=plate.segments,
        core_heat_capacity=cell.heat_capacity_j_per_k * (1.0 - cell.surface_share),
        surface_heat_capacity=surface_heat_capacity,
        plate_heat_capacity=plate.heat_capacity_j_per_k / pack.cell_count,
        core_to_surface=1.0 / cell.core_to_surface_k_per_w,
        surface_to_plate=1.0 / cell.surface_to_plate_k_per_w,
        surface_to_air=plate.to_air_w_per_k / pack.cell_count,
        cell_to_cell=1.0 / cell.cell_to_cell_k_per_w,
        transfer_units=1.0 / (plate.plate_to_coolant_k_per_w * rated_flow * coolant.heat_capacity_j_per_kg_k),
        rated_flow=rated_flow,
        coolant_heat_capacity=coolant.heat_capacity_j_per_kg_k,
    )


def litres_per_minute(flow_lpm: float, density: float) -> float:
    """Mass flow [kg/s] from a volume flow [L/min] and a density [kg/m3]."""
    return flow_lpm / 60e3 * density


@scalar
def transfer_units(rated, flow_ratio):
    """Number of transfer units UA / (m cp) [1] at a flow relative to rated; UA rises with flow^0.8; infinite at 0."""
    return rated * flow_ratio ** (FILM_EXPONENT - 1.0)


@scalar
def step_pack(
    # model
    model,
    # state
    core,
    surface,
    heat,
    plate,
    # inputs
    flow,
    inlet_temperature,
    air_temperature,
    step,
):
    """Advance one pack by `step` [s]; consumes and zeroes the heat [J] of its cells.

    Returns:
        Temperature of the coolant at the outlet [K], heat to the coolant [W], heat to the air [W], means over the step.
    """
    core_link = step * model.core_to_surface
    plate_link = step * model.surface_to_plate
    air_link = step * model.surface_to_air
    neighbour_link = step * model.cell_to_cell

    # core = core at rest of its surface + core_share * surface;  surface = surface alone + plate_share * plate
    per_core = 1.0 / (model.core_heat_capacity + core_link)
    core_share = per_core * core_link
    per_surface = 1.0 / (model.surface_heat_capacity + core_link * (1.0 - core_share) + plate_link + air_link)
    plate_share = per_surface * plate_link

    last = model.cell_count - 1
    for k in range(model.cell_count):
        core[k] = per_core * (model.core_heat_capacity * core[k] + heat[k])
    for k in range(model.cell_count):
        neighbours = surface[max(k - 1, 0)] - 2.0 * surface[k] + surface[min(k + 1, last)]
        # heat is spent by now: until the end it holds the surface as it would be over a plate at 0 K
        heat[k] = per_surface * (
            model.surface_heat_capacity * surface[k]
            + core_link * core[k]
            + neighbour_link * neighbours
            + air_link * air_temperature
        )

    coolant = inlet_temperature
    surface_sum = 0.0
    units_per_cell = transfer_units(model.transfer_units, flow / model.rated_flow) / model.cell_count
    for j in range(model.segment_count):
        begin = j * model.cell_count // model.segment_count
        end = (j + 1) * model.cell_count // model.segment_count
        count = end - begin
        effectiveness = 1.0 - math.exp(-units_per_cell * count)
        coolant_link = step * flow * model.coolant_heat_capacity * effectiveness
        alone = 0.0
        for k in range(begin, end):
            alone += heat[k]
        capacity = model.plate_heat_capacity * count
        plate[j] = (capacity * plate[j] + plate_link * alone + coolant_link * coolant) / (
            capacity + plate_link * count * (1.0 - plate_share) + coolant_link
        )
        coolant += effectiveness * (plate[j] - coolant)
        surface_sum += alone + count * plate_share * plate[j]
        for k in range(begin, end):
            surface[k] = heat[k] + plate_share * plate[j]
            core[k] += core_share * surface[k]
            heat[k] = 0.0
    coolant_heat = flow * model.coolant_heat_capacity * (coolant - inlet_temperature)
    air_heat = model.surface_to_air * (surface_sum - model.cell_count * air_temperature)
    return coolant, coolant_heat, air_heat


@kernel
def step_packs(
    # model
    model,
    racks_per_container,
    # state
    core,
    surface,
    heat,
    segment_temperature,
    plate_temperature,
    outlet_temperature,
    coolant_heat,
    air_heat,
    # inputs
    flow,
    supply_temperature,
    air_temperature,
    tick,
    slow_ticks,
    dt,
):
    """Advance the packs that are due at this tick by `slow_ticks * dt` [s].

    Shapes: core, surface, heat (rack, cell); segment_temperature (rack, segment); plate_temperature,
    outlet_temperature, coolant_heat, air_heat, flow (rack, pack); supply_temperature, air_temperature (container).
    """
    racks, packs = flow.shape
    cells, segments = model.cell_count, model.segment_count
    step = slow_ticks * dt
    due, due_end = turn(tick, slow_ticks, racks * packs)
    for n in range(due, due_end):
        r, p = n // packs, n % packs
        c = r // racks_per_container
        own = slice(p * cells, (p + 1) * cells)
        plate = segment_temperature[r, p * segments : (p + 1) * segments]
        outlet_temperature[r, p], coolant_heat[r, p], air_heat[r, p] = step_pack(
            model,
            core[r, own],
            surface[r, own],
            heat[r, own],
            plate,
            flow[r, p],
            supply_temperature[c],
            air_temperature[c],
            step,
        )
        plate_temperature[r, p] = plate.mean()
