"""One cell against thevenin, and against the solutions that its equations have in closed form."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.profile.cell import CellProfile
from bms_emulator.units import SECONDS_PER_HOUR, kelvin
from bms_emulator.validation.bench import ALIKE, CELL, LOSSLESS, PACK, Bench, small
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace
from bms_emulator.validation.oracle import Load, Solution, hours, seconds, solve

VOLTAGE_TOLERANCE: Final = 0.5
"""Between two solvers of one circuit [mV]; half a step of what a cell-monitoring unit publishes."""
TEMPERATURE_TOLERANCE: Final = 0.02
"""Between two solvers of one heat balance [K]."""

THEVENIN: Final = "[V] thevenin 0.2.1 (BSD-3), adaptive solver, same circuit"
HALF_C: Final = 157.0
"""[A]."""
HALF_P: Final = 502.4
"""[W]."""
CONDUCTANCE: Final = 0.5
"""Of the lumped cell to the air [W/K]."""

ONE_GAP: Final = {f"{CELL}.open_circuit.hysteresis_mv": [20.0] * 31}
"""One half gap of the hysteresis: where it varies, thevenin lets the voltage follow and not the state."""
NO_GAP: Final = {f"{CELL}.open_circuit.hysteresis_mv": [0.0] * 31, f"{CELL}.hysteresis_instantaneous_mv": 0}
ISOENTROPIC: Final = {f"{CELL}.entropy.coefficient_uv_per_k": [0.0] * 11}
"""No reversible heat, which thevenin does not know."""
LUMPED: Final = {
    f"{CELL}.thermal.core_to_surface_k_per_w": 1e-4,
    f"{CELL}.thermal.surface_to_plate_k_per_w": 1e6,
    f"{PACK}.cold_plate.to_air_w_per_k": CONDUCTANCE,
}
"""A cell at one temperature that gives its heat to the air alone."""


def one_cell(*overrides: Mapping[str, Any], soc: float, seed: int = 1) -> Bench:
    """A rack of one cell."""
    alone = {f"{PACK}.joint_resistance_mohm": 0, "initial.soc_percent": soc * 100.0}
    return Bench(small(), ALIKE, LOSSLESS, alone, *overrides, seed=seed)


def ours(bench: Bench, loads: Sequence[Load], *, air: float | None = None) -> Solution:
    """What the emulator's cell does under a load."""
    voltage, temperature = [], []
    for load in seconds(loads):
        if load.mode == "power_W":
            bench.drive_power(load.value, air=air)
        else:
            bench.drive(load.value, air=air)
        voltage.append(bench.state.cells.voltage[0, 0])
        temperature.append(bench.state.cells.temperature_core[0, 0])
    return Solution(np.array(voltage), np.array(temperature))


def pulses() -> list[Load]:
    """Hybrid pulse power characterisation: nine times a discharge and a charge pulse, each with a rest."""
    loads = []
    for _ in range(9):
        loads += [
            Load("current_A", 314.0, 10),
            Load("current_A", 0.0, 40),
            Load("current_A", -235.5, 10),
            Load("current_A", 0.0, 60),
            Load("current_A", HALF_C, 700),
            Load("current_A", 0.0, 300),
        ]
    return loads


def frequency_containment() -> list[Load]:
    """An hour that looks like frequency containment: sums of sines, held for 10 s, through zero 100 times."""
    periods = (47.0, 73.0, 181.0, 613.0)
    held = np.arange(360) * 10.0
    wave = sum(np.sin(2.0 * math.pi * held / period + n) for n, period in enumerate(periods))
    return [Load("current_A", float(x), 10) for x in HALF_C * np.asarray(wave) / 2.5]


PROFILES: Final = {
    "constant current, discharge": (0.97, [Load("current_A", HALF_C, 6600), Load("current_A", 0.0, 1800)]),
    "constant current, charge": (0.03, [Load("current_A", -HALF_C, 6600), Load("current_A", 0.0, 1800)]),
    "constant power, discharge": (0.97, [Load("power_W", HALF_P, 6600)]),
    "constant power, charge": (0.03, [Load("power_W", -HALF_P, 6600)]),
    "pulses and rests": (0.9, pulses()),
    "an hour of frequency containment": (0.5, frequency_containment()),
}
"""State of charge at the start, and load."""


