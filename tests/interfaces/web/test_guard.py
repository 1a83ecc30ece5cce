from http import HTTPStatus

import pytest

from bms_emulator.interfaces.web.guard import BODY_MAX, Guard
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.web.served import client

JSON = {"host": "127.0.0.1:8080", "content-type": "application/json"}
TOKEN = "correct-horse"


def status(kind: str, method: str, headers: dict[str, str], host: str = "127.0.0.1", token: str | None = None) -> int:
    problem = Guard(None, host, token).problem(kind, method, headers)  # type: ignore[arg-type]
    return 0 if problem is None else int(problem[0])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])
def test_the_own_names_are_let_in(host: str) -> None:
    assert status("http", "GET", {"host": host}) == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "", "127.0.0.1.evil.example", "[", "192.0.2.1"])
def test_other_names_are_rebinding(host: str) -> None:
    assert status("http", "GET", {"host": host}) == HTTPStatus.MISDIRECTED_REQUEST
    assert status("websocket", "GET", {"host": host}) == HTTPStatus.MISDIRECTED_REQUEST


def test_a_server_for_other_machines_answers_to_its_addresses_but_not_to_foreign_names() -> None:
    assert status("http", "GET", {"host": "192.0.2.1:8080"}, host="0.0.0.0", token=TOKEN) == 0
    assert status("http", "GET", {"host": "evil.example"}, host="0.0.0.0", token=TOKEN) == 421


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"origin": "http://127.0.0.1:8080"}, 0),
        ({"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}, 0),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 0),
        ({"content-length": str(BODY_MAX + 1)}, 413),
        ({"content-length": "9" * 5000}, 413),
        ({"content-length": "-1"}, 411),
        ({"transfer-encoding": "chunked"}, 411),
    ],
)
def test_a_change_must_come_from_here_in_json_and_be_short(headers: dict[str, str], expected: int) -> None:
    for method in ("POST", "PUT"):
        assert status("http", method, JSON | headers) == expected


def test_a_stream_is_not_opened_for_a_page_from_elsewhere() -> None:
    assert status("websocket", "GET", {"host": "localhost:1", "origin": "http://localhost:1"}) == 0
    assert status("websocket", "GET", {"host": "localhost:1", "origin": "http://evil.example"}) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_machines_change_nothing_without_the_token(method: str) -> None:
    assert status("http", method, JSON, host="0.0.0.0") == 403
    assert status("http", method, JSON, host="0.0.0.0", token=TOKEN) == 401
    assert status("http", method, JSON | {"authorization": "Bearer wrong"}, host="0.0.0.0", token=TOKEN) == 401
    assert status("http", method, JSON | {"authorization": "Basic " + TOKEN}, host="0.0.0.0", token=TOKEN) == 401
    assert status("http", method, JSON | {"authorization": "Bearer ünïcode"}, host="0.0.0.0", token=TOKEN) == 401
    assert status("http", method, JSON | {"authorization": f"Bearer {TOKEN}"}, host="0.0.0.0", token=TOKEN) == 0


async def test_a_refused_change_does_not_reach_the_emulator() -> None:
    link = FakeSite()
    async with client(link, token=TOKEN) as http:
        refused = await http.put("/api/points/pcs[1].enable", json={"value": False})
        allowed = await http.get("/api/points/pcs[1].enable")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]
    assert allowed.json()["value"] is True
    assert not link.commands


async def test_every_answer_carries_security_headers() -> None:
    async with client(FakeSite()) as http:
        for path in ("/", "/api/status", "/nowhere", "/page.js"):
            headers = (await http.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "script-src 'self';" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
