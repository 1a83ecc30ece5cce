"""A register map in reverse: what was encoded is read back, and what is written is taken as it was meant."""

import math

import pytest

from bms_emulator.interfaces.modbus.inverse import Register
from bms_emulator.interfaces.modbus.places import Places
from bms_emulator.testing.bench import Bench

MAPS = ["sunspec-battery", "container-mbmu", "pcs-plain", "pcs-sunspec", "chiller", "io-module", "meter-sunspec"]
NOT_TOLD = {
    "container.rack.mode",  # three bits stand for ten states
    "container.rack.connect_failure",  # some of its reasons have a bit
    "container.chiller.request",
    "pcs.state",  # two states share a number
}


@pytest.fixture(scope="module", params=MAPS)
def device(request: pytest.FixtureRequest) -> tuple[Bench, Places]:
    """A site that serves one map and has been at work for a while."""
    bench = Bench("cabinet", {"modbus.devices": [{"map": request.param, "port": 5020}]})
    bench.write({"request": "connect"})
    bench.run(30.0)
    return bench, Places(bench.emulator.catalogue, bench.emulator.site.modbus.devices[0])


def words(bench: Bench, register: Register) -> bytes:
    """What a read of some words would answer."""
    device = next(each for each in bench.emulator.plan.devices if each.port == 5020 + register.port_shift)
    at = device.units[register.unit].locate(register.table, register.address, register.words)
    assert at >= 0, register
    return bytes(bench.emulator.images[at : at + 2 * register.words])


def test_every_point_is_read_back_as_it_was_encoded(device: tuple[Bench, Places]) -> None:
    bench, places = device
    assert places.readable.size
    for offset in places.readable.tolist():
        source, family = places.source(offset), bench.emulator.catalogue.at(offset)
        assert source is not None
        value = source.value([words(bench, register) for register in source.registers])
        truth = float(bench.emulator.arena.buffer[offset])
        if math.isnan(value):
            assert math.isnan(truth) or family.name in NOT_TOLD, family.name
        else:
            step = source.step if math.isfinite(source.step) else 0.0
            assert value == pytest.approx(truth, abs=1.01 * step, rel=1e-6), family.name


def test_requests_read_every_register_once_and_only_what_is_defined(device: tuple[Bench, Places]) -> None:
    bench, places = device
    sources = [source for offset in places.readable.tolist() if (source := places.source(offset)) is not None]
    requests = places.requests(sources)
    read: set[tuple[int, int, str, int]] = set()
    for request in requests:
        words(bench, request)
        every = {(request.port_shift, request.unit, request.table, request.address + n) for n in range(request.words)}
        assert not every & read
        read |= every
    wanted = {
        (register.port_shift, register.unit, register.table, register.address + n)
        for source in sources
        for register in source.registers
        for n in range(register.words)
    }
    assert wanted <= read


def test_what_is_written_to_the_registers_is_what_the_point_takes() -> None:
    bench = Bench("cabinet", {"modbus.devices": [{"map": "pcs-plain", "port": 5020}]})
    places = Places(bench.emulator.catalogue, bench.emulator.site.modbus.devices[0])
    _, offset = bench.emulator.catalogue.find("pcs[1].power_setpoint")
    order = places.order(offset, 42e3)
    assert order is not None
    register, data = order
    unit = bench.emulator.plan.devices[0].units[register.unit]
    assert (offset, 42e3) in unit.writables[register.table][register.address].assignments(data)


def test_a_command_that_a_device_takes_by_a_code_is_written_as_that_code() -> None:
    bench = Bench("cabinet", {"modbus.devices": [{"map": "container-mbmu", "port": 5020}]})
    places = Places(bench.emulator.catalogue, bench.emulator.site.modbus.devices[0])
    _, offset = bench.emulator.catalogue.find("request")
    orders = [places.order(offset, value) for value in (1.0, 2.0)]
    assert all(order is not None for order in orders)
    assert orders[0] != orders[1]
    assert places.order(offset, 7.0) is None
