"""The map scu-float: where its documented addresses stand on the wire, and a run that its clients watch."""

import re
from collections.abc import AsyncIterator, Callable

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.served import ServedBench
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.rig import Rig, on_free_ports
from tests.interfaces.modbus.test_mbpoll import mbpoll

SITE = "ems-scu-float"
DOCUMENTED = {97: 0.0, 103: 12.0, 105: 416.0, 107: 208.0, 109: 4.0, 163: 0.0}
"""What the container shows at the documented addresses: remote control, and counts."""
INSULATION_ENABLED = 61
CELLS, TEMPERATURES = 1001, 2001
Float = AsyncModbusTcpClient.DATATYPE.FLOAT32


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig(FakeLink(on_free_ports(load_site(SITE))))
    await rig.server.start()
    yield rig
    await rig.close()


class Client:
    """Reads floats of a container at the first address, and of its racks at those that follow."""

    def __init__(self, addresses: list[tuple[str, int]]) -> None:
        self._addresses = addresses
        self._clients: dict[int, AsyncModbusTcpClient] = {}

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    async def to(self, rack: int) -> AsyncModbusTcpClient:
        """A connection to a rack; 0 is the container."""
        if rack not in self._clients:
            host, port = self._addresses[rack]
            self._clients[rack] = AsyncModbusTcpClient(host, port=port, timeout=5, retries=0)
            assert await self._clients[rack].connect()
        return self._clients[rack]

    async def floats(self, address: int, count: int = 1, rack: int = 0) -> list[float]:
        client = await self.to(rack)
        answer = await client.read_input_registers(address, count=2 * count, device_id=1)
        assert not answer.isError(), (address, answer)
        pairs = (answer.registers[2 * n : 2 * n + 2] for n in range(count))
        return [float(client.convert_from_registers(pair, Float)) for pair in pairs]  # type: ignore[arg-type]


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[Client]:
    async with Client([listener.address for listener in rig.server.listeners]) as client:
        yield client


async def test_a_documented_address_is_the_address_on_the_wire(client: Client, rig: Rig) -> None:
    for address, value in DOCUMENTED.items():
        assert await client.floats(address) == [value]
    for address, value in DOCUMENTED.items():
        if value:
            assert await client.floats(address - 1) != [value], "as where 1 is taken off"
    rig.link.set("rack[5].insulation_monitor_enabled", 1.0)
    rig.link.step()
    assert [await client.floats(INSULATION_ENABLED, rack=rack) for rack in (4, 5)] == [[0.0], [1.0]]


async def test_control_is_local_where_the_switches_say_so(client: Client, rig: Rig) -> None:
    rig.link.set("control", 1.0)
    rig.link.set("chiller.control_source", 2.0)
    rig.link.step()
    assert await client.floats(97) == [1.0]
    assert await client.floats(163) == [1.0]


async def test_every_rack_has_a_port_with_its_cells_and_temperatures(client: Client, rig: Rig) -> None:
    rig.link.set("rack[12].cell[416].voltage", 3.25)
    rig.link.set("rack[12].temperature_sensor[208].temperature", 268.15)
    rig.link.step()
    assert [await client.floats(101, rack=rack) for rack in range(1, 13)] == [[float(n)] for n in range(1, 13)]
    assert await client.floats(CELLS + 2 * 415, rack=12) == [3.25]
    assert await client.floats(TEMPERATURES + 2 * 207, rack=12) == pytest.approx([-5.0])
    assert len(await client.floats(CELLS, 62, rack=12)) == 62


async def test_only_input_registers_are_there_and_holes_read_0(client: Client) -> None:
    link = await client.to(0)
    answer = await link.read_holding_registers(103, count=2, device_id=1)
    assert answer.exception_code == ExcCodes.ILLEGAL_FUNCTION
    answer = await link.write_registers(103, [0, 0], device_id=1)
    assert answer.isError()
    assert await client.floats(1, 48) == [0.0] * 48
    answer = await link.read_input_registers(600, count=2, device_id=1)
    assert answer.exception_code == ExcCodes.ILLEGAL_ADDRESS


async def test_a_run_shows_power_alarms_and_the_rack_that_opens() -> None:
    async with ServedBench(SITE) as bench, Client([each.address for each in bench.server.listeners]) as client:
        await bench.run(5)
        bench.write({"request": 1.0})
        await bench.run(30)
        find = bench.emulator.catalogue.find
        wanted = {"pcs[1].setpoint_enabled": 1.0, "pcs[1].power_setpoint": -1.2e6}
        bench.order("write", writes=[[find(name)[1], value] for name, value in wanted.items()])
        await bench.run(20)
        voltage, current, power = await client.floats(201, 3)
        assert power == pytest.approx(-1200, rel=0.05)
        assert voltage * current == pytest.approx(1e3 * power, rel=0.01)
        assert await client.floats(233) == [12.0]
        [free] = await client.floats(331)
        bench.fault("stuck", "rack[3].cell[41].voltage", "high", value="3.70V")
        await bench.run(20)
        assert await client.floats(361) == [3.0], "highest level of all"
        assert [await client.floats(245, rack=rack) for rack in (2, 3)] == [[0.0], [3.0]]
        assert [await client.floats(131, rack=rack) for rack in (2, 3)] == [[1.0], [0.0]]
        assert await client.floats(233) == [11.0]
        assert await client.floats(331) == pytest.approx([free * 11 / 12], rel=0.01)
        assert await client.floats(261, 4) == pytest.approx([3.7, 3.0, 1.0, 41.0])


@pytest.mark.component
async def test_mbpoll_reads_documented_addresses_as_they_are(rig: Rig, require_program: Callable[[str], str]) -> None:
    program = require_program("mbpoll")
    status, output = await mbpoll(program, rig, "-a", "1", "-t", "3:float", "-B", "-r", "103", "-c", "4")
    assert status == 0, output
    assert [float(value) for value in re.findall(r"\]:\s+(\S+)", output)] == [12.0, 416.0, 208.0, 4.0]
