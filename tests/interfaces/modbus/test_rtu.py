"""Modbus RTU: frames, the line as a file, and what happens on it."""
# ruff: noqa: ASYNC240 - looking at a temporary folder takes no time

import asyncio
import os
import re
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.interfaces.modbus import rtu
from bms_emulator.interfaces.modbus.server import PortError, Server
from tests.interfaces.modbus.hand_made import WRITABLE, HandLink, device, serving, unit
from tests.interfaces.modbus.test_conformance import pdu, read_write, write_many
from tests.interfaces.modbus.test_disturbance import fault

READ = pdu(3, 7, 2)
ANSWER = b"\x03\x04\x00\x07\x00\x08"


class Master:
    """A client on a serial line."""

    def __init__(self, path: Path | str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd)
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        os.close(self._fd)

    def send(self, data: bytes) -> None:
        os.write(self._fd, data)

    async def receive(self, count: int) -> bytes:
        """So many bytes."""
        arrived = asyncio.Event()
        self._loop.add_reader(self._fd, arrived.set)
        data = b""
        try:
            async with asyncio.timeout(5):
                while len(data) < count:
                    arrived.clear()
                    try:
                        data += os.read(self._fd, count - len(data))
                    except BlockingIOError:
                        await arrived.wait()
        finally:
            self._loop.remove_reader(self._fd)
        return data

    async def ask(self, number: int, request: bytes, size: int) -> bytes:
        """PDU of so many bytes that answers a PDU."""
        self.send(rtu.frame(number, request))
        return await self.answer(number, size)

    async def answer(self, number: int, size: int) -> bytes:
        data = await self.receive(size + 3)
        assert rtu.is_whole(data), data.hex()
        assert data[0] == number
        return data[1:-2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "line"


@asynccontextmanager
async def line(path: Path, *numbers: int, link: HandLink | None = None) -> AsyncIterator[tuple[Server, Master]]:
    """A line with units on it, and a master."""
    units = [unit(number) for number in numbers or (1,)]
    async with serving(device(*units, serial=str(path)), link=link) as server:
        master = Master(path)
        try:
            yield server, master
        finally:
            master.close()


# ---- frames


def test_the_check_sum_is_that_of_the_standard() -> None:
    assert rtu.frame(2, b"\x07") == b"\x02\x07\x41\x12"  # the standard's own example
    assert rtu.frame(1, pdu(3, 0, 1)) == bytes.fromhex("010300000001840a")


@pytest.mark.parametrize(
    "request_",
    [
        *(pdu(function, 1, 1) for function in range(1, 7)),
        b"\x07",
        pdu(8, 0, 0),
        b"\x11",
        write_many(1, 2, 3, 4),
        bytes((15, 0, 1, 0, 9, 2, 1, 1)),
        pdu(22, 1, 2, 3),
        read_write(1, 2, 3, 4, 5),
        b"\x2b\x0e\x01\x00",
    ],
)
def test_a_request_says_itself_how_long_it_is(request_: bytes) -> None:
    whole = rtu.frame(1, request_)
    assert rtu.request_length(whole) == len(whole)
    assert rtu.request_length(whole + b"more") == len(whole)
    for stop in range(len(whole)):
        length = rtu.request_length(whole[:stop])
        assert length in (0, len(whole))


@given(content=st.binary(min_size=2, max_size=254), bit=st.integers(0, 100_000))
def test_no_flipped_bit_goes_unnoticed(content: bytes, bit: int) -> None:
    whole = content + rtu.crc(content)
    assert rtu.is_whole(whole)
    at, mask = divmod(bit % (8 * len(whole)), 8)
    assert not rtu.is_whole(whole[:at] + bytes((whole[at] ^ 1 << mask,)) + whole[at + 1 :])


def test_silence_is_three_and_a_half_characters_and_never_less_than_the_standard_says() -> None:
    assert rtu.silence(9600) == pytest.approx(3.5 * 11 / 9600)
    assert rtu.silence(115200) == 0.00175


# ---- a conversation


async def test_units_on_one_line_answer_for_themselves(path: Path) -> None:
    async with line(path, 1, 2) as (server, master):
        assert f"modbus rtu {path} (/dev/pts/" in server.describe()
        assert await master.ask(1, READ, 6) == ANSWER
        assert await master.ask(2, b"\x2b\x0e\x04\x00", 14) == b"\x2b\x0e\x04\x82\x00\x00\x01\x00\x05maker"
        assert await master.ask(2, pdu(6, WRITABLE, 3), 5) == pdu(6, WRITABLE, 3)
        assert await master.ask(1, pdu(3, 0, 126), 2) == b"\x83\x03"


async def test_other_units_are_left_alone(path: Path) -> None:
    async with line(path) as (_, master):
        for number in (2, 247, 255):
            master.send(rtu.frame(number, READ))
        assert await master.ask(1, READ, 6) == ANSWER


async def test_all_do_what_is_said_to_unit_0_and_nobody_answers(path: Path) -> None:
    link = HandLink()
    async with line(path, 1, 2, link=link) as (_, master):
        master.send(rtu.frame(0, pdu(6, WRITABLE, 3)))
        master.send(rtu.frame(0, READ))
        assert await master.ask(1, READ, 6) == ANSWER
        assert [command.args["writes"] for command in link.commands] == 2 * [[[0, 3.0]]]


@pytest.mark.parametrize("junk", [b"\x01", b"\x01\x03\x00", rtu.frame(1, READ)[:-1] + b"\xff", bytes(300), b"\xff" * 7])
async def test_after_junk_a_silence_is_enough(path: Path, junk: bytes) -> None:
    async with line(path) as (_, master):
        master.send(junk)
        await asyncio.sleep(0.06)
        assert await master.ask(1, READ, 6) == ANSWER


async def test_a_request_may_come_in_pieces(path: Path) -> None:
    async with line(path) as (_, master):
        for byte in rtu.frame(1, READ):
            master.send(bytes((byte,)))
            await asyncio.sleep(0)
        assert await master.answer(1, 6) == ANSWER


async def test_an_unknown_function_is_refused_after_the_silence(path: Path) -> None:
    async with line(path) as (_, master):
        assert await master.ask(1, bytes((99, 1, 2, 3)), 2) == b"\xe3\x01"


async def test_link_faults_hit_the_line(path: Path) -> None:
    link = HandLink()
    async with line(path, link=link) as (server, master):
        link.faults = [fault("modbus-silence", "modbus:hand/1")]
        server.keep_house(0.0)
        master.send(rtu.frame(1, READ))
        await asyncio.sleep(0.03)
        link.faults = [fault("modbus-delay", "modbus", time=0.05)]
        server.keep_house(0.0)
        began = asyncio.get_running_loop().time()
        assert await master.ask(1, pdu(3, 1, 2), 6) == b"\x03\x04\x00\x01\x00\x02"
        assert asyncio.get_running_loop().time() - began >= 0.05


async def test_masters_come_and_go(path: Path) -> None:
    async with line(path) as (_, master):
        assert await master.ask(1, READ, 6) == ANSWER
        other = Master(path)
        master.send(b"\x01\x03")
        await asyncio.sleep(0.06)
        assert await other.ask(1, READ, 6) == ANSWER
        other.close()
        assert await master.ask(1, READ, 6) == ANSWER


# ---- the file


async def test_the_path_vanishes_with_the_server(path: Path) -> None:
    async with line(path):
        assert path.is_symlink()
    assert not path.is_symlink()
    assert list(path.parent.iterdir()) == []


async def test_what_an_emulator_that_died_has_left_is_replaced(path: Path) -> None:
    path.symlink_to("/dev/pts/123456")
    async with line(path) as (_, master):
        assert await master.ask(1, READ, 6) == ANSWER


async def test_what_took_the_place_of_the_path_is_left_alone(path: Path) -> None:
    async with serving(device(serial=str(path))):
        path.unlink()
        path.write_text("mine")
    assert path.read_text() == "mine"


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_link(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (a_file, "is there already, and is neither"),
        (a_link, "is there already, and is neither"),
        (Path.mkdir, "neither"),
    ],
)
async def test_what_is_no_line_is_left_alone(path: Path, place: Callable[[Path], None], message: str) -> None:
    place(path)
    with pytest.raises(PortError, match=f"modbus rtu {re.escape(str(path))} \\(hand\\): .*{message}"):
        async with serving(device(serial=str(path)), device(host="192.0.2.1")):
            pass
    assert path.is_symlink() or path.exists()


