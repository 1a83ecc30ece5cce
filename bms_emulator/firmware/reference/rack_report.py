"""What the bank controller tells of every rack, by what the rack's controller publishes."""

import numpy as np

from bms_emulator.firmware.contract import (
    ChargeStatus,
    ConnectFailure,
    Direction,
    DisabledReason,
    InsulationStatus,
    OperatingState,
    PrechargeStage,
    RackMode,
    Status,
)
from bms_emulator.firmware.reference.bank import has_failed
from bms_emulator.firmware.reference.limits import mean_share, taper
from bms_emulator.jit import kernel, scalar

_INIT, _SELF_TEST, _PRECHARGE, _CONNECTED, _MAINTENANCE = (
    float(RackMode.INIT),
    float(RackMode.SELF_TEST),
    float(RackMode.PRECHARGE),
    float(RackMode.CONNECTED),
    float(RackMode.MAINTENANCE),
)
_RESTS, _DISCHARGES, _CHARGES = float(Direction.STANDBY), float(Direction.DISCHARGE), float(Direction.CHARGE)
_OFF, _EMPTY, _DISCHARGING, _CHARGING, _FULL, _HOLDING = (
    float(ChargeStatus.OFF),
    float(ChargeStatus.EMPTY),
    float(ChargeStatus.DISCHARGING),
    float(ChargeStatus.CHARGING),
    float(ChargeStatus.FULL),
    float(ChargeStatus.HOLDING),
)
_IS_INITIAL, _IS_NORMAL, _IS_FULL, _IS_EMPTY, _IS_WARNING, _IS_FAULT = (
    float(Status.INITIAL),
    float(Status.NORMAL),
    float(Status.FULL),
    float(Status.EMPTY),
    float(Status.WARNING),
    float(Status.FAULT),
)
_NORMAL, _NO_CHARGE, _NO_DISCHARGE, _STANDBY, _STOPPED = (
    float(OperatingState.NORMAL),
    float(OperatingState.CHARGE_FORBIDDEN),
    float(OperatingState.DISCHARGE_FORBIDDEN),
    float(OperatingState.STANDBY),
    float(OperatingState.STOPPED),
)
_IDLE, _CLOSING, _PRECHARGING, _SUCCEEDED, _FAILED = (
    float(PrechargeStage.IDLE),
    float(PrechargeStage.CLOSING),
    float(PrechargeStage.PRECHARGING),
    float(PrechargeStage.SUCCEEDED),
    float(PrechargeStage.FAILED),
)
_IN_USE, _BY_FAULT, _BY_MAINTENANCE, _BY_MASTER = (
    float(DisabledReason.NONE),
    float(DisabledReason.FAULT),
    float(DisabledReason.MAINTENANCE),
    float(DisabledReason.EXTERNAL),
)
_INVALID, _SWITCHED_OFF, _MEASURING = (
    float(InsulationStatus.INVALID),
    float(InsulationStatus.OFF),
    float(InsulationStatus.MEASURING),
)
_PRECHARGE_FAILURE = float(ConnectFailure.PRECHARGE_FAILURE)
_PRECHARGE_CONTACTOR = 1
FAULT_LEVEL = 3.0
"""Alarm level that counts as a fault."""

END_SHARE = 0.1
"""Share of the current that the tapers of cell voltage leave where a rack counts as full or empty [1]."""
_LEAVING = 0.02
"""Charge that leads out of full and empty, relative to capacity [1]."""
_LOW, _RECOVERED = 0.05, 0.10
"""State of charge below which a rack asks to be charged, and up to which it goes on to [1]."""


@scalar
def end_of_charge(at_end, soc, reached_at, sign):
    """State of charge at which an end was reached, NaN while it is not; sign: 1 full, -1 empty."""
    if at_end:
        return soc if np.isnan(reached_at) else sign * max(sign * reached_at, sign * soc)
    return np.nan if sign * (reached_at - soc) > _LEAVING else reached_at


@scalar
def charge_status(connected, direction, full, empty):
    """What a battery does, as SunSpec 802 has it."""
    if connected == 0.0:
        return _OFF
    if direction == _CHARGES:
        return _CHARGING
    if direction == _DISCHARGES:
        return _DISCHARGING
    if full != 0.0:
        return _FULL
    return _EMPTY if empty != 0.0 else _HOLDING


@scalar
def overall_status(starting, failed, alarm_level, full, empty):
    """How a battery is: a fault comes before a warning, and both before full and empty."""
    if failed or alarm_level >= FAULT_LEVEL:
        return _IS_FAULT
    if starting:
        return _IS_INITIAL
    if alarm_level > 0.0:
        return _IS_WARNING
    if full != 0.0:
        return _IS_FULL
    return _IS_EMPTY if empty != 0.0 else _IS_NORMAL


@scalar
def operating_state(connected, failed, no_charge, no_discharge):
    """What a rack permits."""
    if failed:
        return _STOPPED
    if connected == 0.0:
        return _STANDBY
    if no_charge != 0.0 and no_discharge != 0.0:
        return _STOPPED
    if no_charge != 0.0:
        return _NO_CHARGE
    return _NO_DISCHARGE if no_discharge != 0.0 else _NORMAL


@scalar
def precharge_stage(mode, precharge_contactor, connect_failure):
    """How far a rack has got onto the bus."""
    if mode == _PRECHARGE:
        return _PRECHARGING if precharge_contactor != 0.0 else _CLOSING
    if mode == _CONNECTED:
        return _SUCCEEDED
    return _FAILED if connect_failure == _PRECHARGE_FAILURE else _IDLE


