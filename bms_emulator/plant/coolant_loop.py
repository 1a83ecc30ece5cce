"""Coolant on its way round: two mixed volumes, one on either side of the packs.

    supply (chiller) --> packs --> return --> supply

Each holds half of the loop's coolant, so a change needs about a turnover of the loop to come round.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.profile.site import SiteProfile


class LoopModel(NamedTuple):
    """Constants of the coolant loop of one container.

    Attributes:
        racks_per_container: Racks on one loop.
        mass: Coolant on either side of the packs [kg].
        heat_capacity: Of that mass [J/K].
        density: Of the coolant [kg/m3].
    """

    racks_per_container: int
    mass: float
    heat_capacity: float
    density: float


def build_loop_model(site: SiteProfile) -> LoopModel:
    """Constants of the coolant loops of a site."""
    coolant = site.container.coolant
    mass = coolant.volume_l / 1e3 * coolant.density_kg_per_m3 / 2.0
    return LoopModel(
        racks_per_container=site.container.rack_count,
        mass=mass,
        heat_capacity=mass * coolant.heat_capacity_j_per_kg_k,
        density=coolant.density_kg_per_m3,
    )


@scalar
def circulate(supply, back, supply_rise, return_rise, turnover):
    """Temperatures of two equal mixed volumes in a ring after one step [K], exact for constant heat and flow.

    Their mean rises by the heat alone; their difference decays at twice the exchange.

    Args:
        supply: Temperature of the one [K].
        back: Temperature of the other [K].
        supply_rise: Rise that the heat put into the one would cause in the step [K].
        return_rise: The same for the other [K].
        turnover: Share of either volume that is exchanged in the step [1].
    """
    mean = 0.5 * (supply + back + supply_rise + return_rise)
    difference = math.exp(-2.0 * turnover) * (back - supply)
    difference += mean_decay(2.0 * turnover) * (return_rise - supply_rise)
    return mean - 0.5 * difference, mean + 0.5 * difference


@kernel
def step_loop(
    # model
    model,
    # state
    supply_temperature,
    return_temperature,
    # inputs
    flow,
    pressure,
    chiller_heat,
    pack_heat,
    dt,
):
    """Advance the coolant of every container by dt [s].

    Shapes: pack_heat [W] (rack, pack), all others (container,).
    """
    racks = model.racks_per_container
    for c in range(flow.size):
        packs_heat = 0.0
        for r in range(c * racks, (c + 1) * racks):
            for p in range(pack_heat.shape[1]):
                packs_heat += pack_heat[r, p]
        # all that the pump puts in hydraulically ends as heat of friction
        friction = pressure[c] * flow[c] / model.density
        supply_temperature[c], return_temperature[c] = circulate(
            supply_temperature[c],
            return_temperature[c],
            (chiller_heat[c] + friction) * dt / model.heat_capacity,
            packs_heat * dt / model.heat_capacity,
            flow[c] * dt / model.mass,
        )
