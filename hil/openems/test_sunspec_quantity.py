"""The SunSpec client of OpenEMS may ask for 126 registers, one more than Modbus permits."""

import asyncio
import struct

import pytest

from bms_emulator.testing.served import ServedBench

BASE, FUNCTION, REFUSED, ILLEGAL_VALUE = 40000, 3, 0x83, 3


async def read(address: tuple[str, int], count: int) -> bytes:
    """PDU that answers a request for so many registers, which no client library would send."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, FUNCTION, BASE, count))
    length = int.from_bytes((await reader.readexactly(6))[4:], "big")
    answer = await reader.readexactly(length)
    writer.close()
    return answer[1:]


@pytest.mark.parametrize(("wanted", "limit"), [({}, 125), ({"modbus.devices.0.read_limit": 126}, 126)])
async def test_126_registers_are_answered_where_the_site_permits_them(wanted: dict[str, int], limit: int) -> None:
    async with ServedBench("cabinet", wanted) as bench:
        address = bench.address("sunspec-battery")
        for count in (125, 126, 127):
            answer = await read(address, count)
            if count <= limit:
                # the length field is one byte: 252 still fits
                assert (answer[0], answer[1], len(answer) - 2) == (FUNCTION, 2 * count, 2 * count)
            else:
                assert answer == bytes((REFUSED, ILLEGAL_VALUE))
