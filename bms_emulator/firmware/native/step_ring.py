"""The last steps of a firmware, as bytes in memory that is set aside."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.trace import TraceHeader

SEGMENTS = 4
"""Into how many parts the memory falls: one is being filled while others may still be written to a file."""
_HEAD = struct.Struct("<QQQII")
"""As in :meth:`TraceHeader.record_dtype`."""
_COMPLETE = struct.Struct("<I")
_Piece = tuple[int, int, memoryview]


class StepRing:
    """Keeps the last steps; a step costs a few copies of bytes.

    Args:
        header: Layout of what is recorded.
        steps: How many are kept, at least.

    Attributes:
        segment: Steps of a part.
        depth: Steps of the whole.
        count: Steps begun so far.
        first: Number of the first step that is kept.
    """

    def __init__(self, header: TraceHeader, steps: int) -> None:
        self.segment = max(1, -(-steps // SEGMENTS))
        self.depth = self.segment * SEGMENTS
        self.count = 0
        self._born = 0
        self._dtype = header.record_dtype()
        self._size = self._dtype.itemsize
        self.renew()
        self._records.view(np.uint8).fill(0)  # so that all of it is there before the first step
        self._inputs: list[_Piece] = []
        self._outputs: list[_Piece] = []

    @property
    def first(self) -> int:
        """Number of the first step that is kept."""
        return max(self._born, self.count - self.depth)

    def attach(self, inputs: NDArray[np.void], outputs: NDArray[np.void]) -> None:
        """Copy from these blocks from now on; they may have gaps that the records have not.

        Raises:
            ValueError: Their fields are others.
        """
        fields: Any = self._dtype.fields
        self._inputs = _pieces(inputs, *fields["inputs"][:2])
        self._outputs = _pieces(outputs, *fields["outputs"][:2])

    def renew(self) -> None:
        """Forget all, and use new memory: somebody else may keep the old."""
        self._records: NDArray[np.void] = np.empty(self.depth, self._dtype)
        self._bytes = self._records.view(np.uint8).data
        self._born = self.count

    def begin(self, t_ns: int, dt_ns: int, periods: int) -> None:
        """Copy the inputs of the next step."""
        start = self.count % self.depth * self._size
        _HEAD.pack_into(self._bytes, start, self.count, t_ns, dt_ns, periods, 0)
        self._copy(self._inputs, start)
        self.count += 1

    def answer(self, complete: bool) -> None:
        """Copy the outputs of the step that was begun last."""
        start = (self.count - 1) % self.depth * self._size
        self._copy(self._outputs, start)
        _COMPLETE.pack_into(self._bytes, start + _HEAD.size - _COMPLETE.size, complete)

    def since(self, step: int) -> list[NDArray[np.void]]:
        """Steps from this one on, in their order, without a copy."""
        if step >= self.count:
            return []
        start, end = step % self.depth, (self.count - 1) % self.depth + 1
        return [self._records[start:end]] if start < end else [self._records[start:], self._records[:end]]

    def _copy(self, pieces: list[_Piece], start: int) -> None:
        for first, end, source in pieces:
            self._bytes[start + first : start + end] = source


def _pieces(block: NDArray[np.void], dtype: np.dtype[Any], start: int) -> list[_Piece]:
    """Runs of bytes that make a record of the block: begin and end in the record, and the memory to copy.

    Args:
        block: With gaps, shape ().
        dtype: Fields of it, without.
        start: Where the block begins in the record.
    """
    known = block.dtype.names or ()
    if any(name not in known or block.dtype[name] != dtype[name] for name in dtype.names or ()):
        raise ValueError("the blocks of a firmware that is recorded must keep their layout")
    source: Any = block.dtype.fields
    target: Any = dtype.fields
    memory = block.reshape(1).view(np.uint8).data
    runs: list[list[int]] = []
    for name in dtype.names or ():
        size, origin, place = dtype[name].itemsize, source[name][1], target[name][1]
        if runs and runs[-1][2] - runs[-1][0] == origin - place and runs[-1][1] == place:
            runs[-1][1] = place + size
        else:
            runs.append([place, place + size, origin])
    return [(start + first, start + end, memory[origin : origin + end - first]) for first, end, origin in runs]
