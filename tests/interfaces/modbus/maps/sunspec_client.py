"""The public SunSpec client, as an EMS uses it: it scans, reads and writes models over Modbus TCP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

Address = tuple[str, int]
Models = dict[int | str, list[Any]]


@contextmanager
def scanned(address: Address, unit: int) -> Iterator[Models]:
    """Models of a device by id, as its scan found and read them."""
    device = SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr=address[0], ipport=address[1], timeout=5)
    try:
        device.scan()
        yield device.models
    finally:
        device.close()


def scan(address: Address, unit: int) -> Models:
    """The same, once the connection is closed."""
    with scanned(address, unit) as models:
        return dict(models)


def complaints(models: Models) -> list[tuple[int, str]]:
    """Id of every model, and what the client finds wrong with it."""
    return [
        (each.model_id, each.error_info) for key, listed in models.items() if isinstance(key, int) for each in listed
    ]


def write(address: Address, unit: int, *requests: tuple[int, dict[str, Any]]) -> None:
    """Write points by model, path and value in units; each set in as few requests as the client makes of it."""
    with scanned(address, unit) as models:
        for number, values in requests:
            [model] = models[number]
            for path, value in values.items():
                point_of(model, path).cvalue = value
            model.write()


def point_of(model: Any, path: str) -> Any:
    """A point of a model; groups are separated by dots."""
    for key in path.split("."):
        model = getattr(model, key)
    return model


def writable(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Path and point of all that a model lets a master write and that the device implements; repeated groups are not
    gone through."""
    for name, point in group.points.items():
        if point.pdef.get("access") == "RW" and point.value is not None:
            yield prefix + name, point
    for name, nested in group.groups.items():
        if not isinstance(nested, list):
            yield from writable(nested, f"{prefix}{name}.")


def other(point: Any) -> int:
    """Another legal raw value of a point: a symbol, half of a number, or 1.

    SetEna of 804 has the symbols of SetCon, though its definition does not say so; there is but one ramp reference.
    """
    name, symbols = point.pdef["name"], [symbol["value"] for symbol in point.pdef.get("symbols") or ()]
    if name == "WRmpRef":
        return 1
    if name == "SetEna":
        symbols = [1, 2]
    if symbols:
        return int(next(symbol for symbol in symbols if symbol != point.value))
    return int(point.value) // 2 if int(point.value) > 1 else 1 - int(point.value)
