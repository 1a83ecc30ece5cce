"""Loss of capacity and growth of resistance over years against published models and a data sheet."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from bms_emulator.plant.projection import project
from bms_emulator.profile.ageing import AgeingLaw
from bms_emulator.profile.loader import load_site
from bms_emulator.validation.bench import ALIKE, CELL, SITE, Bench, small
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace

EVEN: Final = {**ALIKE, f"{CELL}.spread.ageing_rate_percent": 0}
AS_PUBLISHED: Final = {
    **{f"{CELL}.ageing.{part}_scale": 1 for part in ("calendar", "cycle", "resistance")},
    f"{CELL}.ageing.commissioning_loss_percent": 0,
    f"{CELL}.ageing.capacity_loss_max_percent": 90,
    f"{CELL}.ageing.resistance_growth_max_percent": 1e6,
}
"""A model with its own coefficients, without caps in reach."""

SHEET: Final = "[S] degradation sheet of a 314 Ah container (Linyang/EVE), 25 °C class"
SHEET_TOLERANCE: Final = 2.5
"""Points of capacity, over 20 years."""


class Published(NamedTuple):
    """Losses [%] that a model's coefficients give: part by part, and resistance [%] where the model has its own."""

    parts: tuple[float, ...]
    resistance: float | None = None


ORACLES: Final[dict[tuple[AgeingLaw, int, float], Published]] = {
    # model, years, °C
    ("naumann", 1, 25.0): Published((4.25, 3.32), 1.7),
    ("naumann", 1, 45.0): Published((6.57, 3.32), 10.4),
    ("naumann", 15, 25.0): Published((16.47, 12.85), 25.0),
    ("schimpe", 1, 25.0): Published((3.93, 0.68, 0.35, 0.0)),
    ("schimpe", 1, 45.0): Published((6.63, 1.56, 0.09, 0.0)),
    ("schimpe", 15, 25.0): Published((15.24, 2.64, 1.37, 0.0)),
    ("blast-250ah", 1, 25.0): Published((1.10, 2.94)),
    ("blast-250ah", 1, 45.0): Published((3.63, 1.85)),
    ("blast-250ah", 15, 25.0): Published((4.58, 27.66)),
}
"""Half charge, one full cycle a day at 0.5 C."""
LITERATURE: Final[dict[AgeingLaw, str]] = {
    "naumann": "[V] Naumann et al. 2018 and 2020, coefficients as in SimSES, worked out separately",
    "schimpe": "[V] Schimpe et al. 2018, coefficients as in two open programs, worked out separately",
    "blast-250ah": "[V] BLAST-Lite, large prismatic LFP, worked out separately",
}

DEGRADATION: Final = {
    # rate [1/h], cycles a day: state of health [%] by year
    (0.5, 1.0): {0: 98.50, 1: 94.46, 5: 86.26, 10: 78.70, 15: 72.45, 20: 66.66},
    (0.25, 1.0): {1: 94.62, 5: 86.78, 10: 79.58, 15: 73.61, 20: 68.10},
    (0.5, 2.0): {1: 93.78, 5: 82.95, 10: 71.34},
}
YEARS: Final = 20


def duty(rate: float, cycles: float, degc: float) -> dict[str, Any]:
    """Full cycles at a temperature of all cells."""
    given = {"coolant_rise_k": 0, "depth_percent": 100, "cell_temperature_degc": degc}
    return {f"initial.age.{key}": value for key, value in {**given, "rate_c": rate, "cycles_per_day": cycles}.items()}


def published_models(context: Context) -> Iterator[Finding]:
    """Three models after one and fifteen years."""
    for number, ((name, years, degc), expected) in enumerate(ORACLES.items()):
        age = {**duty(0.5, 1.0, degc), "initial.age.years": years * 365.0 / 365.25, f"{CELL}.ageing.model": name}
        bench = Bench(small(), EVEN, AS_PUBLISHED, age)
        model, wear = bench.model.ageing, bench.state.ageing.wear[:, 0, 0]
        loss = 100.0 * (1.0 - float(bench.state.ageing.soh[0, 0]))
        parts = [100.0 * w**n for w, n, r in zip(wear, model.exponent, model.is_resistance, strict=True) if r == 0.0]
        at = f"{name}, {years} a at {degc:g} °C"
        yield Row.close(
            f"Loss of capacity, {at}", loss, sum(expected.parts), 0.1, "%", LITERATURE[name],
            "parts " + ", ".join(f"{a:.2f} ({b:.2f})" for a, b in zip(parts, expected.parts, strict=True)),
        )  # fmt: skip
        if expected.resistance is not None:
            calendar = next(i for i, r in enumerate(model.is_resistance) if r > 0.0)
            grown = 100.0 * float(wear[calendar] ** model.exponent[calendar])
            yield Row.close(
                f"Growth of resistance with time, {at}", grown, expected.resistance, 0.5, "%", LITERATURE[name]
            )
        context.progress((number + 1) / len(ORACLES))
    yield Figure(
        "Three published models as they stand: half charge, 25 °C, one full cycle a day at 0.5 C.",
        "time in service [a]",
        "capacity [%]",
        tuple(
            Trace(
                name, np.arange(YEARS + 1.0), _curve(AS_PUBLISHED, duty(0.5, 1.0, 25.0), {f"{CELL}.ageing.model": name})
            )
            for name in LITERATURE
        ),
    )


def degradation_sheet(context: Context) -> Iterator[Finding]:
    """The shipped cell over twenty years."""
    traces = []
    for number, ((rate, cycles), points) in enumerate(DEGRADATION.items()):
        curve = _curve(duty(rate, cycles, 25.0))
        name = f"{rate:g}P, {cycles:g} a day"
        for year, soh in points.items():
            yield Row.close(f"State of health after {year} a, {name}", curve[year], soh, SHEET_TOLERANCE, "%", SHEET)
        traces += [
            Trace(f"ours, {name}", np.arange(YEARS + 1.0), curve),
            Trace(f"sheet, {name}", list(points), list(points.values()), marks=True),
        ]
        context.progress((number + 1) / len(DEGRADATION))
    yield Figure(
        "Capacity of the shipped 314 Ah cell at 25 °C over its years in service; points are those of the sheet.",
        "time in service [a]",
        "capacity [%]",
        tuple(traces),
    )


def _curve(*overrides: Mapping[str, Any]) -> list[float]:
    """State of health of one cell at the start and after each year [%]."""
    given = {
        key: value for part in (small(), EVEN, {"initial.age.years": 0}, *overrides) for key, value in part.items()
    }
    return [100.0 * health.soh_mean for health in project(load_site(SITE, given), YEARS)]


SECTION: Final = Section(
    "ageing",
    "Ageing",
    (
        Check(
            "ageing.models",
            "Published models",
            "A cell of each model at half charge, one full cycle a day at 0.5 C, against the same coefficients worked "
            "out by hand; in brackets the parts that time and use take.",
            published_models,
        ),
        Check(
            "ageing.sheet",
            "Degradation sheet of a 314 Ah container",
            "The shipped cell with its scaled model at 25 °C, three duties, all points of the sheet.",
            degradation_sheet,
        ),
    ),
)
