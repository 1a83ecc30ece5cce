"""Threads that write traces beside the loop, so that no disk delays a tick."""

import queue
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.step_ring import SEGMENTS
from bms_emulator.firmware.native.trace import Event, TraceHeader
from bms_emulator.firmware.native.trace_file import TraceWriter, write_trace

_Item = NDArray[np.void] | Event | None


class TraceDump(threading.Thread):
    """Writes one whole trace.

    Args:
        path: The file; its folder is made where it is missing.
        header: What does not change.
        records: Steps, in parts; nobody writes to them any more.
        events: In their order.

    Attributes:
        path: As given.
        problem: Why it could not be written.
    """

    def __init__(
        self, path: Path, header: TraceHeader, records: Iterable[NDArray[np.void]], events: Iterable[Event]
    ) -> None:
        super().__init__(name="firmware-trace")
        self.path = path
        self.problem: str | None = None
        self._content = header, records, events
        self.start()

    def run(self) -> None:
        """Write it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_trace(self.path, *self._content)
        except OSError as error:
            self.problem = f"{self.path}: the trace cannot be written: {error.strerror or error}"


class TraceStream:
    """A trace file that grows.

    What it is given is not copied: a segment of the recorder's memory may be filled again once ``SEGMENTS - 1`` more
    were given. Where the disk is slower than the loop, the loop waits; where it fails, the loop goes on without it.

    Args:
        path: Overwritten; its folder is made where it is missing.
        header: What does not change.

    Attributes:
        problem: Why it cannot be written any more; once told, the reader of it sets it to None.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path, header: TraceHeader) -> None:
        self.problem: str | None = None
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._writer = TraceWriter(self._file, header)
        self._items: queue.Queue[_Item] = queue.Queue(SEGMENTS - 2)
        self._thread = threading.Thread(target=self._write, daemon=True, name="firmware-record")
        self._thread.start()

    def steps(self, records: NDArray[np.void]) -> None:
        """Append steps, (step)."""
        self._items.put(records)

    def event(self, event: Event) -> None:
        """Append an event."""
        self._items.put(event)

    def close(self) -> None:
        """Write all that was given, and end the file."""
        self._items.put(None)
        self._thread.join()
        self._file.close()

    def _write(self) -> None:
        is_sound = True
        while True:
            item = self._items.get()
            try:
                if is_sound:
                    self._append(item)
            except OSError as error:
                is_sound = False
                self.problem = f"{self._path}: the trace ends here: {error.strerror or error}"
            if item is None:
                return

    def _append(self, item: _Item) -> None:
        if item is None:
            self._writer.done()
        elif isinstance(item, Event):
            self._writer.events([item])
        else:
            self._writer.steps(item)
