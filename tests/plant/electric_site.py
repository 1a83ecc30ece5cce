"""The electricity of a site on a bench: contacts, power and temperature are set by hand, time is stepped by hand."""

from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Array, Layout
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import GROUPS, Contactor, PcsState, PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import Plant, settle_cells
from bms_emulator.plant.string import current_of_power
from bms_emulator.profile.loader import load_site

CELL = "container.rack.pack.cell"

ALIKE = {
    f"{CELL}.spread.capacity_percent": 0,
    f"{CELL}.spread.resistance_percent": 0,
    f"{CELL}.spread.self_discharge_percent": 0,
    f"{CELL}.spread.soc_percent": 0,
    "initial.rack_soc_spread_percent": 0,
}
"""All cells alike."""

LOSSLESS_CHARGE = {f"{CELL}.coulombic_efficiency": 1, f"{CELL}.self_discharge_percent_per_month": 0}
"""No charge is lost."""

ISOENTROPIC = {f"{CELL}.entropy.coefficient_uv_per_k": [0.0] * 11}
"""No reversible heat."""

UNLIMITED = 1e9


def small(racks: int = 3, packs: int = 2, cells: int = 4, containers: int = 1) -> dict[str, Any]:
    """Overrides that make the demo a small site, its PCS and its sensors of voltage in proportion."""
    voltage = packs * cells * 3.3
    share = voltage / (416 * 3.3)
    return {
        "container_count": containers,
        "container.rack_count": racks,
        "container.operating_voltage_min_v": voltage * 0.8,
        "container.operating_voltage_max_v": voltage * 1.15,
        "container.pump.rated_flow_lpm": 10.0 * racks * packs,
        "container.rack.pack_count": packs,
        "container.rack.pack.cell_count": cells,
        "container.rack.pack.temperature_sensor_count": 1,
        "container.rack.pack.cold_plate.segments": 1,
        "container.rack.cable_resistance_mohm": 0.06,
        "container.rack.fuse_resistance_mohm": 0.02,
        "container.rack.contactor_resistance_mohm": 0.01,
        "container.dc_busbar_resistance_mohm": 0.02,
        "container.rack.contactors.precharge_resistance_ohm": 2.0,
        "container.rack.sensors.rack_voltage_v.offset": 0.5 * share,
        "container.rack.sensors.rack_voltage_v.noise": 0.1 * share,
        "container.rack.sensors.rack_voltage_v.resolution": 0.1 * share,
        "pcs.rated_power_kw": voltage * 0.2 * racks,
        "pcs.rated_current_a": 400.0 * racks,
        "pcs.standby_loss_w": voltage * 0.1,
        "pcs.dc_voltage_min_v": voltage * 0.5,
        "pcs.dc_voltage_max_v": voltage * 1.3,
        "pcs.dc_link_bleed_kohm": 1.0,
        "pcs.breakers.precharge_resistance_ohm": 2.0,
    }


class ElectricSite:
    """A site at constant temperature, allowed all power.

    Args:
        overrides: Values of the demo's profile to replace, by key path.
        dt: Tick [s].
        seed: Seed of model and start.
    """

    def __init__(self, *overrides: dict[str, Any], dt: float = 0.1, seed: int = 1) -> None:
        self.site = load_site("demo", {key: value for part in overrides for key, value in part.items()})
        self.dt, self.tick = dt, 0
        self.arena = Arena(Layout(self.site.counts, GROUPS))
        self.state = PlantState.of(self.arena)
        self.inputs = self.arena.group("plant.inputs", PlantInputs)
        self.overlay = self.arena.group("plant.overlay", PlantOverlay)
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

    def command(self, *closed: Contactor, rack: int | slice = slice(None)) -> None:
        """Energise these coils of a rack and no others."""
        self.inputs.contactor_command[rack] = 0.0
        for contactor in closed:
            self.inputs.contactor_command[rack, contactor] = 1.0

    def connect(self, rack: int | slice = slice(None)) -> None:
        """Put racks on a bus that already has their voltage."""
        self.command(Contactor.MAIN_NEGATIVE, Contactor.MAIN_POSITIVE, rack=rack)
        self.state.racks.contactor_closed[...] = self.inputs.contactor_command
        connected = self.inputs.contactor_command[:, Contactor.MAIN_POSITIVE] > 0.0
        by_container = self.state.racks.voltage.reshape(self.site.container_count, -1)
        on = connected.reshape(by_container.shape)
        self.state.containers.bus_voltage[...] = (by_container * on).sum(axis=1) / np.maximum(on.sum(axis=1), 1)

    def run_pcs(self, power: float) -> None:
        """Let the PCS give this AC power [W] at once."""
        self.inputs.pcs_enable[...] = 1.0
        self.inputs.power_setpoint[...] = power
        self.state.pcs.state[...] = float(PcsState.RUNNING)
        self.state.pcs.power_target[...] = power

    def step(self, ticks: int = 1, refresh: bool = False) -> None:
        """Advance the whole electrical plant."""
        for _ in range(ticks):
            self.plant.electrical.step(self.tick, refresh)
            self.tick += 1

    def drive(self, current: float | Array, ticks: int = 1) -> None:
        """Advance the cells alone with a given string current [A]."""
        self.state.racks.current[...] = current
        for _ in range(ticks):
            self.plant.electrical.advance_cells(self.tick)
            self.tick += 1

    def settle(self) -> None:
        """Bring all cells up to date, after which voltages agree with a state that was set by hand."""
        settle_cells(self.model, self.state, self.inputs, self.overlay)

    def drive_power(self, power: float) -> float:
        """Advance the cells of the first rack with a given power [W]; returns the power that its cells gave [W]."""
        racks = self.state.racks
        if power > 0.0:
            current = current_of_power(racks.discharge_source_voltage[0], racks.discharge_resistance[0], power)
        else:
            current = current_of_power(racks.charge_source_voltage[0], racks.charge_resistance[0], power)
        self.drive(current)
        return float(racks.voltage[0] * racks.current[0])


def stored_energy(site: ElectricSite) -> float:
    """Energy in the charge of all cells above soc 0 [J]: the integral of the open-circuit voltage."""
    table = site.model.cells.open_circuit
    count = table.shape[0]
    until = np.concatenate([[0.0], np.cumsum(table[:, 0] + 0.5 * table[:, 1])]) / count
    position = site.state.cells.soc * count
    i = np.clip(position.astype(int), 0, count - 1)
    f = position - i
    energy = until[i] + (f * table[i, 0] + 0.5 * f * f * table[i, 1]) / count
    return float((energy * site.state.cells.capacity).sum())
