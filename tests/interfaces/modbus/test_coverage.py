"""Every shipped map, point by point: a point that changes shows in the registers it is bound to, and in no others."""

import functools
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from bms_emulator.interfaces.modbus.binding import conversion_of
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.map import Condition
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.loader import load_site
from tests.interfaces.modbus.compiled import Compiled, compiled
from tests.interfaces.modbus.test_encode import plausible
from tests.reference.registers import Source, Twin

MAPS = sorted(path.stem for path in (Path(__file__).parents[3] / "device_profiles" / "registers").glob("*.yaml"))
CONTAINER = 2
"""Which of the two containers is shown: not the first, so that its index matters."""
RAWS = (1, 2, 3, 7, 40, 100)
"""Raw values that fit every format; some of them differ after any table and in any window."""

Words = frozenset[int]


@functools.cache
def catalogue() -> Catalogue:
    return Catalogue(load_site("cabinet", {"container_count": 2, "container.rack_count": 2}))


def candidates(source: Source) -> set[float]:
    """Values of a point, within its limits, of which at least two show differently."""
    info, cause = source.family.slot.info, source.cause
    if isinstance(cause, Condition) and cause.has is not None:
        return {0.0, float(sum(1 << bit for bit in info.choices or ()))}
    if info.choices is not None and info.kind != "bitfield":
        return {float(choice) for choice in info.choices}
    if info.kind == "boolean":
        return {0.0, 1.0}
    if isinstance(cause, Condition):
        ends = [end for end in (cause.at_least, cause.at_most) if end is not None] or [1.0]
        return within(source.family, {end + step for end in ends for step in (-1.0, 0.0, 1.0)})
    if cause.table is not None:
        return {float(key) for key in cause.table if key.isdecimal()}
    line = conversion_of(source.row, cause, info.unit)
    values = {line.value(raw) for raw in RAWS}
    return within(source.family, {float(round(v)) for v in values} if info.kind != "float" else values)


def within(family: Family, values: set[float]) -> set[float]:
    """Those that the point takes, and its limits."""
    low, high = family.limits or (-math.inf, math.inf)
    ends = {end for end in (low, high) if math.isfinite(end)}
    return {value for value in values if low <= value <= high} | ends


def words_of(plan: Compiled, source: Source) -> Words:
    """Words of the images that a source may change."""
    unit = plan.units[source.unit_name]
    start = unit.locate(source.row.tables[0], source.address, source.words)
    assert start >= 0, source
    return frozenset(range(start // 2, start // 2 + source.words))


@pytest.mark.parametrize("name", MAPS)
def test_a_point_that_changes_shows_in_its_registers_and_in_no_others(name: str) -> None:
    registers = load_map(name).registers
    plan = compiled(registers, catalogue(), CONTAINER)
    assert plan.complaints == []
    values = np.full(catalogue().layout.size, math.nan)
    at_point: dict[int, list[Source]] = defaultdict(list)
    for source in Twin(catalogue(), registers, CONTAINER, values).sources():
        at_point[source.offset].append(source)
    assert at_point
    first, now = (np.frombuffer(plan.template, np.uint8).copy() for _ in range(2))
    for offset, sources in at_point.items():
        bound = [words_of(plan, source) for source in sources]
        changed: set[int] = set()
        tried = sorted(set().union(*map(candidates, sources)))
        for n, value in enumerate(tried):
            values[offset] = value
            encode(values, now if n else first, math.inf, *plan.arrays)
            if n:
                changed.update(np.flatnonzero(now.view(np.uint16) != first.view(np.uint16)).tolist())
        values[offset] = math.nan
        assert changed <= frozenset().union(*bound), (sources[0].family.name, offset)
        for source, words in zip(sources, bound, strict=True):
            assert words & changed, (source.row.label, source.family.name, tried)


@pytest.mark.parametrize("name", MAPS)
def test_every_register_of_a_shipped_map_shows_what_the_slow_twin_shows(name: str) -> None:
    registers = load_map(name).registers
    plan, values = compiled(registers, catalogue(), CONTAINER), plausible(catalogue(), 11)
    images = plan.image(values)
    for row in Twin(catalogue(), registers, CONTAINER, values).rows(1):
        start = plan.units[row.unit_name].locate(row.table, row.address, len(row.data) // 2)
        assert images[start : start + len(row.data)] == row.data, row
