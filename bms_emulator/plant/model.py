"""Constants of the plant, built once from a site's profile and a seed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.ageing import AgeingModel, build_ageing_model
from bms_emulator.plant.bus import BusModel
from bms_emulator.plant.cell import ARRAY_COUNT, CellModel
from bms_emulator.plant.cooling import CoolingModel, build_cooling_model
from bms_emulator.plant.grid import GridModel, build_grid_model
from bms_emulator.plant.io_module import IoModel, build_io_model
from bms_emulator.plant.metering import MeterModel, build_meter_model
from bms_emulator.plant.pcs import PcsModel
from bms_emulator.plant.pcs_guard import GuardModel
from bms_emulator.plant.pcs_model import build_guard_model, build_pcs_model, build_stack_model
from bms_emulator.plant.pcs_stack import StackModel
from bms_emulator.plant.runaway import RunawayModel, build_runaway_model
from bms_emulator.plant.supply import SupplyModel, build_supply_model
from bms_emulator.plant.table import monotone_curve, tabulate
from bms_emulator.plant.units import UnitModel, build_unit_model
from bms_emulator.profile.cell import CellProfile
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import GAS_CONSTANT, SECONDS_PER_HOUR, SECONDS_PER_MONTH, kelvin

SOC_POINTS: Final = 2001
"""Points of the uniform grid over state of charge."""

REFERENCE_TEMPERATURE: Final = kelvin(25.0)
"""Temperature at which a profile states resistances [K]."""

TEMPERATURE_MIN: Final = kelvin(-60.0)
TEMPERATURE_MAX: Final = kelvin(840.0)
"""Resistances follow Arrhenius up to what a cell reaches in thermal runaway (1113 K); beyond the ends they stay."""

OVERDISCHARGED_VOLTAGE: Final = 0.0
"""Where the open-circuit voltage of an over-discharged cell ends [V]: dissolved copper shunts the cell."""
OVERCHARGED_VOLTAGE: Final = 5.0
"""Where the open-circuit voltage of an over-charged cell ends [V]: the electrolyte decomposes."""

_MODEL_STREAM: Final = 0
_AGEING_STREAM: Final = 2


@dataclass(frozen=True)
class PlantModel:
    """Constants of the plant of a site; nothing in it ever changes."""

    cells: CellModel
    bus: BusModel
    pcs: PcsModel
    guard: GuardModel
    stack: StackModel
    cooling: CoolingModel
    meters: MeterModel
    ageing: AgeingModel
    runaway: RunawayModel
    units: UnitModel
    supply: SupplyModel
    io: IoModel
    grid: GridModel

    @cached_property
    def cell_numbers(self) -> Array:
        """Those fields of the model of the cells that are no arrays, as their kernel takes them."""
        return np.array(self.cells[ARRAY_COUNT:])

    @cached_property
    def bus_constants(self) -> Array:
        """Fields of the model of the bus, as its kernel takes them."""
        return np.array(self.bus)

    @cached_property
    def pcs_constants(self) -> Array:
        """Fields of the model of the PCS, as its kernel takes them."""
        return np.array(self.pcs)

    @cached_property
    def guard_constants(self) -> Array:
        """Fields of the model of what a PCS watches, as its kernel takes them."""
        return np.array(self.guard)

    @cached_property
    def stack_constants(self) -> Array:
        """Fields of the model of the temperature of a PCS, as its kernel takes them."""
        return np.array(self.stack)


def build_plant_model(site: SiteProfile, seed: int) -> PlantModel:
    """Constants of the plant of a site; equal sites and seeds give equal bits."""
    rack, pcs = site.container.rack, site.pcs
    cells = _build_cells(site, np.random.default_rng((seed, _MODEL_STREAM)))
    return PlantModel(
        cells=cells,
        bus=BusModel(
            wiring_resistance=rack.wiring_resistance_mohm * 1e-3,
            busbar_resistance=site.container.dc_busbar_resistance_mohm * 1e-3,
            contactor_travel_time=rack.contactors.travel_ms * 1e-3,
            precharge_resistance=rack.contactors.precharge_resistance_ohm,
            precharge_heat_capacity=rack.contactors.precharge_heat_capacity_j_per_k,
            precharge_cooling=rack.contactors.precharge_cooling_w_per_k,
            fuse_rating=rack.contactors.fuse_rating_a,
            fuse_melting_integral=rack.contactors.fuse_melting_a2s,
            coil_pick_up=rack.contactors.pick_up_v,
            coil_drop_out=rack.contactors.drop_out_v,
            terminal_resistance=rack.terminals.resistance_mohm * 1e-3,
            terminal_heat_capacity=rack.terminals.heat_capacity_j_per_k,
            terminal_cooling=rack.terminals.cooling_w_per_k,
            link_capacitance=pcs.dc_link_capacitance_mf * 1e-3,
            bleed_resistance=pcs.dc_link_bleed_kohm * 1e3,
            link_voltage_max=pcs.dc_voltage_max_v,
            link_precharge_resistance=pcs.breakers.precharge_resistance_ohm,
            filter_capacitance=pcs.breakers.filter_capacitance_uf * 1e-6,
            filter_bleed_resistance=pcs.breakers.filter_bleed_kohm * 1e3,
        ),
        pcs=build_pcs_model(pcs),
        guard=build_guard_model(pcs),
        stack=build_stack_model(pcs),
        cooling=build_cooling_model(site),
        meters=build_meter_model(site),
        ageing=build_ageing_model(
            site, cells.capacity, _ageing_rates(site, np.random.default_rng((seed, _AGEING_STREAM)))
        ),
        runaway=build_runaway_model(site),
        units=build_unit_model(site),
        supply=build_supply_model(site),
        io=build_io_model(site),
        grid=build_grid_model(site, seed),
    )


def _ageing_rates(site: SiteProfile, rng: np.random.Generator) -> Array:
    """Speed of ageing of each cell relative to its type [1], shape (rack, cell)."""
    rack = site.container.rack
    sigma = rack.pack.cell.spread.ageing_rate_percent * 1e-2
    return np.maximum(0.0, 1.0 + truncated_normal(rng, sigma, (site.rack_count, rack.cell_count)))


def truncated_normal(rng: np.random.Generator, sigma: float, shape: tuple[int, ...]) -> Array:
    """Normal deviates of mean 0 and spread `sigma` within three sigma, others drawn anew."""
    deviates = rng.standard_normal(shape)
    while (outside := np.abs(deviates) > 3.0).any():
        deviates[outside] = rng.standard_normal(int(outside.sum()))
    return sigma * deviates


def _build_cells(site: SiteProfile, rng: np.random.Generator) -> CellModel:
    rack = site.container.rack
    cell = rack.pack.cell
    shape = (site.rack_count, rack.cell_count)
    spread = cell.spread
    capacity = cell.capacity_ah * SECONDS_PER_HOUR
    self_discharge = cell.self_discharge_percent_per_month * 1e-2 * capacity / SECONDS_PER_MONTH
    open_circuit, soc_min, soc_max = _open_circuit(cell)
    resistance = cell.resistance
    return CellModel(
        capacity=capacity * (1.0 + truncated_normal(rng, spread.capacity_percent * 1e-2, shape)),
        resistance_scale=1.0 + truncated_normal(rng, spread.resistance_percent * 1e-2, shape),
        # a spread of a third or more would let the leak of some cells change its sign
        self_discharge=np.maximum(
            0.0, self_discharge * (1.0 + truncated_normal(rng, spread.self_discharge_percent * 1e-2, shape))
        ),
        open_circuit=open_circuit,
        stored_energy=_energy_until(open_circuit),
        shape=_shape(cell),
        r0=resistance.r0_mohm * 1e-3,
        r1=resistance.r1_mohm * 1e-3,
        r2=resistance.r2_mohm * 1e-3,
        activation0=resistance.activation_r0_kj_per_mol * 1e3 / GAS_CONSTANT,
        activation1=resistance.activation_r1_kj_per_mol * 1e3 / GAS_CONSTANT,
        activation2=resistance.activation_r2_kj_per_mol * 1e3 / GAS_CONSTANT,
        reference_temperature=REFERENCE_TEMPERATURE,
        temperature_min=TEMPERATURE_MIN,
        temperature_max=TEMPERATURE_MAX,
        soc_min=soc_min,
        soc_max=soc_max,
        tau1=resistance.tau1_s,
        tau2=resistance.tau2_s,
        hysteresis_rate=cell.hysteresis_rate,
        hysteresis_instantaneous=cell.hysteresis_instantaneous_mv * 1e-3,
        coulombic_efficiency=cell.coulombic_efficiency,
        cells_per_pack=rack.pack.cell_count,
        joint_resistance=rack.cell_count * rack.pack.joint_resistance_mohm * 1e-3,
        balancing_resistance=rack.pack.balancing_resistance_ohm,
    )


def _open_circuit(cell: CellProfile) -> tuple[Array, float, float]:
    """Table of open-circuit voltage and of what of the hysteresis follows the charge, and where its ends stop."""
    soc = np.linspace(0.0, 1.0, SOC_POINTS)
    given = np.array(cell.open_circuit.soc)
    voltage = monotone_curve(given, np.array(cell.open_circuit.voltage_v), soc)
    following = np.array(cell.open_circuit.hysteresis_mv) - cell.hysteresis_instantaneous_mv
    half_gap = monotone_curve(given, following * 1e-3, soc)
    slope = np.diff(voltage) * (SOC_POINTS - 1)
    soc_min = (OVERDISCHARGED_VOLTAGE - voltage[0]) / slope[0]
    soc_max = 1.0 + (OVERCHARGED_VOLTAGE - voltage[-1]) / slope[-1]
    return tabulate(voltage, half_gap), float(soc_min), float(soc_max)


def _energy_until(open_circuit: Array) -> Array:
    """Integral of the open-circuit voltage over the state of charge, up to the beginning of each segment [V]."""
    mean_voltage = open_circuit[:, 0] + 0.5 * open_circuit[:, 1]
    until: Array = (np.cumsum(mean_voltage) - mean_voltage) / len(open_circuit)
    return until


def _shape(cell: CellProfile) -> Array:
    """Table of the shapes of the resistances and of the entropy coefficient over state of charge."""
    soc = np.linspace(0.0, 1.0, SOC_POINTS)
    given = np.array(cell.resistance.shape_soc)
    charge = monotone_curve(given, np.array(cell.resistance.shape_charge), soc)
    discharge = monotone_curve(given, np.array(cell.resistance.shape_discharge), soc)
    entropy = monotone_curve(np.array(cell.entropy.soc), np.array(cell.entropy.coefficient_uv_per_k) * 1e-6, soc)
    return tabulate(charge, discharge, entropy)
