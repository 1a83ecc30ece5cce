"""What a test holds in its hands: stimuli, expectations and time, each of them noted in the record of the test."""

import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, Self

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Event
from bms_emulator.interfaces.values import wording
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.testing.drivers.driver import Capability, Driver, NotOfferedError
from bms_emulator.testing.expectation import Expectation, Watch, nothing_else_tripped
from bms_emulator.testing.record import Check, Record, Stimulus, Verdict
from bms_emulator.testing.served import ServedBench
from bms_emulator.testing.timeline import alarm_changes

Look = Callable[[float], None]
"""Called with the time at each look at values."""


class InconclusiveError(Exception):
    """A test proves nothing: a precondition does not hold, or time was not kept."""


class Conduct:
    """Everything that is done to a rig but letting time pass, and the record of it.

    Args:
        driver: What stands on the rig.
        site: Its site.
        record: What is kept of the test.
        safe: Values of points that make it safe.

    Attributes:
        looks: Called at each look at values, besides expectations.
    """

    def __init__(
        self, driver: Driver, site: SiteProfile, record: Record, safe: Mapping[str, object] | None = None
    ) -> None:
        self.driver = driver
        self.site = site
        self.record = record
        self.looks: list[Look] = []
        self._safe = dict(safe or {})
        self._watches: list[Watch] = []
        self._may_trip: tuple[str, ...] | None = None
        self._may_trip_from = 0.0
        self._injects = False
        self._began = driver.time

    @property
    def catalogue(self) -> Catalogue:
        """Points of the site."""
        return self.driver.catalogue

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.driver.time

    def require(self, *capabilities: Capability) -> None:
        """Skip the test where what stands on the rig cannot do something. NotOfferedError: it cannot."""
        lacking = [str(each) for each in capabilities if each not in self.driver.capabilities]
        if lacking:
            raise NotOfferedError(f"{self.record.provenance.under_test} cannot {' or '.join(lacking)}")

    def get(self, name: str) -> float:
        """Value of a point in SI; NaN where it is invalid. LookupError: there is no such point."""
        return float(self.driver.read(np.array([self.catalogue.find(name)[1]]))[0])

    def values(self, selector: str) -> Array:
        """Values of the points that a selector picks, in SI, shape (points,). LookupError: it picks none."""
        selections = self.catalogue.select(selector)
        return self.driver.read(np.concatenate([selection.offsets() for selection in selections]))

    def events(self, after: int = 0) -> list[Event]:
        """Events with a sequence number greater than this one, oldest first."""
        return self.driver.events(after)

    # ---- stimuli

    def write(self, values: Mapping[str, object]) -> None:
        """Write points together: SI numbers, or texts with a unit or the name of a choice. RefusedError: none was."""
        self.driver.write(values)
        for name, value in values.items():
            self.stimulus("write", name, _text(value), self._read_back(name))

    def fault(self, kind: str, target: str, name: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Add a fault; ``shape``, ``at``, ``duration``, ``when``, ``lease`` and ``seed`` are taken as such.

        NotOfferedError: Faults cannot be injected here. RefusedError: it is none that can be.
        """
        added = self.driver.fault(kind, target, name, parameters)
        self._injects = True
        settings = ", ".join(f"{key} {_text(value)}" for key, value in parameters.items())
        self.stimulus("fault", target, f"{kind} {settings}".rstrip(), f"added as {added.get('name', name)}")
        return added

    def clear(self, *names: str) -> list[str]:
        """Clear faults by name, or all where none is given; their names."""
        cleared = self.driver.clear(*names)
        for name in cleared:
            self.stimulus("clear", name, "cleared")
        return cleared

    def stimulus(self, kind: str, target: str, commanded: str, actual: str = "") -> None:
        """Note something that was done to the system, such as by hand."""
        self.record.stimuli.append(Stimulus(self.time, kind, target, commanded, actual))

    # ---- expectations

    def watch(self, point: str, **words: Any) -> Watch:
        """Begin to expect something while other things are done; it is decided at the end of the test at the latest.

        The words are those of an expectation: ``never=10``, ``always="end"``. ExpectationError: they are none.
        """
        watch = self._begin(point, words)
        self._watches.append(watch)
        self._feed(watch)
        return watch

    def nothing_else_trips(self, *alarms: str) -> None:
        """Expect from now on to the end of the test that no alarm rises but these."""
        self._may_trip, self._may_trip_from = alarms, self.time

    def verify(self, what: str, holds: object, reason: str = "") -> None:
        """Expect something that no single point tells. AssertionError: it does not hold."""
        verdict = Verdict.PASSED if holds else Verdict.FAILED
        self._decided(Check(self.time, what, verdict=verdict, reason="" if holds else reason))

    def judge(self) -> None:
        """Decide what is still open, at the end of a test that has gone through.

        AssertionError: An expectation was not met. InconclusiveError: one of them could not be decided.
        """
        checks = [watch.check or watch.finish(self.time) for watch in self._watches]
        if self._may_trip is not None:
            named, begin = self._may_trip, self._may_trip_from
            checks.append(nothing_else_tripped(self.events(), named, begin, self.time))
        self._watches, self._may_trip = [], None
        self.record.checks += checks
        bad = sorted((check for check in checks if check.verdict is not Verdict.PASSED), key=_badness, reverse=True)
        if bad:
            _raise(bad[0])

    # ---- the end

    def finish(self) -> None:
        """Complete the record."""
        with contextlib.suppress(Exception):  # a connection that is gone has been told of already
            self.record.duration = self.time - self._began
            self.record.timing = self.driver.timing()
            self.record.alarms = alarm_changes(self.events())

    def make_safe(self) -> None:
        """Clear all faults, take power to zero, whatever has happened; then complain about what could not be done.

        ExceptionGroup: Something could not.
        """
        problems: list[Exception] = []
        steps: list[Callable[[], object]] = [partial(self.driver.write, {name: to}) for name, to in self._safe.items()]
        for step in [self.driver.clear, *steps] if self._injects else steps:
            try:
                step()
            except Exception as error:  # the next step still has to be done
                problems.append(error)
        if problems:
            raise ExceptionGroup("the rig could not be made safe", problems)

    # ---- what both ways of waiting share

    def _begin(self, point: str, words: Mapping[str, Any]) -> Watch:
        return Expectation.read({"point": point, **words}).watch(self.catalogue, self.time)

    def _feed(self, watch: Watch) -> None:
        watch.feed(self.time, self.driver.read(watch.offsets))

    def _look(self) -> None:
        now = self.time
        for watch in self._watches:
            if watch.check is None:
                self._feed(watch)
        for look in self.looks:
            look(now)

    def _steps(self, seconds: float, watch: Watch | None = None) -> Iterator[float]:
        """How much time is to pass before the next look, until it is over or a watch is decided [s]."""
        end = self.time + seconds
        instant = self.driver.step / 2.0
        while (left := end - self.time) > instant and (watch is None or watch.check is None):
            looks = watch is not None or self.looks or any(each.check is None for each in self._watches)
            yield min(left, self.driver.step) if looks else left
            if watch is not None:
                self._feed(watch)
            self._look()

    def _expecting(self, watch: Watch) -> Iterator[float]:
        """The same, as long as a watch takes to be decided."""
        self._feed(watch)
        yield from self._steps(watch.claim.end + watch.claim.hold + 2.0 * self.driver.step, watch)
        watch.finish(self.time)

    def _decided(self, check: Check | None, *, precondition: bool = False) -> None:
        assert check is not None
        (self.record.preconditions if precondition else self.record.checks).append(check)
        if check.verdict is Verdict.PASSED:
            return
        if precondition:
            raise InconclusiveError(f"precondition: {check.what}: {check.reason}")
        _raise(check)

    def _read_back(self, name: str) -> str:
        try:
            selections = self.catalogue.select(name)
            values = self.values(name)
        except NotOfferedError:
            return ""
        if len(selections) != 1 or len(set(values.tolist())) != 1:
            return ""
        family = selections[0].family
        unit = "" if family.unit == "1" else family.unit
        return wording(family, float(values[0])) or f"{values[0]:.9g} {unit}".rstrip()


class Rig(Conduct):
    """A rig on which a test lets time pass."""

    def run(self, seconds: float) -> None:
        """Let time pass [s]."""
        for step in self._steps(seconds):
            self.driver.advance(step)

    def expect(self, point: str, **words: Any) -> Check:
        """Expect something of a point, now or within a time that passes here, and note what was measured.

        The words are those of an expectation: ``equals="fault", within="3s"``.

        AssertionError: It is not so. ExpectationError: the words are none of an expectation's.
        """
        return self._waited(point, words, precondition=False)

    def precondition(self, point: str, **words: Any) -> Check:
        """The same for what must hold before a test means anything. InconclusiveError: it does not."""
        return self._waited(point, words, precondition=True)

    def _waited(self, point: str, words: Mapping[str, Any], *, precondition: bool) -> Check:
        watch = self._begin(point, words)
        for step in self._expecting(watch):
            self.driver.advance(step)
        self._decided(watch.check, precondition=precondition)
        assert watch.check is not None
        return watch.check


@dataclass
class _Turn:
    """Who acts at every period [s], and when the next time."""

    due: float
    period: float
    act: Callable[[], Awaitable[object]]


class ServedRig(Conduct):
    """A rig whose emulated site is reached over the network; a test awaits time, and others have their turn.

    Args:
        driver: Drives the bench.
        site: Its site.
        record: What is kept of the test.
        bench: The site behind its servers.
    """

    def __init__(self, driver: Driver, site: SiteProfile, record: Record, bench: ServedBench) -> None:
        super().__init__(driver, site, record)
        self.bench = bench
        self._turns: list[_Turn] = []

    async def __aenter__(self) -> Self:
        await self.bench.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.bench.__aexit__(*error)

    def every(self, period: float, act: Callable[[], Awaitable[object]]) -> None:
        """Have a program of this process, such as the cycle of an EMS, take its turn at every period [s], from now on.

        Time stands still meanwhile, but for what it writes: that takes a tick.
        """
        self._turns.append(_Turn(self.time, period, act))

    async def run(self, seconds: float) -> None:
        """Let time pass [s]."""
        for step in self._steps(seconds):
            await self._advance(step)

    async def expect(self, point: str, **words: Any) -> Check:
        """As :meth:`Rig.expect`."""
        return await self._waited(point, words, precondition=False)

    async def precondition(self, point: str, **words: Any) -> Check:
        """As :meth:`Rig.precondition`."""
        return await self._waited(point, words, precondition=True)

    async def _waited(self, point: str, words: Mapping[str, Any], *, precondition: bool) -> Check:
        watch = self._begin(point, words)
        for step in self._expecting(watch):
            await self._advance(step)
        self._decided(watch.check, precondition=precondition)
        assert watch.check is not None
        return watch.check

    async def _advance(self, seconds: float) -> None:
        """Let time pass [s], and those have their turns who are due."""
        instant = self.driver.step / 2.0
        end = self.time + seconds
        while (left := end - self.time) > instant:
            for turn in self._turns:
                if turn.due <= self.time + instant:
                    turn.due = max(turn.due + turn.period, self.time)
                    await turn.act()
            next_due = min((turn.due for turn in self._turns), default=math.inf)
            await self.bench.run(max(min(left, next_due - self.time), self.driver.step))


def _badness(check: Check) -> int:
    return list(Verdict).index(check.verdict)


def _raise(check: Check) -> NoReturn:
    text = f"{check.what}: {check.reason}"
    if check.verdict is Verdict.INCONCLUSIVE:
        raise InconclusiveError(text)
    raise AssertionError(text)


def _text(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
