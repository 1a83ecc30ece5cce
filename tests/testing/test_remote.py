"""An emulator that is reached over REST gives a test the same as one in its own process."""

import asyncio
from typing import Any

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.interfaces.web import rest
from bms_emulator.profile.loader import load_site
from bms_emulator.testing.bench import Bench, RefusedError
from bms_emulator.testing.drivers.remote import Remote


class FakeApi:
    """The REST interface of a bench, in which a tick passes whenever its time is asked for."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def get(self, path: str, **query: str | None) -> Any:
        link = self.bench.link
        if path == "/api/points":
            if query["select"] == "emulator.time":
                link.step()
            return rest.selected(link, str(query["select"]))
        if path == "/api/events":
            return rest.events(link, int(str(query["after"])), int(str(query["limit"])))
        if path == "/api/faults":
            return {"faults": self.bench.emulator.faults()}
        late = {"p50": 0.001, "p99": 0.002, "max": 0.003}
        return link.status() | {"speed": 1e6, "seed": 7, "lateness": late}

    def post(self, path: str, body: Any, **query: str | None) -> Any:
        if path == "/api/commands":
            return asyncio.run(rest.write(self.bench.link, "test", body["set"]))
        return asyncio.run(rest.add_fault(self.bench.link, "test", body, False))

    def delete(self, path: str, **query: str | None) -> Any:
        command = Command("fault_clear", "test", {"names": [path.rpartition("/")[2]]})
        return asyncio.run(rest.command(self.bench.link, command, rest.HTTPStatus.NOT_FOUND))


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench("cabinet", {"initial.connect": True})


@pytest.fixture
def remote(bench: Bench) -> Remote:
    return Remote(FakeApi(bench), bench.emulator.site, bench.emulator.catalogue)


def test_values_are_those_of_the_emulator(bench, remote):
    for selector in ("rack[1].soc", "rack[*].cell[*].voltage", "rack[1].cell[3,7,40].voltage", "container.mode"):
        (selection,) = bench.emulator.catalogue.select(selector)
        expected = bench.emulator.arena.buffer[selection.offsets()]
        np.testing.assert_allclose(remote.read(selection.offsets()), expected, rtol=1e-8)


def test_an_invalid_value_stays_invalid(bench, remote):
    remote.fault("invalid", "rack[1].current", "lost", {})
    remote.advance(0.5)
    offset = bench.emulator.catalogue.find("rack[1].current")[1]
    assert np.isnan(remote.read(np.array([offset]))[0])
    assert remote.clear() == ["lost"]
    assert bench.emulator.faults() == []


def test_time_passes_and_values_are_written(bench, remote):
    before = remote.time
    remote.advance(2.0)
    assert 2.0 <= remote.time - before < 2.5
    remote.write({"container[1].charge_current_max": "12A"})
    assert bench.get("container[1].charge_current_max") == 12.0


def test_events_come_in_order_after_a_number(remote):
    events = remote.events(0)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert remote.events(events[-1].sequence) == []


def test_what_is_refused_is_told(remote):
    with pytest.raises(RefusedError, match="read-only"):
        remote.write({"rack[1].soc": 1})
    with pytest.raises(RefusedError, match="no such fault"):
        remote.clear("nothing")


def test_another_site_is_refused(bench):
    other = load_site("cabinet", {"initial.soc_percent": 71})
    with pytest.raises(RefusedError, match="start it with the values that the test sets"):
        Remote(FakeApi(bench), other, bench.emulator.catalogue)


def test_how_well_time_was_kept_is_told(remote):
    timing = remote.timing()
    assert (timing.mode, timing.speed, timing.lateness_p99) == ("factor", 1e6, 0.002)
