"""The plant of a site on a bench: currents, contacts, heat and air are set by hand, time is stepped by hand."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, Contactor, PcsState, PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import Plant, settle_cells
from bms_emulator.plant.string import current_of_power
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin

SITE: Final = "demo"
"""The site that everything here is derived from."""

PACK: Final = "container.rack.pack"
CELL: Final = f"{PACK}.cell"

ALIKE: Final[Mapping[str, Any]] = {
    f"{CELL}.spread.capacity_percent": 0,
    f"{CELL}.spread.resistance_percent": 0,
    f"{CELL}.spread.self_discharge_percent": 0,
    f"{CELL}.spread.soc_percent": 0,
    "initial.rack_soc_spread_percent": 0,
}
"""All cells alike."""

LOSSLESS: Final[Mapping[str, Any]] = {
    f"{CELL}.coulombic_efficiency": 1,
    f"{CELL}.self_discharge_percent_per_month": 0,
}
"""No charge is lost."""

UNLIMITED: Final = 1e9
"""A limit that never binds [W] or [A]."""


def small(racks: int = 1, packs: int = 1, cells: int = 1) -> dict[str, Any]:
    """Overrides that make the demo a small site, its PCS and pump in proportion."""
    voltage = packs * cells * 3.3
    return {
        "container.rack_count": racks,
        "container.operating_voltage_min_v": voltage * 0.8,
        "container.operating_voltage_max_v": voltage * 1.15,
        "container.pump.rated_flow_lpm": 10.0 * racks * packs,
        "container.rack.pack_count": packs,
        f"{PACK}.cell_count": cells,
        f"{PACK}.temperature_sensor_count": 1,
        f"{PACK}.cold_plate.segments": 1,
        "container.rack.cable_resistance_mohm": 0.06,
        "container.rack.fuse_resistance_mohm": 0.02,
        "container.rack.contactor_resistance_mohm": 0.01,
        "container.dc_busbar_resistance_mohm": 0.02,
        "container.rack.contactors.precharge_resistance_ohm": 2.0,
        "pcs.rated_power_kw": voltage * 0.2 * racks,
        "pcs.rated_current_a": 400.0 * racks,
        "pcs.standby_loss_w": voltage * 0.1,
        "pcs.dc_voltage_min_v": voltage * 0.5,
        "pcs.dc_voltage_max_v": voltage * 1.3,
        "pcs.dc_link_bleed_kohm": 1.0,
    }


class Bench:
    """A plant without firmware, allowed all power.

    Args:
        overrides: Values of the demo's profile to replace, by key path; later ones count.
        dt: Tick [s].
        seed: Seed of model and start.
    """

    def __init__(self, *overrides: Mapping[str, Any], dt: float = 1.0, seed: int = 1) -> None:
        self.site = load_site(SITE, {key: value for part in overrides for key, value in part.items()})
        self.dt, self.tick = dt, 0
        arena = Arena(Layout(self.site.counts, GROUPS))
        self.state = PlantState.of(arena)
        self.inputs = arena.group("plant.inputs", PlantInputs)
        self.overlay = arena.group("plant.overlay", PlantOverlay)
        self.model = build_plant_model(self.site, seed)
        initialise(self.model, self.state, self.site, seed)
        self.plant = Plant(self.model, self.state, self.inputs, self.overlay, dt)
        for limit in (
            self.inputs.charge_power_limit,
            self.inputs.discharge_power_limit,
            self.inputs.charge_current_limit,
            self.inputs.discharge_current_limit,
        ):
            limit[...] = UNLIMITED

    @property
    def time(self) -> float:
        """Simulated time since the start [s]."""
        return self.tick * self.dt

    def settle(self) -> None:
        """Bring all cells up to date, after which voltages agree with a state that was set by hand."""
        settle_cells(self.model, self.state, self.inputs, self.overlay)

    def drive(self, current: float | Array, ticks: int = 1, *, air: float | None = None) -> None:
        """Advance cells with a given string current [A], and their heat where the air is held at a temperature [K]."""
        self.state.racks.current[...] = current
        for _ in range(ticks):
            self.plant.electrical.advance_cells(self.tick)
            if air is not None:
                self.state.containers.air_temperature[...] = air
                self._cool()
            self.tick += 1

    def drive_power(self, power: float, *, air: float | None = None) -> float:
        """Advance the cells of a single rack with a given power [W]; returns the power that its cells gave [W]."""
        racks = self.state.racks
        if power > 0.0:
            source_voltage, resistance = racks.discharge_source_voltage[0], racks.discharge_resistance[0]
        else:
            source_voltage, resistance = racks.charge_source_voltage[0], racks.charge_resistance[0]
        self.drive(current_of_power(source_voltage, resistance, power), air=air)
        return float(racks.voltage[0] * racks.current[0])

    def command(self, *closed: Contactor, rack: int | slice = slice(None)) -> None:
        """Energise these coils of a rack and no others."""
        self.inputs.contactor_command[rack] = 0.0
        for contactor in closed:
            self.inputs.contactor_command[rack, contactor] = 1.0

    def connect(self) -> None:
        """Put all racks on a bus that already has their mean voltage."""
        self.command(Contactor.MAIN_NEGATIVE, Contactor.MAIN_POSITIVE)
        self.state.racks.contactor_closed[...] = self.inputs.contactor_command
        self.state.containers.bus_voltage[...] = self.state.racks.voltage.mean()

    def run_pcs(self, power: float) -> None:
        """Let the PCS give this AC power [W] at once."""
        self.inputs.pcs_enable[...] = 1.0
        self.inputs.power_setpoint[...] = power
        self.state.pcs.state[...] = float(PcsState.RUNNING)
        self.state.pcs.power_target[...] = power

    def step(self, ticks: int = 1) -> None:
        """Advance contactors, PCS, bus and cells."""
        for _ in range(ticks):
            self.plant.electrical.step(self.tick)
            self.tick += 1

    def heat(self, power: float, ticks: int = 1) -> None:
        """Advance the cooling with the same power in every cell [W]."""
        for _ in range(ticks):
            self.state.cells.heat += power * self.dt
            self._cool()
            self.tick += 1

    def _cool(self) -> None:
        self.plant.cooling.step(self.time, self.tick)

    def set_temperature(self, degc: float) -> None:
        """Set cells and plates to a temperature, and what follows from it in the cells."""
        for array in (
            self.state.cells.temperature_core,
            self.state.cells.temperature_surface,
            self.state.packs.segment_temperature,
            self.state.packs.plate_temperature,
        ):
            array[...] = kelvin(degc)
        self.settle()


def stored_energy(bench: Bench) -> float:
    """Energy in the charge of all cells above soc 0 [J]: the integral of the open-circuit voltage."""
    table = bench.model.cells.open_circuit
    count = table.shape[0]
    until = np.concatenate([[0.0], np.cumsum(table[:, 0] + 0.5 * table[:, 1])]) / count
    position = bench.state.cells.soc * count
    i = np.clip(position.astype(int), 0, count - 1)
    f = position - i
    energy = until[i] + (f * table[i, 0] + 0.5 * f * f * table[i, 1]) / count
    return float((energy * bench.state.cells.capacity).sum())
