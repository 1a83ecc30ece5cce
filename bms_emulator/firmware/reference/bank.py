"""What the bank controller makes of its racks: extremes with positions counted from 1, sums, means and its own mode."""

import numpy as np

from bms_emulator.firmware.contract import BankMode, BankOutputs, Measurements, RackMode, RackOutputs, Request
from bms_emulator.firmware.reference.extremes import extremes, valid_total
from bms_emulator.jit import Bound, bind, kernel, scalar

_INIT, _SELF_TEST, _PRECHARGE, _CONNECTED, _OPENING, _FAULT, _EMERGENCY, _SAFE_LOCK, _MAINTENANCE, _SHUTDOWN = (
    float(RackMode.INIT),
    float(RackMode.SELF_TEST),
    float(RackMode.PRECHARGE),
    float(RackMode.CONNECTED),
    float(RackMode.OPENING),
    float(RackMode.FAULT),
    float(RackMode.EMERGENCY),
    float(RackMode.SAFE_LOCK),
    float(RackMode.MAINTENANCE),
    float(RackMode.SHUTDOWN),
)
_DISCONNECT = float(Request.DISCONNECT)
_BANK_DISCONNECTED, _BANK_INITIALIZING, _BANK_CONNECTED, _BANK_STANDBY, _BANK_SUSPENDING, _BANK_FAULT = (
    float(BankMode.DISCONNECTED),
    float(BankMode.INITIALIZING),
    float(BankMode.CONNECTED),
    float(BankMode.STANDBY),
    float(BankMode.SUSPENDING),
    float(BankMode.FAULT),
)


def find_bank_extremes(measurements: Measurements, racks: RackOutputs, bank: BankOutputs) -> tuple[Bound, ...]:
    """What finds the extremes of every container among its racks."""
    voltages = bind(
        gather_extremes,
        racks.cell_voltage_max,
        racks.cell_voltage_max_pack,
        racks.cell_voltage_max_cell,
        racks.cell_voltage_max_pack_cell,
        racks.cell_voltage_min,
        racks.cell_voltage_min_pack,
        racks.cell_voltage_min_cell,
        racks.cell_voltage_min_pack_cell,
        racks.cell_voltage_avg,
        bank.cell_voltage_max,
        bank.cell_voltage_max_rack,
        bank.cell_voltage_max_pack,
        bank.cell_voltage_max_cell,
        bank.cell_voltage_max_pack_cell,
        bank.cell_voltage_min,
        bank.cell_voltage_min_rack,
        bank.cell_voltage_min_pack,
        bank.cell_voltage_min_cell,
        bank.cell_voltage_min_pack_cell,
        bank.cell_voltage_avg,
    )
    temperatures = bind(
        gather_extremes,
        racks.temperature_max,
        racks.temperature_max_pack,
        racks.temperature_max_cell,
        racks.temperature_max_pack_sensor,
        racks.temperature_min,
        racks.temperature_min_pack,
        racks.temperature_min_cell,
        racks.temperature_min_pack_sensor,
        racks.temperature_avg,
        bank.temperature_max,
        bank.temperature_max_rack,
        bank.temperature_max_pack,
        bank.temperature_max_cell,
        bank.temperature_max_pack_sensor,
        bank.temperature_min,
        bank.temperature_min_rack,
        bank.temperature_min_pack,
        bank.temperature_min_cell,
        bank.temperature_min_pack_sensor,
        bank.temperature_avg,
    )
    string_voltages = bind(
        compare_racks,
        measurements.string_voltage,
        bank.rack_voltage_max,
        bank.rack_voltage_max_rack,
        bank.rack_voltage_min,
        bank.rack_voltage_min_rack,
        bank.rack_voltage_avg,
    )
    currents = bind(
        compare_racks,
        measurements.current,
        bank.rack_current_max,
        bank.rack_current_max_rack,
        bank.rack_current_min,
        bank.rack_current_min_rack,
        bank.rack_current_avg,
    )
    charges = bind(
        compare_racks,
        racks.soc,
        bank.rack_soc_max,
        bank.rack_soc_max_rack,
        bank.rack_soc_min,
        bank.rack_soc_min_rack,
        bank.rack_soc_avg,
    )
    return voltages, temperatures, string_voltages, currents, charges


