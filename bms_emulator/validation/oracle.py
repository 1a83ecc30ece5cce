"""The independent solver: thevenin integrates the same circuit with an adaptive method and knows nothing of our code.

Its curves come from the profile's points by SciPy, not from our tables.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import thevenin
from scipy.interpolate import PchipInterpolator

from bms_emulator.arrays import Array
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import GAS_CONSTANT, SECONDS_PER_HOUR, kelvin

POINTS: Final = 50_001
REFERENCE_TEMPERATURE: Final = kelvin(25.0)
TIGHT: Final = {"rtol": 1e-8, "atol": 1e-10}


class Load(NamedTuple):
    """A stretch of a load profile.

    Attributes:
        mode: ``current_A`` or ``power_W``.
        value: In that unit, positive in discharge.
        seconds: How long.
    """

    mode: str
    value: float
    seconds: int


class Solution(NamedTuple):
    """At the end of every second: voltage [V] and temperature [K], shape (second,)."""

    voltage: Array
    temperature: Array


def solve(
    site: SiteProfile,
    loads: Sequence[Load],
    *,
    soc: float,
    degc: float = 25.0,
    conductance: float | None = None,
    voltage_min: float | None = None,
    done: Callable[[float], None] = lambda _: None,
) -> Solution:
    """One cell of a site under a load, from rest.

    The profile must have one half gap of the hysteresis for all states of charge: thevenin lets the voltage of the
    hysteresis follow, the emulator its state.

    Args:
        site: Whose cell.
        loads: What is asked of it.
        soc: State of charge at the start.
        degc: Temperature of cell and air [°C].
        conductance: To the air [W/K]; the temperature of the cell is held where None.
        voltage_min: The last load ends here [V].
        done: Told the share that is done.
    """
    direction = Direction()
    simulation = thevenin.Simulation(_parameters(site, direction, soc, degc, conductance))
    steps = []
    for number, load in enumerate(loads):
        direction.follow(load)
        experiment = thevenin.Experiment(**TIGHT)
        limits = {"limits": ("voltage_V", voltage_min)} if voltage_min is not None else {}
        experiment.add_step(load.mode, load.value, np.arange(load.seconds + 1.0), **limits)
        steps.append(simulation.run(experiment, reset_state=False))
        done((number + 1) / len(loads))

    def joined(name: str) -> Array:
        # each step begins with the instant after the jump of the load, which a tick does not know
        return np.concatenate([step.vars[name][1:] for step in steps])

    return Solution(joined("voltage_V"), joined("temperature_K"))


class Direction:
    """Which way the current went last: thevenin knows no parameters that depend on it, so they are exchanged."""

    def __init__(self) -> None:
        self.discharging = True

    @property
    def sign(self) -> float:
        """1 after discharge, -1 after charge."""
        return 1.0 if self.discharging else -1.0

    def follow(self, load: Load) -> None:
        """Turn with a load; a rest changes nothing."""
        if load.value:
            self.discharging = load.value > 0.0


def _parameters(
    site: SiteProfile, direction: Direction, soc: float, degc: float, conductance: float | None
) -> dict[str, Any]:
    cell = site.container.rack.pack.cell
    resistance = cell.resistance
    (half_gap_mv,) = set(cell.open_circuit.hysteresis_mv)
    charge = curve(resistance.shape_soc, resistance.shape_charge)
    discharge = curve(resistance.shape_soc, resistance.shape_discharge)
    open_circuit = curve(cell.open_circuit.soc, cell.open_circuit.voltage_v)
    branches = {
        "0": (resistance.r0_mohm, resistance.activation_r0_kj_per_mol),
        "1": (resistance.r1_mohm, resistance.activation_r1_kj_per_mol),
        "2": (resistance.r2_mohm, resistance.activation_r2_kj_per_mol),
    }

    def ohms(name: str) -> Callable[[float, float], float]:
        r_mohm, activation_kj_per_mol = branches[name]

        def at(soc: float, temperature: float) -> float:
            shape = discharge if direction.discharging else charge
            coldness = (1.0 / temperature - 1.0 / REFERENCE_TEMPERATURE) / GAS_CONSTANT
            return r_mohm * 1e-3 * shape(soc) * math.exp(activation_kj_per_mol * 1e3 * coldness)

        return at

    def farads(name: str, tau: float) -> Callable[[float, float], float]:
        r = ohms(name)
        return lambda soc, temperature: tau / r(soc, temperature)

    return {
        "num_RC_pairs": 2,
        "soc0": soc,
        "capacity": cell.capacity_ah,
        "gamma": cell.hysteresis_rate,
        "ce": cell.coulombic_efficiency,
        "mass": 1.0,
        "isothermal": conductance is None,
        "Cp": cell.thermal.heat_capacity_j_per_k,
        "T_inf": kelvin(degc),
        "h_therm": conductance or 0.0,
        "A_therm": 1.0,
        "ocv": lambda soc: open_circuit(soc) - direction.sign * cell.hysteresis_instantaneous_mv * 1e-3,
        "M_hyst": lambda _: (half_gap_mv - cell.hysteresis_instantaneous_mv) * 1e-3,
        "R0": ohms("0"),
        "R1": ohms("1"),
        "C1": farads("1", resistance.tau1_s),
        "R2": ohms("2"),
        "C2": farads("2", resistance.tau2_s),
    }


def curve(x: Sequence[float], y: Sequence[float]) -> Callable[[float], float]:
    """A monotone curve through points, on a fine grid; its ends are not prolonged."""
    grid = np.linspace(x[0], x[-1], POINTS)
    at_grid = PchipInterpolator(x, y)(grid)
    return lambda at: float(np.interp(at, grid, at_grid))


def seconds(loads: Sequence[Load]) -> Iterator[Load]:
    """A load profile second by second."""
    for load in loads:
        for _ in range(load.seconds):
            yield load._replace(seconds=1)


def hours(count: int) -> Array:
    """Time at the end of every second [h]."""
    return np.arange(1.0, count + 1.0) / SECONDS_PER_HOUR
