import json
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.interfaces.components import SORTS, Components
from bms_emulator.interfaces.mqtt.telemetry import Telemetry
from bms_emulator.interfaces.values import dumps
from tests.interfaces.fake_site import demo_catalogue

PARTS = [Components(demo_catalogue(), sort) for sort in SORTS]
VALUES = st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.3, 300.0, -1e6, 1e300, math.nan, math.inf, -math.inf])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 5_000), VALUES), max_size=12), min_size=1, max_size=4))
def test_messages_are_those_that_are_written_afresh(rounds: list[list[tuple[int, float]]]) -> None:
    telemetry = Telemetry(demo_catalogue(), "bms/demo")
    values = np.zeros(telemetry.offsets.size)
    for tick, changes in enumerate(rounds):
        for at, value in changes:
            values[at % values.size] = value
        afresh, at = [], 0
        for components in PARTS:
            for _ in components.offsets:
                row = values[at : at + len(components.columns)].tolist()
                at += len(components.columns)
                afresh.append(dumps({"tick": tick, "time_s": round(0.1 * tick, 6), **components.report(row)}))
        told = [payload for _, payload in telemetry.messages(values, tick, 0.1 * tick)]
        assert [json.loads(text) for text in told] == [json.loads(text) for text in afresh]


def test_a_round_that_was_broken_off_leaves_nothing_stale() -> None:
    telemetry = Telemetry(demo_catalogue(), "bms/demo")
    values = np.zeros(telemetry.offsets.size)
    next(telemetry.messages(values, 0, 0.0))
    whole = list(telemetry.messages(values, 1, 0.1))
    assert whole == list(Telemetry(demo_catalogue(), "bms/demo").messages(values, 1, 0.1))


def test_each_component_has_a_topic_and_what_a_site_has_once_has_no_number() -> None:
    telemetry = Telemetry(demo_catalogue(), "bms/demo")
    told = dict(telemetry.messages(np.zeros(telemetry.offsets.size), 0, 0.0))
    assert {
        f"bms/demo/{path}/state" for path in ("container/1", "container/1/rack/12", "pcs/1", "meter", "load", "pv")
    } <= set(told)
    assert json.loads(told["bms/demo/meter/state"])["reactive_energy_q1_var_s"] == 0.0


def test_a_message_is_short_and_leaves_the_history_of_alarms_to_events() -> None:
    telemetry = Telemetry(demo_catalogue(), "bms/demo")
    values = np.full(telemetry.offsets.size, -1234.56789)
    for topic, payload in telemetry.messages(values, 0, 0.0):
        assert len(payload) < 12_000, topic
        for alarm in json.loads(payload).get("alarm", {}).values():
            assert set(alarm) == {"level"}
