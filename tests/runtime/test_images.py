"""The register images of a running site: what a tick leaves out has not changed."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from tests.reference.registers import point_rows

CONTAINERS = 3


@pytest.fixture
def emulator() -> Emulator:
    devices = [
        {"map": name, "container": n + 1, "port": 30000 + n, "unit": unit}
        for n in range(CONTAINERS)
        for name, unit in (("sunspec-battery", 1), ("pcs-sunspec", 100))
    ]
    return Emulator(load_site("cabinet", {"container_count": CONTAINERS, "modbus.devices": devices}), seed=1)


def whole(emulator: Emulator) -> bytes:
    """Images that are encoded from nothing."""
    images = np.frombuffer(emulator.plan.template, np.uint8).copy()
    encode(emulator.arena.buffer, images, math.inf, *emulator.plan.arrays)
    return images.tobytes()


def assert_as_twin(emulator: Emulator) -> None:
    """Every register of every device shows what the slow twin shows."""
    units = [unit for listener in emulator.plan.devices for unit in (listener.units, listener.units)]
    for device, known in zip(emulator.site.modbus.devices, units, strict=True):
        for row in point_rows(emulator.catalogue, device.map, device.container, device.unit, emulator.arena.buffer):
            start = known[row.unit].locate(row.table, row.address, len(row.data) // 2)
            shown = emulator.images[start : start + len(row.data)].tobytes()
            assert shown == row.data, (emulator.tick_count, device.container, row)


def add(emulator: Emulator, **fault: Any) -> None:
    answer = emulator.apply(Command("fault_add", "test", {"fault": fault}))
    assert answer.accepted, answer.message


def write(emulator: Emulator, name: str, value: float) -> None:
    offset = emulator.catalogue.find(name)[1]
    answer = emulator.apply(Command("write", "test", {"writes": [[offset, value]]}))
    assert answer.accepted, answer.message


def burn(emulator: Emulator) -> None:
    """Cells under sensors of two racks lose their wires."""
    for rack in (0, 2):
        emulator.arena["plant.runaway.stage"][rack, 60:70] = 5.0
        emulator.arena["plant.runaway.burnt_count"][rack] = 10.0
    emulator.arena["plant.runaway.damaged"][...] = 1.0


def test_images_are_right_at_every_tick_whatever_happens(emulator: Emulator) -> None:
    sensor = "container[2].rack[1].temperature_sensor[5].temperature"
    happenings: dict[int, Callable[[], object]] = {
        15: lambda: write(emulator, "container[1].request", 1.0),
        33: lambda: add(emulator, kind="stuck", target=sensor, name="one"),
        64: lambda: add(emulator, kind="invalid", target="container[3].rack[1].cell[7].temperature", name="two"),
        97: lambda: emulator.apply(Command("fault_clear", "test", {"all": True})),
        121: lambda: burn(emulator),
        166: lambda: write(emulator, "pcs[2].power_setpoint", 5e4),
    }
    before = b""
    for tick in range(200):
        if tick in happenings:
            happenings[tick]()
        emulator.tick()
        now = emulator.images.tobytes()
        assert now == whole(emulator), tick
        assert now != before, tick
        before = now
        if tick in (0, 45, 75, 105, 140, 199):
            assert_as_twin(emulator)


def test_a_write_and_another_arena_show_in_a_refresh_between_ticks(emulator: Emulator) -> None:
    for _ in range(13):
        emulator.tick()
    snapshot, images = emulator.arena.buffer.copy(), emulator.images.tobytes()
    write(emulator, "container[2].rack[1].enabled", 0.0)
    emulator.refresh_images()
    assert emulator.images.tobytes() == whole(emulator) != images
    for _ in range(8):
        emulator.tick()
    emulator.arena.buffer[:] = snapshot
    emulator.refresh_images()
    assert emulator.images.tobytes() == images
