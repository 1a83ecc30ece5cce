"""A battery on the bench with its driver: cycles of one second, and power asked of the PCS."""

import asyncio
from dataclasses import dataclass

from bms_emulator.testing.served import ServedBench
from hil.openems.driver import Driver, State

START_TIMEOUT = 300
"""Longest start and stop that the storage system above the battery bears [s]."""
PATIENT, IMPATIENT = 30.0, 0.05
"""Time-outs of requests: time stands still meanwhile, so that a busy machine may take its time, unless the bench leaves
requests without an answer [s]."""


@dataclass
class Stage:
    """Both of them.

    Attributes:
        bench: The battery.
        driver: Its driver.
    """

    bench: ServedBench
    driver: Driver

    async def cycle(self, count: int = 1) -> None:
        """Let the driver have its cycles, and the second after each pass."""
        for _ in range(count):
            await self.driver.run_cycle()
            await self.run()

    async def run(self) -> None:
        """Let a second pass, and both ends of the connection notice what the other did."""
        await self.bench.run(1)
        for _ in range(5):
            await asyncio.sleep(0)

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

    def hurry(self) -> None:
        """Wait for answers no longer than it takes: some will not come."""
        self.driver.bridge.close()
        self.driver.bridge.timeout = IMPATIENT

    def ask_power(self, power: float) -> None:
        """Ask the PCS for power, positive in discharge [W]."""
        find = self.bench.emulator.catalogue.find
        asked = {"setpoint_enabled": 1.0, "power_setpoint": power}
        self.bench.order("write", writes=[[find(f"pcs[1].{name}")[1], value] for name, value in asked.items()])
