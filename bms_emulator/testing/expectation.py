"""What a test expects of points, as people write it, and of the alarms that it did not mean to raise."""

import math
from typing import Annotated, Any, Literal, Self, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bms_emulator.faults.quantity import TIME, Unit
from bms_emulator.faults.spec import problems
from bms_emulator.interfaces.values import reading
from bms_emulator.points.catalogue import Catalogue, Family, PointError
from bms_emulator.testing.tripped import nothing_else_tripped
from bms_emulator.testing.watch import Band, Claim, Direction, Mode, Watch

__all__ = ["Expectation", "ExpectationError", "Watch", "nothing_else_tripped"]

Seconds = Annotated[float, Unit(TIME), Field(ge=0.0)]
Window = Annotated[float, Unit(TIME), Field(gt=0.0)]
Value = bool | int | float | str

INVALID = "invalid"
"""What an invalid measurement equals."""

_BANDS = ("equals", "above", "below", "at_least", "at_most", "between", "crosses")
_NAMED = ("boolean", "enum", "bitfield")


class ExpectationError(ValueError):
    """An expectation that is refused. The message says where, what, and what is allowed."""


class Expectation(BaseModel):
    """Values that points should have, and when; times count from the beginning of the watch.

    Without a time it must be true now. ``within`` says by when it must become true, ``after`` when at the earliest,
    ``hold`` for how long it must then stay true. ``always`` and ``never`` speak of a whole window, which begins at
    ``after``.

    Example:
        ``{"point": "rack[3].mode", "equals": "disconnected", "after": "0.5s", "within": "3s", "hold": "10s"}``
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    point: Annotated[str, Field(min_length=1)]
    """Point, or a selector of several, such as ``rack[*].soc``."""
    equals: Value | None = None
    """Value that is meant: a name, true or false, a number; ``invalid`` is a measurement that is none."""
    above: Value | None = None
    """Values above this one."""
    below: Value | None = None
    """Values below this one."""
    at_least: Value | None = None
    """This value, and those above."""
    at_most: Value | None = None
    """This value, and those below."""
    between: tuple[Value, Value] | None = None
    """Values from one to another, both of them included."""
    crosses: Value | None = None
    """Level that is crossed."""
    direction: Direction | None = None
    """With ``crosses``: in which direction; ``either`` where not given."""
    tolerance: Value | None = None
    """With ``equals``: largest distance from the value."""
    after: Seconds = 0.0
    """Time before which it must not become true; beginning of the window of ``always`` and ``never`` [s]."""
    within: Seconds | None = None
    """Time by which it must have become true [s]."""
    hold: Seconds = 0.0
    """Time for which it stays true once it is [s]."""
    always: Window | Literal["end"] | None = None
    """Length of a window throughout which it is true [s]; ``end`` is to the end of the test."""
    never: Window | Literal["end"] | None = None
    """Length of a window in which it is not true once [s]; ``end`` is to the end of the test."""
    of: Literal["all", "any"] = "all"
    """Whether every point that is selected is meant, or one of them is enough."""
    name: str = ""
    """Sentence for the report; made from the rest where empty."""

    @model_validator(mode="after")
    def _hold_laws(self) -> Self:
        given = [key for key in _BANDS if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of {', '.join(_BANDS)}; there is {' and '.join(given) or 'none'}")
        times = [key for key in ("within", "always", "never") if getattr(self, key) is not None]
        if len(times) > 1:
            raise ValueError(f"needs at most one of within, always, never; there are {' and '.join(times)}")
        wrong = {
            "direction goes with crosses only": self.direction is not None and given != ["crosses"],
            "tolerance goes with equals only": self.tolerance is not None and given != ["equals"],
            "hold goes with within only": self.hold > 0.0 and times != ["within"],
            "after needs within, always or never": self.after > 0.0 and not times,
            "after must not be later than within": self.within is not None and self.after > self.within,
            "crosses needs within or never": given == ["crosses"] and times not in (["within"], ["never"]),
            "hold needs a direction, rising or falling": self.hold > 0.0 and self._crossing == "either",
            "never means none of the points: of must be all": self.never is not None and self.of == "any",
        }
        for message, is_wrong in wrong.items():
            if is_wrong:
                raise ValueError(message)
        return self

    @classmethod
    def read(cls, written: "Expectation | dict[str, Any]") -> "Expectation":
        """The expectation that plain data describe.

        Raises:
            ExpectationError: With all problems of the data.
        """
        if isinstance(written, Expectation):
            return written
        try:
            return cls.model_validate(written)
        except ValidationError as error:
            raise ExpectationError(problems(error, "expectation", {(): list(cls.model_fields)})) from None

    @property
    def _crossing(self) -> Direction | None:
        return None if self.crosses is None else self.direction or "either"

    @property
    def mode(self) -> Mode:
        """What is claimed of the time."""
        for mode, key in (("become", "within"), ("always", "always"), ("never", "never")):
            if getattr(self, key) is not None:
                return cast(Mode, mode)
        return "now"

    def watch(self, catalogue: Catalogue, begin: float = 0.0) -> Watch:
        """A watch that begins at a simulated time [s].

        Raises:
            ExpectationError: There is no such point, or a value is none of its values.
        """
        try:
            selections = catalogue.select(self.point)
            if len(selections) != 1:
                names = ", ".join(selection.family.name for selection in selections)
                raise PointError(f"{self.point}: selects points of different kinds ({names}); write one of them")
            family = selections[0].family
            claim = Claim(
                self.name or self._sentence(),
                self.point,
                tuple(selections[0].names()),
                "" if family.unit == "1" else family.unit,
                self._band(family),
                self.mode,
                self.after,
                self._end(),
                self.hold,
                self._crossing,
                self.of == "all",
                family.slot.info.choices if family.slot.info.kind == "enum" else None,
            )
        except PointError as error:
            raise ExpectationError(str(error)) from None
        return Watch(claim, selections[0].offsets(), begin)

    def _band(self, family: Family) -> Band:
        """The values that are meant, in SI. PointError: one is none of the point's."""
        named = family.slot.info.kind in _NAMED
        if self.equals is not None:
            if self.equals == INVALID:
                return Band(invalid=True, measured=False)
            value = reading(family, self.equals)
            if family.slot.info.kind == "float" and self.tolerance is None:
                raise PointError(f"{family.name}: equals needs a tolerance here, or write between")
            spread = 0.0 if self.tolerance is None else _difference(family, self.tolerance)
            return Band(value - spread, value + spread, measured=not named)
        if self.between is not None:
            low, high = (reading(family, value) for value in self.between)
            if low > high:
                raise PointError(f"{family.name}: between {self.between[0]} and {self.between[1]} there is nothing")
            return Band(low, high, measured=not named)
        low_end = next((value for value in (self.above, self.at_least) if value is not None), None)
        high_end = next((value for value in (self.below, self.at_most) if value is not None), None)
        if self.crosses is not None:
            low_end, high_end = (None, self.crosses) if self.direction == "falling" else (self.crosses, None)
        return Band(
            -math.inf if low_end is None else reading(family, low_end),
            math.inf if high_end is None else reading(family, high_end),
            open=self.at_least is None and self.at_most is None,
            measured=not named,
        )

    def _end(self) -> float:
        if self.within is not None:
            return self.within
        window = self.always if self.always is not None else self.never
        return math.inf if window == "end" else self.after + float(window or 0.0)

    def _sentence(self) -> str:
        """What is expected, in words."""
        words = {
            "equals": f"equals {_word(self.equals)}"
            + ("" if self.tolerance is None else f" within {_word(self.tolerance)}"),
            "above": f"is above {_word(self.above)}",
            "below": f"is below {_word(self.below)}",
            "at_least": f"is at least {_word(self.at_least)}",
            "at_most": f"is at most {_word(self.at_most)}",
            "between": "" if self.between is None else f"is from {_word(self.between[0])} to {_word(self.between[1])}",
            "crosses": f"crosses {_word(self.crosses)}"
            + ("" if self._crossing in (None, "either") else f" {self._crossing}"),
        }
        what = next(words[key] for key in _BANDS if getattr(self, key) is not None)
        subject = f"any of {self.point}" if self.of == "any" else self.point
        early = f", not before {self.after:g} s" if self.after > 0.0 else ""
        span = "to the end" if math.isinf(self._end()) else f"from {self.after:g} s to {self._end():g} s"
        return {
            "now": f"{subject} {what}",
            "become": f"{subject} {what} within {self.within or 0.0:g} s{early}"
            + (f", for {self.hold:g} s" if self.hold else ""),
            "always": f"{subject} {what} always, {span}",
            "never": f"{subject} {what} never, {span}",
        }[self.mode]


def _difference(family: Family, value: Value) -> float:
    """A distance between two values of a point: a temperature's zero does not count."""
    zero = reading(family, "0degC") if family.unit == "K" and str(value).endswith("C") else 0.0
    distance = reading(family, value) - zero
    if not distance >= 0.0 or not np.isfinite(distance):
        raise PointError(f"{family.name}: tolerance {value} must be >= 0")
    return distance


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
