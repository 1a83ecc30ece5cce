"""From the outputs of user firmware to what the emulator publishes for its racks.

A user's firmware has the last word on everything that a controller decides. What it does not give stays as the
reference firmware works it out from the same measurements: extremes, means and sums of cells and packs, cycles,
resistance. Times and counts of alarms, and openings under load, are kept here.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Action, ConnectFailure, RackMode, RackOrders, RackOutputs
from bms_emulator.firmware.native.abi import NO_CHILLER_REQUEST, NO_SOURCE
from bms_emulator.firmware.native.layout import LOG_CAPACITY
from bms_emulator.jit import kernel

COLUMNS = (
    "mode",
    "connect_failure",
    "heartbeat",
    "ready",
    "breaker_trip",
    "insulation_monitor_enabled",
    "alarm_latched",
    "chiller_request",
    "charge_current_limit",
    "discharge_current_limit",
    "charge_current_limit_60s",
    "discharge_current_limit_60s",
    "charge_power_limit",
    "discharge_power_limit",
    "charge_power_limit_60s",
    "discharge_power_limit_60s",
    "soc",
    "soh",
    "soe_charge",
    "soe_discharge",
    "connected",
    "openings_under_load",
    "alarm_level",
    "alarm_action",
    "balancing_count",
)
"""Outputs of which a rack has one; from the current limit to the energies in the order of the struct."""
TABLES = (
    "contactor_command",
    "balancing",
    "alarm",
    "alarm_source",
    "alarm_first_time",
    "alarm_last_time",
    "alarm_count",
)
"""Outputs of which a rack has several."""
WORDS = 8
"""Numbers of 32 bits that follow one another, from the count of alarms to the failure to connect."""
NUMBERS = 12
"""Numbers of 64 bits that follow one another, from the first limit to the last energy."""
HEARTBEATS = 65536
LEVEL_ACTION = (Action.NONE, Action.DERATE, Action.STOP, Action.OPEN)
"""What a level of an alarm means for the rack."""

_AT = {name: k for k, name in enumerate(COLUMNS)}
_LIMITS = slice(_AT["charge_current_limit"], _AT["soc"])
_NUMBERS = slice(_AT["charge_current_limit"], _AT["soe_discharge"] + 1)
_COMMANDS = np.array([[float(word >> k & 1) for k in range(3)] for word in range(8)])
"""Commands of the three contactors for each value of their bits."""
_MAINS = 0b101

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class OutputBlock:
    """The outputs of one worker.

    Attributes:
        scalars: All that follows but for arrays, as bytes.
        words: See ``WORDS``.
        numbers: See ``NUMBERS``.
        balancing: 1 bleeds the cell, (cell,).
        alarms: Room for alarms: id, level, source.
    """

    scalars: NDArray[np.uint8]
    words: NDArray[np.uint32]
    numbers: Array
    balancing: NDArray[np.uint8]
    alarms: NDArray[np.void]

    @classmethod
    def of(cls, outputs: NDArray[np.void]) -> Self:
        """The fields of a block that is laid out as ``bms_outputs`` is."""
        block = outputs.reshape(1)
        struct = block.reshape(())
        raw = block.view(np.uint8)
        fields: Any = block.dtype.fields
        start = fields["alarm_count"][1]
        words = raw[start : start + 4 * WORDS].view(np.uint32)
        end = fields["soe_discharge"][1] + 8
        numbers = raw[end - 8 * NUMBERS : end].view(np.float64)
        return cls(raw[start:end], words, numbers, struct["balancing"], struct["alarms"])

    def digest(self, digest: "hashlib.blake2b") -> None:
        """Add everything that the firmware decided to a digest."""
        digest.update(self.scalars.data)
        digest.update(self.balancing.data)
        if self.words[0]:
            digest.update(self.alarms[: self.words[0]].tobytes())

    def is_plain(self) -> bool:
        """Whether it is quickly seen that nothing is wrong; where not, it takes a longer look to tell."""
        return bool(is_plain(self.words, self.numbers, self.balancing))


class HeldOutputs:
    """What the racks that run a user's firmware last decided, held until they decide again.

    Args:
        racks: Those racks, counted from 0, (n,).
        outputs: Outputs of all racks, for their shapes.
        alarm_ids: The alarms of a rack by name, in their order.
        open_current: Largest current at which contactors open without wear [A].
    """

    def __init__(self, racks: Positions, outputs: RackOutputs, alarm_ids: tuple[str, ...], open_current: float) -> None:
        self._racks = racks
        self._columns: Array = np.zeros((len(racks), len(COLUMNS)))
        self._targets = tuple(getattr(outputs, name) for name in COLUMNS)
        self._table_targets = tuple(getattr(outputs, name) for name in TABLES)
        self._tables: tuple[Array, ...] = tuple(target[racks] for target in self._table_targets)
        self._position = {name: k for k, name in enumerate(alarm_ids)}
        self._open_current = open_current
        for name in ("soc", "soh"):
            self._columns[:, _AT[name]] = getattr(outputs, name)[racks]
        self._columns[:, _AT["chiller_request"]] = math.nan
        self._contactors = [0] * len(racks)
        self._alarmed = [False] * len(racks)

    def take(self, n: int, block: OutputBlock, names: Mapping[int, str], current: float, time: float) -> dict[str, int]:
        """Hold what the n-th rack has decided now.

        Args:
            n: Which of the racks.
            block: Its outputs, which make sense.
            names: Names of its alarms by their numbers.
            current: Its current as measured [A].
            time: Of the decision, since the start [s].

        Returns:
            Level of every active alarm that the profile does not know, by name.
        """
        row = self._columns[n]
        alarm_count, _, contactors, flags, state, heartbeat, chiller, failure = block.words.tolist()
        self._switch(n, contactors & 0b111, current)
        on_bus = state == RackMode.CONNECTED or (state == RackMode.OPENING and contactors & _MAINS == _MAINS)
        row[: _LIMITS.start] = (
            state,
            failure,
            heartbeat % HEARTBEATS,
            flags & 1,
            flags >> 1 & 1,
            flags >> 2 & 1,
            flags >> 3 & 1,
            math.nan if chiller == NO_CHILLER_REQUEST else chiller,
        )
        row[_NUMBERS] = block.numbers
        row[_AT["connected"]] = on_bus
        self._balance(n, block.balancing)
        level, unknown = self._raise(n, block.alarms[:alarm_count], names, time)
        row[_AT["alarm_level"]] = level
        row[_AT["alarm_action"]] = LEVEL_ACTION[level]
        return unknown

    def make_safe(self, n: int, current: float) -> None:
        """Let the n-th rack open, permit nothing and say that it failed. current: its current as measured [A]."""
        self._silence(n, RackMode.FAULT, current)
        row = self._columns[n]
        row[_AT["connect_failure"]] = ConnectFailure.FAULT
        row[_AT["alarm_level"]] = 3
        row[_AT["alarm_action"]] = Action.OPEN

    def switch_off(self, n: int, current: float) -> None:
        """Let the n-th rack be without its supply: it opens, permits nothing and shows no alarm."""
        self._silence(n, RackMode.SHUTDOWN, current)
        row = self._columns[n]
        row[_AT["alarm_level"]] = row[_AT["alarm_action"]] = row[_AT["alarm_latched"]] = 0.0
        self._tables[TABLES.index("alarm")][n] = 0.0

    def write(self, outputs: RackOutputs, orders: RackOrders) -> None:
        """Put what is held in the place of what the reference firmware decided for these racks."""
        spread_outputs(self._racks, self._columns, self._tables, self._targets, self._table_targets)
        limit_by_orders(
            self._racks,
            orders.insulation_enabled,
            orders.action,
            outputs.insulation_monitor_enabled,
            outputs.alarm_action,
        )

    def _silence(self, n: int, mode: RackMode, current: float) -> None:
        self._switch(n, 0, current)
        row = self._columns[n]
        row[_AT["mode"]] = mode
        row[_LIMITS] = 0.0
        for name in ("ready", "breaker_trip", "insulation_monitor_enabled", "connected", "balancing_count"):
            row[_AT[name]] = 0.0
        row[_AT["chiller_request"]] = math.nan
        self._tables[TABLES.index("balancing")][n] = 0.0

    def _switch(self, n: int, contactors: int, current: float) -> None:
        before = self._contactors[n]
        if contactors == before:
            return
        if before & _MAINS == _MAINS and contactors & _MAINS != _MAINS and abs(current) > self._open_current:
            self._columns[n, _AT["openings_under_load"]] += 1.0
        self._contactors[n] = contactors
        self._tables[TABLES.index("contactor_command")][n] = _COMMANDS[contactors]

    def _balance(self, n: int, balancing: NDArray[np.uint8]) -> None:
        count = int(np.count_nonzero(balancing))
        if count or self._columns[n, _AT["balancing_count"]]:
            self._tables[TABLES.index("balancing")][n] = balancing
        self._columns[n, _AT["balancing_count"]] = count

    def _raise(
        self, n: int, alarms: NDArray[np.void], names: Mapping[int, str], time: float
    ) -> tuple[int, dict[str, int]]:
        """Take over active alarms; their highest level, and those that the profile does not know."""
        if not len(alarms) and not self._alarmed[n]:
            return 0, {}
        _, _, levels, sources, first, last, counts = (table[n] for table in self._tables)
        highest = 0
        unknown: dict[str, int] = {}
        active: dict[int, int] = {}
        for alarm, level, source, _ in alarms.tolist():
            highest = max(highest, level)
            name = names[alarm]
            k = self._position.get(name)
            if k is None:
                unknown[name] = max(level, unknown.get(name, 0))
                continue
            if level > max(levels[k], active.get(k, 0)):
                sources[k] = 0.0 if source == NO_SOURCE else source + 1.0
                first[k] = time if math.isnan(first[k]) else first[k]
                last[k] = time
                counts[k] += 1.0
            active[k] = max(level, active.get(k, 0))
        if active or self._alarmed[n]:
            levels[:] = 0.0
            for k, level in active.items():
                levels[k] = level
        self._alarmed[n] = bool(active)
        return highest, unknown


@kernel
def is_plain(words, numbers, balancing):  # type: ignore[no-untyped-def]
    """Whether there is no alarm and all values are certainly allowed; see :mod:`bms_emulator.firmware.native.problems`.

    words (8), limits [A] [W], shares [1] and energies [J] (12), balancing (cell).
    """
    chiller = words[6]
    wrong = words[0] > 0 or words[1] > LOG_CAPACITY or words[2] > 0b111 or words[3] > 0b1111
    wrong |= words[4] > 10 or (chiller > 3 and chiller != NO_CHILLER_REQUEST) or words[7] > 8
    for k in range(12):
        largest = 1.0 if 8 <= k < 10 else 1e12
        wrong |= not 0.0 <= numbers[k] <= largest
    for k in (0, 1, 4, 5):
        wrong |= not numbers[k] <= numbers[k + 2]
    for k in range(balancing.shape[0]):
        wrong |= balancing[k] > 1
    return not wrong


@kernel
def spread_outputs(racks, columns, tables, targets, table_targets):  # type: ignore[no-untyped-def]
    """What is held for some racks: columns (n, column) to arrays (rack,), tables (n, several) to (rack, several)."""
    for n in range(racks.shape[0]):
        r = racks[n]
        for k in range(len(targets)):
            targets[k][r] = columns[n, k]
        for k in range(len(table_targets)):
            target, held = table_targets[k], tables[k]
            for i in range(held.shape[1]):
                target[r, i] = held[n, i]


@kernel
def limit_by_orders(  # type: ignore[no-untyped-def]
    # model
    racks,
    # inputs
    insulation_enabled,
    action,
    # out
    insulation_monitor_enabled,
    alarm_action,
):
    """Let an insulation monitor measure only where the bank lets it, and show the bank's action where it is higher."""
    for n in range(racks.shape[0]):
        r = racks[n]
        if not insulation_enabled[r]:
            insulation_monitor_enabled[r] = 0.0
        alarm_action[r] = max(alarm_action[r], action[r])
