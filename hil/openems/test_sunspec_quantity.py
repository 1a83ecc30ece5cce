"""The SunSpec client of OpenEMS may ask for 126 registers, one more than Modbus permits."""

import pytest

from hil.bench import Bench
from hil.openems.bridge import Bridge, Read

QUANTITY = Read(40000, 126)


@pytest.mark.parametrize(("wanted", "answered"), [({}, False), ({"modbus.devices.0.read_limit": 126}, True)])
async def test_126_registers_are_refused_unless_the_site_permits_them(wanted: dict[str, int], answered: bool) -> None:
    async with Bench("cabinet", wanted) as bench:
        bridge = Bridge(*bench.address("sunspec-battery"))
        assert await bridge.execute(QUANTITY) == answered
        assert len(bridge.registers) == (126 if answered else 0)
        assert await bridge.execute(Read(40000, 125))
        assert bench.server.connection_count() == 1
        bridge.close()
