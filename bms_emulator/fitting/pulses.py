"""Pulses in a test: stretches of constant current between rests, found without a list of steps."""

from dataclasses import dataclass

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.measurements import MeasurementError
from bms_emulator.fitting.records import PulseRecord
from bms_emulator.profile.errors import Problem

STEP_SHARE = 0.02
"""Change of current that begins a new stretch, relative to the largest current of the test [1]."""
REST_SHARE = 0.002
"""Largest current of a rest, relative to the largest of the test [1]."""
PULSE_ROWS_MIN = 5
"""Fewest rows of a pulse and of the rest after it."""
CHARGE_MOVE_MAX = 0.12
"""Largest change of the state of charge in a pulse [1]: beyond it resistances are no longer those of one point."""

SETTLED = 25.0
"""Time constants after which a step has got through a branch whole, but for 1e-11."""


@dataclass(frozen=True)
class Stretch:
    """Rows of constant current.

    Attributes:
        first: First row.
        end: Row after the last.
        start: Time at which its current begins [s]: that of the row before.
        current: Mean [A].
    """

    first: int
    end: int
    start: float
    current: float


@dataclass(frozen=True, eq=False)
class Course:
    """A test with the states that follow from its current alone, shape (n) each.

    Attributes:
        record: The test.
        soc: State of charge [1].
        hysteresis: State of the one-state hysteresis [1].
        direction: 1 after a discharging current, -1 after a charging one.
        stretches: All stretches in order.
    """

    record: PulseRecord
    soc: Array
    hysteresis: Array
    direction: Array
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, eq=False)
class Pulse:
    """A pulse with the rest after it.

    Attributes:
        course: The test that it belongs to.
        stretch: The pulse itself.
        end: Row after the rest.
        trend: Relative change of the resistances while the current flows, about their value in its middle [1].
    """

    course: Course
    stretch: Stretch
    end: int
    trend: float = 0.0

    @property
    def rows(self) -> slice:
        """Rows of the last moment before the pulse, the pulse, and the rest after it."""
        return slice(self.stretch.first - 1, self.end)

    @property
    def moved(self) -> tuple[float, float]:
        """State of charge before and after the current [1]."""
        soc = self.course.soc
        return float(soc[self.stretch.first - 1]), float(soc[self.stretch.end - 1])

    @property
    def soc(self) -> float:
        """Mean state of charge while the current flows [1]."""
        return float(np.mean(self.course.soc[self.stretch.first - 1 : self.stretch.end]))

    @property
    def temperature(self) -> float:
        """Mean temperature [K]."""
        return float(np.mean(self.course.record.temperature[self.rows]))

    @property
    def current(self) -> float:
        """Mean current [A], positive in discharge."""
        return self.stretch.current

    @property
    def duration(self) -> float:
        """Of the current [s]."""
        return float(self.course.record.time[self.stretch.end - 1]) - self.stretch.start

    @property
    def rest(self) -> float:
        """Time without current after it [s]."""
        time = self.course.record.time
        return float(time[self.end - 1] - time[self.stretch.end - 1])


def trace(record: PulseRecord, capacity: float, coulombic_efficiency: float, hysteresis_rate: float) -> Course:
    """State of charge and hysteresis along a test, and its stretches of constant current.

    The hysteresis begins at the branch on which the cell came to its first state of charge: the upper one where the
    test begins in the upper half, as after a charge, else the lower one.

    Args:
        record: The test.
        capacity: [A s].
        coulombic_efficiency: Share of the charged ampere-hours that is stored [1].
        hysteresis_rate: Rate of the hysteresis per unit of state of charge [1].
    """
    stretches = tuple(_stretches(record))
    current = np.concatenate([np.full(stretch.end - stretch.first, stretch.current) for stretch in stretches])
    step = np.diff(record.time, prepend=record.time[0])
    stored = np.where(current > 0.0, current, coulombic_efficiency * current) * step / capacity
    soc = record.soc if record.soc is not None else record.soc_start - np.cumsum(stored)
    hysteresis = np.empty_like(soc)
    h = 1.0 if record.soc_start >= 0.5 else -1.0
    decay = np.exp(-hysteresis_rate * np.abs(stored))
    sign = np.sign(stored)
    for row in range(soc.size):
        h = decay[row] * h - (1.0 - decay[row]) * sign[row]
        hysteresis[row] = h
    last = np.maximum.accumulate(np.where(current != 0.0, np.arange(soc.size), -1))
    direction = np.where(last >= 0, np.sign(current[last]), -1.0 if record.soc_start >= 0.5 else 1.0)
    return Course(record, soc, hysteresis, direction, stretches)


