"""A site without an emulator: plain arrays that show what a test put there and take what an interface writes."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array
from bms_emulator.interfaces.link import Ack, Command, Event
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.loader import load_site


@cache
def demo_catalogue() -> Catalogue:
    return Catalogue(load_site("demo"))


class FakeSite:
    """A link to the demo site: it takes writes and faults as the emulator does, and remembers every command."""

    def __init__(self) -> None:
        self.catalogue = demo_catalogue()
        self.arena = Arena(self.catalogue.layout)
        self.tick = 0
        self.dt = 0.1
        self.commands: list[Command] = []
        self.faults: dict[str, dict[str, Any]] = {}
        self.silent = False
        self._events: list[Event] = []

    @property
    def time(self) -> float:
        return self.tick * self.dt

    def set(self, selector: str, value: Any) -> None:
        for selection in self.catalogue.select(selector):
            self.arena.buffer[selection.offsets()] = value

    def get(self, name: str) -> float:
        return float(self.arena.buffer[self.catalogue.find(name)[1]])

    def happen(self, kind: str = "alarm", source: str = "container[1].rack[3]", /, **data: Any) -> Event:
        event = Event(len(self._events) + 1, self.tick, self.time, kind, source, data)
        self._events.append(event)
        return event

    def forget(self, sequence: int) -> None:
        """Drop the events up to this one, as a bounded buffer does."""
        self._events = [event for event in self._events if event.sequence > sequence]

    def values(self, offsets: NDArray[np.int64] | slice) -> tuple[Array, int, float]:
        return self.arena.buffer[offsets].copy(), self.tick, self.time

    def image(self, start: int, stop: int) -> bytes:
        return bytes(stop - start)

    def events(self, after: int) -> list[Event]:
        return [event for event in self._events if event.sequence > after]

    def status(self) -> dict[str, Any]:
        return {
            "tick": self.tick,
            "time": self.time,
            "speed": self.get("emulator.speed"),
            "speed_actual": 0.9998,
            "ticks_skipped": 0,
            "overruns": 2,
            "lateness": {"p50": 6.1e-5, "p99": 2.1e-4},
            "faults": list(self.faults.values()),
        }

    async def command(self, command: Command) -> Ack:
        self.commands.append(command)
        if self.silent:
            raise TimeoutError
        try:
            result = getattr(self, f"_{command.op}")(command.args)
        except (KeyError, ValueError) as error:
            return Ack(False, self.tick, self.time, str(error))
        return Ack(True, self.tick, self.time, result=result)

    def _write(self, args: dict[str, Any]) -> None:
        checked = [(at, self.catalogue.at(at).check(value)) for at, value in args["writes"]]
        for at, value in checked:
            self.arena.buffer[at] = value

    def _fault_add(self, args: dict[str, Any]) -> dict[str, Any]:
        fault = args["fault"]
        if "kind" not in fault:
            raise PointError("fault: kind is missing; near: stuck, offset")
        added = {"name": f"fault{len(self.faults) + 1}", **fault}
        if not args.get("dry_run"):
            self.faults[added["name"]] = added
        return added

    def _fault_clear(self, args: dict[str, Any]) -> list[str]:
        names = list(self.faults) if args.get("all") else [n for n in args.get("names", []) if n in self.faults]
        if not names and not args.get("all"):
            raise PointError(f"no fault is named {args.get('names')}")
        for name in names:
            del self.faults[name]
        return names

    def _fast_forward(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"days": args["days"]}
