"""Strings on a DC bus on a bench: sources, contacts and demand are set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.plant.bus import BusModel, split_current
from bms_emulator.plant.state import PcsControl

STIFF: Final = BusModel(
    racks_per_container=2,
    wiring_resistance=0.0,
    busbar_resistance=0.0,
    contactor_travel_time=0.03,
    precharge_resistance=100.0,
    precharge_heat_capacity=120.0,
    precharge_cooling=1.0,
    fuse_rating=1e6,
    fuse_melting_integral=1e12,
    link_capacitance=1e-15,
    bleed_resistance=1e15,
    link_voltage_max=1500.0,
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
"""Temperature around the precharge resistors [K]."""

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
    precharge_temperature: Array = field(init=False)

    def __post_init__(self) -> None:
        racks, containers = self.source_voltage.size, self.bus_voltage.size
        self.current, self.fuse_heat, self.fuse_closed = np.zeros(racks), np.zeros(racks), np.ones(racks)
        self.precharge_temperature = np.full(racks, AIR)
        self.bus_current, self.dc_power, self.limited = (np.zeros(containers) for _ in range(3))
        self.feasible_charge_power, self.feasible_discharge_power = np.zeros(containers), np.zeros(containers)

    @property
    def charge_source_voltage(self) -> Array:
        """Of every rack in charge [V]."""
        return self.source_voltage + np.asarray(self.gap)

    def step(self, dt: float = 0.1) -> "Bus":
        """Advance by dt [s]."""
        charge_resistance = self.resistance if self.charge_resistance is None else self.charge_resistance

        def all_of(value: float) -> Array:
            return np.full(self.bus_voltage.size, float(value))

        self.limited[...] = 0.0
        split_current(
            self.model,
            self.current,
            self.fuse_heat,
            self.fuse_closed,
            self.precharge_temperature,
            self.bus_voltage,
            self.bus_current,
            self.dc_power,
            self.limited,
            self.feasible_charge_power,
            self.feasible_discharge_power,
            self.source_voltage,
            self.resistance,
            self.charge_source_voltage,
            charge_resistance,
            self.contactor_closed,
            all_of(AIR),
            all_of(self.control),
            self.demand,
            all_of(-self.current_limit),
            all_of(self.current_limit),
            all_of(self.current_change),
            all_of(-self.power_limit),
            all_of(self.power_limit),
            dt,
        )
        return self


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
