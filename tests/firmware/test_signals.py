"""Signals: what alarm rows watch is what measurements, commands and outputs say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.profile.signals import SIGNALS, Unit
from tests.firmware.stimuli import SETTLING, STIMULI
from tests.firmware.supervision_rig import CELL_VOLTAGE, RACK, SupervisionRig

SHOWN: dict[str, float] = {
    "cell_voltage_max_v": 3.5,
    "cell_voltage_min_v": 3.1,
    "cell_voltage_spread_v": 0.2,
    "cell_voltage_rate_v_per_s": 0.05,
    "temperature_max_degc": 315.0,
    "temperature_min_degc": 280.0,
    "temperature_spread_k": 7.0,
    "temperature_rise_k_per_min": 0.1,
    "string_voltage_per_cell_v": 3.2,
    "condensation_margin_k": -2.0,
    "fire_level": 2.0,
    "coolant_leak_signs": 2.0,
    "master_silence": 2.0,
    "thermal_runaway_signs": 2.0,
}
"""Values [SI] to show; what is not here is a flag, or may have any value."""
TIMED = ("precharge_time_s", "rack_silence_s", "soc_jump_percent")
"""Signals that a time makes, or that fade."""


@pytest.mark.parametrize("name", [name for name in SIGNALS if name not in TIMED])
def test_a_signal_has_the_value_that_its_stimulus_gives_it(name: str) -> None:
    rig = SupervisionRig(dt=0.5)
    rig.step()
    quantity = SHOWN.get(name, 1.0 if SIGNALS[name].unit is Unit.ONE else 0.4)
    for _ in range(round(SETTLING.get(name, 0.0) / rig.dt) + 1):
        STIMULI[name](rig, quantity)
        rig.step()
    assert rig.signal(name) == pytest.approx(quantity, rel=2e-2 if name in SETTLING else 1e-9, abs=1e-12)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_times_are_counted_in_seconds(dt: float) -> None:
    rig = SupervisionRig(dt=dt)
    rig.step()
    rig.send(1, 1, 0)
    rig.beating[RACK] = 0.0
    rig.run(7.0)
    assert rig.signal("precharge_time_s") == pytest.approx(7.0)
    assert rig.signal("rack_silence_s") == pytest.approx(7.0)
    rig.send(1, 1, 1)
    rig.beating[RACK] = 1.0
    rig.step()
    assert rig.signal("precharge_time_s") == rig.signal("rack_silence_s") == 0.0


def test_a_rack_that_has_never_had_a_heartbeat_is_not_missed() -> None:
    rig = SupervisionRig()
    rig.beating.fill(0.0)
    rig.run(100.0)
    assert rig.signal("rack_silence_s") == 0.0


def test_a_jump_of_the_estimate_is_told_and_forgotten() -> None:
    rig = SupervisionRig()
    rig.run(1.0)
    rig.racks.soc[RACK] -= 0.2
    rig.step()
    assert rig.signal("soc_jump_percent") == pytest.approx(0.2)
    rig.run(rig.site.firmware.signals.soc_jump_window_s)
    assert rig.signal("soc_jump_percent") == pytest.approx(0.2 / math.e, rel=1e-3)


def contactor_signals(rig: SupervisionRig) -> set[str]:
    """Contactor signals that are not 0, without their prefix."""
    names = [name for name in SIGNALS if SIGNALS[name].scope == "contactor"]
    return {name.removeprefix("contactor_") for name in names if rig.signal(name)}


@pytest.mark.parametrize("sent", [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)])
def test_contactors_that_follow_and_conduct_as_they_should_are_sound(sent: tuple[int, int, int]) -> None:
    rig = SupervisionRig()
    rig.send(*sent)
    if sent[0] and sent[2]:
        rig.measured.current[RACK] = -150.0
    rig.run(1.0)
    assert contactor_signals(rig) == set()


def test_current_through_contactors_that_all_read_open_tells_of_two_welded_poles() -> None:
    rig = SupervisionRig()
    rig.measured.current[RACK] = 5.0
    rig.step()
    assert contactor_signals(rig) == {
        "negative_welded",
        "positive_welded",
        "negative_feedback",
        "positive_feedback",
    }


def test_a_dead_link_that_rises_though_only_the_negative_contactor_closes_tells_of_a_welded_one() -> None:
    rig = SupervisionRig()
    rig.measured.link_voltage[RACK] = 3.0
    rig.step()
    rig.send(1, 0, 0)
    rig.step()
    assert contactor_signals(rig) == set()
    rig.measured.link_voltage[RACK] = rig.measured.string_voltage[RACK]
    rig.step()
    assert contactor_signals(rig) == {"positive_welded", "positive_feedback"}


def test_the_voltage_of_a_live_bus_tells_nothing_of_a_weld() -> None:
    rig = SupervisionRig()
    rig.step()
    rig.send(1, 0, 0)
    rig.run(1.0)
    assert contactor_signals(rig) == set()


def test_a_voltage_across_contactors_that_read_closed_tells_that_one_is_stuck() -> None:
    rig = SupervisionRig()
    rig.send(1, 0, 1)
    rig.measured.link_voltage[RACK] -= 30.0
    rig.step()
    assert contactor_signals(rig) == {"negative_stuck", "positive_stuck"}
    rig.measured.breaker_feedback[RACK] = 0.0
    rig.step()
    assert contactor_signals(rig) == set(), "behind an open breaker the bus may have any voltage"


@pytest.mark.parametrize(
    ("channel", "signal", "limit"),
    [
        ("cell_voltage", "voltage_age_ratio", 0.25),
        ("temperature", "temperature_age_ratio", 2.0),
        ("current", "current_age_ratio", 0.25),
    ],
)
@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_a_lost_channel_ages_from_its_last_valid_reading(channel: str, signal: str, limit: float, dt: float) -> None:
    rig = SupervisionRig(dt=dt)
    rig.run(1.0)
    getattr(rig.measured, channel).reshape(3, -1)[RACK, 0] = math.nan
    rig.run(5 * limit)
    assert rig.signal(signal) == pytest.approx(5.0, rel=0.05)
    alarm = {"cell_voltage": "stale_voltage", "temperature": "stale_temperature", "current": "stale_current"}[channel]
    assert rig.alarm("level", alarm) == 2
    assert rig.alarm("source", alarm) == (0 if channel == "current" else 1)
    rig.run(20 * limit)
    assert rig.alarm("level", alarm) == 3


@given(st.dictionaries(st.integers(0, 415), st.floats(2.0, 4.0) | st.just(math.nan), max_size=20))
@settings(max_examples=25, deadline=None)
def test_cells_that_are_lost_are_no_extremes(odd: dict[int, float]) -> None:
    rig = SupervisionRig()
    voltages = [odd.get(cell, CELL_VOLTAGE) for cell in range(416)]
    rig.measured.cell_voltage[RACK] = voltages
    rig.step()
    for name, expected in (
        ("cell_voltage_max_v", np.nanmax(voltages)),
        ("cell_voltage_min_v", np.nanmin(voltages)),
        ("cell_voltage_spread_v", np.nanmax(voltages) - np.nanmin(voltages)),
    ):
        assert rig.signal(name) == expected
    assert math.isnan(rig.signal("sum_of_cells_mismatch_ratio")) == any(math.isnan(v) for v in voltages)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_rate_is_that_of_a_ramp_whatever_the_step(dt: float) -> None:
    rig = SupervisionRig(dt=dt)
    while rig.elapsed < 60.0:
        rig.measured.cell_voltage[RACK, 3] = CELL_VOLTAGE + 0.01 * rig.elapsed
        rig.step()
    assert rig.signal("cell_voltage_rate_v_per_s") == pytest.approx(0.01, rel=1e-3)


def test_a_rack_is_judged_by_its_own_insulation_only_while_it_is_open() -> None:
    rig = SupervisionRig()
    rig.measured.insulation_positive[RACK] = 1e3
    rig.step()
    assert rig.signal("insulation_positive_ohm_per_v") == pytest.approx(1e3 / rig.rated_voltage)
    rig.send(1, 0, 0)
    rig.step()
    assert math.isnan(rig.signal("insulation_positive_ohm_per_v"))


def test_the_bus_is_judged_by_the_monitor_that_watches_it() -> None:
    rig = SupervisionRig()
    rig.measured.insulation_negative[...] = 1e3, 2e3, 3e3
    for rack in (1, 3, 2):
        rig.bank.insulation_monitor_rack.fill(rack)
        rig.step()
        assert rig.signal("bus_insulation_negative_ohm_per_v") == pytest.approx(rack * 1e3 / rig.rated_voltage)
    rig.bank.insulation_monitor_rack.fill(0)
    for connected, told in (((0, 1, 0), math.nan), ((0, 0, 0), math.inf)):  # no rack is on the bus: nothing can leak
        rig.racks.connected[...] = connected
        rig.step()
        assert rig.signal("bus_insulation_negative_ohm_per_v") == pytest.approx(told, nan_ok=True)


def test_coolant_is_judged_only_while_it_is_to_flow() -> None:
    rig = SupervisionRig()
    rig.measured.chiller_mode.fill(0.0)
    rig.measured.coolant_flow.fill(0.0)
    rig.measured.coolant_pressure.fill(0.0)
    rig.run(600.0)
    assert rig.raised() == {}


def test_charge_that_current_explains_is_no_jump() -> None:
    rig = SupervisionRig()
    capacity = float(rig.arrays.persistent.capacity[RACK])
    rig.racks.soc[RACK] = 0.5
    rig.measured.current[RACK] = rig.measured.current_second[RACK] = 150.0
    rig.send(1, 0, 1)
    for _ in range(600):
        rig.step()
        rig.racks.soc[RACK] -= 150.0 * rig.dt / capacity
    assert rig.signal("soc_jump_percent") == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("rise", "fall", "gas", "signs"),
    [
        (0.0, 0.0, 0, 0),
        (0.0, 0.0, 1, 1),
        (0.5, 0.0, 0, 1),
        (0.0, 0.2, 0, 1),
        (0.5, 0.2, 0, 2),
        (0.5, 0.0, 1, 2),
        (0.5, 0.2, 1, 3),
    ],
)
def test_signs_of_runaway_add_up(rise: float, fall: float, gas: int, signs: int) -> None:
    rig = SupervisionRig()
    rig.measured.gas_alarm.fill(gas)
    for _ in range(600):
        rig.measured.temperature[RACK, 60] = 298.15 + rise * rig.elapsed
        rig.measured.cell_voltage[RACK, 120] = max(0.0, CELL_VOLTAGE - fall * max(0.0, rig.elapsed - 30.0))
        rig.step()
    assert rig.signal("thermal_runaway_signs") == signs
    assert bool(rig.alarm("level", "thermal_runaway")) == (signs >= 2)
