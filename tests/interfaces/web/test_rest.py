import json
from typing import Any

import pytest

from bms_emulator.interfaces.mqtt.telemetry import Telemetry
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.web.served import client


async def get(path: str, link: FakeSite | None = None) -> tuple[int, Any]:
    async with client(link or FakeSite()) as http:
        answer = await http.get(path)
    return answer.status_code, answer.json()


async def test_status_and_site_say_what_runs() -> None:
    assert (await get("/api/status"))[1]["tick"] == 0
    site = (await get("/api/site"))[1]
    assert (site["name"], site["rack_count"], site["cell_count"]) == ("demo", 12, 4992)


async def test_a_selector_gives_values_of_one_tick_by_name() -> None:
    link = FakeSite()
    link.tick = 5
    link.set("rack[2].cell[7].voltage", 3.3125)
    link.set("rack[2].cell[8].voltage", float("nan"))
    answer = (await get("/api/points?select=rack[2].cell[7..8].voltage", link))[1]
    assert (answer["tick"], answer["time_s"]) == (5, 0.5)
    assert answer["points"] == [
        {
            "family": "container.rack.cell.voltage",
            "unit": "V",
            "values": {
                "container[1].rack[2].cell[7].voltage": 3.3125,
                "container[1].rack[2].cell[8].voltage": None,
            },
        }
    ]


async def test_a_point_tells_its_value_its_name_and_what_it_takes() -> None:
    link = FakeSite()
    link.set("container[1].request", 1)
    code, point = await get("/api/points/container[1].request", link)
    assert code == 200
    assert (point["value"], point["text"], point["access"]) == (1, "connect", "read-write")
    assert point["choices"] == {"0": "none", "1": "connect", "2": "disconnect"}
    speed = (await get("/api/points/emulator.speed", link))[1]
    assert speed["limits"] == [0.0, "infinity"]


async def test_families_are_listed_without_a_selector() -> None:
    families = (await get("/api/points"))[1]["families"]
    assert "container[1..1].rack[1..12].cell[1..416].voltage" in [family["name"] for family in families]


@pytest.mark.parametrize(
    ("path", "code", "where", "said"),
    [
        ("/api/points/rack[1].sock", 404, "name", "near: container.rack.soc"),
        ("/api/points/rack[*].soc", 404, "name", "names 12 points, not one"),
        ("/api/points?select=rack[13].soc", 400, "select", "allowed: 1 to 12"),
        ("/api/points?select=plant.rack[*].cell[*].*", 400, "select", "at most 10000 are given at once; narrow it"),
        ("/api/points?select=" + "x" * 300, 400, "select", "at most 256 characters"),
        ("/api/faults/kinds?target=nothing.here", 400, "target", "nothing"),
        ("/api/events?after=-1", 422, "query.after", "greater than or equal to 0"),
        ("/api/evnts", 404, "/api/evnts", "described at /openapi.json"),
    ],
)
async def test_a_refusal_says_where_and_what_is_allowed(path: str, code: int, where: str, said: str) -> None:
    status, problem = await get(path)
    assert (status, problem["where"]) == (code, where)
    assert said in problem["error"]
    assert isinstance(problem["near"], list)


async def test_near_names_are_told_apart() -> None:
    assert "container.rack.soc" in (await get("/api/points/rack[1].sock"))[1]["near"]
    assert "/api/events" in (await get("/api/evnts"))[1]["near"]


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("pcs[1].power_setpoint", -1.25e6, -1.25e6),
        ("container[1].request", "connect", 1.0),
        ("container[1].request", 2, 2.0),
        ("rack[3].enabled", False, 0.0),
        ("emulator.speed", "infinity", float("inf")),
        ("load.override_power", "200kW", 2e5),
        ("pcs[1].reactive_setpoint", "-300 kvar", -3e5),
        ("container[1].thermal.cooling_setpoint", "22degC", 295.15),
        ("container[1].thermal.circulation_spread", "5K", 5.0),
        ("pv.limit_fraction", "40%", 0.4),
    ],
)
async def test_a_point_is_written(name: str, value: Any, written: float) -> None:
    link = FakeSite()
    async with client(link) as http:
        answer = await http.put(f"/api/points/{name}", json={"value": value})
    assert answer.json() == {"tick": 0, "time_s": 0.0, "result": None}
    assert link.get(name) == written
    assert link.commands[0].origin.startswith("http:127.0.0.1")


