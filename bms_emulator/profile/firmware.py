"""Firmware profile: alarm rows, thresholds, timings and maps of the reference firmware."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from bms_emulator.profile.base import (
    Broken,
    Degc,
    Fraction,
    Integer,
    NonNegative,
    Number,
    Percent,
    Positive,
    ProductProfile,
    Section,
    increases,
)

Signal = Literal[
    "cell_voltage_max_v",
    "cell_voltage_min_v",
    "cell_voltage_spread_v",
    "temperature_max_degc",
    "temperature_min_charge_degc",
    "temperature_min_discharge_degc",
    "temperature_spread_k",
    "charge_current_ratio",
    "discharge_current_ratio",
    "measurement_age_ratio",
]
"""What an alarm row may watch. Currents are relative to the rated current, ages to their permitted age."""

Levels = tuple[Number, Number, Number]
Times = tuple[NonNegative, NonNegative, NonNegative]


class AlarmRow(Section):
    """One alarm: a signal against three levels, with time-based setting and clearing."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    """Name of the alarm in points and messages."""
    signal: Signal
    """What is watched."""
    when: Literal["above", "below"]
    """Which side of the levels is wrong."""
    set: Levels
    """Levels of warning, derating and trip."""
    set_s: Times
    """Time that each level must be exceeded before it sets."""
    clear: Levels
    """Levels at which they clear; between set and clear they hold."""
    clear_s: Times
    """Time that each level must be clear before it clears."""
    blocks: Literal["charge", "discharge", "both"]
    """Which direction a level-2 alarm stops."""
    scope: Literal["cell", "pack", "rack", "container"] = "rack"
    """What it watches: something of a rack, named by its source, or the container, whose alarms act on all racks."""

    def broken_laws(self) -> Iterator[Broken]:
        """Levels get more severe, and none clears where it sets."""
        sign = 1.0 if self.when == "above" else -1.0
        rising = [sign * level for level in self.set]
        if sorted(rising) != rising:
            yield "set", "levels must get more severe from the first to the third"
        for number, (level, clear) in enumerate(zip(self.set, self.clear, strict=True), 1):
            if sign * clear > sign * level:
                side = "<=" if self.when == "above" else ">="
                yield "clear", f"level {number} must be {side} {level:g}, where it sets"


class Timing(Section):
    """Times of the sequencer."""

    self_test_s: NonNegative
    """Length of the self-test after a start."""
    contactor_feedback_s: Positive
    """Longest time for a contactor's feedback to follow its command."""
    precharge_timeout_s: Positive
    """Longest precharge."""
    precharge_tries: Annotated[Integer, Field(ge=1, le=100)]
    """Attempts before the rack reports a fault."""
    precharge_pause_s: NonNegative
    """Between two attempts, for the resistor to cool."""
    opening_wait_s: NonNegative
    """Longest wait for the current to vanish before contactors open under load."""
    join_interval_s: NonNegative
    """Between two racks that join the bus."""
    heartbeat_timeout_s: NonNegative
    """Silence of a supervised master after which limits fall to 0; supervision begins with the first write."""
    heartbeat_open_s: NonNegative
    """Silence after which the racks open; 0 is never."""

    def broken_laws(self) -> Iterator[Broken]:
        """Limits fall before racks open."""
        if 0 < self.heartbeat_open_s < self.heartbeat_timeout_s:
            yield "heartbeat_open_s", f"must be 0 or >= heartbeat_timeout_s = {self.heartbeat_timeout_s:g}"


class Connection(Section):
    """When a rack may join the bus."""

    precharge_done_v: Positive
    """Largest difference between string and bus at which precharge is complete; this or the next suffices."""
    precharge_done_percent: Percent
    """The same, relative to the string voltage."""
    precharge_done_current_a: Positive
    """Largest current at which precharge is complete."""
    join_voltage_difference_v: Positive
    """Largest difference to racks that are connected already."""
    open_current_a: Positive
    """Largest current at which contactors open without wear."""


class Estimator(Section):
    """State-of-charge estimation."""

    initial: Literal["open_circuit_voltage"]
    """How the estimator starts: from the measured rest voltage."""
    rest_current_c: NonNegative
    """Current below which the rack counts as resting, in C."""
    rest_time_s: Positive
    """Rest after which the knees of the OCV curve correct the estimate."""
    correction_low: Fraction
    """State of charge below which the open-circuit voltage corrects the estimate; above it the curve is too flat."""
    correction_high: Fraction
    """State of charge above which the open-circuit voltage corrects the estimate."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is a flat part."""
        if self.correction_high <= self.correction_low:
            yield "correction_high", f"must be > correction_low = {self.correction_low:g}"


