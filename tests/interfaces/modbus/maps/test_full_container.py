"""The site full-container: every device is there, each where a site's network has it."""

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.served import ServedBench
from tests.interfaces.modbus.maps.master import master

SITE = "full-container"
SUNS = [0x5375, 0x6E53]
SUNSPEC = ("sunspec-battery", "pcs-sunspec", "meter-sunspec", "weather-station")


async def test_every_device_answers_at_its_address_and_unit() -> None:
    async with ServedBench(SITE) as bench:
        for name in SUNSPEC:
            async with master(bench.address(name), 1) as client:
                assert await client.read(40000, 2) == SUNS, name
        for name, unit, first in (("pcs-plain", 2, 1000), ("chiller", 1, 0), ("fire-panel", 2, 0)):
            async with master(bench.address(name), unit) as client:
                assert len(await client.read(first, 3)) == 3, name
        async with master(bench.address("io-module"), 3) as client:
            assert len(await client.inputs(0, 16)) == 16


async def test_the_emergency_stop_is_seen_by_battery_and_module_alike() -> None:
    async with ServedBench(SITE) as bench:
        bench.write({"request": 1})
        await bench.run(30)
        assert bench.get("racks_connected") == 12
        bench.write({"emergency_stop.pressed": 1})
        await bench.run(5)
        async with master(bench.address("io-module"), 3) as module:
            assert await module.inputs(1, 1) == [1]
        assert bench.get("racks_connected") == 0


def test_devices_of_the_container_share_a_gateway_and_the_others_have_an_address_each() -> None:
    devices = load_site(SITE).modbus.devices
    hosts = [device.host for device in devices if device.map not in ("fire-panel", "io-module", "pcs-plain")]
    assert len(set(hosts)) == len(hosts)
    assert len({(device.host, device.port, device.unit) for device in devices}) == len(devices)
