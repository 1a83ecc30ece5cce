"""Power conversion system: operating state, mode of control, ramp, limits and losses between AC and DC.

P_dc = P_ac + standby + k1 |P_ac| + k2 P_ac^2 / P_rated        positive in discharge, in both directions

It controls AC power, DC current or DC voltage. The bus gets a demand in the unit of that quantity, with the limits of
current and power that hold before it (see :mod:`bms_emulator.plant.bus`).
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.contactor import is_main_closed
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


@kernel
def step_pcs(
    # model
    model,
    racks_per_container,
    # state
    state,
    start_time,
    power_target,
    limited,
    # inputs
    contactor_closed,
    fuse_closed,
    bus_voltage,
    bus_current,
    dc_power,
    enable,
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
    # out
    control,
    demand,
    current_min,
    current_max,
    current_change,
    power_min,
    power_max,
    dt,
):
    """Advance the operating state and form what each PCS demands of its bus; nothing unless it runs.

    Power and current ramp to their set points; a PCS that controls the voltage ramps its current. What the BMS limits
    is yielded at once. A change of the mode goes on from the power and the current of the last step.

    Shapes: contactor_closed (rack, contactor), fuse_closed (rack), the rest (container).
    """
    for c in range(state.size):
        supplied = False
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            supplied = supplied or is_main_closed(contactor_closed[r], fuse_closed[r])
        in_window = model.voltage_min <= bus_voltage[c] <= model.voltage_max
        start_time[c] = start_time[c] + dt if state[c] == STARTING else 0.0
        is_over = start_time[c] > model.start_time - 0.5 * dt
        for row in range(TRANSITIONS.shape[0]):
            if state[c] == TRANSITIONS[row, 0] and holds(
                TRANSITIONS[row, 1], enable[c] != 0.0, supplied, in_window, is_over
            ):
                state[c] = TRANSITIONS[row, 2]
                break

        control[c], current_change[c] = POWER, math.inf
        if state[c] != RUNNING:
            power_target[c] = limited[c] = demand[c] = 0.0
            current_min[c] = current_max[c] = power_min[c] = power_max[c] = 0.0
            continue
        current_min[c] = -min(model.rated_current, charge_current_limit[c])
        current_max[c] = min(model.rated_current, discharge_current_limit[c])
        power_min[c], power_max[c] = -charge_power_limit[c], discharge_power_limit[c]
        most = min(model.rated_power, power_limit[c])
        if control_mode[c] == POWER:
            asked = clamp(power_setpoint[c], -most, most)
            demanded = dc_power_of(model, approach(power_target[c], asked, model.power_ramp * dt))
            demand[c] = clamp(demanded, power_min[c], power_max[c])
            power_target[c] = ac_power_of(model, demand[c])
            limited[c] = 1.0 if asked != power_setpoint[c] or demand[c] != demanded else 0.0
            continue
        control[c] = control_mode[c]
        power_target[c] = ac_power_of(model, dc_power[c])
        power_min[c] = max(power_min[c], min(0.0, dc_power_of(model, -most)))
        power_max[c] = min(power_max[c], dc_power_of(model, most))
        if control_mode[c] == CURRENT:
            demand[c] = approach(bus_current[c], current_setpoint[c], model.current_ramp * dt)
            limited[c] = 0.0
        else:
            demand[c] = clamp(voltage_setpoint[c], model.voltage_min, model.voltage_max)
            limited[c] = 1.0 if demand[c] != voltage_setpoint[c] else 0.0
            current_change[c] = model.current_ramp * dt
            current_min[c] = max(current_min[c], -current_limit[c])
            current_max[c] = min(current_max[c], current_limit[c])


@kernel
def meter_power(
    # model
    model,
    # state
    power,
    loss,
    energy_exported,
    energy_imported,
    energy_charged,
    energy_discharged,
    # inputs
    state,
    dc_power,
    dt,
):
    """Settle AC power, loss and energies with the DC power that the bus gave, all arrays of shape (container)."""
    for c in range(state.size):
        power[c] = ac_power_of(model, dc_power[c]) if state[c] == RUNNING else 0.0
        loss[c] = dc_power[c] - power[c]
        energy_exported[c] += max(power[c], 0.0) * dt
        energy_imported[c] += max(-power[c], 0.0) * dt
        energy_discharged[c] += max(dc_power[c], 0.0) * dt
        energy_charged[c] += max(-dc_power[c], 0.0) * dt
