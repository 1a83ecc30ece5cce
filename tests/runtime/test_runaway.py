"""A thermal runaway as a BMS and an EMS see it, through the whole emulator."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.sensing.model import sensor_cells

RACK = "container[1].rack[1]"


class Fire:
    """A full site in which a cell is driven into runaway."""

    def __init__(self, fault: dict[str, object], site_name: str = "cabinet") -> None:
        site = load_site(site_name, {"initial.soc_percent": 100, "step_ms": 1000})
        self.emulator = Emulator(site, seed=3)
        self.emulator.tick()
        self.ack = self.emulator.apply(Command("fault_add", "test", {"fault": fault}))

    def get(self, name: str) -> float:
        return float(self.emulator.arena.buffer[self.emulator.catalogue.find(name)[1]])

    def write(self, name: str, value: float) -> None:
        at = self.emulator.catalogue.find(name)[1]
        assert self.emulator.apply(Command("write", "test", {"writes": [[at, value]]})).accepted

    def times(self, signs: dict[str, Callable[[], bool]], within: int) -> dict[str, float]:
        """When each sign is first seen [s]."""
        seen: dict[str, float] = {}
        for _ in range(within):
            self.emulator.tick()
            for name, sign in signs.items():
                if name not in seen and sign():
                    seen[name] = self.emulator.time
        return seen


def sensed_cell(site_name: str) -> int:
    """Number of a cell that has a temperature sensor of its own."""
    pack = load_site(site_name).container.rack.pack
    return int(sensor_cells(1, pack.cell_count, pack.temperature_sensor_count)[7]) + 1


@pytest.mark.parametrize("site_name", ["cabinet", "demo"])
def test_signals_appear_in_the_order_of_a_real_runaway(site_name: str) -> None:
    cell = f"{RACK}.cell[{sensed_cell(site_name)}]"
    fire = Fire({"kind": "runaway", "target": cell, "parameters": {}}, site_name)
    voltage = fire.get(f"{RACK}.string_voltage")
    assert fire.ack.accepted
    history: list[float] = []

    def warms_up() -> bool:
        """More than 1 K/min on the cell's own NTC, over a minute."""
        history.append(fire.get(f"{cell}.temperature"))
        return len(history) > 60 and history[-1] - history[-61] > 1.0

    def tripped(*bits: int) -> Callable[[], bool]:
        return lambda: any(int(fire.get("container[1].fire.detectors")) >> bit & 1 for bit in bits)

    seen = fire.times(
        {
            "warming": warms_up,
            "gas": tripped(0, 1),
            "smoke": tripped(2),
            "collapse": lambda: not fire.get(f"{cell}.voltage") > 1.0,
            "heat": tripped(3, 4),
            "insulation": lambda: fire.get(f"{RACK}.insulation_resistance") < 500.0 * voltage,
        },
        within=1500,
    )
    assert list(seen) == ["warming", "gas", "smoke", "collapse", "heat", "insulation"]
    moments = list(seen.values())
    assert moments == sorted(set(moments)), seen
    assert np.isnan(fire.get(f"{cell}.voltage"))
    assert fire.get("container[1].fire.level") == 2.0
    assert fire.get("container[1].ventilation.running") == 1.0
    assert fire.get("plant.container[1].runaway.cell_count") == 1.0


def test_fire_panel_is_reset_by_command_once_the_air_is_clean() -> None:
    fire = Fire({"kind": "runaway", "target": f"{RACK}.cell[41]", "parameters": {"power": "5kW"}})
    fire.times({}, within=1800)
    assert fire.get("container[1].fire.gas_alarm") == 1.0
    fire.write("container[1].fire.reset", 1.0)
    fire.times({}, within=3)
    for point in ("fire.reset", "fire.gas_alarm", "fire.level", "fire.detectors", "ventilation.running"):
        assert fire.get(f"container[1].{point}") == 0.0, point
    for point in ("gas.hydrogen", "gas.carbon_monoxide", "smoke"):
        assert fire.get(f"container[1].{point}") == 0.0, point


@pytest.mark.parametrize("power", ["20W", "800W"])
def test_a_heater_starts_a_runaway_where_it_is_strong_enough(power: str) -> None:
    fire = Fire({"kind": "heater", "target": f"{RACK}.cell[41]", "parameters": {"power": power}, "shape": "step"})
    fire.times({}, within=3600)
    burns = fire.get(f"plant.{RACK}.cell[41].runaway_stage") >= 3.0
    assert burns == (power == "800W")


def test_a_site_without_faults_never_wakes_and_reports_clean_air() -> None:
    emulator = Emulator(load_site("cabinet", {"step_ms": 1000}))
    for _ in range(20):
        emulator.tick()
    assert emulator.arena["plant.runaway.awake"] == 0.0
    air = emulator.arena.group("plant.air", type(emulator._state.air))
    assert not any(getattr(air, field.name).any() for field in dataclasses.fields(air))
    assert emulator.arena["measured.insulation_resistance"] == 1e7
