"""What each fault of a measurement shows on the measured points, and that nothing of it stays."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bms_emulator.arrays import Array
from bms_emulator.faults.kind import KINDS, SensorFault
from bms_emulator.faults.registry import kinds
from bms_emulator.testing.bench import RefusedError
from tests.faults.sensor_twins import Twins, twins

__all__ = ["twins"]

Law = Callable[[Array, Array], bool]
"""Whether broken readings are right beside sound ones, both (ticks, points)."""

CELL, CELLS, PACK = "rack[1].cell[60].voltage", "rack[1].cell[58..62].voltage", "rack[1].cell[53..104].voltage"
PACK_TEMPERATURES = "rack[1].temperature_sensor[29..56].temperature"
NTC, CMU = "rack[1].temperature_sensor[3].temperature", "rack[1].pack[2].cmu"
CURRENT, FEEDBACK = "rack[1].current", "rack[1].contactor[main_positive].feedback"


def near(law: Callable[[Array], Array], within: float) -> Law:
    """Readings, once all were sampled, are a function of the sound ones."""
    return lambda broken, sound: bool(np.allclose(broken[-1], law(sound)[-1], atol=within, rtol=0, equal_nan=True))


def scattered(sigma: float) -> Law:
    """Readings scatter about the sound ones."""
    return lambda broken, sound: 0.5 * sigma < np.std(broken - sound) < 1.5 * sigma


def all_read(value: float) -> Law:
    return lambda broken, sound: bool(np.allclose(broken[-1], value, equal_nan=True))


def parts(*offsets_of_sound: float) -> Law:
    return near(lambda sound: sound + np.array(offsets_of_sound), 2e-3)


def neighbours(own: float, share: float) -> Law:
    """The middle one of five reads a part of itself, those beside it a share of it more."""

    def law(sound: Array) -> Array:
        shown = sound.copy()
        shown[:, 2] = own * sound[:, 2]
        shown[:, [1, 3]] += share * sound[:, [2]]
        return np.clip(shown, 0.0, 5.0)

    return near(law, 2e-3)


ROWS: list[tuple[str, str, dict[str, Any], str, Law]] = [
    ("stuck", CELL, {"value": "3.7V"}, CELL, all_read(3.7)),
    ("offset", "rack[1].terminal_temperature", {"offset": "5K"}, "rack[1].terminal_temperature", parts(5.0)),
    ("gain", "rack[1].string_voltage", {"gain": "90%"}, "rack[1].string_voltage", near(lambda v: 0.9 * v, 0.06)),
    ("drift", CELL, {"rate": "10mV/s"}, CELL, lambda b, s: 0.0 < (b - s)[-1, 0] <= 0.011),
    ("open", NTC, {}, NTC, lambda b, s: b[-1, 0] == 233.15),
    ("short", NTC, {}, NTC, lambda b, s: b[-1, 0] == 398.15),
    ("open", "rack[1].insulation_positive", {}, "rack[1].insulation_positive", lambda b, s: b[-1, 0] == 1e7),
    ("invalid", "pcs[1].dc_voltage", {}, "pcs[1].dc_voltage", all_read(math.nan)),
    ("inverted", FEEDBACK, {}, FEEDBACK, near(lambda v: 1.0 - v, 0)),
    ("inverted", "rack[1].fuse_feedback", {}, "rack[1].fuse_feedback", all_read(0.0)),
    ("stuck", "container[1].door.open", {"value": 1}, "door.open", all_read(1.0)),
    ("noise", PACK, {"sigma": "20mV"}, PACK, scattered(0.02)),
    ("noise", "coolant.pressure", {"sigma": "0.1bar"}, "coolant.pressure", scattered(1e4)),
    (
        "spike",
        PACK,
        {"rate": "2/s", "height": "1V"},
        PACK,
        lambda b, s: set(np.round(b - s).ravel()) == {-1.0, 0.0, 1.0},
    ),
    ("quantise", PACK, {"step": "50mV"}, PACK, near(lambda v: 0.05 * np.round(v / 0.05), 1e-9)),
    ("quantise", "weather.ambient_temperature", {"step": "10K"}, "weather.ambient_temperature", near(lambda v: v, 5.0)),
    ("out-of-range", CELL, {"end": "high"}, CELL, all_read(5.0)),
    ("out-of-range", CELL, {"end": "low"}, CELL, all_read(0.0)),
    ("out-of-range", CURRENT, {"end": "low"}, CURRENT, all_read(-500.0)),
    ("out-of-range", "weather.humidity", {"end": "high"}, "weather.humidity", lambda b, s: b[-1, 0] == 1.0),
    ("slow", "meter.voltage", {"lag": "1h"}, "meter.voltage", lambda b, s: np.ptp(b) < 0.05 * np.ptp(s)),
    ("delayed", CELL, {"time": "300ms"}, CELL, lambda b, s: bool((b[3:] == s[:-3]).all()) and len(set(b[:3, 0])) == 1),
    ("delayed", "meter.power", {"time": "200ms"}, "meter.power", lambda b, s: bool(np.allclose(b[2:], s[:-2]))),
    ("intermittent", PACK, {"interval": "200ms"}, PACK, lambda b, s: 0.3 < np.isnan(b).mean() < 0.7),
    ("intermittent", FEEDBACK, {"contact": 0}, FEEDBACK, all_read(0.0)),
    (
        "swapped",
        CELL,
        {"other": "rack[1].cell[70].voltage"},
        "rack[1].cell[60,70].voltage",
        near(lambda v: v[:, ::-1], 0),
    ),
    ("stale", CELL, {}, PACK, lambda b, s: bool((b == b[0]).all()) and not bool((s == s[0]).all())),
    ("stale", CELL, {}, "rack[1].pack[2].cell_voltage_age", lambda b, s: bool((np.diff(b[:, 0]) > 0.09).all())),
    ("stale", CURRENT, {}, "rack[1].current_second", lambda b, s: bool((b == b[0]).all())),
    ("stale", CURRENT, {}, "rack[1].current_age", lambda b, s: b[-1, 0] > 0.9 and s[-1, 0] == 0.0),
    ("reversed", "meter.power", {}, "meter.power", near(lambda v: -v, 1e-6)),
    ("saturated", "meter.power", {"limit": "100W"}, "meter.power", near(lambda v: np.clip(v, -100, 100), 1e-6)),
    ("wrap", "meter.energy_imported", {"span": "1kJ"}, "meter.energy_imported", near(lambda v: v % 1e3, 1e-3)),
    ("detached", NTC, {}, NTC, lambda b, s: abs(b[-1, 0] - s[-1, 0]) > 0.1),
    ("sense-wire-open", "rack[1].cell[60]", {"shift": "400mV"}, CELLS, parts(0.0, 0.0, 0.4, -0.4, 0.0)),
    ("sense-wire-open", "rack[1].cell[60]", {"wire": "lower"}, CELLS, parts(0.0, 0.5, -0.5, 0.0, 0.0)),
    ("sense-wire-open", "rack[1].cell[104]", {}, "rack[1].cell[103..105].voltage", parts(0.0, 0.5, 0.0)),
    ("sense-wire-open", "rack[1].cell[60]", {"found": "yes"}, CELLS, parts(0.0, 0.0, math.nan, math.nan, 0.0)),
    ("sense-wires-swapped", "rack[1].cell[60]", {}, CELLS, neighbours(-1.0, 1.0)),
    ("gain", CMU, {"gain": "101%"}, PACK, near(lambda v: 1.01 * v, 1e-3)),
    ("offset", CMU, {"offset": "-25mV"}, PACK, near(lambda v: v - 0.025, 1e-9)),
    ("reference-drift", CMU, {"rate": "0.1%/s"}, PACK, lambda b, s: 1.0005 < (b / s)[-1].mean() <= 1.0011),
    ("mux-stuck", CMU, {"input": 8}, PACK, near(lambda v: np.repeat(v[:, [7]], 52, 1), 0)),
    ("mux-stuck", CMU, {"inputs": "temperatures"}, PACK_TEMPERATURES, lambda b, s: np.ptp(b[-1]) == 0.0),
    ("reset", CMU, {}, PACK, all_read(0.0)),
    ("reset", CMU, {}, PACK_TEMPERATURES, all_read(233.15)),
    ("cell-count", CMU, {"cells": 50}, PACK, lambda b, s: bool((np.isnan(b).sum(0) == [0] * 50 + [len(b)] * 2).all())),
    ("cell-count", CMU, {"cells": 50}, "rack[1].pack[*].cmu_faults", parts(0, 2, 0, 0, 0)),
    (
        "crc-errors",
        CMU,
        {"rate": "60%"},
        "rack[1].pack[2].cell_voltage_age",
        lambda b, s: set(b[:, 0] > 0) == {False, True},
    ),
    ("stale-counter", CMU, {}, PACK, lambda b, s: bool((b == s).all())),
    ("stale-counter", CMU, {}, "rack[1].pack[2].temperature_age", lambda b, s: b[-1, 0] > 0.9),
    ("stale-counter", CMU, {}, "rack[1].pack[2].cell_voltage_age", lambda b, s: b[-1, 0] > 0.9),
]


ANSWERED = {("open", NTC), ("short", NTC), ("inverted", FEEDBACK), ("intermittent", FEEDBACK), ("reset", CMU)}
"""What the BMS answers at once, so that the two do not live the same life from then on."""


@pytest.mark.parametrize(("kind", "target", "parameters", "shown", "law"), ROWS, ids=[f"{r[0]} {r[1]}" for r in ROWS])
def test_a_fault_shows_on_the_measured_points_and_leaves_nothing_behind(
    twins: Twins, *, kind: str, target: str, parameters: dict[str, Any], shown: str, law: Law
) -> None:
    assert twins.unequal() == []
    twins.break_(kind, target, **parameters)
    broken, sound = twins.trail(shown, 1.1)
    twins.mend()
    twins.run(1.1)
    assert law(broken, sound), (broken[-1], sound[-1])
    assert np.array_equal(*twins.values(shown))
    assert twins.unequal() == [] or (kind, target) in ANSWERED


def test_every_fault_of_a_measurement_is_exercised_here_or_bends_the_plant_too() -> None:
    here = {row[0] for row in ROWS}
    of_plant = {"sense-wire-short", "sense-leakage"}
    assert {kind.word for kind in KINDS.values() if issubclass(kind, SensorFault)} - here == of_plant


def test_no_parameter_is_named_like_an_option_of_the_command_line() -> None:
    options = {
        "at",
        "for",
        "name",
        "ramp",
        "pulse",
        "period",
        "random",
        "width",
        "gap",
        "duty",
        "seed",
        "when",
        "rearm",
        "lease",
        "hold",
    }
    for row in kinds():
        assert not options & {parameter["name"] for parameter in row["parameters"]}, row["kind"]


def test_faults_of_one_channel_compose_and_each_leaves_the_others_exactly(twins: Twins) -> None:
    bench = twins.broken
    specs = {
        "n": ("noise", {"sigma": "5mV", "seed": 7}),
        "d": ("delayed", {"time": "300ms"}),
        "s": ("slow", {"lag": "2s"}),
    }
    for name, (kind, parameters) in specs.items():
        bench.fault(kind, CELL, name=name, **parameters)
        twins.sound.fault(kind, CELL, name=name, **parameters)
    bench.fault("gain", CELL, name="x", gain="50%")
    bench.fault("swapped", CELL, name="w", other="rack[1].cell[90].voltage")
    twins.run(0.3)
    bench.clear("x", "w")
    twins.run(3.0)
    bench.clear()
    twins.sound.clear()
    twins.run(1.1)
    assert twins.unequal() == []


@pytest.mark.parametrize("kind", ["noise", "spike", "intermittent"])
def test_equal_seeds_give_equal_readings(twins: Twins, kind: str) -> None:
    parameters = {"noise": {"sigma": 0.01}, "spike": {"rate": 3, "height": 0.5}, "intermittent": {"interval": 0.2}}[
        kind
    ]
    for bench in (twins.broken, twins.sound):
        bench.fault(kind, PACK, name="x", seed=11, **parameters)
    broken, sound = twins.trail(PACK, 1.0)
    assert np.array_equal(broken, sound, equal_nan=True)
    twins.mend()
    twins.sound.clear("x")
    twins.run(1.1)
    assert twins.unequal() == []


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "message"),
    [
        ("swapped", CELL, {"other": CURRENT}, "is a string current; must be a cell voltage too"),
        ("swapped", CELL, {"other": "rack[1].cell[60..61].voltage"}, "2 channels; must be 1, none of the target's"),
        ("swapped", CELL, {"other": "rack[1].cell[999].voltage"}, "allowed: 1 to 260"),
        ("stale", "rack[1].string_voltage", {}, "no fault 'stale' on a string voltage .*cell voltage"),
        ("out-of-range", "meter.power", {"end": "high"}, "no fault 'out-of-range' on a grid power"),
        ("delayed", "rack[1].cell[*].voltage", {"time": "2d"}, "too much to hold back of 260 channels; must be <="),
        ("mux-stuck", CMU, {"input": 53}, "a unit has 52 voltages; must be <= 52"),
        ("cell-count", CMU, {"cells": 52}, "a unit has 52; must be < 52"),
        ("noise", CELL, {"sigma": 0}, "must be > 0"),
        ("wrap", CURRENT, {"span": 5}, "wrap is for: "),
    ],
)
def test_what_makes_no_sense_is_refused(twins: Twins, kind: str, target: str, parameters: dict[str, Any], message: str):
    with pytest.raises(RefusedError, match=message):
        twins.broken.fault(kind, target, **parameters)
    assert twins.broken.emulator.faults() == []
