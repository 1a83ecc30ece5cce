"""The EMS on a site in the same process, stepped cycle by cycle, faster than real time."""

from dataclasses import replace
from typing import Any

from hil.bench import Bench
from hil.ems.config import Address, Config


def relocated(config: Config, bench: Bench) -> Config:
    """The site at the ports that the system chose for a bench."""
    ports = {listener.address[0]: listener.address[1] for listener in bench.server.listeners}  # type: ignore[attr-defined]

    def moved(address: Address) -> Address:
        return replace(address, port=ports[address.host])

    containers = tuple(
        replace(row, battery=moved(row.battery), pcs=moved(row.pcs), chiller=moved(row.chiller))
        for row in config.containers
    )
    return replace(config, containers=containers, meter=moved(config.meter))


def injector(bench: Bench) -> Any:
    """What has a bench do something wrong."""

    async def inject(fault: dict[str, Any]) -> None:
        bench.order("fault_add", fault=fault)

    return inject
