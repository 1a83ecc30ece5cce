"""Other models of a cell, stepped with the same circuit: open-circuit voltage, r0 and two RC branches.

Each gives a function that advances one cell by a second at a constant current [A] and returns its voltage [V]. Both
solve the circuit's differential equations for any current and any parameters; ours knows the solution of this one.
"""

import importlib.metadata
import importlib.util
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bms_emulator.arrays import Array

Step = Callable[[float], float]

REST = 298.15
"""Temperature of all cells [K]; nothing depends on it here."""


@dataclass(frozen=True)
class Circuit:
    """A cell without hysteresis whose resistances do not move.

    Attributes:
        soc: State of charge at the start [1].
        capacity: [A h].
        soc_grid: Grid of the open-circuit voltage, drawn straight from point to point [1].
        voltage_grid: Open-circuit voltage on it [V].
        r0: Ohmic resistance [Ohm].
        branches: Resistance [Ohm] and time constant [s] of each RC branch.
    """

    soc: float
    capacity: float
    soc_grid: Array
    voltage_grid: Array
    r0: float
    branches: tuple[tuple[float, float], tuple[float, float]]


def thevenin_cell(circuit: Circuit) -> Step:
    """The library thevenin, its `Prediction.take_step` (SUNDIALS CVODE)."""
    import thevenin

    parameters: dict[str, Any] = {
        "num_RC_pairs": len(circuit.branches),
        "soc0": circuit.soc,
        "capacity": circuit.capacity,
        "gamma": 0.0,
        "ce": 1.0,
        "mass": 5.6,
        "isothermal": True,
        "Cp": 1000.0,
        "T_inf": REST,
        "h_therm": 1.0,
        "A_therm": 1.0,
        "ocv": lambda soc: float(np.interp(soc, circuit.soc_grid, circuit.voltage_grid)),
        "M_hyst": lambda soc: 0.0,
        "R0": lambda soc, temperature: circuit.r0,
    }
    for number, (r, tau) in enumerate(circuit.branches, 1):
        parameters[f"R{number}"] = lambda soc, temperature, r=r: r
        parameters[f"C{number}"] = lambda soc, temperature, r=r, tau=tau: tau / r
    cell = thevenin.Prediction(parameters)
    state = thevenin.TransientState(soc=circuit.soc, T_cell=REST, hyst=0.0, eta_j=[0.0] * len(circuit.branches))

    def step(current: float) -> float:
        nonlocal state
        state = cell.take_step(state, current, 1.0)
        return float(state.voltage)

    return step


def pybamm_cell(circuit: Circuit) -> Step:
    """PyBaMM's equivalent circuit, its `Simulation.step` (SUNDIALS IDA), without keeping the past."""
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"  # read at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pybamm

        pybamm.set_logging_level("ERROR")
        model = pybamm.equivalent_circuit.Thevenin(options={"number of rc elements": len(circuit.branches)})
        parameters = model.default_parameter_values
        numbers: dict[str, Any] = {
            "Initial SoC": circuit.soc,
            "Cell capacity [A.h]": circuit.capacity,
            "Nominal cell capacity [A.h]": circuit.capacity,
            "Current function [A]": "[input]",
            "Upper voltage cut-off [V]": 5.0,
            "Lower voltage cut-off [V]": 0.0,
            "Entropic change [V/K]": 0.0,
            "R0 [Ohm]": circuit.r0,
            "Open-circuit voltage [V]": lambda soc: pybamm.Interpolant(circuit.soc_grid, circuit.voltage_grid, soc),
        }
        for number, (r, tau) in enumerate(circuit.branches, 1):
            numbers[f"R{number} [Ohm]"] = r
            numbers[f"C{number} [F]"] = tau / r
            numbers[f"Element-{number} initial overpotential [V]"] = 0.0
        parameters.update(numbers, check_already_exists=False)
        solver = pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8, output_variables=["Voltage [V]"])
        simulation = pybamm.Simulation(model, parameter_values=parameters, solver=solver)
    solution = None

    def step(current: float) -> float:
        nonlocal solution
        inputs = {"Current function [A]": current}
        solution = simulation.step(1.0, inputs=inputs, save=False, starting_solution=solution)
        return float(solution["Voltage [V]"].entries[-1])

    return step


PEERS: dict[str, Callable[[Circuit], Step]] = {"thevenin": thevenin_cell, "PyBaMM": pybamm_cell}


def is_installed(peer: str) -> bool:
    return importlib.util.find_spec(peer.lower()) is not None


def version(peer: str) -> str:
    return importlib.metadata.version(peer.lower())
