"""Power conversion system: operating state, mode of control, ramp, limits and losses between AC and DC.

P_dc = P_ac + standby + k1 |P_ac| + k2 P_ac^2 / P_rated        positive in discharge, in both directions

It controls AC power, DC current or DC voltage. The bus gets a demand in the unit of that quantity, with the limits of
current and power that hold before it (see :mod:`bms_emulator.plant.bus`).
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.jit import scalar
from bms_emulator.plant.state import PcsControl, PcsState

READY = 0
"""Condition: enabled, supplied by a rack's main contactors, DC voltage within its window."""
NOT_READY = 1
OUT_OF_WINDOW = 2
"""Condition: enabled and supplied, but the DC voltage lies outside its window."""
STARTED = 3
"""Condition: ready, and the start time is over."""
DISABLED = 4

TRANSITIONS = np.array(
    [
        # from, condition, to; the first row that holds counts
        (PcsState.OFF, READY, PcsState.STARTING),
        (PcsState.STARTING, NOT_READY, PcsState.OFF),
        (PcsState.STARTING, STARTED, PcsState.RUNNING),
        (PcsState.RUNNING, OUT_OF_WINDOW, PcsState.FAULT),
        (PcsState.RUNNING, NOT_READY, PcsState.OFF),
        (PcsState.FAULT, DISABLED, PcsState.OFF),
    ],
    dtype=np.int64,
)
"""Transition table of the PCS."""

STARTING = float(PcsState.STARTING)
RUNNING = float(PcsState.RUNNING)
POWER = float(PcsControl.POWER)
CURRENT = float(PcsControl.CURRENT)


class PcsModel(NamedTuple):
    """Constants of a PCS, alike for all containers.

    Attributes:
        rated_power: [W].
        rated_current: DC [A].
        power_ramp: Fastest change of AC power [W/s].
        current_ramp: Fastest change of DC current [A/s].
        start_time: In state STARTING [s].
        standby_loss: [W].
        proportional_loss: Share of AC power lost in proportion [1].
        quadratic_loss: Share of rated power lost in proportion to the square, at rated power [1].
        voltage_min: Lowest DC voltage to run at [V].
        voltage_max: Highest DC voltage to run at [V].
    """

    rated_power: float
    rated_current: float
    power_ramp: float
    current_ramp: float
    start_time: float
    standby_loss: float
    proportional_loss: float
    quadratic_loss: float
    voltage_min: float
    voltage_max: float


class Demand(NamedTuple):
    """What a PCS asks of its bus in a step.

    Attributes:
        control: What is controlled.
        value: DC power [W], current [A] or voltage at the end of the step [V], whichever is controlled.
        current_min: Least current allowed, <= 0 [A].
        current_max: Largest current allowed, >= 0 [A].
        current_change: Largest change of the current, unless a limit asks for more [A].
        power_min: Least power allowed, <= 0 [W].
        power_max: Largest power allowed, >= 0 [W].
    """

    control: float
    value: float
    current_min: float
    current_max: float
    current_change: float
    power_min: float
    power_max: float


@scalar
def dc_power_of(model, ac_power):
    """DC power that belongs to an AC power [W]."""
    quadratic = model.quadratic_loss * ac_power * ac_power / model.rated_power
    return ac_power + model.standby_loss + model.proportional_loss * abs(ac_power) + quadratic


@scalar
def ac_power_of(model, dc_power):
    """AC power that belongs to a DC power [W], the inverse of `dc_power_of`: one quadratic for each direction."""
    net = dc_power - model.standby_loss
    linear = 1.0 + math.copysign(model.proportional_loss, net)
    quadratic = model.quadratic_loss / model.rated_power
    return 2.0 * net / (linear + math.sqrt(max(0.0, linear * linear + 4.0 * quadratic * net)))


