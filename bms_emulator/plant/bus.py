"""DC bus of a container: how strings in parallel share the current of the PCS, in closed form.

The strings meet in a common node; a busbar leads from there to the PCS with its link capacitor C and bleed resistor.
While the PCS's breaker is open a small filter capacitor stands in for these, while it charges its link through a
resistor of its own that resistor is in series with the busbar: the same circuit with other numbers.
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

from bms_emulator.jit import scalar
from bms_emulator.plant.contactor import is_main_closed, melt, warm_resistor
from bms_emulator.plant.relaxation import mean_decay, mean_rise
from bms_emulator.plant.state import PcsControl
from bms_emulator.plant.string import (
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
        wiring_resistance: Cables, fuse and contactors of a rack [Ohm].
        busbar_resistance: From the common node of the racks to the PCS [Ohm].
        contactor_travel_time: From coil command to contact [s].
        precharge_resistance: [Ohm].
        precharge_heat_capacity: Of the resistor [J/K].
        precharge_cooling: Of the resistor, to the air of the enclosure [W/K].
        fuse_rating: Current that the fuse carries for good [A].
        fuse_melting_integral: Integral above rating at which the fuse opens [A2s].
        coil_pick_up: Auxiliary supply from which coils close their contacts [V].
        coil_drop_out: Auxiliary supply below which they let them go [V].
        terminal_resistance: Of a sound terminal, part of the wiring resistance [Ohm].
        terminal_heat_capacity: [J/K].
        terminal_cooling: To the air of the enclosure [W/K].
        link_capacitance: [F].
        bleed_resistance: Across the link [Ohm].
        link_voltage_max: Highest voltage at which the PCS charges [V].
        link_precharge_resistance: In series with the link while the PCS charges it [Ohm].
        filter_capacitance: On the racks' side of the PCS's breaker [F].
        filter_bleed_resistance: Across the filter [Ohm].
    """

    wiring_resistance: float
    busbar_resistance: float
    contactor_travel_time: float
    precharge_resistance: float
    precharge_heat_capacity: float
    precharge_cooling: float
    fuse_rating: float
    fuse_melting_integral: float
    coil_pick_up: float
    coil_drop_out: float
    terminal_resistance: float
    terminal_heat_capacity: float
    terminal_cooling: float
    link_capacitance: float
    bleed_resistance: float
    link_voltage_max: float
    link_precharge_resistance: float
    filter_capacitance: float
    filter_bleed_resistance: float


class Link(NamedTuple):
    """What hangs on the common node of the racks: a capacitor behind a resistance.

    Attributes:
        resistance: From the node to the capacitor [Ohm].
        capacitance: [F].
        bleed_resistance: Across the capacitor [Ohm].
        voltage_max: Highest voltage at which the PCS charges [V].
    """

    resistance: float
    capacitance: float
    bleed_resistance: float
    voltage_max: float


class Solution(NamedTuple):
    """What a step gave at the bus of a container.

    Attributes:
        current: Of the PCS [A].
        voltage: Of the link at the end [V].
        power: DC power of the PCS [W].
        met: Whether the demand is met, or would be but for its largest change of the current.
        feasible_charge_power: At which the bus reaches the highest voltage of the PCS, >= 0 [W].
        feasible_discharge_power: Largest that the racks can give, >= 0 [W].
        ripple: Mean square of the deviation of the strings' node from its mean voltage [V2].
        conductance: Of the strings as the link sees them [S].
        mean_voltage: Of the link [V].
    """

    current: float
    voltage: float
    power: float
    met: bool
    feasible_charge_power: float
    feasible_discharge_power: float
    ripple: float
    conductance: float
    mean_voltage: float


@scalar
def across(resistance, conductance):
    """Resistance with a conductance [S] beside it [Ohm]."""
    return resistance / (1.0 + resistance * conductance)


