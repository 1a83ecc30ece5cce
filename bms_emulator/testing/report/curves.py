"""What a capture shows in a plot: which signals, in which panel, and few enough points."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.runtime.recorder import Recording, Signal
from bms_emulator.testing.record import Record

PANELS: Final = 5
CURVES: Final = 6
"""Most curves of a panel."""
_ALIKE: Final = 4
"""Most signals of one family that are drawn one by one; of more, the range from the least to the greatest is."""
_POINTS: Final = 360
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_SEGMENT: Final = re.compile(r"(?P<name>[^.\[]+)(\[(?P<index>[^\]]*)\])?")


@dataclass(frozen=True)
class Curve:
    """One signal over time, or the range of many.

    Attributes:
        name: What it is called.
        time: Simulated time [s], shape (points,).
        low: Its values, or the least of all, NaN for a gap, shape (points,).
        high: The same as ``low``, or the greatest of all, shape (points,).
    """

    name: str
    time: Array
    low: Array
    high: Array


@dataclass
class Panel:
    """Curves over one ordinate.

    Attributes:
        title: What the ordinate is.
        unit: Its unit.
        choices: Names of values.
        stepped: Whether values stay until they change.
        curves: What is drawn.
        names: Names of the signals that are.
        omitted: Signals that are not.
    """

    title: str
    unit: str
    choices: dict[int, str]
    stepped: bool
    curves: list[Curve] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    omitted: int = 0


def panels_of(record: Record, file: Path) -> list[Panel]:
    """Panels of a capture, those first whose signals were judged, then those that were stimulated.

    Args:
        record: The test.
        file: Its capture.

    Raises:
        RecordingError: The capture cannot be read.
    """
    recording = Recording(file)
    selectors = [check.point for check in record.checks] + [stimulus.target for stimulus in record.stimuli]
    chosen = _in_order(selectors, recording.signals)
    panels: dict[str, Panel] = {}
    for family, signals in _families(chosen).items():
        first = signals[0]
        last = family.rpartition(".")[2]
        key = first.unit or family
        if key not in panels and len(panels) == PANELS:
            continue
        title = _QUANTITIES.get(first.unit, last)
        panel = panels.setdefault(
            key, Panel(title.replace("_", " "), first.unit, dict(first.choices), first.kind != "float")
        )
        drawn = 1 if len(signals) > _ALIKE else len(signals)
        if len(panel.curves) + drawn > CURVES:
            panel.omitted += len(signals)
            continue
        time, values = recording.read([signal.name for signal in signals])
        panel.curves += _drawn(family, signals, time, values, panel.stepped)
        panel.names += [signal.name for signal in signals]
    return list(panels.values())


def picks(selector: str, name: str) -> bool:
    """Whether a selector picks the point of that name, as the catalogue would."""
    wanted, given = _segments(selector), _segments(name)
    at = 1 if wanted and wanted[0][0] == "plant" else 0
    if len(wanted) > at and len(given) > at and given[at][0] == "container" != wanted[at][0]:
        wanted.insert(at, ("container", ""))
    return len(wanted) == len(given) and all(
        chosen[0] == part[0] and _index_picks(chosen[1], part[1]) for chosen, part in zip(wanted, given, strict=True)
    )


def short(name: str) -> str:
    """A name without the container, where it is the first."""
    return name.replace("container[1].", "", 1)


_QUANTITIES: Final = {
    "V": "voltage",
    "A": "current",
    "W": "power",
    "K": "temperature",
    "s": "time",
    "Ohm": "resistance",
    "Pa": "pressure",
    "J": "energy",
}


def _in_order(selectors: Iterable[str], signals: Sequence[Signal]) -> list[Signal]:
    """Signals that selectors pick, then the others."""
    found: dict[str, Signal] = {}
    for selector in dict.fromkeys(filter(None, selectors)):
        found |= {signal.name: signal for signal in signals if picks(selector, signal.name)}
    return list((found | {signal.name: signal for signal in signals}).values())


def _families(signals: Iterable[Signal]) -> dict[str, list[Signal]]:
    families: dict[str, list[Signal]] = {}
    for signal in signals:
        families.setdefault(_INDEX.sub("", signal.name), []).append(signal)
    return families


def _drawn(family: str, signals: Sequence[Signal], time: Array, values: Array, stepped: bool) -> list[Curve]:
    if len(signals) > _ALIKE:
        name = f"{family.removeprefix('container.')}, {len(signals)} points, least to greatest"
        valid = np.isfinite(values)
        seen = valid.any(axis=0)
        low = np.where(seen, np.where(valid, values, np.inf).min(axis=0), np.nan)
        high = np.where(seen, np.where(valid, values, -np.inf).max(axis=0), np.nan)
        return [_thinned(name, time, low, high)]
    return [
        _changes(short(signal.name), time, row) if stepped else _thinned(short(signal.name), time, row, row)
        for signal, row in zip(signals, values, strict=True)
    ]


def _thinned(name: str, time: Array, low: Array, high: Array) -> Curve:
    """The least and the greatest of each stretch of time: nothing that sticks out is lost."""
    if time.size <= _POINTS:
        return Curve(name, time, low, high)
    starts = np.linspace(0, time.size, _POINTS // 2, endpoint=False).astype(int)
    least, greatest = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
    if low is not high:
        return Curve(name, time[starts], least, greatest)
    at, both = np.repeat(time[starts], 2), np.column_stack([least, greatest]).ravel()
    return Curve(name, at, both, both)


def _changes(name: str, time: Array, values: Array) -> Curve:
    """The first value, those that differ from the one before, and the last."""
    differs = np.diff(values, prepend=np.nan) != 0.0
    differs |= np.isnan(values) != np.isnan(np.roll(values, 1))
    differs[[0, -1]] = True
    kept = np.flatnonzero(differs)[: 4 * _POINTS]
    held = values[kept]
    return Curve(name, time[kept], held, held)


def _segments(name: str) -> list[tuple[str, str]]:
    return [(found["name"], found["index"] or "") for found in _SEGMENT.finditer(name)]


def _index_picks(wanted: str, given: str) -> bool:
    if wanted == given or (wanted == "*" and given):
        return True
    if not wanted:
        return given in ("", "1")
    return any(_range_picks(part, given) for part in wanted.split(","))


def _range_picks(part: str, given: str) -> bool:
    first, dots, last = (text.strip() for text in part.partition(".."))
    if not dots:
        return first == given
    return first.isdecimal() and last.isdecimal() and given.isdecimal() and int(first) <= int(given) <= int(last)
