"""A real battery on a rig: read through its register map or its messages, on Modbus TCP, Modbus RTU and MQTT."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bms_emulator.interfaces.modbus.master import MasterError
from bms_emulator.testing.drivers.driver import Capability, Driver, NotOfferedError
from bms_emulator.testing.rigs.drive import drive
from bms_emulator.testing.rigs.rig_file import RigFile
from bms_emulator.testing.served import ServedBench
from tests.testing.battery import battery

MAP = "sunspec-battery"
SIGNALS = [
    {"point": "rack[*].soc", "topic": "bms/cabinet/container/1/rack/{rack}/state", "field": "soc_percent", "unit": "%"},
    {"point": "mode", "topic": "bms/cabinet/container/1/state", "field": "mode"},
    {
        "point": "rack[*].cell_voltage_max",
        "topic": "bms/cabinet/container/1/rack/{rack}/state",
        "field": "cell_voltage_max_v",
        "unit": "V",
    },
    {"point": "request", "topic": "bms/cabinet/command", "field": "set.request", "access": "w"},
]


def rig_file(**bms: Any) -> RigFile:
    told = {"name": "real", "description": "x", "site": "cabinet", "under_test": {"bms": {"poll_s": 0.05, **bms}}}
    return RigFile.model_validate(told)


@pytest.fixture(params=["tcp", "rtu", "mqtt"])
def attached(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Driver, ServedBench]]:
    line, way = str(tmp_path / "line"), request.param
    device = {"map": MAP, "serial": line, "port": 0} if way == "rtu" else {"map": MAP, "port": 0}
    wanted = {"modbus.devices": [device], "mqtt.port": 0, "mqtt.period_s": 0.1}
    with battery(wanted, mqtt=way == "mqtt", serial=way == "rtu") as bench:
        if way == "mqtt":
            file = rig_file(mqtt={"broker": {"broker": bench.broker}, "signals": SIGNALS})
        elif way == "rtu":
            file = rig_file(modbus={"map": MAP, "serial": line})
        else:
            host, port = bench.address(MAP)
            file = rig_file(modbus={"map": MAP, "host": host, "port": port})
        driver = drive(file, file.load_site())
        try:
            yield driver, bench
        finally:
            driver.close()


def value(driver: Driver, name: str) -> float:
    return float(driver.read(driver.catalogue.select(name)[0].offsets())[0])


def test_points_are_read_from_the_wire(attached: tuple[Driver, ServedBench]) -> None:
    driver, bench = attached
    driver.advance(0.3)
    assert value(driver, "rack[1].soc") == pytest.approx(bench.get("rack[1].soc"), abs=2e-3)
    assert value(driver, "rack[1].cell_voltage_max") == pytest.approx(bench.get("rack[1].cell_voltage_max"), abs=2e-3)


def test_a_command_is_followed_and_the_change_of_state_is_an_event(attached: tuple[Driver, ServedBench]) -> None:
    driver, bench = attached
    driver.advance(0.3)
    driver.write({"request": "connect"})
    for _ in range(200):
        driver.advance(0.05)
        if bench.get("racks_connected") == 1.0:
            break
    driver.advance(0.3)
    changes = [(event.data["point"], event.data["text"]) for event in driver.events(0) if event.kind == "state"]
    assert ("mode", "connected") in changes


def test_what_a_real_battery_cannot_do_is_not_offered(attached: tuple[Driver, ServedBench]) -> None:
    driver, _ = attached
    with pytest.raises(NotOfferedError, match="is not told by"):
        value(driver, "plant.rack[1].cell[1].soc")
    with pytest.raises(NotOfferedError, match="is not taken by"):
        driver.write({"balancing_enabled": False})
    with pytest.raises(NotOfferedError, match="nobody can inject faults"):
        driver.fault("stuck", "rack[1].cell[1].voltage", None, {"value": "3.7V"})
    assert Capability.FAULTS not in driver.capabilities


def test_signals_that_do_not_fit_the_site_are_refused_together() -> None:
    signals = [
        {"point": "rack[1].sock", "topic": "a"},
        {"point": "rack[1].soc", "topic": "a/{cell}", "unit": "1"},
        {"point": "rack[1].soc", "topic": "a", "unit": "V"},
    ]
    file = rig_file(mqtt={"broker": {"broker": "mqtt://127.0.0.1:1"}, "signals": signals})
    with pytest.raises(ValueError, match=r"no such point.*allowed placeholders are .*rack.*unit = 'V'"):
        drive(file, file.load_site())


def test_a_battery_that_does_not_answer_is_an_error_of_the_rig() -> None:
    file = rig_file(modbus={"map": MAP, "host": "127.0.0.1", "port": 1, "timeout_s": 0.2})
    with pytest.raises(MasterError, match=r"127\.0\.0\.1:1"):
        drive(file, file.load_site())
