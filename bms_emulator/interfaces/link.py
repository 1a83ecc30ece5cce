"""What an interface needs of the running emulator, wherever that runs.

An interface reads points, register images and events, and sends commands. It never touches the emulator itself: the
link may end in the same process (tests) or in shared memory (servers).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array

if TYPE_CHECKING:  # whoever only sends commands does without
    from bms_emulator.points.catalogue import Catalogue


@dataclass(frozen=True)
class Command:
    """Something asked of the emulator; applied whole at a tick boundary, or refused whole.

    Attributes:
        op: ``write``, ``fault_add``, ``fault_renew``, ``fault_clear``, ``fast_forward``.
        origin: Who asked, e.g. ``modbus:127.0.0.1:51234``, for the journal.
        args: For ``write``: ``{"writes": [[offset, value], ...]}`` with arena offsets and SI values, or
            ``{"refused": why}`` for one that the interface refused itself, so that journal and events tell of it.
            For ``fault_add``: ``{"fault": {...}, "dry_run": bool}``, the fault as its specification says, or a list of
            faults, of which all are added or none.
            For ``fault_renew``: ``{"names": [...]}``, faults whose leases begin anew.
            For ``fault_clear``: ``{"names": [...]}``, ``{"match": "pattern"}`` or ``{"all": true}``.
            For ``fast_forward``: ``{"days": number}``.
    """

    op: str
    origin: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ack:
    """The emulator's answer to a command.

    Attributes:
        accepted: Whether it was applied.
        tick: Tick at whose beginning it was applied.
        time: Simulated time of that tick [s].
        message: Why it was refused.
        result: What the command yields, e.g. the fault as added.
    """

    accepted: bool
    tick: int
    time: float
    message: str = ""
    result: Any = None


@dataclass(frozen=True)
class Event:
    """Something that happened: an alarm, a change of state, a command, a fault.

    Attributes:
        sequence: Counts up from 1 without gaps.
        tick: When.
        time: Simulated time [s].
        kind: ``alarm``, ``state``, ``command``, ``fault``, ``firmware``, ``clock``, ``server``.
        source: Component or point it belongs to, e.g. ``container[1].rack[3]``.
        data: What happened.
    """

    sequence: int
    tick: int
    time: float
    kind: str
    source: str
    data: dict[str, Any]


class Link(Protocol):
    """The running emulator as an interface sees it."""

    @property
    def catalogue(self) -> "Catalogue":
        """The points of the site."""

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        """Copies of values by arena offset, all of one tick: (values, tick, simulated time [s])."""

    def image(self, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` of the register images, all of one tick."""

    def events(self, after: int) -> list[Event]:
        """Events with a sequence number greater than ``after``, oldest first; old ones may have been dropped."""

    def status(self) -> dict[str, Any]:
        """Clock, punctuality and ``faults``, a list of all faults with those of links, as plain data."""

    async def command(self, command: Command) -> Ack:
        """Send a command and wait for its answer.

        Raises:
            TimeoutError: No answer within two seconds of real time.
        """
