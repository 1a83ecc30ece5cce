"""Reactive power of a PCS: what is asked, and what the circle of apparent power leaves of it.

S^2 = P^2 + Q^2 <= S_max^2. Either the active power goes first and the reactive power takes what is left, or the other
way about. S_max falls with the temperature, with a low DC voltage (less AC voltage can be made of it), and with a low
grid voltage (the current is limited).
"""

import math
from typing import NamedTuple

from bms_emulator.jit import scalar
from bms_emulator.plant.state import PcsLimit, ReactiveControl

REACTIVE_FIRST = 1.0
SETPOINT = float(ReactiveControl.SETPOINT)
AVAILABLE = float(ReactiveControl.AVAILABLE)
POWER_FACTOR = float(ReactiveControl.POWER_FACTOR)

BY_TEMPERATURE = 1 << PcsLimit.TEMPERATURE
BY_DC_VOLTAGE = 1 << PcsLimit.DC_VOLTAGE
BY_GRID_VOLTAGE = 1 << PcsLimit.GRID_VOLTAGE
BY_EXTERNAL = 1 << PcsLimit.EXTERNAL


class Room(NamedTuple):
    """What a PCS can do now.

    Attributes:
        power: Active power in either direction [W].
        apparent: Apparent power [VA].
        reasons: Bits of what makes that less than its rating.
    """

    power: float
    apparent: float
    reasons: float


@scalar
def room_of(model, warm, gain, dc_voltage, grid_voltage, apparent_limit):
    """What a PCS can do now.

    `warm` is the share that its temperature leaves, `gain` the share that faults leave, `apparent_limit` a setting.
    """
    at_dc = min(1.0, max(0.0, dc_voltage / model.full_voltage))
    at_grid = min(1.0, grid_voltage)
    reasons = (BY_TEMPERATURE if warm < 1.0 else 0) | (BY_EXTERNAL if gain < 1.0 else 0)
    reasons |= (BY_DC_VOLTAGE if at_dc < 1.0 else 0) | (BY_GRID_VOLTAGE if at_grid < 1.0 else 0)
    share = warm * gain
    apparent = min(model.rated_apparent, apparent_limit) * share * at_dc * at_grid
    return Room(model.rated_power * share, apparent, float(reasons))


@scalar
def remainder(apparent, part):
    """What one of active and reactive power leaves for the other on the circle of an apparent power."""
    return math.sqrt(max(0.0, apparent * apparent - part * part))


@scalar
def room_at_slope(room, orders, slope):
    """Most active power at which a power factor that goes first is kept [W]; `slope` is reactive over active power."""
    if orders.reactive_priority != REACTIVE_FIRST or orders.reactive_control != POWER_FACTOR:
        return room.apparent
    return room.apparent / math.sqrt(1.0 + slope * slope)


@scalar
def asked_reactive(orders, power, available):
    """Reactive power asked for beside an active power [W], of which `available` would be left [var]."""
    if orders.reactive_control == SETPOINT:
        return orders.reactive_setpoint
    if orders.reactive_control == AVAILABLE:
        return orders.reactive_setpoint * available
    if orders.reactive_control == POWER_FACTOR:
        return abs(power) * (orders.reactive_slope_discharge if power > 0.0 else orders.reactive_slope_charge)
    return 0.0


@scalar
def plan_reactive(model, room, orders, power, reactive_power, stopping, dt):
    """Reactive power of a step of dt [s] beside an active power [W], after its ramp from the last one [var]."""
    available = remainder(room.apparent, power)
    delivered = min(model.rated_reactive, orders.delivered_limit)
    absorbed = min(model.rated_reactive, orders.absorbed_limit)
    asked = 0.0 if stopping else asked_reactive(orders, power, available)
    asked = min(max(asked, -absorbed), delivered)
    change = min(model.reactive_ramp, orders.reactive_ramp) * dt
    reactive = reactive_power + min(max(asked - reactive_power, -change), change)
    most = room.apparent if orders.reactive_priority == REACTIVE_FIRST else available
    return min(max(reactive, -most), most)
