"""The PCS's own controller: what its mailbox says, as the PCS is asked in the coming tick."""

import math

from bms_emulator.firmware.contract import PcsCommands, PcsLink
from bms_emulator.jit import bind, kernel, scalar
from bms_emulator.plant.state import PcsControl, PcsInputs, PlantInputs, ReactiveControl
from bms_emulator.profile.pcs import PcsProfile
from bms_emulator.program import Program
from bms_emulator.runtime.pcs_reversion import Reversions
from bms_emulator.sensing.pcs_state import PcsMeasured

POWER = float(PcsControl.POWER)
FRACTION = 0.0
"""Set-point mode in which the power is given relative to its setting."""
OF_POWER, OF_REACTIVE, OF_AVAILABLE, OF_APPARENT = 0.0, 1.0, 2.0, 3.0
"""Modes of the reactive-power set point, but for the one in which it is given as it is."""
NONE = float(ReactiveControl.NONE)
SETPOINT = float(ReactiveControl.SETPOINT)
AVAILABLE = float(ReactiveControl.AVAILABLE)
POWER_FACTOR = float(ReactiveControl.POWER_FACTOR)
REACTIVE_FIRST = 1.0
HEARTBEATS = 65536
"""The PCS's heartbeat counts up to, and begins anew at, this number."""


def deliver(commands: PcsCommands, profile: PcsProfile) -> None:
    """Give settings the values with which a PCS is delivered: its ratings."""
    power, apparent, reactive = (
        1e3 * rating for rating in (profile.rated_power_kw, profile.rated_apparent_kva, profile.rated_reactive_kvar)
    )
    for setting in (commands.power_max, commands.charge_power_max, commands.discharge_power_max):
        setting[...] = power
    commands.apparent_power_max[...] = apparent
    commands.voltage_setpoint[...] = profile.dc_voltage_min_v
    commands.reactive_delivered_max[...] = commands.reactive_absorbed_max[...] = reactive
    commands.power_ramp_rate[...] = profile.ramp_percent_per_s * 1e-2
    commands.reactive_ramp_rate[...] = profile.reactive_ramp_percent_per_s * 1e-2
    band = profile.grid.enter_service
    commands.enter_service_voltage_min[...] = band.voltage_min_percent * 1e-2
    commands.enter_service_voltage_max[...] = band.voltage_max_percent * 1e-2
    commands.enter_service_frequency_min[...] = band.frequency_min_percent * 1e-2 * profile.frequency_hz
    commands.enter_service_frequency_max[...] = band.frequency_max_percent * 1e-2 * profile.frequency_hz
    commands.enter_service_delay[...] = band.time_s


