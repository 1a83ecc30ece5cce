"""Rings of records: a queue that refuses when it is full, and a log that forgets its oldest."""

from bms_emulator.runtime.memory import LINE, fence, lines


class QueueFullError(RuntimeError):
    """The queue has no room for the record; its consumer is slow, stopped or dead."""


class _Ring:
    """Bytes by ever-growing position; a record may run over the end into the beginning."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self.size = len(memory)

    def put(self, position: int, record: bytes) -> None:
        start = position % self.size
        first = min(len(record), self.size - start)
        self._memory[start : start + first] = record[:first]
        self._memory[: len(record) - first] = record[first:]

    def get(self, position: int, length: int) -> bytes:
        start = position % self.size
        end = start + length
        return bytes(self._memory[start:end]) + bytes(self._memory[: max(0, end - self.size)])


class Queue:
    """Records from one producer to one consumer, in order, each exactly once; neither waits.

    Args:
        memory: Bytes of the queue, zero at the start; all but three cache lines hold records.
    """

    def __init__(self, memory: memoryview) -> None:
        self._put = memory[:LINE].cast("Q")
        self._taken = memory[LINE : 2 * LINE].cast("Q")
        self._ring = _Ring(memory[2 * LINE :])

    @property
    def position(self) -> int:
        """Bytes put since the beginning: a number that no two records of the queue share."""
        return int(self._put[0])

    def put(self, record: bytes) -> None:
        """Append a record. For the producer only.

        Raises:
            QueueFullError: There is no room; nothing was appended.
        """
        position = self._put[0]
        length = len(record)
        free = self._ring.size - (position - self._taken[0])
        if 8 + length > free:
            raise QueueFullError(f"no room for a record of {length} bytes: {free} of {self._ring.size} bytes are free")
        fence()
        self._ring.put(position, length.to_bytes(8, "little") + record)
        fence()
        self._put[0] = position + 8 + length

    def take(self) -> bytes | None:
        """Remove and return the oldest record; None where there is none. For the consumer only."""
        position = self._taken[0]
        if position == self._put[0]:
            return None
        fence()
        length = int.from_bytes(self._ring.get(position, 8), "little")
        record = self._ring.get(position + 8, length)
        fence()
        self._taken[0] = position + 8 + length
        return record


class Log:
    """Numbered records of one writer; each of any number of readers keeps its own place.

    The oldest records are forgotten when room is needed. A reader that comes too late is told how many it missed.

    Args:
        memory: Bytes of the log, :meth:`room` of them, zero at the start.
        entries: Records kept at most.
    """

    def __init__(self, memory: memoryview, entries: int) -> None:
        self._words = memory[:LINE].cast("Q")  # number of the last record; end of the bytes promised to records
        self._index = memory[LINE : LINE + lines(16 * entries)].cast("Q")  # position and length of each record
        self._entries = entries
        self._ring = _Ring(memory[LINE + lines(16 * entries) :])

    @staticmethod
    def room(entries: int, size: int) -> int:
        """Bytes that a log of that many entries and bytes of records needs."""
        return LINE + lines(16 * entries) + lines(size)

    @property
    def last(self) -> int:
        """Number of the last record, 0 before the first."""
        return int(self._words[0])

    def append(self, record: bytes) -> int:
        """Append a record and return its number. For the writer only.

        Raises:
            ValueError: The record is longer than the whole log.
        """
        length = len(record)
        if length > self._ring.size:
            raise ValueError(f"a record of {length} bytes does not fit into a log of {self._ring.size} bytes")
        number, position = self._words[0] + 1, self._words[1]
        self._words[1] = position + length  # readers of what is about to be overwritten must see this first
        fence()
        self._ring.put(position, record)
        at = 2 * (number % self._entries)
        self._index[at] = position
        self._index[at + 1] = length
        fence()
        self._words[0] = number
        return int(number)

    def read(self, after: int) -> tuple[list[tuple[int, bytes]], int]:
        """Records with a number greater than ``after``, oldest first, and how many such records were lost."""
        last = self.last
        first = max(after + 1, last - self._entries + 2, 1)
        records = []
        for number in range(first, last + 1):
            fence()
            at = 2 * (number % self._entries)
            position, length = self._index[at], self._index[at + 1]
            record = self._ring.get(position, min(length, self._ring.size))
            fence()
            if self._words[0] - number <= self._entries - 2 and self._words[1] - position <= self._ring.size:
                records.append((number, record))
        return records, max(0, last - max(after, 0)) - len(records)
