"""A YAML file as plain data, with the line of every key: a strict reader that never runs away.

Stricter than YAML: no aliases, anchors or tags, no duplicate keys, one document, caps on size, depth and count. Plain
scalars are read as YAML 1.2 reads them, so that ``off`` is text and ``1e-3`` a number.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from bms_emulator.profile.errors import Problem, ProfileError

SIZE_MAX = 1 << 20
"""Largest file [B]."""
DEPTH_MAX = 20
"""Deepest nesting of lists and mappings."""
NODE_MAX = 100_000
"""Most values and keys in one file."""
DIGITS_MAX = 100
"""Longest number, in characters."""

KeyPath = tuple[str | int, ...]
"""Where something stands in a document: keys and list indices."""

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
"""What plain scalars mean (YAML 1.2 core schema); any other is text."""


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Attributes:
        label: The file as shown to the user.
        data: What stands in it: dict, list, str, int, float, bool or None.
        lines: Line of every key and list item by its path, counted from 1.
        problems: What was wrong with it, although it could be read: keys that stand twice.
    """

    label: str
    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Line of a key path; that of the innermost part that exists where the path does not."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, message: str, value: str = "") -> Problem:
        """A problem at a key path."""
        return Problem(self.label, self.line(path), dotted(path), message, value)


def read_document(path: Path, label: str = "") -> Document:
    """The document of a YAML file.

    Args:
        path: File.
        label: How to show it to the user; its path where empty.

    Raises:
        ProfileError: It cannot be read or is not the YAML that is allowed here.
    """
    label = label or str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_MAX + 1)
    except OSError as error:
        raise ProfileError([Problem(label, 0, "", f"cannot be read: {error.strerror}")]) from error
    if len(content) > SIZE_MAX:
        raise ProfileError([Problem(label, 0, "", f"larger than {SIZE_MAX} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProfileError([Problem(label, line, "", "must be UTF-8 text")]) from error
    return parse_document(text, label)


def parse_document(text: str, label: str) -> Document:
    """The document of a YAML text.

    Raises:
        ProfileError: It is not the YAML that is allowed here.
    """
    builder = _Builder(label)
    try:
        data = builder.build(yaml.parse(text, Loader=_LOADER))
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise ProfileError(
            [*builder.problems, Problem(label, mark.line + 1 if mark else 0, "", f"not valid YAML: {reason}")]
        ) from error
    return Document(label, data, builder.lines, builder.problems)


def dotted(path: KeyPath) -> str:
    """A key path as text: ``alarms.0.set``."""
    return ".".join(map(str, path))


def _line(event: Any) -> int:
    """Line of a YAML event, counted from 1."""
    return int(event.start_mark.line) + 1


def _is_unicode(text: str) -> bool:
    """Whether a text can be written again: an escape can name half of a surrogate pair."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


class _Builder:
    """Builds data from YAML events, which show aliases and anchors before anything is made of them."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def build(self, events: Iterator[Any]) -> Any:
        data = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "a second document: only one to a file is allowed")
            elif isinstance(event, yaml.NodeEvent):
                data = self._node(event, events, ())
        return data

    def _node(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        self._admit(event, path)
        self.lines.setdefault(path, _line(event))  # a key has put its own line there already
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._scalar(event)

    def _mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            self._admit(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key must be plain text")
            key, line = event.value, _line(event)
            here = (*path, key)
            if key in mapping:
                message = f"stands twice, first in line {self.lines[here]}"
                self.problems.append(Problem(self.label, line, dotted(here), message))
                _Builder(self.label)._node(next(events), events, here)  # the first one counts
            else:
                self.lines[here] = line
                mapping[key] = self._node(next(events), events, here)
        return mapping

    def _sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*path, len(items))))
        return items

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.style:  # in quotes or a block: text, whatever it looks like
            return text
        for pattern, convert in _SCALARS:
            if pattern.fullmatch(text):
                if len(text) > DIGITS_MAX:
                    self._refuse(event, f"a number of more than {DIGITS_MAX} characters")
                return convert(text)
        return text

    def _admit(self, event: Any, path: KeyPath) -> None:
        """Refuse what this reader does not allow, before anything is built of it."""
        self.count += 1
        if isinstance(event, yaml.ScalarEvent) and not _is_unicode(event.value):
            self._refuse(event, "text with half a character in it")
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"alias *{event.anchor}: aliases are not allowed, write the value out")
        if event.anchor is not None:
            self._refuse(event, f"anchor &{event.anchor}: anchors are not allowed, write the value out")
        if event.tag not in {None, "!"}:
            self._refuse(event, f"tag {event.tag}: tags are not allowed")
        if len(path) > DEPTH_MAX:
            self._refuse(event, f"nested deeper than {DEPTH_MAX} levels")
        if self.count > NODE_MAX:
            self._refuse(event, f"more than {NODE_MAX} values")

    def _refuse(self, event: Any, message: str) -> NoReturn:
        raise ProfileError([*self.problems, Problem(self.label, _line(event), "", message)])
