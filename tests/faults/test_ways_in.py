"""The same specification by REST and by MQTT: conditions, leases, several at once, against a whole emulator."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bms_emulator.interfaces.mqtt.commands import Commander
from bms_emulator.testing.bench import Bench
from tests.interfaces.web.served import client

GOOD: dict[str, Any] = {"kind": "stop", "target": "container[1].pump", "name": "dry", "lease": "30s"}
WAITING: dict[str, Any] = {
    "kind": "hang",
    "target": "rack[1].controller",
    "name": "deaf",
    "when": "emulator.time > 1h",
    "for": "1s",
}
WRONG = WAITING | {"when": "emulator.tim > 1h", "name": "other"}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench("cabinet") as bench:
        yield bench


async def test_rest_takes_one_fault_or_several_and_renews_leases(bench: Bench) -> None:
    async with client(bench.link) as http:  # type: ignore[arg-type]
        refused = await http.post("/api/faults", json=[GOOD, WRONG])
        none = (await http.get("/api/faults")).json()["faults"]
        added = await http.post("/api/faults", json=[GOOD, WAITING])
        renewed = await http.post("/api/faults/dry/renew", json={})
        gone = await http.post("/api/faults/dri/renew", json={})
        lasting = await http.post("/api/faults/deaf/renew", json={})
    assert refused.status_code == 422
    assert "fault 2 of 2" in refused.json()["error"]
    assert none == []
    assert [fault["phase"] for fault in added.json()["result"]] == ["active", "waiting"]
    assert renewed.json()["result"] == ["dry"]
    assert (gone.status_code, "near: dry" in gone.json()["error"]) == (404, True)
    assert "has no lease" in lasting.json()["error"]


async def test_mqtt_takes_one_fault_or_several_and_renews_leases(bench: Bench) -> None:
    commander = Commander(bench.link, lambda: 0.0)

    async def change(**asked: Any) -> dict[str, Any]:
        return await commander.answer(json.dumps({"fault": asked}).encode())

    assert "fault 2 of 2" in (await change(add=[GOOD, WRONG]))["message"]
    assert [fault["name"] for fault in (await change(add=[GOOD, WAITING]))["result"]] == ["dry", "deaf"]
    assert (await change(renew={"names": ["dry"]}))["result"] == ["dry"]
    assert "no such fault" in (await change(renew={"names": ["dri"]}))["message"]
    assert not (await change(renew={"names": []}))["accepted"]
    assert not (await change(add=GOOD, clear={"all": True}))["accepted"]
    assert (await change(clear={"all": True}))["result"] == ["dry", "deaf"]
