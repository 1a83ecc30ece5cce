"""Point of common coupling: all that a site gives to the grid and takes from it, by phase.

    P_grid = P_pcs + P_pv - P_load - P_auxiliary        positive in export; the same for Q

PCS, PV and auxiliaries are three-phase machines with currents alike in all phases; a load spreads as its shares say,
and each phase of it falls with the square of its voltage. Where the grid is dead nothing flows: load and PV are off,
and the auxiliaries live on a supply of their own.
"""

import math
from typing import NamedTuple

from bms_emulator.arrays import Array
from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.plant.grid import DEAD_VOLTAGE, GridModel
from bms_emulator.plant.metering import count_energy
from bms_emulator.plant.state import PlantState


class CouplingModel(NamedTuple):
    """Constants of the point of common coupling.

    Attributes:
        neutral_voltage: Nominal, from line to neutral [V].
        load_shares: Share of each phase in the load [1], shape (phase,).
        pv_rated_power: What a limit of the PV generator is relative to [W].
    """

    neutral_voltage: float
    load_shares: Array
    pv_rated_power: float


def build_coupling_model(grid: GridModel) -> CouplingModel:
    """Constants of the point of common coupling."""
    return CouplingModel(grid.voltage / math.sqrt(3.0), grid.load_shares, grid.pv_rated_power)


def bind_coupling(model: CouplingModel, state: PlantState, dt: float) -> Bound:
    """What adds up the powers of a tick at the grid."""
    grid, load, pv = state.grid, state.load, state.pv
    return bind(
        couple_site,
        # model
        model,
        # state
        grid.power,
        grid.reactive_power,
        grid.phase_power,
        grid.phase_reactive_power,
        grid.phase_current,
        grid.auxiliary_power,
        grid.energy_exported,
        grid.energy_imported,
        load.power,
        load.reactive_power,
        load.energy,
        pv.power,
        pv.reactive_power,
        pv.energy,
        pv.limited,
        # inputs
        grid.voltage_fraction,
        grid.phase_voltage,
        load.demand,
        load.reactive_demand,
        pv.available_power,
        pv.available_reactive_power,
        pv.connected,
        state.pv_commands.limit_fraction,
        state.pcs.power,
        state.pcs.reactive_power,
        state.containers.auxiliary_power,
        dt,
    )


@scalar
def total_of(values):
    """Sum of an array of one axis."""
    total = 0.0
    for n in range(values.size):
        total += values[n]
    return total


@kernel
def couple_site(
    # model
    model,
    # state
    power,
    reactive_power,
    phase_power,
    phase_reactive_power,
    phase_current,
    auxiliary_power,
    energy_exported,
    energy_imported,
    load_power,
    load_reactive_power,
    load_energy,
    pv_power,
    pv_reactive_power,
    pv_energy,
    pv_limited,
    # inputs
    voltage_fraction,
    phase_voltage,
    demand,
    reactive_demand,
    available_power,
    available_reactive_power,
    pv_connected,
    pv_limit,
    pcs_power,
    pcs_reactive_power,
    container_auxiliary_power,
    dt,
):
    """Powers [W, var], currents [A] and energies [J] at the grid, of load and PV after a step of dt [s].

    Shapes: phase_* and phase_voltage (phase); pcs_*, container_auxiliary_power (container); all others have none.
    """
    if voltage_fraction[()] < DEAD_VOLTAGE:
        power[()], reactive_power[()], auxiliary_power[()] = 0.0, 0.0, 0.0
        load_power[()], load_reactive_power[()] = 0.0, 0.0
        pv_power[()], pv_reactive_power[()], pv_limited[()] = 0.0, 0.0, 0.0
        for k in range(phase_power.size):
            phase_power[k], phase_reactive_power[k], phase_current[k] = 0.0, 0.0, 0.0
        return
    auxiliary_power[()] = total_of(container_auxiliary_power)
    fed = min(1.0, voltage_fraction[()]) * pv_connected[()]
    most = pv_limit[()] * model.pv_rated_power
    pv_power[()] = min(fed * available_power[()], most)
    pv_limited[()] = 1.0 if fed * available_power[()] > most else 0.0
    pv_reactive_power[()] = fed * available_reactive_power[()]
    balanced = total_of(pcs_power) + pv_power[()] - auxiliary_power[()]
    balanced_reactive = total_of(pcs_reactive_power) + pv_reactive_power[()]
    voltages = total_of(phase_voltage)
    load_power[()], load_reactive_power[()] = 0.0, 0.0
    for k in range(phase_power.size):
        relative = phase_voltage[k] / model.neutral_voltage
        taken = model.load_shares[k] * relative * relative
        load_power[()] += taken * demand[()]
        load_reactive_power[()] += taken * reactive_demand[()]
        share = phase_voltage[k] / voltages
        phase_power[k] = share * balanced - taken * demand[()]
        phase_reactive_power[k] = share * balanced_reactive - taken * reactive_demand[()]
        apparent = math.hypot(phase_power[k], phase_reactive_power[k])
        phase_current[k] = apparent / phase_voltage[k] if phase_voltage[k] > 0.0 else 0.0
    power[()] = balanced - load_power[()]
    reactive_power[()] = balanced_reactive - load_reactive_power[()]
    load_energy[()] += load_power[()] * dt
    pv_energy[()] += pv_power[()] * dt
    energy_exported[()], energy_imported[()] = count_energy(energy_exported[()], energy_imported[()], power[()], dt)
