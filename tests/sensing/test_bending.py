"""What faults do to samples and messages, stage by stage."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.sensing.faulty import KERNELS, Channels
from bms_emulator.sensing.modifier import Modifier, SensorOverlay, Stage, modify
from tests.reference import sensing_twin as twin

VOLTAGE = (1e-3, 0.0, 0.0, 5.0)
ONE = np.array([0])


def bend(readings: Any, *modifiers: Modifier, tick: int = 0, **channels: Any) -> np.ndarray:
    """Readings after modifiers, in the order of their stages."""
    out = np.array(readings, float)
    overlay = SensorOverlay.of(("x", each) for each in modifiers)
    for each in (overlay.samples, overlay.messages):
        Channels(out, **channels).bend(each.get("x", ()), tick, 0.1)
    return out


def column(*values: float) -> np.ndarray:
    return np.array([values])


def test_every_stage_has_a_kernel() -> None:
    assert list(KERNELS) == list(Stage)


def test_channels_without_an_age_are_bent_when_they_are_sampled() -> None:
    reading = np.array([1.0])
    channels = Channels(reading, period=10)
    modifiers = SensorOverlay.of([("x", modify(Stage.OFFSET, ONE, 1.0))]).samples["x"]
    for tick in range(21):
        channels.bend(modifiers, tick, 0.1)
    assert reading[0] == 4.0


def test_faults_bend_only_their_channels_and_only_where_they_were_sampled() -> None:
    readings = 3.3 + 0.001 * np.arange(8.0).reshape(2, 4)
    age = np.array([[0.0, 0.0], [0.0, 0.1]])
    fresh = np.repeat(age.reshape(-1) == 0.0, 2)
    nan, index = math.nan, np.array([0, 1, 4, 5, 7])
    gain, offset = np.array([1.0, 1.01, 1.0, 1.0, 1.0]), np.array([0.05, 0.0, 0.0, 0.0, 0.1])
    hold, lost = np.array([nan, nan, 3.7, nan, nan]), np.array([0.0, 0.0, 0.0, 1.0, 0.0])
    columns = (index, gain, offset, hold, lost)
    stages = (Stage.GAIN, Stage.OFFSET, Stage.HOLD, Stage.LOSE)
    bent = bend(
        readings,
        *(modify(stage, index, by) for stage, by in zip(stages, columns[1:], strict=True)),
        age=age,
        scale=VOLTAGE,
    )
    assert np.array_equal(bent, twin.bend(readings, columns, VOLTAGE, fresh), equal_nan=True)
    assert (bent[0, 0], bent[1, 0], bent[1, 3]) == (3.35, 3.7, 3.307)
    assert math.isnan(bent[1, 1])


def test_the_order_is_that_of_the_chain_and_not_that_of_acceptance() -> None:
    wire = modify(Stage.REWIRE, ONE, 0.0, 1.0, partner=np.array([1]))
    chain = [
        modify(Stage.LOSE, ONE, 0.0),
        modify(Stage.QUANTISE, ONE, 0.5),
        modify(Stage.SATURATE, ONE, 4.0),
        modify(Stage.OFFSET, ONE, 0.3),
        modify(Stage.GAIN, ONE, 2.0),
        wire,
    ]
    expected = 2.5  # 1.1 x 2 + 0.3
    assert bend([9.0, 1.1], *chain)[0] == expected
    assert bend([9.0, 1.1], *reversed(chain))[0] == expected
    assert math.isnan(bend([9.0, 1.1], modify(Stage.LOSE, ONE, 1.0), modify(Stage.HOLD, ONE, 3.0))[0])


@given(st.permutations(range(5)))
def test_gains_and_offsets_of_several_faults_join_in_any_order_of_acceptance(order: list[int]) -> None:
    parts = [modify(Stage.GAIN, ONE, by) for by in (2.0, 0.5, 4.0)] + [modify(Stage.OFFSET, ONE, by) for by in (1, 2.0)]
    assert bend([3.0], *(parts[n] for n in order))[0] == 3.0 * 4.0 + 3.0


def test_of_several_held_readings_the_youngest_wins() -> None:
    assert bend([1.0], modify(Stage.HOLD, ONE, 2.0), modify(Stage.HOLD, ONE, 3.0))[0] == 3.0


def test_an_infinite_reading_is_an_end_of_the_scale() -> None:
    for end, reading in ((math.inf, 5.0), (-math.inf, 0.0)):
        assert bend([3.3], modify(Stage.HOLD, ONE, end), scale=VOLTAGE)[0] == reading


def test_an_invalid_reading_stays_so_until_something_is_held() -> None:
    for stage in (Stage.GAIN, Stage.OFFSET, Stage.SLOW, Stage.NOISE, Stage.SATURATE, Stage.QUANTISE, Stage.INVERT):
        assert math.isnan(bend([math.nan], modify(stage, ONE, 0.5, memory=column(1.0)), scale=VOLTAGE)[0])
    assert bend([math.nan], modify(Stage.HOLD, ONE, 3.0))[0] == 3.0


def test_exchanged_channels_change_at_once() -> None:
    swap = modify(Stage.REWIRE, np.arange(3), 0.0, 1.0, partner=np.array([1, 2, 0]))
    assert bend([1.0, 2.0, math.nan], swap)[:2] == pytest.approx([2.0, math.nan], nan_ok=True)


def test_a_slow_reading_is_the_first_order_answer_to_a_step() -> None:
    memory = column(10.0)
    for n in range(1, 30):
        shown = bend([20.0], modify(Stage.SLOW, ONE, math.exp(-0.1 / 2.0), memory=memory))[0]
        assert shown == pytest.approx(twin.lagged(20.0, 10.0, 0.1 * n, 2.0), abs=1e-4)


@pytest.mark.parametrize("samples", [1, 2, 7])
def test_a_delayed_reading_is_that_of_so_many_samples_ago(samples: int) -> None:
    memory = column(*[-1.0] * samples, 0.0)
    shown = [bend([float(n)], modify(Stage.DELAY, ONE, memory=memory))[0] for n in range(20)]
    assert shown == [-1.0] * samples + [float(n) for n in range(20 - samples)]


def test_noise_has_its_spread_and_depends_on_seed_tick_and_channel_alone() -> None:
    index = np.arange(2000)
    once = bend(np.zeros(2000), modify(Stage.NOISE, index, 0.5, seed=3), tick=17)
    assert np.std(once) == pytest.approx(0.5, rel=0.05)
    assert np.array_equal(once, bend(np.zeros(2000), modify(Stage.NOISE, index, 0.5, seed=3), tick=17))
    assert once[5] == bend(np.zeros(2000), modify(Stage.NOISE, index[5:6], 0.5, seed=3), tick=17)[5]
    for seed, tick in ((4, 17), (3, 18)):
        other = bend(np.zeros(2000), modify(Stage.NOISE, index, 0.5, seed=seed), tick=tick)
        assert abs(np.corrcoef(once, other)[0, 1]) < 0.08


def test_spikes_go_either_way_at_their_share() -> None:
    index = np.arange(20_000)
    bent = bend(np.zeros(20_000), modify(Stage.SPIKE, index, 0.1, 2.0))
    assert set(bent) == {-2.0, 0.0, 2.0}
    assert np.mean(bent != 0.0) == pytest.approx(0.1, rel=0.1)
    assert np.mean(bent) == pytest.approx(0.0, abs=0.02)


def test_a_loose_lead_stays_as_it_is_for_an_interval() -> None:
    index = np.arange(500)
    gaps = np.array([bend(np.ones(500), modify(Stage.GAP, index, 0.3, 0.0, 10.0), tick=n) == 0.0 for n in range(100)])
    assert (gaps.reshape(10, 10, 500) == gaps.reshape(10, 10, 500)[:, :1]).all()
    assert np.mean(gaps) == pytest.approx(0.3, rel=0.1)


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6))
def test_a_counter_that_wraps_stays_below_its_span(count: float, span: float) -> None:
    assert 0.0 <= bend([count], modify(Stage.WRAP, ONE, span))[0] <= span * (1 + 1e-9)


def test_a_detached_sensor_reads_the_air_or_the_coolant_of_its_container() -> None:
    around = np.array([300.0, 310.0]), np.array([280.0, 290.0])
    index = np.arange(4)
    air = bend(np.full(4, 320.0), modify(Stage.DETACH, index, 1.0, 0.0), surroundings=around)
    assert air.tolist() == [300.0, 300.0, 310.0, 310.0]
    coolant = bend(np.full(4, 320.0), modify(Stage.DETACH, index, 0.5, 1.0), surroundings=around)
    assert coolant.tolist() == [300.0, 300.0, 305.0, 305.0]


def test_a_message_that_is_lost_leaves_its_readings_and_its_age_goes_on() -> None:
    memory, age = np.array([[1.0, 0.0], [2.0, 0.0]]), np.zeros(2)
    readings = np.array([5.0, 6.0, 7.0, 8.0])
    lost = (modify(Stage.STAND, np.array([0, 1]), 1.0, 1.0, memory=memory),)
    for n in range(1, 5):
        readings[:2] = 5.0 + n, 6.0 + n
        age[...] = 0.0
        Channels(readings, age).bend(lost, n, 0.1)
        assert readings.tolist() == [1.0, 2.0, 7.0, 8.0]
        assert age == pytest.approx([0.1 * n, 0.0])


def test_a_message_that_is_lost_now_and_then_shows_its_last_sample_and_its_true_age() -> None:
    memory, age, reading = np.array([[0.0, 0.0]]), np.zeros(1), np.zeros(1)
    lost = (modify(Stage.STAND, ONE, 0.4, 1.0, memory=memory, seed=5),)
    ages = []
    for n in range(1, 1000):
        reading[0], age[0] = n, 0.0
        Channels(reading, age).bend(lost, n, 0.1)
        assert reading[0] == pytest.approx(n - age[0] / 0.1)
        ages.append(age[0])
    assert np.mean(np.array(ages) > 0.0) == pytest.approx(0.4, abs=0.05)


def test_a_neutral_overlay_holds_nothing_and_equal_faults_fold_to_equal_bits() -> None:
    assert not SensorOverlay.neutral().samples
    assert not SensorOverlay.neutral().messages
    assert SensorOverlay.of([]) == SensorOverlay.neutral()
