"""What the bank controller tells of its container, beside sums and means: conditions, requests and counts of racks."""

import numpy as np

from bms_emulator.firmware.contract import (
    BankMode,
    Direction,
    InsulationStatus,
    InverterRequest,
    PowerState,
)
from bms_emulator.firmware.reference.bank import has_failed
from bms_emulator.firmware.reference.extremes import extremes
from bms_emulator.firmware.reference.rack_report import (
    FAULT_LEVEL,
    charge_status,
    energy_share,
    insulation_status,
    operating_state,
    overall_status,
)
from bms_emulator.jit import kernel, scalar

_INITIALIZING, _FAULT = float(BankMode.INITIALIZING), float(BankMode.FAULT)
_RESTS, _DISCHARGES, _CHARGES = float(Direction.STANDBY), float(Direction.DISCHARGE), float(Direction.CHARGE)
_OFF_READY, _ON_READY, _ON_FAULT, _OFF_FAULT = (
    float(PowerState.OFF_READY),
    float(PowerState.ON_READY),
    float(PowerState.ON_FAULT),
    float(PowerState.OFF_FAULT),
)
_SWITCHED_OFF = float(InsulationStatus.OFF)
_NO_REQUEST, _START, _STOP = float(InverterRequest.NONE), float(InverterRequest.START), float(InverterRequest.STOP)
_GENTLE = 0.05 / 3600.0
"""Power that a battery asks to be charged with, relative to its rated energy: C/20 [1/s]."""


@scalar
def power_state(connected, faulty):
    """Whether the voltage of a battery is on its bus, and whether a fault stands."""
    if connected > 0.0:
        return _ON_FAULT if faulty else _ON_READY
    return _OFF_FAULT if faulty else _OFF_READY


@scalar
def inverter_request(connected, no_charge, no_discharge, wants_charge):
    """What a battery asks of its inverter: to stop where it permits nothing, to start where it is to be charged."""
    if connected > 0.0 and no_charge != 0.0 and no_discharge != 0.0:
        return _STOP
    return _START if wants_charge and no_charge == 0.0 else _NO_REQUEST


@kernel
def report_banks(
    # model
    rated_energy,
    flowing_current,
    # inputs
    mode,
    own_alarm_level,
    alarm_level,
    current,
    charge_limit,
    discharge_limit,
    charge_power_limit,
    standby,
    monitor_rack,
    insulation_resistance,
    rack_enabled,
    rack_mode,
    rack_connected,
    rack_ready,
    rack_soe_discharge,
    rack_soe_charge,
    rack_full,
    rack_empty,
    rack_charge_requested,
    rack_balance_requested,
    rack_balancing_count,
    rack_charge_voltage_limit,
    rack_discharge_voltage_limit,
    rack_insulation_positive,
    rack_insulation_negative,
    # out
    direction,
    charging,
    status,
    power_on,
    state,
    full,
    empty,
    charge_forbidden,
    discharge_forbidden,
    charge_requested,
    balance_requested,
    soe,
    insulation,
    insulation_positive,
    insulation_negative,
    charge_voltage_limit,
    discharge_voltage_limit,
    wanted_inverter,
    power_request,
    racks_installed,
    racks_enabled,
    racks_ready,
    racks_failed,
    balancing_count,
):
    """Conditions, requests and counts of every container; rack_* (rack,), the others (container,).

    Energies [J], rated_energy of a container; limits [A], [W]; powers [W]. A fault of a rack is none of the container's
    as long as others can go on.
    """
    racks_per_container = rack_mode.shape[0] // mode.shape[0]
    for c in range(mode.shape[0]):
        first = c * racks_per_container
        enabled, ready, failed, connected, bled = 0.0, 0.0, 0.0, 0.0, 0.0
        full_of_connected, full_of_all, empty_of_connected, empty_of_all = 0.0, 0.0, 0.0, 0.0
        given_by_connected, given_by_all, taken_by_connected, taken_by_all = 0.0, 0.0, 0.0, 0.0
        wants_charge, wants_balance = False, False
        for r in range(first, first + racks_per_container):
            enabled += rack_enabled[r]
            ready += rack_ready[r]
            failed += 1.0 if has_failed(rack_mode[r]) else 0.0
            connected += rack_connected[r]
            bled += rack_balancing_count[r]
            given_by_all += rack_soe_discharge[r]
            given_by_connected += rack_soe_discharge[r] * rack_connected[r]
            taken_by_all += rack_soe_charge[r]
            taken_by_connected += rack_soe_charge[r] * rack_connected[r]
            full_of_all += rack_full[r]
            full_of_connected += rack_full[r] * rack_connected[r]
            empty_of_all += rack_empty[r]
            empty_of_connected += rack_empty[r] * rack_connected[r]
            wants_charge |= rack_charge_requested[r] != 0.0
            wants_balance |= rack_balance_requested[r] != 0.0
        racks_installed[c] = racks_per_container
        racks_enabled[c] = enabled
        racks_ready[c] = ready
        racks_failed[c] = failed
        balancing_count[c] = bled
        if connected > 0.0:
            full[c] = 1.0 if full_of_connected == connected else 0.0
            empty[c] = 1.0 if empty_of_connected > 0.0 else 0.0
            soe[c] = energy_share(given_by_connected, taken_by_connected)
        else:
            full[c] = 1.0 if full_of_all == racks_per_container else 0.0
            empty[c] = 1.0 if empty_of_all > 0.0 else 0.0
            soe[c] = energy_share(given_by_all, taken_by_all)
        charge_requested[c] = 1.0 if wants_charge else 0.0
        balance_requested[c] = 1.0 if wants_balance else 0.0

        direction[c] = _RESTS
        if current[c] > flowing_current:
            direction[c] = _DISCHARGES
        elif current[c] < -flowing_current:
            direction[c] = _CHARGES
        charge_forbidden[c] = 1.0 if charge_limit[c] == 0.0 else 0.0
        discharge_forbidden[c] = 1.0 if discharge_limit[c] == 0.0 else 0.0
        faulty = mode[c] == _FAULT or own_alarm_level[c] >= FAULT_LEVEL
        level = max(min(alarm_level[c], FAULT_LEVEL - 1.0), min(failed, 1.0))
        power_on[c] = power_state(connected, faulty)
        available = connected if standby[c] == 0.0 else 0.0
        state[c] = operating_state(available, faulty, charge_forbidden[c], discharge_forbidden[c])
        charging[c] = charge_status(connected, direction[c], full[c], empty[c])
        status[c] = overall_status(mode[c] == _INITIALIZING, faulty, level, full[c], empty[c])
        wanted_inverter[c] = inverter_request(connected, charge_forbidden[c], discharge_forbidden[c], wants_charge)
        asks = wanted_inverter[c] == _START
        power_request[c] = -min(charge_power_limit[c], _GENTLE * rated_energy) if asks else 0.0

        charge_voltage_limit[c] = rack_charge_voltage_limit[first]
        discharge_voltage_limit[c] = rack_discharge_voltage_limit[first]
        watching = int(monitor_rack[c])
        insulation[c] = _SWITCHED_OFF
        insulation_positive[c] = np.nan
        insulation_negative[c] = np.nan
        if watching:
            insulation[c] = insulation_status(1.0, insulation_resistance[c])
            insulation_positive[c] = rack_insulation_positive[first + watching - 1]
            insulation_negative[c] = rack_insulation_negative[first + watching - 1]


