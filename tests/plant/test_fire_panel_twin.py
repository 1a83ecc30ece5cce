"""The fire panel is that of its slow twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.fire_panel import PanelModel, step_panels
from tests.reference.panel_twin import NAMES, Asked, PanelTwin

few = settings(max_examples=50, deadline=None, derandomize=True)
CONTAINERS = 2

PANEL = PanelModel(
    alarm=np.array([1e-3, 2e-4, 0.2, 331.15, 343.15]),
    lag=np.array([5.0, 3.0, 2.0, 4.0, 6.0]),
    delay=np.array([2.0, 0.0, 3.0, 1.0, 1.5]),
    range_max=np.array([4e-2, 1e-3, 3.0, 400.0, 400.0]),
    low_distance=0.1,
    high_distance=1.5,
    height=0.8,
    release_delay=4.0,
    clean=np.array([0.0, 0.0, 0.0, 273.15, 273.15]),
    discharge_time=3.0,
)


def times(alarm: float) -> st.SearchStrategy[float]:
    """None of it, or some, below and above a set point."""
    return st.sampled_from([0.0, 0.4, 1.3, 3.0, 50.0]).map(lambda share: share * alarm)


weathers = st.tuples(
    times(1e-3),
    times(2e-4),
    times(0.2),
    st.sampled_from([0.0, 900.0, 7e3, 3e4]),  # jet [W]
    st.floats(0.0, 80.0),
    st.floats(250.0, 320.0),
)
seldom = st.sampled_from([False] * 4 + [True])
some_detectors = st.frozensets(st.sampled_from(NAMES), max_size=2)
requests = st.builds(
    Asked,
    reset=seldom,
    acknowledge=seldom,
    pressed=seldom,
    inhibited=seldom,
    refill=seldom,
    fan=seldom,
    tested=some_detectors,
    failed=st.frozensets(st.sampled_from(NAMES), max_size=1),
    stuck=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 0.9, 1.5]), max_size=1),
    leak=st.sampled_from([0.0, 0.0, 0.01]),
)
episodes = st.lists(
    st.tuples(
        st.integers(1, 25),
        st.lists(weathers, min_size=CONTAINERS, max_size=CONTAINERS),
        st.lists(requests, min_size=CONTAINERS, max_size=CONTAINERS),
    ),
    min_size=1,
    max_size=8,
)
Episode = tuple[int, list[tuple[float, ...]], list[Asked]]

CLEAN = tuple(np.zeros(CONTAINERS) for _ in range(3))
"""No gas and no smoke but that of cells."""


def by_detector(names: list[frozenset[str]]) -> Array:
    return np.array([[name in chosen for name in NAMES] for chosen in names], dtype=float)


@settings(few, max_examples=100)
@given(episodes, st.sampled_from([0.1, 1.0]))
def test_fire_panels(episodes: list[Episode], dt: float) -> None:
    reading, standing, states = (np.zeros((CONTAINERS, 5)) for _ in range(3))
    tripped, level, fire_time, gas, fan, aerosol, manual, sounder, flows, lost = (
        np.zeros(CONTAINERS) for _ in range(10)
    )
    twins = [PanelTwin(PANEL) for _ in range(CONTAINERS)]
    for length, rows, asked in episodes:
        air = [column.copy() for column in np.array(rows, dtype=float).T]
        pressed, held_back = (np.array([float(getattr(a, key)) for a in asked]) for key in ("pressed", "inhibited"))
        outputs = np.array([16.0 * a.fan for a in asked])
        stuck = np.array([[a.stuck.get(name, np.nan) for name in NAMES] for a in asked])
        tested, failed = by_detector([a.tested for a in asked]), by_detector([a.failed for a in asked])
        leak = np.array([a.leak for a in asked])
        for tick in range(length):
            pulses = [
                np.array([float(getattr(a, key)) for a in asked]) * (tick == 0)
                for key in ("reset", "acknowledge", "refill")
            ]
            reset, acknowledge, refill = pulses
            state = (reading, standing, tripped, level, fire_time, gas, fan, aerosol, manual, sounder, flows, lost)
            hands = (reset, acknowledge, pressed, held_back, tested, refill, outputs)
            step_panels(PANEL, *state, states, *air, *hands, *CLEAN, stuck, failed, leak, dt)
            assert not np.any(pulses)
            for c, twin in enumerate(twins):
                once = tick == 0
                now = replace(
                    asked[c],
                    reset=asked[c].reset and once,
                    acknowledge=asked[c].acknowledge and once,
                    refill=asked[c].refill and once,
                )
                twin.step(*(float(values[c]) for values in air), asked=now, dt=dt)
                assert {name for d, name in enumerate(NAMES) if int(tripped[c]) >> d & 1} == twin.tripped
                assert (level[c], gas[c], fan[c], manual[c]) == (twin.level, twin.gas_alarm, twin.fan, twin.manual)
                assert (aerosol[c], sounder[c], flows[c]) == (twin.aerosol_released, twin.sounder, twin.flows)
                assert 1.0 - lost[c] == pytest.approx(twin.agent, abs=1e-9)
                assert fire_time[c] == pytest.approx(twin.ticks_at_fire * dt, rel=1e-12)
                for d, detector in enumerate(twin.detectors.values()):
                    assert states[c, d] == detector.state
                    assert reading[c, d] == pytest.approx(detector.reading, rel=1e-12)
                    assert standing[c, d] == pytest.approx(detector.ticks_above * dt, rel=1e-12)