def find_pulses(course: Course) -> list[Pulse]:
    """All pulses of a test that have a rest before and after them.

    Raises:
        MeasurementError: There is none.
    """
    record, stretches = course.record, course.stretches
    quiet = REST_SHARE * float(np.max(np.abs(record.current)))
    found = []
    for before, stretch, after in zip(stretches, stretches[1:], stretches[2:], strict=False):
        moved = abs(float(course.soc[stretch.end - 1] - course.soc[stretch.first - 1]))
        if (
            abs(before.current) <= quiet < abs(stretch.current)
            and abs(after.current) <= quiet
            and min(stretch.end - stretch.first, after.end - after.first) >= PULSE_ROWS_MIN
            and moved <= CHARGE_MOVE_MAX
        ):
            found.append(Pulse(course, stretch, after.end))
    if not found:
        message = (
            f"no pulse found in {len(stretches)} stretches of constant current: a pulse has a rest before and after "
            f"it, at least {PULSE_ROWS_MIN} rows each, and moves at most {CHARGE_MOVE_MAX:.0%} of the charge"
        )
        raise MeasurementError([Problem(record.file, 0, "current_a", message)])
    return found


def effective_current(pulse: Pulse) -> Array:
    """Current in the rows of a pulse [A], times its resistance over that in the middle of the pulse."""
    time, current = pulse.course.record.time[pulse.rows], pulse.course.record.current[pulse.rows]
    passed = np.clip((time - pulse.stretch.start) / pulse.duration, 0.0, 1.0)
    result: Array = current * (1.0 + pulse.trend * (passed - 0.5))
    return result


def relaxed_current(pulse: Pulse, tau: float) -> Array:
    """What of the current has got through an RC branch [A] in the rows of a pulse, with all that flowed before.

    A sum over the steps between stretches, each of which has decayed since: exact for constant currents. The trend of
    the resistance adds the answer of the branch to a ramp, about the middle of the pulse.
    """
    course = pulse.course
    time = course.record.time[pulse.rows]
    level, settled, result = 0.0, 0.0, np.zeros_like(time)
    for stretch in course.stretches:
        if stretch.first >= pulse.end:
            break
        change, level = stretch.current - level, stretch.current
        if time[0] - stretch.start > SETTLED * tau:
            settled += change
        else:
            result -= change * np.expm1(-np.maximum(time - stretch.start, 0.0) / tau)
    passed = np.clip(time - pulse.stretch.start, 0.0, pulse.duration)
    rise = -np.expm1(-passed / tau)
    ramp = (passed - tau * rise) / pulse.duration - 0.5 * rise
    since = np.maximum(time - pulse.stretch.start - pulse.duration, 0.0)
    return result + settled + pulse.current * pulse.trend * ramp * np.exp(-since / tau)


def _stretches(record: PulseRecord) -> list[Stretch]:
    """The test cut where its current changes; rests count as no current at all."""
    current = record.current
    peak = float(np.max(np.abs(current)))
    threshold, quiet = STEP_SHARE * peak, REST_SHARE * peak
    stretches = []
    first, level = 0, float(current[0])
    for row in range(1, current.size + 1):
        if (
            row < current.size
            and abs(current[row] - level) <= threshold
            and ((abs(current[row]) <= quiet) == (abs(level) <= quiet))
        ):
            continue
        mean = float(np.mean(current[first:row]))
        start = float(record.time[max(first - 1, 0)])
        stretches.append(Stretch(first, row, start, 0.0 if abs(mean) <= quiet else mean))
        if row < current.size:
            first, level = row, float(current[row])
    return stretches
