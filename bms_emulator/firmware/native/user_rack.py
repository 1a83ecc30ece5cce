"""One rack that runs a user's firmware: its worker from start to end, and what is done when that fails."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.dialogue import Call, Now
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.log_text import LogText
from bms_emulator.firmware.native.output_block import OutputBlock
from bms_emulator.firmware.native.rack_inputs import InputBlock
from bms_emulator.firmware.native.rack_state import Standing, State, Tell
from bms_emulator.firmware.native.rack_worker import RackWorker
from bms_emulator.firmware.native.recovery import Recovery
from bms_emulator.firmware.native.step_record import StepRecord
from bms_emulator.firmware.native.worker import Worker
from bms_emulator.profile.user_firmware import UserFirmware

Check = Callable[[NDArray[np.void]], list[str]]
"""What makes no sense in outputs."""


class UserRack:
    """A rack with its worker.

    Every call happens at a tick; times are counted in ticks, so that a run repeats. Real time comes in as an argument
    and decides about nothing but lateness. Where a call is patient, it waits for the worker as long as that may take;
    else it never waits longer than it is told, and takes up later what is not there yet.

    Args:
        name: Of the rack.
        settings: What the profile says of its firmware.
        worker: Its worker, which is not there yet.
        check: Finds what makes no sense in outputs.
        tick_ns: Length of a tick [ns].
        tell: Takes what happens.

    Attributes:
        failure: Why the run must end; None while it need not.
    """

    def __init__(
        self, name: str, settings: UserFirmware, worker: RackWorker, check: Check, tick_ns: int, tell: Tell
    ) -> None:
        self.name = name
        self.failure: str | None = None
        self._settings = settings
        self._worker = worker
        self._check = check
        self._tick_ns = tick_ns
        self._tell = tell
        self._recovery = Recovery(settings)
        self._log = LogText(lambda line: tell({"action": "log", "text": line}))
        self._steps = StepRecord()
        self._period_ns = tick_ns
        self._watchdog = 0  # [ticks]
        self._due: float | None = None  # simulated time of the next start [s]
        self._heard = 0  # tick of the last answer that made sense, or of the last start
        self._standing = Standing(tell)

    # start and end

    def start(self) -> None:
        """Begin to start the first worker. FirmwareError: it cannot be."""
        self._worker.open(Reset.POWER_ON, 0.0)

    def await_start(self) -> Iterator[str]:
        """Wait for the first worker; what stands against running it here. FirmwareError: it cannot be run at all."""
        self._worker.settle(lambda: 0.0, patient=True)
        self._adopt(0)
        described = self._worker.described
        assert described is not None
        if self._tick_ns % self._period_ns and self._period_ns % self._tick_ns:
            period, tick = described.period * 1e3, self._tick_ns / 1e6
            yield f"{described.name}: its period, {period:g} ms, neither divides a tick, {tick:g} ms, nor is a multiple"
        if self._watchdog < self._period_ns // self._tick_ns:
            yield f"{described.name}: the watchdog time is shorter than the period"

    def close(self) -> None:
        """End the worker; its persistent memory stays as last known."""
        self._worker.close()
        self._log.flush()

    # a tick

    def prepare(self, tick: int, now: Now, *, patient: bool, priority: int = 0) -> bool:
        """See to the worker, and say whether it is to be stepped now.

        Args:
            tick: Present tick.
            now: Real time.
            patient: Whether to wait for a worker that is being started, or asked for its memory.
            priority: Of its process in the real-time class while it is not late; 0 is none.
        """
        if self._standing.is_stopped:
            return False
        if self._standing.is_off:
            self._leave(now, patient=patient)
            if self._worker.is_there:
                return False
            self._standing.switch(on=True)
            self._open(Reset.POWER_ON, tick, now())
        if self._due is not None and self._time(tick) >= self._due:
            self._due = None
            self._recovery.started(self._time(tick))
            self._open(Reset.WATCHDOG, tick, now())
        self._settle(tick, now, patient=patient)
        if not self.is_idle:
            return False
        self._worker.dialogue.set_priority(priority)
        return tick * self._tick_ns % max(self._tick_ns, self._period_ns) == 0

    def begin(self, tick: int, now: float) -> None:
        """Let the worker begin a step with the inputs that stand there. now: real time [s]."""
        periods = max(1, self._tick_ns // self._period_ns)
        try:
            self._worker.dialogue.step(now, (tick + 1) * self._tick_ns, self._period_ns, periods)
        except FirmwareError as error:
            self._fail(error)

    def collect(self, tick: int, now: Now, deadline: float | None) -> bool:
        """Take the answer to a step, and say whether there is one that makes sense.

        Args:
            tick: Present tick.
            now: Real time.
            deadline: Real time until which to wait [s]; None waits as long as a step may last.
        """
        if not self._worker.is_asked_for(Call.STEP):
            return False
        dialogue = self._worker.dialogue
        timeout = None if deadline is None else 0.0 if self._standing.is_late else max(0.0, deadline - now())
        try:
            if not dialogue.is_answered(now, timeout):
                self._be_late()
                return False
            text = dialogue.worker.finish().log
        except FirmwareError as error:
            self._fail(error)
            return False
        self._steps.add(now() - dialogue.begun, tick, self.outputs, text)
        self._log.add(text, self._time(tick))
        return self._judge(dialogue.worker.outputs, tick)

    def watch(self, tick: int) -> bool:
        """See to the watchdog; whether outputs must go safe now."""
        if self._standing.is_off or self._standing.is_stopped or self._due is not None or self._worker.is_starting:
            return False
        is_silent = tick - self._heard >= self._watchdog
        if not is_silent and not (self._standing.is_safe and not self._worker.is_there):
            return False
        goes_safe = self._standing.go_safe()
        if self.is_idle or not self._worker.is_there:  # else it may still answer, or hang for good
            self._recover(tick)
        return goes_safe

    def fetch_memory(self, now: Now, *, patient: bool) -> None:
        """Bring the persistent memory as it is known here up to date, where the worker waits for its next step."""
        try:
            self._worker.remember(now())
        except FirmwareError as error:
            self._fail(error)
        if patient and self._worker.is_asked_for(Call.MEMORY):
            self._settle(self._heard, now, patient=True)

    def lose_supply(self, now: Now, *, patient: bool) -> bool:
        """Be without supply; whether that is new. The worker ends once it has told its persistent memory."""
        if self._standing.is_stopped:
            return False
        is_new = not self._standing.is_off
        if is_new:
            self._due = None
            self._standing.switch(on=False)
            self.fetch_memory(now, patient=False)
        self._leave(now, patient=patient)
        return is_new

    # between ticks

    def crash(self) -> None:
        """Lose the process, as by a crash; what follows is what follows any crash."""
        if self._worker.is_there:
            self._tell({"action": "crash", "message": "a fault ended its process"})
            self._log.flush()
            self._standing.is_late = False
            self._worker.kill()

    @property
    def is_idle(self) -> bool:
        """Whether there is a worker that waits for its next step."""
        return self._worker.is_idle

    @property
    def inputs(self) -> InputBlock:
        """Fields of the worker's inputs."""
        return self._worker.inputs

    @property
    def outputs(self) -> OutputBlock:
        """Fields of the worker's outputs."""
        return self._worker.outputs

    @property
    def alarms(self) -> Mapping[int, str]:
        """Names of the firmware's alarms by number."""
        return {} if self._worker.described is None else self._worker.described.alarms

    @property
    def memory(self) -> bytes | None:
        """Persistent memory as last known; None before the first."""
        return self._worker.memory

    def save(self) -> bytes:
        """The whole state of the firmware. FirmwareError, LookupError: it does not offer that."""
        return self._worker_between_steps().save()

    def load(self, state: bytes) -> None:
        """Give the firmware back a state. FirmwareError, LookupError: it does not offer that."""
        self._worker_between_steps().load(state)

    def digest(self) -> bytes:
        """Of all outputs of all steps."""
        return self._steps.digest()

    def status(self) -> dict[str, Any]:
        """As plain data."""
        described = self._worker.described
        return {
            "rack": self.name,
            "name": described.name if described else "",
            "version": described.version if described else "",
            "pid": self._worker.pid,
            "state": str(self.state),
            "restarts": self._recovery.restarts,
            "lates": self._standing.lates,
            **self._steps.summary(),
        }

    @property
    def state(self) -> State:
        """What its firmware does."""
        is_restarting = self._due is not None or self._worker.is_starting
        return self._standing.state(is_restarting=is_restarting, is_there=self._worker.is_there)

    @property
    def lates(self) -> int:
        """Steps that were not answered in time."""
        return self._standing.lates

    # calls between steps

    def _settle(self, tick: int, now: Now, *, patient: bool) -> None:
        """Take the answers to whatever is under way but a step."""
        was_starting = self._worker.is_starting
        try:
            self._worker.settle(now, patient=patient)
        except FirmwareError as error:
            self._standing.is_safe |= was_starting
            self._fail(error)
            return
        if was_starting and not self._worker.is_starting:
            self._adopt(tick)
            self._tell({"action": "started", "message": "it was started", "restarts": self._recovery.restarts})
        if self._worker.is_asked_for(Call.MEMORY):
            self._be_late()

    def _adopt(self, tick: int) -> None:
        """Go by what a firmware that has started says of itself."""
        described = self._worker.described
        assert described is not None
        self._period_ns = round(described.period * 1e9)
        watchdog = self._settings.watchdog_s or described.watchdog
        self._watchdog = max(1, math.ceil(watchdog * 1e9 / self._tick_ns - 1e-6))
        self._heard = tick

    def _leave(self, now: Now, *, patient: bool) -> None:
        """Let the worker of a rack without supply end, once its persistent memory is known."""
        if self._worker.is_asked_for(Call.MEMORY):
            try:
                self._worker.settle(now, patient=patient)
            except FirmwareError as error:
                self._tell({"action": error.kind, "message": error.message, **error.details})
            if self._worker.is_asked_for(Call.MEMORY) and self._worker.is_usable:
                return
        if self._worker.is_there:
            self._worker.kill()
            self._log.flush()

    def _open(self, kind: Reset, tick: int, now: float) -> None:
        try:
            self._worker.open(kind, now)
        except FirmwareError as error:
            self._standing.is_safe = True
            self._fail(error)

    # what happens

    def _judge(self, outputs: NDArray[np.void], tick: int) -> bool:
        """Whether an answer makes sense; what the answer means for the state."""
        self._standing.answer()
        wrong = [] if self.outputs.is_plain() else self._check(outputs)
        if wrong:
            self._standing.make_no_sense("nonsense", "; ".join(wrong), {"problems": wrong})
            return False
        self._heard = tick
        self._standing.make_sense()
        return True

    def _be_late(self) -> None:
        """Note that there is no answer in time; whoever is late loses its place before other processes."""
        self._standing.be_late()
        self._worker.dialogue.set_priority(0)

    def _fail(self, error: FirmwareError) -> None:
        """Note that a step, or anything else that was asked of the worker, went wrong."""
        self._standing.is_late = False
        if self._worker.is_usable:
            self._standing.make_no_sense(error.kind, error.message, error.details)
            return
        self._tell({"action": error.kind, "message": error.message, **error.details})
        self._log.flush()
        self._worker.kill()

    def _recover(self, tick: int) -> None:
        self._worker.kill()
        self._standing.is_nonsense = False
        self._due = self._recovery.next_start(self._time(tick))
        if self._due is not None:
            return
        if self._recovery.ends_the_run:
            self.failure = f"{self.name}: its firmware failed, and its profile says on_failure: stop"
        self._standing.stop()

    def _worker_between_steps(self) -> Worker:
        if not self.is_idle:
            raise LookupError(f"{self.name}: its firmware is not running")
        return self._worker.dialogue.worker

    def _time(self, tick: int) -> float:
        return tick * self._tick_ns / 1e9
