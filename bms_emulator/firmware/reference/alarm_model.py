"""Alarm rows, their thresholds and settings of their signals in SI, as arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Action
from bms_emulator.firmware.reference.protection import LEVEL_COLUMNS, LEVELS
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.signals import CONTAINER_SIGNALS, RACK_SIGNALS
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.thresholds import Ratings, Threshold
from bms_emulator.units import SECONDS_PER_MINUTE

_LITRES_PER_M3 = 1e3
_DIRECTIONS = {"always": 0.0, "charging": -1.0, "discharging": 1.0}


class AlarmRows(NamedTuple):
    """Alarm rows as :func:`bms_emulator.firmware.reference.protection.evaluate_alarms` takes them."""

    signal: NDArray[np.int64]
    severity: Array
    level: Array
    blocks_charge: Array
    blocks_discharge: Array
    direction: Array


class CellSignals(NamedTuple):
    """Permitted ages [s], windows [s], signs of runaway [K/s] [V/s] [s]."""

    voltage_age: float
    temperature_age: float
    voltage_rate_window: float
    temperature_rise_window: float
    runaway_rise: float
    runaway_fall: float
    runaway_hold: float


class StringSignals(NamedTuple):
    """Cells in series, currents [A], permitted age [s], windows [s], rated voltage [V]."""

    cell_count: float
    rated_current: float
    flowing_current: float
    current_age: float
    current_mean_window: float
    soc_jump_window: float
    rated_voltage: float


class ContactorSignals(NamedTuple):
    """Conducting current [A], voltage across closed contactors [V], precharge resistance [Ohm]."""

    conducting_current: float
    contact_voltage: float
    precharge_resistance: float


class ContainerSignals(NamedTuple):
    """Rated flow [kg/s] and pressure [Pa], pressure share that tells of a leak [1], rated voltage [V]."""

    rated_flow: float
    rated_pressure: float
    leak_pressure_share: float
    rated_voltage: float


def rack_rows(site: SiteProfile) -> AlarmRows:
    """Alarms of every rack."""
    return alarm_rows(site.firmware.rack_alarms, RACK_SIGNALS, Ratings.of(site))


def container_rows(site: SiteProfile) -> AlarmRows:
    """Alarms of every container."""
    return alarm_rows(site.firmware.container_alarms, CONTAINER_SIGNALS, Ratings.of(site))


def cell_signals(site: SiteProfile) -> CellSignals:
    """Settings of the signals of cells and packs."""
    signals, ages = site.firmware.signals, site.firmware.measurement_age
    return CellSignals(
        ages.voltage_s,
        ages.temperature_s,
        signals.voltage_rate_window_s,
        signals.temperature_rise_window_s,
        signals.runaway_rise_k_per_min / SECONDS_PER_MINUTE,
        signals.runaway_fall_v_per_s,
        signals.runaway_hold_s,
    )


def string_signals(site: SiteProfile) -> StringSignals:
    """Settings of the signals of strings."""
    signals, rack = site.firmware.signals, site.container.rack
    return StringSignals(
        float(rack.cell_count),
        rack.rated_current_a,
        signals.flowing_current_c * rack.pack.cell.rated_capacity_ah,
        site.firmware.measurement_age.current_s,
        signals.current_mean_window_s,
        signals.soc_jump_window_s,
        site.container.operating_voltage_max_v,
    )


def contactor_signals(site: SiteProfile) -> ContactorSignals:
    """Settings of the signals of contactors."""
    signals = site.firmware.signals
    resistance = site.container.rack.contactors.precharge_resistance_ohm
    return ContactorSignals(signals.conducting_current_a, signals.contact_voltage_v, resistance)


def container_signals(site: SiteProfile) -> ContainerSignals:
    """Settings of the signals of containers."""
    pump, coolant = site.container.pump, site.container.coolant
    density = np.interp(coolant.rated_degc, coolant.properties.temperature_degc, coolant.properties.density_kg_per_m3)
    return ContainerSignals(
        pump.rated_flow_lpm / _LITRES_PER_M3 / SECONDS_PER_MINUTE * float(density),
        pump.rated_head_kpa * 1e3,
        site.firmware.signals.leak_pressure_percent / 100.0,
        site.container.operating_voltage_max_v,
    )


def alarm_rows(rows: tuple[AlarmRow, ...], signals: tuple[str, ...], ratings: Ratings) -> AlarmRows:
    """Alarm rows over signals in this order, with thresholds as a master sees them."""
    level = np.zeros((len(rows), LEVELS, LEVEL_COLUMNS))
    for a, row in enumerate(rows):
        for n in range(LEVELS):
            level[a, n] = (
                row.set_s[n] or 0.0,
                row.clear_s[n] or 0.0,
                float(row.latch[n]),
                float(Action[row.action[n].upper()]),
            )
    return AlarmRows(
        np.array([signals.index(row.signal) for row in rows], np.int64),
        np.array([(1.0 if row.when == "above" else -1.0) / Threshold.of(row, ratings).factor for row in rows]),
        level,
        np.array([float(row.blocks in ("charge", "both")) for row in rows]),
        np.array([float(row.blocks in ("discharge", "both")) for row in rows]),
        np.array([_DIRECTIONS[row.trips_while] for row in rows]),
    )


def threshold_levels(rows: tuple[AlarmRow, ...], ratings: Ratings) -> tuple[Array, Array]:
    """Values at which the levels of alarms set and clear, NaN where one is not used; each (alarm, level)."""
    thresholds = [Threshold.of(row, ratings) for row in rows]
    shape = len(rows), LEVELS
    return (
        np.array([each.set for each in thresholds], np.float64).reshape(shape),
        np.array([each.clear for each in thresholds], np.float64).reshape(shape),
    )
