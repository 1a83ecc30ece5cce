"""Mailboxes between masters and bank controllers, as faults bend them: deaf, late, repeating.

What masters write stands in the arrays of :class:`bms_emulator.firmware.contract.Commands` between periods; what a bank
controller sees stands there only while it runs. Its own writes reach both.
"""

from collections import deque

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Commands, ControllerOverlay
from bms_emulator.firmware.reference.rows import Rows, fields
from bms_emulator.firmware.reference.state import ReferenceState
from bms_emulator.timing import has_lasted

_PULSES = "alarm_reset", "service_reset"
_SEEN = {"request": "request_seen", "operation": "operation_seen", "rack_request": "rack_request_seen"}
"""What a bank controller has seen of each request."""
_NOT_SEEN = -1.0


class Mailboxes:
    """What bank controllers see of their masters' writes.

    Args:
        commands: What masters write.
        private: Memory of bank controllers.
        overlay: How faults bend the mailboxes.
        dt: Firmware period [s].

    Attributes:
        is_bent: Whether any of them is bent.
    """

    def __init__(self, commands: Commands, private: ReferenceState, overlay: ControllerOverlay, dt: float) -> None:
        self.is_bent = False
        self._private = private
        self._overlay = overlay
        self._dt = dt
        self._fields = {name: array for name, array, *_ in fields(commands)}
        self._per_container = commands.rack_request.size // commands.request.size
        self._bent: Rows = np.zeros(commands.request.size, np.bool_)
        self._late: Rows = self._bent.copy()
        self._supervised: Array = np.full(commands.request.size, np.nan)  # NaN: not deaf to heartbeats
        self._told = {name: array.copy() for name, array in self._fields.items()}
        self._view = {name: array.copy() for name, array in self._fields.items()}
        self._shown: dict[str, Array] = {}
        self._waiting: deque[tuple[float, str, int, float, bool]] = deque()  # rest [s], field, row, value, repeated

    def bend(self) -> None:
        """Take over a change of the overlay, between periods."""
        over = self._overlay
        self._hear_heartbeats(over.heartbeat_deaf != 0.0)
        bent = (over.mailbox_deaf != 0.0) | (over.mailbox_delay > 0.0) | (over.mailbox_echo > 0.0)
        bent |= over.heartbeat_deaf != 0.0
        for name, array in self._fields.items():
            begins, ends = self._rows(array, bent & ~self._bent), self._rows(array, self._bent & ~bent)
            self._told[name][begins] = self._view[name][begins] = array[begins]
            if name in _SEEN:
                seen = getattr(self._private, _SEEN[name])
                missed = ends & (array == self._told[name]) & (array != self._view[name])
                missed &= ~self._rows(array, self._late)
                seen[missed] = array[missed]
        waiting = list(self._waiting)
        self._waiting.clear()
        for each in waiting:
            _, name, row, _, is_repeated = each
            if bent[self._container(name, row)]:
                self._waiting.append(each)
            elif name in _PULSES and not is_repeated:
                self._fields[name][row] = 1.0
        self._bent, self._late = bent, over.mailbox_delay > 0.0
        self.is_bent = bool(bent.any())

    def open(self) -> None:
        """Show bank controllers what they are to see, before they run."""
        self._listen()
        self._deliver()
        self._private.master_supervised[self._overlay.heartbeat_deaf != 0.0] = 1.0
        for name, array in self._fields.items():
            rows = self._rows(array, self._bent)
            self._told[name][rows] = array[rows]
            array[rows] = self._view[name][rows]
            self._shown[name] = array.copy()

    def close(self) -> None:
        """Show masters what they wrote, and what bank controllers wrote themselves, after they have run."""
        for name, array in self._fields.items():
            rows = self._rows(array, self._bent)
            self._view[name][rows] = array[rows]
            own = rows & (array != self._shown[name])
            told = self._told[name]
            told[own] = array[own]
            if name in _PULSES:
                told[rows] = 0.0
            array[rows] = told[rows]

    def _listen(self) -> None:
        """Take up what masters have written since the last period."""
        over = self._overlay
        for name, array in self._fields.items():
            news = self._rows(array, self._bent) & (array != self._told[name])
            for row in np.flatnonzero(news):
                c = self._container(name, int(row))
                if over.mailbox_deaf[c] != 0.0 or (name == "heartbeat_master" and over.heartbeat_deaf[c] != 0.0):
                    continue
                value = float(array[row])
                self._waiting.append((float(over.mailbox_delay[c]), name, int(row), value, False))
                if over.mailbox_echo[c] > 0.0 and (name in _SEEN or name in _PULSES):
                    later = float(over.mailbox_delay[c] + over.mailbox_echo[c])
                    self._waiting.append((later, name, int(row), value, True))

    def _deliver(self) -> None:
        """Put into the mailboxes what has arrived by now."""
        for _ in range(len(self._waiting)):
            rest, name, row, value, is_repeated = self._waiting.popleft()
            if not has_lasted(-rest, 0.0, self._dt):
                self._waiting.append((rest - self._dt, name, row, value, is_repeated))
                continue
            self._view[name][row] = value
            if is_repeated and name in _SEEN:
                getattr(self._private, _SEEN[name])[row] = _NOT_SEEN

    def _hear_heartbeats(self, deaf: Rows) -> None:
        """A master whose heartbeat is not seen any more counts as supervised; afterwards as it was before."""
        supervised = self._private.master_supervised
        begins, ends = deaf & np.isnan(self._supervised), ~deaf & ~np.isnan(self._supervised)
        self._supervised[begins] = supervised[begins]
        self._private.heartbeat_silence[begins] = 0.0
        supervised[ends] = self._supervised[ends]
        self._private.heartbeat_silence[ends] = 0.0
        self._supervised[ends] = np.nan

    def _rows(self, array: Array, containers: Rows) -> Rows:
        return containers if array.size == containers.size else containers.repeat(self._per_container)

    def _container(self, name: str, row: int) -> int:
        return row if self._fields[name].size == self._bent.size else row // self._per_container
