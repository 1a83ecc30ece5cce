"""Contactors, precharge resistor and fuse of a rack.

A rack conducts when its main-negative contactor and either the main-positive or the precharge contactor are closed and
its fuse is whole. Contacts follow their coils after the travel time, unless a fault holds them.
"""

import math

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.state import Contactor

MAIN_NEGATIVE = int(Contactor.MAIN_NEGATIVE)
PRECHARGE = int(Contactor.PRECHARGE)
MAIN_POSITIVE = int(Contactor.MAIN_POSITIVE)

PRECHARGE_COOLING_TIME = 120.0
"""Time constant with which the precharge resistor cools [s]. Grade [U]: wire-wound resistor on a mounting plate."""


@scalar
def is_main_closed(contactor_closed, fuse_closed):
    """Whether a rack conducts past its precharge resistor; `contactor_closed` has shape (contactor)."""
    return contactor_closed[MAIN_NEGATIVE] * contactor_closed[MAIN_POSITIVE] * fuse_closed != 0.0


@scalar
def string_conductance(contactor_closed, fuse_closed, resistance, precharge_resistance):
    """Conductance from the string's source to the bus [S]; 0 where the rack is open."""
    if is_main_closed(contactor_closed, fuse_closed):
        return 1.0 / resistance
    return (
        contactor_closed[MAIN_NEGATIVE]
        * contactor_closed[PRECHARGE]
        * fuse_closed
        / (resistance + precharge_resistance)
    )


@scalar
def melt(fuse_heat, current_squared_time, rating, dt):
    """Melting integral of a fuse after a step [A2s]: grows by the excess over its rating, shrinks below it."""
    return max(0.0, fuse_heat + current_squared_time - rating * rating * dt)


@scalar
def warm_resistor(energy, generated, dt):
    """Heat held by the precharge resistor after a step in which `generated` [J] came in [J]."""
    return energy * math.exp(-dt / PRECHARGE_COOLING_TIME) + generated


@kernel
def step_contactors(
    # model
    travel_time,
    # state
    closed,
    travel,
    # inputs
    command,
    # overlay
    hold,
    dt,
):
    """Move the contacts towards what their coils ask, all arrays of shape (rack, contactor).

    A contact arrives in the tick whose end lies nearest to its travel time. A held contact is where the fault holds it.
    """
    for r in range(closed.shape[0]):
        for k in range(closed.shape[1]):
            if command[r, k] == closed[r, k]:
                travel[r, k] = 0.0
            else:
                travel[r, k] += dt
                if travel[r, k] > travel_time - 0.5 * dt:
                    closed[r, k] = command[r, k]
                    travel[r, k] = 0.0
            closed[r, k] = closed[r, k] if math.isnan(hold[r, k]) else hold[r, k]