@scalar
def disabled_reason(mode, failed, enabled):
    """Why a rack is out of use."""
    if mode == _MAINTENANCE:
        return _BY_MAINTENANCE
    if failed:
        return _BY_FAULT
    return _IN_USE if enabled != 0.0 else _BY_MASTER


@scalar
def insulation_status(enabled, resistance):
    """Whether a monitor measures."""
    if enabled == 0.0:
        return _SWITCHED_OFF
    return _INVALID if np.isnan(resistance) else _MEASURING


@scalar
def energy_share(given, taken):
    """What is left to give, relative to all that is between empty and full [1]; 0 where both are 0."""
    between = given + taken
    return given / between if between != 0.0 else 0.0


@kernel
def report_racks(
    # model
    charge_voltage_start,
    charge_voltage_end,
    discharge_voltage_start,
    discharge_voltage_end,
    cell_count,
    telling_voltage,
    uneven,
    even,
    rest_current,
    flowing_current,
    # inputs
    charge_voltage_max,
    discharge_voltage_min,
    enabled,
    mode,
    connected,
    connect_failure,
    alarm_level,
    command,
    current,
    string_voltage,
    cell_voltage_avg,
    cell_voltage_max,
    cell_voltage_min,
    temperature_max,
    temperature_min,
    soc,
    soe_discharge,
    soe_charge,
    drop,
    charge_limit,
    discharge_limit,
    monitor_enabled,
    insulation_resistance,
    # state
    full_soc,
    empty_soc,
    # out
    power,
    cell_voltage_spread,
    temperature_spread,
    direction,
    charging,
    status,
    state,
    stage,
    reason,
    full,
    empty,
    charge_forbidden,
    discharge_forbidden,
    charge_requested,
    balance_requested,
    soe,
    insulation,
    charge_voltage_limit,
    discharge_voltage_limit,
    energy_charged_cycle,
    energy_discharged_cycle,
):
    """Conditions and requests of every rack; charge_voltage_max, discharge_voltage_min [V] (container,).

    command (rack, contactor), the others (rack,); voltages, currents and energies in SI. From telling_voltage up (but
    for the drop under load) the spread of the cells tells that of their charge: above uneven it asks for a full charge,
    up to even it does no more; elsewhere what was last told stands.
    """
    racks_per_container = mode.shape[0] // charge_voltage_max.shape[0]
    for r in range(mode.shape[0]):
        c = r // racks_per_container
        charge_voltage_limit[r] = min(charge_voltage_max[c], cell_count * charge_voltage_end)
        discharge_voltage_limit[r] = max(discharge_voltage_min[c], cell_count * discharge_voltage_end)

        power[r] = string_voltage[r] * current[r]
        cell_voltage_spread[r] = cell_voltage_max[r] - cell_voltage_min[r]
        temperature_spread[r] = temperature_max[r] - temperature_min[r]
        direction[r] = _RESTS
        if current[r] > flowing_current:
            direction[r] = _DISCHARGES
        elif current[r] < -flowing_current:
            direction[r] = _CHARGES

        was_full = full[r]
        share = mean_share(
            cell_voltage_avg[r], charge_voltage_start, charge_voltage_end, charge_voltage_max[c], cell_count
        )
        at_end = min(share, taper(cell_voltage_max[r], charge_voltage_start, charge_voltage_end)) <= END_SHARE
        full_soc[r] = end_of_charge(at_end and cell_voltage_max[r] > 0.0, soc[r], full_soc[r], 1.0)
        full[r] = 0.0 if np.isnan(full_soc[r]) else 1.0
        share = mean_share(
            cell_voltage_avg[r], discharge_voltage_start, discharge_voltage_end, discharge_voltage_min[c], cell_count
        )
        at_end = min(share, taper(cell_voltage_min[r], discharge_voltage_start, discharge_voltage_end)) <= END_SHARE
        empty_soc[r] = end_of_charge(at_end and cell_voltage_min[r] > 0.0, soc[r], empty_soc[r], -1.0)
        empty[r] = 0.0 if np.isnan(empty_soc[r]) else 1.0
        if full[r] > was_full:
            energy_charged_cycle[r] = 0.0
            energy_discharged_cycle[r] = 0.0

        failed = has_failed(mode[r])
        starting = mode[r] == _INIT or mode[r] == _SELF_TEST
        charge_forbidden[r] = 1.0 if charge_limit[r] == 0.0 else 0.0
        discharge_forbidden[r] = 1.0 if discharge_limit[r] == 0.0 else 0.0
        enough = _RECOVERED if charge_requested[r] != 0.0 else _LOW
        charge_requested[r] = 1.0 if empty[r] != 0.0 or soc[r] < enough else 0.0
        if cell_voltage_max[r] + drop[r] > telling_voltage and current[r] <= rest_current:
            limit = even if balance_requested[r] != 0.0 else uneven
            balance_requested[r] = 1.0 if cell_voltage_spread[r] > limit else 0.0
        soe[r] = energy_share(soe_discharge[r], soe_charge[r])
        insulation[r] = insulation_status(monitor_enabled[r], insulation_resistance[r])
        charging[r] = charge_status(connected[r], direction[r], full[r], empty[r])
        status[r] = overall_status(starting, failed, alarm_level[r], full[r], empty[r])
        state[r] = operating_state(connected[r], failed, charge_forbidden[r], discharge_forbidden[r])
        stage[r] = precharge_stage(mode[r], command[r, _PRECHARGE_CONTACTOR], connect_failure[r])
        reason[r] = disabled_reason(mode[r], failed, enabled[r])
