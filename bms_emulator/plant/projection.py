"""How a site ages, year by year, without running it."""

from collections.abc import Iterator

from bms_emulator.arrays import Arena, Layout
from bms_emulator.plant.ageing_history import Health, declared_day, health, skip
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, PlantState
from bms_emulator.profile.site import SiteProfile

_DAYS_PER_YEAR = 365.25


def project(site: SiteProfile, years: int, seed: int = 0) -> Iterator[Health]:
    """Health at the start, and after each of `years` years of the duty that the site declares."""
    state = PlantState.of(Arena(Layout(site.counts, GROUPS)))
    model = build_plant_model(site, seed)
    initialise(model, state, site, seed)
    yield health(state)
    day = declared_day(model.ageing, site)
    for _ in range(years):
        skip(model, state, day, _DAYS_PER_YEAR)
        yield health(state)
