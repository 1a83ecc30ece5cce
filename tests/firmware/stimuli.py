"""How to make measurements show a value of each signal, in SI units; each stimulus tells which source it should have.

A stimulus is applied anew in every period, as rates and times need.
"""

from collections.abc import Callable

from bms_emulator.firmware.contract import CmuFault, ControllerFault
from tests.firmware.supervision_rig import CELL_VOLTAGE, RACK, SupervisionRig

Stimulus = Callable[[SupervisionRig, float], int]

CELL, PACK = 150, 2
"""The cell and its pack that suffer, counted from 1; four packs of 104."""
SENSORS = 52
SENSOR = (PACK - 1) * SENSORS + 7
WARM = 298.15


def _cell(rig: SupervisionRig, voltage: float) -> int:
    rig.measured.cell_voltage[RACK, CELL - 1] = voltage
    return CELL


def _temperature(rig: SupervisionRig, temperature: float) -> int:
    rig.measured.temperature[RACK, SENSOR] = temperature
    return PACK


def _runaway(rig: SupervisionRig, signs: float) -> int:
    rig.measured.gas_alarm[0] = 1.0
    return _temperature(rig, WARM + 1.0 * rig.elapsed) if signs > 1 else 0


def _of(field: str, factor: float = 1.0, offset: float = 0.0, source: int = 0) -> Stimulus:
    """A measured array of the rack or of the container is factor * value + offset."""

    def show(rig: SupervisionRig, quantity: float) -> int:
        array = getattr(rig.measured, field)
        array[RACK if len(array) > 1 else 0] = factor * quantity + offset
        return source

    return show


def _aged(field: str, limit: str, source: int) -> Stimulus:
    def show(rig: SupervisionRig, ratio: float) -> int:
        age = ratio * getattr(rig.site.firmware.measurement_age, limit)
        getattr(rig.measured, field).reshape(3, -1)[RACK, source - 1 if source else 0] = age
        return source

    return show


def _bits(field: str, bit: int, source: int = 0) -> Stimulus:
    def show(rig: SupervisionRig, _: float) -> int:
        getattr(rig.measured, field).reshape(3, -1)[RACK, source - 1 if source else 0] = 1 << bit
        return source

    return show


def _current(sign: float, *, closed: bool = True) -> Stimulus:
    def show(rig: SupervisionRig, ratio: float) -> int:
        if closed:
            rig.send(1, 0, 1)
        rig.measured.current[RACK] = rig.measured.current_second[RACK] = sign * ratio * rig.rated_current
        return 0

    return show


def _open_current(rig: SupervisionRig, current: float) -> int:
    return _current(1.0, closed=False)(rig, current / rig.rated_current)


def _insulation(field: str, source: int = 0) -> Stimulus:
    def show(rig: SupervisionRig, ohm_per_volt: float) -> int:
        getattr(rig.measured, field)[RACK] = ohm_per_volt * rig.rated_voltage
        return source

    return show


def _soc(reserve: str, sign: float) -> Stimulus:
    def show(rig: SupervisionRig, beyond: float) -> int:
        rig.racks.soc.fill(0.5)
        rig.commands.soc_reserve_min.fill(0.2)
        rig.commands.soc_reserve_max.fill(0.8)
        rig.racks.soc[RACK] = getattr(rig.commands, reserve)[0] + sign * beyond
        return 0

    return show


def _soc_jump(rig: SupervisionRig, jump: float) -> int:
    if rig.count == 1:
        rig.racks.soc[RACK] += 2.0 * jump
    return 0


def _soh(rig: SupervisionRig, soh: float) -> int:
    rig.racks.soh[RACK] = soh
    return 0


def _precharge_time(rig: SupervisionRig, _: float) -> int:
    rig.send(1, 1, 0)
    return 0


def _precharge_current(rig: SupervisionRig, ratio: float) -> int:
    rig.send(1, 1, 0)
    resistance = rig.site.container.rack.contactors.precharge_resistance_ohm
    rig.measured.current[RACK] = -ratio * rig.measured.string_voltage[RACK] / resistance
    rig.measured.current_second[RACK] = rig.measured.current[RACK]
    return 0


