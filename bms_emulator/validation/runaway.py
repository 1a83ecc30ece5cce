"""Thermal runaway of a cell in its pack: what it gives off, in which order it shows, and whether it goes on."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np

from bms_emulator.plant.cooling import step_cooling
from bms_emulator.plant.runaway import step_runaway
from bms_emulator.plant.state import ChillerMode, Detector, RunawayStage
from bms_emulator.units import kelvin
from bms_emulator.validation.bench import CELL, PACK, Bench, small
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace

HEATER: Final = 2000.0
"""Drives the first cell until its runaway has begun [W]."""
VENTING: Final = "[V] Batteries 10 (2024) 270, 280 Ah LFP cell heated from the side"
SEQUENCE: Final = "[U] order of the signals: warming, gas, smoke, voltage, heat detectors, insulation"
INSULATION_ALARM: Final = 500.0 * 1331.0
"""500 Ohm a volt, at the nominal voltage of a rack of 416 cells [Ohm]. Grade [U]."""
BARE: Final = 0.5
"""Cells pressed face to face without aerogel, from mean to mean [K/W]."""


class BurningRow:
    """A row of full cells on a cold plate that spreads no heat sideways, with the air and the fire panel around it."""

    def __init__(self, cells: int, mode: ChillerMode, *overrides: Mapping[str, Any]) -> None:
        share = cells / 104.0
        row = {
            f"{PACK}.cells_per_row": cells,
            f"{PACK}.cold_plate.segments": cells,
            f"{PACK}.cold_plate.heat_capacity_j_per_k": 18000 * share,
            f"{PACK}.cold_plate.plate_to_coolant_k_per_w": 0.00058 / share,
            f"{PACK}.cold_plate.to_air_w_per_k": 15 * share,
            "weather.swing_k": 0,
        }
        self.bench = Bench(small(cells=cells), row, *overrides)
        self.bench.state.cells.soc[...] = 1.0
        self.bench.settle()
        self.bench.inputs.chiller_request[:] = float(mode)
        self._heated = False

    def second(self, heater: float, cell: int) -> None:
        """Let a second pass with a heater [W] at a cell."""
        bench = self.bench
        turned = self._heated != (heater > 0.0) or bench.tick == 0
        self._heated = heater > 0.0
        bench.overlay.cell_runaway_heat[0, cell] = heater
        step_runaway(bench.model.runaway, bench.state, bench.overlay, bench.tick, bench.dt, turned)
        step_cooling(
            bench.model.cooling, bench.state, bench.inputs, bench.overlay, bench.time, bench.tick, bench.dt, turned
        )
        bench.tick += 1


def one_cell_burns(context: Context) -> Iterator[Finding]:
    """What one cell in a cooled pack does, second by second."""
    cell, seconds = 6, 7200
    pack = BurningRow(13, ChillerMode.CIRCULATION)
    state = pack.bench.state
    columns = ("core", "neighbour", "gas", "hydrogen", "smoke", "voltage", "insulation", "tripped", "vented", "stage")
    seen = []
    for second in range(seconds):
        begun = state.runaway.stage[0, cell] >= RunawayStage.RUNAWAY
        pack.second(0.0 if begun else HEATER, cell)
        seen.append(
            (
                state.cells.temperature_core[0, cell],
                state.cells.temperature_core[0, cell + 1],
                state.air.vented[0],
                state.air.hydrogen[0],
                state.air.smoke[0],
                state.cells.voltage_gain[0, cell],
                state.runaway.insulation_resistance[0],
                state.fire.tripped[0],
                state.runaway.vented[0, cell],
                state.runaway.stage[0, cell],
            )
        )
        if second % 600 == 0:
            context.progress(second / seconds)
    record = dict(zip(columns, np.array(seen, dtype=float).T, strict=True))
    core, time = record["core"], np.arange(1.0, seconds + 1.0)

    def first(holds: np.ndarray) -> float:
        """When something is first so [s]; infinite where it never is."""
        at = np.flatnonzero(holds)
        return float(time[at[0]]) if at.size else float("inf")

    def tripped(*detectors: Detector) -> np.ndarray:
        bits = sum(1 << int(detector) for detector in detectors)
        return (record["tripped"].astype(int) & bits) > 0

    for name, stage, published in (
        ("first", RunawayStage.FIRST_VENT, 163.3),
        ("second", RunawayStage.SECOND_VENT, 245.9),
    ):
        at = int(first(record["stage"] >= stage)) - 1
        yield Row.close(
            f"Temperature of the cell at its {name} venting", core[at] - kelvin(0.0), published, 6.0, "°C", VENTING,
            f"after {time[at] / 60.0:.1f} min of heating with {HEATER / 1e3:g} kW",
        )  # fmt: skip
    yield Row.within(
        "Highest temperature of the cell", core.max() - kelvin(0.0), (350.0, 600.0), 0.0, "°C", "[U] LFP cells, surface"
    )
    yield Row.within(
        "Heat released by the cell", float(state.runaway.heat_released[0]) / 1e6, (1.2, 1.8), 0.0, "MJ",
        "[D] 6 kJ/K times 200 to 300 K between runaway and peak",
    )  # fmt: skip
    yield Row.within(
        "Gas given off by the cell",
        1e3 * float(record["gas"][-1]),
        (100.0, 250.0),
        0.0,
        "L",
        "[U] spread in literature",
    )
    times = {
        "cell warms by more than 1 K/min": first(np.diff(core, prepend=core[0]) > 1.0 / 60.0),
        "gas detector": first(tripped(Detector.HYDROGEN, Detector.CARBON_MONOXIDE)),
        "smoke detector": first(tripped(Detector.SMOKE)),
        "cell at 0 V": first(record["voltage"] <= 0.0),
        "heat detector": first(tripped(Detector.HEAT_LOW, Detector.HEAT_HIGH)),
        "insulation alarm": first(record["insulation"] < INSULATION_ALARM),
    }
    order = list(times.values())
    yield Row.close(
        "Signals that follow the one before them, of six",
        sum(a <= b < np.inf for a, b in pairwise(order)),
        5.0, 0.0, "1", SEQUENCE, "; ".join(f"{name} {at:.0f} s" for name, at in times.items()),
    )  # fmt: skip
    yield Row.close(
        "Cells that burn, aerogel between cells, coolant flowing", float(state.runaway.cell_count[0]), 1.0, 0.0, "1",
        "[U] with aerogel often no propagation", f"neighbour reaches {record['neighbour'].max() - kelvin(0.0):.0f} °C",
    )  # fmt: skip
    shown = time < 2400.0
    yield Figure(
        "A cell driven into runaway, and its neighbour behind aerogel.",
        "time [s]",
        "temperature [°C]",
        (
            Trace("cell", time[shown], core[shown] - kelvin(0.0)),
            Trace("neighbour", time[shown], record["neighbour"][shown] - kelvin(0.0)),
            Trace("gas given off", time[shown], 1e3 * record["gas"][shown], second=True),
        ),
        "gas [L]",
    )
    yield Figure(
        "What the enclosure shows of it.",
        "time [s]",
        "hydrogen [ppm]",
        (
            Trace("hydrogen", time[shown], 1e6 * record["hydrogen"][shown]),
            Trace("smoke", time[shown], record["smoke"][shown], second=True),
            Trace("voltage of the cell over that of a sound one", time[shown], record["voltage"][shown], second=True),
        ),
        "extinction [1/m], voltage [1]",
    )


def propagation(context: Context) -> Iterator[Finding]:
    """With and without aerogel, no coolant flowing."""
    cases = {"aerogel": (13, 6, 3 * 3600, {}), "bare": (6, 0, 4 * 3600, {f"{CELL}.thermal.cell_to_cell_k_per_w": BARE})}
    traces = []
    for number, (name, (cells, begin, seconds, override)) in enumerate(cases.items()):
        pack = BurningRow(cells, ChillerMode.STANDBY, override)
        runaway = pack.bench.state.runaway
        begun: dict[int, int] = {}
        for second in range(seconds):
            pack.second(0.0 if begin in begun else HEATER, begin)
            for cell in np.flatnonzero(runaway.stage[0] >= RunawayStage.RUNAWAY):
                begun.setdefault(int(cell), second)
            if second % 600 == 0:
                context.progress((number + second / seconds) / len(cases))
        order = sorted(begun.values())
        traces.append(Trace(name, np.array(order) / 60.0, np.arange(1.0, len(order) + 1.0), marks=True))
        if name == "aerogel":
            yield Row.close(
                "Cells that burn, aerogel between cells, no coolant flowing", len(order), 1.0, 0.0, "1",
                "[U] with aerogel often no propagation",
            )  # fmt: skip
            continue
        yield Row.close(
            f"Cells of {cells} that burn, face to face without aerogel, no coolant flowing", len(order),
            float(cells), 0.0, "1", "[U] without aerogel it goes from cell to cell",
        )  # fmt: skip
        minutes = np.diff(order) / 60.0
        yield Row.within(
            "Time from cell to cell, mean", float(minutes.mean()) if minutes.size else float("nan"),
            (5.0, 25.0), 0.0, "min",
            "[U] 5 to 25 min", ", ".join(f"{m:.1f}" for m in minutes),
        )  # fmt: skip
    yield Figure(
        "When cells go into runaway, no coolant flowing; 13 cells with aerogel, 6 cells without.",
        "time [min]",
        "cells in runaway [1]",
        tuple(traces),
    )


SECTION: Final = Section(
    "runaway",
    "Thermal runaway",
    (
        Check(
            "runaway.sequence",
            "One cell in a cooled pack",
            "A row of 13 full cells on a plate that spreads no heat sideways, aerogel between them, coolant flowing; "
            "the cell in the middle is heated with 2 kW until its runaway begins, then watched; two hours in all.",
            one_cell_burns,
        ),
        Check(
            "runaway.propagation",
            "From cell to cell",
            "The same without coolant flowing, with aerogel, and with six cells face to face without.",
            propagation,
        ),
    ),
)
