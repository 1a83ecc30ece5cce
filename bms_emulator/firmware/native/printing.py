"""Standard output and error of a firmware: a line at a time, so that a crash loses nothing, and never waiting.

Both lead into a pipe that does not block; what the emulator has no room for is lost.
"""

import contextlib
import ctypes
import io
import os
import sys

_IOLBF = 1
_SIZE = 4096


def print_lines() -> None:
    """Let C and Python write after every line."""
    libc = ctypes.CDLL(None)
    with contextlib.suppress(ValueError):  # a C library that names it otherwise
        libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, _IOLBF, ctypes.c_size_t(_SIZE))
    sys.stdout, sys.stderr = (_text(descriptor) for descriptor in (1, 2))


class _Lossy(io.RawIOBase):
    """Writes what fits."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, content: bytes) -> int:  # type: ignore[override]
        with contextlib.suppress(BlockingIOError):
            os.write(self._descriptor, content)
        return len(content)


def _text(descriptor: int) -> io.TextIOWrapper:
    raw: io.RawIOBase = _Lossy(descriptor)
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)  # type: ignore[arg-type]