def _welded(contactor: int) -> Stimulus:
    def show(rig: SupervisionRig, _: float) -> int:
        rig.measured.contactor_feedback[RACK, contactor - 1] = 1.0
        return contactor

    return show


def _stuck(contactor: int, *sent: int, current: float = 0.0) -> Stimulus:
    """A contactor that is sent closed reads open; with a current it conducts all the same."""

    def show(rig: SupervisionRig, _: float) -> int:
        rig.send(*sent)
        rig.measured.contactor_feedback[RACK, contactor - 1] = 0.0
        rig.measured.current[RACK] = rig.measured.current_second[RACK] = current
        return contactor

    return show


def _coolant(field: str, rated: str) -> Stimulus:
    def show(rig: SupervisionRig, ratio: float) -> int:
        getattr(rig.measured, field)[0] = ratio * getattr(rig.container, rated)
        return 0

    return show


def _leak(rig: SupervisionRig, signs: float) -> int:
    rig.measured.water[0] = 1.0
    rig.measured.coolant_pressure[0] = 0.3 * rig.container.rated_pressure if signs > 1 else rig.container.rated_pressure
    return 0


def _master(rig: SupervisionRig, signs: float) -> int:
    rig.bank.master_lost[0] = 1.0
    rig.private.master_gone[0] = float(signs > 1)
    return 0


def _rack_silence(rig: SupervisionRig, _: float) -> int:
    rig.beating[RACK] = 0.0
    return RACK + 1


def _soc_spread(rig: SupervisionRig, spread: float) -> int:
    rig.racks.connected.fill(1.0)
    rig.racks.soc[...] = 0.9
    rig.racks.soc[RACK] = 0.9 - spread
    return RACK + 1


def _current_spread(rig: SupervisionRig, ratio: float) -> int:
    rig.racks.connected.fill(1.0)
    rig.measured.current[0] = rig.measured.current_second[0] = 50.0
    rig.measured.current[2] = rig.measured.current_second[2] = 50.0
    return _current(1.0)(rig, ratio + 50.0 / rig.rated_current) + RACK + 1


def _string(rig: SupervisionRig, per_cell: float) -> int:
    rig.measured.string_voltage[RACK] = per_cell * rig.measured.cell_voltage.shape[1]
    return 0