@kernel
def gather_connected(
    # inputs
    connected,
    rack_max,
    rack_max_pack,
    rack_max_place,
    rack_min,
    rack_min_pack,
    rack_min_place,
    rack_avg,
    # out
    bank_max,
    bank_max_rack,
    bank_max_pack,
    bank_max_place,
    bank_min,
    bank_min_rack,
    bank_min_pack,
    bank_min_place,
    bank_avg,
):
    """Extremes of every container (container,) from those of its connected racks (rack,); NaN and 0 where none is.

    A place is the cell or the sensor within its pack.
    """
    racks_per_container = rack_max.shape[0] // bank_max.shape[0]
    for c in range(bank_max.shape[0]):
        first = c * racks_per_container
        top, bottom, total, count = -np.inf, np.inf, 0.0, 0.0
        at_top, at_bottom = -1, -1
        for r in range(first, first + racks_per_container):
            if connected[r] == 0.0 or np.isnan(rack_max[r]):
                continue
            if rack_max[r] > top:
                top, at_top = rack_max[r], r
            if rack_min[r] < bottom:
                bottom, at_bottom = rack_min[r], r
            total += rack_avg[r]
            count += 1.0
        found = count > 0.0
        bank_max[c] = top if found else np.nan
        bank_max_rack[c] = at_top - first + 1.0 if found else 0.0
        bank_max_pack[c] = rack_max_pack[at_top] if found else 0.0
        bank_max_place[c] = rack_max_place[at_top] if found else 0.0
        bank_min[c] = bottom if found else np.nan
        bank_min_rack[c] = at_bottom - first + 1.0 if found else 0.0
        bank_min_pack[c] = rack_min_pack[at_bottom] if found else 0.0
        bank_min_place[c] = rack_min_place[at_bottom] if found else 0.0
        bank_avg[c] = total / count


@kernel
def gather_packs(
    # inputs
    rack_max,
    rack_max_pack,
    rack_min,
    rack_min_pack,
    # out
    bank_max,
    bank_max_rack,
    bank_max_pack,
    bank_min,
    bank_min_rack,
    bank_min_pack,
):
    """Extremes over the packs of every container (container,) from those of its racks (rack,).

    NaN, and pack 0, where no rack knows its own.
    """
    racks_per_container = rack_max.shape[0] // bank_max.shape[0]
    for c in range(bank_max.shape[0]):
        first = c * racks_per_container
        end = first + racks_per_container
        top, at_top, _, _, _, valid = extremes(rack_max[first:end])
        _, _, bottom, at_bottom, _, _ = extremes(rack_min[first:end])
        bank_max[c] = top if valid else np.nan
        bank_max_rack[c] = at_top + 1
        bank_max_pack[c] = rack_max_pack[first + at_top] if valid else 0.0
        bank_min[c] = bottom if valid else np.nan
        bank_min_rack[c] = at_bottom + 1
        bank_min_pack[c] = rack_min_pack[first + at_bottom] if valid else 0.0
