"""From the contacts to the meters: PCS, bus and energies of every container, cause before effect.

One kernel does it all, because at a single container most of the time goes into calling kernels.
"""

from typing import Final

from bms_emulator.jit import fields_of, kernel
from bms_emulator.plant.bus import BusModel, decay_link, link_of, split_current, strain, voltage_before
from bms_emulator.plant.metering import count_energy
from bms_emulator.plant.pcs import BY_BMS, Orders, PcsModel, demand_of, is_switching
from bms_emulator.plant.pcs_conversion import settle_powers
from bms_emulator.plant.pcs_reactive import room_of
from bms_emulator.plant.pcs_stack import StackModel, share_when_warm, warm_stack
from bms_emulator.plant.string import Strings, float_strings

BUS_FIELDS: Final = len(BusModel._fields)
PCS_FIELDS: Final = len(PcsModel._fields)
STACK_FIELDS: Final = len(StackModel._fields)


@kernel
def step_bus(
    # model
    bus_constants,
    pcs_constants,
    stack_constants,
    # state
    fuse_closed,
    fuse_heat,
    precharge_temperature,
    terminal_temperature,
    current,
    floating_voltage,
    bus_voltage,
    bus_current,
    link_voltage,
    dc_power,
    power_target,
    limited,
    limits,
    available_power,
    feasible_charge_power,
    feasible_discharge_power,
    power,
    reactive_power,
    loss,
    energy_exported,
    energy_imported,
    reactive_energy_delivered,
    reactive_energy_absorbed,
    energy_discharged,
    energy_charged,
    heatsink_temperature,
    stack_temperature,
    # inputs
    contactor_closed,
    breaker_closed,
    string_closed,
    pcs_state,
    dc_breaker_closed,
    link_precharge_closed,
    loose_resistance,
    discharge_source_voltage,
    discharge_resistance,
    charge_source_voltage,
    charge_resistance,
    air_temperature,
    ambient_temperature,
    grid_voltage,
    control_mode,
    power_setpoint,
    current_setpoint,
    voltage_setpoint,
    current_limit,
    power_limit,
    charge_limit,
    discharge_limit,
    apparent_limit,
    charge_power_limit,
    discharge_power_limit,
    charge_current_limit,
    discharge_current_limit,
    power_ramp,
    reactive_control,
    reactive_setpoint,
    reactive_slope_discharge,
    reactive_slope_charge,
    reactive_priority,
    delivered_limit,
    absorbed_limit,
    reactive_ramp,
    # overlay
    gain,
    fan_gain,
    precharge_gain,
    precharge_heat,
    short_conductance,
    added_capacitance,
    dt,
):
    """Ask each PCS for its demand, share the current out, convert it, and settle energies and temperatures.

    Shapes: (rack, contactor) for the contactors; (rack) for fuses, breakers, resistors, terminals, currents, sources
    and all else of the strings; () for the grid; (container) for the rest. The constants are the fields of
    :class:`BusModel`, :class:`PcsModel` and :class:`StackModel`.
    """
    model = BusModel(*fields_of(bus_constants, BUS_FIELDS))
    pcs_model = PcsModel(*fields_of(pcs_constants, PCS_FIELDS))
    stack = StackModel(*fields_of(stack_constants, STACK_FIELDS))
    at_grid = grid_voltage[()]
    racks = fuse_closed.size // bus_voltage.size
    for c in range(bus_voltage.size):
        own = slice(c * racks, (c + 1) * racks)
        attached, charging = dc_breaker_closed[c] != 0.0, link_precharge_closed[c] != 0.0
        before = link_voltage[c] if charging and not attached else bus_voltage[c]
        warm = share_when_warm(stack, stack_temperature[c])
        room = room_of(pcs_model, warm, gain[c], before, at_grid, apparent_limit[c])
        available_power[c] = min(room.power, room.apparent)
        demand, power_target[c], reactive, bits = demand_of(
            # model
            pcs_model,
            # state
            pcs_state[c],
            power_target[c],
            reactive_power[c],
            # inputs
            room,
            Orders(
                control_mode[c],
                power_setpoint[c],
                current_setpoint[c],
                voltage_setpoint[c],
                current_limit[c],
                min(power_limit[c], charge_limit[c]),
                min(power_limit[c], discharge_limit[c]),
                charge_power_limit[c],
                discharge_power_limit[c],
                charge_current_limit[c],
                discharge_current_limit[c],
                power_ramp[c],
                reactive_control[c],
                reactive_setpoint[c],
                reactive_slope_discharge[c],
                reactive_slope_charge[c],
                reactive_priority[c],
                delivered_limit[c],
                absorbed_limit[c],
                reactive_ramp[c],
            ),
            bus_current[c],
            dc_power[c],
            at_grid,
            dt,
        )
        strings = Strings(
            current[own],
            discharge_source_voltage[own],
            discharge_resistance[own],
            charge_source_voltage[own],
            charge_resistance[own],
            contactor_closed[own],
            fuse_closed[own],
            breaker_closed[own],
            string_closed[own],
            loose_resistance[own],
            precharge_gain[own],
            model.wiring_resistance,
            model.precharge_resistance,
        )
        solution = split_current(
            # model
            link_of(model, dc_breaker_closed[c], link_precharge_closed[c], short_conductance[c], added_capacitance[c]),
            # state
            strings,
            # inputs
            demand,
            before,
            bus_current[c],
            dt,
        )
        bus_voltage[c], bus_current[c], dc_power[c] = solution.voltage, solution.current, solution.power
        if attached or charging:
            link_voltage[c] = solution.voltage
        else:
            link_voltage[c] = decay_link(model, link_voltage[c], added_capacitance[c], dt)
        if charging and not attached:
            bus_voltage[c] = voltage_before(strings, solution, model.link_precharge_resistance)
        feasible_charge_power[c] = solution.feasible_charge_power if attached else 0.0
        feasible_discharge_power[c] = solution.feasible_discharge_power if attached else 0.0
        if not solution.met:
            bits |= BY_BMS
        limits[c] = float(bits)
        limited[c] = 1.0 if bits != 0 else 0.0
        strain(
            # model
            model,
            # state
            strings,
            fuse_heat[own],
            precharge_temperature[own],
            terminal_temperature[own],
            # inputs
            air_temperature[c],
            solution.ripple,
            # overlay
            precharge_heat[own],
            dt,
        )
        float_strings(floating_voltage[own], strings, bus_voltage[c])
        power[c] = reactive_power[c] = 0.0
        if is_switching(pcs_state[c]):
            power[c], reactive_power[c] = settle_powers(pcs_model, dc_power[c], reactive, room.apparent, at_grid)
        loss[c] = dc_power[c] - power[c]
        heatsink_temperature[c], stack_temperature[c] = warm_stack(
            # model
            stack,
            # state
            heatsink_temperature[c],
            stack_temperature[c],
            # inputs
            ambient_temperature[c],
            loss[c],
            # overlay
            fan_gain[c],
            dt,
        )
        energy_exported[c], energy_imported[c] = count_energy(energy_exported[c], energy_imported[c], power[c], dt)
        reactive_energy_delivered[c], reactive_energy_absorbed[c] = count_energy(
            reactive_energy_delivered[c], reactive_energy_absorbed[c], reactive_power[c], dt
        )
        energy_discharged[c], energy_charged[c] = count_energy(energy_discharged[c], energy_charged[c], dc_power[c], dt)
