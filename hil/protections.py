"""How each protection of a rack is brought to its thresholds: one row for each alarm.

What a protection has to do stands in the firmware profile of the specification, whatever runs on the rig: a controller
whose thresholds are others fails. Stimuli are faults of sensors, as a bench with simulated sensors sets them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.loader import load_site
from bms_emulator.testing.rig import Rig

CABINET: Mapping[str, Any] = {"container": "cabinet-261kwh", "pcs": "cabinet-125kw"}
"""A site of one rack."""
_SITE = load_site("cabinet")
SPECIFIED = _SITE.firmware
"""Settings that are specified for the rack under test."""
ROWS: Mapping[str, AlarmRow] = {row.id: row for row in SPECIFIED.rack_alarms}

CELL = "rack[1].cell[41].voltage"
CELLS = "rack[1].cell[*].voltage"
SENSORS = "rack[1].temperature_sensor[*].temperature"
CURRENTS = ("rack[1].current", "rack[1].current_second")
STRING = ("rack[1].string_voltage", "rack[1].fuse_voltage", "rack[1].link_voltage")

Drive = Callable[[Rig, float], None]
"""Brings the signal of an alarm to a value in SI, or in the unit of its threshold."""


@dataclass(frozen=True)
class Protection:
    """How an alarm is raised.

    Attributes:
        drive: Brings its signal to a value.
        grain: Distance from a threshold at which a value is just short of it, or just beyond.
        lag: Longest time from a sensor to the firmware [s].
        prepare: Done before.
        connected: Whether the rack is on the bus.
        delay: Time that the signal takes to a value, where it is driven once and goes on by itself [s]; None where it
            follows at once.
        stays: Whether the cause is still there when the rack has opened.
        going: Time that the signal takes to fall when the cause is gone [s].
        levels: Levels that it decides; before the others a stronger alarm has opened the rack.
        along: Other alarms that the stimulus raises by its nature.
        requirements: Ids of what it verifies.
        settings: Values over those of the site.
    """

    drive: Drive
    grain: float = 0.0
    lag: float = 0.5
    prepare: Callable[[Rig], None] = lambda rig: None
    connected: bool = True
    delay: Callable[[float], float] | None = None
    stays: bool = True
    going: float = 0.0
    levels: tuple[int, ...] = (1, 2, 3)
    along: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()


def hold(rig: Rig, value: float, *targets: str, unit: str = "") -> None:
    """Let sensors read a value."""
    for target in targets:
        rig.fault("stuck", target, name=f"hold-{_word(target)}", value=f"{value:.9g}{unit}")


def flow(rig: Rig, amps: float) -> None:
    """Let both current sensors read a current, positive in discharge, for as long as the contactors are closed."""
    hold(rig, amps, *CURRENTS, unit="A")
    for target in CURRENTS:
        opened = "plant.rack[1].contactor[main_positive].closed == false"
        rig.fault("stuck", target, name=f"opened-{_word(target)}", value="0A", when=opened)


def beside(distance: float) -> Drive:
    """A stimulus that lets one cell read the value, and all others one that differs by a distance [V]."""

    def drive(rig: Rig, value: float) -> None:
        hold(rig, value + distance, CELLS, unit="V")
        hold(rig, (value + distance) * rig.site.container.rack.cell_count, *STRING, unit="V")
        hold(rig, value, CELL, unit="V")

    return drive


def stuck(*targets: str, unit: str) -> Drive:
    """A stimulus that lets sensors read the value itself."""
    return lambda rig, value: hold(rig, value, *targets, unit=unit)


def broken(kind: str, target: str, **parameters: Any) -> Drive:
    """A stimulus that is there or is not, for alarms that watch a flag or an age."""

    def drive(rig: Rig, value: float) -> None:
        if value > 0.0:
            rig.fault(kind, target, name="broken", **parameters)
        else:
            rig.clear("broken")

    return drive


def damaged(point: str, bit: int) -> Drive:
    """A stimulus that sets a bit of what is wrong with a controller."""
    return lambda rig, value: rig.write({point: float(2**bit if value > 0.0 else 0)})


def _spread(rig: Rig, value: float) -> None:
    beside(value)(rig, 3.500 - value)


def _temperature_spread(rig: Rig, value: float) -> None:
    hold(rig, 298.15, SENSORS, unit="K")
    hold(rig, 298.15 - value, "rack[1].temperature_sensor[7].temperature", unit="K")


def _mismatch(rig: Rig, value: float) -> None:
    hold(rig, 3.3, CELLS, unit="V")
    hold(rig, 3.3 * rig.site.container.rack.cell_count * (1.0 + value), *STRING, unit="V")


def _current_mismatch(rig: Rig, value: float) -> None:
    hold(rig, 0.0, CURRENTS[0], unit="A")
    hold(rig, value, CURRENTS[1], unit="A")


def _charge(rig: Rig, value: float) -> None:
    flow(rig, -value)


def _cells_at(volts: float) -> Callable[[Rig], None]:
    return lambda rig: hold(rig, volts, CELLS, unit="V")


def _flowing(amps: float) -> Callable[[Rig], None]:
    return lambda rig: flow(rig, amps)


def _reserve(point: str, sign: float) -> Drive:
    return lambda rig, value: rig.write({point: rig.get("rack[1].soc") + sign * value})


def _age(limit: float) -> Callable[[float], float]:
    return lambda ratio: ratio * limit


MEAN_OF = 1.24
"""Current that is held for alarms of the continuous current, relative to the rated one: below the third peak level."""


def _mean(sign: float) -> Drive:
    return lambda rig, _: flow(rig, sign * MEAN_OF * rig.site.container.rack.rated_current_a)


def _word(target: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in target).strip("-")


def _mean_time(amps: float) -> float:
    """Time after which a mean that began at 0 has reached a current [A], in s: 1 - exp(-t / window) of what is held."""
    held = MEAN_OF * _SITE.container.rack.rated_current_a
    return -SPECIFIED.signals.current_mean_window_s * math.log(1.0 - amps / held)


def _runaway(rig: Rig, _: float) -> None:
    hold(rig, 311.15, SENSORS, unit="K")
    beside(0.2)(rig, 2.95)


VOLTAGE_DRIFT, WARMING = 0.3, 30.0 / 60.0
"""Rates at which a cell voltage falls [V/s] and temperatures rise [K/s], for alarms that watch a filtered rate."""


def _rate_time(rate: float, window: float) -> Callable[[float], float]:
    """Time after which the filtered rate of a steady ramp has reached a value: 1 - exp(-t / window) of the rate."""
    return lambda value: -window * math.log(1.0 - value / rate)


_AGES = SPECIFIED.measurement_age
_WARM, _COLD = {"initial.temperature_degc": 40}, {"initial.temperature_degc": 12}
_HOT = stuck(SENSORS, unit="K")
_OHM = {
    "grain": 10.0,
    "lag": 2.5,
    "connected": False,
    "along": ("bus_insulation_*",),
    "requirements": ("INS-1", "INS-2"),
}
_DAMAGE = "rack[1].controller.damage"

PROTECTIONS: Mapping[str, Protection] = {
    "cell_overvoltage": Protection(
        beside(-0.2),
        0.001,
        along=("cell_voltage_rate",),
        requirements=("PRO-OV-1", "PRO-OV-2", "PRO-OV-3"),
    ),
    "cell_undervoltage": Protection(
        beside(0.2),
        0.001,
        along=("cell_voltage_rate", "rack_undervoltage"),
        requirements=("PRO-UV-1", "PRO-UV-2", "PRO-UV-3"),
    ),
    "deep_discharge": Protection(
        beside(0.2),
        0.001,
        along=("cell_voltage_rate", "rack_undervoltage", "cell_undervoltage"),
        requirements=("PRO-DD-1",),
    ),
    "cell_voltage_spread": Protection(_spread, 0.001, requirements=("PRO-SPR-1",)),
    "overtemperature_charge": Protection(
        _HOT,
        0.1,
        lag=2.5,
        prepare=_flowing(-20.0),
        along=("overtemperature_discharge", "temperature_rise"),
        settings=_WARM,
        requirements=("PRO-OT-1", "PRO-OT-2", "PRO-OT-3"),
    ),
    "overtemperature_discharge": Protection(
        _HOT,
        0.1,
        lag=2.5,
        along=("overtemperature_charge", "temperature_rise"),
        settings=_WARM,
        requirements=("PRO-OT-1", "PRO-OT-2", "PRO-OT-3"),
    ),
    "undertemperature_charge": Protection(
        _HOT, 0.1, lag=2.5, prepare=_flowing(-20.0), settings=_COLD, requirements=("PRO-UT-1",)
    ),
    "undertemperature_discharge": Protection(
        _HOT,
        0.1,
        lag=2.5,
        prepare=_flowing(20.0),
        along=("undertemperature_charge", "temperature_rise"),
        settings=_COLD,
        requirements=("PRO-UT-2",),
    ),
    "cell_voltage_rate": Protection(
        broken("drift", CELL, rate=f"{-VOLTAGE_DRIFT}V/s"),
        delay=_rate_time(VOLTAGE_DRIFT, SPECIFIED.signals.voltage_rate_window_s),
        levels=(1,),
        going=30.0,
        along=("cell_undervoltage", "cell_voltage_spread"),
        requirements=("PRO-RATE-1",),
    ),
    "temperature_rise": Protection(
        broken("drift", SENSORS, rate=f"{WARMING}K/s"),
        lag=3.0,
        delay=_rate_time(WARMING, SPECIFIED.signals.temperature_rise_window_s),
        levels=(1, 2),
        going=60.0,
        along=("overtemperature_*",),
        settings=_COLD,
        requirements=("PRO-RATE-1",),
    ),
    "thermal_runaway": Protection(
        _runaway,
        lag=2.5,
        going=SPECIFIED.signals.runaway_hold_s + 60.0,
        along=("temperature_rise", "cell_voltage_rate"),
        requirements=("FIRE-2",),
    ),
    "soc_jump": Protection(
        broken("soc-jump", "rack[1].controller", change="-22%"), going=60.0, requirements=("PRO-JUMP-1",)
    ),
    "temperature_spread": Protection(_temperature_spread, 0.1, lag=2.5, requirements=("PRO-SPR-1",)),
    "stale_voltage": Protection(broken("stale", CELLS), delay=_age(_AGES.voltage_s), requirements=("PRO-STALE-1",)),
    "stale_temperature": Protection(
        broken("stale", SENSORS), lag=1.5, delay=_age(_AGES.temperature_s), requirements=("PRO-STALE-1",)
    ),
    "stale_current": Protection(
        broken("stale", CURRENTS[0]), delay=_age(_AGES.current_s), requirements=("PRO-STALE-1",)
    ),
    "cmu_communication": Protection(
        broken("silence", "rack[1].pack[1].cmu"), along=("stale_*",), requirements=("COM-1",)
    ),
    "cmu_integrity": Protection(
        broken("integrity", "rack[1].pack[1].cmu"), along=("stale_*",), requirements=("COM-1",)
    ),
    "cmu_open_wire": Protection(
        broken("open-wire", "rack[1].pack[1].cmu"), along=("stale_voltage",), requirements=("COM-1",)
    ),
    "rack_overvoltage": Protection(
        stuck(*STRING, unit="V"),
        0.1,
        prepare=_cells_at(3.545),
        along=("sum_of_cells_mismatch",),
        requirements=("PRO-RV-1",),
    ),
    "rack_undervoltage": Protection(
        stuck(*STRING, unit="V"),
        0.1,
        prepare=_cells_at(2.905),
        along=("sum_of_cells_mismatch",),
        requirements=("PRO-RV-1",),
    ),
    "sum_of_cells_mismatch": Protection(_mismatch, 0.0002, requirements=("PRO-SENS-1",)),
    "overcurrent_charge": Protection(_charge, 0.1, stays=False, requirements=("PRO-OC-1",)),
    "overcurrent_discharge": Protection(flow, 0.1, stays=False, requirements=("PRO-OC-1",)),
    "overcurrent_charge_continuous": Protection(
        _mean(-1.0),
        lag=1.5,
        delay=_mean_time,
        stays=False,
        going=60.0,
        along=("overcurrent_charge",),
        requirements=("PRO-OC-1",),
    ),
    "overcurrent_discharge_continuous": Protection(
        _mean(1.0),
        lag=1.5,
        delay=_mean_time,
        stays=False,
        going=60.0,
        along=("overcurrent_discharge",),
        requirements=("PRO-OC-1",),
    ),
    "current_sensor_mismatch": Protection(_current_mismatch, 0.1, requirements=("PRO-SENS-1",)),
    "open_string_current": Protection(
        stuck(*CURRENTS, unit="A"), 0.1, connected=False, levels=(1,), requirements=("PRO-OSC-1",)
    ),
    "terminal_overtemperature": Protection(
        stuck("rack[1].terminal_temperature", unit="K"), 0.1, lag=2.5, requirements=("PRO-TT-1",)
    ),
    "insulation_positive": Protection(stuck("rack[1].insulation_positive", unit="ohm"), **_OHM),
    "insulation_negative": Protection(stuck("rack[1].insulation_negative", unit="ohm"), **_OHM),
    "soc_low": Protection(_reserve("soc_reserve_min", 1.0), 0.001, requirements=("PRO-RES-1",)),
    "soc_high": Protection(_reserve("soc_reserve_max", -1.0), 0.001, requirements=("PRO-RES-1",)),
    "fuse_open": Protection(broken("stuck", "rack[1].fuse_feedback", value=0), requirements=("PRO-ISO-1",)),
    "breaker_open": Protection(broken("stuck", "rack[1].breaker_feedback", value=0), requirements=("PRO-ISO-1",)),
    "interlock_open": Protection(broken("interlock-open", "rack[1]"), requirements=("PRO-ISO-1",)),
    "configuration": Protection(damaged(_DAMAGE, 0), requirements=("PRO-SELF-1",)),
    "persistent_memory": Protection(damaged(_DAMAGE, 1), requirements=("PRO-SELF-1",)),
    "clock": Protection(damaged(_DAMAGE, 2), requirements=("PRO-SELF-1",)),
    "watchdog": Protection(damaged(_DAMAGE, 3), requirements=("PRO-SELF-1",)),
    "duplicate_id": Protection(damaged(_DAMAGE, 4), requirements=("PRO-SELF-1",)),
    "controller_communication": Protection(damaged(_DAMAGE, 5), requirements=("PRO-SELF-1",)),
    "insulation_monitor": Protection(
        broken("insulation-monitor-failed", "rack[1]"), lag=1.5, requirements=("PRO-SELF-1",)
    ),
}
"""By alarm."""
