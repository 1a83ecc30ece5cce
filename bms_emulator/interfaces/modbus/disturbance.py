"""Link faults as a server applies them: which requests and connections they hit, and what becomes of those.

Every fault has a sequence of random numbers of its own for each device, from its seed and the device's place in the
site: what happens on one device does not change what happens on another.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bms_emulator.faults.wire import WireTarget
from bms_emulator.interfaces.link import Link
from bms_emulator.interfaces.modbus.device import DevicePlan, UnitPlan
from bms_emulator.interfaces.modbus.distorted import Distorted
from bms_emulator.interfaces.modbus.distortion import Settings

Peer = tuple[str, int] | None
"""Address and port of a client; None on a serial line."""

Fate = Literal["dead", "reset"]
"""What becomes of an open connection: nobody is at its other end any more, or it is reset."""

ON_SOCKETS = frozenset(("modbus-refuse", "modbus-mute", "modbus-half-open", "modbus-connection-limit"))
"""Faults that hit connections; all others hit requests."""
_TORN, _FROZEN, _RESTART = "modbus-tear", "modbus-freeze", "modbus-restart"


@dataclass(frozen=True)
class WireFault:
    """A link fault of the emulator's status.

    Attributes:
        key: What tells it from others.
        kind: Full name of its kind.
        target: What it hits.
        seed: Of its random numbers.
        settings: Its settings, those that grow at their present strength; None while it rests.
    """

    key: tuple[Any, ...]
    kind: str
    target: WireTarget
    seed: int
    settings: Settings | None


def wire_faults(faults: Iterable[Mapping[str, Any]]) -> list[WireFault]:
    """The faults of Modbus connections among those of the emulator's status."""
    return [
        WireFault(
            (fault["id"], fault["name"], fault["seed"]),
            fault["kind"],
            WireTarget.read(fault["target"]),
            fault["seed"],
            fault["wire"],
        )
        for fault in faults
        if "wire" in fault and fault["kind"].startswith("modbus-")
    ]


@dataclass(eq=False)
class Disturbance:
    """A fault that acts on a device.

    Attributes:
        fault: The fault.
        seed: Of all that is random about it on this device.
        chance: Its sequence of random numbers.
        since: Number of the first connection that was opened after its beginning.
        held: Images of earlier, by unit; see :class:`bms_emulator.interfaces.modbus.distorted.Distorted`.
    """

    fault: WireFault
    seed: str
    chance: random.Random
    since: int
    held: dict[int, bytes] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Its settings."""
        assert self.fault.settings is not None  # it acts
        return self.fault.settings

    def chooses(self, number: int) -> bool:
        """Whether a connection is among the share that it hits."""
        share: float = self.settings["probability"]
        return random.Random(f"{self.seed}:{number}").random() < share


class Disturbances:
    """The link faults that act on one device.

    Args:
        link: The running emulator.
        device: The device.
        place: Place of the device in the site.

    Attributes:
        active: Those that act now; empty nearly always.
    """

    def __init__(self, link: Link, device: DevicePlan, place: int) -> None:
        self.active: tuple[Disturbance, ...] = ()
        self._link = link
        self._device = device
        self._place = place
        self._opened = 0
        self._chances: dict[tuple[Any, ...], random.Random] = {}
        self._tick = -1
        self._now: dict[int, bytes] = {}

    def update(self, faults: Iterable[WireFault]) -> None:
        """Take over the faults of the emulator's status; one that goes on keeps what it knows."""
        before = {disturbance.fault.key: disturbance for disturbance in self.active}
        chances: dict[tuple[Any, ...], random.Random] = {}
        active: list[Disturbance] = []
        for fault in faults:
            if not self._is_hit(fault.target):
                continue
            seed = f"{fault.seed}:{self._place}"
            chances[fault.key] = self._chances.get(fault.key) or random.Random(seed)
            if fault.settings is None:
                continue
            known = before.get(fault.key)
            if known is None:
                known = Disturbance(fault, seed, chances[fault.key], self._opened)
                if fault.kind in (_FROZEN, _TORN):
                    known.held = self._images(fault.target)
            known.fault = fault
            active.append(known)
        self.active, self._chances = tuple(active), chances

    def remember(self) -> None:
        """Keep images of the tick before for values that are to be torn. Called again and again."""
        torn = [disturbance for disturbance in self.active if disturbance.fault.kind == _TORN]
        if not torn:
            self._now = {}
            return
        _, tick, _ = self._link.values(slice(0, 0))
        if tick != self._tick:
            self._tick, before, self._now = tick, self._now, self._images(WireTarget())
            for disturbance in torn:
                disturbance.held = before or self._now

    def _is_hit(self, target: WireTarget) -> bool:
        return any(
            target.shows(unit.map, unit.container) and target.unit in (None, unit.unit)
            for unit in self._device.units.values()
        )

    def _images(self, target: WireTarget) -> dict[int, bytes]:
        """Images of the units that a target means, by unit, all of each."""
        units = {n: u for n, u in self._device.units.items() if target.shows(u.map, u.container)}
        return {number: self._link.image(*_span(unit)) for number, unit in units.items()}

    # ---- connections

    @property
    def refuses(self) -> bool:
        """Whether nobody is to listen."""
        return any(disturbance.fault.kind == "modbus-refuse" for disturbance in self.active)

    def opened(self) -> int:
        """Number of a connection that is being opened."""
        self._opened += 1
        return self._opened - 1

    def admits(self, count: int) -> bool:
        """Whether the device takes the last of so many connections."""
        limits = [d.settings["limit"] for d in self.active if d.fault.kind == "modbus-connection-limit"]
        return all(count <= limit for limit in limits)

    def mutes(self, number: int, peer: Peer) -> bool:
        """Whether nothing is answered on a connection."""
        return any(
            d.fault.kind == "modbus-mute" and number >= d.since and d.fault.target.meets(peer) and d.chooses(number)
            for d in self.active
        )

    def fate(self, number: int, peer: Peer) -> Fate | None:
        """What becomes of an open connection."""
        for d in self.active:
            if number >= d.since or not d.fault.target.meets(peer):
                continue
            if d.fault.kind == _RESTART:
                return "reset"
            if d.fault.kind == "modbus-half-open" and d.chooses(number):
                return "dead"
        return None

    def meet(self, peer: Peer) -> bool:
        """Whether any of them may hit a client."""
        return any(disturbance.fault.target.meets(peer) for disturbance in self.active)

    # ---- requests

    def strike(self, unit: UnitPlan | None, peer: Peer) -> Distorted | None:
        """What becomes of a request to a unit; one that there is not belongs to no map. None where nothing does."""
        struck = [
            (d.fault.kind, d.settings, d.chance, d.held)
            for d in self.active
            if d.fault.kind not in ON_SOCKETS and _means(d.fault.target, unit) and d.fault.target.meets(peer)
            if d.chance.random() < d.settings.get("probability", 1.0)
        ]
        return Distorted(unit, struck) if struck else None


def _means(target: WireTarget, unit: UnitPlan | None) -> bool:
    if unit is None:
        return target.map is None
    return target.shows(unit.map, unit.container) and target.unit in (None, unit.unit)


def _span(unit: UnitPlan) -> tuple[int, int]:
    """First byte of the images of a unit, and behind the last."""
    parts = [part for parts in unit.ranges.values() for part in parts]
    return min(p.offset for p in parts), max(p.offset + 2 * (p.stop - p.start) for p in parts)
