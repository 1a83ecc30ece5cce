"""Like devices share one template: their records differ by constant distances, and stand once for all of them.

What the encoding kernel reads besides the values so stays in the cache, however many containers there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.records import DeviceRecords
from bms_emulator.interfaces.modbus.runs import BITFIELD, BLOCK, FRACTION, GROUP, NO_AGE, RUN, SINGLE, TERM

RUN_MIN = 64
"""Values that a run has at least: fewer are written one by one, in groups."""


class Folded(NamedTuple):
    """Records of :data:`BLOCK`, :data:`RUN`, :data:`GROUP`, :data:`SINGLE`, :data:`BITFIELD` and :data:`TERM`."""

    blocks: NDArray[np.void]
    runs: NDArray[np.void]
    groups: NDArray[np.void]
    singles: NDArray[np.void]
    bitfields: NDArray[np.void]
    terms: NDArray[np.void]

    def with_block(self, template: "Bundle", count: int, step: NDArray[np.int64]) -> "Folded":
        """One more block: a bundle, how often it stands there, and how far its positions are from one to the next."""
        runs, bitfields, terms = template.runs.copy(), template.bitfields.copy(), template.terms.copy()
        stride, sources, ages, term_sources = np.split(step, np.cumsum([1, len(runs), len(runs)]))
        runs["device_step"], runs["age_device_step"], terms["device_step"] = sources, ages, term_sources
        runs["word"] += template.start
        bitfields["word"] += template.start
        bitfields["term"] += len(self.terms)
        short = (runs["plain"] == 1) & (runs["age"] == NO_AGE)
        short &= runs["count"] * runs["repeats"] < RUN_MIN
        groups, singles = _grouped(runs[short], len(self.singles))
        runs = runs[~short]
        lengths = (len(self.runs), len(runs), len(self.groups), len(groups), len(self.bitfields), len(bitfields))
        block = np.array([(*lengths, count, stride.item())], BLOCK)
        added = (block, runs, groups, singles, bitfields, terms)
        return Folded(*(np.concatenate(pair) for pair in zip(self, added, strict=True)))


def _grouped(runs: NDArray[np.void], first: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Groups and single values of short runs; ``first`` single values stand there already."""
    by_conversion: dict[tuple[float, ...], list[tuple[int, int, int]]] = {}
    for run in runs:
        conversion = tuple(run[name].item() for name in ("gain", "shift", "low", "high", "sentinel"))
        by_conversion.setdefault(conversion, []).extend(_singles(run))
    groups = []
    for conversion, singles in by_conversion.items():
        groups.append((first, len(singles), *conversion))
        first += len(singles)
    every = [single for singles in by_conversion.values() for single in singles]
    return np.array(groups, GROUP), np.array(every, SINGLE)


def _singles(run: np.void) -> Iterator[tuple[int, int, int]]:
    """Each value of a run as a record of SINGLE."""
    for repeat, k in product(range(run["repeats"]), range(run["count"])):
        source = run["source"] + repeat * run["repeat_step"] + (k * run["pace"] >> FRACTION)
        yield source, run["device_step"], run["word"] + repeat * run["repeat_stride"] + k * run["stride"]


@dataclass(frozen=True)
class Bundle:
    """Records of devices that stand one after the other and show one container: its values are read once.

    Attributes:
        start: First word of its images.
        runs: Records of RUN, words counted from ``start``.
        bitfields: Records of BITFIELD, words counted from ``start``, terms from the first of the bundle.
        terms: Records of TERM.
    """

    start: int
    runs: NDArray[np.void]
    bitfields: NDArray[np.void]
    terms: NDArray[np.void]

    @classmethod
    def of(cls, devices: list[DeviceRecords]) -> "Bundle":
        """The records of some devices."""
        start, parts = devices[0].start, [device.arrays for device in devices]
        runs, bitfields, terms = (np.concatenate(each) for each in zip(*parts, strict=True))
        before = np.cumsum([0, *(len(part.terms) for part in parts[:-1])])
        runs["word"] -= start
        bitfields["word"] -= start
        bitfields["term"] += np.repeat(before, [len(part.bitfields) for part in parts])
        return cls(start, runs, _together(bitfields, terms), terms)

    @property
    def kind(self) -> bytes:
        """All but the positions in the arena: equal where one bundle may be the next device of another's block."""
        runs, terms = self.runs.copy(), self.terms.copy()
        runs["source"] = 0
        runs["age"] = np.minimum(runs["age"], 0)
        terms["source"] = 0
        return b"|".join(records.tobytes() for records in (runs, self.bitfields, terms))

    @property
    def positions(self) -> NDArray[np.int64]:
        """First word and positions in the arena: sources of the runs, their ages, sources of the terms."""
        return np.concatenate([[self.start], self.runs["source"], self.runs["age"], self.terms["source"]])


def _together(bitfields: NDArray[np.void], terms: NDArray[np.void]) -> NDArray[np.void]:
    """Bitfields of equal conditions one after the other: those are looked at once."""
    first: dict[bytes, int] = {}
    order = []
    for n, field in enumerate(bitfields):
        own = terms[field["term"] : field["term"] + field["terms"]]
        order.append((first.setdefault(own.tobytes() + field["repeats"].tobytes(), n), n))
    placed = bitfields[[n for _, n in sorted(order)]]
    placed["again"] = [n != at for at, n in sorted(order)]
    return placed


def fold(devices: list[DeviceRecords]) -> Folded:
    """The records of all devices, those of like devices once.

    Devices are written block by block, so in the order of the list as far as they are alike.
    """
    kinds: dict[bytes, list[Bundle]] = {}
    for _, together in groupby(devices, key=lambda device: device.container):
        bundle = Bundle.of(list(together))
        kinds.setdefault(bundle.kind, []).append(bundle)
    parts = Folded(*(np.zeros(0, kind) for kind in (BLOCK, RUN, GROUP, SINGLE, BITFIELD, TERM)))
    for like in kinds.values():
        for first, count, step in _evenly_spaced(like):
            parts = parts.with_block(first, count, step)
    return parts


def _evenly_spaced(bundles: list[Bundle]) -> Iterator[tuple[Bundle, int, NDArray[np.int64]]]:
    """Stretches of bundles whose positions rise by constant steps: the first, how many, and the steps."""
    positions = np.stack([bundle.positions for bundle in bundles])
    steps = np.diff(positions, axis=0)
    n = 0
    while n < len(bundles):
        step = steps[n] if n < len(steps) else np.zeros_like(positions[n])
        end = n + 1
        while end < len(bundles) and (steps[end - 1] == step).all():
            end += 1
        yield bundles[n], end - n, step
        n = end
