import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.mqtt import commands
from bms_emulator.interfaces.mqtt.commands import PAYLOAD_MAX, Commander
from bms_emulator.interfaces.values import dumps
from tests.interfaces.fake_site import FakeSite


async def ask(payload: Any, link: FakeSite | None = None, now: float = 1000.0) -> dict[str, Any]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return await Commander(link or FakeSite(), lambda: now).answer(raw)


keys = st.sampled_from(["id", "set", "get", "fault", "expires_s", "timestamp", "add", "clear", "pcs[1].power_setpoint"])
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(), inner, max_size=5),
    max_leaves=12,
)
commandish = st.fixed_dictionaries(
    {}, optional={"id": data, "set": data, "get": data, "fault": data, "expires_s": data}
)


@settings(max_examples=300, deadline=None)
@given(payload=st.binary() | data.map(json.dumps).map(str.encode) | commandish.map(json.dumps).map(str.encode))
@example(payload=b"[" * 60_000)
@example(payload=b'{"id": "\\ud800", "get": "\\ud800"}')
@example(payload=b'{"set": {"pcs[1].power_setpoint": 1' + b"0" * 5000 + b"}}")
@example(payload=b'{"set": {"pcs[1].power_setpoint": 1' + b"0" * 400 + b"}}")
@example(payload=b'{"set": {"pcs[1].power_setpoint": 1e999}}')
@example(payload=b'{"get": "rack[' + b"9" * 5000 + b'].soc"}')
@example(payload=b'{"get": "rack[' + b"9" * 200 + b'].soc"}')
@example(payload=b'{"fault": {"add": ' + b'{"a":' * 900 + b"1" + b"}" * 901 + b"}")
@example(payload=b'{"id": "x", "fault": {"clear": {"names": 7}}}')
async def test_no_payload_disturbs_the_emulator(payload: bytes) -> None:
    link = FakeSite()
    before = link.arena.buffer.copy()
    answer = await ask(payload, link)
    assert isinstance(answer["accepted"], bool)
    assert json.loads(dumps(answer))["tick"] == 0
    if not answer["accepted"]:
        assert answer["message"]
        assert link.arena.buffer.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"id": "1"}, 'must have one of "set", "get", "fault", "fast_forward", has none'),
        ({"id": "1", "set": {"a": 1}, "get": "b"}, "has set and get"),
        ({"id": "1", "set": {}}, "names no point"),
        ({"id": 1, "get": "rack[1].soc"}, "id: Input should be a valid string"),
        ({"id": "1", "set": {"pcs[1].power_setpiont": 1}}, "near: pcs.power_setpoint"),
        ({"id": "1", "set": {"rack[1].soc": 1}}, "is read-only"),
        ({"id": "1", "set": {"rack[13].enabled": 1}}, "allowed: 1 to 12"),
        (
            {"id": "1", "set": {"container[1].request": "conect"}},
            "must be one of 0 (none), 1 (connect), 2 (disconnect)",
        ),
        ({"id": "1", "set": {"pcs[1].power_setpoint": "1 MV"}}, "allowed: W, kW, MW"),
        ({"id": "1", "set": {"pcs[1].power_setpoint": "1"}}, "must be a number [W]"),
        ({"id": "1", "set": {"pcs[1].power_setpoint": "infinity"}}, "must be a number [W]"),
        ({"id": "1", "set": {"pcs[1].power_setpoint_fraction": 2}}, "must be from -1 to 1"),
        ({"id": "1", "set": {"rack[1].soc": 1, "rack[99].enabled": 1}}, "read-only (firmware); rack[99].enabled"),
        ({"id": "1", "get": "rack[*].cell[*].*", "expires_s": 3}, '"expires_s" needs "timestamp"'),
        ({"id": "1", "get": "plant.rack[1].cell[1].soc"}, "is the truth of the plant"),
        ({"id": "1", "fast_forward": {"days": 0}}, "fast_forward.days: Input should be greater than 0"),
        ({"id": "1", "fault": {}}, 'must have one of "add", "clear" and "renew"'),
        ({"id": "1", "fault": {"add": {"target": "rack[1]"}}}, "kind is missing"),
        (b"x" * (PAYLOAD_MAX + 1), f"must be at most {PAYLOAD_MAX}"),
    ],
)
async def test_a_refusal_says_what_is_wrong_and_what_is_allowed(payload: Any, said: str) -> None:
    answer = await ask(payload)
    assert not answer["accepted"]
    assert said in answer["message"]


