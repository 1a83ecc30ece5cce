"""A small site as a whole, stepped by hand, with books on the charge and the energy that pass through its plant."""

from collections import defaultdict
from typing import Any

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.plant.coolant import enthalpy_of
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.schedule import slow_ticks, turn
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState, RunawayStage
from bms_emulator.plant.step import settle_cells
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from tests.plant.electric_site import small

BASE = 273.15
"""Temperature above which heat is counted [K]; it cancels out."""


class WholeSite:
    """Emulator of a small site without interfaces.

    Args:
        overrides: Values of the small demo's profile to replace, by key path.
        dt: Tick [s].
        seed: Seed of the emulator.
    """

    def __init__(self, *overrides: dict[str, Any], dt: float = 0.1, seed: int = 1, **size: int) -> None:
        asked = {key: value for part in overrides for key, value in part.items()}
        silent = {"modbus.devices": [], "step_ms": round(dt * 1e3)}
        self.site = load_site("demo", small(**size) | silent | asked)
        self.dt = dt
        self.emulator = Emulator(self.site, seed)
        self.state = PlantState.of(self.emulator.arena)
        self.inputs = self.emulator.arena.group("plant.inputs", PlantInputs)
        self.overlay = self.emulator.arena.group("plant.overlay", PlantOverlay)
        self.model = build_plant_model(self.site, seed)

    def write(self, selector: str, value: float) -> Ack:
        """Write a value to all points that a selector picks."""
        offsets = [int(at) for selection in self.emulator.catalogue.select(selector) for at in selection.offsets()]
        ack = self.emulator.apply(Command("write", "test", {"writes": [[at, value] for at in offsets]}))
        assert ack.accepted, ack.message
        return ack

    def fault(self, kind: str, target: str, **parameters: float) -> None:
        """Add a fault that lasts."""
        fault = {"kind": kind, "target": target, "parameters": parameters}
        ack = self.emulator.apply(Command("fault_add", "test", {"fault": fault}))
        assert ack.accepted, ack.message

    def connect(self, within: float = 60.0) -> "WholeSite":
        """Let the firmware put all racks on the bus and the PCS run."""
        self.write("container[*].request", 1.0)
        self.write("pcs[*].setpoint_enabled", 1.0)
        connected = self.emulator.arena["firmware.bank.racks_connected"]
        for _ in range(round(within / self.dt)):
            self.tick()
            if (connected == self.site.container.rack_count).all():
                return self
        raise AssertionError(f"racks are not connected within {within} s")

    def ask(self, share: float) -> None:
        """Ask every PCS for a share of its rated power, positive in discharge."""
        self.write("pcs[*].power_setpoint", share * self.site.pcs.rated_power_kw * 1e3)

    def bleed(self, mask: Array) -> None:
        """Ask for the balancing resistors of these cells, shape (rack, cell), until the firmware changes its mind."""
        self.inputs.balancing[...] = mask
        self.inputs.balancing_count[...] = mask.reshape(*self.inputs.balancing_count.shape, -1).sum(axis=2)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.emulator.tick()


