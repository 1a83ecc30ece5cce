"""Contactors, precharge resistor and fuse of a rack.

A rack conducts when its main-negative contactor and either the main-positive or the precharge contactor are closed and
its fuse is whole. Contacts follow their coils after the travel time, unless a fault holds them.
"""

import math

from bms_emulator.jit import scalar
from bms_emulator.plant.state import Contactor

MAIN_NEGATIVE = int(Contactor.MAIN_NEGATIVE)
PRECHARGE = int(Contactor.PRECHARGE)
MAIN_POSITIVE = int(Contactor.MAIN_POSITIVE)


@scalar
def is_main_closed(contactor_closed, fuse_closed):
    """Whether a rack conducts past its precharge resistor; `contactor_closed` has shape (contactor)."""
    return contactor_closed[MAIN_NEGATIVE] * contactor_closed[MAIN_POSITIVE] * fuse_closed != 0.0


@scalar
def is_any_main_closed(contactor_closed, fuse_closed):
    """Whether any rack conducts past its precharge resistor; shapes (rack, contactor) and (rack)."""
    supplied = False
    for r in range(fuse_closed.size):
        supplied = supplied or is_main_closed(contactor_closed[r], fuse_closed[r])
    return supplied


@scalar
def path_resistance(contactor_closed, fuse_closed, wiring_resistance, precharge_resistance):
    """Resistance from a string's terminals to the common node of the racks [Ohm]; infinite where the rack is open."""
    if is_main_closed(contactor_closed, fuse_closed):
        return wiring_resistance
    if contactor_closed[MAIN_NEGATIVE] * contactor_closed[PRECHARGE] * fuse_closed != 0.0:
        return wiring_resistance + precharge_resistance
    return math.inf


@scalar
def melt(fuse_heat, current_squared_time, rating, dt):
    """Melting integral of a fuse after a step [A2s]: grows by the excess over its rating, shrinks below it."""
    return max(0.0, fuse_heat + current_squared_time - rating * rating * dt)


@scalar
def warm_resistor(temperature, air_temperature, power, cooling, decay):
    """Temperature of a resistor after a step of constant heating by `power` [W], exact for any step [K].

    It gives `cooling` [W/K] to the air around it; decay = exp(-dt cooling / heat capacity).
    """
    settled = air_temperature + power / cooling
    return settled + (temperature - settled) * decay


@scalar
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
