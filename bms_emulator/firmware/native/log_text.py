"""What a firmware writes for the log, line by line, and no more of it than somebody can read."""

from collections.abc import Callable

LINES = 20
"""Lines that are passed on in a second of simulated time; more are counted."""
LENGTH = 400
"""Characters of a line that are passed on."""


class LogText:
    """Cuts text into lines.

    Args:
        tell: Takes a line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = ""
        self._second = -1
        self._told = 0
        self._dropped = 0

    def add(self, text: str, time: float) -> None:
        """Pass on the lines that are whole now. time: of the text, since the start [s]."""
        if not text and not self._dropped:
            return
        if int(time) != self._second:
            self._begin_second(int(time))
        *lines, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > LENGTH:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._told += 1
            if self._told <= LINES:
                self._say(line)
            else:
                self._dropped += 1

    def flush(self) -> None:
        """Pass on what has no end of line yet: there will be none."""
        if self._rest:
            self._say(self._rest)
        self._rest = ""
        self._begin_second(-1)

    def _begin_second(self, second: int) -> None:
        if self._dropped:
            self._tell(f"({self._dropped} more lines in a second were left out)")
        self._second, self._told, self._dropped = second, 0, 0

    def _say(self, line: str) -> None:
        self._tell("".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line[:LENGTH]))
