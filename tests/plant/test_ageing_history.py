"""Years before the start and years that are skipped: published values, the product sheet, skipping, seeds."""

import math
from typing import Any

import numpy as np
import pytest

from bms_emulator.plant.ageing_history import declared_day, health, skip, skip_days
from bms_emulator.plant.cycle_counting import SECONDS_PER_DAY
from bms_emulator.plant.projection import project
from bms_emulator.profile.errors import ProfileError
from tests.plant.aged_site import EVEN, PUBLISHED, AgedSite, law, steady
from tests.plant.electric_site import ALIKE, CELL, ElectricSite, small
from tests.reference import ageing_twin as twin

DAYS = 365.25

# years, °C, model, parts [%] with the digits that the reference table prints: 1 cycle a day, 0.5C, half charge
TABLE = [
    (1, 25, "naumann", ["4.25", "3.32", "1.7"]),
    (1, 45, "naumann", ["6.57", "3.32", "10.4"]),
    (15, 25, "naumann", ["16.47", "12.85", "25"]),
    (1, 25, "schimpe", ["3.93", "0.68", "0.35"]),
    (1, 45, "schimpe", ["6.63", "1.56", "0.09"]),
    (15, 25, "schimpe", ["15.24", "2.64", "1.37"]),
    (1, 25, "blast-250ah", ["1.10", "2.94"]),
    (1, 45, "blast-250ah", ["3.63", "1.85"]),
    (15, 25, "blast-250ah", ["4.58", "27.66"]),
]
TOTALS = {
    (1, 25, "naumann"): "7.57",
    (1, 45, "naumann"): "9.88",
    (15, 25, "naumann"): "29.32",
    (1, 25, "schimpe"): "4.97",
    (1, 45, "schimpe"): "8.28",
    (15, 25, "schimpe"): "19.25",
    (1, 25, "blast-250ah"): "4.04",
    (1, 45, "blast-250ah"): "5.48",
    (15, 25, "blast-250ah"): "32.24",
}


def same_digits(number: float, printed: str) -> bool:
    return f"{number:.{len(printed.partition('.')[2])}f}" == printed


@pytest.mark.parametrize(("years", "degc", "name", "parts"), TABLE)
def test_the_published_models_give_the_published_values(years: int, degc: int, name: str, parts: list[str]) -> None:
    site = AgedSite(EVEN, PUBLISHED, law(name), steady(degc, years=years))
    found = site.parts * 100.0
    for printed, part in zip(parts, found, strict=False):
        assert same_digits(part, printed), (found, parts)
    assert same_digits(100.0 * (1.0 - site.state.ageing.soh[0, 0]), TOTALS[years, degc, name])


SHEET: dict[tuple[float, int], dict[int, float]] = {
    (0.5, 1): {0: 98.50, 1: 94.46, 5: 86.26, 10: 78.70, 15: 72.45, 20: 66.66},
    (0.25, 1): {1: 94.62, 5: 86.78, 10: 79.58, 15: 73.61, 20: 68.10},
    (0.5, 2): {1: 93.78, 5: 82.95, 10: 71.34},
}
"""SOH [%] by rate [P] and cycles a day, by years: degradation sheet of a 314 Ah container, 25 °C class."""


def residuals(*overrides: dict[str, Any]) -> list[float]:
    found = []
    for (rate, cycles), points in SHEET.items():
        alike = {**ALIKE, f"{CELL}.spread.ageing_rate_percent": 0}
        site = AgedSite(alike, *overrides, steady(25, rate_c=rate, cycles_per_day=cycles))
        day, at = declared_day(site.model.ageing, site.site), 0
        for years, printed in points.items():
            skip(site.model, site.state, day, (years - at) * DAYS)
            at = years
            found.append(100.0 * health(site.state).soh_mean - printed)
    return found


def test_the_default_meets_the_degradation_sheet_within_two_and_a_half_percent_of_capacity() -> None:
    found = residuals()
    assert max(map(abs, found)) < 2.4
    assert math.sqrt(np.mean(np.square(found[1:]))) < 1.7  # the first point is the given loss before commissioning