@scalar
def holds(condition, enabled, supplied, in_window, is_over):
    """Whether a condition of the transition table holds."""
    ready = enabled and supplied and in_window
    if condition == READY:
        return ready
    if condition == NOT_READY:
        return not ready
    if condition == OUT_OF_WINDOW:
        return enabled and supplied and not in_window
    if condition == STARTED:
        return ready and is_over
    return not enabled


@scalar
def clamp(x, low, high):
    """`x` held within `low` and `high`."""
    return min(max(x, low), high)


@scalar
def approach(x, target, change):
    """`x` moved towards `target` by `change` at most."""
    return x + clamp(target - x, -change, change)


@scalar
def advance_state(
    # model
    model,
    # state
    state,
    start_time,
    # inputs
    enabled,
    supplied,
    bus_voltage,
    dt,
):
    """Operating state of a PCS after a step of dt [s], and for how long it has been starting [s]."""
    in_window = model.voltage_min <= bus_voltage <= model.voltage_max
    start_time = start_time + dt if state == STARTING else 0.0
    is_over = start_time > model.start_time - 0.5 * dt
    for row in range(TRANSITIONS.shape[0]):
        if state == TRANSITIONS[row, 0] and holds(TRANSITIONS[row, 1], enabled, supplied, in_window, is_over):
            return float(TRANSITIONS[row, 2]), start_time
    return state, start_time


@scalar
def demand_power(model, power_target, setpoint, power_limit, current_min, current_max, power_min, power_max, dt):
    """Demand of a PCS that ramps its AC power to a set point, that power [W], and 1 where a limit keeps it from it."""
    most = min(model.rated_power, power_limit)
    asked = clamp(setpoint, -most, most)
    demanded = dc_power_of(model, approach(power_target, asked, model.power_ramp * dt))
    power = clamp(demanded, power_min, power_max)
    limited = 1.0 if asked != setpoint or power != demanded else 0.0
    demand = Demand(POWER, power, current_min, current_max, math.inf, power_min, power_max)
    return demand, ac_power_of(model, power), limited


@scalar
def demand_of(
    # model
    model,
    # state
    state,
    power_target,
    # inputs
    bus_current,
    dc_power,
    control_mode,
    power_setpoint,
    current_setpoint,
    voltage_setpoint,
    current_limit,
    power_limit,
    charge_power_limit,
    discharge_power_limit,
    charge_current_limit,
    discharge_current_limit,
    dt,
):
    """What a PCS demands of its bus in a step of dt [s]; nothing unless it runs.

    Power and current ramp to their set points; a PCS that controls the voltage ramps its current. What the BMS limits
    is yielded at once. A change of the mode goes on from the power and the current of the last step.

    Returns:
        Demand, AC power of its ramp [W], and 1 where a limit keeps it from its set point.
    """
    if state != RUNNING:
        return Demand(POWER, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0), 0.0, 0.0
    current_min = -min(model.rated_current, charge_current_limit)
    current_max = min(model.rated_current, discharge_current_limit)
    power_min, power_max = -charge_power_limit, discharge_power_limit
    if control_mode == POWER:
        return demand_power(
            model, power_target, power_setpoint, power_limit, current_min, current_max, power_min, power_max, dt
        )
    most = min(model.rated_power, power_limit)
    power_target = ac_power_of(model, dc_power)
    power_min = max(power_min, min(0.0, dc_power_of(model, -most)))
    power_max = min(power_max, dc_power_of(model, most))
    if control_mode == CURRENT:
        current = approach(bus_current, current_setpoint, model.current_ramp * dt)
        demand = Demand(CURRENT, current, current_min, current_max, math.inf, power_min, power_max)
        return demand, power_target, 0.0
    voltage = clamp(voltage_setpoint, model.voltage_min, model.voltage_max)
    current_min, current_max = max(current_min, -current_limit), min(current_max, current_limit)
    demand = Demand(control_mode, voltage, current_min, current_max, model.current_ramp * dt, power_min, power_max)
    return demand, power_target, 1.0 if voltage != voltage_setpoint else 0.0
