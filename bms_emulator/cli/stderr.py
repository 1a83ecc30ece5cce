"""Standard error above a live table: what child processes log there would otherwise be drawn into the table."""

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

STDERR = 2


class StandardError:
    """Hands every line written to standard error, by this process or its children, to a callback.

    Args:
        tell: Takes a line; called in a thread of its own.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        self._original = os.dup(STDERR)
        os.dup2(writing, STDERR, inheritable=True)
        os.close(writing)
        self._thread = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.dup2(self._original, STDERR)  # closes our writing end: the reader ends when the children's are closed too
        os.close(self._original)
        self._thread.join(timeout=1.0)

    def _read(self, reading: int) -> None:
        with open(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._tell(line.rstrip("\n"))
