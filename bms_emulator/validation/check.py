"""What a validation consists of: sections of checks, which yield rows that hold or fail, and figures that show why."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from bms_emulator.arrays import Array


@dataclass(frozen=True)
class Row:
    """One number of ours against one of another's.

    The reference is an interval, of no width where it is a number, without an end where it is a bound. What counts is
    how far ours lies from it.

    Attributes:
        name: What is compared.
        ours: Our value.
        lowest: Lower end of the reference.
        highest: Upper end of the reference.
        tolerance: How far from the reference ours may lie.
        unit: Unit of all of these; ``1`` for a ratio.
        source: Where the reference comes from, with its grade.
        note: What else there is to say.
        judged: Whether it counts; not where the conditions of the reference are not known well enough.
    """

    name: str
    ours: float
    lowest: float
    highest: float
    tolerance: float
    unit: str
    source: str
    note: str = ""
    judged: bool = True

    @classmethod
    def close(
        cls, name: str, ours: float, reference: float, tolerance: float, unit: str, source: str, note: str = ""
    ) -> Self:
        """Ours should be the reference, to within a tolerance."""
        return cls(name, float(ours), reference, reference, tolerance, unit, source, note)

    @classmethod
    def within(
        cls, name: str, ours: float, reference: tuple[float, float], tolerance: float, unit: str, source: str,
        note: str = "",
    ) -> Self:  # fmt: skip
        """Ours should lie between two published values, or no farther from them than a tolerance."""
        return cls(name, float(ours), *reference, tolerance, unit, source, note)

    @classmethod
    def at_most(cls, name: str, ours: float, bound: float, unit: str, source: str, note: str = "") -> Self:
        """Ours must not exceed a bound."""
        return cls(name, float(ours), -math.inf, bound, 0.0, unit, source, note)

    @classmethod
    def at_least(cls, name: str, ours: float, bound: float, unit: str, source: str, note: str = "") -> Self:
        """Ours must not stay below a bound."""
        return cls(name, float(ours), bound, math.inf, 0.0, unit, source, note)

    @classmethod
    def beside(cls, name: str, ours: float, reference: float, unit: str, source: str, note: str) -> Self:
        """Ours is shown beside a number that holds for conditions which its source does not tell; the note does."""
        return cls(name, float(ours), reference, reference, math.inf, unit, source, note, judged=False)

    @property
    def difference(self) -> float:
        """How far ours lies above the reference, negative below it, 0 within it."""
        if self.lowest <= self.ours <= self.highest:
            return 0.0
        return self.ours - (self.lowest if self.ours < self.lowest else self.highest)

    @property
    def held(self) -> bool:
        """Whether ours is within the tolerance; never where there is no number."""
        return math.isfinite(self.ours) and abs(self.difference) <= self.tolerance


@dataclass(frozen=True)
class Trace:
    """One curve, or one set of points, of a figure.

    Attributes:
        name: As in the legend.
        x: Abscissae, shape (n,).
        y: Ordinates, shape (n,).
        marks: Whether points are drawn and not a line.
        second: Whether it belongs to the second ordinate.
    """

    name: str
    x: Array | Sequence[float]
    y: Array | Sequence[float]
    marks: bool = False
    second: bool = False


@dataclass(frozen=True)
class Figure:
    """Curves over one abscissa.

    Attributes:
        caption: What is seen, in a sentence.
        x_axis: What the abscissa is, with its unit.
        y_axis: What the ordinate is, with its unit.
        traces: The curves.
        second_axis: What the second ordinate is, with its unit; empty where there is none.
    """

    caption: str
    x_axis: str
    y_axis: str
    traces: tuple[Trace, ...]
    second_axis: str = ""


@dataclass(frozen=True)
class Context:
    """What a check is given.

    Attributes:
        seed: Of cells that differ, and of profiles that are drawn.
        progress: Told the share of the check that is done, 0 to 1.
    """

    seed: int = 1
    progress: Callable[[float], None] = lambda _: None


Finding = Row | Figure


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        name: Short and unique, ``section.name``.
        title: As a heading.
        method: What is done, in a sentence or two.
        run: Yields rows and figures.
    """

    name: str
    title: str
    method: str
    run: Callable[[Context], Iterator[Finding]]


@dataclass(frozen=True)
class Section:
    """Checks of one domain.

    Attributes:
        name: Short and unique.
        title: As a heading.
        checks: In the order of the report.
    """

    name: str
    title: str
    checks: tuple[Check, ...]
