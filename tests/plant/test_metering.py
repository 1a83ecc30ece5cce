"""Meters of auxiliaries, grid and round trip."""

import math

import numpy as np
import pytest

from bms_emulator.plant.metering import (
    MeterModel,
    Meters,
    build_meter_model,
    meter_auxiliary,
    meter_efficiency,
    round_trip_efficiency,
)
from bms_emulator.profile.loader import load_site
from tests.plant.electric_site import ElectricSite, small

MODEL = MeterModel(racks_per_container=2, base_load=500.0, least_energy=10.0)


def test_auxiliary_energy_is_the_integral_of_all_loads() -> None:
    power, energy, exported, imported = np.zeros(2), np.array([0.0, 1e6]), np.zeros(2), np.zeros(2)
    for n in range(10):
        chiller, pump, fan = np.array([n * 1e3, 0.0]), np.array([2400.0, 0.0]), np.array([0.0, 128.0])
        meter_auxiliary(500.0, power, energy, exported, imported, chiller, pump, fan, np.zeros(2), 0.1)
    np.testing.assert_allclose(power, [9e3 + 2400.0 + 500.0, 628.0])
    np.testing.assert_allclose(energy, [0.1 * (45e3 + 24e3 + 5e3), 1e6 + 628.0])
    np.testing.assert_allclose(imported, [7400.0, 628.0])
    assert not exported.any()


def test_gas_fan_is_an_auxiliary() -> None:
    site = ElectricSite(small(containers=2))
    site.state.air.fan_power[...] = [0.0, 128.0]
    Meters(site.model.meters, site.state, 0.1).step(1)
    still, running = site.state.containers.auxiliary_power
    assert running - still == pytest.approx(128.0)


def test_meter_at_the_grid_sees_the_pcs_less_the_auxiliaries_in_both_directions() -> None:
    power, energy, exported, imported, none = (np.zeros(3) for _ in range(5))
    pcs = np.array([1e6, -1e6, 300.0])
    meter_auxiliary(500.0, power, energy, exported, imported, none, none, none, pcs, 2.0)
    np.testing.assert_allclose(exported, [2 * (1e6 - 500.0), 0.0, 0.0])
    np.testing.assert_allclose(imported, [0.0, 2 * (1e6 + 500.0), 400.0])


@pytest.mark.parametrize(
    ("energy_in", "energy_out", "more", "efficiency"),
    [
        (100.0, 94.0, 0.0, 0.94),  # round trip
        (100.0, 0.0, 97.0, 0.97),  # charged only
        (0.0, 97.0, -100.0, 0.97),  # discharged only
        (100.0, 47.0, 47.0, 0.94),  # half of the way back
        (50.0, 94.0, -50.0, 0.94),  # more out than in
    ],
)
def test_change_of_what_is_stored_counts(energy_in: float, energy_out: float, more: float, efficiency: float) -> None:
    assert round_trip_efficiency(energy_in, energy_out, more, 1.0) == pytest.approx(efficiency)


def test_there_is_no_efficiency_until_a_hundredth_of_the_capacity_has_flown() -> None:
    least = build_meter_model(load_site("demo")).least_energy
    assert least == pytest.approx(0.01 * 5016 * 3.6e6, rel=1e-3)
    assert math.isnan(round_trip_efficiency(0.6 * least, 0.3 * least, 0.0, least))
    assert round_trip_efficiency(0.6 * least, 0.5 * least, 0.0, least) == pytest.approx(5 / 6)


def test_containers_have_meters_of_their_own() -> None:
    stored, dc, ac, net = (np.zeros(2) for _ in range(4))
    start, packs = np.array([100.0, 50.0]), np.array([[20.0, 30.0], [10.0, 40.0], [30.0, 0.0], [10.0, 10.0]])
    energies = [
        np.array(pair) for pair in ((100.0, 0.0), (90.0, 0.0), (110.0, 0.0), (88.0, 0.0), (120.0, 30.0), (84.0, 0.0))
    ]
    meter_efficiency(MODEL, stored, dc, ac, net, start, packs, *energies)
    np.testing.assert_allclose(stored, [100.0, 50.0])
    np.testing.assert_allclose([dc[0], ac[0], net[0], net[1]], [0.9, 0.8, 0.7, 0.0])
    assert np.isnan([dc[1], ac[1]]).all()
