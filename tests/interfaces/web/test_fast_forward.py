from typing import Any

import pytest

from tests.interfaces.fake_site import FakeSite
from tests.interfaces.web.served import client


class AgeingSite(FakeSite):
    """A site that takes note of the days to skip."""

    def _fast_forward(self, args: dict[str, Any]) -> dict[str, Any]:
        if args["days"] == 13.0:
            raise ValueError("not on such a day")
        return {"days": args["days"]}


async def test_days_travel_to_the_emulator_as_a_command() -> None:
    link = AgeingSite()
    async with client(link) as http:
        answer = await http.post("/api/fast-forward", json={"days": 365.25})
    assert answer.status_code == 200
    assert answer.json()["result"] == {"days": 365.25}
    assert (link.commands[0].op, link.commands[0].args) == ("fast_forward", {"days": 365.25})
    assert link.commands[0].origin.startswith("http")


@pytest.mark.parametrize("body", [{}, {"days": 0}, {"days": -3}, {"days": 1e9}, {"days": "soon"}, {"years": 1}])
async def test_what_is_no_number_of_days_is_refused_before_it(body: dict[str, object]) -> None:
    link = AgeingSite()
    async with client(link) as http:
        answer = await http.post("/api/fast-forward", json=body)
    assert answer.status_code == 422
    assert link.commands == []


async def test_a_refusal_of_the_emulator_comes_with_its_reason() -> None:
    link = AgeingSite()
    async with client(link) as http:
        answer = await http.post("/api/fast-forward", json={"days": 13})
    assert answer.status_code == 422
    assert answer.json()["error"] == "not on such a day"
