"""All that stands in the way of listening is told at once, before anything is started."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice, ModbusTls, SiteProfile
from bms_emulator.runtime import ports


@pytest.fixture
def taken() -> Iterator[list[int]]:
    """Two ports in use on 127.0.0.2."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.2", 0))
            each.listen()
        yield [each.getsockname()[1] for each in sockets]


def site(*devices: dict[str, object], **modbus: object) -> SiteProfile:
    base = load_site("cabinet", {"mqtt.broker": "off", "http.port": 0})
    made = tuple(ModbusDevice.model_validate({"map": "sunspec-battery"} | device) for device in devices)
    return base.model_copy(update={"modbus": base.modbus.model_copy(update={"devices": made} | modbus)})


def test_every_device_whose_port_is_taken_is_named(taken: list[int]) -> None:
    two = [{"host": "127.0.0.2", "port": port} for port in taken]
    first, second = ports.problems(site(*two))
    assert first.startswith(f"modbus tcp 127.0.0.2:{taken[0]}: another program")
    assert "modbus.devices.0.port" in first
    assert second.startswith(f"modbus tcp 127.0.0.2:{taken[1]}: another program")
    assert "modbus.devices.1.port" in second


def test_the_same_port_of_another_address_is_free(taken: list[int]) -> None:
    assert ports.problems(site({"host": "127.0.0.3", "port": taken[0]})) == []


def test_every_container_has_its_own_port(taken: list[int]) -> None:
    each = {"each": "container", "host": "127.0.0.2", "port": taken[1] - 1, "port_step": 1}
    two = site(each).model_copy(update={"container_count": 2})
    assert any(f"127.0.0.2:{taken[1]}: another program" in problem for problem in ports.problems(two))


def test_a_port_that_a_map_takes_for_a_rack_is_told_of_the_others() -> None:
    by_port = {"map": "scu-float", "port": 40000}
    shifts = sorted(port - 40000 for _, port, _ in ports.modbus_ports(site(by_port)))
    assert shifts[0] == 0 < shifts[-1]
    for shift in shifts:
        clashing = site(by_port)
        clashing = clashing.model_copy(update={"http": clashing.http.model_copy(update={"port": 40000 + shift})})
        told = f"http 127.0.0.1:{40000 + shift}: modbus.devices.0.port takes it; choose another with http.port"
        assert told in ports.problems(clashing)


def test_serial_lines_and_certificates_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    missing = str(tmp_path / "none.pem")
    tls = ModbusTls(certificate_file=missing, key_file=missing, ca_file=missing)
    found = ports.problems(site({"serial": str(tmp_path / "file")}, {"port": 0, "tls": True}, tls=tls))
    assert [problem.split(": ")[0] for problem in found] == [
        f"modbus rtu {tmp_path}/file",
        *(f"modbus.tls.{key} = '{missing}'" for key in ("certificate_file", "key_file", "ca_file")),
    ]
    assert "modbus.devices.0.serial" in found[0]


def test_certificates_that_nobody_needs_are_not_looked_at() -> None:
    tls = ModbusTls(certificate_file="none", key_file="none", ca_file="none")
    assert ports.problems(site({"port": 0}, tls=tls)) == []
