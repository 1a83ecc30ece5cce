"""Fire panel, insulation, meters and PCS are those of their slow twins."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.fire_panel import PanelModel, step_panels
from bms_emulator.plant.metering import MeterModel, meter_auxiliary, meter_efficiency, round_trip_efficiency
from bms_emulator.plant.pcs import PcsModel, ac_power_of, advance_state, dc_power_of, demand_of
from bms_emulator.plant.runaway import InsulationModel, step_insulation
from tests.reference.metering_twin import NO_EFFICIENCY, AuxiliaryMeterTwin, round_trip, stored_energy
from tests.reference.panel_twin import NAMES, InsulationTwin, PanelTwin
from tests.reference.pcs_twin import Limits, PcsTwin

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
)
INSULATION = InsulationModel(racks_per_container=2, sound=1e-8, residue=1.0 / 300e3, creep_time=30.0)
METERS = MeterModel(racks_per_container=2, base_load=500.0, least_energy=10.0)
PCS = PcsModel(
    rated_power=100e3,
    rated_current=90.0,
    power_ramp=200e3,
    current_ramp=180.0,
    start_time=1.0,
    standby_loss=100.0,
    proportional_loss=0.01,
    quadratic_loss=0.008,
    voltage_min=1040.0,
    voltage_max=1500.0,
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
    st.booleans(),  # reset
)
episodes = st.lists(
    st.tuples(st.integers(1, 25), st.lists(weathers, min_size=CONTAINERS, max_size=CONTAINERS)), min_size=1, max_size=8
)


@few
@given(episodes, st.sampled_from([0.1, 1.0]))
def test_fire_panels(episodes: list[tuple[int, list[tuple[float, ...]]]], dt: float) -> None:
    reading, standing = np.zeros((CONTAINERS, 5)), np.zeros((CONTAINERS, 5))
    tripped, level, fire_time, gas, fan, aerosol = (np.zeros(CONTAINERS) for _ in range(6))
    twins = [PanelTwin(PANEL) for _ in range(CONTAINERS)]
    for length, rows in episodes:
        for tick in range(length):
            *air, reset = np.array(rows, dtype=float).T.copy()
            reset *= tick == 0
            asked = reset.copy()
            step_panels(PANEL, reading, standing, tripped, level, fire_time, gas, fan, aerosol, *air, reset, dt)
            assert not reset.any()
            for c, twin in enumerate(twins):
                twin.step(*(float(values[c]) for values in air), reset=bool(asked[c]), dt=dt)
                assert {name for d, name in enumerate(NAMES) if int(tripped[c]) >> d & 1} == twin.tripped
                assert (level[c], gas[c], fan[c]) == (twin.level, twin.gas_alarm, twin.gas_alarm)
                assert aerosol[c] == twin.aerosol_released
                assert fire_time[c] == pytest.approx(twin.ticks_at_fire * dt, rel=1e-12)
                for d, detector in enumerate(twin.detectors.values()):
                    assert reading[c, d] == pytest.approx(detector.reading, rel=1e-12)
                    assert standing[c, d] == pytest.approx(detector.ticks_above * dt, rel=1e-12)


flows = st.one_of(st.just(0.0), st.floats(1e-4, 0.05))


@few
@given(
    st.lists(
        st.tuples(
            st.integers(1, 300),
            st.lists(flows, min_size=6, max_size=6),
            st.tuples(st.sampled_from([0.0, 1e-5]), st.sampled_from([0.0, 3e-6])),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([0.1, 1.0]),
)
def test_insulation(episodes: list[tuple[int, list[float], tuple[float, float]]], dt: float) -> None:
    spilled, wetted, resistance, positive, negative = (np.zeros(2) for _ in range(5))
    twins = [InsulationTwin(INSULATION) for _ in range(2)]
    for length, jets, leak in episodes:
        jet_flow, leaks = np.array(jets).reshape(2, 3), np.array([[0.0, at_pole] for at_pole in leak])
        for _ in range(length):
            step_insulation(INSULATION, spilled, wetted, resistance, positive, negative, jet_flow, *leaks, dt)
            for r, twin in enumerate(twins):
                twin.step(jet_flow[r].tolist(), *leaks[:, r].tolist(), dt)
        for r, twin in enumerate(twins):
            assert spilled[r] == pytest.approx(twin.spilled, rel=1e-12)
            assert wetted[r] == pytest.approx(twin.wetted, rel=1e-12, abs=1e-12)  # contents of a cell
            assert resistance[r] == pytest.approx(twin.resistance, rel=1e-12)
            assert positive[r] == pytest.approx(twin.positive, rel=1e-12)
            assert negative[r] == pytest.approx(twin.negative, rel=1e-12)


@few
@given(
    st.lists(
        st.lists(
            st.tuples(st.floats(0.0, 3e4), st.floats(0.0, 3e3), st.floats(0.0, 200.0), st.floats(-1e6, 1e6)),
            min_size=CONTAINERS,
            max_size=CONTAINERS,
        ),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_meters_of_auxiliaries_and_grid(ticks: list[list[tuple[float, ...]]], dt: float) -> None:
    power, energy, exported, imported = meters = [np.zeros(CONTAINERS) for _ in range(4)]
    twins = [AuxiliaryMeterTwin(METERS.base_load) for _ in range(CONTAINERS)]
    for rows in ticks:
        chiller, pump, fan, pcs = np.array(rows).T.copy()
        meter_auxiliary(METERS.base_load, *meters, chiller, pump, fan, pcs, dt)
        for c, twin in enumerate(twins):
            twin.step(*rows[c], dt)
            assert power[c] == pytest.approx(twin.power, rel=1e-12)
            assert energy[c] == pytest.approx(twin.energy, rel=1e-12)
            assert exported[c] == pytest.approx(twin.net_exported, rel=1e-12, abs=1e-9)
            assert imported[c] == pytest.approx(twin.net_imported, rel=1e-12, abs=1e-9)


@few
@given(
    st.lists(st.floats(0.0, 1e3), min_size=12, max_size=12),
    st.lists(st.floats(0.0, 5e3), min_size=CONTAINERS, max_size=CONTAINERS),
    st.lists(st.tuples(st.floats(0.5, 1e4), st.floats(0.0, 1e4)), min_size=6, max_size=6),
)
def test_efficiencies(packs: list[float], starts: list[float], energies: list[tuple[float, float]]) -> None:
    pack_energy, start = np.array(packs).reshape(4, 3), np.array(starts)
    stored, *efficiencies = (np.zeros(CONTAINERS) for _ in range(4))
    meters = np.array(energies).reshape(3, CONTAINERS, 2)
    flown: list[Array] = [meters[place, :, side].copy() for place in range(3) for side in range(2)]
    meter_efficiency(METERS, stored, *efficiencies, start, pack_energy, *flown)
    for c in range(CONTAINERS):
        held = stored_energy(pack_energy[2 * c : 2 * c + 2].tolist())
        assert stored[c] == pytest.approx(held, rel=1e-12)
        for place, efficiency in enumerate(efficiencies):
            twin = round_trip(*meters[place, c].tolist(), held, starts[c], METERS.least_energy)
            if twin is NO_EFFICIENCY:
                assert math.isnan(efficiency[c])
            else:
                assert efficiency[c] == pytest.approx(twin, rel=1e-12, abs=1e-12)


@few
@given(st.floats(-2e5, 2e5))
def test_losses_of_the_pcs(power: float) -> None:
    twin = PcsTwin(PCS)
    assert dc_power_of(PCS, power) == pytest.approx(twin.dc_power(power), rel=1e-12, abs=1e-12 * PCS.rated_power)
    assert ac_power_of(PCS, power) == pytest.approx(twin.ac_power(power), rel=1e-12, abs=1e-12 * PCS.rated_power)


usually = st.sampled_from([True] * 9 + [False])
voltages = st.sampled_from([1370.0, 1370.0, 1370.0, 1040.0, 1500.0, 1039.9, 1500.1, 0.0])
modes = st.sampled_from(
    [
        (mode, setpoint)
        for mode, most in ((0, 13e4), (1, 1.2e2), (2, 1.6e3))
        for setpoint in (-most, 0.0, 0.6 * most, most)
    ]
    + [(2, 1400.0)]
)
limits = st.builds(
    Limits,
    current=st.sampled_from([0.0, 35.0, 1e9]),
    power=st.sampled_from([0.0, 41e3, 1e9]),
    charge_power=st.sampled_from([0.0, 23e3, 1e9]),
    discharge_power=st.sampled_from([0.0, 27e3, 1e9]),
    charge_current=st.sampled_from([0.0, 20.0, 1e9]),
    discharge_current=st.sampled_from([0.0, 30.0, 1e9]),
)
shifts = st.lists(st.tuples(st.integers(1, 14), usually, usually, voltages, modes, limits), min_size=1, max_size=12)


@settings(few, max_examples=200)
@given(shifts, st.sampled_from([0.01, 0.1, 1.0]), st.sampled_from([1, 3, 4]))
def test_states_and_demands_of_the_pcs(
    shifts: list[tuple[int, bool, bool, float, tuple[int, float], Limits]], dt: float, begin: int
) -> None:
    twin, state, start_time, target = PcsTwin(PCS, begin), float(begin), 0.0, 0.0
    current = power = 0.0
    for length, enabled, supplied, voltage, (mode, setpoint), limit in shifts:
        for _ in range(length):
            state, start_time = advance_state(PCS, state, start_time, enabled, supplied, voltage, dt)
            twin.advance(enabled, supplied, voltage, dt)
            assert state == twin.state
            assert start_time == pytest.approx(twin.starting_ticks * dt, rel=1e-12)

            setpoints = [setpoint if own == mode else 0.0 for own in range(3)]
            demand, target, limited = demand_of(
                PCS, state, target, current, power, float(mode), *setpoints, *astuple(limit), dt
            )
            asked = twin.demand(mode, setpoint, limit, current, power, dt)
            assert demand._replace(value=0.0) == pytest.approx(asked._replace(value=0.0), rel=1e-12)
            unit = {0: PCS.rated_power, 1: PCS.rated_current, 2: PCS.voltage_max}[mode]
            assert demand.value == pytest.approx(asked.value, rel=1e-12, abs=1e-12 * unit)
            assert target == pytest.approx(twin.power_target, rel=1e-12, abs=1e-12 * PCS.rated_power)
            assert limited == twin.limited
            # a stiff bus that gives what is asked
            given_power = {0: demand.value, 1: demand.value * voltage, 2: 500.0 * (voltage - demand.value)}[mode]
            power = min(max(given_power, demand.power_min), demand.power_max)
            current = power / voltage if voltage else 0.0


@pytest.mark.parametrize("stored_more", [0.0, 5.0])
def test_efficiency_of_energy_from_nowhere_is_not_told(stored_more: float) -> None:
    assert math.isnan(round_trip_efficiency(0.0, 100.0, stored_more, 10.0))