async def test_a_missing_folder_is_named(path: Path) -> None:
    with pytest.raises(PortError, match="there is no folder"):
        async with serving(device(serial=str(path / "below"))):
            pass


async def test_a_serial_device_is_opened_as_it_is(path: Path) -> None:
    near, far = os.openpty()
    tty.setraw(far)
    name = os.ttyname(far)
    try:
        async with serving(device(serial=name, baud=19200, parity="even")) as server:
            assert f"modbus rtu {name} 19200 8E1" in server.describe()
            os.set_blocking(near, False)
            os.write(near, rtu.frame(1, READ))
            answered = asyncio.Event()
            asyncio.get_running_loop().add_reader(near, answered.set)
            async with asyncio.timeout(5):
                await answered.wait()
            asyncio.get_running_loop().remove_reader(near)
            assert os.read(near, 100) == rtu.frame(1, ANSWER)
        assert Path(name).exists()
        with pytest.raises(PortError, match="knows no 12345 bit/s"):
            async with serving(device(serial=name, baud=12345)):
                pass
    finally:
        os.close(near)
        os.close(far)


async def test_a_serial_device_that_is_unplugged_is_opened_again_when_it_is_back(path: Path) -> None:
    adapter = path.with_name("adapter")  # a name that stays, as those of /dev/serial/by-id; the terminal's own may not
    path.symlink_to(adapter)
    near, far = os.openpty()
    tty.setraw(far)
    adapter.symlink_to(os.ttyname(far))
    os.close(far)
    async with serving(device(serial=str(path))) as server:
        os.close(near)
        adapter.unlink()
        await asyncio.sleep(0.02)
        server.keep_house(1e6)  # there is nothing to open
        near, far = os.openpty()
        try:
            adapter.symlink_to(os.ttyname(far))
            server.keep_house(1e6 + 2)
            os.write(near, rtu.frame(1, READ))
            await asyncio.sleep(0.05)
            assert os.read(near, 100) == rtu.frame(1, ANSWER)
        finally:
            os.close(near)
            os.close(far)


