"""An edge node on a broker, as a host application hears it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from bms_emulator.interfaces.mqtt import broker
from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Metric, encode
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import PATIENCE, served
from tests.interfaces.mqtt.sparkplug.conformance import Checker
from tests.interfaces.mqtt.test_outage import free_port, mosquitto, wired

OPTIONS = {"group": "plant", "node": "bms", "period_s": 0.1}
DEVICES = 14


class Host:
    """A host application on a broker; the embedded one delivers at the QoS of the subscription."""

    exact = True

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.checker = Checker("plant", "bms")
        self._messages = client.messages

    async def until(self, reached: Callable[[Checker], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached(self.checker):
                message = await anext(self._messages)
                topic = str(message.topic)
                if "/STATE/" not in topic and "CMD/" not in topic:
                    assert isinstance(message.payload, bytes)
                    self.checker.hear(topic, message.payload, bool(message.retain), message.qos if self.exact else None)

    async def until_born(self) -> None:
        await self.until(lambda checker: len(checker.births) == DEVICES + 1)

    async def command(self, topic: str, *metrics: Metric, held: DataType) -> None:
        await self.client.publish(f"spBv1.0/plant/{topic}", encode(metrics, [held] * len(metrics), 1))

    async def state(self, online: bool, timestamp: int) -> None:
        payload = json.dumps({"online": online, "timestamp": timestamp})
        await self.client.publish("spBv1.0/STATE/scada", payload, qos=1, retain=True)


@asynccontextmanager
async def host(port: int) -> AsyncIterator[Host]:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("spBv1.0/#", qos=1)
        yield Host(client)


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.component)])
async def port(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[int]:
    """Port of a running broker."""
    Host.exact = request.param != "embedded"
    async with contextlib.AsyncExitStack() as running:
        if request.param == "embedded":
            yield await running.enter_async_context(broker.embedded_broker("127.0.0.1", 0))
        else:
            found, program = free_port(), request.getfixturevalue("require_program")("mosquitto")
            await running.enter_async_context(mosquitto(program, found, tmp_path))
            yield found


async def test_a_host_follows_a_node_through_birth_data_rebirth_writes_and_death(port: int) -> None:
    link = FakeSite()
    async with host(port) as scada:
        async with served(link, broker=f"mqtt://127.0.0.1:{port}", sparkplug=OPTIONS):
            await scada.until_born()
            link.set("rack[3].soc", 0.25)
            await scada.until(lambda checker: checker.values["container-1-rack-3"]["soc"] == 25.0)
            births = scada.checker.heard.count(("NBIRTH", ""))
            rebirth = Metric("Node Control/Rebirth", None, DataType.BOOLEAN, True)
            await scada.command("NCMD/bms", rebirth, held=DataType.BOOLEAN)
            await scada.until(lambda checker: checker.heard.count(("NBIRTH", "")) == births + 1)
            await scada.until_born()
            alias = scada.checker.births["pcs-1"]["power_setpoint"].alias
            await scada.command("DCMD/bms/pcs-1", Metric(None, alias, None, 1e6), held=DataType.DOUBLE)
            await scada.until(lambda checker: checker.values["pcs-1"]["power_setpoint"] == 1e6)
            await scada.command("DCMD/bms/pcs-1", Metric(None, alias, None, 9e9), held=DataType.DOUBLE)
            await scada.until(lambda checker: checker.values[""]["commands/refused"] == 1)
        await scada.until(lambda checker: checker.heard[-1] == ("NDEATH", ""))
    assert not scada.checker.broken
    assert [command.origin for command in link.commands] == ["sparkplug:pcs-1"]
    assert "must be from -2.5e+06" in str(scada.checker.values[""]["commands/last_refusal"])


async def test_a_node_waits_for_its_primary_host_and_falls_silent_without_it(port: int) -> None:
    options = {**OPTIONS, "primary_host": "scada"}
    async with host(port) as scada, served(FakeSite(), broker=f"mqtt://127.0.0.1:{port}", sparkplug=options):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await scada.until_born()
        assert not scada.checker.heard
        await scada.state(True, 100)
        await scada.until_born()
        await scada.state(False, 99)  # older than what is known
        await scada.state(False, 101)
        await scada.until(lambda checker: checker.heard[-1] == ("NDEATH", ""))
        await scada.state(True, 102)
        await scada.until_born()
    assert not scada.checker.broken
    assert scada.checker.heard.count(("NDEATH", "")) == 1


@pytest.mark.component
@pytest.mark.parametrize("port", ["mosquitto"], indirect=True)
async def test_a_cut_wire_is_a_death_by_the_broker_and_a_birth_with_the_next_bd_seq(port: int) -> None:
    async with (
        host(port) as scada,
        wired(port) as (wire, near),
        served(FakeSite(), broker=f"mqtt://127.0.0.1:{near}", sparkplug=OPTIONS),
    ):
        await scada.until_born()
        wire.cut()
        wire.mend()
        await scada.until(lambda checker: checker.heard[-1] == ("NDEATH", ""))
        await scada.until(lambda checker: checker.heard.count(("NBIRTH", "")) == 2)
        await scada.until_born()
    assert not scada.checker.broken


async def test_retained_commands_are_not_obeyed(port: int) -> None:
    link = FakeSite()
    payload = encode([Metric("power_setpoint", None, None, 1e6)], [DataType.DOUBLE], 1)
    async with host(port) as scada:
        await scada.client.publish("spBv1.0/plant/DCMD/bms/pcs-1", payload, qos=1, retain=True)
        scada = Host(scada.client)
        await scada.client.unsubscribe("spBv1.0/#")
        for kind in ("NBIRTH/bms", "DBIRTH/bms/+"):
            await scada.client.subscribe(f"spBv1.0/plant/{kind}")
        async with served(link, broker=f"mqtt://127.0.0.1:{port}", sparkplug=OPTIONS):
            async with asyncio.timeout(PATIENCE):
                while len(scada.checker.births) < DEVICES + 1:
                    message = await anext(scada._messages)
                    if "BIRTH" in str(message.topic):
                        scada.checker.hear(str(message.topic), bytes(message.payload))
    assert not link.commands
