"""Power conversion system: operating state, and what it demands of the DC bus.

It controls AC power, DC current or DC voltage. The bus gets a demand in the unit of that quantity, with the limits of
current and power that hold before it (see :mod:`bms_emulator.plant.bus`). Reactive power goes beside it, within the
circle of apparent power (see :mod:`bms_emulator.plant.pcs_reactive`).
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.jit import scalar
from bms_emulator.plant.pcs_conversion import ac_power_of, dc_power_of
from bms_emulator.plant.pcs_reactive import (
    BY_EXTERNAL,
    BY_TEMPERATURE,
    REACTIVE_FIRST,
    plan_reactive,
    remainder,
    room_at_slope,
)
from bms_emulator.plant.state import PcsControl, PcsLimit, PcsState

READY = 0
"""Condition: enabled, both breakers closed, grid in service, supplied by a rack, DC voltage within its window."""
NOT_READY = 1
TRIPPED = 2
"""Condition: something is wrong that takes the PCS off at once."""
LEAVING = 3
"""Condition: something is wrong that takes it off by its ramp."""
STARTED = 4
"""Condition: ready, and the start time is over."""
WAITING = 5
"""Condition: asked into standby."""
RELEASED = 6
"""Condition: no longer asked into standby."""
AT_REST = 7
"""Condition: neither active nor reactive power is left."""
SOUND = 8
"""Condition: nothing is wrong."""

TRANSITIONS = np.array(
    [
        # from, condition, to; the first row that holds counts
        *((state, TRIPPED, PcsState.FAULT) for state in PcsState if state is not PcsState.FAULT),
        *((state, LEAVING, PcsState.FAULT) for state in (PcsState.OFF, PcsState.STARTING, PcsState.STANDBY)),
        (PcsState.OFF, READY, PcsState.STARTING),
        (PcsState.STARTING, NOT_READY, PcsState.OFF),
        (PcsState.STARTING, STARTED, PcsState.RUNNING),
        (PcsState.RUNNING, NOT_READY, PcsState.OFF),
        (PcsState.RUNNING, LEAVING, PcsState.STOPPING),
        (PcsState.RUNNING, WAITING, PcsState.STANDBY),
        (PcsState.STANDBY, NOT_READY, PcsState.OFF),
        (PcsState.STANDBY, RELEASED, PcsState.RUNNING),
        (PcsState.STOPPING, NOT_READY, PcsState.OFF),
        (PcsState.STOPPING, AT_REST, PcsState.FAULT),
        (PcsState.FAULT, SOUND, PcsState.OFF),
    ],
    dtype=np.int64,
)
"""Transition table of the PCS."""

STARTING = float(PcsState.STARTING)
RUNNING = float(PcsState.RUNNING)
STANDBY = float(PcsState.STANDBY)
STOPPING = float(PcsState.STOPPING)
FAULT = float(PcsState.FAULT)
POWER = float(PcsControl.POWER)
CURRENT = float(PcsControl.CURRENT)

BY_LIMIT = 1 << PcsLimit.POWER_LIMIT
BY_RATING = 1 << PcsLimit.RATING
BY_BMS = 1 << PcsLimit.BMS
BY_REACTIVE = 1 << PcsLimit.REACTIVE_POWER
OF_POWER = BY_TEMPERATURE | BY_EXTERNAL
"""What makes the active power less, not only the apparent power."""


class PcsModel(NamedTuple):
    """Constants of a PCS, alike for all containers.

    Attributes:
        rated_power: [W].
        rated_apparent: [VA].
        rated_reactive: In either direction [var].
        rated_current: DC [A].
        power_ramp: Fastest change of AC power [W/s].
        reactive_ramp: Fastest change of reactive power [var/s].
        current_ramp: Fastest change of DC current [A/s].
        start_time: In state STARTING [s].
        standby_loss: [W].
        proportional_loss: Share of AC power lost in proportion [1].
        quadratic_loss: Share of rated power lost in proportion to the square, at rated power [1].
        voltage_min: Lowest DC voltage to run at [V].
        voltage_max: Highest DC voltage to run at [V].
        full_voltage: DC voltage below which the apparent power falls in proportion [V].
    """

    rated_power: float
    rated_apparent: float
    rated_reactive: float
    rated_current: float
    power_ramp: float
    reactive_ramp: float
    current_ramp: float
    start_time: float
    standby_loss: float
    proportional_loss: float
    quadratic_loss: float
    voltage_min: float
    voltage_max: float
    full_voltage: float


class Orders(NamedTuple):
    """What a PCS is asked in a step; powers and limits are those of the AC side but where the BMS speaks.

    Attributes:
        control_mode: What is controlled.
        power_setpoint: [W].
        current_setpoint: DC [A].
        voltage_setpoint: DC [V].
        current_limit: DC, while the voltage is controlled, >= 0 [A].
        charge_limit: AC power of charge, >= 0 [W].
        discharge_limit: AC power of discharge, >= 0 [W].
        bms_charge_power: DC, >= 0 [W].
        bms_discharge_power: DC, >= 0 [W].
        bms_charge_current: >= 0 [A].
        bms_discharge_current: >= 0 [A].
        power_ramp: Fastest change asked for [W/s].
        reactive_control: Where the reactive power comes from.
        reactive_setpoint: [var], or share of what is available [1].
        reactive_slope_discharge: Reactive over active power in discharge [1].
        reactive_slope_charge: Reactive over absolute active power in charge [1].
        reactive_priority: 1 where reactive power goes first.
        delivered_limit: >= 0 [var].
        absorbed_limit: >= 0 [var].
        reactive_ramp: Fastest change asked for [var/s].
    """

    control_mode: float
    power_setpoint: float
    current_setpoint: float
    voltage_setpoint: float
    current_limit: float
    charge_limit: float
    discharge_limit: float
    bms_charge_power: float
    bms_discharge_power: float
    bms_charge_current: float
    bms_discharge_current: float
    power_ramp: float
    reactive_control: float
    reactive_setpoint: float
    reactive_slope_discharge: float
    reactive_slope_charge: float
    reactive_priority: float
    delivered_limit: float
    absorbed_limit: float
    reactive_ramp: float


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
def is_switching(state):
    """Whether the semiconductors of a PCS switch in a state."""
    return state in (RUNNING, STOPPING)


@scalar
def conditions_of(ready, trips, leaves, is_over, standby, at_rest):
    """Bits of the conditions of the transition table that hold; `trips` and `leaves` say what is wrong."""
    held = 1 << (READY if ready else NOT_READY)
    held |= (1 << TRIPPED) * trips | (1 << LEAVING) * leaves | (1 << STARTED) * (ready and is_over)
    return (
        held
        | 1 << (WAITING if standby else RELEASED)
        | (1 << AT_REST) * at_rest
        | (1 << SOUND) * (not trips and not leaves)
    )


@scalar
def advance_state(
    # model
    model,
    # state
    state,
    start_time,
    # inputs
    ready,
    trips,
    leaves,
    standby,
    at_rest,
    dt,
):
    """Operating state of a PCS after a step of dt [s], and for how long it has been starting [s]."""
    start_time = start_time + dt if state == STARTING else 0.0
    is_over = start_time > model.start_time - 0.5 * dt
    held = conditions_of(ready, trips, leaves, is_over, standby, at_rest)
    for row in range(TRANSITIONS.shape[0]):
        if state == TRANSITIONS[row, 0] and held >> TRANSITIONS[row, 1] & 1:
            return float(TRANSITIONS[row, 2]), start_time
    return state, start_time


@scalar
def clamp(x, low, high):
    """`x` held within `low` and `high`."""
    return min(max(x, low), high)


@scalar
def approach(x, target, change):
    """`x` moved towards `target` by `change` at most."""
    return x + clamp(target - x, -change, change)


@scalar
def shortfall(model, room, orders, setpoint):
    """Bits of what keeps an AC power [W] from being given; `room` is what the PCS can do."""
    size = abs(setpoint)
    bits = BY_LIMIT if size > (orders.discharge_limit if setpoint > 0.0 else orders.charge_limit) else 0
    bits |= BY_RATING if size > min(model.rated_power, model.rated_apparent) else 0
    bits |= int(room.reasons) & OF_POWER if size > room.power else 0
    return bits | (int(room.reasons) if size > room.apparent else 0)


@scalar
def demand_of(
    # model
    model,
    # state
    state,
    power_target,
    reactive_power,
    # inputs
    room,
    orders,
    bus_current,
    dc_power,
    grid_voltage,
    dt,
):
    """What a PCS demands of its bus in a step of dt [s]; nothing unless it runs.

    Power and current ramp to their set points; a PCS that controls the voltage ramps its current. What the BMS limits
    is yielded at once. A change of the mode goes on from the power and the current of the last step. A PCS that stops
    ramps its power to 0, whatever it controlled.

    Args:
        model: Constants.
        state: Operating state.
        power_target: AC power of its ramp in the last step [W].
        reactive_power: Of the last step [var].
        room: What it can do now, see :func:`bms_emulator.plant.pcs_reactive.room_of`.
        orders: What it is asked.
        bus_current: Of the last step [A].
        dc_power: Of the last step [W].
        grid_voltage: Relative to rated [1].
        dt: Step [s].

    Returns:
        Demand, AC power of its ramp [W], reactive power to go with it [var], and bits of what keeps it from its set
        point.
    """
    if not is_switching(state):
        return Demand(POWER, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0), 0.0, 0.0, 0
    stopping = state == STOPPING
    mode = POWER if stopping else orders.control_mode
    if orders.control_mode != POWER:
        power_target = ac_power_of(model, dc_power, reactive_power, grid_voltage)
    most = min(room.power, room.apparent)
    low = -min(most, orders.charge_limit, room_at_slope(room, orders, orders.reactive_slope_charge))
    high = min(most, orders.discharge_limit, room_at_slope(room, orders, orders.reactive_slope_discharge))
    setpoint = 0.0 if stopping else orders.power_setpoint
    power = power_target
    if mode == POWER:
        change = min(model.power_ramp, orders.power_ramp) * dt
        power = approach(power_target, clamp(setpoint, low, high), change)
    reactive = plan_reactive(model, room, orders, power, reactive_power, stopping, dt)
    if orders.reactive_priority == REACTIVE_FIRST:
        most = min(most, remainder(room.apparent, reactive))
        low, high = max(low, -most), min(high, most)
    current_min = -min(model.rated_current, orders.bms_charge_current)
    current_max = min(model.rated_current, orders.bms_discharge_current)
    power_min, power_max = -orders.bms_charge_power, orders.bms_discharge_power
    if mode == POWER:
        bits = shortfall(model, room, orders, setpoint)
        within = clamp(power, -most, most)  # what it cannot do is yielded at once, a setting by the ramp
        demanded = dc_power_of(model, within, reactive, grid_voltage)
        value = clamp(demanded, power_min, power_max)
        bits |= (BY_REACTIVE if within != power and not bits else 0) | (BY_BMS if value != demanded else 0)
        demand = Demand(POWER, value, current_min, current_max, math.inf, power_min, power_max)
        return demand, ac_power_of(model, value, reactive, grid_voltage), reactive, bits
    power_min = max(power_min, min(0.0, dc_power_of(model, low, reactive, grid_voltage)))
    power_max = min(power_max, dc_power_of(model, high, reactive, grid_voltage))
    if mode == CURRENT:
        current = approach(bus_current, orders.current_setpoint, model.current_ramp * dt)
        demand = Demand(CURRENT, current, current_min, current_max, math.inf, power_min, power_max)
        return demand, power_target, reactive, 0
    voltage = clamp(orders.voltage_setpoint, model.voltage_min, model.voltage_max)
    current_min, current_max = max(current_min, -orders.current_limit), min(current_max, orders.current_limit)
    demand = Demand(mode, voltage, current_min, current_max, model.current_ramp * dt, power_min, power_max)
    return demand, power_target, reactive, BY_RATING if voltage != orders.voltage_setpoint else 0
