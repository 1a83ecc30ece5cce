"""What a run of a campaign showed, and what that means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from bms_emulator.testing.campaign.model import HEALTHY, Case
from bms_emulator.testing.campaign.plan import Plan, Run
from bms_emulator.testing.tripped import means


class Outcome(StrEnum):
    """What a run means; from good to bad."""

    DETECTED = "detected"
    QUIET = "quiet"
    """Without a fault nothing tripped."""
    LATE = "late"
    """An alarm came, but after its time."""
    NO_ACTION = "no action"
    """An alarm came, but what must follow did not."""
    MISSED = "missed"
    """No alarm came that tells of the fault."""
    FALSE_ALARM = "false alarm"
    """Without a fault something tripped."""
    ERROR = "error"
    """The run could not be made."""


GOOD = (Outcome.DETECTED, Outcome.QUIET)


@dataclass(frozen=True)
class Shown:
    """What a run showed. Times count from the fault; those of before are negative.

    Attributes:
        number: Number of the run.
        alarms: First time [s] and highest level of each alarm that rose, by name, such as ``rack[3].cell_overvoltage``.
        actions: First time of each action [s].
        racks_opened: Racks that opened after the fault.
        digest: Of all arrays at the end: two runs with the same one were the same in every bit.
        seconds: Time that it took [s].
        error: Why it could not be made; empty where it was.
    """

    number: int
    alarms: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    actions: Mapping[str, float] = field(default_factory=dict)
    racks_opened: int = 0
    digest: str = ""
    seconds: float = 0.0
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """What plain data say. TypeError, ValueError: they say nothing of a run."""
        alarms = {name: (float(time), int(level)) for name, (time, level) in data["alarms"].items()}
        return cls(**{**data, "alarms": alarms})


@dataclass(frozen=True)
class Judged:
    """What a run means.

    Attributes:
        run: The run.
        shown: What it showed.
        outcome: What that means.
        alarm: First alarm that tells of the fault; empty where none does.
        delay: How long after the fault it came [s].
        level: How high it rose.
        missed: What should have come and did not.
        new: All alarms that came with the fault.
    """

    run: Run
    shown: Shown
    outcome: Outcome
    alarm: str = ""
    delay: float | None = None
    level: int = 0
    missed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """As plain data, flat."""
        run, shown = self.run, self.shown
        return {
            "run": run.number,
            "case": run.case,
            "operating_point": run.operating_point,
            "seed": run.seed,
            "fault_at_s": round(run.fault_at, 3),
            "outcome": str(self.outcome),
            "alarm": self.alarm,
            "level": self.level,
            "delay_s": None if self.delay is None else round(self.delay, 3),
            "racks_opened": shown.racks_opened,
            **{f"{action}_s": time for action, time in shown.actions.items()},
            "missed": "; ".join(self.missed),
            "alarms": " ".join(self.new),
            "seconds": round(shown.seconds, 3),
            "digest": shown.digest,
            "error": shown.error,
        }


def judge(plan: Plan, shown: Sequence[Shown]) -> list[Judged]:
    """What runs mean, in the order of their numbers; each is held against its twin without a fault, if there is one."""
    by_number = {one.number: one for one in shown}
    twins = {
        (run.operating_point, run.seed): by_number[run.number]
        for run in plan.runs
        if run.case == HEALTHY and run.number in by_number
    }
    return [
        _judged(run, by_number[run.number], plan.case(run), twins.get((run.operating_point, run.seed)))
        for run in plan.runs
        if run.number in by_number
    ]


def _judged(run: Run, shown: Shown, case: Case | None, twin: Shown | None) -> Judged:
    if shown.error:
        return Judged(run, shown, Outcome.ERROR, missed=(shown.error,))
    if case is None:
        alarms = tuple(shown.alarms)
        return Judged(run, shown, Outcome.FALSE_ALARM if alarms else Outcome.QUIET, new=alarms)
    new = {name: rise for name, rise in shown.alarms.items() if rise[0] >= 0.0 and not _known(name, rise, twin)}
    telling = [
        (time, name, level)
        for name, (time, level) in new.items()
        if not case.detected_by or any(means(alarm, name) for alarm in case.detected_by)
    ]
    missed = tuple(_missing(case, shown))
    if not telling:
        wanted = ", ".join(case.detected_by) or "any alarm"
        return Judged(run, shown, Outcome.MISSED, missed=(wanted, *missed), new=tuple(new))
    delay, alarm, level = min(telling)
    outcome = Outcome.NO_ACTION if missed else Outcome.DETECTED
    if case.within is not None and delay > case.within:
        outcome, missed = Outcome.LATE, (f"{alarm} within {case.within:g} s", *missed)
    return Judged(run, shown, outcome, alarm, delay, level, missed, tuple(new))


def _known(name: str, rise: tuple[float, int], twin: Shown | None) -> bool:
    """Whether an alarm also comes without the fault, as high and no earlier."""
    if twin is None or name not in twin.alarms:
        return False
    time, level = twin.alarms[name]
    return rise[1] <= level and rise[0] >= time - 1e-6


def _missing(case: Case, shown: Shown) -> Iterator[str]:
    for action in case.actions:
        if action not in shown.actions:
            yield action
