"""What stands in a scenario's file."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from bms_emulator.faults.quantity import TIME, Unit
from bms_emulator.faults.spec import FaultSpec
from bms_emulator.profile.base import Broken, Integer, Profile, Section, Text
from bms_emulator.testing.expectation import Expectation, Value

Seconds = Annotated[float, Unit(TIME), Field(ge=0.0)]
Window = Annotated[float, Unit(TIME), Field(gt=0.0)]

WAIT_MAX = 3600.0
"""Longest wait for a condition where the step says none [s]."""
CAPTURE_PERIOD = 1.0
"""Time between two rows of a capture where the scenario says none [s]."""


class Step(Section):
    """A step: when it begins, what is done then, and what is expected from then on.

    It begins at its time, or when its condition is met, or else when the step before is over. A step is over when all
    that it expects is decided, and no sooner than it lasts. Of what is done, faults are cleared first, then points are
    written, then faults are added.
    """

    name: Text
    """What it is for, in a few words."""
    at: Seconds | None = None
    """Time since the beginning of the scenario [s]; then it does not wait for what the step before expects."""
    when: Text | None = None
    """Condition that it waits for, once the step before is over: ``rack[3].soc < 20%``."""
    timeout: Window = WAIT_MAX
    """Longest wait for the condition [s]."""
    lasts: Seconds = 0.0
    """Shortest duration [s]."""
    given: tuple[Expectation, ...] = ()
    """What must hold when it begins, for the rest to prove anything."""
    clear: Literal["all"] | tuple[Text, ...] = ()
    """Names of faults to clear, or ``all``."""
    write: dict[str, Value] = Field(default={})
    """Values of points: numbers in SI, texts with units, names."""
    faults: tuple[FaultSpec, ...] = ()
    """Faults to add."""
    play: Text | None = None
    """CSV file of values over time: column ``time_s``, from the beginning of the step, and a column for each point."""
    expect: tuple[Expectation, ...] = ()
    """What is expected from now on."""

    def broken_laws(self) -> Iterator[Broken]:
        """A step begins in one way, and what is given is given now."""
        if self.at is not None and self.when is not None:
            yield "when", "goes without at: a step begins at a time or on a condition"
        if self.when is None and "timeout" in self.model_fields_set:
            yield "timeout", "goes with when only"
        for n, expectation in enumerate(self.given):
            if expectation.mode != "now":
                yield f"given.{n}", "must hold now: it takes no within, always or never"


class Record(Section):
    """Signals that are kept for the report."""

    points: tuple[Text, ...]
    """Points, or selectors of several."""
    period: Window = CAPTURE_PERIOD
    """Time between two rows [s]."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is something to keep."""
        if not self.points:
            yield "points", "must name at least one"


class Scenario(Profile):
    """A scenario: a site, its state at the beginning, and steps."""

    requirements: tuple[Text, ...] = ()
    """Ids of requirements that it verifies."""
    site: Text
    """Site, by name, or a file whose path starts at the folder of the scenario."""
    set: dict[str, Any] = Field(default={})
    """Values in place of those of the site's profiles, by key path: ``container.rack.rated_current_a: 160``."""
    initial: dict[str, Any] = Field(default={})
    """State at the beginning: values in place of those in the site's section ``initial``."""
    weather: dict[str, Any] = Field(default={})
    """Weather in place of the site's whole section ``weather``."""
    seed: Annotated[Integer, Field(ge=0)] = 1
    """Seed of everything that is random."""
    record: Record | None = None
    """Signals that are kept for the report."""
    may_trip: tuple[Text, ...] = ()
    """Alarms that may rise: ``cell_overvoltage`` anywhere, ``rack[3].cell_overvoltage`` at a place, ``*`` for all. Any
    other fails the scenario."""
    steps: tuple[Step, ...]
    """What happens, in order."""

    def broken_laws(self) -> Iterator[Broken]:
        """Times increase, and the conditions of the run are said once."""
        if not self.steps:
            yield "steps", "must have at least one step"
        last = 0.0
        for n, step in enumerate(self.steps):
            if step.at is not None and step.at < last:
                yield f"steps.{n}.at", f"must be >= {last:g}, the time of a step before"
            last = step.at if step.at is not None else last
        for section in ("initial", "weather"):
            for key in self.set:
                if getattr(self, section) and key.split(".")[0] == section:
                    yield f"set.{key}", f"goes into the section {section} of the scenario"