@pytest.mark.parametrize(
    ("name", "body", "code", "said"),
    [
        ("rack[1].soc", b'{"value": 1}', 409, "read-only"),
        ("rack[1].nothing", b'{"value": 1}', 404, "no such point"),
        ("pcs[1].power_setpoint_fraction", b'{"value": 3}', 422, "must be from -1 to 1"),
        ("container[1].request", b'{"value": "conect"}', 422, "1 (connect)"),
        ("pcs[1].power_setpoint", b'{"value": 1e999}', 422, "finite"),
        ("load.override_power", b'{"value": "20V"}', 422, "allowed: W, kW, MW"),
        ("load.override_power", b'{"value": "1e999W"}', 422, "finite"),
        ("load.override_power", b'{"value": "200"}', 422, "must be a number [W]"),
        ("container[1].thermal.circulation_spread", b'{"value": "5degC"}', 422, "no unit of temperature difference"),
        ("pcs[1].power_setpoint", b'{"value": NaN}', 422, "must be"),
        ("pcs[1].power_setpoint", b'{"value": [1]}', 422, "body.value"),
        ("pcs[1].power_setpoint", b'{"valu": 1}', 422, "body.valu: Extra inputs"),
        ("pcs[1].power_setpoint", b"{", 400, "JSON"),
        ("pcs[1].power_setpoint", b"", 422, "body"),
    ],
)
async def test_a_wrong_write_changes_nothing(name: str, body: bytes, code: int, said: str) -> None:
    link = FakeSite()
    async with client(link) as http:
        answer = await http.put(f"/api/points/{name}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == code
    assert said in answer.json()["error"]
    assert not link.commands


async def test_several_writes_are_applied_together_or_not_at_all() -> None:
    link = FakeSite()
    async with client(link) as http:
        wrong = await http.post("/api/commands", json={"set": {"pcs[1].enable": 0, "rack[1].soc": 1, "pcs[1].nope": 1}})
        right = await http.post("/api/commands", json={"set": {"pcs[1].enable": 0, "rack[*].enabled": 0}})
    assert wrong.status_code == 422
    assert "read-only" in wrong.json()["error"]
    assert "pcs[1].nope: no such point" in wrong.json()["error"]
    assert right.status_code == 200
    assert len(link.commands) == 1
    assert len(link.commands[0].args["writes"]) == 13


async def test_a_fault_is_previewed_added_listed_and_cleared() -> None:
    link = FakeSite()
    fault = {"kind": "stop", "target": "container[1].pump", "name": "dry"}
    async with client(link) as http:
        await http.post("/api/faults?dry_run=true", json=fault)
        before = (await http.get("/api/faults")).json()
        added = await http.post("/api/faults", json=fault)
        during = (await http.get("/api/faults")).json()
        cleared = await http.delete("/api/faults/dry")
        unknown = await http.delete("/api/faults/dry")
        unclear = await http.delete("/api/faults")
        everything = await http.delete("/api/faults?all=true")
    assert before == {"faults": []}
    assert added.json()["result"] == fault
    assert during == {"faults": [fault]}
    assert cleared.json()["result"] == ["dry"]
    assert unknown.status_code == 404
    assert unclear.status_code == 400
    assert "all=true" in unclear.json()["error"]
    assert everything.status_code == 200


async def test_a_wrong_fault_is_refused_with_the_reason() -> None:
    async with client(FakeSite()) as http:
        answer = await http.post("/api/faults", json={"target": "rack[1]"})
        deep = await http.post(
            "/api/faults", content=b'{"a":' * 500 + b"1" + b"}" * 500, headers={"content-type": "application/json"}
        )
    assert answer.status_code == 422
    assert "kind is missing" in answer.json()["error"]
    assert deep.status_code == 400


async def test_fault_kinds_are_listed_by_target() -> None:
    all_kinds = (await get("/api/faults/kinds"))[1]["kinds"]
    pump = (await get("/api/faults/kinds?target=container[1].pump"))[1]["kinds"]
    assert {kind["kind"] for kind in pump} < {kind["kind"] for kind in all_kinds}
    assert pump


async def test_events_are_paged_and_gaps_are_told() -> None:
    link = FakeSite()
    for _ in range(5):
        link.happen()
    link.forget(1)
    first = (await get("/api/events?limit=2", link))[1]
    assert [event["sequence"] for event in first["events"]] == [2, 3]
    assert (first["last"], first["more"], first["missed"]) == (3, True, 1)
    rest = (await get("/api/events?after=3", link))[1]
    assert (rest["last"], rest["more"], rest["missed"]) == (5, False, 0)


async def test_a_silent_emulator_is_a_time_out() -> None:
    link = FakeSite()
    link.silent = True
    async with client(link) as http:
        answer = await http.put("/api/points/pcs[1].enable", json={"value": True})
    assert answer.status_code == 504
    assert "may yet be applied" in answer.json()["error"]


async def test_the_interface_describes_itself_without_foreign_scripts() -> None:
    description = (await get("/openapi.json"))[1]
    assert "/api/points/{name}" in description["paths"]
    assert "Problem" in description["components"]["schemas"]
    assert (await get("/docs"))[0] == 404


async def test_a_component_reports_what_its_message_on_mqtt_says() -> None:
    link = FakeSite()
    link.set("meter.power", -2.5e4)
    link.set("meter.phase[a].power", -1e4)
    code, meter = await get("/api/state/meter", link)
    assert (code, meter["power_w"], meter["phase"]["a"]["power_w"]) == (200, -25000.0, -10000.0)
    telemetry = Telemetry(link.catalogue, "bms/demo")
    messages = telemetry.messages(*link.values(telemetry.offsets))
    for topic, payload in messages:
        path = topic.removeprefix("bms/demo/").removesuffix("/state")
        assert (await get(f"/api/state/{path}", link))[1] == json.loads(payload)


async def test_a_component_that_is_not_there_is_refused_with_near_names() -> None:
    code, problem = await get("/api/state/metre")
    assert (code, problem["near"][0]) == (404, "meter")
    assert (await get("/api/state/container/2"))[0] == 404
