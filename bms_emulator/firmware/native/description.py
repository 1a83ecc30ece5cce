"""What a firmware says of itself."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bms_emulator.firmware.native.layout import Counts

WATCHDOG = 1000.0
"""Silence until outputs are made safe, where a firmware names none [ms]."""
Range = tuple[int, int]
KEYS = ("name", "version", "period_ms", "watchdog_ms", "cells", "temperatures", "alarms")
_REQUIRED = ("name", "version", "period_ms")


class DescriptionError(Exception):
    """A description cannot be used; the message names all that is wrong."""


@dataclass(frozen=True)
class Description:
    """What a firmware says of itself.

    Attributes:
        name: Of the firmware.
        version: Its version.
        period: Time between two calls of ``bms_step`` [s].
        watchdog: Silence after which its outputs are made safe [s].
        cells: Least and most that it supports; None is any.
        temperatures: The same.
        alarms: Names by id.
        has_snapshot: Whether its state can be saved and restored.
        abi: Major and minor version of the header that it was built with.
        raw: As it was given.
    """

    name: str
    version: str
    period: float
    watchdog: float
    cells: Range | None = None
    temperatures: Range | None = None
    alarms: dict[int, str] = field(default_factory=dict)
    has_snapshot: bool = False
    abi: tuple[int, int] = (1, 0)
    raw: dict[str, Any] = field(default_factory=dict)


def read_description(text: str, abi: tuple[int, int], has_snapshot: bool) -> Description:
    """The description that ``bms_describe`` wrote.

    Raises:
        DescriptionError: It is no JSON object, or its keys are not as the header says.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise DescriptionError(f"bms_describe: is not JSON: {error}: {text[:80]!r}") from None
    if not isinstance(raw, dict):
        raise DescriptionError(f"bms_describe: must be a JSON object, not {text[:80]!r}")
    problems = list(_problems(raw))
    if problems:
        raise DescriptionError("bms_describe: " + "; ".join(problems))
    return Description(
        name=raw["name"],
        version=raw["version"],
        period=raw["period_ms"] / 1e3,
        watchdog=raw.get("watchdog_ms", WATCHDOG) / 1e3,
        cells=_range(raw.get("cells")),
        temperatures=_range(raw.get("temperatures")),
        alarms={int(number): name for number, name in raw.get("alarms", {}).items()},
        has_snapshot=has_snapshot,
        abi=abi,
        raw=raw,
    )


def unsupported(description: Description, counts: Counts) -> list[str]:
    """Counts of the rack that the firmware does not support."""
    return [
        f"supports {allowed[0]} to {allowed[1]} {name}, this rack has {count}"
        for name, allowed, count in (
            ("cells", description.cells, counts.cells),
            ("temperatures", description.temperatures, counts.temperatures),
        )
        if allowed is not None and not allowed[0] <= count <= allowed[1]
    ]


def _problems(raw: dict[str, Any]) -> Iterable[str]:
    for key in raw:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            yield f"{key!r} is no key of it" + (f"; near: {near[0]}" if near else f"; allowed: {', '.join(KEYS)}")
    for key in _REQUIRED:
        if key not in raw:
            yield f"{key} is missing"
    for key in ("name", "version"):
        if key in raw and not (isinstance(raw[key], str) and raw[key]):
            yield f"{key} = {raw[key]!r}: must be a text"
    for key in ("period_ms", "watchdog_ms"):
        if key in raw and not (_is_number(raw[key]) and 0.0 < raw[key] <= 3.6e6):
            yield f"{key} = {raw[key]!r}: must be a number > 0, at most an hour"
    for key in ("cells", "temperatures"):
        if key in raw and not _is_range(raw[key]):
            yield f"{key} = {raw[key]!r}: must be [least, most]"
    yield from _alarm_problems(raw.get("alarms", {}))


def _alarm_problems(alarms: Any) -> Iterable[str]:
    if not isinstance(alarms, dict):
        yield f"alarms = {alarms!r}: must be an object of names by id"
        return
    for number, name in alarms.items():
        if not (number.isascii() and number.isdigit() and int(number) < 1 << 32):
            yield f"alarms: {number!r} is no id: must be a whole number from 0 to {(1 << 32) - 1}"
        if not (isinstance(name, str) and name):
            yield f"alarms: {number}: {name!r}: must be a text"
    names = [name for name in alarms.values() if isinstance(name, str)]
    yield from (f"alarms: {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(value: Any) -> bool:
    is_pair = isinstance(value, list) and [type(item) for item in value] == [int, int]
    return is_pair and 0 <= value[0] <= value[1]


def _range(value: list[int] | None) -> Range | None:
    return None if value is None else (value[0], value[1])
