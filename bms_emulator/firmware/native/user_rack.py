"""One rack that runs a user's firmware: its worker from start to end, and what is done when that fails."""

import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.description import Description
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.log_text import LogText
from bms_emulator.firmware.native.rack_inputs import InputBlock
from bms_emulator.firmware.native.rack_outputs import OutputBlock
from bms_emulator.firmware.native.recovery import Recovery
from bms_emulator.firmware.native.step_record import StepRecord
from bms_emulator.firmware.native.worker import LAST_WORDS, Worker
from bms_emulator.profile.user_firmware import UserFirmware

Tell = Callable[[dict[str, Any]], None]


class State(StrEnum):
    """What a rack's firmware does, as the status shows it."""

    RUNNING = "running"
    LATE = "late"
    FAILED = "failed"
    """Its last outputs are held until its watchdog time is over."""
    SAFE = "safe"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    OFF = "off"
    """Its controller has no supply."""


Launch = Callable[[bytes | None], Worker]
"""Begins to start a worker with a persistent memory; FirmwareError where that fails at once."""
Check = Callable[[NDArray[np.void], Mapping[int, str]], list[str]]
"""What makes no sense in outputs, where alarms have these names by number."""


class UserRack:
    """A rack with its worker.

    Every call happens at a tick; times are counted in ticks, so that a run repeats. Real time comes in as an argument
    and decides about nothing but lateness.

    Args:
        name: Of the rack.
        settings: What the profile says of its firmware.
        launch: Starts a worker.
        check: Finds what makes no sense in outputs.
        tick_ns: Length of a tick [ns].
        memory: Persistent memory that the last run left.
        tell: Takes what happens.
        attach: Given the process of a worker, waits until a debugger is attached to it: then no time is too long.

    Attributes:
        memory: Persistent memory as last known; None before the first.
        inputs: Fields of the worker's inputs, while there is one.
        outputs: Fields of the worker's outputs, while there is one.
        alarms: Names of the firmware's alarms by number.
        failure: Why the run must end; None while it need not.
        lates: Steps that were not answered in time.
    """

    inputs: InputBlock
    outputs: OutputBlock

    def __init__(
        self,
        name: str,
        settings: UserFirmware,
        launch: Launch,
        check: Check,
        tick_ns: int,
        memory: bytes | None,
        tell: Tell,
        *,
        attach: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.memory = memory
        self.alarms: dict[int, str] = {}
        self.failure: str | None = None
        self.lates = 0
        self._launch = launch
        self._check = check
        self._tick_ns = tick_ns
        self._tell = tell
        self._attach = attach
        self._recovery = Recovery(settings)
        self._log = LogText(lambda line: tell({"action": "log", "text": line}))
        self._steps = StepRecord()
        self._described: Description | None = None
        self._period_ns = tick_ns
        self._watchdog = 0  # [ticks]
        self._worker: Worker | None = None
        self._reset: Reset | None = None  # what a worker that is being started awaits; None where it is there
        self._due: float | None = None  # simulated time of the next start [s]
        self._launched = 0.0  # real time of the present start [s]
        self._begun: float | None = None  # real time of the step that is under way [s]
        self._given_up: float | None = None  # real time at which it was asked for its last words [s]
        self._heard = 0  # tick of the last answer that made sense, or of the last start
        self._is_late = self._is_nonsense = self._is_safe = self._is_stopped = self._is_off = False

    # start and end

    def start(self) -> None:
        """Begin to start the first worker. FirmwareError: it cannot be."""
        self._worker, self._reset = self._launch(self.memory), Reset.POWER_ON

    def await_start(self) -> Iterator[str]:
        """Wait for the first worker; what stands against running it here. FirmwareError: it cannot be run at all."""
        described = self._adopt(0)
        if self._tick_ns % self._period_ns and self._period_ns % self._tick_ns:
            period, tick = described.period * 1e3, self._tick_ns / 1e6
            yield f"{described.name}: its period, {period:g} ms, neither divides a tick, {tick:g} ms, nor is a multiple"
        if self._watchdog < self._period_ns // self._tick_ns:
            yield f"{described.name}: the watchdog time is shorter than the period"

    def close(self) -> None:
        """End the worker; its persistent memory is fetched before, where it can be asked."""
        if self.is_idle:
            self.fetch_memory()
        if self._worker is not None:
            (self._worker.close if self.is_idle else self._worker.kill)()
        self._worker = self._reset = self._begun = self._given_up = None
        self._log.flush()

    # a tick

    def prepare(self, tick: int, now: float, *, patient: bool) -> bool:
        """See to the worker, and say whether it is to be stepped now.

        Args:
            tick: Present tick.
            now: Real time [s].
            patient: Whether to wait for a worker that is being started.
        """
        if self._is_stopped:
            return False
        if self._is_off:
            self._is_off = False
            self._tell({"action": "powered", "message": "its supply is back"})
            self._launch_again(Reset.POWER_ON, tick, now)
        if self._due is not None and self._time(tick) >= self._due:
            self._due = None
            self._recovery.started(self._time(tick))
            self._launch_again(Reset.WATCHDOG, tick, now)
        if self._reset is not None and self._worker is not None:
            if patient or self._worker.poll(0.0):
                self._take_over(tick)
            elif now - self._launched > self._worker.limits.start_time and self._attach is None:
                self._fail(self._worker.hung(0.0), tick)
        return self.is_idle and tick * self._tick_ns % max(self._tick_ns, self._period_ns) == 0

    def begin(self, tick: int, now: float) -> None:
        """Let the worker begin a step with the inputs that stand there. now: real time [s]."""
        assert self._worker is not None
        periods = max(1, self._tick_ns // self._period_ns)
        try:
            self._worker.begin((tick + 1) * self._tick_ns, self._period_ns, periods)
        except FirmwareError as error:
            self._fail(error, tick)
            return
        self._begun = now

    def collect(self, tick: int, now: Callable[[], float], deadline: float | None) -> bool:
        """Take the answer to a step, and say whether there is one that makes sense.

        Args:
            tick: Present tick.
            now: Real time [s].
            deadline: Real time until which to wait [s]; None waits as long as a step may last.
        """
        if self._begun is None or self._worker is None:
            return False
        limit = self.settings.step_limit_ms / 1e3 if self._attach is None else None
        timeout = limit if deadline is None else 0.0 if self._is_late else max(0.0, deadline - now())
        try:
            has_answer = self._worker.poll(timeout)
            if self._given_up is not None:
                if not has_answer and now() - self._given_up <= LAST_WORDS:
                    return False
                raise self._worker.hung(0.0)
            if not has_answer:
                self._wait_on(self._worker, now(), limit, is_patient=deadline is None)
                return False
            text = self._worker.finish().log
        except FirmwareError as error:
            self._fail(error, tick)
            return False
        self._steps.add(now() - self._begun, tick, self.outputs, text)
        self._log.add(text, self._time(tick))
        self._begun = None
        return self._judge(tick)

    def watch(self, tick: int) -> bool:
        """See to the watchdog; whether outputs must go safe now."""
        if self._is_off or self._is_stopped or self._due is not None or self._reset is not None:
            return False
        is_silent = tick - self._heard >= self._watchdog
        if not is_silent and not (self._is_safe and self._worker is None):
            return False
        goes_safe = not self._is_safe
        if goes_safe:
            self._is_safe = True
            self._tell({"action": "safe", "message": "its outputs are safe: contactors open, limits 0"})
        if self._begun is None:  # else it may still answer, or hang for good
            self._recover(tick)
        return goes_safe

    def lose_supply(self) -> bool:
        """Be without supply; whether that is new."""
        if self._is_off or self._is_stopped:
            return False
        self.close()
        self._is_off = True
        self._is_late = self._is_nonsense = self._is_safe = False
        self._due = None
        self._tell({"action": "unpowered", "message": "its supply is gone"})
        return True

    # between ticks

    @property
    def is_idle(self) -> bool:
        """Whether there is a worker that waits for its next step."""
        return self._worker is not None and self._reset is None and self._begun is None

    def fetch_memory(self) -> None:
        """Bring the persistent memory as it is known here up to date."""
        assert self._worker is not None
        try:
            self.memory = self._worker.persistent()
        except FirmwareError as error:
            self._fail(error, self._heard)

    def save(self) -> bytes:
        """The whole state of the firmware. FirmwareError, LookupError: it does not offer that."""
        return self._idle_worker().save()

    def load(self, state: bytes) -> None:
        """Give the firmware back a state. FirmwareError, LookupError: it does not offer that."""
        self._idle_worker().load(state)

    def digest(self) -> bytes:
        """Of all outputs of all steps."""
        return self._steps.digest()

    def status(self) -> dict[str, Any]:
        """As plain data."""
        described = self._described
        return {
            "rack": self.name,
            "name": described.name if described else "",
            "version": described.version if described else "",
            "pid": self._worker.pid if self._worker else None,
            "state": str(self.state),
            "restarts": self._recovery.restarts,
            "lates": self.lates,
            **self._steps.summary(),
        }

    @property
    def state(self) -> State:
        """What its firmware does."""
        for holds, state in (
            (self._is_off, State.OFF),
            (self._is_stopped, State.STOPPED),
            (self._due is not None or self._reset is not None, State.RESTARTING),
            (self._is_safe, State.SAFE),
            (self._is_late, State.LATE),
            (self._worker is None or self._is_nonsense, State.FAILED),
        ):
            if holds:
                return state
        return State.RUNNING

    # what happens

    def _adopt(self, tick: int) -> Description:
        """Take over the worker that was started, waiting for it. FirmwareError: it could not be."""
        worker, kind = self._worker, self._reset
        assert worker is not None
        assert kind is not None
        if self._attach is not None:
            self._attach(worker.pid)
        worker.finish()
        worker.reset(kind)
        self._reset = None
        self.inputs, self.outputs = InputBlock.of(worker.inputs), OutputBlock.of(worker.outputs)
        self._described = described = worker.description
        self.alarms = described.alarms
        self._period_ns = round(described.period * 1e9)
        watchdog = self.settings.watchdog_s or described.watchdog
        self._watchdog = max(1, math.ceil(watchdog * 1e9 / self._tick_ns - 1e-6))
        self._heard = tick
        return described

    def _launch_again(self, kind: Reset, tick: int, now: float) -> None:
        self._launched = now
        try:
            self._worker, self._reset = self._launch(self.memory), kind
        except FirmwareError as error:
            self._is_safe = True
            self._fail(error, tick)

    def _take_over(self, tick: int) -> None:
        try:
            self._adopt(tick)
        except FirmwareError as error:
            self._is_safe = True
            self._fail(error, tick, is_usable=False)
        else:
            self._tell({"action": "started", "message": "it was started", "restarts": self._recovery.restarts})

    def _judge(self, tick: int) -> bool:
        """Whether an answer makes sense; what the answer means for the state."""
        if self._is_late:
            self._is_late = False
            self._tell({"action": "answered", "message": "it answers again"})
        assert self._worker is not None
        wrong = [] if self.outputs.is_plain() else self._check(self._worker.outputs, self.alarms)
        if wrong:
            self._note_nonsense("nonsense", "; ".join(wrong), {"problems": wrong})
            return False
        self._heard = tick
        if self._is_safe or self._is_nonsense:
            self._tell({"action": "running", "message": "its outputs count again"})
        self._is_safe = self._is_nonsense = False
        return True

    def _wait_on(self, worker: Worker, now: float, limit: float | None, *, is_patient: bool) -> None:
        """See to a worker that has not answered: it is late, or hangs. FirmwareError: it hangs, and was waited for."""
        if is_patient:
            raise worker.hung()
        if limit is not None and self._begun is not None and now - self._begun > limit:
            self._given_up = now
            worker.give_up()
        if not self._is_late:
            self._is_late = True
            self.lates += 1
            self._tell({"action": "late", "message": "no answer within its time; its last outputs hold"})

    def _note_nonsense(self, action: str, message: str, details: dict[str, Any]) -> None:
        if not self._is_nonsense:
            self._is_nonsense = True
            self._tell({"action": action, "message": f"{message}; its last outputs hold", **details})

    def _fail(self, error: FirmwareError, tick: int, *, is_usable: bool = True) -> None:
        """Note that a step, or anything else that was asked of the worker, went wrong.

        Args:
            error: What went wrong.
            tick: When.
            is_usable: Whether a worker that lives can be stepped again.
        """
        self._begun = self._given_up = None
        self._is_late = False
        if self._worker is not None and self._worker.alive and is_usable:
            self._note_nonsense(error.kind, error.message, error.details)
            return
        self._tell({"action": error.kind, "message": error.message, **error.details})
        self._log.flush()
        self._drop_worker()

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.kill()
        self._worker = self._reset = None

    def _recover(self, tick: int) -> None:
        self._drop_worker()
        self._is_nonsense = False
        self._due = self._recovery.next_start(self._time(tick))
        if self._due is not None:
            return
        self._is_stopped = True
        if self._recovery.ends_the_run:
            self.failure = f"{self.name}: its firmware failed, and its profile says on_failure: stop"
        self._tell({"action": "stopped", "message": "it is not started again"})

    def _idle_worker(self) -> Worker:
        if not self.is_idle or self._worker is None:
            raise LookupError(f"{self.name}: its firmware is not running")
        return self._worker

    def _time(self, tick: int) -> float:
        return tick * self._tick_ns / 1e9
