"""The evaluation of alarm rows, by itself: levels, times, latches, resets, actions and what is remembered."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.contract import Action
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.firmware import FirmwareProfile
from bms_emulator.profile.loader import load_profile
from tests.firmware.alarm_bench import AlarmBench
from tests.reference.alarm_twin import AlarmTwin

SETS = ("default", "strict", "lax")


def rows_of(name: str) -> tuple[AlarmRow, ...]:
    profile = load_profile("firmware", name)
    assert isinstance(profile, FirmwareProfile)
    return profile.alarms


LEVELS = [(name, row, n) for name in SETS for row in rows_of(name) for n in row.used]
IDS = [f"{name}-{row.id}-{n}" for name, row, n in LEVELS]
SIMPLE: dict[str, Any] = {
    "id": "simple",
    "signal": "cell_voltage_max_v",
    "when": "above",
    "set": (1.0, 2.0, 3.0),
    "set_s": (0.0, 0.0, 0.0),
    "clear": (0.5, 1.5, 2.5),
    "clear_s": (1.0, 1.0, 1.0),
    "blocks": "charge",
}


def simple(**changes: Any) -> AlarmRow:
    return AlarmRow(**(SIMPLE | changes))


def off(row: AlarmRow, level: float | None, side: int) -> float:
    """A value a little off a level, +1 on the severe side of it, -1 on the harmless one."""
    assert level is not None
    margin = 1e-6 * max(1.0, abs(level))
    return level + side * (margin if row.when == "above" else -margin)


def bench_of(row: AlarmRow, dt: float = 0.1) -> AlarmBench:
    bench = AlarmBench([row], dt=dt)
    bench.direction.fill({"always": 0, "charging": -1, "discharging": 1}[row.trips_while])
    return bench


@pytest.mark.parametrize(("_name", "row", "n"), LEVELS, ids=IDS)
def test_a_level_sets_at_its_value_after_its_time_and_not_before(_name: str, row: AlarmRow, n: int) -> None:
    bench = bench_of(row)
    bench.show(row.signal, off(row, row.set[n - 1], -1), source=7)
    bench.run(100.0)
    assert bench.alarm[0, 0] < n
    bench.show(row.signal, off(row, row.set[n - 1], +1), source=7)
    wait = row.set_s[n - 1]
    assert wait is not None
    bench.step(max(0, math.ceil(wait / bench.dt - 1e-6) - 1))
    assert bench.alarm[0, 0] < n or wait == 0
    bench.step()
    assert bench.alarm[0, 0] >= n
    assert bench.source[0, 0] == 7
    assert bench.alarm[1, 0] == 0, "another unit has alarms of its own"


@pytest.mark.parametrize(("_name", "row", "n"), LEVELS, ids=IDS)
def test_a_level_clears_at_its_value_after_its_time_and_a_latch_only_with_a_reset(
    _name: str, row: AlarmRow, n: int
) -> None:
    bench = bench_of(row)
    bench.show(row.signal, off(row, row.set[n - 1], +1))
    bench.run(max(time or 0.0 for time in row.set_s) + 1.0)
    assert bench.alarm[0, 0] >= n
    number = int(bench.alarm[0, 0])
    bench.show(row.signal, off(row, row.clear[number - 1], +1))
    bench.run(200.0)
    assert bench.alarm[0, 0] == number
    bench.show(row.signal, off(row, row.clear[number - 1], -1))
    wait = row.clear_s[number - 1]
    assert wait is not None
    bench.step(max(0, math.ceil(wait / bench.dt - 1e-6) - 1))
    assert bench.alarm[0, 0] == number or wait == 0
    bench.step()
    if row.latch[number - 1]:
        bench.run(200.0)
        assert bench.alarm[0, 0] == number
        assert bench.latched[0] == 1
        bench.alarm_reset.fill(1.0)
        bench.step()
        assert (bench.alarm[0, 0] == number) == (row.action[number - 1] == "lock")
        bench.service_reset.fill(1.0)
        bench.step()
        assert bench.latched[0] == any(row.latch[k - 1] for k in range(1, int(bench.alarm[0, 0]) + 1))
    assert bench.alarm[0, 0] < number


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.5, 1.0])
def test_debounce_counts_time_not_calls(dt: float) -> None:
    bench = bench_of(simple(set_s=(5.0, 5.0, 5.0), clear_s=(5.0, 5.0, 5.0)), dt)
    bench.show("cell_voltage_max_v", 1.2)
    bench.run(5.0 - dt)
    assert bench.level[0] == 0
    bench.step()
    assert bench.level[0] == 1
    bench.show("cell_voltage_max_v", 0.2)
    bench.run(5.0 - dt)
    assert bench.level[0] == 1
    bench.step()
    assert bench.level[0] == 0


def test_an_excursion_that_is_too_short_sets_nothing_and_starts_anew() -> None:
    bench = bench_of(simple(set_s=(2.0, 2.0, 2.0)))
    for _ in range(5):
        bench.show("cell_voltage_max_v", 9.0)
        bench.run(1.9)
        bench.show("cell_voltage_max_v", 0.0)
        bench.step()
    assert bench.level[0] == 0


@pytest.mark.parametrize("quantity", [0.0, 1.2])
def test_a_signal_that_is_not_there_neither_sets_nor_clears(quantity: float) -> None:
    bench = bench_of(simple())
    bench.show("cell_voltage_max_v", quantity)
    bench.run(5.0)
    level = bench.level[0]
    bench.show("cell_voltage_max_v", math.nan)
    bench.run(100.0)
    assert bench.level[0] == level


def test_a_signal_that_is_not_there_interrupts_the_time_of_a_level() -> None:
    bench = bench_of(simple(set_s=(2.0, 2.0, 2.0)))
    for quantity in (1.2, math.nan, 1.2):
        bench.show("cell_voltage_max_v", quantity)
        bench.run(1.5)
    assert bench.level[0] == 0


LATCHING = {"latch": (True, True, True), "clear_s": (5.0, 5.0, 5.0)}


def latched(**changes: Any) -> AlarmBench:
    """A latched first level whose cause has been gone for two of five seconds."""
    bench = bench_of(simple(**(LATCHING | changes)))
    bench.show("cell_voltage_max_v", 1.2)
    bench.run(1.0)
    bench.show("cell_voltage_max_v", 0.0)
    bench.run(2.0)
    return bench


def test_a_reset_within_the_clearing_time_waits_for_its_end() -> None:
    bench = latched()
    bench.alarm_reset.fill(1.0)
    bench.run(2.9)
    assert bench.level[0] == 1
    bench.step(2)
    assert bench.level[0] == 0


def test_a_reset_that_waits_is_forgotten_when_the_cause_comes_back() -> None:
    bench = latched()
    bench.alarm_reset.fill(1.0)
    bench.step()
    bench.show("cell_voltage_max_v", 1.2)
    bench.step()
    bench.show("cell_voltage_max_v", 0.0)
    bench.run(100.0)
    assert bench.level[0] == 1
    bench.alarm_reset.fill(1.0)
    bench.step()
    assert bench.level[0] == 0


def test_a_reset_while_the_cause_lasts_is_in_vain() -> None:
    bench = latched()
    bench.show("cell_voltage_max_v", 0.7)
    bench.step()
    bench.alarm_reset.fill(1.0)
    bench.step()
    bench.show("cell_voltage_max_v", 0.0)
    bench.run(100.0)
    assert bench.level[0] == 1


def test_a_latch_stands_without_a_reset() -> None:
    bench = latched()
    bench.run(1000.0)
    assert bench.latched[0] == 1


def test_a_lock_takes_a_service_reset() -> None:
    bench = latched(action=("lock", "lock", "lock"))
    bench.alarm_reset.fill(1.0)
    bench.run(100.0)
    assert bench.action[0] == Action.LOCK
    bench.service_reset.fill(1.0)
    bench.step()
    assert bench.action[0] == Action.NONE


@pytest.mark.parametrize(
    ("blocks", "quantity", "charge", "discharge"),
    [
        ("charge", 1.2, Action.DERATE, Action.NONE),
        ("discharge", 1.2, Action.NONE, Action.DERATE),
        ("charge", 2.2, Action.STOP, Action.NONE),
        ("discharge", 2.2, Action.NONE, Action.STOP),
        ("both", 2.2, Action.STOP, Action.STOP),
        ("charge", 3.2, Action.OPEN, Action.OPEN),
    ],
)
def test_derate_and_stop_concern_the_directions_of_the_row_and_opening_both(
    blocks: str, quantity: float, charge: Action, discharge: Action
) -> None:
    bench = bench_of(simple(blocks=blocks))
    bench.show("cell_voltage_max_v", quantity)
    bench.step()
    assert (bench.charge_action[0], bench.discharge_action[0]) == (charge, discharge)
    assert bench.action[0] == max(charge, discharge)


def test_what_is_asked_from_outside_counts_where_it_is_more() -> None:
    bench = bench_of(simple())
    bench.asked[:, 0] = Action.OPEN, Action.STOP, Action.DERATE
    bench.show("cell_voltage_max_v", 2.2)
    bench.step()
    assert (bench.action[0], bench.charge_action[0], bench.discharge_action[0]) == (
        Action.OPEN,
        Action.STOP,
        Action.DERATE,
    )


def test_the_third_level_sets_only_while_current_flows_as_the_row_says() -> None:
    bench = bench_of(simple(trips_while="charging"))
    bench.show("cell_voltage_max_v", 3.5)
    for direction, level in ((0, 2), (1, 2), (-1, 3), (1, 3)):
        bench.direction.fill(direction)
        bench.run(1.0)
        assert bench.level[0] == level


def test_times_count_and_source_tell_of_the_raises() -> None:
    bench = bench_of(simple())
    for quantity, source in ((0.0, 1), (1.2, 2), (2.2, 3), (1.6, 4), (0.0, 5), (1.2, 6)):
        bench.show("cell_voltage_max_v", quantity, source=source)
        bench.run(2.0)
    assert bench.first_time[0, 0] == pytest.approx(2.0)
    assert bench.last_time[0, 0] == pytest.approx(10.0)
    assert (bench.raised[0, 0], bench.source[0, 0]) == (2, 6)


@st.composite
def random_rows(draw: st.DrawFn) -> AlarmRow:
    """A row with any use of its levels."""
    above = draw(st.booleans())
    levels = sorted(draw(st.lists(st.integers(1, 6), min_size=3, max_size=3)), reverse=not above)
    gaps = draw(st.lists(st.integers(0, 2), min_size=3, max_size=3))
    used = draw(st.lists(st.booleans(), min_size=3, max_size=3).filter(any))
    times = st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=3, max_size=3)
    ranks = sorted(draw(st.lists(st.sampled_from(range(6)), min_size=3, max_size=3)))
    words = ("none", "derate", "stop", "open", "emergency", "lock")
    latch = draw(st.lists(st.booleans(), min_size=3, max_size=3))

    def where_used(numbers: list[Any]) -> tuple[Any, ...]:
        return tuple(number if use else None for number, use in zip(numbers, used, strict=True))

    return AlarmRow(
        id="random",
        signal="cell_voltage_max_v",
        scope="cell",
        when="above" if above else "below",
        set=where_used([float(level) for level in levels]),
        set_s=where_used(draw(times)),
        clear=where_used(
            [float(level - gap if above else level + gap) for level, gap in zip(levels, gaps, strict=True)]
        ),
        clear_s=where_used(draw(times)),
        blocks=draw(st.sampled_from(["charge", "discharge", "both"])),
        action=tuple(words[rank] for rank in ranks),  # type: ignore[arg-type]
        latch=tuple(yes or words[rank] == "lock" for yes, rank in zip(latch, ranks, strict=True)),  # type: ignore[arg-type]
        trips_while=draw(st.sampled_from(["always", "charging", "discharging"])),
    )


HAPPENINGS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 8).map(float), st.just(math.nan)),
        st.integers(1, 12),  # periods that it lasts
        st.sampled_from([-1, 0, 1]),
        st.sampled_from(["", "", "alarm", "service"]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(row=random_rows(), happenings=HAPPENINGS, dt=st.sampled_from([0.01, 0.1, 0.5]))
def test_rows_do_what_their_twins_do(row: AlarmRow, happenings: list[tuple[float, int, int, str]], dt: float) -> None:
    bench, twin = AlarmBench([row], dt=dt), AlarmTwin(row)
    for source, (quantity, periods, direction, reset) in enumerate(happenings, 1):
        bench.show(row.signal, quantity, source=source)
        bench.direction.fill(direction)
        bench.alarm_reset.fill(reset == "alarm")
        bench.service_reset.fill(reset == "service")
        for k in range(periods):
            start = bench.count * dt
            pulse = reset if k == 0 else ""
            twin.see(quantity, source, start, start + dt, direction, pulse == "alarm", pulse == "service")
            bench.step()
            assert bench.alarm[0, 0] == twin.level
            assert (bench.source[0, 0], bench.raised[0, 0]) == (twin.source, twin.count)
            assert bool(bench.latched[0]) == twin.latched
            assert bench.action[0] == twin.action
            assert bench.charge_action[0] == twin.action_of("charge")
            assert bench.discharge_action[0] == twin.action_of("discharge")
    np.testing.assert_allclose(bench.first_time[0, 0], twin.first_time, atol=1e-9)
    np.testing.assert_allclose(bench.last_time[0, 0], twin.last_time, atol=1e-9)
