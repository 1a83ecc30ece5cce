"""Events of watched points."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.link import Command
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.events import WATCHED, find_changes
from tests.plant.whole_site import WholeSite


def states(site: WholeSite) -> list[tuple[str, str, Any]]:
    """Changes of states since the last call: component, point, value."""
    events = site.emulator.take_events()
    return [(source, data["point"], data["value"]) for kind, source, data in events if kind == "state"]


def test_everything_that_is_watched_is_there() -> None:
    assert set(WATCHED) <= set(Catalogue(load_site("demo")).families)


def test_an_emergency_stop_is_an_event_when_it_comes_and_when_it_goes() -> None:
    site = WholeSite()
    site.tick(5)
    states(site)
    for pressed in (True, False):
        site.write("container[1].emergency_stop.pressed", float(pressed))
        site.tick(2)
        assert ("container[1].emergency_stop", "active", pressed) in states(site)


def test_a_breaker_that_opens_is_an_event_of_its_rack() -> None:
    site = WholeSite()
    site.tick(5)
    states(site)
    site.inputs.breaker_trip[1] = 1.0
    site.tick()
    assert ("container[1].rack[2]", "breaker_feedback", False) in states(site)


def test_an_event_of_a_bitfield_names_the_bits_that_are_set() -> None:
    site = WholeSite()
    site.tick(5)
    site.emulator.take_events()
    site.emulator.apply(Command("fault_add", "test", {"fault": {"kind": "pcs-trip", "target": "pcs", "name": "trip"}}))
    site.tick(2)
    told = [data for _, _, data in site.emulator.take_events() if data.get("point") == "faults"]
    assert [(data["previous_text"], data["text"]) for data in told] == [("none", "external")]


@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=4),
    st.lists(st.lists(st.tuples(st.integers(0, 799), st.integers(0, 4)), max_size=20), min_size=1, max_size=4),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_change_of_a_watched_value_is_found_once_and_in_order(
    sizes: list[int], ticks: list[list[tuple[int, int]]]
) -> None:
    starts = np.cumsum([0, *sizes])
    offsets = starts[:-1] + 7 * np.arange(len(sizes))  # with something between that nobody watches
    watched = np.concatenate([np.arange(at, at + size) for at, size in zip(offsets, sizes, strict=True)])
    buffer, previous = np.zeros(1000), np.zeros(watched.size, np.float32)
    found, before = np.zeros(watched.size, np.int64), np.zeros(watched.size)
    for changes in ticks:
        was = buffer[watched].copy()
        for at, value in changes:
            buffer[at] = value
        count = find_changes(offsets, starts, buffer, previous, found, before)
        expected = np.flatnonzero(buffer[watched] != was)
        assert found[:count].tolist() == expected.tolist()
        assert before[:count].tolist() == was[expected].tolist()
        assert (previous == buffer[watched]).all()
