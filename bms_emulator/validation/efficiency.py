"""What a cell and a container of them take, give and turn into heat at rated power."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bms_emulator.units import SECONDS_PER_HOUR
from bms_emulator.validation.bench import ALIKE, CELL, PACK, Bench, small
from bms_emulator.validation.cells import HALF_P
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace

DATA_SHEET: Final = "[S] EVE LF314 data sheet, 0.5P at 25 °C"
CONSISTENCY: Final = "[D] separate calculation, one resistance for charge and discharge"
HALF_HOUR: Final = 1800


@dataclass
class Cycle:
    """One round trip of a cell at constant power.

    Attributes:
        charged: [Wh].
        discharged: [Wh].
        charge_given: In the discharge [Ah].
        heats: Mean in charge and in discharge [W].
        voltages: In charge and in discharge [V].
    """

    charged: float = 0.0
    discharged: float = 0.0
    charge_given: float = 0.0
    heats: list[float] = field(default_factory=list)
    voltages: list[list[float]] = field(default_factory=list)

    @property
    def efficiency(self) -> float:
        """Round trip [%]."""
        return 100.0 * self.discharged / self.charged


MEAN_SHAPE: Final = [1.25, 1.05, 0.98, 0.95, 0.95, 0.97, 0.99, 1.00, 1.02, 1.06, 1.15]
AS_CALCULATED: Final = {
    f"{CELL}.resistance.shape_charge": MEAN_SHAPE,
    f"{CELL}.resistance.shape_discharge": MEAN_SHAPE,
    f"{CELL}.hysteresis_instantaneous_mv": 0,
}
"""Parameters of the separate calculation where they differ from those that are shipped now."""


def cycle(power: float, degc: float, *overrides: Mapping[str, Any]) -> Cycle:
    """From empty to full, half an hour of rest, and back to empty, with the temperature held."""
    alone = {f"{PACK}.joint_resistance_mohm": 0, "initial.soc_percent": 0, "initial.temperature_degc": degc}
    bench = Bench(small(), ALIKE, alone, *overrides)
    cells, profile = bench.state.cells, bench.site.container.rack.pack.cell
    done = Cycle()
    for sign, end in ((-1.0, profile.voltage_max_v), (1.0, profile.voltage_min_v)):
        before, seconds, voltages = float(cells.heat[0, 0]), 0, [float(cells.voltage[0, 0])]
        while sign * (voltages[-1] - end) > 0.0:
            energy = bench.drive_power(sign * power) / SECONDS_PER_HOUR
            voltages.append(float(cells.voltage[0, 0]))
            seconds += 1
            if sign > 0.0:
                done.discharged += energy
                done.charge_given += bench.state.racks.current[0] / SECONDS_PER_HOUR
            else:
                done.charged -= energy
        done.heats.append((float(cells.heat[0, 0]) - before) / seconds)
        done.voltages.append(voltages)
        bench.drive(0.0, HALF_HOUR)
    return done


EXPECTED: Final = {
    # share of rated energy an hour, degc: round trip [%], energy [Wh], mean heat of charge and discharge [W]
    (0.5, 25.0): (94.95, 1016.5, 13.1, 12.7),
    (0.25, 25.0): (96.8, 1026.7, 4.4, 3.8),
    (0.5, 10.0): (93.6, 1007.4, 16.5, 16.9),
    (0.5, 35.0): (95.6, 1020.0, 11.6, 10.8),
}
"""Separate calculation."""


def round_trips(context: Context) -> Iterator[Finding]:
    """Round trips at two powers and three temperatures."""
    traces = []
    for number, ((rate, degc), (efficiency, energy, *heats)) in enumerate(EXPECTED.items()):
        at = f"at {rate:g}P, {degc:g} °C"
        plain = cycle(2.0 * rate * HALF_P, degc, AS_CALCULATED)
        for name, ours, expected, tolerance, unit in (
            ("Round trip", plain.efficiency, efficiency, 0.5, "%"),
            ("Energy of a discharge", plain.discharged, energy, 0.01 * energy, "Wh"),
            ("Mean heat of a charge", plain.heats[0], heats[0], 1.0, "W"),
            ("Mean heat of a discharge", plain.heats[1], heats[1], 1.0, "W"),
        ):
            yield Row.close(f"{name} {at}, parameters as calculated", ours, expected, tolerance, unit, CONSISTENCY)
        run = cycle(2.0 * rate * HALF_P, degc)
        if (rate, degc) == (0.5, 25.0):
            yield Row.at_least(f"Round trip of a cell {at}", run.efficiency, 94.0, "%", DATA_SHEET)
            yield Row.at_least(f"Charge of a discharge {at}", run.charge_given, 314.0, "Ah", DATA_SHEET)
            yield Row.at_least(f"Energy of a discharge {at}", run.discharged, 1004.8, "Wh", DATA_SHEET)
            yield Row.close(
                f"Mean heat of a cell {at}", float(np.mean(run.heats)), 12.5, 1.5, "W",
                "[S] trade article: 900 W for a pack of 72 cells at 0.5 C",
            )  # fmt: skip
        if (rate, degc) == (0.25, 25.0):
            yield Row.within(
                f"Round trip of a cell {at}", run.efficiency, (96.0, 97.0), 0.0, "%",
                "[S] data sheets of containers with 314 Ah cells",
            )  # fmt: skip
        for way, voltages in zip(("charge", "discharge"), run.voltages, strict=True):
            shown = slice(None, None, max(1, len(voltages) // 300))
            share = np.linspace(0.0, 1.0, len(voltages))
            traces.append(Trace(f"{way} {at}", share[shown], np.array(voltages)[shown]))
        context.progress((number + 1) / len(EXPECTED))
    yield Figure(
        "Cell voltage over the time of a charge and of a discharge at constant power.",
        "share of the time of the charge or discharge [1]",
        "cell voltage [V]",
        tuple(traces),
    )


def container_resistance(context: Context) -> Iterator[Finding]:
    """Resistance of the whole container in a pulse of 1 s."""
    bench = Bench(ALIKE, dt=0.1)
    bench.connect()
    bench.run_pcs(0.0)
    bench.step(10)
    before = float(bench.state.containers.bus_voltage[0])
    idle = float(bench.state.containers.bus_current[0])
    bench.run_pcs(2.4e6)
    bench.step(10)
    containers = bench.state.containers
    fall = before - float(containers.bus_voltage[0])
    milliohms = 1e3 * fall / (float(containers.bus_current[0]) - idle)
    context.progress(1.0)
    yield Row.close(
        "Resistance of twelve racks of 416 cells, pulse of 1 s", milliohms, 7.653, 0.05 * 7.653, "mΩ",
        "[S] Jinko SunTera G2, whole container with cables, in a third party's note",
        f"{fall:.2f} V at {float(containers.bus_current[0]):.0f} A",
    )  # fmt: skip


MEASURED: Final = {
    # °C: resistance over that at 25 °C
    "SimSES, charge [V]": {10.0: 62.65 / 44.77, 25.0: 1.0, 40.0: 35.25 / 44.77},
    "SimSES, discharge [V]": {10.0: 69.39 / 47.83, 25.0: 1.0, 40.0: 38.38 / 47.83},
    "Wu 2021, impedance of a full 40 Ah cell [S]": {
        -20.0: (4.92 + 34.1) / (4.40 + 4.61),
        5.0: (4.65 + 7.47) / (4.40 + 4.61),
        25.0: 1.0,
        45.0: (4.17 + 4.24) / (4.40 + 4.61),
    },
}


def resistance_over_temperature(context: Context) -> Iterator[Finding]:
    """Resistances of a cell in the cold and in the warm, relative to 25 °C."""
    degcs = np.arange(-30.0, 61.0, 1.0)
    fast, total = np.empty_like(degcs), np.empty_like(degcs)
    bench = Bench(small(), ALIKE)
    cells = bench.state.cells
    for number, degc in enumerate(degcs):
        bench.set_temperature(float(degc))
        fast[number] = cells.r0[0, 0] + cells.r1[0, 0]
        total[number] = fast[number] + cells.r2[0, 0]
    at_25 = int(np.flatnonzero(degcs == 25.0)[0])
    fast, total = fast / fast[at_25], total / total[at_25]
    simses = "[V] Sony/Murata 3 Ah LFP as tabulated in SimSES, charge to discharge"
    for degc in (10.0, 40.0):
        ends = sorted(MEASURED[name][degc] for name in list(MEASURED)[:2])
        ours = float(total[int(np.flatnonzero(degcs == degc)[0])])
        yield Row.within(f"Resistance at {degc:g} °C over that at 25 °C", ours, (ends[0], ends[1]), 0.05, "1", simses)
    wu = MEASURED["Wu 2021, impedance of a full 40 Ah cell [S]"][-20.0]
    yield Row.close(
        "Ohmic and fast resistance at -20 °C over that at 25 °C", float(fast[10]), wu, 0.15 * wu, "1",
        "[S] Wu 2021, impedance of a full 40 Ah LFP cell",
        "another cell, which in the warm changes less than the one the activation energies were fitted to",
    )  # fmt: skip
    context.progress(1.0)
    yield Figure(
        "Resistance of a cell over its temperature, relative to 25 °C; lines are ours, points are measured.",
        "cell temperature [°C]",
        "resistance relative to 25 °C [1]",
        (
            Trace("ours, all three", degcs, total),
            Trace("ours, ohmic and fast", degcs, fast),
            *(Trace(name, list(points), list(points.values()), marks=True) for name, points in MEASURED.items()),
        ),
    )


SECTION: Final = Section(
    "efficiency",
    "Efficiency and resistance",
    (
        Check(
            "efficiency.cell",
            "Round trips of a cell",
            "One cell at a held temperature: constant power up to 3.65 V, half an hour of rest, constant power down to "
            "2.5 V, ticks of 1 s.",
            round_trips,
        ),
        Check(
            "efficiency.container",
            "Resistance of a container",
            "All 4,992 cells of the demo container, half full at 25 °C, from rest to 2.4 MW for 1 s.",
            container_resistance,
        ),
        Check(
            "efficiency.temperature",
            "Resistance over temperature",
            "The resistances that a cell has at temperatures from -30 to 60 °C.",
            resistance_over_temperature,
        ),
    ),
)