STIMULI: dict[str, Stimulus] = {
    "cell_voltage_max_v": _cell,
    "cell_voltage_min_v": _cell,
    "cell_voltage_spread_v": lambda rig, spread: _cell(rig, CELL_VOLTAGE - spread),
    "cell_voltage_rate_v_per_s": lambda rig, rate: _cell(rig, CELL_VOLTAGE + rate * rig.elapsed),
    "temperature_max_degc": _temperature,
    "temperature_min_degc": _temperature,
    "temperature_spread_k": lambda rig, spread: _temperature(rig, WARM + spread),
    "temperature_rise_k_per_min": lambda rig, rate: _temperature(rig, WARM + rate * rig.elapsed),
    "thermal_runaway_signs": _runaway,
    "voltage_age_ratio": _aged("cell_voltage_age", "voltage_s", PACK),
    "temperature_age_ratio": _aged("temperature_age", "temperature_s", PACK),
    "cmu_communication": _bits("cmu_faults", CmuFault.COMMUNICATION, PACK),
    "cmu_integrity": _bits("cmu_faults", CmuFault.INTEGRITY, PACK),
    "cmu_open_wire": _bits("cmu_faults", CmuFault.OPEN_WIRE, PACK),
    "string_voltage_per_cell_v": _string,
    "sum_of_cells_mismatch_ratio": lambda rig, ratio: _string(rig, CELL_VOLTAGE * (1.0 + ratio)),
    "charge_current_ratio": _current(-1.0),
    "discharge_current_ratio": _current(1.0),
    "charge_current_mean_ratio": _current(-1.0),
    "discharge_current_mean_ratio": _current(1.0),
    "current_mismatch_ratio": lambda rig, ratio: _of("current_second", rig.rated_current)(rig, ratio),
    "current_age_ratio": _aged("current_age", "current_s", 0),
    "open_string_current_a": _open_current,
    "terminal_temperature_degc": _of("terminal_temperature"),
    "insulation_positive_ohm_per_v": _insulation("insulation_positive"),
    "insulation_negative_ohm_per_v": _insulation("insulation_negative"),
    "soc_below_reserve_percent": _soc("soc_reserve_min", -1.0),
    "soc_above_reserve_percent": _soc("soc_reserve_max", 1.0),
    "soc_jump_percent": _soc_jump,
    "soh_percent": _soh,
    "fuse_open": _of("fuse_feedback", 0.0),
    "breaker_open": _of("breaker_feedback", 0.0),
    "interlock_open": _of("interlock_closed", 0.0),
    "configuration_fault": _bits("controller_faults", ControllerFault.CONFIGURATION),
    "persistent_memory_fault": _bits("controller_faults", ControllerFault.PERSISTENT_MEMORY),
    "clock_fault": _bits("controller_faults", ControllerFault.CLOCK),
    "watchdog_fault": _bits("controller_faults", ControllerFault.WATCHDOG),
    "duplicate_id": _bits("controller_faults", ControllerFault.DUPLICATE_ID),
    "controller_communication": _bits("controller_faults", ControllerFault.COMMUNICATION),
    "insulation_monitor_failed": _bits("controller_faults", ControllerFault.INSULATION_MONITOR),
    "precharge_time_s": _precharge_time,
    "precharge_current_ratio": _precharge_current,
    "contactor_negative_welded": _welded(1),
    "contactor_precharge_welded": _welded(2),
    "contactor_positive_welded": _welded(3),
    "contactor_negative_stuck": _stuck(1, 1, 0, 1),
    "contactor_precharge_stuck": _stuck(2, 1, 1, 0),
    "contactor_positive_stuck": _stuck(3, 1, 0, 1),
    "contactor_negative_feedback": _stuck(1, 1, 0, 1, current=50.0),
    "contactor_precharge_feedback": _stuck(2, 1, 1, 0, current=10.0),
    "contactor_positive_feedback": _stuck(3, 1, 0, 1, current=50.0),
    "coolant_supply_temperature_degc": _of("coolant_supply_temperature"),
    "coolant_return_temperature_degc": _of("coolant_return_temperature"),
    "coolant_flow_ratio": _coolant("coolant_flow", "rated_flow"),
    "coolant_pressure_ratio": _coolant("coolant_pressure", "rated_pressure"),
    "coolant_leak_signs": _leak,
    "chiller_age_s": _of("chiller_age"),
    "condensation_margin_k": _of("dew_point", -1.0, WARM),
    "hydrogen_ppm": _of("hydrogen"),
    "carbon_monoxide_ppm": _of("carbon_monoxide"),
    "smoke_per_m": _of("smoke"),
    "fire_level": _of("fire_level"),
    "supply_voltage_v": _of("supply_voltage"),
    "master_silence": _master,
    "rack_silence_s": _rack_silence,
    "rack_soc_spread_percent": _soc_spread,
    "rack_current_spread_ratio": _current_spread,
    "bus_insulation_positive_ohm_per_v": _insulation("insulation_positive", RACK + 1),
    "bus_insulation_negative_ohm_per_v": _insulation("insulation_negative", RACK + 1),
    "chiller_fault": _of("chiller_fault", 0.0, 1.0),
    "gas_alarm": _of("gas_alarm", 0.0, 1.0),
    "heat_alarm": _of("fire_detectors", 0.0, 8.0),
    "water": _of("water", 0.0, 1.0),
    "emergency_stop": _of("emergency_stop", 0.0, 1.0),
    "door_open": _of("door_open", 0.0, 1.0),
}
"""Stimuli by signal."""

SETTLING: dict[str, float] = {
    "cell_voltage_rate_v_per_s": 40.0,
    "temperature_rise_k_per_min": 500.0,
    "thermal_runaway_signs": 200.0,
    "charge_current_mean_ratio": 2500.0,
    "discharge_current_mean_ratio": 2500.0,
    "soc_jump_percent": 300.0,
    "precharge_time_s": 10.0,
    "rack_silence_s": 60.0,
}
"""Time [s] within which a signal follows its stimulus, or forgets it, where that is not at once."""
