"""The worker of a rack: how it is started, asked for its memory and ended; what goes wrong is raised."""

from collections.abc import Callable

from bms_emulator.firmware.native.abi import Reset
from bms_emulator.firmware.native.description import Description
from bms_emulator.firmware.native.dialogue import Call, Dialogue, Now
from bms_emulator.firmware.native.output_block import OutputBlock
from bms_emulator.firmware.native.rack_inputs import InputBlock
from bms_emulator.firmware.native.worker import Worker

Launch = Callable[[bytes | None], Worker]
"""Begins to start a worker with a persistent memory; FirmwareError where that fails at once."""
Attach = Callable[[int], None]
"""Given the process of a worker, waits until a debugger is attached to it."""


class RackWorker:
    """A worker that may be there or not, and its persistent memory, which outlives it.

    Args:
        launch: Starts a worker.
        memory: Persistent memory that the last run left.
        limit: Longest time of a call [s of real time].
        attach: Waits for a debugger: then no time is too long.

    Attributes:
        memory: Persistent memory as last known; None before the first.
        inputs: Fields of the worker's inputs, while there is one.
        outputs: Fields of the worker's outputs, while there is one.
        described: What the firmware says of itself; None before the first worker has started.
    """

    inputs: InputBlock
    outputs: OutputBlock

    def __init__(self, launch: Launch, memory: bytes | None, limit: float, attach: Attach | None) -> None:
        self.memory = memory
        self.described: Description | None = None
        self._launch = launch
        self._limit = None if attach is not None else limit
        self._attach = attach
        self._dialogue: Dialogue | None = None
        self._is_starting = False

    @property
    def dialogue(self) -> Dialogue:
        """What is said to the worker. LookupError: there is none."""
        if self._dialogue is None:
            raise LookupError("there is no worker")
        return self._dialogue

    @property
    def is_there(self) -> bool:
        """Whether there is a worker at all."""
        return self._dialogue is not None

    @property
    def is_starting(self) -> bool:
        """Whether there is one that has not had its first reset yet."""
        return self._is_starting

    @property
    def is_idle(self) -> bool:
        """Whether it waits for its next step."""
        return self._dialogue is not None and self._dialogue.call is None

    def is_asked_for(self, call: Call) -> bool:
        """Whether this is what is under way."""
        return self._dialogue is not None and self._dialogue.call is call

    @property
    def pid(self) -> int | None:
        """Of its process."""
        return None if self._dialogue is None else self._dialogue.worker.pid

    @property
    def is_usable(self) -> bool:
        """Whether it lives, and can be stepped."""
        return self._dialogue is not None and self._dialogue.worker.alive and not self._is_starting

    def open(self, reset: Reset, now: float) -> None:
        """Begin to start a worker. now: real time [s]. FirmwareError: it cannot be; so do the next methods."""
        self._dialogue = Dialogue(self._launch(self.memory), now, reset, self._limit)
        self._is_starting = True

    def remember(self, now: float) -> None:
        """Ask for the persistent memory, where the worker waits for its next step; :meth:`settle` takes it."""
        if self.is_idle:
            self.dialogue.remember(now)

    def settle(self, now: Now, *, patient: bool) -> None:
        """Take the answers to whatever is under way but a step, as far as they are there, or wait for them."""
        while self._dialogue is not None and self._dialogue.call not in (None, Call.STEP):
            if not self._go_on(self._dialogue, now, patient=patient):
                return

    def kill(self) -> None:
        """End it at once."""
        if self._dialogue is not None:
            self._dialogue.worker.kill()
        self._dialogue = None
        self._is_starting = False

    def close(self) -> None:
        """End it in order, where it can be asked to."""
        if self._dialogue is not None and self._dialogue.call is None:
            self._dialogue.worker.close()
        self.kill()

    def _go_on(self, dialogue: Dialogue, now: Now, *, patient: bool) -> bool:
        """Take one answer, where it is there; whether it is."""
        call, worker = dialogue.call, dialogue.worker
        if call is Call.START and self._attach is not None:
            self._attach(worker.pid)
            patient = True
        if not dialogue.is_answered(now, None if patient else 0.0):
            return False
        if call is Call.START:
            worker.finish()
            dialogue.start_anew(now())
        elif call is Call.RESET:
            worker.take()
            self.inputs, self.outputs = InputBlock.of(worker.inputs), OutputBlock.of(worker.outputs)
            self.described = worker.description
            self._is_starting = False
        else:
            self.memory = worker.take()
        return True
