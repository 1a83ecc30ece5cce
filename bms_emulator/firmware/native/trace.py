"""What a firmware was given and what it answered, step by step."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.views import input_record, output_record

CREATED = "created"
"""Event: a new instance was made, with ``data`` as its persistent memory; the first one is in the header."""
RESET = "reset"
"""Event: ``bms_reset`` was called; ``details["kind"]`` says how."""
CHECKPOINT = "checkpoint"
"""Event: ``data`` is what ``bms_snapshot_save`` gave."""
RESTORED = "restored"
"""Event: ``data`` was given to ``bms_snapshot_load``."""
LOG = "log"
"""Event: in the step the firmware logged what is in ``message``."""
PRINTED = "printed"
"""Event: it wrote that to standard output or error."""
ERROR = "error"
"""Event: the step failed; ``details["kind"]`` says how. Nothing follows, unless a new instance is made."""

_TEXT = frozenset({"log", "log_length"})


@dataclass(frozen=True)
class Event:
    """What happened to a firmware beside its steps.

    Attributes:
        step: The step before which it happened; for texts and errors the step in which it did.
        kind: One of the names above; a replay passes over others.
        message: For people.
        details: For programs; JSON values.
        data: Persistent memory or snapshot.
    """

    step: int
    kind: str
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    data: bytes | None = None


@dataclass(frozen=True)
class TraceHeader:
    """What does not change in the course of a trace.

    Attributes:
        abi: Version of the C header, major in the upper and minor in the lower 16 bits.
        rack: Where the firmware ran, such as ``demo container[1].rack[1]``.
        library: ``file`` and ``sha256`` of the firmware.
        description: What ``bms_describe`` told.
        counts: Of the rack.
        config: What ``bms_create`` was given.
        inputs: Layout of the recorded inputs, without gaps.
        outputs: Layout of the recorded outputs; the log is among the events.
        memory: What it might use [bytes].
        blob: Persistent memory that the instance of the first recorded step was given; None is none.
    """

    abi: int
    rack: str
    library: dict[str, str]
    description: dict[str, Any]
    counts: Counts
    config: dict[str, Any]
    inputs: np.dtype[Any]
    outputs: np.dtype[Any]
    memory: int
    blob: bytes | None = None

    def record_dtype(self) -> np.dtype[Any]:
        """Layout of a recorded step; ``complete`` is 0 where the firmware gave no answer."""
        head: list[Any] = [("step", "<u8"), ("t_ns", "<u8"), ("dt_ns", "<u8"), ("periods", "<u4"), ("complete", "<u4")]
        return np.dtype([*head, ("inputs", self.inputs), ("outputs", self.outputs)])


@dataclass(frozen=True)
class Trace:
    """A recorded run of one firmware.

    Attributes:
        header: What does not change.
        records: Steps in their order, (step); see :meth:`TraceHeader.record_dtype`.
        events: In their order.
        problem: Why the file has no more; None where it is whole.
    """

    header: TraceHeader
    records: NDArray[np.void]
    events: tuple[Event, ...]
    problem: str | None = None

    @property
    def first_step(self) -> int:
        """Number of the first recorded step; 0 is the first after the start."""
        return int(self.records["step"][0]) if len(self.records) else 0

    def text(self, kind: str, step: int) -> str:
        """What the firmware logged, or printed, in a step."""
        return "".join(event.message for event in self.events if event.kind == kind and event.step == step)

    def failure(self) -> Event | None:
        """The last error, if there was any."""
        return next((event for event in reversed(self.events) if event.kind == ERROR), None)


def recorded_inputs(counts: Counts) -> np.dtype[Any]:
    """Layout of the inputs of a rack in a trace of today."""
    return input_record(counts)


def recorded_outputs(counts: Counts) -> np.dtype[Any]:
    """Layout of its outputs: without the text, of which there is mostly none."""
    whole = output_record(counts)
    return np.dtype([(name, whole[name]) for name in whole.names or () if name not in _TEXT])
