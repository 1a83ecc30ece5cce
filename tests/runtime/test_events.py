"""Events of watched points."""

from typing import Any

from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.events import WATCHED
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
