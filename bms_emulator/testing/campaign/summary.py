"""What a campaign has shown as a whole: a row for each case, and which alarms told of which kind of fault."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bms_emulator.testing.campaign.model import HEALTHY
from bms_emulator.testing.campaign.plan import Plan
from bms_emulator.testing.campaign.result import GOOD, Judged, Outcome


@dataclass(frozen=True)
class CaseRow:
    """All runs of a case.

    Attributes:
        case: Its name.
        runs: Runs made.
        outcomes: Runs by outcome.
        alarms: Runs by the first alarm that told of the fault.
        delay_median: Time until it [s]; None where none came.
        delay_max: Longest time until it [s].
        actions: Runs by what followed.
        missed: Runs by what should have come and did not.
    """

    case: str
    runs: int
    outcomes: dict[str, int]
    alarms: dict[str, int]
    delay_median: float | None
    delay_max: float | None
    actions: dict[str, int]
    missed: dict[str, int]

    @property
    def good(self) -> int:
        """Runs that were as they should be."""
        return sum(self.outcomes.get(outcome, 0) for outcome in GOOD)


@dataclass(frozen=True)
class Coverage:
    """Which alarms told of which kinds of faults.

    Attributes:
        kinds: Kinds of faults, the rows.
        alarms: Alarms, the columns, those that came most often first.
        runs: Runs by kind.
        counts: Runs by kind and alarm in which it rose after the fault, shape (kinds, alarms).
    """

    kinds: tuple[str, ...]
    alarms: tuple[str, ...]
    runs: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


def case_rows(plan: Plan, judged: Sequence[Judged]) -> list[CaseRow]:
    """A row for each case, in the order of the campaign, that without a fault first."""
    names = [HEALTHY, *(case.name for case in plan.campaign.cases)]
    rows = []
    for name in names:
        of_case = [one for one in judged if one.run.case == name]
        if not of_case:
            continue
        delays = [one.delay for one in of_case if one.delay is not None]
        rows.append(
            CaseRow(
                name,
                len(of_case),
                _counted(str(one.outcome) for one in of_case),
                _counted(_alarm(one.alarm) for one in of_case if one.alarm),
                statistics.median(delays) if delays else None,
                max(delays, default=None),
                _counted(action for one in of_case for action in one.shown.actions),
                _counted(what for one in of_case for what in one.missed),
            )
        )
    return rows


def coverage(plan: Plan, judged: Sequence[Judged]) -> Coverage:
    """Which alarms rose after which kinds of faults; alarms that also come without the fault are left out."""
    kinds: dict[str, list[Judged]] = {}
    for one in judged:
        for kind in dict.fromkeys(plan.kinds.get(one.run.case, ())):
            kinds.setdefault(kind, []).append(one)
    per_kind = {kind: Counter(alarm for one in runs for alarm in _rising(one)) for kind, runs in kinds.items()}
    total = sum(per_kind.values(), Counter[str]())
    alarms = tuple(alarm for alarm, _ in sorted(total.items(), key=lambda item: (-item[1], item[0])))
    return Coverage(
        tuple(kinds),
        alarms,
        tuple(len(runs) for runs in kinds.values()),
        tuple(tuple(per_kind[kind][alarm] for alarm in alarms) for kind in kinds),
    )


def held(judged: Sequence[Judged]) -> bool:
    """Whether all runs were as they should be."""
    return bool(judged) and all(one.outcome in GOOD for one in judged)


def outcomes(judged: Sequence[Judged]) -> dict[str, int]:
    """Runs by outcome, from good to bad."""
    counts = Counter(one.outcome for one in judged)
    return {str(outcome): counts[outcome] for outcome in Outcome if counts[outcome]}


def _rising(one: Judged) -> set[str]:
    """Alarms, without their places, that came with the fault of a run."""
    return {_alarm(name) for name in one.new}


def _alarm(name: str) -> str:
    return name.rpartition(".")[2]


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())
