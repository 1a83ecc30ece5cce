"""What a PCS watches: its DC voltage and temperature, its breakers, its master, and the grid.

What is wrong stays until it is reset and its cause is gone; a PCS that is disabled is reset. Only the grid's faults go
by themselves: a PCS that the grid has tripped is back in service once voltage and frequency have lain within a narrower
window for a while (IEEE 1547-2018, 4.10: enter service).
"""

import math
from typing import NamedTuple

from bms_emulator.jit import scalar
from bms_emulator.plant.state import PcsFault

DC_OVERVOLTAGE = 1 << PcsFault.DC_OVERVOLTAGE
DC_UNDERVOLTAGE = 1 << PcsFault.DC_UNDERVOLTAGE
OVERTEMPERATURE = 1 << PcsFault.OVERTEMPERATURE
GRID_OVERVOLTAGE = 1 << PcsFault.GRID_OVERVOLTAGE
GRID_UNDERVOLTAGE = 1 << PcsFault.GRID_UNDERVOLTAGE
GRID_OVERFREQUENCY = 1 << PcsFault.GRID_OVERFREQUENCY
GRID_UNDERFREQUENCY = 1 << PcsFault.GRID_UNDERFREQUENCY
WATCHDOG = 1 << PcsFault.WATCHDOG
DC_BREAKER = 1 << PcsFault.DC_BREAKER
AC_BREAKER = 1 << PcsFault.AC_BREAKER
PRECHARGE = 1 << PcsFault.PRECHARGE
EXTERNAL = 1 << PcsFault.EXTERNAL

GRID = GRID_OVERVOLTAGE | GRID_UNDERVOLTAGE | GRID_OVERFREQUENCY | GRID_UNDERFREQUENCY
"""Faults of the grid."""
LEAVES = WATCHDOG
"""Faults that take the PCS off by its ramp."""
TRIPS = DC_OVERVOLTAGE | DC_UNDERVOLTAGE | OVERTEMPERATURE | DC_BREAKER | AC_BREAKER | PRECHARGE | EXTERNAL
"""Faults that take it off at once."""


class GuardModel(NamedTuple):
    """Constants of what a PCS watches, alike for all containers.

    Attributes:
        voltage_min: DC voltage that trips a running PCS [V].
        voltage_max: The same, above [V].
        grid_voltage_min: Grid voltage that trips it, relative to rated [1].
        grid_voltage_max: The same, above [1].
        frequency_min: Frequency that trips it [Hz].
        frequency_max: The same, above [Hz].
        trip_time: For how long they must be out of bounds [s].
        overtemperature: Temperature of the semiconductors that trips it [K].
        overtemperature_clear: Below which that may be reset [K].
        breaker_travel_time: From order to contact [s].
        breaker_watch_time: After which a breaker that has not followed is faulty [s].
        precharge_timeout: After which a link that is not charged is a fault [s].
        precharge_tolerance: Difference of voltages at which the DC breaker closes [V].
    """

    voltage_min: float
    voltage_max: float
    grid_voltage_min: float
    grid_voltage_max: float
    frequency_min: float
    frequency_max: float
    trip_time: float
    overtemperature: float
    overtemperature_clear: float
    breaker_travel_time: float
    breaker_watch_time: float
    precharge_timeout: float
    precharge_tolerance: float


@scalar
def grid_deviation(model, voltage, frequency):
    """Bits of what of the grid is out of bounds."""
    bits = GRID_OVERVOLTAGE if voltage > model.grid_voltage_max else 0
    bits |= GRID_UNDERVOLTAGE if voltage < model.grid_voltage_min else 0
    bits |= GRID_OVERFREQUENCY if frequency > model.frequency_max else 0
    return bits | (GRID_UNDERFREQUENCY if frequency < model.frequency_min else 0)


@scalar
def watch_grid(model, in_service, service_time, disturbed_time, deviation, fit, permitted, delay, dt):
    """Whether the PCS may be connected after a step of dt [s], and the two times that this takes [s].

    `deviation` are the bits of what is out of bounds, `fit` is whether the grid is fit to enter service, `permitted`
    whether that is permitted, `delay` for how long it must be so [s].
    """
    disturbed_time = disturbed_time + dt if deviation != 0 else 0.0
    if not permitted or (disturbed_time > model.trip_time - 0.5 * dt and deviation != 0):
        return 0.0, 0.0, disturbed_time
    if in_service != 0.0:
        return 1.0, 0.0, disturbed_time
    service_time = service_time + dt if fit else 0.0
    back = fit and service_time > delay - 0.5 * dt
    return (1.0 if back else 0.0), (0.0 if back else service_time), disturbed_time


@scalar
def inner_causes(
    # model
    model,
    # state
    faults,
    running,
    breakers,
    precharge_time,
    stack_temperature,
    # inputs
    dc_voltage,
    watchdog_expired,
    tripped,
):
    """Bits of what is wrong with the PCS itself now.

    `running` is whether its DC voltage counts, `breakers` are the bits of breakers that do not follow, `tripped` is a
    trip from outside. What has been found once is there a little longer.
    """
    bits = breakers | (WATCHDOG if watchdog_expired else 0) | (EXTERNAL if tripped else 0)
    bits |= PRECHARGE if precharge_time > model.precharge_timeout else 0
    warm = model.overtemperature_clear if faults & OVERTEMPERATURE else model.overtemperature
    bits |= OVERTEMPERATURE if stack_temperature >= warm else 0
    if running:
        bits |= DC_OVERVOLTAGE if dc_voltage > model.voltage_max else 0
        bits |= DC_UNDERVOLTAGE if dc_voltage < model.voltage_min else 0
    return bits


@scalar
def latch(faults, causes, reset):
    """Bits of what is wrong: what was, unless it is reset, and what is now."""
    return causes if reset else faults | causes


@scalar
def move_breaker(model, closed, wait, order, hold, dt):
    """Whether a breaker is closed after a step of dt [s], and for how long it has not followed its order [s].

    `hold` is where a fault holds it, NaN where it is free.
    """
    wait = 0.0 if order == closed else wait + dt
    if order != closed and wait > model.breaker_travel_time - 0.5 * dt:
        closed = order
    closed = closed if math.isnan(hold) else hold
    return closed, (0.0 if order == closed else wait)


@scalar
def order_dc_breaker(model, asked, closed, precharging, precharge_time, bus_voltage, link_voltage, dt):
    """Order to the DC breaker, whether the link is being charged through its resistor, and for how long it was [s].

    The resistor goes first; the breaker follows when both sides have the same voltage.
    """
    if not asked:
        return 0.0, 0.0, 0.0
    if closed != 0.0:
        return 1.0, 0.0, 0.0
    if precharging == 0.0:
        return 0.0, 1.0, 0.0
    settled = abs(bus_voltage - link_voltage) <= model.precharge_tolerance
    return (1.0 if settled else 0.0), 1.0, (precharge_time if settled else precharge_time + dt)