@pytest.mark.parametrize(
    ("name", "calendar", "cycle", "rms", "worst"),
    [
        ("naumann", 0.965, 0.894, 1.67, 2.36),
        ("schimpe", 1.115, 2.642, 1.68, 2.47),
        ("blast-250ah", 4.084, 0.3505, 0.75, 1.38),
    ],
)
def test_every_model_can_be_fitted_to_it(name: str, calendar: float, cycle: float, rms: float, worst: float) -> None:
    fitted = {"model": name, "calendar_scale": calendar, "cycle_scale": cycle}
    found = residuals({f"{CELL}.ageing.{key}": value for key, value in fitted.items()})
    assert max(map(abs, found)) <= worst
    assert math.sqrt(np.mean(np.square(found[1:]))) <= rms


@pytest.mark.parametrize("name", twin.LAWS)
def test_years_in_pieces_are_years_at_once_and_those_of_the_virtual_time(name: str) -> None:
    pieces = AgedSite(EVEN, PUBLISHED, law(name), steady(35))
    day, parts = declared_day(pieces.model.ageing, pieces.site), [0.0] * len(twin.LAWS[name][1])
    for days in (1.0, 29.0, 335.25, 730.5):
        skip(pieces.model, pieces.state, day, days)
        parts = twin.age(name, parts, days * 86400.0, days, temperature=308.15, soc=0.5, depth=1.0, rate=0.5)
    whole = AgedSite(EVEN, PUBLISHED, law(name), steady(35, years=3))
    assert pieces.state.ageing.soh == pytest.approx(whole.state.ageing.soh, rel=1e-12)
    assert pieces.parts == pytest.approx(np.array(parts), rel=1e-9)


def test_a_skipped_day_is_the_simulated_one_once_a_day_was_simulated() -> None:
    site = AgedSite(EVEN)
    ageing, current = site.state.ageing, 0.8 * float(site.state.cells.capacity[0, 0]) / 10800.0

    def live_a_day() -> None:
        for _ in range(4):  # a cycle of 80 % in six hours
            site.run(3 * 3600, current)
            site.run(3 * 3600, -current)

    live_a_day()
    after_a_day = site.arena.buffer.copy()
    assert ageing.equivalent_cycles == pytest.approx(3.2, rel=1e-2)
    live_a_day()
    simulated = health(site.state)
    site.arena.buffer[...] = after_a_day
    assert skip_days(site.model, site.state, site.site, 1.0) == "observed"
    skipped = health(site.state)
    assert skipped.equivalent_cycles == pytest.approx(simulated.equivalent_cycles, rel=1e-2)
    assert 1.0 - skipped.soh_mean == pytest.approx(1.0 - simulated.soh_mean, rel=2e-2)


def test_without_a_simulated_day_the_declared_one_is_skipped() -> None:
    site = AgedSite(EVEN, {"initial.age.cycles_per_day": 2, "initial.age.depth_percent": 50})
    site.run(3600)
    assert skip_days(site.model, site.state, site.site, 100.0) == "declared"
    assert site.state.ageing.equivalent_cycles == pytest.approx(100.0)
    assert site.state.ageing.age == pytest.approx(100.0 * SECONDS_PER_DAY + 3600.0)


def test_skipping_leaves_charge_temperature_and_heat_alone() -> None:
    site = AgedSite()
    kept = {name: getattr(site.state.cells, name).copy() for name in ("soc", "temperature_core", "heat", "v_rc1")}
    skip_days(site.model, site.state, site.site, 3652.5)
    for name, values in kept.items():
        assert (getattr(site.state.cells, name) == values).all()


@pytest.mark.parametrize("days", [0.0, -1.0, 40_000.0, math.nan, math.inf])
def test_a_time_that_cannot_be_skipped_is_refused_and_changes_nothing(days: float) -> None:
    site = AgedSite()
    before = site.arena.buffer.copy()
    with pytest.raises(ValueError, match=r"days = .*: must be more than 0 and at most 36525"):
        skip_days(site.model, site.state, site.site, days)
    assert np.array_equal(site.arena.buffer, before, equal_nan=True)


def test_damage_ends_at_the_caps() -> None:
    site = AgedSite(steady(60, years=100, cycles_per_day=3, rate_c=1))
    found = health(site.state)
    assert found.soh_min == pytest.approx(0.4)
    assert found.resistance_growth_max <= 2.0


