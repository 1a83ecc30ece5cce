from typing import Any

import pytest

from bms_emulator.interfaces.mqtt.sparkplug.commands import PAYLOAD_MAX, Reader, RefusedError
from bms_emulator.interfaces.mqtt.sparkplug.host import PrimaryHost
from bms_emulator.interfaces.mqtt.sparkplug.metrics import Metrics
from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Metric, encode
from tests.interfaces.fake_site import demo_catalogue

METRICS = Metrics(demo_catalogue())


def command(*metrics: Metric, held: DataType = DataType.DOUBLE) -> bytes:
    return encode(metrics, [held] * len(metrics), 1)


def alias(device: str, name: str) -> int:
    found = next(d for d in METRICS.devices if d.name == device)
    return found.start + [kind.name for kind in found.kinds].index(name) + 1


def offset(point: str) -> int:
    return demo_catalogue().find(point)[1]


def test_metrics_are_written_by_name_or_alias_in_their_own_unit() -> None:
    wanted = Reader(METRICS).read(
        "container-1",
        command(
            Metric("soc_reserve_min", None, DataType.DOUBLE, 15.0),
            Metric(None, alias("container-1", "soc_reserve_max"), None, 80.0),
        ),
    )
    assert wanted.writes == [
        [offset("container.soc_reserve_min"), 0.15],
        [offset("container.soc_reserve_max"), 0.8],
    ]
    assert not wanted.rebirth


def test_a_rebirth_is_asked_of_the_node() -> None:
    rebirth = command(Metric("Node Control/Rebirth", None, DataType.BOOLEAN, True), held=DataType.BOOLEAN)
    assert Reader(METRICS).read("", rebirth).rebirth
    idle = command(Metric("Node Control/Rebirth", None, DataType.BOOLEAN, False), held=DataType.BOOLEAN)
    assert not Reader(METRICS).read("", idle).rebirth


@pytest.mark.parametrize(
    ("device", "payload", "said"),
    [
        ("pcs-9", command(), "no such device"),
        ("pcs-1", b"\xff", "no Sparkplug B payload"),
        ("pcs-1", b"\x00" * (PAYLOAD_MAX + 1), "at most"),
        ("pcs-1", command(), "names no metric"),
        ("pcs-1", command(Metric("nothing", None, None, 1.0)), "no such metric"),
        ("pcs-1", command(Metric(None, None, None, 1.0)), "neither name nor alias"),
        ("pcs-1", command(Metric(None, 1, None, 1.0)), "alias 1: is no metric of this device"),
        ("pcs-1", command(Metric(None, 10**15, None, 1.0)), "is no metric"),
        ("pcs-1", command(Metric("power_setpoint", alias("pcs-1", "enable"), None, 1.0)), "is no metric"),
        ("pcs-1", command(Metric("power", None, None, 1.0)), "power: is read-only"),
        ("pcs-1", command(Metric("power_setpoint", None, None, None)), "has no value, must be Double"),
        ("pcs-1", command(Metric("power_setpoint", None, None, 1), held=DataType.INT64), "must be Double"),
        ("pcs-1", command(Metric("power_setpoint", None, DataType.INT64, 1.0)), "must be Double"),
        ("pcs-1", command(Metric("power_setpoint", None, None, float("nan"))), "must be a number"),
        ("pcs-1", command(Metric("power_setpoint", None, None, 9e9)), "must be from -2.5e+06 to 2.5e+06 W"),
        ("pcs-1", command(Metric("control_mode", None, None, 9), held=DataType.INT32), "must be one of 0 (power)"),
        ("", command(Metric("Node Control/Rebirth", None, None, 1), held=DataType.INT64), "must be Boolean"),
        ("", command(Metric("emulator/time", None, None, 1.0)), "is read-only"),
    ],
)
def test_a_refusal_says_what_is_wrong(device: str, payload: bytes, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Reader(METRICS).read(device, payload)
    assert said in str(refused.value)


def test_one_bad_metric_refuses_the_whole_command_and_all_are_told() -> None:
    payload = command(
        Metric("power_setpoint", None, None, 1.0), Metric("power", None, None, 1.0), Metric("x", value=1.0)
    )
    with pytest.raises(RefusedError, match="power: is read-only; 'x': there is no such metric"):
        Reader(METRICS).read("pcs-1", payload)


def state(online: Any, timestamp: Any) -> bytes:
    return f'{{"online": {online}, "timestamp": {timestamp}}}'.encode()


async def test_the_primary_host_is_what_its_newest_message_says() -> None:
    host = PrimaryHost("scada")
    assert host.topic == "spBv1.0/STATE/scada"
    assert not host.online.is_set()
    assert not host.hear(state("true", 100))
    assert host.online.is_set()
    assert not host.hear(state("false", 99))  # an older death, late
    assert host.online.is_set()
    assert host.hear(state("false", 101))
    assert not host.online.is_set()


@pytest.mark.parametrize(
    "payload", [b"", b"ONLINE", b"[]", b"\xff", state(1, 1), state("true", '"1"'), b'{"online":true}']
)
async def test_other_state_messages_count_for_nothing(payload: bytes) -> None:
    host = PrimaryHost("scada")
    assert not host.hear(payload)
    assert not host.online.is_set()


async def test_without_a_primary_host_a_node_waits_for_nobody() -> None:
    assert PrimaryHost(None).online.is_set()