class Books(WholeSite):
    """A site whose every tick is booked, cell by cell for charge, and once for energy by where it went."""

    def __init__(self, *overrides: dict[str, Any], dt: float = 0.1, seed: int = 1, **size: int) -> None:
        super().__init__(*overrides, dt=dt, seed=seed, **size)
        settle_cells(self.model, self.state, self.inputs, self.overlay)
        self.soc_booked = self.state.cells.soc.copy()
        self.charge_due = np.zeros_like(self.soc_booked)
        self.flows: defaultdict[str, float] = defaultdict(float)
        self.throughput = 0.0
        self.bled = 0.0
        self.most_on_link = 0.0
        self.opening = self.held()

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            before = self._before()
            self.emulator.tick()
            self._book(before)

    def _before(self) -> dict[str, Array]:
        """What a tick changes that its books need."""
        cells, racks, containers, pcs = self.state.cells, self.state.racks, self.state.containers, self.state.pcs
        return {
            "bypass": cells.bypass_current.copy(),
            "capacity": cells.capacity.copy(),
            "sound": self.state.runaway.stage < RunawayStage.RUNAWAY,
            "bus": containers.bus_voltage.copy(),
            "link": pcs.link_voltage.copy(),
            "open": self.is_open(),
            "resistor": racks.precharge_temperature.copy(),
            "air": np.repeat(containers.air_temperature, self.site.container.rack_count),
            "exported": pcs.energy_exported - pcs.energy_imported,
            "released": self.state.runaway.heat_released.copy(),
            "voltage_gain": cells.voltage_gain.copy(),
        }

    def _book(self, before: dict[str, Array]) -> None:
        state, dt, flows = self.state, self.dt, self.flows
        racks, containers, pcs, bus = state.racks, state.containers, state.pcs, self.model.bus
        current = racks.current
        stored = np.where(current > 0.0, current, self.model.cells.coulombic_efficiency * current)
        self.charge_due += (stored[:, None] + before["bypass"]) * dt
        updated = np.repeat(state.circuits.elapsed == 0.0, self.model.cells.cells_per_pack, axis=1)
        self.soc_booked[updated] -= (self.charge_due / before["capacity"])[updated]
        self.charge_due[updated] = 0.0
        with_charge = self.in_charge(state.cells.capacity, self.soc_booked)
        collapsing = before["voltage_gain"] > 0.0
        self.soc_booked[collapsing] *= state.cells.voltage_gain[collapsing] / before["voltage_gain"][collapsing]
        self.most_on_link = max(self.most_on_link, self.on_link())
        self.throughput += float(np.abs(racks.voltage * current).sum()) * dt

        self.bled += float((state.cells.voltage * state.cells.balancing_current).sum()) * dt

        decay = np.exp(-dt * bus.precharge_cooling / bus.precharge_heat_capacity)
        settled = (racks.precharge_temperature - decay * before["resistor"]) / (1.0 - decay)
        in_busbar = current.reshape(self.site.container_count, -1).sum(axis=1)
        flows["grid"] += float((pcs.energy_exported - pcs.energy_imported - before["exported"]).sum())
        flows["conversion"] += float(pcs.loss.sum()) * dt
        in_rack = bus.wiring_resistance + self.model.cells.joint_resistance + state.surroundings.terminal_resistance
        flows["rack"] += float((in_rack * current**2).sum()) * dt
        flows["busbar"] += bus.busbar_resistance * float((in_busbar**2).sum()) * dt
        flows["precharge"] += bus.precharge_cooling * float((settled - before["air"]).sum()) * dt
        self._book_link(before, in_busbar)
        flows["chiller"] -= float(containers.chiller_heat.sum()) * dt
        friction = containers.coolant_pressure * containers.coolant_flow / containers.coolant_density
        flows["friction"] -= float(friction.sum()) * dt

        due = slice(*turn(self.emulator.tick_count - 1, slow_ticks(dt), state.packs.air_heat.size))
        heaters = self.overlay.cell_heat + self.overlay.cell_runaway_heat * before["sound"]
        by_pack = heaters.reshape(state.packs.air_heat.size, -1).sum(axis=1)
        flows["air"] += float(state.packs.air_heat.ravel()[due].sum()) * slow_ticks(dt) * dt
        flows["heaters"] -= float(by_pack[due].sum()) * slow_ticks(dt) * dt
        flows["reactions"] -= float((state.runaway.heat_released - before["released"]).sum())
        flows["charge lost"] += with_charge - self.in_charge(state.cells.capacity, self.soc_booked)

    def charge_error(self) -> Array:
        """What each cell has more than was booked, relative to its capacity [1]; (rack, cell)."""
        error: Array = self.state.cells.soc - self.soc_booked
        return error

    def energy_error(self) -> float:
        """What the plant holds more than the books say [J]; closes the books, as cells are settled for it."""
        settle_cells(self.model, self.state, self.inputs, self.overlay)
        return self.held() - self.opening + sum(self.flows.values())

    def metered(self) -> float:
        """DC energy that the containers' meters saw go out since the start [J]."""
        containers = self.state.containers
        return float((containers.energy_discharged - containers.energy_charged).sum())

    def held(self) -> float:
        """Energy in the charge of cells, on DC links, and as heat in cells, plates and coolant [J]; cells settled."""
        in_charge = self.in_charge(self.state.cells.capacity, self.state.cells.soc)
        return in_charge + self.on_link() + self.in_heat() + self.on_its_way()

    def is_open(self) -> Array:
        """1 where neither DC breaker nor resistor join a link to its bus; shape (container,)."""
        return (1.0 - self.state.pcs.dc_breaker_closed) * (1.0 - self.state.pcs.dc_precharge_closed)

    def _book_link(self, before: dict[str, Array], in_busbar: Array) -> None:
        """What bleeds off links and filters; the filter of a bus counts while nothing larger hangs on it."""
        bus, pcs, dt = self.model.bus, self.state.pcs, self.dt
        now = self.is_open()
        fed, fed_before = (
            np.where(now > 0.0, self.state.containers.bus_voltage, pcs.link_voltage),
            np.where(now > 0.0, before["bus"], before["link"]),
        )
        resistance = np.where(now > 0.0, bus.filter_bleed_resistance, bus.bleed_resistance)
        alone = now * (before["link"] ** 2 - pcs.link_voltage**2)
        charging = pcs.dc_precharge_closed * (1.0 - pcs.dc_breaker_closed)
        self.flows["bleed"] += float((mean_square(fed_before, fed, in_busbar) / resistance).sum()) * dt
        self.flows["bleed"] += 0.5 * bus.link_capacitance * float(alone.sum())
        self.flows["precharge"] += bus.link_precharge_resistance * float((charging * in_busbar**2).sum()) * dt
        self.flows["filter"] += (
            0.5 * bus.filter_capacitance * float(((before["open"] - now) * before["bus"] ** 2).sum())
        )

    def on_link(self) -> float:
        """Energy on the DC links, and on the filters of open buses [J]."""
        on_filter = self.model.bus.filter_capacitance * self.is_open() * self.state.containers.bus_voltage**2
        return 0.5 * float((self.model.bus.link_capacitance * self.state.pcs.link_voltage**2 + on_filter).sum())

    def in_charge(self, capacity: Array, soc: Array) -> float:
        """Energy in the charge of all cells, were they like this [J]: the integral of the open-circuit voltage."""
        table = self.model.cells.open_circuit
        count = table.shape[0]
        until = np.concatenate([[0.0], np.cumsum(table[:, 0] + 0.5 * table[:, 1])]) / count
        position = soc * count
        i = np.clip(position.astype(int), 0, count - 1)
        f = position - i
        energy = until[i] + (f * table[i, 0] + 0.5 * f * f * table[i, 1]) / count
        return float((energy * capacity).sum())

    def in_heat(self) -> float:
        """Heat of cells, plates and coolant [J], with what has been generated since the packs' last thermal step."""
        cells, thermal, cooling = self.state.cells, self.model.cooling.thermal, self.model.cooling
        per_segment = np.diff(np.arange(thermal.segment_count + 1) * thermal.cell_count // thermal.segment_count)
        plates = np.tile(per_segment * thermal.plate_heat_capacity, self.site.counts["pack"])
        coolant = self.state.containers.coolant_enthalpy - enthalpy_of(cooling.coolant, BASE)
        return float(
            cells.heat.sum()
            + self.state.packs.balancing_heat.sum()
            + thermal.core_heat_capacity * np.sum(cells.temperature_core - BASE)
            + thermal.surface_heat_capacity * np.sum(cells.temperature_surface - BASE)
            + np.sum(plates * (self.state.packs.segment_temperature - BASE))
            + cooling.loop.mass * coolant.sum()
        )

    def on_its_way(self) -> float:
        """Heat that left the packs in their last slow step and enters the coolant tick by tick until the next [J]."""
        heat = self.state.packs.coolant_heat.ravel()
        slow, now = slow_ticks(self.dt), self.emulator.tick_count
        left = 0.0
        for tick in range(max(0, now - slow), now):
            left += float(heat[slice(*turn(tick, slow, heat.size))].sum()) * (slow - (now - tick))
        return left * self.dt


def mean_square(before: Array, after: Array, current: Array) -> Array:
    """Mean squared voltage of a link over a step [V2]: of an exponential decay where no current feeds it."""
    left_alone = (current == 0.0) & (after > 0.0) & (after < before)
    decay = np.where(left_alone, before, 2.0) / np.where(left_alone, after, 1.0)
    mean: Array = np.where(left_alone, (before**2 - after**2) / (2.0 * np.log(decay)), after**2)
    return mean
