"""Heat on its way from the cells of a pack to the coolant.

Every cell has a core and a surface node; surfaces of neighbours in a row touch; below them lies the cold plate, cut
into segments along the coolant's path; the pack loses some heat to the air of the enclosure.

    core -- surface -- plate segment -- coolant          (cells in the order in which the coolant passes them)
              |  \
              |   air
          neighbour

A pack is advanced about once a second, in two implicit Euler steps one after the other: neighbours exchange heat, then
heat goes from the cores to coolant and air. Either one is stable and keeps within the temperatures around it for any
length of step, and what leaves one node enters another in it, so energy closes to rounding. Neighbours are split off
because theirs is the weakest path by far, with a time constant above an hour: taking the paths in turn costs less than
a thousandth of that flow at a step of a second. In return both parts can be eliminated by hand with constants that all
cells share: a row by smoothing it forth and back, the way to the coolant in two passes, core into surface, surface into
plate.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.coolant import CoolantModel
from bms_emulator.plant.hydraulics import litres_per_minute
from bms_emulator.plant.schedule import turn
from bms_emulator.profile.site import SiteProfile

TURBULENT_EXPONENT = 0.8
"""Rise of a turbulent film coefficient with flow, after Dittus and Boelter. Grade [U]."""

LAMINAR_FILM = 0.2
"""Laminar film coefficient over the turbulent one at rated flow and temperature: Nusselt numbers of 4 to 8 against 36
(Gnielinski at Re 3000, Pr 30), as in a plate channel of 30 x 8 mm at 10 L/min. Grade [D]."""

BLENDING_EXPONENT = 3
"""Of the root of powers that joins both limits, after Churchill and Usagi, AIChE J. 18 (1972) 1121. Grade [U]."""

NEGLIGIBLE = 1e-20
"""Weight below which a mirrored cell adds nothing to a double."""


class ThermalModel(NamedTuple):
    """Constants of one pack.

    Attributes:
        cell_count: Cells of a pack.
        cells_per_row: Cells that touch in a row.
        segment_count: Segments of its cold plate.
        core_heat_capacity: Per cell [J/K].
        surface_heat_capacity: Per cell [J/K].
        plate_heat_capacity: Per cell that stands on the plate [J/K].
        core_to_surface: Conductance per cell [W/K].
        surface_to_plate: Conductance per cell [W/K].
        surface_to_air: Conductance per cell [W/K].
        cell_to_cell: Conductance between neighbours [W/K].
        plate_to_coolant: Conductance of the whole plate at rated flow and temperature [W/K].
        rated_flow: Coolant mass flow through the pack [kg/s].
    """

    cell_count: int
    cells_per_row: int
    segment_count: int
    core_heat_capacity: float
    surface_heat_capacity: float
    plate_heat_capacity: float
    core_to_surface: float
    surface_to_plate: float
    surface_to_air: float
    cell_to_cell: float
    plate_to_coolant: float
    rated_flow: float


def build_thermal_model(site: SiteProfile, coolant: CoolantModel) -> ThermalModel:
    """Constants of the packs of a site."""
    pack = site.container.rack.pack
    cell, plate = pack.cell.thermal, pack.cold_plate
    return ThermalModel(
        cell_count=pack.cell_count,
        cells_per_row=pack.cells_per_row,
        segment_count=plate.segments,
        core_heat_capacity=cell.heat_capacity_j_per_k * (1.0 - cell.surface_share),
        surface_heat_capacity=cell.heat_capacity_j_per_k * cell.surface_share,
        plate_heat_capacity=plate.heat_capacity_j_per_k / pack.cell_count,
        core_to_surface=1.0 / cell.core_to_surface_k_per_w,
        surface_to_plate=1.0 / cell.surface_to_plate_k_per_w,
        surface_to_air=plate.to_air_w_per_k / pack.cell_count,
        cell_to_cell=1.0 / cell.cell_to_cell_k_per_w,
        plate_to_coolant=1.0 / plate.plate_to_coolant_k_per_w,
        rated_flow=litres_per_minute(plate.rated_flow_lpm, coolant.rated_density),
    )


@scalar
def film_gain(flow_ratio, turbulent, laminar):
    """Film coefficient over that at rated flow and temperature [1], smoothly from laminar to turbulent flow.

    Args:
        flow_ratio: Mass flow over rated [1].
        turbulent: What temperature makes of a turbulent film at equal flow [1].
        laminar: What temperature makes of a laminar film [1].
    """
    stream = turbulent * flow_ratio**TURBULENT_EXPONENT
    share = LAMINAR_FILM**BLENDING_EXPONENT
    return ((1.0 - share) * stream**BLENDING_EXPONENT + share * laminar**BLENDING_EXPONENT) ** (1.0 / BLENDING_EXPONENT)


@scalar
def smoothing_ratio(exchange):
    """How much of its change a cell hands on to its neighbour in one implicit step [1].

    Root below 1 of g r^2 - (1 + 2 g) r + g = 0, the equation of (1 + 2 g) x_k - g (x_k-1 + x_k+1) = 0 for x_k = r^k.

    Args:
        exchange: Step times conductance between neighbours over heat capacity, g [1].
    """
    return 2.0 * exchange / (1.0 + 2.0 * exchange + math.sqrt(1.0 + 4.0 * exchange))


@scalar
def conduct(surface, begin, end, ratio):
    """Let the cells of a row exchange heat for one implicit step, in place.

    The tridiagonal matrix of the row is, with r the ratio, (1 - r)^-2 (1 - r S) (1 - r S'), S and S' being shifts by
    one cell to either side. So its inverse is exponential smoothing forward and then backward. The ends give off no
    heat, as if the row went on beyond them as its mirror image; what the image hands on is a mean over it.
    """
    count = end - begin
    handed_on = weights = 0.0
    weight = 1.0
    for n in range(2 * count):
        handed_on += weight * surface[begin + min(n, 2 * count - 1 - n)]
        weights += weight
        weight *= ratio
        if weight < NEGLIGIBLE:
            break
    handed_on /= weights
    for k in range(begin, end):
        handed_on = (1.0 - ratio) * surface[k] + ratio * handed_on
        surface[k] = handed_on
    for k in range(end - 2, begin - 1, -1):
        handed_on = (1.0 - ratio) * surface[k] + ratio * handed_on
        surface[k] = handed_on


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
    film,
    heat_capacity,
    inlet_temperature,
    air_temperature,
    step,
):
    """Advance one pack by `step` [s]; consumes and zeroes the heat [J] of its cells.

    Args:
        model: Constants.
        core: Temperatures [K], shape (cell,).
        surface: Temperatures [K], shape (cell,).
        heat: Generated in the step [J], shape (cell,).
        plate: Temperatures [K], shape (segment,).
        flow: Coolant mass flow [kg/s].
        film: Film coefficient over that at rated flow and temperature [1].
        heat_capacity: Specific, of the coolant [J/(kg K)].
        inlet_temperature: Of the coolant [K].
        air_temperature: Around the pack [K].
        step: Length [s], any.

    Returns:
        Temperature of the coolant at the outlet [K], heat to the coolant [W], heat to the air [W], means over the step;
        highest core temperature [K].
    """
    core_link = step * model.core_to_surface
    plate_link = step * model.surface_to_plate
    air_link = step * model.surface_to_air

    # core = core at rest of its surface + core_share * surface;  surface = surface alone + plate_share * plate
    per_core = 1.0 / (model.core_heat_capacity + core_link)
    core_share = per_core * core_link
    per_surface = 1.0 / (model.surface_heat_capacity + core_link * (1.0 - core_share) + plate_link + air_link)
    plate_share = per_surface * plate_link

    ratio = smoothing_ratio(step * model.cell_to_cell / model.surface_heat_capacity)
    for begin in range(0, model.cell_count, model.cells_per_row):
        conduct(surface, begin, min(begin + model.cells_per_row, model.cell_count), ratio)
    for k in range(model.cell_count):
        core[k] = per_core * (model.core_heat_capacity * core[k] + heat[k])
        # heat is spent by now: until the end it holds the surface as it would be over a plate at 0 K
        heat[k] = per_surface * (
            model.surface_heat_capacity * surface[k] + core_link * core[k] + air_link * air_temperature
        )

    coolant = inlet_temperature
    surface_sum = 0.0
    core_max = 0.0
    flow_capacity = flow * heat_capacity
    units_per_cell = film * model.plate_to_coolant / flow_capacity / model.cell_count
    count, effectiveness = 0, 0.0
    for j in range(model.segment_count):
        begin = j * model.cell_count // model.segment_count
        end = (j + 1) * model.cell_count // model.segment_count
        if end - begin != count:
            count = end - begin
            effectiveness = 1.0 - math.exp(-units_per_cell * count)
        coolant_link = step * flow_capacity * effectiveness
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
            core_max = max(core_max, core[k])
            heat[k] = 0.0
    coolant_heat = flow_capacity * (coolant - inlet_temperature)
    air_heat = model.surface_to_air * (surface_sum - model.cell_count * air_temperature)
    return coolant, coolant_heat, air_heat, core_max


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
    temperature_max,
    outlet_temperature,
    coolant_heat,
    air_heat,
    unit_heat,
    # inputs
    flow,
    inlet_temperature,
    heat_capacity,
    film_turbulent,
    film_laminar,
    air_temperature,
    tick,
    slow_ticks,
    dt,
):
    """Advance the packs that are due at this tick by `slow_ticks * dt` [s].

    The heat [J] of the monitoring unit at the front of a pack goes to the air around it and is zeroed.

    Shapes: core, surface, heat (rack, cell); segment_temperature (rack, segment); plate_temperature, temperature_max,
    outlet_temperature, coolant_heat, air_heat, unit_heat, flow (rack, pack); inlet_temperature, heat_capacity,
    film_turbulent, film_laminar, air_temperature (container).
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
        outlet_temperature[r, p], coolant_heat[r, p], air_heat[r, p], temperature_max[r, p] = step_pack(
            model,
            core[r, own],
            surface[r, own],
            heat[r, own],
            plate,
            flow[r, p],
            film_gain(flow[r, p] / model.rated_flow, film_turbulent[c], film_laminar[c]),
            heat_capacity[c],
            inlet_temperature[c],
            air_temperature[c],
            step,
        )
        plate_temperature[r, p] = plate.mean()
        air_heat[r, p] += unit_heat[r, p] / step
        unit_heat[r, p] = 0.0
