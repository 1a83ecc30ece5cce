"""A site in this process, stepped by a test: time stands still until the test runs it."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Ack, Command, Event
from bms_emulator.interfaces.values import writes
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.link import LocalLink

ORIGIN = "bench"
"""Who asks for what a bench does, in journal and events."""


class RefusedError(ValueError):
    """The emulator refused a command; the message is its own."""


_TIMING = {key: key for key in ("shape", "at", "when", "rearm", "lease", "seed")} | {"duration": "for"}
"""What a fault is told besides its settings, and how its specification writes it."""


def fault_spec(kind: str, target: str, name: str | None = None, **parameters: Any) -> dict[str, Any]:
    """A fault as plain data.

    ``shape``, ``at``, ``when``, ``rearm``, ``duration``, ``lease`` and ``seed`` are taken as such, all others as
    settings of the kind.
    """
    told = {written: parameters.pop(key) for key, written in _TIMING.items() if key in parameters}
    return {"kind": kind, "target": target, **({"name": name} if name else {}), **told, "parameters": parameters}


class Bench:
    """A site, its faults and its points, without servers.

    Args:
        site: Site, by name, file, or loaded.
        wanted: Values in place of those of its profiles, by key path; of a loaded site, none.
        seed: Seed of the run.
    """

    def __init__(self, site: str | SiteProfile, wanted: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        profile = site if isinstance(site, SiteProfile) else load_site(site, wanted)
        self.emulator = Emulator(profile, seed)
        self.link = LocalLink(self.emulator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes of users' firmware."""
        self.emulator.close()

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.emulator.time

    def run(self, seconds: float) -> None:
        """Let simulated time pass [s]; whole ticks, one at least."""
        self.link.step(max(1, round(seconds / self.emulator.dt)))

    def get(self, name: str) -> float:
        """Value of a point in SI; NaN where it is invalid. LookupError: there is no such point."""
        return float(self.emulator.arena.buffer[self.emulator.catalogue.find(name)[1]])

    def values(self, selector: str) -> Array:
        """Values of the points that a selector picks, in SI, shape (points,). LookupError: it picks none."""
        offsets = [selection.offsets() for selection in self.emulator.catalogue.select(selector)]
        return self.emulator.arena.buffer[np.concatenate(offsets)].copy()

    def write(self, values: Mapping[str, object]) -> Ack:
        """Write points together: SI numbers, or texts with a unit or the name of a choice. RefusedError: none was."""
        try:
            offsets = writes(self.emulator.catalogue, values, self.emulator.catalogue.layout.size)
        except ValueError as error:
            raise RefusedError(str(error)) from None
        return self.order("write", writes=offsets)

    def fault(self, kind: str, target: str, name: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Add a fault, described as :func:`fault_spec` says.

        RefusedError: It cannot be.
        """
        spec = fault_spec(kind, target, name, **parameters)
        added: dict[str, Any] = self.order("fault_add", fault=spec).result
        return added

    def clear(self, *names: str) -> list[str]:
        """Clear faults by name, or all where none is given; returns their names. RefusedError: one is unknown."""
        cleared: list[str] = self.order("fault_clear", **({"names": list(names)} if names else {"all": True})).result
        return cleared

    def events(self, after: int = 0) -> list[Event]:
        """Events with a sequence number greater than this one, oldest first."""
        return self.link.events(after)

    def order(self, op: str, **told: Any) -> Ack:
        """Apply a command before the next tick. RefusedError: it was refused."""
        ack = self.emulator.apply(Command(op, ORIGIN, told))
        if not ack.accepted:
            raise RefusedError(ack.message)
        self.emulator.refresh_images()
        return ack
