"""How strong a fault is over time: step, ramp, pulses, periodic, random.

Shapes are pure functions of the time since the fault began, in whole microseconds: an edge falls on the same tick in
every run, and 0.1 + 0.2 is 0.3.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bms_emulator.faults.quantity import FREQUENCY, RATIO, TIME, Unit

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

Duration = Annotated[float, Unit(TIME), Field(ge=1e-6)]
"""A time greater than zero [s]."""


def microseconds(time: float) -> int:
    """Whole microseconds of a time [s]."""
    return round(time * MICROSECONDS)


class Strength(BaseModel):
    """Base of all shapes: how strong, and until when."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """Strength from 0 to 1, and when it next changes.

        Args:
            elapsed: Time since the fault began [µs].
            seed: Seed of the fault, for random shapes.

        Returns:
            The strength, and the elapsed time [µs] at which it jumps or stops moving; None if it stays as it is.
        """
        raise NotImplementedError

    @property
    def length(self) -> int | None:
        """Time after which the fault is over by itself [µs]; None is never."""
        return None


class Step(Strength):
    """Full strength from the beginning to the end."""

    form: Literal["step"] = "step"

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """Always full."""
        return 1.0, None


class Ramp(Strength):
    """Rises linearly to full strength, then stays."""

    form: Literal["ramp"] = "ramp"
    duration: Duration
    """Time from nothing to full strength [s]."""

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """In proportion to the time, then full."""
        duration = microseconds(self.duration)
        return (elapsed / duration, duration) if elapsed < duration else (1.0, None)


class Pulse(Strength):
    """A number of pulses; the fault is over after the last one."""

    form: Literal["pulse"] = "pulse"
    count: Annotated[int, Field(ge=1)] = 1
    """Number of pulses."""
    width: Duration
    """Time at full strength [s]."""
    gap: Duration | None = None
    """Time between two pulses [s]; as long as a pulse where not given."""

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """Full during a pulse."""
        return _alternate(elapsed, microseconds(self.width), self._period)

    @property
    def length(self) -> int | None:
        """Until the end of the last pulse [µs]."""
        return (self.count - 1) * self._period + microseconds(self.width)

    @property
    def _period(self) -> int:
        return microseconds(self.width) + microseconds(self.width if self.gap is None else self.gap)


class Periodic(Strength):
    """On and off for as long as the fault lasts, beginning with on."""

    form: Literal["periodic"] = "periodic"
    period: Duration
    """Time from one beginning to the next [s]."""
    duty: Annotated[float, Unit(RATIO), Field(gt=0, lt=1)] = 0.5
    """Share of the period at full strength [1]."""

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """Full in the first part of each period."""
        period = microseconds(self.period)
        return _alternate(elapsed, round(period * self.duty), period)


class Random(Strength):
    """Events at random moments: one in every 1/rate, anywhere in it. Equal seeds give equal moments."""

    form: Literal["random"] = "random"
    rate: Annotated[float, Unit(FREQUENCY), Field(gt=0)]
    """Mean number of events per second [1/s]."""
    width: Duration = 1.0
    """Length of an event [s]."""

    @model_validator(mode="after")
    def _fits(self) -> "Random":
        if self.rate * self.width > 1.0:
            raise ValueError(f"rate {self.rate:g}/s times width {self.width:g} s is more than always; must be <= 1")
        return self

    def at(self, elapsed: int, seed: int) -> tuple[float, int | None]:
        """Full during an event."""
        period, width = round(MICROSECONDS / self.rate), microseconds(self.width)
        number = elapsed // period
        begin = number * period + round((period - width) * _uniform(seed, number))
        if elapsed < begin:
            return 0.0, begin
        if elapsed < begin + width:
            return 1.0, begin + width
        return 0.0, (number + 1) * period


def _alternate(elapsed: int, width: int, period: int) -> tuple[float, int]:
    begin = elapsed // period * period
    return (1.0, begin + width) if elapsed < begin + width else (0.0, begin + period)


def _uniform(seed: int, number: int) -> float:
    """A number from 0 to 1 that depends on seed and counter only (SplitMix64 finaliser, Steele et al. 2014)."""
    mask = (1 << 64) - 1
    z = (seed * 0x9E3779B97F4A7C15 + (number + 1) * 0xD1B54A32D192ED03) & mask
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


def _by_word(value: Any) -> Any:
    return {"form": value} if isinstance(value, str) else value


Shape = Annotated[
    Annotated[Step | Ramp | Pulse | Periodic | Random, Field(discriminator="form")], BeforeValidator(_by_word)
]
"""Any shape, as ``{"form": "ramp", "duration": "10s"}``, or its form alone where all else has a default."""
