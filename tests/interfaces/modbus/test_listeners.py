"""What listens where: devices for each container, several ports, serial lines, and what clashes."""

from pathlib import Path
from typing import Any

import pytest

from bms_emulator.interfaces.modbus.device import DevicePlan
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import shipped_folder
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice, ModbusTls, SiteProfile

MAPS = {
    "bank": "units: [{name: bank, blocks: [{name: b, rows: [{name: soc, type: u16, point: soc, unit: '%'}]}]}]",
    "ports": """\
unknown_unit: silent
any_unit: [255]
heartbeat: traffic
units:
  - {name: bank, blocks: [{name: b, rows: [{name: soc, type: u16, point: soc, unit: "%"}]}]}
  - name: rack
    over: rack
    by: port
    port_offset: 1
    blocks: [{name: b, rows: [{name: soc, type: u16, point: rack.soc, unit: "%"}]}]
""",
}
HEAD = "name: {}\ndescription: d\nsource: s\nidentity: {{vendor: V, product_code: P}}\n{}\n"
TLS = ModbusTls(certificate_file="c", key_file="k", ca_file="a")


@pytest.fixture(autouse=True)
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tmp_path))
    (tmp_path / "registers").mkdir()
    for name, text in MAPS.items():
        (tmp_path / "registers" / f"{name}.yaml").write_text(HEAD.format(name, text))


def site(*devices: dict[str, Any]) -> SiteProfile:
    """Three cabinets of two racks with these devices."""
    cabinets = load_site("cabinet", {"container_count": 3, "container.rack_count": 2})
    served = tuple(ModbusDevice(**device) for device in devices)
    return cabinets.model_copy(update={"modbus": cabinets.modbus.model_copy(update={"devices": served, "tls": TLS})})


def plans(*devices: dict[str, Any]) -> tuple[DevicePlan, ...]:
    """What listens there."""
    cabinets = site(*devices)
    return compile_maps(cabinets, Catalogue(cabinets)).devices


def problems(*devices: dict[str, Any]) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        plans(*devices)
    return [str(problem) for problem in caught.value.problems]


def where(plan: DevicePlan) -> tuple[str, int, dict[int, tuple[str, int]]]:
    """Host, port, and name and container of each unit."""
    return plan.host, plan.port, {n: (unit.name, unit.container) for n, unit in plan.units.items()}


def test_a_map_is_served_once_for_each_container_with_its_steps() -> None:
    served = plans({"map": "bank", "each": "container", "port": 5100, "port_step": 10, "unit": 3})
    assert [where(plan) for plan in served] == [("127.0.0.1", 5100 + 10 * n, {3: ("bank", n + 1)}) for n in range(3)]
    served = plans({"map": "bank", "each": "container", "host": "127.0.0.9", "host_step": 2})
    assert [plan.host for plan in served] == ["127.0.0.9", "127.0.0.11", "127.0.0.13"]
    [one] = plans({"map": "bank", "each": "container", "unit_step": 5})
    assert where(one) == ("127.0.0.1", 5020, {1: ("bank", 1), 6: ("bank", 2), 11: ("bank", 3)})


def test_racks_may_have_a_port_each() -> None:
    served = plans({"map": "ports", "port": 5200, "unit": 2})
    names = ["bank", "rack 1", "rack 2"]
    assert [where(plan) for plan in served] == [("127.0.0.1", 5200 + n, {2: (name, 1)}) for n, name in enumerate(names)]


def test_the_system_chooses_a_port_for_each_device_and_each_rack() -> None:
    served = plans({"map": "ports", "port": 0}, {"map": "bank", "port": 0})
    assert [(plan.port, list(plan.units)) for plan in served] == [(0, [1])] * 4


def test_the_first_map_at_an_address_says_how_strange_unit_ids_are_met() -> None:
    first, *_ = plans({"map": "ports"}, {"map": "bank", "unit": 2})
    assert (first.maps, first.any_unit, first.silent) == (("ports", "bank"), (255,), True)
    first, *_ = plans({"map": "bank"}, {"map": "ports", "unit": 2})
    assert (first.maps, first.any_unit, first.silent) == (("bank", "ports"), (0, 255), False)


def test_any_request_is_a_heartbeat_where_the_map_says_so() -> None:
    served = plans({"map": "ports", "container": 2}, {"map": "bank", "unit": 2})
    heartbeats = {unit.map: unit.heartbeat for plan in served for unit in plan.units.values()}
    assert heartbeats == {"bank": None, "ports": Catalogue(site()).find("container[2].heartbeat_master")[1]}


def test_a_serial_line_and_tls_are_said_in_the_plan() -> None:
    line, secure = plans(
        {"map": "bank", "serial": "/dev/tty-x", "baud": 19200, "parity": "even"}, {"map": "bank", "tls": True}
    )
    assert (line.serial, line.baud, line.parity, line.port, line.tls) == ("/dev/tty-x", 19200, "even", 0, False)
    assert (secure.serial, secure.tls, secure.port) == (None, True, 5020)


def test_all_that_clashes_is_told_at_once() -> None:
    told = problems(
        {"map": "bank", "port": 5300},
        {"map": "bank", "port": 5300, "container": 2},
        {"map": "bank", "serial": "/dev/x"},
        {"map": "bank", "serial": "/dev/x", "baud": 19200, "unit": 2},
        {"map": "bank", "port": 5300, "unit": 2, "tls": True},
        {"map": "ports", "port": 65534, "unit": 9},
        {"map": "ports", "serial": "/dev/y"},
        {"map": "bank", "each": "container", "host": "127.0.0.254", "host_step": 1},
        {"map": "bank", "each": "container", "unit": 246, "unit_step": 1, "port": 5400},
    )
    expected = [
        "modbus.devices.1.unit: bank of bank and bank of bank both get unit id 1 on one port",
        "modbus.devices.3.baud: is 19200, but 9600 for devices.2 at the same address",
        "modbus.devices.4.tls: is True, but False for devices.0 at the same address",
        "modbus.devices.5.port: ports would get port 65536; the last one is 65535",
        "modbus.devices.6.serial: ports needs several ports, which a serial line has not",
        "modbus.devices.7.host_step: container 3 would get host 127.0.0.256",
        "modbus.devices.8.unit: bank of bank would get unit id 248; allowed are 1 to 247",
    ]
    assert [line.partition(": ")[2] for line in told] == expected


def test_a_clash_is_told_with_file_and_line(tmp_path: Path) -> None:
    text = (shipped_folder() / "sites" / "demo.yaml").read_text().replace("name: demo", "name: own")
    file = tmp_path / "own.yaml"
    file.write_text(text.replace("unit: 100}", "unit: 12}"))
    line = next(n for n, row in enumerate(file.read_text().splitlines(), 1) if "unit: 12}" in row)
    for overrides, place in (({}, f"{file}:{line}"), ({"modbus.devices.1.unit": 13}, "override")):
        site = load_site(str(file), overrides)
        with pytest.raises(ProfileError) as caught:
            compile_maps(site, Catalogue(site))
        assert f"{caught.value}".startswith(f"{place}: modbus.devices.1.unit: pcs of pcs-sunspec and rack ")
