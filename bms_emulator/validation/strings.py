"""Racks on a DC bus against Ohm's and Kirchhoff's laws, worked out from the profile by hand."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from bms_emulator.plant.state import Contactor
from bms_emulator.validation.bench import ALIKE, LOSSLESS, Bench, small
from bms_emulator.validation.cells import NO_GAP
from bms_emulator.validation.check import Check, Context, Figure, Finding, Row, Section, Trace
from bms_emulator.validation.oracle import curve

DT: Final = 0.01
"""So short that nothing but the ohmic resistance counts [s]."""

IDEAL_PCS: Final = {
    "pcs.standby_loss_w": 0,
    "pcs.proportional_loss_percent": 0,
    "pcs.quadratic_loss_percent": 0,
    "pcs.dc_link_bleed_kohm": 1e6,
    "pcs.dc_link_capacitance_mf": 1e-3,
    "pcs.rated_power_kw": 1e3,
    "pcs.rated_current_a": 1e6,
    "container.dc_busbar_resistance_mohm": 0,
}
"""A PCS that takes nothing for itself, is strong enough for any test, and stands beside the racks."""
OHM: Final = "[D] Ohm and Kirchhoff, by hand from the profile"


class Source(NamedTuple):
    """A rack as it is at rest: source voltage [V] and resistance [Ohm]."""

    voltage: float
    resistance: float


def by_hand(bench: Bench, soc: float, gain: float = 1.0, *, charging: bool = False) -> Source:
    """A rack at 25 °C and rest, for a step of `DT`; `gain` multiplies the resistances of its cells."""
    rack = bench.site.container.rack
    cell, count = rack.pack.cell, rack.cell_count
    resistance = cell.resistance
    fast = resistance.r1_mohm * -math.expm1(-DT / resistance.tau1_s)
    slow = resistance.r2_mohm * -math.expm1(-DT / resistance.tau2_s)
    shapes = resistance.shape_charge if charging else resistance.shape_discharge
    shape = curve(resistance.shape_soc, shapes)(soc)
    cells_mohm = count * (gain * shape * (resistance.r0_mohm + fast + slow) + rack.pack.joint_resistance_mohm)
    voltage = count * curve(cell.open_circuit.soc, cell.open_circuit.voltage_v)(soc)
    return Source(voltage, (cells_mohm + rack.wiring_resistance_mohm) * 1e-3)


def two_racks(other_soc: float = 0.5, gain: float = 1.0) -> Bench:
    """Two racks of eight cells, half full; the other may differ in charge and in its cells' resistance."""
    bench = Bench(
        small(racks=2, packs=2, cells=4),
        ALIKE,
        LOSSLESS,
        NO_GAP,
        IDEAL_PCS,
        {"initial.soc_percent": 50},
        dt=DT,
    )
    bench.state.cells.soc[1] = other_soc
    bench.overlay.cell_resistance_gain[1] = gain
    bench.settle()
    bench.connect()
    return bench


def unequal_racks(_: Context) -> Iterator[Finding]:
    """Two racks share a load, and one charges the other where there is none."""
    for name, soc, gain, power in (
        ("the other of 1.3 times the resistance, 4 kW", 0.5, 1.3, 4000.0),
        ("the other with 40 % less charge, 4 kW", 0.1, 1.0, 4000.0),
        ("the other with 40 % less charge, no load", 0.1, 1.0, 0.0),
        ("the other with 40 % less charge, charging with 4 kW", 0.1, 1.0, -4000.0),
    ):
        bench = two_racks(soc, gain)
        first, other = by_hand(bench, 0.5), by_hand(bench, soc, gain, charging=soc < 0.5)
        bench.run_pcs(power)
        bench.step()
        conductance = 1.0 / first.resistance + 1.0 / other.resistance
        voltage = (first.voltage / first.resistance + other.voltage / other.resistance) / conductance
        current = _current_of_power(Source(voltage, 1.0 / conductance), power)
        bus = voltage - current / conductance
        for number, source in enumerate((first, other)):
            expected = (source.voltage - bus) / source.resistance
            ours = bench.state.racks.current[number]
            yield Row.close(
                f"Current of rack {number + 1}: {name}", ours, expected, 1e-3 * abs(expected) + 0.01, "A", OHM
            )


