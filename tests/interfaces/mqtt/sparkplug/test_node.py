"""What an edge node says, without a broker."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.mqtt.sparkplug.node import Node, Sent
from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, decode
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.sparkplug.conformance import Checker

RACK = "container-1-rack-3"


class Conversation:
    """A node, its site and a host that hears it."""

    def __init__(self) -> None:
        self.link = FakeSite()
        clock = itertools.count(1_700_000_000_000)
        self.node = Node(self.link.catalogue, "plant", "bms", lambda: next(clock))
        self.host = Checker("plant", "bms")

    def say(self, what: str) -> list[Sent]:
        values, _, time = self.link.values(self.node.offsets)
        sent = list(getattr(self.node, what)(values, time))
        for topic, payload in sent:
            self.host.hear(topic, payload)
        return sent

    def die(self) -> None:
        self.host.hear(*self.node.death())


@pytest.fixture
def talk() -> Conversation:
    made = Conversation()
    made.node.connect()
    made.say("births")
    return made


def test_births_of_node_and_devices_come_first_and_are_complete(talk: Conversation) -> None:
    assert not talk.host.broken
    assert talk.host.heard[0] == ("NBIRTH", "")
    assert [device for _, device in talk.host.heard[1:]] == [
        "container-1",
        *(f"container-1-rack-{n}" for n in range(1, 13)),
        *("pcs-1", "meter", "load", "pv", "weather"),
    ]
    soc = talk.host.births[RACK]["soc"]
    assert (soc.datatype, soc.properties["engUnit"]) == (DataType.DOUBLE, "%")
    alarm = talk.host.births[RACK]["alarm/cell_overvoltage/level"]
    assert (alarm.datatype, alarm.value) == (DataType.INT64, 0)
    setpoint = talk.host.births["pcs-1"]["power_setpoint"]
    assert setpoint.properties == {"engUnit": "W", "engLow": -2.5e6, "engHigh": 2.5e6, "writable": True}
    assert "container" not in talk.host.births
    assert not any("plant" in name for name in talk.host.births[RACK])


def test_nothing_is_said_while_nothing_changes(talk: Conversation) -> None:
    assert talk.say("data") == []


def test_data_tell_what_has_changed_in_the_unit_that_the_birth_told(talk: Conversation) -> None:
    talk.link.set("rack[3].soc", 0.625)
    talk.link.set("rack[3].temperature_max", 303.15)
    talk.link.set("rack[3].mode", 4)
    assert len(talk.say("data")) == 1
    assert not talk.host.broken
    told = talk.host.values[RACK]
    assert (told["soc"], told["temperature_max"], told["mode"]) == (62.5, 30.0, 4)
    assert talk.say("data") == []


def test_an_invalid_measurement_is_null_and_is_told_once(talk: Conversation) -> None:
    talk.link.set("rack[3].current", float("nan"))
    assert len(talk.say("data")) == 1
    assert talk.host.values[RACK]["current"] is None
    assert talk.say("data") == []
    talk.link.set("rack[3].current", 5.0)
    talk.say("data")
    assert talk.host.values[RACK]["current"] == 5.0


def test_what_creeps_within_its_dead_band_is_told_when_it_leaves_it(talk: Conversation) -> None:
    talk.link.set("rack[3].link_voltage", 1000.0)
    talk.say("data")
    told = []
    for step in range(1, 11):
        talk.link.set("rack[3].link_voltage", 1000.0 + 0.1 * step)
        talk.say("data")
        told.append(talk.host.values[RACK]["link_voltage"])
    assert set(told[:4]) == {1000.0}
    assert abs(float(str(told[-1])) - 1001.0) <= 0.5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-2e3, 2e3) | st.just(float("nan")), min_size=1, max_size=8))
def test_a_host_is_never_further_off_than_the_dead_band(currents: list[float]) -> None:
    talk = Conversation()
    talk.node.connect()
    talk.say("births")
    for current in currents:
        talk.link.set("rack[3].current", current)
        talk.say("data")
        told = talk.host.values[RACK]["current"]
        assert (told is None) == math.isnan(current)
        if told is not None:
            assert abs(float(str(told)) - current) <= max(0.1, 0.001 * abs(float(str(told)))) + 1e-6
    assert not talk.host.broken


def test_sequence_numbers_wrap_at_255(talk: Conversation) -> None:
    for n in range(600):
        talk.link.set("rack[3].current", 10.0 * n + 10.0)
        talk.say("data")
    assert not talk.host.broken


def test_a_rebirth_begins_at_0_again_with_the_same_bd_seq(talk: Conversation) -> None:
    before = talk.host.bd_seq
    talk.link.set("rack[3].soc", 0.25)
    talk.say("data")
    talk.say("births")
    assert not talk.host.broken
    assert talk.host.bd_seq == before
    assert talk.host.values[RACK]["soc"] == 25.0


def test_every_connection_has_its_own_bd_seq_in_will_and_birth(talk: Conversation) -> None:
    for _ in range(260):
        talk.die()
        _, will = talk.node.connect()
        talk.say("births")
        assert decode(will).metrics[0].value == talk.host.bd_seq
    assert not talk.host.broken


def test_a_device_whose_heartbeat_stands_dies_and_is_born_again(talk: Conversation) -> None:
    beats = [device.heartbeat for device in talk.node.metrics.devices if device.heartbeat is not None]
    for second in range(1, 40):
        talk.link.tick = 10 * second
        talk.link.arena.buffer[beats] = second
        if 5 <= second < 25:
            talk.link.set("rack[3].heartbeat", 5)
            talk.link.set("rack[3].soc", 0.5 + 0.01 * second)
        talk.say("data")
    deaths = [n for n, said in enumerate(talk.host.heard) if said == ("DDEATH", RACK)]
    assert not talk.host.broken
    assert len(deaths) == 1
    assert ("DDATA", RACK) not in talk.host.heard[deaths[0] : talk.host.heard.index(("DBIRTH", RACK), deaths[0])]
    assert {device for kind, device in talk.host.heard if kind == "DDEATH"} == {RACK}


def test_a_paused_emulator_loses_no_device(talk: Conversation) -> None:
    for _ in range(50):
        talk.say("data")
    assert not any(kind == "DDEATH" for kind, _ in talk.host.heard)


def test_refused_commands_are_counted_and_explained(talk: Conversation) -> None:
    talk.node.refuse("soc: is read-only")
    talk.say("data")
    assert not talk.host.broken
    told = talk.host.values[""]
    assert (told["commands/refused"], told["commands/last_refusal"]) == (1, "soc: is read-only")
