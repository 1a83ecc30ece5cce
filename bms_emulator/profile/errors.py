"""What is wrong with profiles: all problems at once, each with its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: File as shown to the user, or the option that an override came from.
        line: Line in the file, counted from 1; 0 where there is none.
        path: Key path, e.g. ``contactors.travel_ms``; empty for the file as a whole.
        message: What is wrong and what is allowed.
        value: The value that stands there, as text; empty where it does not matter.
    """

    file: str
    line: int
    path: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        """``file:line: path = value: message``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.path} = {self.value}" if self.value else self.path
        text = ": ".join(part for part in (place, what, self.message) if part)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)  # files may hold terminal escapes

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for machines."""
        return {"file": self.file, "line": self.line, "path": self.path, "message": self.message, "value": self.value}


class ProfileError(Exception):
    """Profiles could not be loaded.

    Attributes:
        problems: All that is wrong, in the order of files and lines.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
