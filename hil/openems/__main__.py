"""Polls a running emulator in real time as OpenEMS does, starts the battery, and reports what it saw.

bms-emulator run ems-cluster-tower
python -m hil.openems cluster-tower --port 5040 --minutes 2
"""

import argparse
import asyncio
import logging
import time

from hil.openems.bridge import Bridge, RequestError
from hil.openems.cluster_c import ClusterC
from hil.openems.driver import Driver, State
from hil.openems.powercube_m2 import PowerCubeM2

CYCLE = 1.0
"""Time from one cycle to the next [s]."""
PORTS = {"cluster-tower": 5040, "pile-sleepwake": 5050}
"""Register maps that there is a driver for, and the port of the site that serves each."""


async def activate(register_map: str, bridge: Bridge) -> Driver:
    """The driver of a map, as soon as there is somebody at the other end."""
    if register_map == "pile-sleepwake":
        return PowerCubeM2(bridge)
    while True:
        try:
            return await ClusterC.activate(bridge)
        except RequestError as error:
            print(f"{error}; trying again")
            await asyncio.sleep(CYCLE)


def tell(driver: Driver, seconds: float) -> None:
    charge, discharge = driver.limits or (float("nan"), float("nan"))
    current = "?" if driver.current is None else f"{driver.current:.1f}"
    bridge = driver.bridge
    print(
        f"{seconds:6.0f} s  {driver.state.value:10}  SoC {'?' if driver.soc is None else driver.soc} %  "
        f"current {current} A  charge {charge:.1f} A  discharge {discharge:.1f} A  "
        f"connections {bridge.connects}  failures {bridge.failures}",
        flush=True,
    )


async def run(options: argparse.Namespace) -> Driver:
    """Run the cycles; a cycle that lasts longer than its second puts off those that follow."""
    driver = await activate(options.map, Bridge(options.host, options.port, options.unit))
    driver.target = True
    begin = due = time.monotonic()
    late, told, state = 0, begin - options.every, driver.state
    while time.monotonic() < begin + 60.0 * options.minutes:
        await driver.run_cycle()
        now = time.monotonic()
        if now - told >= options.every or driver.state is not state:
            tell(driver, now - begin)
            told, state = now, driver.state
        due += CYCLE
        late += now > due
        due = max(due, now)
        await asyncio.sleep(due - now)
    tell(driver, time.monotonic() - begin)
    bridge = driver.bridge
    bridge.close()
    print(
        f"{bridge.cycles} cycles, {late} of them too long; {bridge.low_count} cycles to read everything; "
        f"{bridge.answered} requests answered, {bridge.failures} failed; {bridge.connects} connections"
    )
    return driver


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hil.openems", description=__doc__.split("\n", 1)[0])
    parser.add_argument("map", choices=PORTS, help="register map that is served")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="that of the site made for the map where not given")
    parser.add_argument("--unit", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two lines")
    options = parser.parse_args()
    options.port = options.port or PORTS[options.map]
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    return 0 if asyncio.run(run(options)).state is State.RUNNING else 1


if __name__ == "__main__":
    raise SystemExit(main())
