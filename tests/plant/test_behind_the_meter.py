"""A site behind its meter as a whole: firmware, PCS, auxiliaries, load, PV."""

from typing import Any

import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.plant.state import PlantState
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from tests.plant.site_bench import IDEAL


class Site:
    """Emulator of the shipped site without interfaces, its rack on the bus where asked."""

    def __init__(self, *overrides: dict[str, Any], is_connected: bool = True) -> None:
        asked = {key: value for part in overrides for key, value in part.items()}
        self.emulator = Emulator(load_site("behind-the-meter", {"modbus.devices": []} | asked), seed=1)
        self.state = PlantState.of(self.emulator.arena)
        if is_connected:
            self.write("container[1].request", 1.0)
            self.write("pcs[1].setpoint_enabled", 1.0)
            while self.read("container.racks_connected") < 1.0:
                self.emulator.tick()
                assert self.emulator.time < 60.0

    def write(self, name: str, value: float) -> None:
        _, at = self.emulator.catalogue.find(name)
        ack = self.emulator.apply(Command("write", "test", {"writes": [[at, value]]}))
        assert ack.accepted, ack.message

    def read(self, name: str) -> float:
        _, at = self.emulator.catalogue.find(name)
        return float(self.emulator.arena.buffer[at])

    def fault(self, kind: str, target: str, **parameters: Any) -> None:
        ack = self.emulator.apply(
            Command("fault_add", "test", {"fault": {"kind": kind, "target": target, "parameters": parameters}})
        )
        assert ack.accepted, ack.message

    def balance(self) -> float:
        """What is given less what is taken, less what the grid gets [W]."""
        state = self.state
        given = float(state.pcs.power.sum() + state.pv.power)
        taken = float(state.load.power + state.containers.auxiliary_power.sum())
        return given - taken - float(state.grid.power)


def test_power_balances_at_the_meter_in_every_tick() -> None:
    site = Site(IDEAL)
    for power in (60e3, -60e3, 0.0):
        site.write("pcs[1].power_setpoint", power)
        for _ in range(40):
            site.emulator.tick()
            assert site.balance() == pytest.approx(0.0, abs=1e-6)
            assert site.read("meter.power") == pytest.approx(float(site.state.grid.power))


def test_battery_takes_the_load_off_the_grid() -> None:
    site = Site(IDEAL)
    site.write("load.override_enabled", 1.0)
    site.write("load.override_power", 150e3)
    site.emulator.tick()
    alone = site.read("meter.power")
    site.write("pcs[1].power_setpoint", 100e3)
    for _ in range(100):
        site.emulator.tick()
    assert site.read("meter.power") - alone == pytest.approx(100e3, rel=0.02)
    assert site.read("load.power") == pytest.approx(150e3)


def test_what_a_site_has_once_needs_no_index_and_cannot_be_written_but_for_commands() -> None:
    site = Site(is_connected=False)
    family, at = site.emulator.catalogue.find("meter.phase[b].power")
    assert family.point_name((1,)) == "meter.phase[b].power"
    assert not site.emulator.apply(Command("write", "test", {"writes": [[at, 1.0]]})).accepted
    _, limit = site.emulator.catalogue.find("pv.limit_fraction")
    assert not site.emulator.apply(Command("write", "test", {"writes": [[limit, 1.5]]})).accepted
    assert site.emulator.apply(Command("write", "test", {"writes": [[limit, 0.5]]})).accepted


def test_outage_darkens_the_site_and_the_battery_goes_on_without_it() -> None:
    site = Site(IDEAL)
    site.fault("outage", "grid")
    for _ in range(20):
        site.emulator.tick()
    for name in ("voltage", "frequency", "power", "current"):
        assert site.read(f"meter.{name}") == 0.0
    assert site.read("meter.power_failure") == 1.0
    assert site.read("container.rack.string_voltage") > 700.0


def test_equal_sites_and_seeds_give_equal_bits() -> None:
    runs = [Site() for _ in range(2)]
    for site in runs:
        site.write("pcs[1].power_setpoint", 30e3)
        for _ in range(20):
            site.emulator.tick()
    assert runs[0].emulator.arena.buffer.tobytes() == runs[1].emulator.arena.buffer.tobytes()
