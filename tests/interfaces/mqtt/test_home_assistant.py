import json
from typing import Any

from bms_emulator.interfaces.mqtt.home_assistant import ENTITIES_MAX, Discovery
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import Mqtt
from tests.interfaces.fake_site import FakeSite, demo_catalogue
from tests.interfaces.mqtt.served import BASE, served, subscribed


def described(catalogue: Catalogue | None = None) -> dict[str, dict[str, Any]]:
    discovery = Discovery(catalogue or demo_catalogue(), BASE, Mqtt(home_assistant=True))
    return {topic: json.loads(payload) for topic, payload in discovery.messages()}


def value_at(state: dict[str, Any], template: str) -> Any:
    """The value that a template names first."""
    path = template.split("value_json.")[1].split(" ", maxsplit=1)[0].rstrip("}")
    for key in path.split("."):
        state = state[key]
    return state


async def test_every_entity_reads_a_value_that_the_state_messages_have() -> None:
    states: dict[str, dict[str, Any]] = {}
    wanted = {config["state_topic"] for config in described().values() if "state_topic" in config}
    async with served(FakeSite()) as port, subscribed(port, f"{BASE}/#") as client:
        while wanted - set(states):
            message = await client.next(lambda message: message.topic.value.endswith("/state"))
            states[message.topic.value] = json.loads(message.payload)
    for topic, config in described().items():
        if "state_topic" in config:
            assert not isinstance(value_at(states[config["state_topic"]], config["value_template"]), dict), topic


def test_entities_have_identities_of_their_own_and_one_availability() -> None:
    configs = described()
    assert len({config["unique_id"] for config in configs.values()}) == len(configs)
    assert {config["availability_topic"] for config in configs.values()} == {f"{BASE}/status"}
    assert {topic.split("/")[1] for topic in configs} == {
        "sensor",
        "binary_sensor",
        "switch",
        "select",
        "button",
        "number",
    }


async def test_what_an_entity_writes_is_a_command_that_is_applied() -> None:
    link = FakeSite()
    async with served(link) as port, subscribed(port, f"{BASE}/answer") as client:
        for topic, config in described().items():
            texts = [config[key] for key in ("payload_on", "payload_off", "payload_press") if key in config]
            if "command_template" in config:
                value = config["options"][-1] if "options" in config else str(config["max"])
                texts.append(config["command_template"].replace("{{ value }}", value))
            for text in texts:
                await client.client.publish(config["command_topic"], text, qos=1)
                assert json.loads((await client.next()).payload)["accepted"], topic
    assert link.commands


async def test_the_description_is_retained_and_comes_again_when_home_assistant_starts() -> None:
    wanted = {topic for topic in described() if "/number/" in topic or "/button/" in topic}
    async with served(FakeSite(), home_assistant=True) as port:
        async with subscribed(port, "homeassistant/#") as client:
            missing = set(wanted)
            while missing:
                missing.discard((await client.next()).topic.value)
        async with subscribed(port, "homeassistant/number/#") as client:
            assert (await client.next()).retain
        async with subscribed(port, "homeassistant/#") as client:
            while wanted - (seen := {(await client.next()).topic.value for _ in wanted}):
                wanted -= seen
            await client.client.publish("homeassistant/status", "online")
            again = await client.next(lambda message: message.topic.value == "homeassistant/status")
            again = await client.next(lambda message: "/number/" in message.topic.value)
    assert json.loads(again.payload)["unique_id"] == "bms_demo_pcs_1_number_power_setpoint_w"


def test_a_large_site_describes_its_containers_and_leaves_out_its_racks() -> None:
    site = load_site("demo")
    configs = described(Catalogue(site.model_copy(update={"container_count": 100})))
    assert 0 < len(configs) <= ENTITIES_MAX
    assert not any("_rack_" in topic for topic in configs)
