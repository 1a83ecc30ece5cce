"""Thermal runaway of a cell in its pack: what it gives off, in which order it shows, and whether it goes on."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np

from bms_emulator.plant.reaction import react, reaction_rate
from bms_emulator.plant.state import ChillerMode, Detector, RunawayStage
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin
from bms_emulator.validation.bench import CELL, PACK, SITE, Bench, small
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace

HEATER: Final = 2000.0
"""Drives the first cell until its runaway has begun [W]."""
VENTING: Final = "[V] Batteries 10 (2024) 270, 280 Ah LFP cell heated from the side"
SEQUENCE: Final = "[U] order of the signals: warming, gas, smoke, voltage, heat detectors, insulation"
INSULATION_ALARM: Final = 500.0 * 1331.0
"""500 Ohm a volt, at the nominal voltage of a rack of 416 cells [Ohm]. Grade [U]."""
COOLED: Final = ChillerMode.CIRCULATION
UNCOOLED: Final = ChillerMode.STANDBY


class BurningPack:
    """One pack of the demo as it is shipped, all cells full, with the air and the fire panel around it.

    Args:
        mode: What the chiller is asked for.
        spacer: Resistance of what lies between neighbouring cells [K/W]; that of the profile where None.
    """

    def __init__(self, mode: ChillerMode, spacer: float | None = None) -> None:
        pack = load_site(SITE).container.rack.pack
        shipped: dict[str, Any] = {f"{PACK}.cold_plate.segments": pack.cold_plate.segments, "weather.swing_k": 0}
        if spacer is not None:
            shipped[f"{CELL}.thermal.cell_to_cell_k_per_w"] = pack.cell.runaway.through_plane_k_per_w + spacer
        self.bench = Bench(small(cells=pack.cell_count), shipped)
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
        bench.plant.runaway.step(bench.tick, turned)
        bench.plant.cooling.step(bench.time, bench.tick, turned)
        bench.tick += 1


def one_cell_burns(context: Context) -> Iterator[Finding]:
    """What one cell in a cooled pack does, second by second."""
    cell, seconds = 6, 7200
    pack = BurningPack(COOLED)
    state = pack.bench.state
    columns = (
        "core",
        "surface",
        "neighbour",
        "gas",
        "hydrogen",
        "smoke",
        "voltage",
        "insulation",
        "tripped",
        "vented",
        "stage",
    )
    seen = []
    for second in range(seconds):
        begun = state.runaway.stage[0, cell] >= RunawayStage.RUNAWAY
        pack.second(0.0 if begun else HEATER, cell)
        seen.append(
            (
                state.cells.temperature_core[0, cell],
                state.cells.temperature_surface[0, cell],
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
        standing: np.ndarray = (record["tripped"].astype(int) & bits) > 0
        return standing

    for name, stage, published in (
        ("first", RunawayStage.FIRST_VENT, 163.3),
        ("second", RunawayStage.SECOND_VENT, 245.9),
    ):
        at = int(first(record["stage"] >= stage)) - 1
        yield Row.close(
            f"Temperature of the cell at its {name} venting", core[at] - kelvin(0.0), published, 6.0, "°C", VENTING,
            f"after {time[at] / 60.0:.1f} min of heating with {HEATER / 1e3:g} kW",
        )  # fmt: skip
    for node, name in (("core", "core"), ("surface", "surface")):
        yield Row.within(
            f"Highest temperature of the cell, {name}", record[node].max() - kelvin(0.0), (350.0, 600.0), 0.0, "°C",
            "[U] LFP cells, surface",
        )  # fmt: skip
    yield from _without_loss(pack.bench)
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


def _without_loss(bench: Bench) -> Iterator[Finding]:
    """What a full cell that loses no heat does from the onset on, as in an adiabatic calorimeter."""
    model, capacity = bench.model.runaway.reaction, bench.site.container.rack.pack.cell.thermal.heat_capacity_j_per_k
    onset, begin = model.stage_temperature[0], model.stage_temperature[2]
    temperature, progress, at_begin = onset, 0.0, 0.0
    while temperature < begin:
        progress = react(model, float(RunawayStage.SELF_HEATING), progress, reaction_rate(model, temperature), 1.0)
        temperature, at_begin = onset + model.heat * progress / capacity, progress
    yield Row.within(
        "Heat released from runaway on by a cell that loses none", model.heat * (1.0 - at_begin) / 1e6, (1.2, 1.8), 0.0,
        "MJ", "[D] 6 kJ/K times 200 to 300 K between runaway and peak", f"{model.heat / 1e6:.2f} MJ from the onset on",
    )  # fmt: skip
    yield Row.within(
        "Highest temperature of a cell that loses no heat", onset + model.heat / capacity - kelvin(0.0),
        (350.0, 600.0), 0.0, "°C", "[U] LFP cells, surface",
    )  # fmt: skip


def propagation(context: Context) -> Iterator[Finding]:
    """From cell to cell, or not, by what lies between them and by cooling; begun at the end of a row."""
    cases = (
        ("aerogel, cooled", COOLED, None),
        ("aerogel, not cooled", UNCOOLED, None),
        ("bare, cooled", COOLED, 0.0),
        ("bare, not cooled", UNCOOLED, 0.0),
        ("0.3 K/W, cooled", COOLED, 0.3),
        ("0.3 K/W, not cooled", UNCOOLED, 0.3),
    )
    seconds, traces, counts = 3 * 3600, [], {}
    for number, (name, mode, spacer) in enumerate(cases):
        begun = _course(BurningPack(mode, spacer), seconds)
        context.progress((number + 1) / len(cases))
        traces.append(Trace(name, begun / 60.0, np.arange(1.0, begun.size + 1.0), marks=True))
        counts[name] = begun
    for name in ("aerogel, cooled", "aerogel, not cooled"):
        yield Row.close(
            f"Cells that burn in {seconds / 3600:g} h, {name}", counts[name].size, 1.0, 0.0, "1",
            "[U] with aerogel often no propagation",
        )  # fmt: skip
    bare = counts["bare, not cooled"]
    minutes = np.diff(bare)[1:] / 60.0
    yield Row.at_least(
        f"Cells that burn in {seconds / 3600:g} h, bare, not cooled", bare.size, 7.0, "1",
        "[U] 25 min from cell to cell at most", f"cooled {counts['bare, cooled'].size}",
    )  # fmt: skip
    for which, value in (("shortest", np.min), ("longest", np.max)):
        yield Row.within(
            f"Time from cell to cell, {which}, bare, not cooled",
            float(value(minutes)) if minutes.size else float("nan"), (5.0, 25.0), 0.0, "min", "[U] 5 to 25 min",
            "from the second cell on; the first has the heat of its heater as well",
        )  # fmt: skip
    yield Figure(
        "When cells go into runaway, by what lies between them.", "time [min]", "cells in runaway [1]", tuple(traces)
    )


def _course(pack: BurningPack, seconds: int) -> np.ndarray:
    """Drive the first cell into runaway; when that of each cell begins [s], in order."""
    runaway = pack.bench.state.runaway
    begun: dict[int, float] = {}
    for second in range(seconds):
        pack.second(0.0 if 0 in begun else HEATER, 0)
        for cell in np.flatnonzero(runaway.stage[0] >= RunawayStage.RUNAWAY):
            begun.setdefault(int(cell), float(second))
    return np.array(sorted(begun.values()))


SECTION: Final = Section(
    "runaway",
    "Thermal runaway",
    (
        Check(
            "runaway.sequence",
            "One cell in a cooled pack",
            "The demo's pack of 104 cells, full, aerogel between them, coolant flowing; one cell is heated with 2 kW "
            "until its runaway begins, then watched; two hours in all.",
            one_cell_burns,
        ),
        Check(
            "runaway.propagation",
            "From cell to cell",
            "The same from the end of a row, with aerogel, a poor spacer and none, coolant flowing or not.",
            propagation,
        ),
    ),
)