class PcsController:
    """The controllers of all PCS.

    Args:
        profile: The PCS.
        commands: Mailbox.
        link: What they tell of their master, written.
        measured: Reports of the PCS.
        inputs: What is asked of the plant, written.
        pcs_inputs: The same, of the PCS alone, written.
        dt: Step [s].
    """

    def __init__(
        self,
        profile: PcsProfile,
        commands: PcsCommands,
        link: PcsLink,
        measured: PcsMeasured,
        inputs: PlantInputs,
        pcs_inputs: PcsInputs,
        dt: float,
    ) -> None:
        deliver(commands, profile)
        self.reversions = Reversions(commands, link, dt)
        self._watch = bind(
            watch_master,
            # state
            link.watchdog_armed,
            link.heartbeat_seen,
            link.heartbeat_age,
            # inputs
            commands.heartbeat_master,
            commands.watchdog_timeout,
            commands.enter_service_delay,
            measured.in_service,
            measured.service_time,
            # out
            link.heartbeat,
            link.watchdog_remaining,
            link.enter_service_remaining,
            pcs_inputs.watchdog_expired,
        )
        order = bind(
            order_pcs,
            # model
            profile.rated_power_kw * 1e3,
            profile.rated_reactive_kvar * 1e3,
            # state
            commands.fault_reset,
            # inputs
            commands.enable,
            commands.standby,
            commands.setpoint_enabled,
            commands.control_mode,
            commands.setpoint_mode,
            commands.power_setpoint,
            commands.power_setpoint_fraction,
            commands.power_limit_enabled,
            commands.power_limit_fraction,
            commands.current_setpoint,
            commands.voltage_setpoint,
            commands.current_limit,
            commands.power_max,
            commands.charge_power_max,
            commands.discharge_power_max,
            commands.apparent_power_max,
            commands.reactive_delivered_max,
            commands.reactive_absorbed_max,
            commands.power_ramp_rate,
            commands.reactive_ramp_rate,
            commands.reactive_enabled,
            commands.reactive_mode,
            commands.reactive_priority,
            commands.reactive_setpoint,
            commands.reactive_setpoint_fraction,
            commands.power_factor_discharge_enabled,
            commands.power_factor_discharge,
            commands.power_factor_discharge_excitation,
            commands.power_factor_charge_enabled,
            commands.power_factor_charge,
            commands.power_factor_charge_excitation,
            # out
            inputs.pcs_enable,
            inputs.control_mode,
            inputs.power_setpoint,
            inputs.power_limit,
            inputs.current_setpoint,
            inputs.voltage_setpoint,
            inputs.current_limit,
            pcs_inputs.standby,
            pcs_inputs.reset,
            pcs_inputs.charge_limit,
            pcs_inputs.discharge_limit,
            pcs_inputs.power_ramp,
            pcs_inputs.reactive_ramp,
            pcs_inputs.reactive_control,
            pcs_inputs.reactive_setpoint,
            pcs_inputs.reactive_slope_discharge,
            pcs_inputs.reactive_slope_charge,
            pcs_inputs.reactive_priority,
        )
        copy = bind(
            copy_settings,
            # inputs
            (
                commands.dc_breaker_command,
                commands.ac_breaker_command,
                commands.apparent_power_max,
                commands.reactive_delivered_max,
                commands.reactive_absorbed_max,
                commands.enter_service_permitted,
                commands.enter_service_voltage_min,
                commands.enter_service_voltage_max,
                commands.enter_service_frequency_min,
                commands.enter_service_frequency_max,
                commands.enter_service_delay,
            ),
            # out
            (
                pcs_inputs.dc_breaker,
                pcs_inputs.ac_breaker,
                pcs_inputs.apparent_limit,
                pcs_inputs.delivered_limit,
                pcs_inputs.absorbed_limit,
                pcs_inputs.service_permitted,
                pcs_inputs.service_voltage_min,
                pcs_inputs.service_voltage_max,
                pcs_inputs.service_frequency_min,
                pcs_inputs.service_frequency_max,
                pcs_inputs.service_delay,
            ),
        )
        self._ask = Program(order, copy)
        self._dt = dt

    def step(self, time: float) -> None:
        """Ask every PCS what is wanted now; time: since the start [s]."""
        self.reversions.step()
        self._watch.call(float(int(time) % HEARTBEATS), self._dt)
        self._ask()


@kernel
def copy_settings(  # type: ignore[no-untyped-def]
    # inputs
    settings,
    # out
    asked,
):
    """Settings that the PCS takes as they are; both are tuples of arrays (container)."""
    for n in range(len(settings)):
        for c in range(settings[n].size):
            asked[n][c] = settings[n][c]


@kernel
def watch_master(  # type: ignore[no-untyped-def]
    # state
    armed,
    seen,
    age,
    # inputs
    heartbeat_master,
    timeout,
    service_delay,
    in_service,
    service_time,
    # out
    heartbeat,
    watchdog_remaining,
    service_remaining,
    expired,
    count,
    dt,
):
    """Watch the heartbeat of each master and beat in return, all (container); `count` is the PCS's own.

    Once a heartbeat is not 0 it must change within the time-out, where there is one.
    """
    for c in range(age.size):
        heartbeat[c] = count
        changed = heartbeat_master[c] != seen[c]
        seen[c] = heartbeat_master[c]
        armed[c] = 1.0 if timeout[c] > 0.0 and (armed[c] != 0.0 or heartbeat_master[c] != 0.0) else 0.0
        age[c] = 0.0 if changed or armed[c] == 0.0 else age[c] + dt
        expired[c] = 1.0 if armed[c] != 0.0 and age[c] > timeout[c] - 0.5 * dt else 0.0
        watchdog_remaining[c] = max(0.0, timeout[c] - age[c]) if armed[c] != 0.0 else 0.0
        service_remaining[c] = 0.0 if in_service[c] != 0.0 else max(0.0, service_delay[c] - service_time[c])