async def test_several_writes_are_one_command_and_selectors_write_many() -> None:
    link = FakeSite()
    answer = await ask({"set": {"rack[1..3].enabled": False, "container[1].request": "connect"}}, link)
    assert answer["accepted"]
    assert len(link.commands) == 1
    assert [link.get(f"rack[{n}].enabled") for n in (1, 2, 3, 4)] == [0, 0, 0, 1]
    assert link.get("container[1].request") == 1


async def test_speed_may_be_infinite() -> None:
    link = FakeSite()
    assert (await ask({"set": {"emulator.speed": "infinity"}}, link))["accepted"]
    assert math.isinf(link.get("emulator.speed"))
    values = (await ask({"get": "emulator.speed"}, link))["points"][0]["values"]
    assert values == ["infinity"]


async def test_an_expired_command_is_refused() -> None:
    link = FakeSite()
    command = {"id": "e", "set": {"rack[1].enabled": 0}, "timestamp": 1000.0, "expires_s": 5.0}
    assert "expired 5 s ago" in (await ask(command, link, now=1010.0))["message"]
    assert (await ask(command, link, now=1004.0))["accepted"]


async def test_an_id_answers_once_and_for_one_command() -> None:
    link = FakeSite()
    commander = Commander(link, lambda: 0.0)
    first = await commander.answer(b'{"id": "a", "set": {"rack[1].enabled": 0}}')
    again = await commander.answer(b'{"id": "a", "set": {"rack[1].enabled": 0}, "timestamp": 5}')
    other = await commander.answer(b'{"id": "a", "set": {"rack[1].enabled": 1}}')
    assert again == {**first, "repeated": True}
    assert "used by another command" in other["message"]
    assert len(link.commands) == 1


async def test_a_command_without_an_answer_is_not_applied_again_either() -> None:
    link = FakeSite()
    link.silent = True
    commander = Commander(link, lambda: 0.0)
    command = b'{"id": "a", "set": {"rack[1].enabled": 0}}'
    assert "may yet be applied" in (await commander.answer(command))["message"]
    link.silent = False
    assert (await commander.answer(command))["repeated"]
    assert len(link.commands) == 1


async def test_the_memory_of_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "REMEMBERED", 2)
    link = FakeSite()
    commander = Commander(link, lambda: 0.0)
    for name in ("a", "b", "c", "b", "a"):
        await commander.answer(json.dumps({"id": name, "set": {"rack[1].enabled": 0}}).encode())
    assert [command.origin for command in link.commands] == ["mqtt:a", "mqtt:b", "mqtt:c", "mqtt:a"]


async def test_faults_are_added_and_cleared() -> None:
    link = FakeSite()
    fault = {"kind": "stuck", "target": "rack[3].cell[41].voltage", "value": 3.7, "name": "ov1"}
    added = await ask({"id": "f", "fault": {"add": fault}}, link)
    assert added["result"] == fault
    assert (await ask({"id": "g", "fault": {"clear": {"names": ["ov1"]}}}, link))["result"] == ["ov1"]
    assert not link.faults


async def test_days_are_skipped_once_for_one_id() -> None:
    link = FakeSite()
    commander = Commander(link, lambda: 0.0)
    command = b'{"id": "f", "fast_forward": {"days": 30}}'
    answer = await commander.answer(command)
    assert answer["result"] == {"days": 30.0}
    assert (await commander.answer(command))["repeated"]
    assert [(sent.op, sent.args) for sent in link.commands] == [("fast_forward", {"days": 30.0})]
