"""Coolant over temperature."""

import numpy as np
import pytest

from bms_emulator.plant.coolant import build_coolant_model, enthalpy_of, properties_at, temperature_of, update_coolant
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin

PROFILE = load_site("demo").container.coolant
DEMO = build_coolant_model(PROFILE)
TABLE = PROFILE.properties


@pytest.mark.parametrize("n", range(len(TABLE.temperature_degc)))
def test_points_of_the_table_are_met(n: int) -> None:
    given = (TABLE.density_kg_per_m3[n], TABLE.heat_capacity_j_per_kg_k[n], TABLE.conductivity_w_per_m_k[n])
    found = properties_at(DEMO, kelvin(TABLE.temperature_degc[n]))
    np.testing.assert_allclose(found, (*given, TABLE.viscosity_mpa_s[n] * 1e-3), rtol=1e-3)


def test_properties_are_monotone_between_the_points() -> None:
    columns = np.array([properties_at(DEMO, kelvin(t)) for t in np.linspace(-20.0, 40.0, 601)]).T
    for column, sign in zip(columns, (-1, 1, 1, -1), strict=True):
        assert np.all(sign * np.diff(column) >= -1e-12)


@pytest.mark.parametrize("beyond", [-273.15, -40.0, 60.0, 800.0, 1e9])
def test_properties_stay_beyond_the_table_as_at_its_end(beyond: float) -> None:
    end = TABLE.temperature_degc[0 if beyond < 0.0 else -1]
    np.testing.assert_allclose(properties_at(DEMO, kelvin(beyond)), properties_at(DEMO, kelvin(end)), rtol=1e-12)


@pytest.mark.parametrize("degc", [-60.0, -40.0, -20.0, -3.3, 0.0, 20.0, 39.99, 40.0, 110.0])
def test_temperature_is_found_again_from_enthalpy(degc: float) -> None:
    assert temperature_of(DEMO, enthalpy_of(DEMO, kelvin(degc))) == pytest.approx(kelvin(degc), abs=1e-9)


def test_enthalpy_is_the_integral_of_the_heat_capacity() -> None:
    grid = kelvin(0.0) + np.linspace(-15.0, 35.0, 5001)
    heat_capacity = np.array([properties_at(DEMO, t)[1] for t in grid])
    integral = np.sum(0.5 * (heat_capacity[1:] + heat_capacity[:-1]) * np.diff(grid))
    assert enthalpy_of(DEMO, grid[-1]) - enthalpy_of(DEMO, grid[0]) == pytest.approx(integral, rel=1e-6)


def test_films_are_rated_at_rated_temperature_and_follow_dittus_and_boelter() -> None:
    supply = kelvin(0.0) + np.array([19.0, -1.0])
    out = [np.zeros(2) for _ in range(5)]
    update_coolant(DEMO, *out, supply, supply + 2.0)
    density, heat_capacity, viscosity, turbulent, laminar = out
    assert (turbulent[0], laminar[0]) == (pytest.approx(1.0, abs=1e-3), pytest.approx(1.0, abs=1e-3))

    def nusselt(c: int) -> float:
        """Film coefficient over the conductivity, for a flow of 1 kg/s through a channel of unit size."""
        conductivity = laminar[c]
        return float((1.0 / viscosity[c]) ** 0.8 * (viscosity[c] * heat_capacity[c] / conductivity) ** 0.4)

    expected = nusselt(1) * laminar[1] / (nusselt(0) * laminar[0])
    assert turbulent[1] / turbulent[0] == pytest.approx(expected, rel=1e-9)
    assert 0.6 < turbulent[1] < 0.8  # thick when cold
    assert density[1] > density[0]
