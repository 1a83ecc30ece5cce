"""Contactors, precharge resistor, fuse, breaker and terminals of a rack.

A rack conducts when its main-negative contactor and either the main-positive or the precharge contactor are closed, its
fuse is whole and its breaker closed. Contacts follow their coils after the travel time, unless a fault holds them; a
coil asks for nothing while the auxiliary supply is too low for it.
"""

import math

from bms_emulator.jit import scalar
from bms_emulator.plant.state import Contactor

MAIN_NEGATIVE = int(Contactor.MAIN_NEGATIVE)
PRECHARGE = int(Contactor.PRECHARGE)
MAIN_POSITIVE = int(Contactor.MAIN_POSITIVE)


@scalar
def is_main_closed(contactor_closed, protection_closed):
    """Whether a rack conducts past its precharge resistor.

    Args:
        contactor_closed: Shape (contactor).
        protection_closed: 1 while both fuse and breaker conduct.
    """
    return contactor_closed[MAIN_NEGATIVE] * contactor_closed[MAIN_POSITIVE] * protection_closed != 0.0


@scalar
def is_any_main_closed(contactor_closed, fuse_closed, breaker_closed):
    """Whether any rack conducts past its precharge resistor; shapes (rack, contactor), (rack) and (rack)."""
    supplied = False
    for r in range(fuse_closed.size):
        supplied = supplied or is_main_closed(contactor_closed[r], fuse_closed[r] * breaker_closed[r])
    return supplied


@scalar
def path_resistance(contactor_closed, protection_closed, wiring_resistance, precharge_resistance):
    """Resistance from a string's terminals to the common node of the racks [Ohm]; infinite where the rack is open."""
    if is_main_closed(contactor_closed, protection_closed):
        return wiring_resistance
    if contactor_closed[MAIN_NEGATIVE] * contactor_closed[PRECHARGE] * protection_closed != 0.0:
        return wiring_resistance + precharge_resistance
    return math.inf


@scalar
def melt(fuse_heat, current_squared_time, rating, dt):
    """Melting integral of a fuse after a step [A2s]: grows by the excess over its rating, shrinks below it."""
    return max(0.0, fuse_heat + current_squared_time - rating * rating * dt)


@scalar
def warm_resistor(temperature, air_temperature, power, cooling, decay):
    """Temperature of a resistor or terminal after a step of constant heating by `power` [W], exact for any step [K].

    It gives `cooling` [W/K] to the air around it; decay = exp(-dt cooling / heat capacity).
    """
    settled = air_temperature + power / cooling
    return settled + (temperature - settled) * decay


@scalar
def operate_breaker(closed, trip, close):
    """Whether a breaker is closed: a trip opens it whatever the hand at it does, and only a hand closes it again."""
    if trip != 0.0:
        return 0.0
    return 1.0 if close != 0.0 else closed


@scalar
def energise(command, closed, supply_voltage, pick_up, drop_out):
    """What a coil asks of its contacts: its command, and nothing below the voltage at which it closes or holds them."""
    return command if supply_voltage >= (drop_out if closed != 0.0 else pick_up) else 0.0


@scalar
def step_contactors(
    # model
    travel_time,
    pick_up,
    drop_out,
    # state
    closed,
    travel,
    phase,
    # inputs
    command,
    supply_voltage,
    # overlay
    hold,
    delay,
    chatter,
    coil_gain,
    dt,
):
    """Move the contacts towards what their coils ask, all arrays of shape (rack, contactor).

    A contact arrives in the tick whose end lies nearest to its travel time. A held contact is where the fault holds it.
    One that chatters falls open for half of every period of its own, two ticks at least, while its coil is energised.
    """
    for r in range(closed.shape[0]):
        for k in range(closed.shape[1]):
            asked = energise(command[r, k], closed[r, k], coil_gain[r, k] * supply_voltage, pick_up, drop_out)
            if chatter[r, k] != 0.0 and command[r, k] != 0.0:
                phase[r, k] = (phase[r, k] + min(chatter[r, k] * dt, 0.5)) % 1.0
                asked = asked if phase[r, k] < 0.5 else 0.0
            if asked == closed[r, k]:
                travel[r, k] = 0.0
            else:
                travel[r, k] += dt
                if travel[r, k] > travel_time + delay[r, k] - 0.5 * dt:
                    closed[r, k] = asked
                    travel[r, k] = 0.0
            closed[r, k] = closed[r, k] if math.isnan(hold[r, k]) else hold[r, k]
