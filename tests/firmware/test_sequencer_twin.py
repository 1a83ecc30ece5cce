"""The compiled sequencer against a rack that walks the table as it is written."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.firmware.reference.sequence import STEPS, Condition, Step
from bms_emulator.firmware.reference.sequencer import advance_sequence
from bms_emulator.profile.loader import load_site
from tests.reference.firmware_twin import Sequencer

SEQUENCE = build_firmware_model(load_site("demo")).sequence
OPEN_CURRENT = SEQUENCE.open_current

holding = st.sets(st.sampled_from(list(Condition)), max_size=4)
currents = st.sampled_from([0.0, -9.9, 10.1, -200.0, float("nan")])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Step)), st.lists(st.tuples(holding, currents), max_size=30))
def test_the_compiled_sequencer_walks_the_table(start: Step, periods: list[tuple[set[Condition], float]]) -> None:
    twin = Sequencer(start)
    step = np.array([float(start)])
    step_time, feedback_time, reset_age, service_age = np.ones((4, 1))
    tries, mode, connected, openings, breaker = np.zeros((5, 1))
    locked, failure = np.full((2, 1), np.nan)
    feedback, command = np.zeros((2, 1, 3))
    for held, current in periods:
        bits = np.array([sum(1 << condition for condition in held)], np.int64)
        advance_sequence(
            *SEQUENCE,
            step,
            step_time,
            feedback_time,
            tries,
            reset_age,
            service_age,
            locked,
            bits,
            np.array([current]),
            feedback,
            command,
            mode,
            connected,
            failure,
            openings,
            breaker,
        )
        twin.see(held, current, OPEN_CURRENT)
        row = STEPS[twin.step]
        assert step[0] == twin.step
        assert tries[0] == twin.tries
        assert openings[0] == twin.openings_under_load
        assert command[0].tolist() == [row.negative, row.precharge, row.positive]
        assert (mode[0], connected[0]) == (row.mode, row.on_bus)
        assert np.isnan(failure[0]) if twin.failure is None else failure[0] == twin.failure
        assert np.isnan(locked[0]) if twin.locked is None else locked[0] == twin.locked
