"""Alarm rows: levels, times, latches, and measurements that are stale or lost."""

import math
from typing import get_args

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode
from bms_emulator.firmware.reference import protection
from bms_emulator.profile.firmware import AlarmRow, Signal
from bms_emulator.units import kelvin
from tests.firmware.rig import Rig
from tests.reference.firmware_twin import AlarmLevel

ROWS = Rig().site.firmware.alarms
CASES = [(row, n) for row in ROWS for n in range(3)]
NAMES = [f"{row.id}-{n + 1}" for row, n in CASES]


def show(rig: Rig, signal: Signal, quantity: float) -> None:
    """Make rack 0 measure a signal of this value."""
    measured, rated = rig.measured, rig.site.container.rack.rated_current_a
    if signal in ("cell_voltage_max_v", "cell_voltage_min_v"):
        measured.cell_voltage[0] = quantity
    elif signal == "cell_voltage_spread_v":
        measured.cell_voltage[0, :2] = 3.3 - quantity / 2, 3.3 + quantity / 2
    elif signal == "temperature_max_degc":
        measured.temperature[0] = kelvin(quantity)
    elif signal == "temperature_spread_k":
        measured.temperature[0, 3] = kelvin(25.0 + quantity)
    elif signal == "temperature_min_charge_degc":
        measured.temperature[0] = kelvin(quantity)
        measured.current[0] = -10.0
    elif signal == "temperature_min_discharge_degc":
        measured.temperature[0] = kelvin(quantity)
        measured.current[0] = 10.0
    elif signal == "charge_current_ratio":
        measured.current[0] = -quantity * rated
    elif signal == "discharge_current_ratio":
        measured.current[0] = quantity * rated
    elif signal == "measurement_age_ratio":
        measured.cell_voltage_age[0, 2] = quantity * rig.site.firmware.measurement_age.voltage_s
    else:
        raise AssertionError(signal)


def level(rig: Rig, row: AlarmRow) -> int:
    """Active level of a row in rack 0."""
    return int(rig.racks.alarm[0, ROWS.index(row)])


def beyond(row: AlarmRow, limit: float) -> float:
    """A value a little on the severe side of a limit."""
    return limit + 1e-6 * (1 if row.when == "above" else -1)


def short_of(row: AlarmRow, limit: float) -> float:
    """A value a little on the harmless side of a limit."""
    return limit - 1e-6 * (1 if row.when == "above" else -1)


def test_the_signal_matrix_has_the_rows_of_the_profile() -> None:
    names = [getattr(protection, name) for name in ("CELL_VOLTAGE_MAX", "TEMPERATURE_SPREAD", "MEASUREMENT_AGE")]
    signals = get_args(Signal)
    assert len(signals) == protection.SIGNAL_COUNT
    assert [signals[n] for n in names] == ["cell_voltage_max_v", "temperature_spread_k", "measurement_age_ratio"]


@pytest.mark.parametrize(("row", "n"), CASES, ids=NAMES)
def test_an_alarm_sets_at_its_value_after_its_time_and_not_before(row: AlarmRow, n: int) -> None:
    rig = Rig()
    rig.step()
    show(rig, row.signal, short_of(row, row.set[n]))
    rig.run(15.0)
    assert level(rig, row) <= n
    show(rig, row.signal, beyond(row, row.set[n]))
    wait = row.set_s[n]
    rig.step(max(0, round(wait / rig.dt) - 1))
    assert level(rig, row) <= n
    rig.step()
    assert level(rig, row) >= n + 1