def against_thevenin(context: Context) -> Iterator[Finding]:
    """Voltages of one cell under every load."""
    for number, (name, (soc, loads)) in enumerate(PROFILES.items()):

        def done(share: float, number: int = number) -> None:
            context.progress((number + share) / len(PROFILES))

        bench = one_cell(ONE_GAP, soc=soc)
        mine, theirs = ours(bench, loads), solve(bench.site, loads, soc=soc, done=done)
        gap = 1e3 * (mine.voltage - theirs.voltage)
        yield Row.close(
            f"Voltage, {name}: largest difference",
            float(np.abs(gap).max()),
            0.0,
            VOLTAGE_TOLERANCE,
            "mV",
            THEVENIN,
            f"root mean square {math.sqrt(float((gap**2).mean())):.3f} mV over {len(gap)} s",
        )
        time = hours(len(gap))
        yield Figure(
            f"Cell voltage, {name}, and what ours is above thevenin's.",
            "time [h]",
            "cell voltage [V]",
            (
                Trace("ours", time, mine.voltage),
                Trace("thevenin", time[:: len(time) // 60], theirs.voltage[:: len(time) // 60], marks=True),
                Trace("difference", time, gap, second=True),
            ),
            "difference [mV]",
        )


def lumped_heat(context: Context) -> Iterator[Finding]:
    """Temperature of a cell that is a lump of heat capacity in air."""
    soc, air = 0.9, kelvin(25.0)
    loads = [
        Load("current_A", HALF_C, 5400),
        Load("current_A", 0.0, 3600),
        Load("current_A", -HALF_C, 5400),
        Load("current_A", 0.0, 3600),
    ]
    bench = one_cell(NO_GAP, ISOENTROPIC, LUMPED, soc=soc)
    mine = ours(bench, loads, air=air)
    theirs = solve(bench.site, loads, soc=soc, conductance=CONDUCTANCE, done=context.progress)
    for name, unit, factor, tolerance, mine_, theirs_ in (
        ("Temperature", "K", 1.0, TEMPERATURE_TOLERANCE, mine.temperature, theirs.temperature),
        ("Voltage while the temperature moves", "mV", 1e3, VOLTAGE_TOLERANCE, mine.voltage, theirs.voltage),
    ):
        gap = factor * float(np.abs(mine_ - theirs_).max())
        yield Row.close(f"{name}: largest difference", gap, 0.0, tolerance, unit, THEVENIN)
    time = hours(len(mine.temperature))
    yield Figure(
        "Temperature of a cell that gives its heat to air of 25 °C through 0.5 W/K, and what ours is above thevenin's.",
        "time [h]",
        "cell temperature [°C]",
        (
            Trace("ours", time, mine.temperature - kelvin(0.0)),
            Trace("thevenin", time[::300], theirs.temperature[::300] - kelvin(0.0), marks=True),
            Trace("difference", time, 1e3 * (mine.temperature - theirs.temperature), second=True),
        ),
        "difference [mK]",
    )


def cold_capacity(context: Context) -> Iterator[Finding]:
    """What a cell gives at 0.5 C down to its lowest voltage: less in the cold, by its resistance alone."""
    traces = []
    for number, degc in enumerate((25.0, 0.0, -10.0, -20.0)):
        bench = one_cell(ONE_GAP, {"initial.temperature_degc": degc}, soc=1.0)
        cell: CellProfile = bench.site.container.rack.pack.cell
        bench.state.cells.hysteresis[...] = 0.0
        loads = [Load("current_A", HALF_C, 7600)]
        voltage: list[float] = []
        while not voltage or voltage[-1] > cell.voltage_min_v:
            bench.drive(HALF_C)
            voltage.append(bench.state.cells.voltage[0, 0])
        theirs = solve(bench.site, loads, soc=1.0, degc=degc, voltage_min=cell.voltage_min_v)
        context.progress((number + 1) / 4)
        given, expected = (HALF_C * len(u) / SECONDS_PER_HOUR for u in (voltage, theirs.voltage))
        yield Row.close(
            f"Charge at 0.5 C down to {cell.voltage_min_v:g} V at {degc:g} °C",
            given,
            expected,
            0.1,
            "Ah",
            f"{THEVENIN}; resistance after Arrhenius, equilibrium capacity that of 25 °C",
            "held temperature; the capacity itself is not derated",
        )
        traces.append(Trace(f"{degc:g} °C", _thin(HALF_C * hours(len(voltage))), _thin(np.array(voltage))))
    yield Figure(
        "Discharge at 0.5 C at four temperatures: what is missing in the cold is lost to resistance and cut-off.",
        "charge given [Ah]",
        "cell voltage [V]",
        tuple(traces),
    )


def relaxation(context: Context) -> Iterator[Finding]:
    """Voltage after a load: two branches die away, nothing else moves."""
    flat = {f"{CELL}.resistance.{name}": [1.0] * 11 for name in ("shape_charge", "shape_discharge")}
    bench = one_cell(flat, NO_GAP, soc=0.5)
    resistance = bench.site.container.rack.pack.cell.resistance
    loaded, rest = 600, 3600
    bench.drive(HALF_C, loaded)
    voltage = []
    for _ in range(rest):
        bench.drive(0.0)
        voltage.append(bench.state.cells.voltage[0, 0])
    time = np.arange(1.0, rest + 1.0)
    fall = np.zeros(rest)
    for r_mohm, tau in ((resistance.r1_mohm, resistance.tau1_s), (resistance.r2_mohm, resistance.tau2_s)):
        fall += r_mohm * 1e-3 * HALF_C * -math.expm1(-loaded / tau) * np.exp(-time / tau)
    risen = np.array(voltage) - voltage[-1]
    expected = -fall + fall[-1]
    context.progress(1.0)
    yield Row.close(
        "Relaxation after 10 min at 0.5 C: largest difference",
        1e6 * float(np.abs(risen - expected).max()),
        0.0,
        1.0,
        "µV",
        "[D] two exponentials, r i (1 - exp(-t / tau)) exp(-s / tau)",
    )
    yield Figure(
        "Voltage below its end value after ten minutes at 0.5 C.",
        "time after the load [s]",
        "voltage below its end [mV]",
        (Trace("ours", time, 1e3 * risen), Trace("two exponentials", time[::90], 1e3 * expected[::90], marks=True)),
    )


def lumped_cooling(context: Context) -> Iterator[Finding]:
    """A warm cell in cool air without coolant."""
    bench = one_cell(LUMPED, soc=0.5)
    air, warm, ticks = kelvin(25.0), kelvin(45.0), 36_000
    bench.set_temperature(45.0)
    temperature = []
    for tick in range(ticks):
        bench.drive(0.0, air=air)
        temperature.append(bench.state.cells.temperature_core[0, 0])
        if tick % 3600 == 0:
            context.progress(tick / ticks)
    capacity = bench.site.container.rack.pack.cell.thermal.heat_capacity_j_per_k
    time = np.arange(1.0, ticks + 1.0)
    expected = air + (warm - air) * np.exp(-time * CONDUCTANCE / capacity)
    gap = np.array(temperature) - expected
    yield Row.close(
        "Cooling of a warm cell in air: largest difference",
        float(np.abs(gap).max()),
        0.0,
        0.01,
        "K",
        "[D] exponential with time constant C / G",
        f"time constant {capacity / CONDUCTANCE:.0f} s",
    )


def _thin(values: Array) -> Array:
    return values[:: max(1, len(values) // 400)]


SECTION: Final = Section(
    "cells",
    "Cells",
    (
        Check(
            "cells.thevenin",
            "Voltage against an independent solver",
            "One cell at 25 °C runs six loads at ticks of 1 s; thevenin integrates the same circuit with an adaptive "
            "method, its curves drawn from the profile by SciPy. Resistances of charge and "
            "discharge and the instantaneous hysteresis are exchanged where a load turns. The half gap of the "
            "hysteresis is 20 mV throughout.",
            against_thevenin,
        ),
        Check(
            "cells.heat",
            "Temperature against an independent solver",
            "The cell as one lump in air of 25 °C, resistances following its temperature; no hysteresis and no "
            "entropy, which thevenin does not count as heat.",
            lumped_heat,
        ),
        Check(
            "cells.cold",
            "Usable charge in the cold",
            "Discharge from full at 0.5 C at held temperatures, with the same equilibrium capacity.",
            cold_capacity,
        ),
        Check(
            "cells.relaxation",
            "Relaxation after a load",
            "Ten minutes at 0.5 C, an hour of rest, resistances flat over the state of charge.",
            relaxation,
        ),
        Check(
            "cells.cooling",
            "Cooling of a warm cell",
            "A cell of 45 °C in air of 25 °C, no coolant, ten hours.",
            lumped_cooling,
        ),
    ),
)
