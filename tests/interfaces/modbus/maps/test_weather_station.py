"""The map weather-station: SunSpec models as defined, scanned by the client of SunSpec."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import sunspec2
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.testing.served import ServedBench

DEFINITIONS = Path(sunspec2.__file__).parent / "models" / "json"
TYPES = {"uint16": "u16", "int16": "i16", "pad": "pad", "string": "string"}
UNITS = {"C": "degC", "Pct": "%", None: ""}


def points(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Points of a model, one repetition of each group."""
    return [*group["points"], *(point for inner in group.get("groups", []) for point in points(inner))]


@pytest.mark.parametrize("number", [1, 302, 307])
def test_the_map_holds_the_model_as_defined(number: int) -> None:
    blocks = {block.name: block for block in load_map("weather-station").registers.units[0].blocks}
    rows = blocks[f"model_{number}"].rows
    defined = points(json.loads((DEFINITIONS / f"model_{number}.json").read_text())["group"])
    assert [(row.name, row.type, row.words) for row in rows] == [
        (point["name"], TYPES[point["type"]], point["size"]) for point in defined
    ]
    for row, point in zip(rows, defined, strict=True):
        if row.point is not None:
            assert row.unit == UNITS.get(point.get("units"), point.get("units"))
            assert row.scale == pytest.approx(10.0 ** point.get("sf", 0))


def scan(address: tuple[str, int]) -> dict[int | str, list[Any]]:
    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr=address[0], ipport=address[1], timeout=5)
    try:
        device.scan()
        return dict(device.models)
    finally:
        device.close()


async def test_a_sunspec_client_reads_the_weather() -> None:
    async with ServedBench("demo", {"modbus.devices": [{"map": "weather-station"}]}) as bench:
        await bench.run(30)
        models = await asyncio.to_thread(scan, bench.address("weather-station"))
        temperature = bench.get("weather.ambient_temperature") - 273.15
    assert {1, 302, 307} <= set(models)
    assert not [model.error_info for several in models.values() for model in several if model.error_info]
    station = models[307][0]
    assert station.TmpAmb.cvalue == pytest.approx(temperature, abs=0.06)
    assert 0 < station.RH.cvalue <= 100
    assert station.WndSpd.cvalue is None
