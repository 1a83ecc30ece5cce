"""Targets and settings of faults of connections: what they hit, and what is refused."""

from typing import Any

import pytest

from bms_emulator.faults.engine import FaultSet
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.wire import WireTarget
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import Mqtt, SiteProfile


@pytest.fixture(scope="module")
def served(site: SiteProfile) -> SiteProfile:
    """A map on TCP for two containers, and one on a serial line."""
    battery, *_ = site.modbus.devices
    devices = (
        battery.model_copy(update={"map": "sunspec-battery", "each": "container", "port_step": 1, "container": 1}),
        battery.model_copy(update={"map": "chiller", "serial": "/dev/ttyUSB9"}),
    )
    return site.model_copy(update={"modbus": site.modbus.model_copy(update={"devices": devices})})


def preview(site: SiteProfile, kind: str, target: str, **parameters: Any) -> dict[str, Any]:
    """What a fault would hit."""
    return FaultSet(Catalogue(site), site).preview({"kind": kind, "target": target, "parameters": parameters})


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("modbus", WireTarget()),
        ("modbus:bank", WireTarget("bank")),
        ("modbus:bank[3]/11", WireTarget("bank", 3, 11)),
        ("modbus@10.0.0.7", WireTarget(host="10.0.0.7")),
        ("modbus:bank@127.0.0.1:51234", WireTarget("bank", host="127.0.0.1", port=51234)),
        ("modbus:bank/1@[::1]:502", WireTarget("bank", None, 1, "::1", 502)),
        ("modbus@::1", WireTarget(host="::1")),
    ],
)
def test_a_target_names_map_container_unit_and_client(text: str, target: WireTarget) -> None:
    assert WireTarget.read(text) == target


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "message"),
    [
        ("delay", "modbus:chilller", {"time": 1}, "no such register map is served; near: chiller"),
        ("delay", "modbus:sunspec-battery[3]", {"time": 1}, "does not show container 3; allowed: 1, 2"),
        ("delay", "modbus@localhost", {"time": 1}, "'localhost' is no client; write its IP address"),
        ("delay", "modbus:chiller@10.0.0.7", {"time": 1}, "a serial line has no clients"),
        ("delay", "modbus:sunspec-battery/256", {"time": 1}, "no unit 256 answers there"),
        ("reset", "modbus:chiller", {}, "reset: a serial line cannot have it"),
        ("wrong", "modbus:chiller", {"field": "length"}, "wrong: a serial line cannot have it as it is set"),
        ("refuse", "modbus:sunspec-battery/1", {}, "no fault 'refuse' on a modbus unit"),
        ("refuse", "modbus@10.0.0.7", {}, "no fault 'refuse' on a modbus client"),
        ("mute", "modbus:sunspec-battery/1", {}, "no fault 'mute' on a modbus unit"),
        ("shift", "modbus", {"by": 0}, "must not be 0"),
        ("exception", "modbus", {"code": 0}, "code = 0"),
        ("broker-down", "modbus", {}, "no fault 'broker-down' on a modbus"),
    ],
)
def test_what_makes_no_sense_is_refused(
    served: SiteProfile, kind: str, target: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(FaultError, match=message):
        preview(served, kind, target, **parameters)


def test_a_fault_of_all_connections_hits_those_that_can_have_it(served: SiteProfile) -> None:
    assert preview(served, "delay", "modbus", time=1)["count"] == 3
    reset = preview(served, "reset", "modbus")
    assert reset["count"] == 2
    assert not any("ttyUSB9" in name for name in reset["hits"])
    (one,) = preview(served, "reset", "modbus:sunspec-battery[2]@10.0.0.7")["hits"]
    assert one.startswith("modbus:sunspec-battery (container 2, port ")
    assert one.endswith(", client 10.0.0.7)")


def test_only_an_embedded_broker_can_be_down_and_a_site_without_one_has_no_faults_of_it(site: SiteProfile) -> None:
    def at(broker: str) -> SiteProfile:
        return site.model_copy(update={"mqtt": Mqtt(broker=broker)})

    assert preview(at("embedded"), "broker-down", "mqtt")["hits"] == ["mqtt (embedded)"]
    with pytest.raises(FaultError, match="broker-down: the broker is another program"):
        preview(at("mqtt://10.0.0.7:1883"), "broker-down", "mqtt")
    assert preview(at("mqtt://10.0.0.7:1883"), "disconnect", "mqtt")["count"] == 1
    with pytest.raises(FaultError, match=r"speaks no MQTT, mqtt\.broker = off"):
        preview(at("off"), "disconnect", "mqtt")
