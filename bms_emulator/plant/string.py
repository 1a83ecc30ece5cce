"""DC bus of a container: how strings in parallel share the current of the PCS, in closed form.

Strings are sources E with resistances R behind their contactors; the bus holds the PCS's link capacitor C and its bleed
resistor. For a constant PCS current I over a step, with G the sum of all conductances and V0 the voltage before,

    V(t) = Vs + (V0 - Vs) exp(-t G / C),    Vs = (sum(E / R) - I) / G

which covers precharge through a resistor, a contactor closed onto a dead link, a bus left alone, and normal operation,
where the time constant is far below the step. The mean of V over the step is again a source with a resistance, so a
power demand leads to one quadratic equation. No iteration; the cost is linear in the racks.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.contactor import is_main_closed, melt, string_conductance, warm_resistor
from bms_emulator.plant.relaxation import mean_decay


class BusModel(NamedTuple):
    """Constants of racks and DC bus, alike for all containers.

    Attributes:
        racks_per_container: Racks on one bus.
        wiring_resistance: Cables, fuse and contactors of a rack [Ohm].
        contactor_travel_time: From coil command to contact [s].
        precharge_resistance: [Ohm].
        fuse_rating: Current that the fuse carries for good [A].
        fuse_melting_integral: Integral above rating at which the fuse opens [A2s].
        link_capacitance: [F].
        bleed_resistance: Across the link [Ohm].
    """

    racks_per_container: int
    wiring_resistance: float
    contactor_travel_time: float
    precharge_resistance: float
    fuse_rating: float
    fuse_melting_integral: float
    link_capacitance: float
    bleed_resistance: float


@scalar
def feasible_power(source_voltage, resistance):
    """Largest power that a source gives through its resistance [W]."""
    return source_voltage * source_voltage / (4.0 * resistance)


@scalar
def current_of_power(source_voltage, resistance, power):
    """Current of a source that delivers `power` [A], the smaller root of R I^2 - E I + P = 0, free of cancellation.

    `power` must not exceed the feasible power.
    """
    if power == 0.0:
        return 0.0
    root = math.sqrt(max(0.0, source_voltage * source_voltage - 4.0 * resistance * power))
    return 2.0 * power / (source_voltage + root)


@kernel
def split_current(
    # model
    model,
    # state
    current,
    fuse_heat,
    fuse_closed,
    precharge_energy,
    bus_voltage,
    bus_current,
    dc_power,
    limited,
    # inputs
    source_voltage,
    resistance,
    contactor_closed,
    charge_current_limit,
    discharge_current_limit,
    dt,
):
    """Solve the bus of every container for a step of dt [s] and share the current out among its racks.

    `dc_power` comes in as what the PCS demands and goes out as what it gets; `limited` is set where that is less.
    Rack currents are means over the step; fuse and precharge resistor see the integral of the squared current.

    Shapes: (rack) up to `precharge_energy`, source_voltage and resistance; (rack, contactor); (container) for the rest.
    """
    bleed = 1.0 / model.bleed_resistance
    for c in range(bus_voltage.size):
        racks = range(c * model.racks_per_container, (c + 1) * model.racks_per_container)
        conductance = bleed
        short_circuit_current = 0.0
        for r in racks:
            g = string_conductance(
                contactor_closed[r], fuse_closed[r], resistance[r] + model.wiring_resistance, model.precharge_resistance
            )
            conductance += g
            short_circuit_current += g * source_voltage[r]

        # racks and bleed resistor as one source; the link's voltage before weighs in the mean over the step
        decrements = dt * conductance / model.link_capacitance
        memory = mean_decay(decrements)
        open_voltage = short_circuit_current / conductance
        mean_source = (1.0 - memory) * open_voltage + memory * bus_voltage[c]
        mean_resistance = (1.0 - memory) / conductance

        feasible = min(dc_power[c], feasible_power(mean_source, mean_resistance))
        wanted = current_of_power(mean_source, mean_resistance, feasible)
        allowed = min(max(wanted, -charge_current_limit[c]), discharge_current_limit[c])
        if feasible < dc_power[c] or allowed != wanted:
            limited[c] = 1.0

        mean_voltage = mean_source - mean_resistance * allowed
        settled_voltage = open_voltage - allowed / conductance
        jump = bus_voltage[c] - settled_voltage
        bus_voltage[c] = settled_voltage + jump * math.exp(-decrements)
        bus_current[c] = allowed
        dc_power[c] = mean_voltage * allowed

        # mean of the squared deviation of the bus voltage from its mean [V2]
        ripple = jump * jump * max(0.0, mean_decay(2.0 * decrements) - memory * memory)
        for r in racks:
            g = string_conductance(
                contactor_closed[r], fuse_closed[r], resistance[r] + model.wiring_resistance, model.precharge_resistance
            )
            current[r] = g * (source_voltage[r] - mean_voltage)
            current_squared_time = (current[r] * current[r] + g * g * ripple) * dt
            through_precharge = 0.0 if is_main_closed(contactor_closed[r], fuse_closed[r]) else current_squared_time
            precharge_energy[r] = warm_resistor(precharge_energy[r], model.precharge_resistance * through_precharge, dt)
            fuse_heat[r] = melt(fuse_heat[r], current_squared_time, model.fuse_rating, dt)
            if fuse_heat[r] >= model.fuse_melting_integral:
                fuse_closed[r] = 0.0
