"""Frames: what one process publishes again and again and others read whole."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bms_emulator.runtime.memory import LINE, fence, lines

T = TypeVar("T")

_ATTEMPTS = 10_000


class NotPublishedError(RuntimeError):
    """Nothing has been published yet."""


class Frames:
    """The last frames of one writer, for any number of readers; neither side ever waits for the other.

    Frame number n stands in slot n modulo the number of slots. The writer fills a slot, then publishes its number. A
    reader copies from the slot of the published number, then looks at the number again: the copy is whole unless the
    writer may have begun to fill that slot anew, which it does only after publishing all the slots between. More slots
    give a slow reader more time.

    Args:
        memory: Bytes of the channel, :meth:`room` of them, zero at the start.
        slots: Number of slots, at least 3.
        size: Values of a frame.
        dtype: Type of a value.
    """

    def __init__(self, memory: memoryview, slots: int, size: int, dtype: DTypeLike) -> None:
        self._published = memory[:LINE].cast("Q")
        self._slots: list[tuple[memoryview[int], memoryview[float], NDArray[Any]]] = []
        stride = LINE + lines(size * np.dtype(dtype).itemsize)
        for n in range(slots):
            slot = memory[LINE + n * stride : LINE + (n + 1) * stride]
            payload: NDArray[Any] = np.frombuffer(slot, dtype, size, LINE)
            self._slots.append((slot[:8].cast("Q"), slot[8:16].cast("d"), payload))
        self._payloads = [payload.data.cast("B") for _, _, payload in self._slots]
        self._count = slots

    @staticmethod
    def room(slots: int, size: int, dtype: DTypeLike) -> int:
        """Bytes that such a channel needs."""
        return LINE + slots * (LINE + lines(size * np.dtype(dtype).itemsize))

    def __len__(self) -> int:
        """Number of slots."""
        return self._count

    @property
    def published(self) -> int:
        """Number of the last published frame, 0 before the first."""
        return int(self._published[0])

    def blank(self) -> NDArray[Any]:
        """The slot of the next frame, to be filled and published; it holds an old frame. For the writer only."""
        fence()
        return self._slots[(self._published[0] + 1) % self._count][2]

    def publish(self, tick: int, time: float) -> None:
        """Show the slot last handed out to the readers, as the frame of that tick and simulated time [s]."""
        number = self._published[0] + 1
        tick_word, time_word, _ = self._slots[number % self._count]
        tick_word[0] = tick
        time_word[0] = time
        fence()
        self._published[0] = number

    def cut(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` of the newest frame: what :meth:`read` does, in a third of its time.

        Raises:
            NotPublishedError: There is no frame yet.
        """
        published, spare = self._published, self._count - 2
        for _ in range(_ATTEMPTS):
            number = published[0]
            if number == 0:
                raise NotPublishedError("nothing has been published yet")
            fence()
            copied = self._payloads[number % self._count][start:stop].tobytes()
            fence()
            if published[0] - number <= spare:
                return copied
        raise self._overtaken()

    def read(self, copy: Callable[[NDArray[Any]], T]) -> tuple[T, int, float]:
        """What ``copy`` takes from the newest frame, with its tick and simulated time [s].

        ``copy`` may be called more than once, and what it sees may be torn where its result is then discarded.

        Raises:
            NotPublishedError: There is no frame yet.
        """
        for _ in range(_ATTEMPTS):
            number = self._published[0]
            if number == 0:
                raise NotPublishedError("nothing has been published yet")
            fence()
            tick, time, payload = self._slots[number % self._count]
            copied = copy(payload), tick[0], time[0]
            fence()
            if self._published[0] - number <= self._count - 2:
                return copied
        raise self._overtaken()

    def _overtaken(self) -> RuntimeError:
        return RuntimeError(
            f"{_ATTEMPTS} reads in a row were overtaken by the writer; more than {self._count} slots are needed"
        )
