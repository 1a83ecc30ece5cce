"""How a rack's firmware stands: what it does, in a word, and what is told when that changes."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

Tell = Callable[[dict[str, Any]], None]
"""Takes what happens."""


class State(StrEnum):
    """What a rack's firmware does, as the status shows it."""

    RUNNING = "running"
    LATE = "late"
    FAILED = "failed"
    """Its last outputs are held until its watchdog time is over."""
    SAFE = "safe"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    OFF = "off"
    """Its controller has no supply."""


class Standing:
    """Whether a firmware is in time, makes sense, is safe; every change is told once.

    Args:
        tell: Takes what happens.

    Attributes:
        lates: How often it was late.
        is_late: It has not answered in time.
        is_nonsense: Its last answer made no sense.
        is_safe: Its outputs were made safe.
        is_stopped: It is not started again.
        is_off: Its controller has no supply.
    """

    def __init__(self, tell: Tell) -> None:
        self.lates = 0
        self.is_late = self.is_nonsense = self.is_safe = self.is_stopped = self.is_off = False
        self._tell = tell

    def be_late(self) -> None:
        """There was no answer in time."""
        if not self.is_late:
            self.is_late = True
            self.lates += 1
            self._tell({"action": "late", "message": "no answer within its time; its last outputs hold"})

    def answer(self) -> None:
        """There was an answer."""
        if self.is_late:
            self.is_late = False
            self._tell({"action": "answered", "message": "it answers again"})

    def make_sense(self) -> None:
        """The answer made sense."""
        if self.is_safe or self.is_nonsense:
            self._tell({"action": "running", "message": "its outputs count again"})
        self.is_safe = self.is_nonsense = False

    def make_no_sense(self, action: str, message: str, details: dict[str, Any]) -> None:
        """The answer made no sense, or it was an error."""
        if not self.is_nonsense:
            self.is_nonsense = True
            self._tell({"action": action, "message": f"{message}; its last outputs hold", **details})

    def go_safe(self) -> bool:
        """It was silent for too long; whether that is new."""
        if self.is_safe:
            return False
        self.is_safe = True
        self._tell({"action": "safe", "message": "its outputs are safe: contactors open, limits 0"})
        return True

    def stop(self) -> None:
        """It will not be started again."""
        self.is_stopped = True
        self._tell({"action": "stopped", "message": "it is not started again"})

    def switch(self, on: bool) -> None:
        """Its supply has gone, or come back."""
        self.is_off = not on
        self.is_late = self.is_nonsense = self.is_safe = False
        message = "its supply is back" if on else "its supply is gone"
        self._tell({"action": "powered" if on else "unpowered", "message": message})

    def state(self, *, is_restarting: bool, is_there: bool) -> State:
        """All in a word; it depends on whether a worker is to be started, and whether there is one."""
        for holds, state in (
            (self.is_off, State.OFF),
            (self.is_stopped, State.STOPPED),
            (is_restarting, State.RESTARTING),
            (self.is_safe, State.SAFE),
            (self.is_late, State.LATE),
            (self.is_nonsense or not is_there, State.FAILED),
        ):
            if holds:
                return state
        return State.RUNNING
