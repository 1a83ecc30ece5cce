"""A battery on the bench with its driver: cycles of one second, and power asked of the PCS."""

from dataclasses import dataclass

from hil.bench import Bench
from hil.openems.driver import Driver, State

START_TIMEOUT = 300
"""Longest start and stop that the storage system above the battery bears [s]."""


@dataclass
class Stage:
    """Both of them.

    Attributes:
        bench: The battery.
        driver: Its driver.
    """

    bench: Bench
    driver: Driver

    async def cycle(self, count: int = 1) -> None:
        """Let the driver have its cycles, and the second after each pass."""
        for _ in range(count):
            await self.driver.run_cycle()
            await self.bench.run(1)

    async def read_all(self) -> None:
        """As many cycles as it takes to read everything."""
        await self.cycle(self.driver.bridge.low_count)

    async def until(self, state: State, limit: int = START_TIMEOUT) -> int:
        """Cycles until the driver is in a state."""
        for n in range(limit):
            if self.driver.state is state:
                return n
            await self.cycle()
        raise AssertionError(f"{self.driver.state} after {limit} cycles, not {state}")

    async def start(self) -> int:
        """Ask the driver to start; cycles until the battery runs."""
        self.driver.target = True
        return await self.until(State.RUNNING)

    def ask_power(self, power: float) -> None:
        """Ask the PCS for power, positive in discharge [W]."""
        find = self.bench.emulator.catalogue.find
        asked = {"setpoint_enabled": 1.0, "power_setpoint": power}
        self.bench.order("write", writes=[[find(f"pcs[1].{name}")[1], value] for name, value in asked.items()])