@scalar
def link_of(model, breaker_closed=1.0, precharge_closed=0.0, short_conductance=0.0, added_capacitance=0.0):
    """What hangs on the racks: the PCS's link, that behind its own resistor, or no more than the filter before it.

    A short [S] lies across it wherever it is; a capacitance [F] may have been added to that of the PCS.
    """
    capacitance = model.link_capacitance + added_capacitance
    bleed = across(model.bleed_resistance, short_conductance)
    if breaker_closed != 0.0:
        return Link(model.busbar_resistance, capacitance, bleed, model.link_voltage_max)
    if precharge_closed != 0.0:
        resistance = model.busbar_resistance + model.link_precharge_resistance
        return Link(resistance, capacitance, bleed, model.link_voltage_max)
    bleed = across(model.filter_bleed_resistance, short_conductance)
    return Link(model.busbar_resistance, model.filter_capacitance, bleed, model.link_voltage_max)


@scalar
def decay_link(model, voltage, added_capacitance, dt):
    """Voltage of a link that only bleeds after dt [s] [V]."""
    return voltage * math.exp(-dt / (model.bleed_resistance * (model.link_capacitance + added_capacitance)))


@scalar
def voltage_before(strings, solution, resistance):
    """Voltage at the end of a step before a resistance through which the strings feed the link [V].

    Their currents are means over the step; towards its end they follow the voltage of the link.
    """
    total = 0.0
    for r in range(strings.current.size):
        total += strings.current[r]
    total -= solution.conductance * (solution.voltage - solution.mean_voltage)
    return solution.voltage + resistance * total


@scalar
def clamp(x, low, high):
    """`x` held within `low` and `high`."""
    return min(max(x, low), high)


@scalar
def wanted_current(demand, source_voltage, resistance, link_voltage):
    """Current at which the PCS gets what it demands from a source, or comes as near as the source lets it [A].

    `link_voltage` is the mean that ends the step at the demanded voltage.
    """
    if demand.control == CURRENT:
        return demand.value
    if demand.control == VOLTAGE:
        return (source_voltage - link_voltage) / resistance
    return current_of_power(source_voltage, resistance, min(demand.value, feasible_power(source_voltage, resistance)))


@scalar
def limits(demand, source_voltage, resistance):
    """Least and largest current that the limits of current and power allow, and that the source can give [A]."""
    most = min(demand.power_max, feasible_power(source_voltage, resistance))
    low = max(demand.current_min, current_of_power(source_voltage, resistance, demand.power_min))
    return low, min(demand.current_max, current_of_power(source_voltage, resistance, most))


@scalar
def is_short(demand, power):
    """Whether a power falls short of the demand by more than rounding."""
    return demand.control == POWER and abs(power - demand.value) > 1e-9 * (1.0 + abs(demand.value))


@scalar
def beyond(source, resistance):
    """Conductance [S] and short-circuit current [A] of such a source beyond a resistance in series."""
    conductance, current = source
    share = 1.0 / (1.0 + resistance * conductance)
    return share * conductance, share * current


@scalar
def link_memory(link, conductance, dt):
    """How the link follows in a step: decrements of its voltage [1], mean of its way [1], change over mean change [1].

    `conductance` is that of everything that holds its voltage [S].
    """
    decrements = dt * conductance / link.capacitance
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
    busbar,
    # state
    strings,
    # inputs
    demand,
    voltage,
    last,
    link_conductance,
    link_current,
    ending,
):
    """Find the PCS current of a step and share it out among the strings.

    Beside the strings the link counts as a source: it takes `link_conductance` times its mean voltage less
    `link_current`. Before the step it had `voltage`, the PCS current was `last`; a demanded voltage is reached where
    the mean is `ending`.

    Returns:
        Current of the PCS [A], mean voltage of the link [V], conductance of the strings as the link sees them [S], and
        whether the demand is met, or would be but for its `current_change`.
    """
    otherwise = 0.0 if demand.control == VOLTAGE or demand.value == 0.0 else math.copysign(1.0, demand.value)
    for _ in range(PASSES):
        conductance, short_circuit_current = beyond(as_they_were(strings, otherwise), busbar)
        resistance = 1.0 / (conductance + link_conductance)
        source_voltage = resistance * (short_circuit_current + link_current)
        wanted = wanted_current(demand, source_voltage, resistance, ending)
        low, high = limits(demand, source_voltage, resistance)
        allowed = clamp(wanted, low, high)
        current = clamp(clamp(allowed, last - demand.current_change, last + demand.current_change), low, high)
        mean_voltage = source_voltage - resistance * current
        node = mean_voltage + busbar * (short_circuit_current - conductance * mean_voltage)
        _, same = share_out(strings, otherwise, node)
        if same:
            met = allowed == wanted and not is_short(demand, current * mean_voltage)
            return current, mean_voltage, conductance, met
        otherwise = 0.0
    node = node_voltage(strings, busbar, link_conductance, link_current, voltage)
    total, _ = share_out(strings, 0.0, node)
    return 0.0, node - busbar * total, conductance, False


