"""Laws of the whole emulator, stepped."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.journal import state_hash

SEED = 5
LIMITS = ("charge_power_limit", "discharge_power_limit", "charge_current_limit", "discharge_current_limit")
OVERVOLTAGE = {"kind": "stuck", "target": "rack[3].cell[41].voltage", "parameters": {"value": "3.70V"}, "name": "ov"}


class Bench:
    """An emulator with names instead of positions."""

    def __init__(self, site: str = "cabinet", seed: int = SEED, **overrides: Any) -> None:
        self.emulator = Emulator(load_site(site, {k.replace("__", "."): v for k, v in overrides.items()}), seed)

    def at(self, name: str) -> int:
        return self.emulator.catalogue.find(name)[1]

    def get(self, selector: str) -> np.ndarray:
        (selection,) = self.emulator.catalogue.select(selector)
        return self.emulator.arena.buffer[selection.offsets()].copy()

    def write(self, values: dict[str, float]) -> Ack:
        writes = [[self.at(name), value] for name, value in values.items()]
        return self.emulator.apply(Command("write", "test", {"writes": writes}))

    def add(self, fault: dict[str, Any]) -> Ack:
        return self.emulator.apply(Command("fault_add", "test", {"fault": fault}))

    def clear(self, **which: Any) -> Ack:
        return self.emulator.apply(Command("fault_clear", "test", which))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / self.emulator.dt)):
            self.emulator.tick()

    def run_until(self, holds: Callable[[], bool], within: float) -> None:
        for _ in range(round(within / self.emulator.dt)):
            self.emulator.tick()
            if holds():
                return
        raise AssertionError(f"did not happen within {within} s")

    def discharge(self, power: float, container: int = 1) -> None:
        pcs = f"pcs[{container}]"
        asked = {f"{pcs}.setpoint_enabled": 1.0, f"{pcs}.setpoint_mode": 1.0, f"{pcs}.power_setpoint": power}
        assert self.write({f"container[{container}].request": 1.0, **asked}).accepted
        self.run_until(lambda: self.connected(container), 60.0)

    def modes(self, container: int = 1) -> np.ndarray:
        return self.get(f"container[{container}].rack[*].mode")

    def connected(self, container: int = 1) -> bool:
        return bool((self.modes(container) == RackMode.CONNECTED).all())

    def happened(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [(source, told) for k, source, told in self.emulator.take_events() if k == kind]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_same_site_seed_and_commands_give_the_same_bits():
    def outcome(seed: int) -> tuple[str, bytes]:
        bench = Bench(seed=seed)
        bench.discharge(60e3)
        bench.add({"kind": "offset", "target": "rack[1].cell[2].voltage", "parameters": {"offset": "20mV"}})
        bench.run(5.0)
        return state_hash(bench.emulator), bench.emulator.images.tobytes()

    assert outcome(1) == outcome(1)
    assert outcome(1) != outcome(2)


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("write", {"writes": [[math.inf, 1.0]]}),
        ("write", {"writes": [[math.nan, 1.0]]}),
        ("write", {"writes": [[1e300, 1.0]]}),
        ("write", {"writes": [[-1, 1.0]]}),
        ("write", {"writes": [[0.5, 1.0]]}),
        ("write", {"writes": [["soc", 1.0]]}),
        ("write", {"writes": [[None, None]]}),
        ("write", {"writes": [[1]]}),
        ("write", {"writes": 7}),
        ("write", {"refused": "the interface said no"}),
        ("write", {}),
        ("fault_add", {}),
        ("fault_add", {"fault": None}),
        ("fault_add", {"fault": {"kind": "stuck", "target": "rack[99].current"}}),
        ("fault_add", {"fault": {"kind": [], "target": {}}}),
        ("fault_clear", {}),
        ("fault_clear", {"names": ["nobody"]}),
        ("fault_clear", {"names": 3}),
        ("reboot", {}),
    ],
)
def test_a_refused_command_changes_nothing_and_never_ends_the_run(bench, op, args):
    bench.run(0.5)
    before = state_hash(bench.emulator)
    ack = bench.emulator.apply(Command(op, "test", args))
    assert not ack.accepted
    assert ack.message
    assert state_hash(bench.emulator) == before
    assert bench.emulator.faults() == []
    bench.emulator.tick()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e12, 0.5])
def test_a_value_that_a_point_does_not_take_is_refused(bench, value):
    assert not bench.write({"container.request": value}).accepted
    assert bench.get("container.request") == 0.0


def test_a_position_between_two_points_is_none(bench):
    between = bench.at("container.request") + 0.5
    assert not bench.emulator.apply(Command("write", "test", {"writes": [[between, 1.0]]})).accepted


def test_what_is_read_only_cannot_be_written(bench):
    ack = bench.write({"container.soc": 0.5})
    assert not ack.accepted
    assert "read-only" in ack.message


def test_a_write_of_several_values_is_applied_whole_or_not_at_all(bench):
    good = {"pcs.power_setpoint": 5e4, "pcs.setpoint_enabled": 1.0}
    assert not bench.write({**good, "pcs.setpoint_mode": 9.0}).accepted
    assert bench.get("pcs.power_setpoint") == bench.get("pcs.setpoint_enabled") == 0.0
    assert bench.write(good).accepted
    assert (bench.get("pcs.power_setpoint"), bench.get("pcs.setpoint_enabled")) == (5e4, 1.0)


def test_a_write_shows_in_the_registers_while_no_tick_runs(bench):
    bench.run(0.1)
    before = bench.emulator.images.tobytes()
    bench.write({"pcs.power_setpoint_fraction": 0.25})
    bench.emulator.refresh_images()
    assert bench.emulator.images.tobytes() != before


def test_states_tell_when_they_change(bench):
    bench.run(3.0)
    bench.emulator.take_events()
    bench.write({"container.request": 1.0})
    bench.run_until(bench.connected, 60.0)
    racks = [told["text"] for source, told in bench.happened("state") if source == "container[1].rack[1]"]
    assert racks[-1] == "connected"
    assert "precharge" in racks


def test_a_stuck_overvoltage_trips_its_rack_alone_and_a_reset_brings_it_back():
    bench = Bench("demo")
    bench.discharge(500e3)
    bench.run(5.0)
    limits = {name: float(bench.get(f"container.{name}")[0]) for name in LIMITS}
    assert all(limits.values())
    bench.emulator.take_events()

    assert bench.add(OVERVOLTAGE).accepted
    bench.run(0.2)
    assert bench.get("rack[3].cell[41].voltage") == pytest.approx(3.70, abs=1e-6)
    assert bench.get("plant.rack[3].cell[41].voltage") < 3.4
    bench.run_until(lambda: bench.modes()[2] == RackMode.FAULT, 5.0)
    bench.run(0.5)
    assert bench.get("rack[3].alarm[cell_overvoltage].level") == 3.0
    assert not bench.get("plant.rack[3].contactor[*].closed").any()
    assert (np.delete(bench.modes(), 2) == RackMode.CONNECTED).all()
    assert all(bench.get(f"container.{name}") < limit for name, limit in limits.items())
    alarms = [told for source, told in bench.happened("alarm") if source == "container[1].rack[3]"]
    assert {"alarm": "cell_overvoltage", "level": 3, "previous": 0} in alarms

    bench.clear(names=["ov"])
    bench.run(20.0)
    assert bench.get("rack[3].cell_voltage_max") < 3.5
    assert bench.modes()[2] == RackMode.FAULT, "a level-3 alarm is latched"
    assert bench.get("rack[3].alarm_latched") == 1.0
    assert bench.write({"container.alarm_reset": 1.0}).accepted
    bench.run_until(lambda: bench.modes()[2] == RackMode.CONNECTED, 60.0)
    assert bench.get("rack[3].alarm[cell_overvoltage].level") == 0.0


def test_a_latched_alarm_whose_cause_lasts_cannot_be_reset(bench):
    bench.discharge(0.0)
    bench.add({**OVERVOLTAGE, "target": "rack[1].cell[41].voltage"})
    bench.run_until(lambda: bench.modes()[0] == RackMode.FAULT, 5.0)
    bench.write({"container.alarm_reset": 1.0})
    bench.run(10.0)
    assert bench.modes()[0] == RackMode.FAULT


def test_the_length_of_a_tick_does_not_change_ten_minutes_of_discharge():
    def ends(step_ms: int) -> tuple[np.ndarray, np.ndarray, float]:
        bench = Bench(step_ms=step_ms)
        bench.write({"container.request": 1.0})
        bench.run(60.0)
        assert bench.connected()
        bench.discharge(100e3)
        bench.run(600.0 - bench.emulator.time % 1.0)
        cells = "plant.rack[*].cell[*]"
        return bench.get(f"{cells}.soc"), bench.get(f"{cells}.voltage"), bench.emulator.time

    soc, voltage, time = ends(100)
    for step_ms in (10, 1000):
        other_soc, other_voltage, other_time = ends(step_ms)
        assert other_time == pytest.approx(time, abs=2.0)
        assert np.abs(other_soc - soc).max() < 3e-4
        assert np.abs(other_voltage - voltage).max() < 0.5e-3


def test_what_happens_to_one_container_leaves_the_other_as_it_was():
    quiet, disturbed = (Bench(container_count=2) for _ in range(2))
    for bench in (quiet, disturbed):
        bench.discharge(50e3, container=2)
    disturbed.add({**OVERVOLTAGE, "target": "container[1].rack[1].cell[41].voltage"})
    disturbed.write({"container[1].request": 1.0})
    for bench in (quiet, disturbed):
        bench.run(20.0)
    for family in quiet.emulator.catalogue.families.values():
        if family.axes and family.axes[0].name in ("container", "pcs"):
            selector = family.point_name(tuple(0 for _ in family.axes)).split(".")
            everything = ".".join(part.split("[")[0] + "[*]" if "[" in part else part for part in selector)
            second = everything.replace(f"{family.axes[0].name}[*]", f"{family.axes[0].name}[2]")
            np.testing.assert_array_equal(quiet.get(second), disturbed.get(second), err_msg=family.name)
    assert quiet.get("container[1].rack[1].alarm_level") == 0.0
    assert disturbed.get("container[1].rack[1].alarm_level") == 3.0


def test_a_cabinet_of_one_rack_delivers_what_it_is_asked_for(bench):
    bench.discharge(60e3)
    bench.run(60.0)
    assert bench.get("pcs.power") == pytest.approx(60e3, rel=0.02)
    assert bench.get("container.power") > 60e3
    assert bench.get("rack[1].current") == pytest.approx(bench.get("container.current"), abs=2.0)


def test_racks_stay_open_until_a_master_asks_unless_the_site_lets_them_connect() -> None:
    waiting, closing = Bench(), Bench(initial__connect=True)
    closing.run_until(closing.connected, 60.0)
    waiting.run(60.0)
    assert not waiting.connected()
