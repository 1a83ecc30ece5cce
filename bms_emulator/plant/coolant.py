"""Coolant: what its temperature does to density, heat capacity, viscosity and heat transfer.

The loop keeps its books in enthalpy, so that energy closes although the heat capacity changes with temperature. The
other properties move slowly: they are found once a second for each container, at the mean of supply and return.
"""

import math
from typing import NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.table import monotone_curve, segment, tabulate
from bms_emulator.profile.coolant import CoolantProfile
from bms_emulator.units import kelvin

SEGMENTS = 256
"""Segments of the tables over temperature and over enthalpy."""


class CoolantModel(NamedTuple):
    """Properties of a coolant.

    Attributes:
        properties: Table of density, heat capacity, conductivity and logarithm of viscosity over temperature.
        temperature_begin: Where that table begins [K].
        segments_per_kelvin: Of that table.
        temperature: Table of the temperature [K] over enthalpy, which is 0 where the table begins.
        segments_per_enthalpy: Of that table [kg/J].
        rated_density: At rated temperature [kg/m3].
        rated_heat_capacity: At rated temperature [J/(kg K)].
        rated_conductivity: At rated temperature [W/(m K)].
        rated_viscosity: At rated temperature [Pa s].
    """

    properties: Array
    temperature_begin: float
    segments_per_kelvin: float
    temperature: Array
    segments_per_enthalpy: float
    rated_density: float
    rated_heat_capacity: float
    rated_conductivity: float
    rated_viscosity: float


def build_coolant_model(profile: CoolantProfile) -> CoolantModel:
    """Properties of a coolant, drawn as monotone curves through the points of its profile."""
    table = profile.properties
    given = np.array(table.temperature_degc) + kelvin(0.0)
    grid = np.linspace(given[0], given[-1], SEGMENTS + 1)
    columns = (
        np.array(table.density_kg_per_m3),
        np.array(table.heat_capacity_j_per_kg_k),
        np.array(table.conductivity_w_per_m_k),
        np.log(np.array(table.viscosity_mpa_s) * 1e-3),
    )
    density, heat_capacity, conductivity, log_viscosity = (monotone_curve(given, column, grid) for column in columns)
    width = float(grid[1] - grid[0])
    enthalpy = np.concatenate([[0.0], np.cumsum(0.5 * (heat_capacity[1:] + heat_capacity[:-1]) * width)])
    even = np.linspace(0.0, enthalpy[-1], SEGMENTS + 1)
    rated = [
        float(np.interp(kelvin(profile.rated_degc), grid, column))
        for column in (density, heat_capacity, conductivity, log_viscosity)
    ]
    return CoolantModel(
        properties=tabulate(density, heat_capacity, conductivity, log_viscosity),
        temperature_begin=float(grid[0]),
        segments_per_kelvin=1.0 / width,
        temperature=tabulate(np.interp(even, enthalpy, grid)),
        segments_per_enthalpy=SEGMENTS / float(even[-1]),
        rated_density=rated[0],
        rated_heat_capacity=rated[1],
        rated_conductivity=rated[2],
        rated_viscosity=math.exp(rated[3]),
    )


def enthalpy_of(model: CoolantModel, temperature: float) -> float:
    """Specific enthalpy at a temperature [J/kg]: the inverse of :func:`temperature_of`, straight beyond the table."""
    begin, rise = model.temperature[:, 0], model.temperature[:, 1]
    i = int(np.clip(np.searchsorted(begin, temperature, side="right") - 1, 0, begin.size - 1))
    position = i + (temperature - begin[i]) / rise[i]
    return float(position / model.segments_per_enthalpy)


@scalar
def temperature_of(model, enthalpy):
    """Temperature at a specific enthalpy [K]; beyond the table it goes on straight."""
    table = model.temperature
    i, f = segment(enthalpy * model.segments_per_enthalpy, table.shape[0])
    return table[i, 0] + f * table[i, 1]


@scalar
def properties_at(model, temperature):
    """Density [kg/m3], heat capacity [J/(kg K)], conductivity [W/(m K)], viscosity [Pa s]; clamped to the table."""
    table = model.properties
    count = table.shape[0]
    i, f = segment(min(max((temperature - model.temperature_begin) * model.segments_per_kelvin, 0.0), count), count)
    return (
        table[i, 0] + f * table[i, 1],
        table[i, 2] + f * table[i, 3],
        table[i, 4] + f * table[i, 5],
        math.exp(table[i, 6] + f * table[i, 7]),
    )


@kernel
def update_coolant(
    # model
    model,
    # state
    density,
    heat_capacity,
    viscosity,
    film_turbulent,
    film_laminar,
    # inputs
    supply_temperature,
    return_temperature,
):
    """Properties of the coolant of every container; all shapes are (container,).

    Film coefficients, relative to rated temperature at equal mass flow: turbulent after Dittus and Boelter,
    Nu = 0.023 Re^0.8 Pr^0.4, which leaves k^0.6 cp^0.4 mu^-0.4; laminar with a constant Nusselt number, which leaves k.
    """
    for c in range(density.size):
        mean = 0.5 * (supply_temperature[c] + return_temperature[c])
        density[c], heat_capacity[c], conductivity, viscosity[c] = properties_at(model, mean)
        film_laminar[c] = conductivity / model.rated_conductivity
        by_heat_capacity = heat_capacity[c] / model.rated_heat_capacity
        by_viscosity = model.rated_viscosity / viscosity[c]
        film_turbulent[c] = film_laminar[c] ** 0.6 * (by_heat_capacity * by_viscosity) ** 0.4
