"""Years that are not simulated: those before the start, and those that are skipped.

Wear adds up whatever the rates (see :mod:`bms_emulator.plant.ageing`), so years of the same day are the wear of that
day times their number. The day is the one that the site declares, or that which the battery has lately seen.
"""

from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.ageing import (
    AGEING_PERIOD,
    SECONDS_PER_YEAR,
    AgeingModel,
    coldness_of,
    refresh_ageing,
    wear_rate,
)
from bms_emulator.plant.cycle_counting import SECONDS_PER_DAY, TIME, cycle_factor
from bms_emulator.plant.model import PlantModel
from bms_emulator.plant.state import AgeingState, PlantState
from bms_emulator.plant.weather import HOURS_PER_DAY, build_weather_model, outside_temperature
from bms_emulator.profile.site import Age, SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR, kelvin

SKIP_DAYS_MAX: Final = 36525.0
"""Longest time that can be skipped at once [days]."""
_PARTS: Final = 24
"""Parts of equal length into which all hours are sorted by temperature."""

Duty = Literal["declared", "observed"]


@dataclass(frozen=True)
class Health:
    """How the cells of a site are.

    Attributes:
        soh_min: Lowest capacity relative to fresh [1].
        soh_mean: Mean of it [1].
        soh_max: Highest of it [1].
        resistance_growth_mean: Mean resistance relative to fresh [1].
        resistance_growth_max: Highest of it [1].
        equivalent_cycles: Equivalent full cycles, mean of the racks.
        age_years: Time in service.
    """

    soh_min: float
    soh_mean: float
    soh_max: float
    resistance_growth_mean: float
    resistance_growth_max: float
    equivalent_cycles: float
    age_years: float

    def as_dict(self) -> dict[str, float]:
        """Plain data, rounded to what it is worth."""
        return {key: round(value, 6) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Day:
    """What a day does.

    Attributes:
        wear: Wear of each mechanism in each cell, shape (mechanism, rack, cell) or one that stretches to it.
        cycles: Equivalent full cycles, shape (rack) or one that stretches to it.
    """

    wear: Array
    cycles: Array


def health(state: PlantState) -> Health:
    """How the cells are now."""
    soh, growth = state.ageing.soh, state.cells.resistance_growth
    return Health(
        soh_min=float(soh.min()),
        soh_mean=float(soh.mean()),
        soh_max=float(soh.max()),
        resistance_growth_mean=float(growth.mean()),
        resistance_growth_max=float(growth.max()),
        equivalent_cycles=float(state.ageing.equivalent_cycles.mean()),
        age_years=float(state.ageing.age[0]) / SECONDS_PER_YEAR,
    )


def start_at_age(model: PlantModel, state: PlantState, site: SiteProfile) -> None:
    """Age a fresh plant as its site says."""
    years = (site.initial.age or Age()).years
    state.ageing.wear[0] = model.ageing.commissioning_loss ** (1.0 / model.ageing.exponent[0])
    day = declared_day(model.ageing, site) if years > 0.0 else Day(np.zeros(1), np.zeros(1))
    skip(model, state, day, years * SECONDS_PER_YEAR / SECONDS_PER_DAY)


def skip_days(model: PlantModel, state: PlantState, site: SiteProfile, days: float) -> Duty:
    """Age the plant by days that are not simulated; says which day was repeated.

    The day is that which the battery lately saw, or the declared one where less than a day was simulated. State of
    charge, temperatures and the clock stay.

    Raises:
        ValueError: The number of days is out of range.
    """
    if not 0.0 < days <= SKIP_DAYS_MAX:
        raise ValueError(f"days = {days:g}: must be more than 0 and at most {SKIP_DAYS_MAX:g} (100 years)")
    simulated = float(state.ageing.stress_seen[0].min())
    duty: Duty = "observed" if simulated >= SECONDS_PER_DAY - AGEING_PERIOD else "declared"
    day = observed_day(model.ageing, state.ageing) if duty == "observed" else declared_day(model.ageing, site)
    skip(model, state, day, days)
    return duty


def observed_day(model: AgeingModel, ageing: AgeingState) -> Day:
    """What a day did of late, on average."""
    time = np.repeat(ageing.pack_window_time, model.cells_per_pack, axis=1)
    return Day(ageing.window_wear / time * SECONDS_PER_DAY, ageing.window_cycles / ageing.window_time * SECONDS_PER_DAY)


def declared_day(model: AgeingModel, site: SiteProfile) -> Day:
    """What a day of the duty does that the site declares."""
    age = site.initial.age or Age()
    depth, rate = age.depth_percent * 1e-2, age.rate_c
    cycles = age.cycles_per_day * depth
    at_rest, at_work = cell_temperatures(site, age)
    temperatures = np.concatenate([at_rest, at_work])
    working = 2.0 * cycles / rate / HOURS_PER_DAY
    always = np.repeat([1.0 - working, working], _PARTS) / _PARTS
    while_working = np.repeat([0.0, 1.0], _PARTS) / _PARTS

    cells = site.container.rack.pack.cell_count
    position = np.tile(np.arange(cells) / max(cells - 1, 1) - 0.5, site.container.rack.pack_count)
    wear = np.zeros((model.driver.size, 1, position.size))
    for m, driver in enumerate(model.driver):
        factor = cycle_factor(model.factor[m], model.exponent[m], depth, rate)
        stress, weights = (SECONDS_PER_DAY, always) if driver == TIME else (factor * cycles, while_working)
        for k, place in enumerate(position[:cells]):
            rates = [
                wear_rate(model.rate[m], age.soc_percent * 1e-2, coldness_of(t + age.coolant_rise_k * place))
                for t in temperatures
            ]
            wear[m, 0, k::cells] = stress * float(np.dot(weights, rates))
    return Day(wear, np.array([cycles]))


def cell_temperatures(site: SiteProfile, age: Age) -> tuple[Array, Array]:
    """Temperatures of the cells [K] at rest and at work, each for a 24th of the time; shape (part) each.

    Cells at rest follow the outside air as far as the thermal management lets them; cells at work warm up until they
    are cooled, and stay where the cooling switches on and off.
    """
    if age.cell_temperature_degc is not None:
        steady = np.full(_PARTS, kelvin(age.cell_temperature_degc))
        return steady, steady
    weather = build_weather_model(site)
    hours = max(_PARTS, weather.hourly.size)
    outside = np.array([outside_temperature(weather, hour * SECONDS_PER_HOUR) for hour in range(hours)])
    if age.climate_degc is not None:
        outside += kelvin(age.climate_degc) - outside.mean()
    thermal = site.firmware.thermal
    warmest = kelvin(0.5 * (thermal.cooling_on_degc + thermal.cooling_off_degc))
    coldest = kelvin(0.5 * (thermal.heating_on_degc + thermal.heating_off_degc))
    at_rest = np.array_split(np.sort(np.clip(outside, coldest, warmest)), _PARTS)
    return np.array([part.mean() for part in at_rest]), np.full(_PARTS, warmest)


def skip(model: PlantModel, state: PlantState, day: Day, days: float) -> None:
    """Repeat a day."""
    ageing = state.ageing
    ageing.wear += day.wear * days
    ageing.equivalent_cycles += day.cycles * days
    ageing.age += days * SECONDS_PER_DAY
    refresh_ageing(model.ageing, model.cells, state, 0, ageing.pack_soh_mean.size, dissipated=0.0)