@pytest.mark.parametrize(("row", "n"), CASES, ids=NAMES)
def test_an_alarm_clears_at_its_value_after_its_time_and_a_trip_only_with_a_reset(row: AlarmRow, n: int) -> None:
    rig = Rig()
    rig.step()
    show(rig, row.signal, beyond(row, row.set[n]))
    rig.run(max(row.set_s) + 0.1)
    assert level(rig, row) == max(k + 1 for k in range(3) if row.set[k] == row.set[n])
    n = level(rig, row) - 1
    show(rig, row.signal, beyond(row, row.clear[n]))
    rig.run(15.0)
    assert level(rig, row) == n + 1
    show(rig, row.signal, short_of(row, row.clear[n]))
    rig.step(round(row.clear_s[n] / rig.dt) - 1)
    assert level(rig, row) == n + 1
    rig.step()
    if n == 2:
        rig.run(20.0)
        assert level(rig, row) == 3
        assert rig.racks.alarm_latched[0] == 1
        rig.reset()
        assert rig.racks.alarm_latched[0] == 0
    assert level(rig, row) <= n


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.5, 1.0])
def test_debounce_counts_time_not_calls(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.step()
    rig.measured.cell_voltage[0, 0] = 3.56
    rig.run(5.0 - dt)
    assert rig.racks.alarm_level[0] == 0
    rig.step()
    assert rig.racks.alarm_level[0] == 1
    rig.measured.cell_voltage[0, 0] = 3.4
    rig.run(5.0 - dt)
    assert rig.racks.alarm_level[0] == 1
    rig.step()
    assert rig.racks.alarm_level[0] == 0


def test_an_excursion_that_is_too_short_sets_nothing_and_starts_anew() -> None:
    rig = Rig()
    for _ in range(5):
        rig.measured.cell_voltage[0, 0] = 3.7
        rig.run(1.9)
        rig.measured.cell_voltage[0, 0] = 3.3
        rig.step()
    assert rig.racks.alarm_level[0] == 0


def test_levels_follow_the_twin_through_a_random_day() -> None:
    rig = Rig()
    row = ROWS[0]
    twins = [
        AlarmLevel(1.0, row.set[n], row.set_s[n], row.clear[n], row.clear_s[n]) for n in range(2)
    ]  # level 3 stays out of reach
    random = np.random.default_rng(11)
    for n in range(4000):
        if n % 17 == 0:
            quantity = float(random.choice([3.45, 3.5, 3.52, 3.55, 3.57, 3.6, 3.64]))
        rig.measured.cell_voltage[0, 5] = quantity
        rig.step()
        active = [twin.see(quantity, n * rig.dt, (n + 1) * rig.dt) for twin in twins]
        assert level(rig, row) == max([0, *(k + 1 for k in range(2) if active[k])])


def test_a_reset_before_the_cause_is_gone_for_its_time_is_used_up_in_vain() -> None:
    rig = Rig()
    rig.measured.cell_voltage[0, 0] = 3.7
    rig.run(5.0)
    rig.measured.cell_voltage[0, 0] = 3.3
    rig.run(2.0)
    rig.reset()
    assert rig.commands.alarm_reset[0] == 0
    rig.run(10.0)
    assert rig.racks.alarm_latched[0] == 1
    assert rig.mode() == RackMode.FAULT
    rig.reset()
    assert rig.racks.alarm_latched[0] == 0


@pytest.mark.parametrize(("voltage", "charge", "discharge"), [(3.61, 2, 0), (2.79, 0, 2), (3.56, 1, 0), (2.89, 0, 1)])
def test_an_alarm_concerns_the_direction_that_its_row_blocks(voltage: float, charge: int, discharge: int) -> None:
    rig = Rig({"firmware.alarms.2.set": [2, 3, 4], "firmware.alarms.2.clear": [1, 2, 3]})
    rig.measured.cell_voltage[0, 0] = voltage
    rig.run(6.0)
    assert rig.private.charge_alarm_level[0] == charge
    assert rig.private.discharge_alarm_level[0] == discharge


@pytest.mark.parametrize("current", [0.0, 100.0])
def test_a_cold_rack_is_blocked_but_trips_only_when_it_is_charged_all_the_same(current: float) -> None:
    rig = Rig()
    rig.measured.temperature.fill(kelvin(-5.0))
    rig.measured.current[...] = current
    rig.run(30.0)
    assert rig.private.charge_alarm_level[0] == 2
    assert rig.racks.alarm_latched[0] == 0
    rig.measured.current[...] = -100.0
    rig.run(2.1)
    assert rig.racks.alarm_latched[0] == 1


@pytest.mark.parametrize(("channel", "limit"), [("cell_voltage", 0.25), ("temperature", 2.0), ("current", 0.25)])
@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_a_lost_channel_ages_from_its_last_valid_reading(channel: str, limit: float, dt: float) -> None:
    rig = Rig(dt=dt)
    rig.run(1.0)
    getattr(rig.measured, channel).reshape(3, -1)[0, 0] = math.nan
    rig.run(limit - dt)
    assert rig.racks.alarm_level[0] == 0
    rig.run(2 * dt)
    assert rig.racks.alarm_level[0] == 2
    assert rig.private.charge_alarm_level[0] == rig.private.discharge_alarm_level[0] == 2
    rig.run(20 * limit)
    assert rig.racks.alarm_latched[0] == 1
    assert rig.racks.alarm_level.tolist() == [3, 0, 0]


@pytest.mark.parametrize(
    ("age", "limit"), [("cell_voltage_age", 0.25), ("temperature_age", 2.0), ("current_age", 0.25)]
)
def test_stale_measurements_are_at_least_level_two(age: str, limit: float) -> None:
    rig = Rig()
    rig.step()
    getattr(rig.measured, age).reshape(3, -1)[1, -1] = limit * 1.01
    rig.step()
    assert rig.racks.alarm_level.tolist() == [0, 2, 0]


def test_an_alarm_stands_while_its_signal_is_lost() -> None:
    rig = Rig()
    rig.measured.temperature[0] = kelvin(47.0)
    rig.run(6.0)
    assert rig.racks.alarm_level[0] == 1
    rig.measured.temperature[0] = math.nan
    rig.run(1.5)
    assert rig.racks.alarm_level[0] == 1
    rig.measured.temperature[0] = kelvin(25.0)
    rig.run(10.1)
    assert rig.racks.alarm_level[0] == 0


def test_the_bank_shows_the_highest_level_of_its_racks() -> None:
    rig = Rig()
    rig.measured.cell_voltage[1, 0] = 3.56
    rig.measured.cell_voltage[2, 0] = 3.61
    rig.run(6.0)
    assert rig.racks.alarm_level.tolist() == [0, 1, 2]
    assert rig.bank.alarm_level[0] == 2
