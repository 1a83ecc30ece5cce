"""From the coils to the meters: contactors, breakers, PCS, bus and energies of every container, cause before effect.

One kernel does it all, because at a single container most of the time goes into calling kernels.
"""

from typing import Final

from bms_emulator.jit import fields_of, kernel
from bms_emulator.plant.bus import BusModel, split_current, strain
from bms_emulator.plant.contactor import is_any_main_closed, operate_breaker, step_contactors
from bms_emulator.plant.metering import count_energy
from bms_emulator.plant.pcs import RUNNING, PcsModel, ac_power_of, advance_state, demand_of
from bms_emulator.plant.string import Strings

BUS_FIELDS: Final = len(BusModel._fields)
PCS_FIELDS: Final = len(PcsModel._fields)


@kernel
def step_bus(
    # model
    bus_constants,
    pcs_constants,
    # state
    contactor_closed,
    contactor_travel,
    fuse_closed,
    fuse_heat,
    breaker_closed,
    precharge_temperature,
    terminal_temperature,
    current,
    bus_voltage,
    bus_current,
    dc_power,
    pcs_state,
    start_time,
    power_target,
    limited,
    feasible_charge_power,
    feasible_discharge_power,
    power,
    loss,
    energy_exported,
    energy_imported,
    energy_discharged,
    energy_charged,
    # inputs
    contactor_command,
    breaker_trip,
    breaker_close,
    supply_voltage,
    loose_resistance,
    discharge_source_voltage,
    discharge_resistance,
    charge_source_voltage,
    charge_resistance,
    air_temperature,
    pcs_enable,
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
    # overlay
    contactor_hold,
    dt,
):
    """Let contacts follow their coils, ask each PCS for its demand, share the current out, and settle the energies.

    A hand at a breaker is taken away once it has been obeyed: breaker_close is zeroed.

    Shapes: (rack, contactor) for the contactors; (rack) for fuses, breakers, resistors, terminals, currents and sources
    of the strings; (container) for the rest. The constants are the fields of :class:`BusModel` and :class:`PcsModel`.
    """
    model = BusModel(*fields_of(bus_constants, BUS_FIELDS))
    pcs_model = PcsModel(*fields_of(pcs_constants, PCS_FIELDS))
    racks = fuse_closed.size // bus_voltage.size
    for c in range(bus_voltage.size):
        own = slice(c * racks, (c + 1) * racks)
        closed, fuses, breakers = contactor_closed[own], fuse_closed[own], breaker_closed[own]
        step_contactors(
            # model
            model.contactor_travel_time,
            model.coil_pick_up,
            model.coil_drop_out,
            # state
            closed,
            contactor_travel[own],
            # inputs
            contactor_command[own],
            supply_voltage[c],
            # overlay
            contactor_hold[own],
            dt,
        )
        for r in range(c * racks, (c + 1) * racks):
            breaker_closed[r] = operate_breaker(breaker_closed[r], breaker_trip[r], breaker_close[r])
            breaker_close[r] = 0.0
        pcs_state[c], start_time[c] = advance_state(
            # model
            pcs_model,
            # state
            pcs_state[c],
            start_time[c],
            # inputs
            pcs_enable[c] != 0.0,
            is_any_main_closed(closed, fuses, breakers),
            bus_voltage[c],
            dt,
        )
        demand, power_target[c], limited[c] = demand_of(
            # model
            pcs_model,
            # state
            pcs_state[c],
            power_target[c],
            # inputs
            bus_current[c],
            dc_power[c],
            control_mode[c],
            power_setpoint[c],
            current_setpoint[c],
            voltage_setpoint[c],
            current_limit[c],
            power_limit[c],
            charge_power_limit[c],
            discharge_power_limit[c],
            charge_current_limit[c],
            discharge_current_limit[c],
            dt,
        )
        strings = Strings(
            current[own],
            discharge_source_voltage[own],
            discharge_resistance[own],
            charge_source_voltage[own],
            charge_resistance[own],
            closed,
            fuses,
            breakers,
            loose_resistance[own],
            model.wiring_resistance,
            model.precharge_resistance,
        )
        solution = split_current(
            # model
            model,
            # state
            strings,
            # inputs
            demand,
            bus_voltage[c],
            bus_current[c],
            dt,
        )
        bus_voltage[c], bus_current[c], dc_power[c] = solution.voltage, solution.current, solution.power
        feasible_charge_power[c] = solution.feasible_charge_power
        feasible_discharge_power[c] = solution.feasible_discharge_power
        if not solution.met:
            limited[c] = 1.0
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
            dt,
        )
        power[c] = ac_power_of(pcs_model, dc_power[c]) if pcs_state[c] == RUNNING else 0.0
        loss[c] = dc_power[c] - power[c]
        energy_exported[c], energy_imported[c] = count_energy(energy_exported[c], energy_imported[c], power[c], dt)
        energy_discharged[c], energy_charged[c] = count_energy(energy_discharged[c], energy_charged[c], dc_power[c], dt)
