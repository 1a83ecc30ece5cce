"""Flow of the coolant: a pump, a main header with a riser for each rack, and the packs as parallel branches.

    pump ==+=====+=====+       main header, supply and return side by side (direct return)
           |     |     |
          rack  rack  rack     each a riser with its packs, the first pack nearest to the header

Every part resists with the square of its flow, so the shape of the flow does not depend on the pump: one sweep from the
farthest pack back to the pump, at 1 Pa over that pack, gives all flows up to a common factor, and the pump curve gives
the factor. No iteration, and a blocked branch is a conductance of 0.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel
from bms_emulator.plant.thermal import litres_per_minute
from bms_emulator.profile.site import SiteProfile


class HydraulicModel(NamedTuple):
    """Constants of the flow of one container; resistances are pressure over mass flow squared [Pa s2/kg2].

    Attributes:
        racks_per_container: Racks on the main header.
        branch_resistance: Of one pack.
        riser_resistance: Of the riser from one pack to the next, supply and return together.
        main_resistance: Of the main header from one rack to the next, supply and return together.
        loop_resistance: Of all the rest: chiller, filter, hoses.
        pump_resistance: Fall of the pump's head over flow squared.
        shutoff_head: Head of the pump at no flow and rated speed [Pa].
        pump_efficiency: Hydraulic over electrical power [1].
        density: Of the coolant [kg/m3].
    """

    racks_per_container: int
    branch_resistance: float
    riser_resistance: float
    main_resistance: float
    loop_resistance: float
    pump_resistance: float
    shutoff_head: float
    pump_efficiency: float
    density: float


def build_hydraulic_model(site: SiteProfile) -> HydraulicModel:
    """Constants of the coolant flow of a site; chiller and hoses take the rated head that packs and headers leave over.

    Raises:
        ValueError: Packs and headers alone need more than the rated head at the rated flow.
    """
    container = site.container
    pump, plate, density = container.pump, container.rack.pack.cold_plate, container.coolant.density_kg_per_m3
    branch = plate.pressure_drop_kpa * 1e3 / litres_per_minute(plate.rated_flow_lpm, density) ** 2
    riser = pump.header_resistance_share * branch
    rack = _manifold_resistance(branch, riser, container.rack.pack_count)
    main = pump.header_resistance_share * rack
    packs_and_headers = _manifold_resistance(rack, main, container.rack_count)
    rated_flow = litres_per_minute(pump.rated_flow_lpm, density)
    needed = packs_and_headers * rated_flow**2
    if needed > pump.rated_head_kpa * 1e3:
        raise ValueError(
            f"{container.name}: pump.rated_head_kpa = {pump.rated_head_kpa:g}: must be >= {needed / 1e3:.1f}, "
            f"the pressure drop of packs and headers at pump.rated_flow_lpm = {pump.rated_flow_lpm:g}"
        )
    return HydraulicModel(
        racks_per_container=container.rack_count,
        branch_resistance=branch,
        riser_resistance=riser,
        main_resistance=main,
        loop_resistance=pump.rated_head_kpa * 1e3 / rated_flow**2 - packs_and_headers,
        pump_resistance=(pump.shutoff_head_kpa - pump.rated_head_kpa) * 1e3 / rated_flow**2,
        shutoff_head=pump.shutoff_head_kpa * 1e3,
        pump_efficiency=pump.efficiency,
        density=density,
    )


def _manifold_resistance(branch: float, section: float, count: int) -> float:
    """Resistance of equal branches on a header, seen from its near end [Pa s2/kg2]."""
    head, flow = 1.0, math.sqrt(1.0 / branch)
    for _ in range(count - 1):
        head += section * flow**2
        flow += math.sqrt(head / branch)
    return head / flow**2


@kernel
def split_flow(
    # model
    model,
    # state
    branch_flow,
    container_flow,
    pressure,
    pump_power,
    # inputs
    pump_speed,
    # overlay
    branch_conductance_gain,
):
    """Flow of every pack and container at the pump's speed.

    Affinity laws: flow rises with speed, head with its square, power with its cube.

    Shapes: branch_flow [kg/s], branch_conductance_gain [1] (rack, pack); container_flow [kg/s], pressure [Pa],
    pump_power [W], pump_speed [1] (container).
    """
    packs = branch_flow.shape[1]
    racks = model.racks_per_container
    for c in range(container_flow.size):
        main_head = 1.0
        main_flow = 0.0
        for r in range((c + 1) * racks - 1, c * racks - 1, -1):
            main_head += model.main_resistance * main_flow**2
            riser_head = 1.0
            riser_flow = 0.0
            for p in range(packs - 1, -1, -1):
                riser_head += model.riser_resistance * riser_flow**2
                branch_flow[r, p] = branch_conductance_gain[r, p] * math.sqrt(riser_head / model.branch_resistance)
                riser_flow += branch_flow[r, p]
            scale = math.sqrt(main_head / riser_head)
            main_flow += scale * riser_flow
            for p in range(packs):
                branch_flow[r, p] *= scale
        head = pump_speed[c] ** 2 * model.shutoff_head
        scale = math.sqrt(head / ((model.pump_resistance + model.loop_resistance) * main_flow**2 + main_head))
        for r in range(c * racks, (c + 1) * racks):
            for p in range(packs):
                branch_flow[r, p] *= scale
        container_flow[c] = scale * main_flow
        pressure[c] = head - model.pump_resistance * container_flow[c] ** 2
        pump_power[c] = pressure[c] * container_flow[c] / (model.density * model.pump_efficiency)
