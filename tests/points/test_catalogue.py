"""Laws of the catalogue: every name leads to one place, every place to one name."""

import numpy as np
import pytest

from bms_emulator.arrays import Arena
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.loader import load_site


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(load_site("demo"))


@pytest.fixture(scope="module")
def two_containers() -> Catalogue:
    return Catalogue(load_site("demo", {"container_count": 2}))


def test_a_name_leads_to_the_value_in_the_array(catalogue: Catalogue) -> None:
    arena = Arena(catalogue.layout)
    arena["measured.cell_voltage"][2, 40] = 3.5
    _, offset = catalogue.find("container[1].rack[3].cell[41].voltage")
    assert arena.buffer[offset] == 3.5


def test_the_container_may_be_left_out_where_there_is_one(catalogue: Catalogue, two_containers: Catalogue) -> None:
    assert catalogue.find("rack[3].soc") == catalogue.find("container[1].rack[3].soc")
    with pytest.raises(PointError, match=r"container needs an index, container\[1..2\]"):
        two_containers.find("rack[3].soc")


def test_racks_of_the_second_container_follow_those_of_the_first(two_containers: Catalogue) -> None:
    _, first = two_containers.find("container[1].rack[12].soc")
    _, second = two_containers.find("container[2].rack[1].soc")
    assert second == first + 1


def test_truths_are_told_apart_from_measurements(catalogue: Catalogue) -> None:
    measured, _ = catalogue.find("rack[1].current")
    true, _ = catalogue.find("plant.rack[1].current")
    assert (measured.slot.group.source, true.slot.group.source) == ("measured", "plant")


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("rack[*].soc", 12),
        ("rack[1..3].cell[1,5,7].voltage", 9),
        ("rack[2].cell[*].temperature", 416),
        ("container[1].soc", 1),
        ("pcs[1].power_setpoint", 1),
        ("emulator.speed", 1),
        ("rack[1].contactor[main_positive].feedback", 1),
        ("rack[1].alarm[*].level", len(load_site("demo").firmware.rack_alarms)),
    ],
)
def test_selectors_pick_as_many_points_as_they_say(catalogue: Catalogue, selector: str, count: int) -> None:
    assert sum(map(len, catalogue.select(selector))) == count


def test_a_star_at_the_end_selects_all_points_of_a_component(catalogue: Catalogue) -> None:
    names = {selection.family.name for selection in catalogue.select("rack[1].*")}
    assert {"container.rack.soc", "container.rack.current"} <= names
    assert not any(name.startswith("container.rack.cell.") for name in names)


def test_names_and_offsets_of_a_selection_agree(two_containers: Catalogue) -> None:
    for selector in ("container[2].rack[1,7].cell[3..5].temperature", "container[*].rack[*].pack[2].voltage"):
        (selection,) = two_containers.select(selector)
        found = [two_containers.find(name)[1] for name in selection.names()]
        assert np.array_equal(selection.offsets(), found)


def test_a_cell_has_the_temperature_of_the_sensor_that_serves_it(catalogue: Catalogue) -> None:
    assert (
        catalogue.find("rack[1].cell[3].temperature")[1]
        == catalogue.find("rack[1].temperature_sensor[2].temperature")[1]
    )
    assert (
        catalogue.find("rack[1].cell[105].temperature")[1]
        == catalogue.find("rack[1].temperature_sensor[53].temperature")[1]
    )


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("rack[13].soc", r"rack\[13\] does not exist; allowed: 1 to 12"),
        ("rack[0].soc", "does not exist"),
        ("rack[1].alarm[cell_overvoltag].level", r"does not exist; near: cell_overvoltage"),
        ("rack[3..1].soc", "runs backwards"),
        ("rack[3].sox", "near: .*container.rack.soc"),
        ("rack.soc", r"rack needs an index, rack\[1..12\]"),
        ("rack[1].soc[2]", "soc takes no index"),
        ("rack[1].alarm[nonsense].level", "or cell_overvoltage"),
        ("", "no path segment"),
        ("rack[1", "no path segment"),
        ("rack[1]].soc", "no path segment"),
    ],
)
def test_a_bad_selector_says_what_is_allowed_or_near(catalogue: Catalogue, selector: str, message: str) -> None:
    with pytest.raises(PointError, match=message):
        catalogue.select(selector)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rack[1].soc", 0.5, "read-only"),
        ("container[1].request", 7.0, r"must be one of 0 \(none\), 1 \(connect\), 2 \(disconnect\)"),
        ("container[1].soc_reserve_min", 1.5, "must be from 0 to 1"),
        ("container[1].heartbeat_master", 1.5, "whole number"),
        ("container[1].alarm_reset", float("nan"), "must be a number"),
        ("pcs[1].power_setpoint", 1e9, "must be from"),
    ],
)
def test_a_value_that_a_point_does_not_take_is_refused(
    catalogue: Catalogue, name: str, value: float, message: str
) -> None:
    family, _ = catalogue.find(name)
    with pytest.raises(PointError, match=message):
        family.check(value)


def test_every_position_of_a_public_array_belongs_to_its_family(catalogue: Catalogue) -> None:
    for family in catalogue.families.values():
        if family.gather is None:
            assert catalogue.at(family.slot.offset) is family
            assert catalogue.at(family.slot.offset + family.slot.size - 1) is family


def test_equal_sites_have_equal_layouts() -> None:
    one, other = Catalogue(load_site("cabinet")), Catalogue(load_site("cabinet"))
    assert one.layout.slots == other.layout.slots
