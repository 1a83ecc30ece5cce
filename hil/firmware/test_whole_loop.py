"""The example firmware in a rack of a whole site: real cells, sensors, bank controller, faults; its neighbours run the
reference firmware."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bms_emulator.firmware.contract import RackMode
from bms_emulator.interfaces.link import Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator

pytestmark = pytest.mark.component

RACKS = 3
POWER = 60e3
OVERVOLTAGE = {
    "kind": "stuck",
    "target": "rack[1].cell[41].voltage",
    "parameters": {"value": "3.70V"},
    "name": "ov",
}


class Site:
    """A cabinet of three racks, the first of which runs the example."""

    def __init__(self, library: Path, step_ms: int = 100) -> None:
        row = {"racks": "rack[1]", "library": str(library)}
        wanted = {
            "container.rack_count": RACKS,
            "container.pump.rated_flow_lpm": 40 * RACKS,
            "step_ms": step_ms,
            "user_firmware": [row],
        }
        self.emulator = Emulator(load_site("cabinet", wanted), seed=7)

    def get(self, name: str) -> float:
        return float(self.emulator.arena.buffer[self.emulator.catalogue.find(name)[1]])

    def modes(self) -> list[RackMode]:
        return [RackMode(int(self.get(f"rack[{n}].mode"))) for n in range(1, RACKS + 1)]

    def order(self, op: str, **told: Any) -> None:
        ack = self.emulator.apply(Command(op, "test", told))
        assert ack.accepted, ack.message

    def write(self, **values: float) -> None:
        catalogue = self.emulator.catalogue
        self.order("write", writes=[[catalogue.find(f"container[1].{name}")[1], v] for name, v in values.items()])

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / self.emulator.dt)):
            self.emulator.tick()

    def wait(self, condition: Callable[[], bool], within: float, what: str) -> None:
        for _ in range(round(within / self.emulator.dt)):
            if condition():
                return
            self.emulator.tick()
        raise AssertionError(f"not within {within:g} s: {what}: {self.modes()}, {self.emulator.take_events()}")

    def connect(self) -> None:
        self.write(request=1.0)
        self.wait(lambda: set(self.modes()) == {RackMode.CONNECTED}, 60.0, "all racks connect")

    def discharge(self, power: float = POWER) -> None:
        pcs = {"setpoint_enabled": 1.0, "setpoint_mode": 1.0, "power_setpoint": power}
        find = self.emulator.catalogue.find
        self.order("write", writes=[[find(f"pcs[1].{name}")[1], value] for name, value in pcs.items()])


@pytest.fixture
def site(library: Path) -> Iterator[Site]:
    site = Site(library)
    yield site
    site.emulator.close()


def test_the_example_works_beside_the_reference_firmware(site: Site) -> None:
    site.connect()
    before = [site.get(f"rack[{n}].soc") for n in (1, 2)]
    site.discharge()
    site.run(120.0)
    assert set(site.modes()) == {RackMode.CONNECTED}
    mine, neighbour = (site.get(f"rack[{n}].current") for n in (1, 2))
    assert mine == pytest.approx(neighbour, rel=0.2)
    falls = [was - site.get(f"rack[{n}].soc") for n, was in zip((1, 2), before, strict=True)]
    assert falls[0] == pytest.approx(falls[1], rel=0.2)
    assert falls[0] > 0.0


def test_an_overvoltage_opens_the_rack_of_the_example_and_no_other(site: Site) -> None:
    site.connect()
    site.discharge()
    site.run(5.0)
    both = site.get("container[1].discharge_current_limit")
    site.order("fault_add", fault=OVERVOLTAGE)
    site.wait(lambda: site.modes()[0] == RackMode.FAULT, 8.0, "rack 1 opens")
    site.run(2.0)
    assert site.modes()[1:] == [RackMode.CONNECTED] * (RACKS - 1)
    assert site.get("rack[1].current") == pytest.approx(0.0, abs=1.0)
    assert site.get("rack[1].alarm[cell_overvoltage].level") == 3.0
    assert site.get("rack[1].alarm[cell_overvoltage].source") == 41.0
    assert site.get("container[1].discharge_current_limit") < 0.8 * both


def test_a_reset_brings_the_rack_back_once_the_fault_is_cleared(site: Site) -> None:
    site.connect()
    site.order("fault_add", fault=OVERVOLTAGE)
    site.wait(lambda: site.modes()[0] == RackMode.FAULT, 8.0, "rack 1 opens")
    site.write(alarm_reset=1.0)
    site.run(1.0)
    assert site.modes()[0] == RackMode.FAULT
    site.order("fault_clear", names=["ov"])
    site.run(10.0)
    site.write(alarm_reset=1.0)
    site.connect()


def test_a_tick_of_the_firmwares_own_period_does_as_well(library: Path) -> None:
    site = Site(library, step_ms=10)
    try:
        site.connect()
    finally:
        site.emulator.close()


def test_equal_runs_give_equal_decisions(library: Path) -> None:
    hashes = []
    for _ in range(2):
        site = Site(library)
        site.connect()
        site.discharge()
        site.run(10.0)
        hashes.append(site.emulator.firmware_hash())
        site.emulator.close()
    assert hashes[0] == hashes[1]
