"""The site controller: one cycle reads all devices, decides, and writes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hil.ems.clock import Clock
from hil.ems.config import Config, Container
from hil.ems.device import Device
from hil.ems.dispatch import Share, split, wanted_power
from hil.ems.ledger import Ledger
from hil.ems.meter import SunSpecMeter
from hil.ems.unit import State, Unit
from hil.ems.units import DAY


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        time: Since the start [s].
        who: Whom it happened to.
        text: What happened.
    """

    time: float
    who: str
    text: str

    def __str__(self) -> str:
        return f"{moment(self.time)}  {self.who}: {self.text}"


def moment(time: float) -> str:
    """A time since the start [s], for people."""
    seconds = int(time)
    return f"day {seconds // 86400 + 1} {seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


class Controller:
    """An EMS of one site.

    Args:
        config: The site.
        tell: Called with each event as it happens.

    Attributes:
        units: Containers with their PCS and chillers.
        meter: The meter.
        clock: Simulated time.
        ledger: What was measured and what held.
        events: What happened.
        demand: What the site would take from the grid without batteries [W].
    """

    def __init__(self, config: Config, tell: Callable[[Event], None] = lambda _: None) -> None:
        self.config = config
        self.clock = Clock()
        self.events: list[Event] = []
        self.demand = 0.0
        self.grid = True
        self._tell = tell
        self._count = 0
        self.meter: SunSpecMeter = config.meter.device("meter", config.timeout)
        self.units = [self._unit(container) for container in config.containers]
        self.ledger = Ledger(config.plan, self.units)

    @property
    def devices(self) -> list[Device]:
        """Every device."""
        return [self.meter, *(device for unit in self.units for device in (unit.battery, unit.pcs, unit.chiller))]

    @property
    def time_of_day(self) -> float:
        """Time since midnight [s]."""
        return (self.config.start + self.clock.now) % DAY

    async def cycle(self) -> float:
        """Read, decide and write once; returns the time that has passed since the last cycle [s]."""
        await self._read()
        elapsed = self.clock.advance(self.devices)
        for device in self.devices:
            device.watch(elapsed)
        self._look_at_grid()
        for unit in self.units:
            unit.grid = self.grid
            unit.step(elapsed)
        shares = [unit.share(self.config.plan) for unit in self.units]
        self._dispatch(elapsed, shares)
        self.ledger.add(self, elapsed, shares)
        self._beat()
        await asyncio.gather(*(device.send() for device in self.devices))
        return elapsed

    def stop(self) -> None:
        """Take all containers out of service; the cycles that follow do it."""
        for unit in self.units:
            unit.wanted = False

    @property
    def stopped(self) -> bool:
        """Whether all containers are off the bus and their DC breakers open, or out of reach."""
        return all(
            (unit.state is State.STOPPED and unit.battery.off and unit.pcs.dc_open) or unit.state is State.LOST
            for unit in self.units
        )

    def close(self) -> None:
        """Close all connections."""
        for device in self.devices:
            device.close()

    async def _read(self) -> None:
        """Read all devices, but wait for none of them longer than the others can do without orders."""
        done, _ = await asyncio.wait([device.begin() for device in self.devices], timeout=self.config.patience)
        for task in done:
            task.result()

    def _unit(self, container: Container) -> Unit:
        name, timeout = container.name, self.config.timeout
        return Unit(
            name=name,
            battery=container.battery.device(f"{name} battery", timeout),
            pcs=container.pcs.device(f"{name} PCS", timeout),
            chiller=container.chiller.device(f"{name} chiller", timeout),
            rated_power=container.rated_power,
            rated_energy=container.rated_energy,
            tell=lambda text: self._note(name, text),
        )

    def _note(self, who: str, text: str) -> None:
        event = Event(self.clock.now, who, text)
        self.events.append(event)
        self._tell(event)

    def _look_at_grid(self) -> None:
        grid = self.meter.available and self.meter.live(self.config.grid_voltage)
        if grid != self.grid:
            self._note("site", "grid is back" if grid else "grid or meter is gone")
            self.grid = grid

    def _dispatch(self, elapsed: float, shares: list[Share]) -> None:
        if self.meter.fresh and all(unit.pcs.fresh for unit in self.units if unit.pcs.available):
            delivered = sum(unit.pcs["power"] for unit in self.units if unit.pcs.available)
            self.demand = self.meter.imported + delivered
        ready = [(unit, share) for unit, share in zip(self.units, shares, strict=True) if unit.in_service]
        room = sum(unit.rated_energy for unit, _ in ready)
        soc = sum(unit.battery["soc"] * unit.rated_energy for unit, _ in ready) / room if room else 1.0
        wanted = wanted_power(self.config.plan, self.demand, self.time_of_day, soc)
        powers = split(wanted if self.grid else 0.0, [share for _, share in ready])
        for (unit, share), power in zip(ready, powers, strict=True):
            unit.dispatch(self.config.plan, power, elapsed, share)

    def _beat(self) -> None:
        self._count += 1
        for unit in self.units:
            if unit.battery.fresh:
                unit.battery.beat(self._count)
            if unit.pcs.fresh:
                unit.pcs.beat(self._count, self.config.watchdog)
