"""Runs a scenario step by step and keeps a record of it."""

import math
import time as wall
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bms_emulator.faults.condition import Condition
from bms_emulator.faults.shape import MICROSECONDS
from bms_emulator.faults.spec import FaultSpec
from bms_emulator.interfaces.link import Event
from bms_emulator.testing.bench import RefusedError
from bms_emulator.testing.drivers.driver import Driver, NotOfferedError
from bms_emulator.testing.expectation import Watch, nothing_else_tripped
from bms_emulator.testing.record import Provenance, Record, Stimulus, Verdict
from bms_emulator.testing.scenario.load import Prepared
from bms_emulator.testing.scenario.model import Step
from bms_emulator.testing.timeline import alarm_changes

_ORDER: Final = tuple(Verdict)
"""Verdicts from good to bad."""

Progress = Callable[[int, str, float], None]
"""Told of the number of the step that has begun, of its name and of the simulated time [s]."""

_INSTANT: Final = 1e-6
_NAMED: Final = {"kind", "target", "name", "parameters"}


class _EndedError(Exception):
    """The scenario goes no further; the record says why."""


class Runner:
    """A run of a scenario.

    Args:
        prepared: The scenario.
        driver: What it acts on.
        provenance: What is tested, with what.
        progress: Told of every step.
    """

    def __init__(
        self, prepared: Prepared, driver: Driver, provenance: Provenance, progress: Progress = lambda *_: None
    ) -> None:
        self._prepared, self._driver, self._progress = prepared, driver, progress
        scenario = prepared.scenario
        self.record = Record(
            f"scenario/{scenario.name}",
            scenario.description,
            scenario.requirements,
            provenance,
            datetime.now().astimezone().isoformat(timespec="milliseconds"),
        )
        self._began = driver.time
        self._watches: list[Watch] = []
        self._condition: Condition | None = None
        self._looked_at: NDArray[np.int64] = np.zeros(0, np.int64)
        self._buffer = np.full(driver.catalogue.layout.size, np.nan)
        self._plays: list[tuple[float, dict[str, float | str]]] = []
        self._added: list[str] = []
        self._events: list[Event] = []
        earlier = driver.events(0)
        self._heard = earlier[-1].sequence if earlier else 0

    def run(self) -> Record:
        """Run all steps; whatever happens, the faults that were added are cleared, and a record is returned."""
        record, started = self.record, wall.perf_counter()
        try:
            for number, step in enumerate(self._prepared.scenario.steps):
                self._run_step(number, step)
            self._finish()
        except _EndedError:
            pass
        except RefusedError as error:
            record.verdict, record.reason = Verdict.RIG_ERROR, str(error)
        except NotOfferedError as error:
            record.verdict, record.reason = Verdict.SKIPPED, str(error)
        except KeyboardInterrupt:
            record.verdict, record.reason = Verdict.INCONCLUSIVE, "interrupted"
            raise
        finally:
            for name in self._added:
                with suppress(RefusedError):  # it may have ended by itself
                    self._driver.clear(name)
            self._hear()
            record.seconds = wall.perf_counter() - started
            record.duration = self._driver.time - self._began
            record.timing = self._driver.timing()
            record.alarms = alarm_changes(replace(event, time=event.time - self._began) for event in self._events)
        self._judge()
        return record

    def _run_step(self, number: int, step: Step) -> None:
        self._wait(number, step)
        time = self._now
        self._progress(number, step.name, time)
        catalogue = self._prepared.catalogue
        given = [expectation.watch(catalogue, time) for expectation in step.given]
        begun = [expectation.watch(catalogue, time) for expectation in step.expect]
        self._look_at([*given, *begun])
        for watch in given:
            self._require(step, watch)
        self._stimulate(number, step)
        self._watches += begun
        self._feed(begun)
        following = self._prepared.scenario.steps[number + 1 : number + 2]
        until = next((later.at for later in following if later.at is not None), math.inf)
        while self._now < until - _INSTANT and (
            any(watch.check is None and math.isfinite(watch.claim.end) for watch in self._watches)
            or self._now < time + step.lasts - _INSTANT
        ):
            self._advance(min(until, time + step.lasts))

    def _wait(self, number: int, step: Step) -> None:
        """Let time pass until a step begins."""
        if step.at is not None:
            while self._now < step.at - _INSTANT:
                self._advance(step.at)
            slack = self._tick if self._driver.timing().speed is None else math.inf
            if self._now > step.at + slack:
                self._end(
                    f"step {step.name!r} began at {self._now:g} s, not at {step.at:g} s: the one before took longer"
                )
        condition = self._prepared.conditions.get(number)
        if condition is None:
            return
        self._condition = condition
        self._look_at()
        begin, since = self._now, math.inf
        while True:
            since = min(since, self._now) if condition.holds(self._buffer) else math.inf
            if self._now >= since + condition.held / MICROSECONDS - _INSTANT:
                break
            if self._now >= begin + step.timeout - _INSTANT:
                self._end(f"step {step.name!r}: {condition.text!r} was not met within {step.timeout:g} s")
            self._advance(math.inf)
        self._condition = None

    def _require(self, step: Step, watch: Watch) -> None:
        check = watch.feed(self._now, self._buffer[watch.offsets]) or watch.finish(self._now)
        self.record.preconditions.append(check)
        if check.verdict is not Verdict.PASSED:
            self._end(f"step {step.name!r} proves nothing: not {check.what}: {check.reason}")

    def _stimulate(self, number: int, step: Step) -> None:
        """Clear, write and add what a step says."""
        for name in list(self._added if step.clear == "all" else step.clear):
            with suppress(RefusedError) if step.clear == "all" else nullcontext():  # it may have ended by itself
                self._driver.clear(name)
                self._note("clear", name, "cleared", "cleared")
            self._added.remove(name)
        if step.write:
            self._driver.write(step.write)
            for point, value in step.write.items():
                self._note("write", point, str(value), "accepted")
        for spec in step.faults:
            name = str(self._driver.fault(spec.kind, spec.target, spec.name, _parameters(spec))["name"])
            self._added += [] if name in self._added else [name]
            told = ", ".join(f"{key} {value}" for key, value in spec.parameters.items())
            self._note("fault", spec.target, f"{spec.kind} {told}".strip(), f"accepted as {name}")
        series = self._prepared.series.get(number)
        if series is not None:
            begin = self._now
            self._plays += [(begin + time, dict(values)) for time, values in series.rows]
            self._plays.sort(key=lambda due: due[0])
            self._play()

    def _note(self, kind: str, target: str, commanded: str, actual: str) -> None:
        self.record.stimuli.append(Stimulus(self._now, kind, target, commanded, actual))

    def _advance(self, until: float) -> None:
        """Let time pass to the next look, but not beyond a time or the next values to play [s]."""
        due = self._plays[0][0] if self._plays else math.inf
        longest = max(self._tick, min(until, due) - self._now)
        self._driver.advance(min(self._driver.step, longest) if self._looked_at.size else longest)
        self._look()
        self._play()
        self._feed(self._watches)

    def _play(self) -> None:
        while self._plays and self._plays[0][0] <= self._now + _INSTANT:
            _, values = self._plays.pop(0)
            self._driver.write(values)
            for point, value in values.items():
                self._note("write", point, str(value), "accepted")

    def _feed(self, watches: Iterable[Watch]) -> None:
        decided = [
            check
            for watch in watches
            if watch.check is None and (check := watch.feed(self._now, self._buffer[watch.offsets]))
        ]
        if decided:
            self.record.checks += decided
            self._watches = [watch for watch in self._watches if watch.check is None]
            self._look_at()

    def _look_at(self, more: Iterable[Watch] = ()) -> None:
        """Look at what is still watched, and at more."""
        offsets = [watch.offsets for watch in (*self._watches, *more) if watch.check is None]
        if self._condition is not None:
            offsets += [one.offsets for each in self._condition.alternatives for one in each]
        self._looked_at = np.unique(np.concatenate(offsets)) if offsets else np.zeros(0, np.int64)
        self._look()

    def _look(self) -> None:
        if self._looked_at.size:
            self._buffer[self._looked_at] = self._driver.read(self._looked_at)

    def _finish(self) -> None:
        """Decide what is still open at the end."""
        self.record.checks += [watch.finish(self._now) for watch in self._watches]
        self._hear()
        may = self._prepared.scenario.may_trip
        if "*" not in may:
            events = (replace(event, time=event.time - self._began) for event in self._events)
            self.record.checks.append(nothing_else_tripped(events, may, 0.0, self._now))

    def _hear(self) -> None:
        self._events += self._driver.events(self._events[-1].sequence if self._events else self._heard)

    def _end(self, reason: str) -> None:
        self.record.verdict, self.record.reason = Verdict.INCONCLUSIVE, reason
        raise _EndedError

    def _judge(self) -> None:
        """The verdict is the worst of the checks, if nothing worse was found on the way."""
        record = self.record
        timing = record.timing
        if timing.mode != "stepped" and (timing.skipped or timing.lateness_p99 > self._tick):
            reason = f"time was not kept: p99 of lateness {timing.lateness_p99:g} s, {timing.skipped} ticks skipped"
            record.verdict, record.reason = max(
                (record.verdict, record.reason), (Verdict.INCONCLUSIVE, reason), key=lambda one: _ORDER.index(one[0])
            )
        worst = max(record.checks, key=lambda check: _ORDER.index(check.verdict), default=None)
        if worst is not None and _ORDER.index(worst.verdict) > _ORDER.index(record.verdict):
            record.verdict = worst.verdict
            record.reason = f"{worst.what}: {worst.reason}" if worst.reason else worst.what

    @property
    def _now(self) -> float:
        """Time since the beginning of the scenario [s]."""
        return self._driver.time - self._began

    @property
    def _tick(self) -> float:
        return self._prepared.site.step_ms / 1000.0


def _parameters(spec: FaultSpec) -> dict[str, Any]:
    """A fault's settings and timing, as a driver takes them."""
    written = spec.dump()
    timing = {("duration" if key == "for" else key): written[key] for key in written.keys() - _NAMED}
    return {**written["parameters"], **timing}
