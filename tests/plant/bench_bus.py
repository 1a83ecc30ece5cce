"""Strings on a DC bus on a bench: sources, contacts and demand are set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.bus import BusModel, link_of, split_current, strain
from bms_emulator.plant.pcs import Demand
from bms_emulator.plant.state import PcsControl
from bms_emulator.plant.string import Strings

STIFF: Final = BusModel(
    wiring_resistance=0.0,
    busbar_resistance=0.0,
    contactor_travel_time=0.03,
    precharge_resistance=100.0,
    precharge_heat_capacity=120.0,
    precharge_cooling=1.0,
    fuse_rating=1e6,
    fuse_melting_integral=1e12,
    coil_pick_up=18.0,
    coil_drop_out=12.0,
    terminal_resistance=5e-5,
    terminal_heat_capacity=150.0,
    terminal_cooling=0.15,
    link_capacitance=1e-15,
    bleed_resistance=1e15,
    link_voltage_max=1500.0,
    link_precharge_resistance=100.0,
    filter_capacitance=1e-5,
    filter_bleed_resistance=1e6,
)
"""Bus on which only the strings count."""

REAL: Final = STIFF._replace(wiring_resistance=0.0045, link_capacitance=6e-3, bleed_resistance=50e3, fuse_rating=315.0)

CONTAINER: Final = REAL._replace(wiring_resistance=0.0035, busbar_resistance=0.8e-4)
"""Bus of the demo with all its resistances."""

AHEAD: Final = (1.0, 1.0, 1.0)
"""Contacts of a rack on the bus."""
PRECHARGING: Final = (1.0, 1.0, 0.0)
OPEN: Final = (0.0, 0.0, 0.0)

AIR: Final = 298.15
"""Temperature around precharge resistors and terminals [K]."""

UNLIMITED: Final = 1e12


@dataclass
class Bus:
    """Strings on a bus.

    Attributes:
        source_voltage: Of every rack in discharge [V].
        resistance: Of every rack in discharge [Ohm].
        contactor_closed: Of every rack.
        bus_voltage: Of every container before the step [V].
        demand: Asked by the PCS of every container [W], [A] or [V].
        model: Constants.
        gap: From the source voltage of discharge to that of charge, of every rack [V].
        charge_resistance: Of every rack [Ohm]; that of discharge where None.
        control: What is demanded.
        current_limit: For both directions [A].
        power_limit: For both directions [W].
        current_change: Largest in a step [A].
    """

    source_voltage: Array
    resistance: Array
    contactor_closed: Array
    bus_voltage: Array
    demand: Array
    model: BusModel = STIFF
    gap: float | Sequence[float] | Array = 0.0
    charge_resistance: Array | None = None
    control: PcsControl = PcsControl.POWER
    current_limit: float = UNLIMITED
    power_limit: float = UNLIMITED
    current_change: float = UNLIMITED
    current: Array = field(init=False)
    dc_power: Array = field(init=False)
    bus_current: Array = field(init=False)
    limited: Array = field(init=False)
    feasible_charge_power: Array = field(init=False)
    feasible_discharge_power: Array = field(init=False)
    fuse_heat: Array = field(init=False)
    fuse_closed: Array = field(init=False)
    breaker_closed: Array = field(init=False)
    loose_resistance: Array = field(init=False)
    precharge_temperature: Array = field(init=False)
    terminal_temperature: Array = field(init=False)

    def __post_init__(self) -> None:
        racks, containers = self.source_voltage.size, self.bus_voltage.size
        self.current, self.fuse_heat, self.fuse_closed = np.zeros(racks), np.zeros(racks), np.ones(racks)
        self.breaker_closed, self.loose_resistance = np.ones(racks), np.zeros(racks)
        self.precharge_temperature, self.terminal_temperature = np.full(racks, AIR), np.full(racks, AIR)
        self.bus_current, self.dc_power, self.limited = (np.zeros(containers) for _ in range(3))
        self.feasible_charge_power, self.feasible_discharge_power = np.zeros(containers), np.zeros(containers)

    @property
    def charge_source_voltage(self) -> Array:
        """Of every rack in charge [V]."""
        return self.source_voltage + np.asarray(self.gap)

    def step(self, dt: float = 0.1) -> "Bus":
        """Advance by dt [s]."""
        charge_resistance = self.resistance if self.charge_resistance is None else self.charge_resistance
        racks = self.current.size // self.bus_voltage.size
        for c in range(self.bus_voltage.size):
            own = slice(c * racks, (c + 1) * racks)
            strings = Strings(
                self.current[own],
                self.source_voltage[own],
                self.resistance[own],
                self.charge_source_voltage[own],
                charge_resistance[own],
                self.contactor_closed[own],
                self.fuse_closed[own],
                self.breaker_closed[own],
                np.ones(racks),
                self.loose_resistance[own],
                np.ones(racks),
                self.model.wiring_resistance,
                self.model.precharge_resistance,
            )
            solution = split_current(
                link_of(self.model), strings, self._demand(c), self.bus_voltage[c], self.bus_current[c], dt
            )
            strain(
                *(self.model, strings, self.fuse_heat[own], self.precharge_temperature[own]),
                *(self.terminal_temperature[own], AIR, solution.ripple, np.zeros(racks), dt),
            )
            self.bus_voltage[c], self.bus_current[c], self.dc_power[c] = (
                solution.voltage,
                solution.current,
                solution.power,
            )
            self.feasible_charge_power[c] = solution.feasible_charge_power
            self.feasible_discharge_power[c] = solution.feasible_discharge_power
            self.limited[c] = not solution.met
        return self

    def _demand(self, c: int) -> Demand:
        return Demand(
            control=float(self.control),
            value=float(self.demand[c]),
            current_min=float(-self.current_limit),
            current_max=float(self.current_limit),
            current_change=float(self.current_change),
            power_min=float(-self.power_limit),
            power_max=float(self.power_limit),
        )


def two(
    sources: tuple[float, float] = (1370.0, 1360.0),
    power: float = 0.0,
    contacts: tuple[tuple[float, ...], tuple[float, ...]] = (AHEAD, AHEAD),
    before: float = 1365.0,
    model: BusModel = STIFF,
) -> Bus:
    """Two racks without a gap on one bus."""
    return Bus(
        np.array(sources), np.array([0.1, 0.3]), np.array(contacts), np.array([before]), np.array([power]), model=model
    )