@scalar
def slope_of(enabled, power_factor, excitation):  # type: ignore[no-untyped-def]
    """Reactive over active power of a power factor [1], positive where over-excited."""
    if enabled == 0.0:
        return 0.0
    slope = math.sqrt(max(0.0, 1.0 - power_factor * power_factor)) / power_factor
    return slope if excitation == 0.0 else -slope


@scalar
def whole_of(mode, fraction, power_max, delivered_max, absorbed_max, apparent_max):  # type: ignore[no-untyped-def]
    """What a share of reactive power is a share of [var]; 1 where that is what is available."""
    if mode == OF_POWER:
        return power_max
    if mode == OF_REACTIVE:
        return delivered_max if fraction > 0.0 else absorbed_max
    return apparent_max if mode == OF_APPARENT else 1.0


@kernel
def order_pcs(  # type: ignore[no-untyped-def]
    # model
    rated_power,
    rated_reactive,
    # state
    fault_reset,
    # inputs
    wanted_enable,
    wanted_standby,
    setpoint_enabled,
    wanted_mode,
    setpoint_mode,
    wanted_power,
    wanted_fraction,
    limit_enabled,
    limit_fraction,
    wanted_current,
    wanted_voltage,
    wanted_current_limit,
    power_max,
    charge_power_max,
    discharge_power_max,
    apparent_power_max,
    delivered_max,
    absorbed_max,
    power_ramp_rate,
    reactive_ramp_rate,
    reactive_enabled,
    reactive_mode,
    wanted_priority,
    wanted_reactive,
    wanted_reactive_fraction,
    factor_discharge_enabled,
    factor_discharge,
    factor_discharge_excitation,
    factor_charge_enabled,
    factor_charge,
    factor_charge_excitation,
    # out
    enable,
    control_mode,
    power_setpoint,
    power_limit,
    current_setpoint,
    voltage_setpoint,
    current_limit,
    standby,
    reset,
    charge_limit,
    discharge_limit,
    power_ramp,
    reactive_ramp,
    reactive_control,
    reactive_setpoint,
    reactive_slope_discharge,
    reactive_slope_charge,
    reactive_priority,
):
    """What every PCS is asked; all arrays (container). A reset is taken away once it has been passed on.

    Without an effective set point a PCS controls a power of 0 [W].
    """
    for c in range(enable.size):
        enable[c], standby[c], reset[c] = wanted_enable[c], wanted_standby[c], fault_reset[c]
        fault_reset[c] = 0.0
        power = wanted_fraction[c] * power_max[c] if setpoint_mode[c] == FRACTION else wanted_power[c]
        control_mode[c] = wanted_mode[c] if setpoint_enabled[c] else POWER
        power_setpoint[c] = power if setpoint_enabled[c] else 0.0
        power_limit[c] = power_max[c] * (limit_fraction[c] if limit_enabled[c] else 1.0)
        charge_limit[c], discharge_limit[c] = charge_power_max[c], discharge_power_max[c]
        current_setpoint[c] = wanted_current[c]
        voltage_setpoint[c] = wanted_voltage[c]
        current_limit[c] = wanted_current_limit[c]
        power_ramp[c] = power_ramp_rate[c] * rated_power
        reactive_ramp[c] = reactive_ramp_rate[c] * rated_reactive

        reactive_slope_discharge[c] = slope_of(
            factor_discharge_enabled[c], factor_discharge[c], factor_discharge_excitation[c]
        )
        reactive_slope_charge[c] = slope_of(factor_charge_enabled[c], factor_charge[c], factor_charge_excitation[c])
        by_factor = factor_discharge_enabled[c] != 0.0 or factor_charge_enabled[c] != 0.0
        reactive_priority[c] = 1.0 if wanted_priority[c] == REACTIVE_FIRST else 0.0
        mode = reactive_mode[c]
        if reactive_enabled[c] != 0.0:
            reactive_control[c] = AVAILABLE if mode == OF_AVAILABLE else SETPOINT
        else:
            reactive_control[c] = POWER_FACTOR if by_factor else NONE
        fraction = wanted_reactive_fraction[c]
        whole = whole_of(mode, fraction, power_max[c], delivered_max[c], absorbed_max[c], apparent_power_max[c])
        reactive_setpoint[c] = fraction * whole if mode <= OF_APPARENT else wanted_reactive[c]