def test_a_site_without_an_age_is_fresh_and_one_of_age_zero_is_commissioned() -> None:
    assert AgedSite().state.ageing.soh == pytest.approx(1.0, rel=1e-12)
    assert AgedSite().state.cells.capacity == pytest.approx(AgedSite().model.cells.capacity, rel=1e-12)
    commissioned = AgedSite({"initial.age.years": 0})
    assert commissioned.state.ageing.soh == pytest.approx(0.985, abs=2e-3)
    assert commissioned.state.cells.resistance_growth == pytest.approx(1.0, rel=1e-12)


def test_hotter_longer_and_harder_used_means_weaker() -> None:
    def soh(**age: float) -> float:
        overrides = {f"initial.age.{key}": value for key, value in ({"years": 10} | age).items()}
        return health(AgedSite(EVEN, overrides).state).soh_mean

    assert soh(years=5) > soh(years=10) > soh(years=20)
    assert soh(cycles_per_day=0) > soh(cycles_per_day=1) > soh(cycles_per_day=2)
    assert soh(cell_temperature_degc=15) > soh(cell_temperature_degc=25) > soh(cell_temperature_degc=45)
    assert soh(rate_c=0.25) > soh(rate_c=0.5)
    assert soh(climate_degc=10) > soh(climate_degc=45)


def test_cooling_keeps_the_desert_from_the_cells() -> None:
    cooled = AgedSite(EVEN, {"initial.age.years": 10, "initial.age.climate_degc": 45})
    baked = AgedSite(EVEN, {"initial.age.years": 10, "initial.age.cell_temperature_degc": 45})
    assert health(cooled.state).soh_mean > health(baked.state).soh_mean + 0.05


def test_cells_at_the_outlet_of_the_coolant_age_faster() -> None:
    site = AgedSite(EVEN, {"initial.age.years": 10, "initial.age.cycles_per_day": 0})
    soh = site.state.ageing.soh[0, :3]
    assert soh[0] > soh[1] > soh[2]


def test_cells_differ_by_the_seed_and_by_nothing_else() -> None:
    age = {"initial.age.years": 10}
    one, same, other = (AgedSite(age, seed=seed) for seed in (1, 1, 2))
    assert (one.state.ageing.soh == same.state.ageing.soh).all()
    assert (one.state.ageing.soh != other.state.ageing.soh).any()
    assert (one.model.cells.capacity == AgedSite(seed=1).model.cells.capacity).all()
    loss = 1.0 - AgedSite(age, steady(), shape=(4, 4, 16)).state.ageing.soh
    assert loss.std() / loss.mean() == pytest.approx(0.04, rel=0.25)


@pytest.mark.parametrize(
    ("age", "message"),
    [
        ({"cycles_per_day": 8}, "the cycles take 28.8 h of a day"),
        ({"soc_percent": 80}, "must be <= 40"),
        ({"years": -1}, "must be >= 0"),
    ],
)
def test_a_duty_that_cannot_be_is_refused(age: dict[str, float], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        AgedSite({f"initial.age.{key}": value for key, value in age.items()})


def test_a_projection_is_the_site_at_each_age() -> None:
    site = AgedSite({"initial.age.years": 0})
    rows = list(project(site.site, 3, seed=1))
    assert rows[0].soh_mean == pytest.approx(0.985, abs=2e-3)
    assert rows[3].soh_mean == pytest.approx(health(AgedSite({"initial.age.years": 3}).state).soh_mean)
    assert [row.age_years for row in rows] == pytest.approx([0, 1, 2, 3])


def test_an_old_battery_delivers_less_energy_and_gives_off_more_heat() -> None:
    def discharge(*age: dict[str, Any]) -> tuple[float, float]:
        """Energy delivered and heat given off by a discharge at half the rated power, from full to empty [J]."""
        site = ElectricSite(small(racks=1, packs=1, cells=4), EVEN, {"initial.soc_percent": 100}, *age, dt=1.0)
        cells = site.state.cells
        energy, heat = 0.0, float(cells.heat.sum())
        while cells.voltage.min() > 2.8:
            energy += site.drive_power(4 * 500.0) * site.dt
        return energy, float(cells.heat.sum()) - heat

    fresh, old = discharge(), discharge({"initial.age.years": 10})
    assert 0.7 < old[0] / fresh[0] < 0.9
    assert old[1] / old[0] > 1.1 * fresh[1] / fresh[0]