class Limits(Section):
    """Current limits as a chain of deratings."""

    charge_voltage_v: tuple[Positive, Positive]
    """Cell voltage at which charging begins to fall back, and at which it is 0."""
    discharge_voltage_v: tuple[Positive, Positive]
    """Cell voltage at which discharging begins to fall back, and at which it is 0."""
    charge_temperature_degc: tuple[Degc, ...]
    """Grid of the map for charging; beyond its ends the end values hold."""
    charge_temperature_c_rate: tuple[NonNegative, ...]
    """Largest charge current [C] over temperature; the less favourable of coldest and hottest cell counts."""
    discharge_temperature_degc: tuple[Degc, ...]
    """Grid of the map for discharging; beyond its ends the end values hold."""
    discharge_temperature_c_rate: tuple[NonNegative, ...]
    """Largest discharge current [C] over temperature; the less favourable of coldest and hottest cell counts."""
    warning_factor: Fraction
    """Factor on the limits at a level-1 alarm."""
    ramp_percent_per_s: Positive
    """Fastest rise of a limit, relative to rated current."""
    soc_taper: Fraction
    """Width of the band before the reserve limits of the state of charge in which limits fall to 0 [1]."""

    def broken_laws(self) -> Iterator[Broken]:
        """Tapers point the right way; the maps fit."""
        if self.charge_voltage_v[0] >= self.charge_voltage_v[1]:
            yield "charge_voltage_v", "must rise: where charging begins to fall back, where it ends"
        if self.discharge_voltage_v[0] <= self.discharge_voltage_v[1]:
            yield "discharge_voltage_v", "must fall: where discharging begins to fall back, where it ends"
        yield from _map_problems("charge", self.charge_temperature_degc, self.charge_temperature_c_rate)
        yield from _map_problems("discharge", self.discharge_temperature_degc, self.discharge_temperature_c_rate)


class ThermalManagement(Section):
    """When the chiller cools, heats or only circulates."""

    cooling_on_degc: Degc
    """Hottest cell at which cooling begins."""
    cooling_off_degc: Degc
    """Hottest cell at which cooling ends."""
    heating_on_degc: Degc
    """Coldest cell at which heating begins."""
    heating_off_degc: Degc
    """Coldest cell at which heating ends."""
    cooling_setpoint_degc: Degc
    """Supply temperature while cooling."""
    heating_setpoint_degc: Degc
    """Supply temperature while heating."""
    circulation_spread_k: Positive
    """Spread of cell temperature above which coolant circulates."""

    def broken_laws(self) -> Iterator[Broken]:
        """Heating and cooling have a band of their own, and set points that can end them."""
        for low, high in (
            ("heating_on_degc", "heating_off_degc"),
            ("heating_off_degc", "cooling_off_degc"),
            ("cooling_off_degc", "cooling_on_degc"),
            ("cooling_setpoint_degc", "cooling_off_degc"),
            ("heating_off_degc", "heating_setpoint_degc"),
        ):
            if getattr(self, low) >= getattr(self, high):
                yield high, f"must be > {low} = {getattr(self, low):g}"


class AgeLimits(Section):
    """Permitted ages of measurements."""

    voltage_s: Positive
    """Cell voltages."""
    current_s: Positive
    """String current."""
    temperature_s: Positive
    """Temperatures."""


class FirmwareProfile(ProductProfile):
    """Settings of the reference firmware."""

    alarms: Annotated[tuple[AlarmRow, ...], Field(min_length=1, max_length=200)]
    """What is supervised."""
    timing: Timing
    """Times of the sequencer and of the heartbeat."""
    connection: Connection
    """When a rack may join the bus and leave it."""
    estimator: Estimator
    """State-of-charge estimation."""
    limits: Limits
    """Current limits."""
    thermal: ThermalManagement
    """Cooling and heating."""
    measurement_age: AgeLimits
    """Permitted ages of measurements."""

    @property
    def rack_alarms(self) -> tuple[AlarmRow, ...]:
        """Alarms of every rack, in their order."""
        return tuple(row for row in self.alarms if row.scope != "container")

    @property
    def container_alarms(self) -> tuple[AlarmRow, ...]:
        """Alarms of every container, in their order."""
        return tuple(row for row in self.alarms if row.scope == "container")

    def broken_laws(self) -> Iterator[Broken]:
        """An alarm's id is its own."""
        first: dict[str, int] = {}
        for index, row in enumerate(self.alarms):
            if row.id in first:
                yield f"alarms.{index}.id", f"stands twice, first in alarms.{first[row.id]}"
            first.setdefault(row.id, index)


def _map_problems(side: str, grid: tuple[float, ...], rate: tuple[float, ...]) -> Iterator[Broken]:
    """What is wrong with a map over temperature."""
    if len(grid) < 2 or not increases(grid):
        yield f"{side}_temperature_degc", "must have at least 2 items and increase"
    if len(grid) != len(rate):
        yield f"{side}_temperature_c_rate", f"has {len(rate)} values, {side}_temperature_degc has {len(grid)}"
