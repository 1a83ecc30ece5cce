"""Coolant on its way round: supply and return line as mixed volumes in series.

    chiller --> 0 --> 1 --> ... --> packs --> N --> ... --> 2N - 1 --> chiller

Node 0 holds the coolant in the chiller and takes up its heat, node N that behind the packs and takes up theirs. A
change travels with the flow: N volumes in series delay it by the volume of the line over the flow, and smear it by
1 / sqrt(N) of that time. Each node is solved exactly for what flows in on the mean over a step, and hands on what flows
out on the mean; so no step is too long, energy closes, and steps of different length agree.

Source: Levenspiel, Chemical Reaction Engineering (1999), chapter 14, tanks in series.
"""

import math
from typing import NamedTuple

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.coolant import CoolantModel, temperature_of
from bms_emulator.plant.relaxation import mean_decay
from bms_emulator.profile.site import SiteProfile


class LoopModel(NamedTuple):
    """Constants of the coolant loop of one container.

    Attributes:
        racks_per_container: Racks on one loop.
        node_count: Mixed volumes of a loop.
        mass: Coolant of one of them [kg]; what expands goes into a tank and does not take part.
        temperature: Of the coolant over its enthalpy, as in its own model.
        segments_per_enthalpy: Of that table [kg/J].
    """

    racks_per_container: int
    node_count: int
    mass: float
    temperature: Array
    segments_per_enthalpy: float


def build_loop_model(site: SiteProfile, coolant: CoolantModel) -> LoopModel:
    """Constants of the coolant loops of a site, filled at rated density."""
    loop = site.container.loop
    node_count = 2 * loop.line_nodes
    return LoopModel(
        racks_per_container=site.container.rack_count,
        node_count=node_count,
        mass=loop.volume_l / 1e3 * coolant.rated_density / node_count,
        temperature=coolant.temperature,
        segments_per_enthalpy=coolant.segments_per_enthalpy,
    )


@scalar
def flow_through(held, entering, gain, exchange, decay, mean):
    """Enthalpy of a mixed volume after a step, and what left it on the mean [J/kg].

    Args:
        held: Enthalpy before the step.
        entering: Enthalpy of what flows in.
        gain: Rise that heat alone would cause in the step.
        exchange: Share of the volume that flows through in the step [1].
        decay: exp(-exchange).
        mean: Mean of the decay over the step.
    """
    # the share of the gain that leaves at once; half of it where next to nothing flows
    leaving = (1.0 - mean) / exchange if exchange > 0.0 else 0.5
    return (
        entering + decay * (held - entering) + mean * gain,
        entering + mean * (held - entering) + leaving * gain,
    )


@scalar
def circulate(enthalpy, chiller_gain, pack_gain, exchange):
    """Let the coolant of one loop go round for a step, in place.

    What enters node 0 is what leaves the last node in the same step. As every node is linear in what enters it, a first
    round with nothing entering and the share that passes through all nodes give it at once.

    Args:
        enthalpy: Of every node [J/kg], shape (node,).
        chiller_gain: Rise of node 0 by its heat alone [J/kg].
        pack_gain: The same behind the packs [J/kg].
        exchange: Share of a node that flows through in the step [1].
    """
    nodes = enthalpy.size
    decay, mean = math.exp(-exchange), mean_decay(exchange)
    entering = 0.0
    for n in range(nodes):
        gain = chiller_gain if n == 0 else pack_gain if n == nodes // 2 else 0.0
        entering = flow_through(enthalpy[n], entering, gain, exchange, decay, mean)[1]
    entering /= 1.0 - (1.0 - mean) ** nodes
    for n in range(nodes):
        gain = chiller_gain if n == 0 else pack_gain if n == nodes // 2 else 0.0
        enthalpy[n], entering = flow_through(enthalpy[n], entering, gain, exchange, decay, mean)


@kernel
def step_loop(
    # model
    racks_per_container,
    node_count,
    mass,
    temperature,
    segments_per_enthalpy,
    # state
    enthalpy,
    supply_temperature,
    inlet_temperature,
    return_temperature,
    # inputs
    flow,
    pressure,
    density,
    chiller_heat,
    pack_heat,
    dt,
):
    """Advance the coolant of every container by dt [s].

    The first arguments are the fields of :class:`LoopModel`: numba looks at them faster than at the tuple.

    Shapes: enthalpy [J/kg] (container, node), pack_heat [W] (rack, pack), all others (container,).
    """
    model = LoopModel(racks_per_container, node_count, mass, temperature, segments_per_enthalpy)
    racks, nodes = model.racks_per_container, model.node_count
    for c in range(flow.size):
        packs_heat = 0.0
        for r in range(c * racks, (c + 1) * racks):
            for p in range(pack_heat.shape[1]):
                packs_heat += pack_heat[r, p]
        # all that the pump puts in hydraulically ends as heat of friction
        friction = pressure[c] * flow[c] / density[c]
        circulate(
            enthalpy[c],
            (chiller_heat[c] + friction) * dt / model.mass,
            packs_heat * dt / model.mass,
            flow[c] * dt / model.mass,
        )
        supply_temperature[c] = temperature_of(model, enthalpy[c, 0])
        inlet_temperature[c] = temperature_of(model, enthalpy[c, nodes // 2 - 1])
        return_temperature[c] = temperature_of(model, enthalpy[c, nodes - 1])
