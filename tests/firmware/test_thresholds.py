"""Thresholds of alarms that masters change: what then holds is what a firmware with these thresholds would do."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.link import Command
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.signals import SIGNALS
from bms_emulator.runtime.emulator import Emulator
from tests.firmware.alarm_bench import AlarmBench
from tests.firmware.rig import Rig
from tests.reference.alarm_twin import AlarmTwin

OVERVOLTAGE = AlarmRow(
    id="high",
    signal="cell_voltage_max_v",
    scope="cell",
    when="above",
    set=(2.0, 4.0, None),
    set_s=(0.3, 0.0, None),
    clear=(1.0, 3.0, None),
    clear_s=(0.3, 0.0, None),
    blocks="charge",
)
UNDERVOLTAGE = OVERVOLTAGE.model_copy(
    update={
        "id": "low",
        "signal": "cell_voltage_min_v",
        "when": "below",
        "set": (4.0, 2.0, None),
        "clear": (5.0, 3.0, None),
    }
)
VALUES = st.integers(0, 8).map(float)
WRITES = st.tuples(st.integers(1, 3), VALUES, VALUES)
HAPPENINGS = st.lists(
    st.tuples(st.one_of(VALUES, st.just(math.nan)), st.integers(1, 8), st.booleans(), st.none() | WRITES), max_size=40
)


@settings(max_examples=80, deadline=None)
@given(row=st.sampled_from([OVERVOLTAGE, UNDERVOLTAGE]), happenings=HAPPENINGS, dt=st.sampled_from([0.01, 0.1, 0.5]))
def test_after_any_writes_alarms_are_those_of_a_twin_with_the_new_thresholds(
    row: AlarmRow, happenings: list[tuple[float, int, bool, tuple[int, float, float] | None]], dt: float
) -> None:
    bench, twin, bystander = AlarmBench([row], dt=dt), AlarmTwin(row), AlarmTwin(row)
    for quantity, periods, reset, write in happenings:
        if write is not None:
            level, set_at, clear_at = write
            bench.change(level, set=set_at, clear=clear_at)
            twin.levels[level - 1].set_level, twin.levels[level - 1].clear_level = set_at, clear_at
        for unit in (0, 1):
            bench.show(row.signal, quantity, unit)
        for n in range(periods):
            start = bench.count * dt
            bench.alarm_reset.fill(float(reset and n == 0))
            bench.step()
            end = bench.count * dt
            assert bench.alarm[0, 0] == twin.see(quantity, 0, start, end, reset=reset and n == 0)
            assert bench.alarm[1, 0] == bystander.see(quantity, 0, start, end, reset=reset and n == 0)


@pytest.mark.parametrize("name", ["default", "strict", "lax"])
def test_each_alarm_shows_the_thresholds_of_the_profile_in_si(name: str) -> None:
    site = load_site("cabinet", {"firmware": name})
    emulator = Emulator(site)
    rack = site.container.rack
    ratings = {
        "cell_count": rack.cell_count,
        "rated_current": rack.rated_current_a,
        "rated_voltage": site.container.operating_voltage_max_v,
        None: 1.0,
    }
    for row in site.firmware.alarms:
        place = "container[1]" if row.scope == "container" else "container[1].rack[1]"
        for edge, levels in (("set", row.set), ("clear", row.clear)):
            for n, level in enumerate(levels, 1):
                _, at = emulator.catalogue.find(f"{place}.threshold.{row.id}.{edge}[{n}]")
                signal = SIGNALS[row.signal]
                expected = math.nan if level is None else signal.si(level) * ratings[signal.per]
                assert emulator.arena.buffer[at] == pytest.approx(expected, nan_ok=True)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(load_site("demo"))


@pytest.mark.parametrize(
    ("alarm", "unit"),
    [
        ("cell_overvoltage", "V"),
        ("rack_overvoltage", "V"),
        ("overcurrent_charge", "A"),
        ("overtemperature_charge", "K"),
        ("temperature_rise", "K/s"),
        ("insulation_positive", "Ohm"),
        ("soc_low", "1"),
        ("precharge_timeout", "s"),
    ],
)
def test_a_threshold_has_the_unit_that_a_master_thinks_in(catalogue: Catalogue, alarm: str, unit: str) -> None:
    assert catalogue.families[f"container.rack.threshold.{alarm}.set"].unit == unit


@pytest.mark.parametrize("value", [math.nan, math.inf, -1e9, 1e9])
def test_a_threshold_that_nothing_physical_can_reach_is_refused(catalogue: Catalogue, value: float) -> None:
    for alarm in ("cell_overvoltage", "overtemperature_charge", "rack_overvoltage", "overcurrent_charge"):
        family, _ = catalogue.find(f"rack[2].threshold.{alarm}.set[2]")
        with pytest.raises(PointError):
            family.check(value)


def write(emulator: Emulator, **values: float) -> Any:
    pairs = [[emulator.catalogue.find(name)[1], value] for name, value in values.items()]
    return emulator.apply(Command("write", "test", {"writes": pairs}))


def alarm_level(emulator: Emulator, rack: int, alarm: str) -> float:
    return float(emulator.arena.buffer[emulator.catalogue.find(f"rack[{rack}].alarm[{alarm}].level")[1]])


def test_a_written_threshold_acts_on_its_rack_only_and_from_then_on() -> None:
    emulator = Emulator(load_site("demo", {"container.rack_count": 2, "container.pump.rated_flow_lpm": 80}))
    for _ in range(30):
        emulator.tick()
    assert alarm_level(emulator, 2, "cell_overvoltage") == 0
    name = "rack[2].threshold.cell_overvoltage"
    assert write(emulator, **{f"{name}.set[2]": 3.0, f"{name}.clear[2]": 2.9}).accepted
    for _ in range(60):
        emulator.tick()
    assert alarm_level(emulator, 1, "cell_overvoltage") == 0
    assert alarm_level(emulator, 2, "cell_overvoltage") == 2
    assert write(emulator, **{f"{name}.set[2]": 3.6, f"{name}.clear[2]": 3.55}).accepted
    for _ in range(60):
        emulator.tick()
    assert alarm_level(emulator, 2, "cell_overvoltage") == 0


def test_a_run_with_written_thresholds_repeats_bit_for_bit() -> None:
    def run() -> bytes:
        emulator = Emulator(load_site("cabinet"), seed=3)
        for n in range(100):
            if n == 40:
                write(emulator, **{"rack[1].threshold.cell_voltage_spread.set[1]": 0.001})
            emulator.tick()
        return emulator.arena.buffer.tobytes()

    assert run() == run()


def test_thresholds_stand_over_a_loss_of_the_supply_but_not_of_the_memory() -> None:
    rig = Rig().ready()
    rig.thresholds.rack_set[0, :, 0] = 3.3
    before = rig.thresholds.rack_set.copy()
    rig.measured.supply_voltage.fill(5.0)
    rig.run(2.0)
    rig.measured.controller_faults[1] = 1 << 1
    rig.measured.supply_voltage.fill(24.0)
    rig.run(2.0)
    assert np.array_equal(rig.thresholds.rack_set[:, 0], before[:, 0], equal_nan=True)
    assert rig.thresholds.rack_set[0, 1, 0] == pytest.approx(3.55)
