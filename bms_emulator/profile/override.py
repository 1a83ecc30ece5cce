"""Values set from outside by key path, before a profile is validated."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bms_emulator.profile.document import KeyPath, dotted
from bms_emulator.profile.errors import Problem


@dataclass(frozen=True)
class Overrides:
    """Values by key path, for one file and for those that it names.

    Attributes:
        values: Value by key path from the file's top.
        origin: Where they came from, as shown to the user.
        prefix: Key path from the site to this file.
    """

    values: Mapping[KeyPath, Any]
    origin: str = "override"
    prefix: KeyPath = ()

    @classmethod
    def parse(cls, values: Mapping[str, Any] | None, origin: str) -> "Overrides":
        """Overrides from dotted key paths."""
        return cls({tuple(path.split(".")): value for path, value in (values or {}).items()}, origin)

    def below(self, key: str) -> "Overrides":
        """The overrides of the file that a key names."""
        inner = {path[1:]: value for path, value in self.values.items() if path[0] == key and len(path) > 1}
        return Overrides(inner, self.origin, (*self.prefix, key))

    def without(self, keys: frozenset[str]) -> "Overrides":
        """The overrides of this file alone, not of those that the given keys name."""
        own = {path: value for path, value in self.values.items() if path[0] not in keys or len(path) == 1}
        return Overrides(own, self.origin, self.prefix)

    def sets(self, path: KeyPath, *, is_new: bool) -> bool:
        """Whether what stands at a key path came from here; where it is new to the file, a part of it is enough."""
        texts = tuple(map(str, path))
        return any(texts[: len(key)] == key or (is_new and key[: len(texts)] == texts) for key in self.values)

    def problem(self, path: KeyPath, message: str, value: str = "") -> Problem:
        """A problem with one of these values."""
        return Problem(self.origin, 0, dotted((*self.prefix, *path)), message, value)

    def apply(self, content: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """The content with these values set in a copy, and what is wrong with their key paths."""
        if not self.values:
            return content, []
        content = copy.deepcopy(content)
        problems = []
        for path in sorted(self.values, key=len):  # a whole section before a part of it
            message = _put(content, path, _as_read(self.values[path]))
            if message:
                problems.append(self.problem(path, message))
        return content, problems


def _put(content: Any, path: KeyPath, value: Any) -> str:
    """Set a value; what is wrong with its path, else nothing."""
    for depth, key in enumerate(path):
        is_last = depth == len(path) - 1
        where = dotted(path[:depth])
        if isinstance(content, list):
            key = str(key)
            if not (key.isascii() and key.isdigit() and len(key) < 9 and int(key) < len(content)):
                return f"{where} has {len(content)} items, counted from 0; {key!r} is none of them"
            key = int(key)
        elif not isinstance(content, dict):
            return f"{where} is a single value and has no part {key!r}"
        if is_last:
            content[key] = value
        else:
            content = content[key] if isinstance(key, int) else content.setdefault(key, {})
    return ""


def _as_read(value: Any) -> Any:
    """A value in the types that a file gives."""
    if isinstance(value, Mapping):
        return {str(key): _as_read(item) for key, item in value.items()}
    return [_as_read(item) for item in value] if isinstance(value, list | tuple) else value