@scalar
def feasible_powers(link, giving, taking):
    """Charge power at which the bus reaches its highest voltage, and largest discharge power that it can give [W].

    Args:
        link: What the strings feed.
        giving: All strings in discharge as the link sees them: conductance [S], short-circuit current [A].
        taking: All strings in charge.
    """
    bleed, highest = 1.0 / link.bleed_resistance, link.voltage_max
    charge = highest * max(0.0, (taking[0] + bleed) * highest - taking[1])
    return charge, feasible_power(giving[1] / (giving[0] + bleed), 1.0 / (giving[0] + bleed))


@scalar
def split_current(
    # model
    link,
    # state
    strings,
    # inputs
    demand,
    voltage,
    last,
    dt,
):
    """Solve the bus of a container for a step of dt [s] and share the current out among its strings.

    They feed `link`, see :func:`link_of`, which has `voltage` before the step. The limits of a demand hold before it.
    The current changes from the `last` by the allowed change at most, unless a limit asks for more. String currents are
    means over the step.
    """
    bleed = 1.0 / link.bleed_resistance
    busbar = link.resistance
    in_discharge, in_charge = on_either_side(strings)
    giving, taking = beyond(in_discharge, busbar), beyond(in_charge, busbar)
    feasible_charge_power, feasible_discharge_power = feasible_powers(link, giving, taking)

    decrements, rise, steepness = link_memory(link, max(taking[0], giving[0]) + bleed, dt)
    stored = steepness * link.capacitance / dt
    current, mean_voltage, conductance, met = solve(
        # model
        busbar,
        # state
        strings,
        # inputs
        demand,
        voltage,
        last,
        bleed + stored,
        stored * voltage,
        voltage + (demand.value - voltage) / steepness,
    )
    jump = (mean_voltage - voltage) / rise * (1.0 - busbar * conductance)
    ripple = jump * jump * max(0.0, mean_decay(2.0 * decrements) - (1.0 - rise) ** 2)
    return Solution(
        current,
        voltage + steepness * (mean_voltage - voltage),
        mean_voltage * current,
        met,
        feasible_charge_power,
        feasible_discharge_power,
        ripple,
        conductance,
        mean_voltage,
    )


@scalar
def strain(
    # model
    model,
    # state
    strings,
    fuse_heat,
    precharge_temperature,
    terminal_temperature,
    # inputs
    air_temperature,
    ripple,
    # overlay
    precharge_heat,
    dt,
):
    """Let fuses, precharge resistors and terminals see the integral of the squared current of their strings.

    Shapes: fuse_heat, precharge_temperature, terminal_temperature, precharge_heat (rack); `ripple` is that of the
    :class:`Solution`.
    """
    decay = math.exp(-dt * model.precharge_cooling / model.precharge_heat_capacity)
    terminal_decay = math.exp(-dt * model.terminal_cooling / model.terminal_heat_capacity)
    for r in range(fuse_heat.size):
        current = strings.current[r]
        g, _ = line(strings, r, side_of(current, 0.0), path_of(strings, r))
        current_squared = current * current + g * g * ripple
        past_precharge = is_main_closed(strings.contactor_closed[r], strings.fuse_closed[r] * strings.breaker_closed[r])
        precharge_temperature[r] = warm_resistor(
            precharge_temperature[r],
            air_temperature,
            strings.precharge_gain[r] * model.precharge_resistance * (0.0 if past_precharge else current_squared)
            + precharge_heat[r],
            model.precharge_cooling,
            decay,
        )
        terminal_temperature[r] = warm_resistor(
            terminal_temperature[r],
            air_temperature,
            (model.terminal_resistance + strings.loose_resistance[r]) * current_squared,
            model.terminal_cooling,
            terminal_decay,
        )
        fuse_heat[r] = melt(fuse_heat[r], current_squared * dt, model.fuse_rating, dt)
        if fuse_heat[r] >= model.fuse_melting_integral:
            strings.fuse_closed[r] = 0.0
