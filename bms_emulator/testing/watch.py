"""A claim about points, watched tick by tick until it is decided."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.testing.record import Check, Verdict

Flags = NDArray[np.bool_]
Direction = Literal["rising", "falling", "either"]
Mode = Literal["now", "become", "always", "never"]

_INSTANT: Final = 1e-6
"""Times that differ by less are the same [s]: ticks are counted, not added up."""


@dataclass(frozen=True)
class Band:
    """Values that are meant.

    Attributes:
        low: Lower end; minus infinity is none.
        high: Upper end; infinity is none.
        open: Whether the ends themselves are outside.
        invalid: Whether what is meant is an invalid measurement, and no value.
        measured: Whether a distance from the ends makes sense: it does not for names and flags.
    """

    low: float = -math.inf
    high: float = math.inf
    open: bool = False
    invalid: bool = False
    measured: bool = True

    def holds(self, values: Array) -> Flags:
        """Whether values are meant, shape (points,)."""
        if self.invalid:
            return np.isnan(values)
        if self.open:
            return (values > self.low) & (values < self.high)
        return (values >= self.low) & (values <= self.high)

    def margins(self, values: Array) -> Array:
        """Distance of values from the nearer end, negative outside, minus infinity where invalid, shape (points,)."""
        distance = np.minimum(values - self.low, self.high - values)
        return np.where(np.isnan(values), -np.inf, distance)


@dataclass(frozen=True)
class Claim:
    """What is claimed, in SI; times count from the beginning of the watch.

    Attributes:
        what: The claim as a sentence.
        point: Selector of the points.
        names: Their names.
        unit: Their unit; empty for counts, ratios, names and flags.
        band: Values that are meant.
        mode: Whether they are meant now, must become so, must always be so, or never.
        after: Time before which it must not become true; with ``always`` and ``never`` the beginning of the window [s].
        end: Time by which it must be true, or the end of the window; infinity is the end of the test [s].
        hold: Time for which it then stays true [s].
        crossing: Direction in which the values must enter the band, coming from beyond its end; None for any way.
        every: Whether all points are meant, or any one of them.
        choices: Names of their values, where they have names.
    """

    what: str
    point: str
    names: tuple[str, ...]
    unit: str
    band: Band
    mode: Mode = "now"
    after: float = 0.0
    end: float = 0.0
    hold: float = 0.0
    crossing: Direction | None = None
    every: bool = True
    choices: Mapping[int, str] | None = None


@dataclass
class Watch:
    """A claim that is being watched.

    Attributes:
        claim: What is claimed.
        offsets: Positions of the points in the arena, shape (points,); empty where they are read in another way.
        begin: Time at which the watch began [s].
        check: How it was decided; None as long as it is not.
    """

    claim: Claim
    offsets: NDArray[np.int64]
    begin: float
    check: Check | None = None
    _came: float | None = None
    _last: float = math.nan
    _worst: float = math.inf
    _worst_value: float = math.nan
    _side: Flags | None = None
    _crossed: Flags = field(default_factory=lambda: np.zeros(0, bool))

    def feed(self, time: float, values: Array) -> Check | None:
        """Look at the values of a tick.

        Args:
            time: Simulated time, never less than before [s].
            values: Values of the points, NaN where invalid, shape (points,).

        Returns:
            How the claim was decided, None as long as it is open.
        """
        if self.check is None:
            values = np.atleast_1d(values)
            since = time - self.begin
            if self.claim.mode == "now":
                self._decide_now(time, values)
            elif self.claim.mode == "become":
                self._watch_becoming(time, since, values)
            else:
                self._watch_window(time, since, values)
            self._last = since
        return self.check

    def finish(self, time: float) -> Check:
        """Decide at the end of the test, whatever is still open; ``time`` is the last that was looked at [s]."""
        claim, since = self.claim, time - self.begin
        if self.check is not None:
            return self.check
        if claim.mode in ("now", "become") or math.isnan(self._last):
            open_reason = "it has not come when the test ended"
            if self._came is not None:
                open_reason = f"the test ended before it had held for {claim.hold:g} s"
            elif claim.mode != "become" or math.isnan(self._last):
                open_reason = "no value was seen in the window"
            verdict = Verdict.FAILED if math.isinf(claim.end) and self._came is None else Verdict.INCONCLUSIVE
            return self._timed(time, verdict, open_reason)
        if math.isinf(claim.end):
            return self._windowed(time)
        reason = f"the test ended {claim.end - since:g} s before the window did"
        return self._valued(time, Verdict.INCONCLUSIVE, reason)

    def _decide_now(self, time: float, values: Array) -> None:
        self._note(values)
        holds = self._true(self.claim.band.holds(values))
        verdict, reason = (Verdict.PASSED, "") if holds else (Verdict.FAILED, self._offender(values))
        self._valued(time, verdict, reason)

    def _watch_becoming(self, time: float, since: float, values: Array) -> None:
        claim = self.claim
        holds = self._true(self._entered(values) if self._came is None else claim.band.holds(values))
        if self._came is None and holds:
            self._came = since
            if since < claim.after - _INSTANT:
                self._timed(time, Verdict.FAILED, f"it came {claim.after - since:g} s too early")
                return
        if self._came is not None and not holds:
            held = f"it held for {since - self._came:g} s only"
            self._timed(time, Verdict.FAILED, _joined(held, self._offender(values)))
        elif self._came is not None and self._came > claim.end + _INSTANT:
            self._timed(time, Verdict.FAILED, f"it came {self._came - claim.end:g} s too late")
        elif self._came is not None and since >= self._came + claim.hold - _INSTANT:
            self._timed(time, Verdict.PASSED, "")
        elif self._came is None and since >= claim.end - _INSTANT:
            self._timed(time, Verdict.FAILED, _joined("it has not come", self._offender(values)))

    def _watch_window(self, time: float, since: float, values: Array) -> None:
        claim = self.claim
        entered = self._entered(values)  # also before the window: a crossing has a side to come from
        if since < claim.after - _INSTANT:
            self._crossed[:] = False
            return
        if since > claim.end + _INSTANT:
            self._windowed(time)
            return
        self._note(values)
        broken = bool(entered.any()) if claim.mode == "never" else not self._true(entered)
        if broken:
            self._valued(time, Verdict.FAILED, self._offender(values))
        elif since >= claim.end - _INSTANT:
            self._windowed(time)

    def _entered(self, values: Array) -> Flags:
        """Whether each point is meant; with a direction, whether it has crossed into the band since the beginning."""
        claim, band = self.claim, self.claim.band
        if claim.crossing is None:
            return band.holds(values)
        level = band.low if math.isfinite(band.low) else band.high
        above, below = values > level, values < level
        if self._side is None:
            self._side, self._crossed = np.zeros((2, values.size), bool), np.zeros(values.size, bool)
        was_above, was_below = self._side
        rose, fell = above & was_below, below & was_above
        chosen = {"rising": rose, "falling": fell, "either": rose | fell}[claim.crossing]
        self._crossed = self._crossed | chosen
        seen = above | below  # on the level itself, or invalid, it is still where it came from
        self._side = np.array([np.where(seen, above, was_above), np.where(seen, below, was_below)])
        return self._crossed

    def _true(self, each: Flags) -> bool:
        return bool(each.all() if self.claim.every else each.any())

    def _note(self, values: Array) -> None:
        """Keep the value nearest to breaking the claim."""
        margins = self.claim.band.margins(values)
        if self.claim.mode == "never":
            margins = np.where(np.isnan(values), np.inf, -margins)
        at = int(np.argmin(margins) if self.claim.every or self.claim.mode == "never" else np.argmax(margins))
        if margins[at] < self._worst or math.isnan(self._worst_value):
            self._worst, self._worst_value = float(margins[at]), float(values[at])

    def _offender(self, values: Array) -> str:
        """Which points break the claim, and their values."""
        holds = self.claim.band.holds(values)
        broken = np.flatnonzero(holds if self.claim.mode == "never" else ~holds)
        if not broken.size:
            return ""
        at = int(broken[0])
        more = f" and {broken.size - 1} more" if broken.size > 1 else ""
        return f"{self.claim.names[at]} was {self._word(float(values[at]))}{more}"

    def _word(self, value: float) -> str:
        if math.isnan(value):
            return "invalid"
        name = (self.claim.choices or {}).get(int(value)) if math.isfinite(value) else None
        return name or f"{value:.6g} {self.claim.unit}".rstrip()

    def _windowed(self, time: float) -> Check:
        if math.isnan(self._worst_value) and not self.claim.band.invalid and self.claim.mode == "always":
            return self._valued(time, Verdict.INCONCLUSIVE, "no value was seen in the window")
        return self._valued(time, Verdict.PASSED, "")

    def _timed(self, time: float, verdict: Verdict, reason: str) -> Check:
        """Decide by the time at which it came."""
        claim, came = self.claim, self._came
        high = claim.end if math.isfinite(claim.end) else None
        margin = None
        if came is not None:
            margin = min(came - claim.after if claim.after > 0.0 else math.inf, claim.end - came)
        return self._decide(
            Check(
                time,
                claim.what,
                claim.point,
                "s",
                claim.after if claim.after > 0.0 else None,
                high,
                self.begin,
                None if high is None else self.begin + high,
                came,
                margin if margin is None or math.isfinite(margin) else None,
                verdict,
                reason,
            )
        )

    def _valued(self, time: float, verdict: Verdict, reason: str) -> Check:
        """Decide by the value nearest to the end of the band."""
        claim, band = self.claim, self.claim.band
        ends = [end if math.isfinite(end) else None for end in (band.low, band.high)]
        window = (time, time) if claim.mode == "now" else (self.begin + claim.after, min(time, self.begin + claim.end))
        value = None if math.isnan(self._worst_value) else self._worst_value
        margin = self._worst if band.measured and value is not None and math.isfinite(self._worst) else None
        return self._decide(
            Check(time, claim.what, claim.point, claim.unit, ends[0], ends[1], *window, value, margin, verdict, reason)
        )

    def _decide(self, check: Check) -> Check:
        self.check = check
        return check


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
