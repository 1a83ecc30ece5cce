"""Sections of a firmware profile: how charge, health and energy are estimated, and how cells are balanced."""

from collections.abc import Iterator
from typing import Literal

from bms_emulator.profile.base import Broken, Degc, Fraction, NonNegative, Percent, Positive, PositiveFraction, Section


class Learning(Section):
    """How state of health is learnt in operation."""

    resistance_doubt: Fraction
    """Part of the resistance that a reading of charge under current may be wrong by [1]."""
    capacity_precision: PositiveFraction
    """Largest error of a reading of charge that this may cause for it to count [1]."""
    capacity_span: PositiveFraction
    """Smallest part of the state of charge between two trustworthy readings that tells the capacity [1]."""
    capacity_time_h: Positive
    """Longest time between these readings: the offset of the current sensor falsifies what is counted."""
    capacity_filter: PositiveFraction
    """Share with which a new reading of the capacity enters the learnt one [1]."""
    capacity_range: tuple[Positive, Positive]
    """Readings that can be true, relative to the rated capacity [1]."""
    resistance_step_c: Positive
    """Smallest step of the current that tells the resistance, in C."""
    resistance_time_s: Positive
    """Longest time between the readings before and after such a step."""
    resistance_filter: PositiveFraction
    """Share with which a new reading of the resistance enters the learnt one [1]."""
    resistance_range: tuple[Positive, Positive]
    """Readings that can be true, relative to a fresh cell's resistance [1]."""

    def broken_laws(self) -> Iterator[Broken]:
        """Ranges begin below their ends."""
        for key in ("capacity_range", "resistance_range"):
            low, high = getattr(self, key)
            if low >= high:
                yield key, "must rise: lowest and highest reading"


class Estimator(Section):
    """Estimation of charge and health."""

    initial: Literal["open_circuit_voltage"]
    """How the estimator starts: from the measured rest voltage."""
    update_s: Positive
    """Time between two looks at the cells' circuit; the current is counted in every period."""
    rest_current_c: NonNegative
    """Current below which the rack counts as resting, in C."""
    rest_time_s: Positive
    """Rest after which the ends of the OCV curve correct the estimate."""
    correction_low: Fraction
    """State of charge below which the voltage at rest corrects the estimate; above it the curve is too flat."""
    correction_high: Fraction
    """State of charge above which the voltage at rest corrects the estimate."""
    knee_low: Fraction
    """The same under current, where the lowest cell tells how empty the rack is."""
    knee_high: Fraction
    """The same under current, where the highest cell tells how full the rack is."""
    correction_time_s: Positive
    """Time constant with which a correction takes effect."""
    correction_percent_per_min: Positive
    """Fastest correction."""
    end_voltage_mv: Positive
    """How near to the end of charge or discharge in ``limits`` a cell is full or empty."""
    end_current_c: Positive
    """Largest current at which it is, in C."""
    learning: Learning
    """State of health."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is a flat part."""
        for low, high in (("correction_low", "correction_high"), ("knee_low", "knee_high")):
            if getattr(self, high) <= getattr(self, low):
                yield high, f"must be > {low} = {getattr(self, low):g}"


class Balancing(Section):
    """Passive balancing: the resistors of high cells bleed them."""

    period_s: Positive
    """Time between two decisions."""
    start_voltage_v: Positive
    """Open-circuit voltage of the highest cell from which differences of voltage are such of charge."""
    start_spread_mv: Positive
    """Difference between highest and lowest cell at which balancing begins."""
    stop_spread_mv: Positive
    """Difference to the lowest cell up to which cells are left alone; with no cell beyond it, balancing ends."""
    simultaneous_percent: Percent
    """Largest share of a pack's cells that are bled at once, the highest first: its monitoring unit gets warm."""
    temperature_degc: tuple[Degc, Degc]
    """Coldest and hottest cell between which balancing is permitted."""

    def broken_laws(self) -> Iterator[Broken]:
        """Balancing ends below where it begins; the temperatures rise."""
        if self.stop_spread_mv >= self.start_spread_mv:
            yield "stop_spread_mv", f"must be < start_spread_mv = {self.start_spread_mv:g}"
        if self.temperature_degc[0] >= self.temperature_degc[1]:
            yield "temperature_degc", "must rise: coldest and hottest cell"
