"""No two servers of a site listen on one port of one address."""

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site

STEPPED = {"map": "sunspec-battery", "each": "container", "port": 8078, "port_step": 1}


def problems(**overrides: object) -> list[str]:
    settings = {"container_count": 3} | {key.replace("__", "."): value for key, value in overrides.items()}
    try:
        load_site("demo", settings)
    except ProfileError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ({"map": "sunspec-battery", "port": 8080}, True),
        ({"map": "sunspec-battery", "port": 8080, "host": "127.0.0.1"}, True),
        ({"map": "sunspec-battery", "port": 8080, "host": "127.0.0.2"}, False),
        ({"map": "sunspec-battery", "port": 8080, "serial": "/dev/ttyUSB0"}, False),
        (STEPPED, True),
        (STEPPED | {"port": 8077}, False),
        (STEPPED | {"port": 8080, "port_step": 0, "host": "127.0.0.2", "host_step": 1}, False),
        (STEPPED | {"host": "127.0.0.2", "host_step": 1}, False),
    ],
)
def test_the_page_shares_no_port_with_a_device(device: dict[str, object], told: bool) -> None:
    found = ["http.port: is taken by modbus.devices.0"] if told else []
    assert problems(modbus__devices=[device], http__port=8080, mqtt__broker="off") == found


def test_all_that_share_a_port_are_told_at_once() -> None:
    found = problems(modbus__devices=[STEPPED], http__port=8079, mqtt__broker="embedded", mqtt__port=8080)
    assert sorted(found) == ["http.port: is taken by modbus.devices.0", "mqtt.port: is taken by modbus.devices.0"]
