"""Memory that processes share, and the order in which its words become visible.

The memory is an anonymous file (``memfd``): it has no name that could be left behind, the kernel frees it when the last
process that holds it ends, however that ends, and it is not bound by the size of ``/dev/shm``, which containers keep
small. Pages that nobody writes take no room.

What is relied on: an aligned 64-bit store or load is never torn, and stores before ``fence`` become visible before
those after it, loads likewise. x86-64 keeps that order by itself (stores are seen in order, loads are done in order),
so there the fence is empty. ARM does not; two round trips through an uncontended lock do it there: the release of the
first and the acquire of the second are ordered with each other, with all that precedes and with all that follows.
"""

import mmap
import os
import platform
import threading
from multiprocessing.reduction import DupFd
from typing import Any

_lock = threading.Lock()


def _lock_twice() -> None:
    with _lock:
        pass
    with _lock:
        pass


def _nothing() -> None:
    pass


fence = _nothing if platform.machine() in ("x86_64", "AMD64") else _lock_twice
"""Keeps loads and stores on its two sides apart."""

LINE = 64
"""Cache line [byte]: what different processes write stands on different lines."""


def lines(size: int) -> int:
    """Size rounded up to whole cache lines [byte]."""
    return -(-size // LINE) * LINE


class Memory:
    """Memory shared with child processes; may be handed to a process that is being spawned.

    Args:
        size: Bytes at the start; :meth:`grow` adds more.
    """

    def __init__(self, size: int) -> None:
        self._fd = os.memfd_create("bms-emulator", os.MFD_CLOEXEC)
        os.ftruncate(self._fd, size)

    @property
    def size(self) -> int:
        """Bytes at present."""
        return os.fstat(self._fd).st_size

    def grow(self, size: int) -> None:
        """Enlarge to that many bytes; new bytes are zero, existing views stay valid."""
        os.ftruncate(self._fd, max(size, self.size))

    def view(self) -> memoryview:
        """All bytes of the present size, mapped; the mapping lives as long as a view of it."""
        return memoryview(mmap.mmap(self._fd, self.size))

    def close(self) -> None:
        """Give up the file; views stay valid."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (DupFd(self._fd),)


def _inherited(passed: Any) -> Memory:
    memory = Memory.__new__(Memory)
    memory._fd = passed.detach()
    return memory
