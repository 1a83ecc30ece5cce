"""Blows: what happens to the memory of controllers of racks at one moment."""

import math
import random
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bms_emulator.arrays import Array

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays

PERSISTENT: Final[Mapping[str, tuple[float, float]]] = {
    "persistent.capacity": (3600.0, 1e7),
    "persistent.hysteresis": (-1.0, 1.0),
    "persistent.fix_charge": (-1e7, 1e7),
    "persistent.fix_age": (0.0, 1e9),
    "persistent.locked": (0.0, 1.0),
    "racks.soc": (0.0, 1.0),
    "racks.soh": (0.0, 1.0),
    "racks.soh_resistance": (0.1, 10.0),
    "racks.cycle_count": (0.0, 1e6),
}
"""Numbers in persistent memory, and the range to which firmware saturates each, in SI."""

INTERNAL: Final[Mapping[str, tuple[float, float]]] = {
    "private.rest_time": (0.0, 1e9),
    "private.settled_current": (-1e4, 1e4),
    "private.settled_time": (0.0, 1e9),
    "private.relaxed_current1": (-1e4, 1e4),
    "private.relaxed_current2": (-1e4, 1e4),
    "private.drop": (-1.0, 1.0),
    "racks.soc": (0.0, 1.0),
}
"""Numbers in working memory, and their ranges, in SI."""

_MEMORIES = {"persistent": PERSISTENT, "internal": INTERNAL}
_BITS = 32


class Blows:
    """Strikes the controllers of racks.

    Args:
        arrays: Their memory.
    """

    def __init__(self, arrays: "FirmwareArrays") -> None:
        self._arrays = arrays
        self._kinds: dict[str, Callable[[int, Mapping[str, Any], random.Random], str]] = {
            "soc-jump": self._jump,
            "bit-flip": self._flip,
        }

    def strike(self, kind: str, settings: Mapping[str, Any], racks: Iterable[int], seed: int) -> list[str]:
        """Strike these racks, counted from 0; what happened to each, as text. seed: of what is random."""
        chance = random.Random(seed)
        return [self._kinds[kind](int(rack), settings, chance) for rack in racks]

    def _jump(self, rack: int, settings: Mapping[str, Any], chance: random.Random) -> str:
        soc = self._arrays.racks.soc
        before = float(soc[rack])
        soc[rack] = min(1.0, max(0.0, before + settings["change"]))
        return f"soc {before:.6g} -> {soc[rack]:.6g}"

    def _flip(self, rack: int, settings: Mapping[str, Any], chance: random.Random) -> str:
        ranges = _MEMORIES[settings["memory"]]
        names, bits = sorted(ranges), list(range(_BITS))
        chance.shuffle(names)
        chance.shuffle(bits)
        for name in names:
            group, _, field = name.partition(".")
            array: Array = getattr(getattr(self._arrays, group), field)
            low, high = ranges[name]
            before = float(array[rack])
            for bit in bits:
                after = flipped(before, bit)
                if not math.isnan(after):
                    after = min(high, max(low, after))
                    if after != before:
                        array[rack] = after
                        return f"{field} bit {bit}: {before:.6g} -> {after:.6g}"
        return "no bit could be flipped"


def flipped(value: float, bit: int) -> float:
    """A number in single precision with one of its 32 bits flipped."""
    (word,) = struct.unpack("<I", struct.pack("<f", value))
    (result,) = struct.unpack("<f", struct.pack("<I", word ^ (1 << bit)))
    return float(result)
