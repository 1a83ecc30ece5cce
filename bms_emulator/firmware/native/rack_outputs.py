"""From the outputs of user firmware to what the emulator publishes for its racks.

A user's firmware has the last word on everything that a controller decides. What it does not give stays as the
reference firmware works it out from the same measurements: extremes, means and sums of cells and packs, cycles,
resistance. Times and counts of alarms, and openings under load, are kept here.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Action, ConnectFailure, RackMode, RackOrders, RackOutputs
from bms_emulator.firmware.native.abi import NO_CHILLER_REQUEST, NO_SOURCE
from bms_emulator.firmware.native.output_block import OutputBlock
from bms_emulator.firmware.native.ranges import HIGHEST_LEVEL, NUMBERS
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
    *NUMBERS,
    "connected",
    "openings_under_load",
    "alarm_level",
    "alarm_action",
    "balancing_count",
    "balancing_revision",
)
"""Outputs of which a rack has one."""
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
COUNTER = 65536
"""At which heartbeats and revisions begin anew."""
LEVEL_ACTION = (Action.NONE, Action.DERATE, Action.STOP, Action.OPEN)
"""What a level of an alarm means for the rack."""

_AT = {name: k for k, name in enumerate(COLUMNS)}
_LIMITS = slice(_AT["charge_current_limit"], _AT["soc"])
_NUMBERS = slice(_AT["charge_current_limit"], _AT["soe_discharge"] + 1)
_COMMANDS = np.array([[float(word >> k & 1) for k in range(3)] for word in range(8)])
"""Commands of the three contactors for each value of their bits."""
_MAINS = 0b101

Positions = NDArray[np.int64]


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
        for name in ("soc", "soh", "balancing_revision"):
            self._columns[:, _AT[name]] = getattr(outputs, name)[racks]
        self._columns[:, _AT["chiller_request"]] = math.nan
        self._contactors = [0] * len(racks)
        self._alarmed = [False] * len(racks)

    def take(self, n: int, block: OutputBlock, names: Mapping[int, str], current: float, time: float) -> dict[str, int]:
        """Hold what the n-th rack has decided now.

        Args:
            n: Which of the racks.
            block: Its outputs, which make sense.
            names: Names of its alarms by their numbers; one without is named ``alarm_`` and its number.
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
            heartbeat % COUNTER,
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
        row[_AT["alarm_level"]] = HIGHEST_LEVEL
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
        if self._tables[TABLES.index("balancing")][n].any():
            self._bleed(n, 0.0)

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
        if count == self._columns[n, _AT["balancing_count"]] == 0:
            return
        self._columns[n, _AT["balancing_count"]] = count
        if not np.array_equal(self._tables[TABLES.index("balancing")][n], balancing):
            self._bleed(n, balancing)

    def _bleed(self, n: int, balancing: NDArray[np.uint8] | float) -> None:
        """Bleed other cells than before, which the plant knows by the revision."""
        self._tables[TABLES.index("balancing")][n] = balancing
        row = self._columns[n]
        row[_AT["balancing_revision"]] = (row[_AT["balancing_revision"]] + 1.0) % COUNTER

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
            name = names.get(alarm, f"alarm_{alarm}")
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
