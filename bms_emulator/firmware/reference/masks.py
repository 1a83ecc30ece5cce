"""What controllers publish while a fault keeps them from renewing it: frozen outputs, a wrong state of charge.

The true values stand in the arrays while the controllers run, what is shown stands there at all other times.
"""

from collections.abc import Collection, Mapping

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Frozen
from bms_emulator.firmware.reference.rows import Rows

LIMITS = frozenset(
    f"{way}_{quantity}_limit{span}"
    for way in ("charge", "discharge")
    for quantity in ("current", "power")
    for span in ("", "_60s")
)
HEARTBEAT = frozenset({"heartbeat"})
LIVE = frozenset(
    {
        "contactor_command",
        "breaker_trip",
        "insulation_monitor_enabled",
        "chiller_request",
        "chiller_setpoint",
        "balancing",
        "balancing_count",
        "balancing_revision",
        "balancing_age",
    }
)
"""Outputs that act on the plant."""


class Mask:
    """Outputs of some controllers that stand still as they are seen, and go on underneath.

    Args:
        outputs: All that they publish, by name; rows are controllers.
    """

    def __init__(self, outputs: Mapping[str, Array]) -> None:
        self._outputs = outputs
        self._rows: dict[str, Rows] = {}
        self._shown: dict[str, Array] = {}
        self._true: dict[str, Array] = {}

    def bend(self, frozen: Array) -> None:
        """Freeze these bits of :class:`Frozen`, (controller,), while true values stand in the arrays."""
        bits = frozen.astype(np.int64)
        before, self._rows = self._rows, {}
        for name, array in self._outputs.items():
            rows = bits & _covers(name) != 0
            if not rows.any():
                continue
            if name not in self._shown:
                self._shown[name], self._true[name] = array.copy(), array.copy()
            news = rows & ~before.get(name, np.zeros_like(rows))
            self._shown[name][news] = array[news]
            self._rows[name] = rows

    def lift(self) -> None:
        """Put the true values back into the arrays."""
        for name, rows in self._rows.items():
            self._outputs[name][rows] = self._true[name][rows]

    def lower(self) -> None:
        """Keep the true values, and show the frozen ones."""
        for name, rows in self._rows.items():
            self._true[name][rows] = self._outputs[name][rows]
            self._outputs[name][rows] = self._shown[name][rows]


class WrongCharge:
    """A state of charge that is off.

    Args:
        soc: State of charge of every rack [1], (rack,).
    """

    def __init__(self, soc: Array) -> None:
        self._soc = soc
        self._true = soc.copy()
        self._offset = np.zeros_like(soc)
        self._rows: Rows = np.zeros(soc.shape, np.bool_)

    def bend(self, offset: Array) -> None:
        """Take over what it is off by [1], (rack,), while true values stand in the array."""
        self._offset = offset.copy()
        self._rows = offset != 0.0

    def lift(self) -> None:
        """Put the true values back."""
        self._soc[self._rows] = self._true[self._rows]

    def lower(self) -> None:
        """Keep the true values, and put the wrong ones in their place."""
        rows = self._rows
        self._true[rows] = self._soc[rows]
        self._soc[rows] = np.clip(self._true[rows] + self._offset[rows], 0.0, 1.0)


def _covers(name: str) -> int:
    """Bits that freeze an output."""
    kinds: tuple[tuple[Frozen, Collection[str]], ...] = ((Frozen.LIMITS, LIMITS), (Frozen.HEARTBEAT, HEARTBEAT))
    bits = sum(int(bit) for bit, names in kinds if name in names)
    return bits | (0 if name in LIVE or name in HEARTBEAT else int(Frozen.DATA))
