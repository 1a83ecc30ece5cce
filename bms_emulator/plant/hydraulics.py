"""Flow of the coolant: a pump, a main header with a riser for each rack, and the packs as parallel branches.

    pump ==+=====+=====+       main header, supply and return side by side (direct return)
           |     |     |
          rack  rack  rack     each a riser with its packs, the first pack nearest to the pump

Friction is the sum of a laminar part, linear in flow and viscosity, and a turbulent one, quadratic in flow
(Forchheimer's law): both limits of the friction factor, and within 2 % of the published points of a cold plate. All
parts of a loop share one ratio of the two, that at the flow of the pump. So each resists in proportion to the same
function of the flow, and the shape of the flow does not depend on pump or temperature. One sweep from the farthest pack
back to the pump, at 1 Pa over that pack, gives all flows up to a common factor, and a quadratic equation with the pump
curve gives the factor. No iteration, and a blocked branch is a conductance of 0.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.coolant import CoolantModel
from bms_emulator.profile.container import ContainerProfile
from bms_emulator.profile.site import SiteProfile

SEALED = 1e-100
"""Flow at 1 Pa over the farthest pack up to which a loop counts as blocked: its square is still a number [kg/s]."""


class HydraulicModel(NamedTuple):
    """Constants of the flow of one container; resistances are pressure over rated mass flow squared [Pa s2/kg2].

    Attributes:
        branch_conductance: Flow of each pack at 1 Pa [kg/(s Pa^0.5)], with its throttle, shape (rack, pack).
        riser_resistance: Of the riser from one pack to the next, supply and return together.
        main_resistance: Of the main header from one rack to the next, supply and return together.
        loop_resistance: Of all the rest: chiller, filter, hoses.
        laminar_share: Share of every pressure drop that is laminar at rated flow and temperature [1].
        rated_flow: Of the pump [kg/s].
        pump_resistance: Fall of the pump's head over flow squared.
        shutoff_head: Head of the pump at no flow and rated speed [Pa].
        pump_efficiency: Hydraulic over electrical power [1].
        rated_density: Of the coolant, for which all this holds [kg/m3].
        rated_viscosity: Of the coolant, for which all this holds [Pa s].
    """

    branch_conductance: Array
    riser_resistance: float
    main_resistance: float
    loop_resistance: float
    laminar_share: float
    rated_flow: float
    pump_resistance: float
    shutoff_head: float
    pump_efficiency: float
    rated_density: float
    rated_viscosity: float


def build_hydraulic_model(site: SiteProfile, coolant: CoolantModel) -> HydraulicModel:
    """Constants of the coolant flow of a site; chiller and hoses take the rated head that packs and headers leave over.

    Raises:
        ValueError: Packs and headers alone need more than the rated head at the rated flow.
    """
    container, density = site.container, coolant.rated_density
    pump, plate, packs = container.pump, container.rack.pack.cold_plate, container.rack.pack_count
    branch = plate.pressure_drop_kpa * 1e3 / litres_per_minute(plate.rated_flow_lpm, density) ** 2
    riser = pump.header_resistance_share * branch
    main = pump.header_resistance_share * _manifold_resistance(np.full(packs, 1.0 / math.sqrt(branch)), riser)
    conductance = 1.0 / np.sqrt(branch * (1.0 + _throttles(container)))
    racks = np.array([_manifold_resistance(rack, riser) for rack in conductance])
    packs_and_headers = _manifold_resistance(1.0 / np.sqrt(racks), main)
    rated_flow = litres_per_minute(pump.rated_flow_lpm, density)
    needed = packs_and_headers * rated_flow**2
    if needed > pump.rated_head_kpa * 1e3:
        raise ValueError(
            f"{container.name}: pump.rated_head_kpa = {pump.rated_head_kpa:g}: must be >= {needed / 1e3:.1f}, "
            f"the pressure drop of packs and headers at pump.rated_flow_lpm = {pump.rated_flow_lpm:g}"
        )
    return HydraulicModel(
        branch_conductance=conductance,
        riser_resistance=riser,
        main_resistance=main,
        loop_resistance=pump.rated_head_kpa * 1e3 / rated_flow**2 - packs_and_headers,
        laminar_share=plate.laminar_share,
        rated_flow=rated_flow,
        pump_resistance=(pump.shutoff_head_kpa - pump.rated_head_kpa) * 1e3 / rated_flow**2,
        shutoff_head=pump.shutoff_head_kpa * 1e3,
        pump_efficiency=pump.efficiency,
        rated_density=density,
        rated_viscosity=coolant.rated_viscosity,
    )


def litres_per_minute(flow_lpm: float, density: float) -> float:
    """Mass flow [kg/s] from a volume flow [L/min] and a density [kg/m3]."""
    return flow_lpm / 60e3 * density


def _throttles(container: ContainerProfile) -> Array:
    """Resistance that throttles add to each branch, relative to that of a branch without, shape (rack, pack)."""
    share = np.zeros((container.rack_count, container.rack.pack_count))
    for orifice in container.pump.orifices:
        at = np.ix_(np.unique(orifice.racks) - 1, np.unique(orifice.packs) - 1)
        share[at] += orifice.resistance_share
    return share


def _manifold_resistance(conductance: Array, section: float) -> float:
    """Resistance of branches on a header, seen from its near end [Pa s2/kg2]."""
    head, flow = 1.0, float(conductance[-1])
    for branch in conductance[-2::-1]:
        head += section * flow**2
        flow += float(branch) * math.sqrt(head)
    return head / flow**2


@scalar
def flow_of_pump(quadratic, linear, head):
    """Flow at which friction, quadratic * flow^2 + linear * flow, uses up the head of a pump at no flow [kg/s]."""
    if head <= 0.0:
        return 0.0
    return 2.0 * head / (linear + math.sqrt(linear**2 + 4.0 * quadratic * head))


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
    density,
    viscosity,
    # overlay
    branch_conductance_gain,
    pump_head_gain,
):
    """Flow of every pack and container at the pump's speed.

    Affinity laws: the head of the pump rises with the square of its speed, its curve moves with the speed.

    Shapes: branch_flow [kg/s], branch_conductance_gain [1] (rack, pack); container_flow [kg/s], pressure [Pa],
    pump_power [W], pump_speed, pump_head_gain [1], density [kg/m3], viscosity [Pa s] (container).
    """
    racks, packs = model.branch_conductance.shape
    for c in range(container_flow.size):
        main_head = 1.0
        main_flow = 0.0
        for rack in range(racks - 1, -1, -1):
            r = c * racks + rack
            main_head += model.main_resistance * main_flow**2
            riser_head = 1.0
            riser_flow = 0.0
            for p in range(packs - 1, -1, -1):
                riser_head += model.riser_resistance * riser_flow**2
                conductance = branch_conductance_gain[r, p] * model.branch_conductance[rack, p]
                branch_flow[r, p] = conductance * math.sqrt(riser_head)
                riser_flow += branch_flow[r, p]
            scale = math.sqrt(main_head / riser_head)
            main_flow += scale * riser_flow
            for p in range(packs):
                branch_flow[r, p] *= scale

        by_density = density[c] / model.rated_density
        head = pump_head_gain[c] * by_density * model.shutoff_head * pump_speed[c] ** 2
        flow = 0.0
        if main_flow > SEALED:
            friction = (model.loop_resistance + main_head / main_flow**2) / by_density
            laminar = model.laminar_share * friction
            flow = flow_of_pump(
                model.pump_resistance / by_density + friction - laminar,
                laminar * viscosity[c] / model.rated_viscosity * model.rated_flow,
                head,
            )
            for r in range(c * racks, (c + 1) * racks):
                for p in range(packs):
                    branch_flow[r, p] *= flow / main_flow
        else:
            branch_flow[c * racks : (c + 1) * racks] = 0.0
        container_flow[c] = flow
        pressure[c] = head - model.pump_resistance / by_density * flow**2
        pump_power[c] = pressure[c] * flow / (density[c] * model.pump_efficiency)