def constant_power(context: Context) -> Iterator[Finding]:
    """A power demand becomes the smaller root of a quadratic; beyond the feasible power the bus gives just that."""
    bench = two_racks()
    giving, taking = (Source(rack.voltage, rack.resistance / 2.0) for rack in (
        by_hand(bench, 0.5), by_hand(bench, 0.5, charging=True)
    ))  # fmt: skip
    peak = giving.voltage**2 / (4.0 * giving.resistance)
    feasible = np.linspace(-1.0, 0.98, 34) * peak
    currents = []
    for number, power in enumerate(feasible):
        currents.append(_answer(power).current)
        context.progress(number / len(feasible))
    expected = np.array([_current_of_power(giving if power > 0.0 else taking, power) for power in feasible])
    yield Row.close(
        "Current of a power demand, from -1 to 0.98 of the feasible power: largest relative difference",
        float(np.abs(np.array(currents) / expected - 1.0).max()),
        0.0,
        1e-3,
        "1",
        OHM + ": R I² - E I + P = 0",
    )
    beyond = _answer(1.2 * peak)
    yield Row.close(
        "Largest feasible power", beyond.power / 1e3, peak / 1e3, 1e-3 * peak / 1e3, "kW", OHM + ": E² / 4 R"
    )
    yield Row.close(
        "Racks' power at 1.2 of the feasible one: reported as limited",
        beyond.limited,
        1.0,
        0.0,
        "1",
        "[D] by definition",
    )
    yield Figure(
        "Current of two racks at a demanded power, up to the feasible power.",
        "power [kW]",
        "current [kA]",
        (
            Trace("quadratic by hand", feasible / 1e3, expected / 1e3),
            Trace("ours", feasible / 1e3, np.array(currents) / 1e3, marks=True),
            Trace("at 1.2 of the feasible power", [beyond.power / 1e3], [beyond.current / 1e3], marks=True),
        ),
    )


class Answer(NamedTuple):
    """What the bus did in one tick: current [A], power [W], 1 where it was limited."""

    current: float
    power: float
    limited: float


def _answer(power: float) -> Answer:
    bench = two_racks()
    bench.run_pcs(power)
    bench.step()
    state = bench.state
    return Answer(float(state.containers.bus_current[0]), float(state.pcs.dc_power[0]), float(state.pcs.limited[0]))


def _current_of_power(source: Source, power: float) -> float:
    """The smaller root of R I² - E I + P = 0."""
    root = math.sqrt(source.voltage**2 - 4.0 * source.resistance * power)
    return (source.voltage - root) / (2.0 * source.resistance)


def kirchhoff(context: Context) -> Iterator[Finding]:
    """Voltages around every loop and currents in every node, while racks of different charge and age share a load."""
    spread = {"initial.rack_soc_spread_percent": 4, "pcs.dc_link_capacitance_mf": 1e-3}
    bench = Bench(small(racks=4, packs=2, cells=4), spread, seed=context.seed)
    rng = np.random.default_rng(context.seed)
    bench.overlay.cell_resistance_gain[...] = rng.uniform(0.9, 1.5, (4, 1))
    bench.settle()
    bench.drive(0.0)  # what is settled is known for a step of no time, from here on for a tick
    bench.connect()
    wiring = bench.site.container.rack.wiring_resistance_mohm * 1e-3
    bleed = bench.site.pcs.dc_link_bleed_kohm * 1e3
    loop = node = 0.0
    currents = []
    for second in range(3600):
        if second % 60 == 0:
            bench.run_pcs(float(rng.uniform(-1.0, 1.0)) * bench.site.pcs.rated_power_kw * 1e3)
        bench.step()
        racks, containers = bench.state.racks, bench.state.containers
        behind = racks.voltage - wiring * racks.current
        loop = max(loop, float(np.ptp(behind)))
        node = max(
            node, abs(float(racks.current.sum() - containers.bus_current[0] - containers.bus_voltage[0] / bleed))
        )
        currents.append(racks.current.copy())
    context.progress(1.0)
    yield Row.close("Racks' voltages behind their wiring: largest difference", 1e6 * loop, 0.0, 50.0, "µV", OHM)
    yield Row.close("Currents into the bus: largest sum", 1e3 * node, 0.0, 1.0, "mA", OHM)
    time = np.arange(1.0, 3601.0)
    yield Figure(
        "Currents of four racks of different charge and resistance under a random power, a new one each minute.",
        "time [s]",
        "rack current [A]",
        tuple(Trace(f"rack {n + 1}", time[::6], np.array(currents)[::6, n]) for n in range(4)),
    )


