"""Insulation and meters are those of their slow twins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.metering import MeterModel, meter_auxiliary, meter_efficiency, round_trip_efficiency
from bms_emulator.plant.runaway import InsulationModel, step_insulation
from tests.reference.metering_twin import NO_EFFICIENCY, AuxiliaryMeterTwin, round_trip, stored_energy
from tests.reference.panel_twin import InsulationTwin

few = settings(max_examples=50, deadline=None, derandomize=True)
CONTAINERS = 2

INSULATION = InsulationModel(racks_per_container=2, sound=1e-8, residue=1.0 / 300e3, creep_time=30.0)
METERS = MeterModel(racks_per_container=2, base_load=500.0, least_energy=10.0)


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


@pytest.mark.parametrize("stored_more", [0.0, 5.0])
def test_efficiency_of_energy_from_nowhere_is_not_told(stored_more: float) -> None:
    assert math.isnan(round_trip_efficiency(0.0, 100.0, stored_more, 10.0))
