"""The EMS on a site in the same process, stepped cycle by cycle, faster than real time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bms_emulator.testing.served import ServedBench
from hil.ems.config import Address, Config

SITE = "ems-two-containers"
STEP_MS = 1000
"""Tick of a site that is stepped: the coarsest."""
TIMEOUT = 0.5
"""Longest wait for an answer, in which the site stands still [s of the clock on the wall]."""
PATIENCE = 5.0
"""Longest wait of a cycle: for every answer, whatever else the machine has to do, so that runs are alike [s]."""
MISSED = 3
"""Cycles without a heartbeat that the batteries bear; their default suits a cycle of a second or two."""


def stepped_site(cycle: float, wanted: Mapping[str, Any] | None = None) -> ServedBench:
    """The site, commissioned for cycles of a length [s]; wanted: values in place of those of its profiles."""
    timing = {
        "firmware.timing.heartbeat_timeout_s": MISSED * cycle,
        "firmware.timing.heartbeat_open_s": 3 * MISSED * cycle,
    }
    return ServedBench(SITE, {"step_ms": STEP_MS, **timing, **(wanted or {})})


class Steps:
    """Cycles of a length [s] on a bench, what the writes of a cycle take included: each waits for its tick."""

    def __init__(self, bench: ServedBench, cycle: float) -> None:
        self._bench, self._cycle, self._next = bench, cycle, 0.0

    async def __call__(self) -> None:
        """Let time pass until the next cycle is due."""
        now = self._bench.emulator.time
        self._next = max(self._next + self._cycle, now)
        await self._bench.run(self._next - now)


def relocated(config: Config, bench: ServedBench, cycle: float) -> Config:
    """The site at the ports that the system chose for a bench, commissioned for cycles of a length [s]."""
    ports = {listener.address[0]: listener.address[1] for listener in bench.server.listeners}  # type: ignore[attr-defined]

    def moved(address: Address) -> Address:
        return replace(address, port=ports[address.host])

    containers = tuple(
        replace(row, battery=moved(row.battery), pcs=moved(row.pcs), chiller=moved(row.chiller))
        for row in config.containers
    )
    return replace(
        config,
        containers=containers,
        meter=moved(config.meter),
        timeout=TIMEOUT,
        patience=PATIENCE,
        watchdog=MISSED * cycle,
    )


def injector(bench: ServedBench) -> Any:
    """What has a bench do something wrong."""

    async def inject(fault: dict[str, Any]) -> None:
        bench.order("fault_add", fault=fault)

    return inject