def precharge(context: Context) -> Iterator[Finding]:
    """The link charges through the precharge resistor of one rack."""
    beside = {"container.dc_busbar_resistance_mohm": 0}
    bench = Bench(small(racks=1, packs=2, cells=4), ALIKE, LOSSLESS, NO_GAP, beside, dt=DT)
    source = by_hand(bench, 0.5)
    pcs, contactors = bench.site.pcs, bench.site.container.rack.contactors
    bleed, capacitance = pcs.dc_link_bleed_kohm * 1e3, pcs.dc_link_capacitance_mf * 1e-3
    through = source.resistance + contactors.precharge_resistance_ohm
    conductance = 1.0 / through + 1.0 / bleed
    bench.command(Contactor.MAIN_NEGATIVE, Contactor.PRECHARGE)
    bench.state.racks.contactor_closed[...] = bench.inputs.contactor_command
    voltage = []
    for _ in range(12):
        bench.step()
        voltage.append(bench.state.containers.bus_voltage[0])
    time = DT * np.arange(1.0, len(voltage) + 1.0)
    expected = source.voltage / through / conductance * -np.expm1(-time * conductance / capacitance)
    context.progress(1.0)
    gap = float(np.abs(np.array(voltage) - expected).max())
    yield Row.close(
        "Voltage of the link during precharge: largest difference", 1e3 * gap, 0.0, 1.0, "mV",
        "[D] exponential with time constant R C, bleed resistor in parallel",
        f"time constant {1e3 * capacitance / conductance:.1f} ms, end {voltage[-1]:.3f} V",
    )  # fmt: skip
    fine = np.linspace(0.0, time[-1], 200)
    curve = source.voltage / through / conductance * -np.expm1(-fine * conductance / capacitance)
    yield Figure(
        "Voltage of the link capacitor while a rack of eight cells charges it through 2 Ω.",
        "time [ms]",
        "link voltage [V]",
        (Trace("exponential", 1e3 * fine, curve), Trace("ours", 1e3 * time, voltage, marks=True)),
    )


SECTION: Final = Section(
    "strings",
    "Racks and DC bus",
    (
        Check(
            "strings.split",
            "Two unequal racks",
            "Two racks of eight cells on one bus, unlike in resistance or in charge, in the first 10 ms under a load.",
            unequal_racks,
        ),
        Check(
            "strings.power",
            "Constant power and its limit",
            "Powers from full charge to beyond what the racks can give, each in a tick of 10 ms from rest.",
            constant_power,
        ),
        Check(
            "strings.kirchhoff",
            "Kirchhoff's laws under a random load",
            "Four racks, 4 % apart in charge (one sigma) and 0.9 to 1.5 times the resistance, an hour at ticks of 1 s.",
            kirchhoff,
        ),
        Check(
            "strings.precharge",
            "Precharge of the link",
            "A rack closes its negative main and its precharge contactor onto an empty link.",
            precharge,
        ),
    ),
)