@kernel
def gather_extremes(
    # inputs
    rack_max,
    rack_max_pack,
    rack_max_cell,
    rack_max_place,
    rack_min,
    rack_min_pack,
    rack_min_cell,
    rack_min_place,
    rack_avg,
    # out
    bank_max,
    bank_max_rack,
    bank_max_pack,
    bank_max_cell,
    bank_max_place,
    bank_min,
    bank_min_rack,
    bank_min_pack,
    bank_min_cell,
    bank_min_place,
    bank_avg,
):
    """Extremes of every container (container,) from those of its racks (rack,); NaN and 0 where no rack is valid.

    A cell is counted within its rack, a place is the cell or the sensor within its pack.
    """
    racks_per_container = rack_max.shape[0] // bank_max.shape[0]
    for c in range(bank_max.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        top, at_top, _, _, _, valid = extremes(rack_max[first:end])
        _, _, bottom, at_bottom, _, _ = extremes(rack_min[first:end])
        total, _ = valid_total(rack_avg[first:end])
        bank_max[c] = top if valid else np.nan
        bank_max_rack[c] = at_top + 1
        bank_max_pack[c] = rack_max_pack[first + at_top] if valid else 0.0
        bank_max_cell[c] = rack_max_cell[first + at_top] if valid else 0.0
        bank_max_place[c] = rack_max_place[first + at_top] if valid else 0.0
        bank_min[c] = bottom if valid else np.nan
        bank_min_rack[c] = at_bottom + 1
        bank_min_pack[c] = rack_min_pack[first + at_bottom] if valid else 0.0
        bank_min_cell[c] = rack_min_cell[first + at_bottom] if valid else 0.0
        bank_min_place[c] = rack_min_place[first + at_bottom] if valid else 0.0
        bank_avg[c] = total / valid


@kernel
def compare_racks(
    # inputs
    quantity,
    # out
    bank_max,
    bank_max_rack,
    bank_min,
    bank_min_rack,
    bank_avg,
):
    """Extremes and mean of one quantity of the racks (rack,) for every container (container,)."""
    racks_per_container = quantity.shape[0] // bank_max.shape[0]
    for c in range(bank_max.shape[0]):
        first = c * racks_per_container
        top, at_top, bottom, at_bottom, total, valid = extremes(quantity[first : first + racks_per_container])
        bank_max[c] = top if valid else np.nan
        bank_max_rack[c] = at_top + 1
        bank_min[c] = bottom if valid else np.nan
        bank_min_rack[c] = at_bottom + 1
        bank_avg[c] = total / valid


@scalar
def has_failed(mode):
    """Whether a rack in this mode needs a reset, or its supply, before it can connect."""
    return mode in (_FAULT, _EMERGENCY, _SAFE_LOCK, _SHUTDOWN)


@scalar
def bank_mode(modes, enabled, request):
    """Mode of a container from those of its racks: what the furthest of them does; FAULT when none is left to go."""
    starting = False
    ending = False
    ready = False
    usable = False
    for r in range(modes.shape[0]):
        if modes[r] == _CONNECTED:
            return _BANK_CONNECTED
        ending |= modes[r] == _OPENING
        starting |= modes[r] == _INIT or modes[r] == _SELF_TEST or modes[r] == _PRECHARGE
        if enabled[r] != 0.0:
            sound = not has_failed(modes[r])
            usable |= sound
            ready |= sound and modes[r] != _MAINTENANCE and request[r] != _DISCONNECT
    if ending:
        return _BANK_SUSPENDING
    if starting:
        return _BANK_INITIALIZING
    if not usable and valid_total(enabled)[0] > 0.0:
        return _BANK_FAULT
    return _BANK_STANDBY if ready else _BANK_DISCONNECTED


@kernel
def summarise_banks(
    # model
    rated_energy,
    # inputs
    rack_mode,
    connected,
    rack_enabled,
    rack_request,
    rack_soc,
    rack_soh,
    rack_soe_discharge,
    rack_soe_charge,
    rack_cycle_count,
    rack_alarm_level,
    own_alarm_level,
    rack_current,
    link_voltage,
    # out
    mode,
    racks_connected,
    soc,
    soh,
    soe_discharge,
    soe_charge,
    cycle_count,
    energy_available,
    alarm_level,
    voltage,
    current,
    power,
):
    """Means, sums and mode of every container (container,) from its racks (rack,); rated energy of a container [J]."""
    racks_per_container = connected.shape[0] // mode.shape[0]
    for c in range(mode.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        mode[c] = bank_mode(rack_mode[first:end], rack_enabled[first:end], rack_request[first:end])
        count = 0.0
        charge = 0.0
        charge_of_connected = 0.0
        health = 0.0
        cycles = 0.0
        given = 0.0
        taken = 0.0
        level = own_alarm_level[c]
        for r in range(first, end):
            count += connected[r]
            charge += rack_soc[r]
            charge_of_connected += connected[r] * rack_soc[r]
            health += rack_soh[r]
            given += connected[r] * rack_soe_discharge[r]
            taken += connected[r] * rack_soe_charge[r]
            cycles += rack_cycle_count[r]
            level = max(level, rack_alarm_level[r])
        racks_connected[c] = count
        soc[c] = charge_of_connected / count if count > 0.0 else charge / racks_per_container
        soh[c] = health / racks_per_container
        soe_discharge[c] = given
        soe_charge[c] = taken
        cycle_count[c] = cycles / racks_per_container
        energy_available[c] = rated_energy * soc[c] * soh[c]
        alarm_level[c] = level
        bus_total, bus_valid = valid_total(link_voltage[first:end])
        voltage[c] = bus_total / bus_valid
        current[c] = valid_total(rack_current[first:end])[0]
        power[c] = voltage[c] * current[c]
