"""DC bus of a container: how strings in parallel share the current of the PCS, in closed form.

The strings meet in a common node; a busbar leads from there to the PCS with its link capacitor C and bleed resistor.
While every string stays on its side (see :mod:`bms_emulator.plant.string`), the strings and the busbar are one source
with a conductance G and a short-circuit current S. For a constant PCS current I over a step the link follows

    V(t) = Vs + (V0 - Vs) exp(-t (G + b) / C),    Vs = (S - I) / (G + b)

which covers precharge through a resistor, a contactor closed onto a dead link, a bus left alone, and normal operation,
where the time constant is far below the step. Its mean over the step obeys

    S - G Vm = I + b Vm + k (Vm - V0),    k = C / dt phi,    phi = (V1 - V0) / (Vm - V0)

so that the capacitor counts as one more source V0 with the conductance k, and all together are a source again: a power
becomes one quadratic equation, a current and a voltage one linear equation. phi is 1 where the step is long and 2 where
it is short; it is taken with all strings on that side on which they conduct better, so that it is known before the
sides are and no step overshoots.

The sides of the last step are tried first. If the voltage of the node contradicts one of them, the equation is solved
again with the sides that belong to that voltage. Should they not settle, as where a power is asked that the strings
give on no side, the PCS takes no current in that step; the voltage then follows by bisection, as currents fall with it.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.contactor import is_main_closed, melt, warm_resistor
from bms_emulator.plant.relaxation import mean_decay, mean_rise
from bms_emulator.plant.state import PcsControl
from bms_emulator.plant.string import (
    Strings,
    as_they_were,
    current_of_power,
    feasible_power,
    line,
    on_either_side,
    path_of,
    share_out,
    side_of,
)

POWER = float(PcsControl.POWER)
CURRENT = float(PcsControl.CURRENT)
VOLTAGE = float(PcsControl.VOLTAGE)

PASSES = 8
"""Most solutions of the bus in a step: one where no string changes sides, mostly two where some do."""

HALVINGS = 100
"""Steps of the bisection, more than enough to come from a kilovolt to the next number."""

WIDEST = 1e9
"""Widest step of the search for a bracket [V]."""


class BusModel(NamedTuple):
    """Constants of racks and DC bus, alike for all containers.

    Attributes:
        racks_per_container: Racks on one bus.
        wiring_resistance: Cables, fuse and contactors of a rack [Ohm].
        busbar_resistance: From the common node of the racks to the PCS [Ohm].
        contactor_travel_time: From coil command to contact [s].
        precharge_resistance: [Ohm].
        precharge_heat_capacity: Of the resistor [J/K].
        precharge_cooling: Of the resistor, to the air of the enclosure [W/K].
        fuse_rating: Current that the fuse carries for good [A].
        fuse_melting_integral: Integral above rating at which the fuse opens [A2s].
        link_capacitance: [F].
        bleed_resistance: Across the link [Ohm].
        link_voltage_max: Highest voltage at which the PCS charges [V].
    """

    racks_per_container: int
    wiring_resistance: float
    busbar_resistance: float
    contactor_travel_time: float
    precharge_resistance: float
    precharge_heat_capacity: float
    precharge_cooling: float
    fuse_rating: float
    fuse_melting_integral: float
    link_capacitance: float
    bleed_resistance: float
    link_voltage_max: float


@scalar
def clamp(x, low, high):
    """`x` held within `low` and `high`."""
    return min(max(x, low), high)


@scalar
def wanted_current(control, demand, source_voltage, resistance, link_voltage):
    """Current at which the PCS gets what it demands from a source, or comes as near as the source lets it [A].

    `link_voltage` is the mean that ends the step at the demanded voltage.
    """
    if control == CURRENT:
        return demand
    if control == VOLTAGE:
        return (source_voltage - link_voltage) / resistance
    return current_of_power(source_voltage, resistance, min(demand, feasible_power(source_voltage, resistance)))


@scalar
def limits(source_voltage, resistance, current_min, current_max, power_min, power_max):
    """Least and largest current that the limits of current and power allow, and that the source can give [A]."""
    most = min(power_max, feasible_power(source_voltage, resistance))
    low = max(current_min, current_of_power(source_voltage, resistance, power_min))
    return low, min(current_max, current_of_power(source_voltage, resistance, most))


@scalar
def is_short(control, demand, power):
    """Whether a power falls short of the demand by more than rounding."""
    return control == POWER and abs(power - demand) > 1e-9 * (1.0 + abs(demand))


@scalar
def beyond(source, resistance):
    """Conductance [S] and short-circuit current [A] of such a source beyond a resistance in series."""
    conductance, current = source
    share = 1.0 / (1.0 + resistance * conductance)
    return share * conductance, share * current


@scalar
def link_memory(model, conductance, dt):
    """How the link follows in a step: decrements of its voltage [1], mean of its way [1], change over mean change [1].

    `conductance` is that of everything that holds its voltage [S].
    """
    decrements = dt * conductance / model.link_capacitance
    rise = mean_rise(decrements)
    return decrements, rise, -math.expm1(-decrements) / rise


@scalar
def node_voltage(strings, busbar_resistance, link_conductance, link_current, voltage):
    """Voltage of the common node at which the strings feed the link and no current is left over, by bisection [V].

    Sets the currents of the strings to that voltage. The link takes `link_conductance` times its voltage less
    `link_current`; the search begins at `voltage`.
    """
    low, high, width = voltage, voltage, 1.0
    while surplus(strings, busbar_resistance, link_conductance, link_current, low) < 0.0 and width < WIDEST:
        low, width = low - width, 2.0 * width
    while surplus(strings, busbar_resistance, link_conductance, link_current, high) > 0.0 and width < WIDEST:
        high, width = high + width, 2.0 * width
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if surplus(strings, busbar_resistance, link_conductance, link_current, middle) > 0.0:
            low = middle
        else:
            high = middle
    return low


@scalar
def surplus(strings, busbar_resistance, link_conductance, link_current, voltage):
    """Current of the strings at a voltage of the common node less what the link takes [A]; falls with the voltage."""
    total, _ = share_out(strings, 0.0, voltage)
    return total - link_conductance * (voltage - busbar_resistance * total) + link_current


@scalar
def solve(
    # model
    model,
    # state
    strings,
    # inputs
    voltage,
    link_conductance,
    link_current,
    last,
    control,
    demand,
    ending,
    current_min,
    current_max,
    current_change,
    power_min,
    power_max,
):
    """Find the PCS current of a step and share it out among the strings.

    Beside the strings the link counts as a source: it takes `link_conductance` times its mean voltage less
    `link_current`. Before the step it had `voltage`, the PCS current was `last`; a demanded voltage is reached where
    the mean is `ending`.

    Returns:
        Current of the PCS [A], mean voltage of the link [V], conductance of the strings as the link sees them [S], and
        whether the demand is met, or would be but for `current_change`.
    """
    busbar = model.busbar_resistance
    otherwise = 0.0 if control == VOLTAGE or demand == 0.0 else math.copysign(1.0, demand)
    for _ in range(PASSES):
        conductance, short_circuit_current = beyond(as_they_were(strings, otherwise), busbar)
        resistance = 1.0 / (conductance + link_conductance)
        source_voltage = resistance * (short_circuit_current + link_current)
        wanted = wanted_current(control, demand, source_voltage, resistance, ending)
        low, high = limits(source_voltage, resistance, current_min, current_max, power_min, power_max)
        allowed = clamp(wanted, low, high)
        current = clamp(clamp(allowed, last - current_change, last + current_change), low, high)
        mean_voltage = source_voltage - resistance * current
        node = mean_voltage + busbar * (short_circuit_current - conductance * mean_voltage)
        _, same = share_out(strings, otherwise, node)
        if same:
            met = allowed == wanted and not is_short(control, demand, current * mean_voltage)
            return current, mean_voltage, conductance, met
        otherwise = 0.0
    node = node_voltage(strings, busbar, link_conductance, link_current, voltage)
    total, _ = share_out(strings, 0.0, node)
    return 0.0, node - busbar * total, conductance, False


@kernel
def split_current(
    # model
    model,
    # state
    current,
    fuse_heat,
    fuse_closed,
    precharge_temperature,
    bus_voltage,
    bus_current,
    dc_power,
    limited,
    feasible_charge_power,
    feasible_discharge_power,
    # inputs
    discharge_source_voltage,
    discharge_resistance,
    charge_source_voltage,
    charge_resistance,
    contactor_closed,
    air_temperature,
    control,
    demand,
    current_min,
    current_max,
    current_change,
    power_min,
    power_max,
    dt,
):
    """Solve the bus of every container for a step of dt [s] and share the current out among its racks.

    `demand` is a power [W], a current [A] or a voltage at the end of the step [V], as `control` says. The limits of
    current and power hold before it and set `limited`; so does a demand that the bus cannot meet. The current changes
    by `current_change` at most, unless a limit asks for more. Rack currents are means over the step; fuse and precharge
    resistor see the integral of the squared current.

    Shapes: (rack) up to `precharge_temperature` and from `discharge_source_voltage` to `charge_resistance`;
    (rack, contactor) for `contactor_closed`; (container) for the rest.
    """
    bleed = 1.0 / model.bleed_resistance
    busbar = model.busbar_resistance
    decay = math.exp(-dt * model.precharge_cooling / model.precharge_heat_capacity)
    for c in range(bus_voltage.size):
        own = slice(c * model.racks_per_container, (c + 1) * model.racks_per_container)
        strings = Strings(
            current[own],
            discharge_source_voltage[own],
            discharge_resistance[own],
            charge_source_voltage[own],
            charge_resistance[own],
            contactor_closed[own],
            fuse_closed[own],
            model.wiring_resistance,
            model.precharge_resistance,
        )
        in_discharge, in_charge = on_either_side(strings)
        giving, giving_current = beyond(in_discharge, busbar)
        taking, taking_current = beyond(in_charge, busbar)
        highest = model.link_voltage_max
        feasible_charge_power[c] = highest * max(0.0, (taking + bleed) * highest - taking_current)
        feasible_discharge_power[c] = feasible_power(giving_current / (giving + bleed), 1.0 / (giving + bleed))

        before = bus_voltage[c]
        decrements, rise, steepness = link_memory(model, max(taking, giving) + bleed, dt)
        link = steepness * model.link_capacitance / dt
        bus_current[c], mean_voltage, conductance, met = solve(
            # model
            model,
            # state
            strings,
            # inputs
            before,
            bleed + link,
            link * before,
            bus_current[c],
            control[c],
            demand[c],
            before + (demand[c] - before) / steepness,
            current_min[c],
            current_max[c],
            current_change[c],
            power_min[c],
            power_max[c],
        )
        bus_voltage[c] = before + steepness * (mean_voltage - before)
        dc_power[c] = mean_voltage * bus_current[c]
        if not met:
            limited[c] = 1.0

        # mean of the squared deviation of the node's voltage from its mean [V2]
        jump = (mean_voltage - before) / rise * (1.0 - busbar * conductance)
        ripple = jump * jump * max(0.0, mean_decay(2.0 * decrements) - (1.0 - rise) ** 2)
        for r in range(own.start, own.stop):
            g, _ = line(strings, r - own.start, side_of(current[r], 0.0), path_of(strings, r - own.start))
            current_squared = current[r] * current[r] + g * g * ripple
            through_precharge = 0.0 if is_main_closed(contactor_closed[r], fuse_closed[r]) else current_squared
            precharge_temperature[r] = warm_resistor(
                precharge_temperature[r],
                air_temperature[c],
                model.precharge_resistance * through_precharge,
                model.precharge_cooling,
                decay,
            )
            fuse_heat[r] = melt(fuse_heat[r], current_squared * dt, model.fuse_rating, dt)
            if fuse_heat[r] >= model.fuse_melting_integral:
                fuse_closed[r] = 0.0
