"""What must come out even: nothing depends on the tick, no charge and no energy is lost or made."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.units import SECONDS_PER_HOUR, kelvin
from bms_emulator.validation.bench import LOSSLESS, Bench, small, stored_energy
from bms_emulator.validation.cells import HALF_C, ISOENTROPIC
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace

TICKS: Final = (0.01, 0.1, 1.0)
"""[s]."""
DAY: Final = 86_400
"""[s]."""
CONSERVED: Final = "[D] conservation, summed up beside the model"


def same_for_every_tick(context: Context) -> Iterator[Finding]:
    """A quarter of an hour of a load that turns, cooled, at three ticks."""
    seconds = 900
    rng = np.random.default_rng(context.seed)
    loads = np.repeat(rng.uniform(-HALF_C, HALF_C, seconds // 20), 20)
    runs: dict[float, Array] = {}
    for number, dt in enumerate(TICKS):
        bench = Bench(small(racks=1, packs=2, cells=4), dt=dt, seed=context.seed)
        seen = []
        for second, load in enumerate(loads):
            bench.drive(float(load), round(1.0 / dt), air=kelvin(25.0))
            cells = bench.state.cells
            seen.append((cells.voltage[0, 5], cells.temperature_core[0, 5]))
            if second % 60 == 0:
                context.progress((number + second / seconds) / len(TICKS))
        bench.settle()
        runs[dt] = np.array(seen)
        runs[-dt] = bench.state.cells.soc.copy()
    finest = TICKS[0]
    for dt in TICKS[1:]:
        voltage, temperature = np.abs(runs[dt] - runs[finest]).max(axis=0)
        name = f"between ticks of {dt * 1e3:g} ms and {finest * 1e3:g} ms"
        exact = "[D] exact updates do not depend on the tick; bound: a tenth of what a sensor resolves"
        yield Row.close(f"Cell voltage {name}: largest difference", 1e3 * voltage, 0.0, 0.1, "mV", exact)
        yield Row.close(f"Cell temperature {name}: largest difference", 1e3 * temperature, 0.0, 10.0, "mK", exact)
        charge = float(np.abs(runs[-dt] - runs[-finest]).max())
        yield Row.close(f"State of charge {name}: largest difference", charge, 0.0, 1e-12, "1", exact)
    time = np.arange(1.0, seconds + 1.0)
    yield Figure(
        f"Cell voltage at ticks of 100 ms and 1 s, less that at {finest * 1e3:g} ms.",
        "time [s]",
        "difference [µV]",
        tuple(Trace(f"{dt * 1e3:g} ms", time[::3], 1e6 * (runs[dt] - runs[finest])[::3, 0]) for dt in TICKS[1:]),
    )


def charge_and_energy(context: Context) -> Iterator[Finding]:
    """A day with two cycles and a ripple on top, two racks of cells that differ, bus and PCS included."""
    dt = 0.1
    bench = Bench(
        small(racks=2, packs=2, cells=3), LOSSLESS, ISOENTROPIC, {"initial.soc_percent": 50}, dt=dt, seed=context.seed
    )
    bench.connect()
    cells, racks, pcs, containers = bench.state.cells, bench.state.racks, bench.state.pcs, bench.state.containers
    rated = bench.site.pcs.rated_power_kw * 1e3
    joints = bench.model.cells.joint_resistance
    soc, energy = cells.soc.copy(), stored_energy(bench)
    carried = np.zeros(2)
    given = turnover = throughput = 0.0
    chunk = 100
    currents, voltages = np.empty((chunk, 2)), np.empty((chunk, 2))
    for first in range(0, round(DAY / dt), chunk):
        time = first * dt
        wave = math.sin(4.0 * math.pi * time / DAY) + 0.5 * math.sin(time / 97.0)
        bench.run_pcs(0.25 * rated * wave)
        for tick in range(chunk):
            bench.step()
            currents[tick], voltages[tick] = racks.current, racks.voltage
        power = (voltages + joints * currents) * currents
        carried += currents.sum(axis=0) * dt
        given += float(power.sum()) * dt
        turnover += float(np.abs(currents).sum(axis=0).max()) * dt
        throughput += float(np.abs(power).sum()) * dt
        context.progress(time / DAY)
    bench.settle()
    drawn = (soc - cells.soc) * cells.capacity
    yield Row.close(
        "Charge of every cell over a day, less what its rack carried: relative to throughput",
        float(np.abs(drawn - carried[:, None]).max()) / turnover,
        0.0,
        1e-12,
        "1",
        CONSERVED,
        f"{turnover / SECONDS_PER_HOUR:.0f} Ah per rack moved",
    )
    lost = energy - stored_energy(bench)
    yield Row.close(
        "Energy of all cells over a day, less what they gave and their heat: relative to throughput",
        abs(lost - given - float(cells.heat.sum())) / throughput,
        0.0,
        1e-9,
        "1",
        CONSERVED,
        f"{throughput / SECONDS_PER_HOUR:.0f} Wh moved, {float(cells.heat.sum()) / SECONDS_PER_HOUR:.0f} Wh of heat",
    )
    dc = containers.energy_discharged[0] - containers.energy_charged[0]
    ac = pcs.energy_exported[0] - pcs.energy_imported[0]
    yield Row.at_least(
        "Energy lost between cells and grid over a day", (given - ac) / SECONDS_PER_HOUR, 0.0, "Wh", CONSERVED,
        f"cells to bus {(given - dc) / SECONDS_PER_HOUR:.1f} Wh, bus to grid {(dc - ac) / SECONDS_PER_HOUR:.1f} Wh",
    )  # fmt: skip


SECTION: Final = Section(
    "closure",
    "Closure",
    (
        Check(
            "closure.tick",
            "Independence of the tick",
            "A quarter of an hour of currents up to 0.5 C, a new one every 20 s, with heat to the air, at ticks of "
            "10 ms, 100 ms and 1 s.",
            same_for_every_tick,
        ),
        Check(
            "closure.day",
            "Charge and energy of a day",
            "Two racks of six cells run two cycles and a ripple through bus and PCS at ticks of 100 ms; charge, energy "
            "and heat are summed up beside the model.",
            charge_and_energy,
        ),
    ),
)
