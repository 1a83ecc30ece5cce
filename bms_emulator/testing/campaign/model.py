"""What stands in a campaign's file."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from bms_emulator.faults.quantity import TIME, Unit
from bms_emulator.faults.spec import FaultSpec
from bms_emulator.profile.base import Broken, Count, Integer, Number, Profile, Section, Text
from bms_emulator.testing.expectation import Value

Seconds = Annotated[float, Unit(TIME), Field(ge=0.0)]
Window = Annotated[float, Unit(TIME), Field(gt=0.0)]
Seed = Annotated[Integer, Field(ge=0)]
Action = Literal["opened", "all_opened", "derated", "charge_zero", "discharge_zero", "pcs_off", "chiller"]
"""What may follow a fault: a rack opened, or all; limits reduced, or zero; the PCS off; the chiller in another mode."""

HEALTHY = "healthy"
"""Case of a run without a fault."""


class OperatingPoint(Section):
    """What the site does when a fault comes."""

    name: Text
    """Unique name."""
    initial: dict[str, Any] = Field(default={})
    """Values in place of those in the site's section ``initial``."""
    weather: dict[str, Any] = Field(default={})
    """Weather in place of the site's whole section ``weather``."""
    write: dict[str, Value] = Field(default={})
    """Values of points."""


class Case(Section):
    """A fault, or several at once, and what should come of it."""

    name: Text
    """Unique name."""
    faults: tuple[FaultSpec, ...]
    """What is added; times count from the time of the fault."""
    detected_by: tuple[Text, ...] = ()
    """Alarms that tell of it: ``cell_overvoltage`` anywhere, ``rack[3].stale_*`` at a place; any if none is given."""
    within: Window | None = None
    """Longest time until one of them."""
    actions: tuple[Action, ...] = ()
    """What must follow."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is a fault, and a name that is its own."""
        if not self.faults:
            yield "faults", "must have at least one fault"
        if self.name == HEALTHY:
            yield "name", "is that of the runs without a fault"


class Walk(Section):
    """Random runs: state at the beginning and set points are drawn within bounds, faults from the list."""

    runs: Count
    """Number of runs."""
    seed: Seed = 1
    """Seed of all that is drawn."""
    every: Window = 60.0
    """Time between two changes of the points [s]."""
    site: dict[str, tuple[Number, Number]] = Field(default={})
    """Lowest and highest value by key path of the site: ``initial.soc_percent: [10, 90]``."""
    points: dict[str, tuple[Value, Value]] = Field(default={})
    """Lowest and highest value of points."""
    step: Annotated[Number, Field(gt=0.0, le=1.0)] = 0.5
    """Largest change of a point at once, as a share of its range."""


class Campaign(Profile):
    """A campaign: every case at every operating point with every seed, or a random walk."""

    site: Text
    """Site, by name, or a file whose path starts at the folder of the campaign."""
    set: dict[str, Any] = Field(default={})
    """Values in place of those of the site's profiles, by key path."""
    initial: dict[str, Any] = Field(default={})
    """Values in place of those in the site's section ``initial``."""
    weather: dict[str, Any] = Field(default={})
    """Weather in place of the site's whole section ``weather``."""
    write: dict[str, Value] = Field(default={})
    """Values of points, written at the beginning of every run."""
    write_at: Seconds = 0.0
    """When they are written [s]: a battery takes its time to connect."""
    duration: Window = 600.0
    """Simulated time of a run [s]."""
    fault_at: Seconds = 120.0
    """Time at which the fault is added [s]; of a walk the earliest, the latest being half of what then is left."""
    healthy: bool = True
    """Whether each operating point is also run without a fault: alarms that come then do not count as detection."""
    seeds: tuple[Seed, ...] = (1,)
    """Seeds of the runs."""
    operating_points: tuple[OperatingPoint, ...] = ()
    """What the site does; as it starts by itself where none is given."""
    walk: Walk | None = None
    """Random runs in place of operating points and seeds."""
    cases: tuple[Case, ...]
    """Faults."""

    def broken_laws(self) -> Iterator[Broken]:
        """Names are unique, times fit, and runs are planned in one way."""
        if not self.cases:
            yield "cases", "must have at least one case"
        for key in ("cases", "operating_points"):
            for name, count in Counter(item.name for item in getattr(self, key)).items():
                if count > 1:
                    yield key, f"name {name!r} stands {count} times; must be unique"
        yield from self._broken_times()
        if self.walk is not None:
            for key in ("operating_points", "seeds"):
                if key in self.model_fields_set:
                    yield key, "goes without walk, which draws them"
        if len(set(self.seeds)) != len(self.seeds) or not self.seeds:
            yield "seeds", "must be different numbers, at least one"

    def _broken_times(self) -> Iterator[Broken]:
        left = self.duration - self.fault_at
        if left <= 0.0:
            yield "fault_at", f"must be < duration, which is {self.duration:g} s"
        if self.write_at > self.fault_at:
            yield "write_at", f"must be <= fault_at, which is {self.fault_at:g} s"
        for case in self.cases:
            if case.within is not None and case.within > left:
                yield "duration", f"leaves {left:g} s, less than case {case.name!r} waits for"