# ---- clients of others


@pytest.mark.component
async def test_mbpoll_reads_and_writes(path: Path, require_program: Callable[[str], str]) -> None:
    program = require_program("mbpoll")

    async def poll(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(program, "-m", "rtu", "-b", "115200", "-P", "none", "-0", "-1", "-q", "-t", "4"),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
        assert process.returncode == 0, output
        return output.decode()

    link = HandLink()
    async with serving(device(unit(1), unit(2), serial=str(path)), link=link):
        output = await poll("-a", "2", "-r", "100", "-c", "3", str(path))
        assert re.findall(r"\]:\s+(\d+)", output) == ["100", "101", "102"]
        await poll("-a", "1", "-r", str(WRITABLE), str(path), "77")
        assert link.arena[0] == 77.0


async def test_pymodbus_reads_and_writes(path: Path) -> None:
    from pymodbus.client import AsyncModbusSerialClient

    link = HandLink()
    async with serving(device(serial=str(path)), link=link):
        client = AsyncModbusSerialClient(str(path), baudrate=115200, timeout=2, retries=0)
        assert await client.connect()
        try:
            assert (await client.read_holding_registers(7, count=3, device_id=1)).registers == [7, 8, 9]
            assert not (await client.write_register(WRITABLE, 5, device_id=1)).isError()
            assert (await client.read_holding_registers(995, count=10, device_id=1)).exception_code == 2
        finally:
            client.close()
        assert link.arena[0] == 5.0
