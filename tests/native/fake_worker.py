"""A worker without a process, whose answers take as long as a test says, on a clock that only it and the test move."""

from collections.abc import Callable

import numpy as np

from bms_emulator.firmware.native.description import Description
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts, Layout
from bms_emulator.firmware.native.views import input_fields, output_fields
from bms_emulator.firmware.native.worker import Limits, StepReport

NEVER = float("inf")


class FakeClock:
    """Real time of a test [s]."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeWorker:
    """Answers with outputs of a rack that is connected, after ``duration`` seconds of the clock.

    Attributes:
        made: All workers of a test, in their order.
    """

    made: list["FakeWorker"]
    clock: FakeClock
    duration: Callable[["FakeWorker"], float]
    """How long the step that begins now will take [s], infinite for ever; it may change the outputs too."""
    start_duration = reset_duration = memory_duration = 0.0

    def __init__(self, library, config, counts: Counts, limits: Limits, blob=None, debug=False, *, wait=True) -> None:
        layout = Layout(counts)
        self.inputs = np.zeros((), input_fields(layout)[0])
        self.outputs = np.zeros((), output_fields(layout)[0])
        self.limits = limits
        self.config, self.blob = config, blob
        self.pid = 1000 + len(self.made)
        self.description = Description("fake", "1", 0.1, 0.5, alarms={1: "cell_overvoltage"}, has_snapshot=True)
        self.alive = True
        self.steps = 0
        self.resets: list[int] = []
        self.seen: list[np.ndarray] = []
        self.ready_at = self.clock.now + self.start_duration
        self.made.append(self)

    def begin(self, t_ns: int, dt_ns: int, periods: int = 1) -> None:
        assert self.alive
        self.steps += 1
        self.begun = (t_ns, dt_ns, periods)
        self.seen.append(self.inputs.copy())
        out = self.outputs
        out["state"], out["contactor_command"], out["chiller_request"] = 4, 5, 255
        out["heartbeat"] = self.steps
        out["charge_current_limit"] = out["charge_current_limit_60s"] = 10.0
        out["soc"] = out["soh"] = 0.5
        self.ready_at = self.clock.now + self.duration(self)

    def poll(self, timeout: float | None) -> bool:
        assert timeout is not None, "nothing would end this"
        if self.ready_at <= self.clock.now + timeout:
            self.clock.now = max(self.clock.now, self.ready_at)
            return True
        self.clock.now += timeout
        return False

    def finish(self) -> StepReport:
        return StepReport("", "")

    def give_up(self) -> None:
        self.was_given_up = True

    def hung(self, patience: float = 0.25) -> FirmwareError:
        self.clock.now += patience
        self.kill()
        return FirmwareError("hang", "fake: no answer")

    def begin_reset(self, kind: int) -> None:
        self.resets.append(int(kind))
        self.answer = b""
        self.ready_at = self.clock.now + self.reset_duration

    def begin_persistent(self) -> None:
        self.answer = b"%d" % self.steps
        self.ready_at = self.clock.now + self.memory_duration

    def take(self) -> bytes:
        assert self.ready_at <= self.clock.now
        return self.answer

    def save(self) -> bytes:
        return b"state"

    def load(self, state: bytes) -> None:
        self.loaded = state

    def close(self) -> None:
        self.alive = False

    def kill(self) -> None:
        self.alive = False
