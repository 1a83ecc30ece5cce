"""The emulator: one site, advanced tick by tick.

The same object runs in real time, at a factor, or stepped by a test; the interfaces cannot tell. It knows no clock: the
loop that drives it does.
"""

import math
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.effects import NOTHING, Acts, Struck
from bms_emulator.faults.engine import FaultSet
from bms_emulator.faults.kind import PRESENT, Written
from bms_emulator.faults.target import RACK_CONTROLLER
from bms_emulator.firmware.contract import PcsCommands, PcsLink, Request
from bms_emulator.firmware.native.host import Pace, UserFirmwareHost
from bms_emulator.firmware.native.host_options import HostOptions
from bms_emulator.firmware.reference.firmware import FirmwareArrays, ReferenceFirmware
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.interfaces.values import writes
from bms_emulator.jit import bind
from bms_emulator.plant.ageing_history import health, skip_days
from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import PlantInputs, PlantOverlay, PlantState
from bms_emulator.plant.step import Plant
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.points.emulator import EmulatorState
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import rack_name
from bms_emulator.runtime.actuators import Actuators
from bms_emulator.runtime.events import Events, Record, log_firmware
from bms_emulator.runtime.pcs_controller import PcsController
from bms_emulator.sensing.devices import Devices
from bms_emulator.sensing.model import build_sensing_model
from bms_emulator.sensing.pcs_state import PcsMeasured
from bms_emulator.sensing.site import SiteSensors, build_site_sensing
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.step import Sensors

_MAILBOX = "commands."
"""What the names of arrays in the bank controllers' mailboxes begin with."""
_PCS_MAILBOX = "pcs.commands."
"""The same, in those of the PCS."""
_CHILLER_MAILBOX = "plant.chillers.commands."
"""The same, in the mailboxes of chillers."""
POINTS_MAX = 10_000
"""Most points that one write of an emulated master may pick."""
_THRESHOLDS = "commands.thresholds."
"""What the names of thresholds of alarms begin with."""


class Emulator:
    """A site: plant, sensors, firmware, faults, points and register images.

    Args:
        site: What to emulate.
        seed: Seed of everything that is random; the same site, seed and commands give the same bits.
        memories: Persistent memories of users' firmware as the last run left them, by rack.
        options: What of users' firmware to record, and what to debug.

    Raises:
        FirmwareProblems: A user's firmware cannot be run.
    """

    def __init__(
        self,
        site: SiteProfile,
        seed: int = 0,
        memories: Mapping[str, bytes] | None = None,
        options: HostOptions = HostOptions(),  # noqa: B008 (it is frozen)
    ) -> None:
        self.site = site
        self.seed = seed
        self.dt = site.step_ms / 1000.0
        self.tick_count = 0
        self.catalogue = Catalogue(site)
        self.arena = Arena(self.catalogue.layout)

        group = self.arena.group
        self._state = PlantState.of(self.arena)
        self._inputs = group("plant.inputs", PlantInputs)
        self._overlay = group("plant.overlay", PlantOverlay)
        self._measured = group("measured", Measured)
        self._controllers = FirmwareArrays.of(self.arena)
        self._clock = group("emulator", EmulatorState)
        firmware = self._controllers
        self._user_firmware = UserFirmwareHost(
            site,
            firmware.racks,
            firmware.orders,
            firmware.commands,
            firmware.master,
            firmware.persistent.powered,
            memories,
            options,
        )

        self._plant_model = build_plant_model(site, seed)
        self._plant = Plant(self._plant_model, self._state, self._inputs, self._overlay, self.dt)
        remembered = group("sensors", SensorState)
        sensing_model = build_sensing_model(site, seed)
        self._sensors = Sensors(sensing_model, remembered, self._measured, self._state, self.dt)
        self._site_sensors = SiteSensors(build_site_sensing(site, seed), self.arena, self._state, self.dt)
        reported = group("measured.pcs", PcsMeasured)
        self._devices = Devices(site, self.arena, self._state, self._state, self.dt)
        self._actuators = Actuators(firmware.racks, firmware.bank, self._inputs, self._overlay, self.dt)
        self._pcs_controller = PcsController(
            site.pcs,
            group("pcs.commands", PcsCommands),
            group("pcs.link", PcsLink),
            reported,
            self._inputs,
            self._state.pcs_inputs,
            self.dt,
        )
        self._firmware = ReferenceFirmware(site, self._controllers, self._measured, self.dt)
        self.plan = compile_maps(site, self.catalogue)
        self.plan.initialise(self.arena.buffer)
        self._faults = FaultSet(self.catalogue, site, self.plan.units_by_map())
        self._firmware.expose(self._faults.controllers)
        self.images: NDArray[np.uint8] = np.frombuffer(self.plan.template, np.uint8).copy()
        buffer, images = self.arena.buffer, self.images
        self._encode_all = bind(encode, buffer, images, math.inf, *self.plan.arrays)
        self._encode_fresh = bind(encode, buffer, images, 0.0, *self.plan.arrays)  # older ones stand since their tick
        self._events = Events(self.catalogue, buffer)
        self._start()

    def _start(self) -> None:
        """Bring the plant to its initial state, tell the firmware what a capacity test would, and what is asked."""
        initialise(self._plant_model, self._state, self.site, self.seed)
        if self.site.initial.connect:
            self._controllers.commands.request[...] = float(Request.CONNECT)
        self._firmware.commission(self._capacity_test())

    @property
    def time(self) -> float:
        """Simulated time since the start [s]."""
        return self.tick_count * self.dt

    def tick(self) -> None:
        """Advance by one step."""
        time, tick, dt = self.time, self.tick_count, self.dt
        bent = self._faults.fold(time, self._overlay, self.arena)
        if self._faults.acts is not NOTHING:
            self._act(self._faults.acts)
        self._plant.step(time, tick, refresh=bent)
        self._sensors.step(self._faults.sensors, tick)
        self._site_sensors.step(self._faults.sensors, tick)
        self._devices.step(self._faults.sensors, tick)
        self._controllers.master.age += dt
        self._firmware.give_orders(time)
        self._user_firmware.scatter(self._measured, tick, dt)
        self._firmware.run_racks()
        self._user_firmware.gather(self._measured, tick, dt)
        self._firmware.report()
        self._actuators.step(refresh=bent)
        self._pcs_controller.step(time)
        self.tick_count += 1
        self._clock.tick[...] = self.tick_count
        self._clock.time[...] = self.time
        for happening in self._faults.take_events():
            self._events.add("fault", happening["target"], happening)
        self._hear_firmware()
        self._events.collect()
        self._encode_fresh.call()

    def refresh_images(self) -> None:
        """Encode all of the register images anew, after anything but a tick has changed the arena.

        So a write shows at once, also while the loop is paused.
        """
        self._encode_all.call()

    def apply(self, command: Command) -> Ack:
        """Apply a command whole before the next tick, or refuse it whole; never raises on bad input."""
        operations = {
            "write": self._write,
            "fault_add": self._fault_add,
            "fault_renew": self._fault_renew,
            "fault_clear": self._fault_clear,
            "fast_forward": self._fast_forward,
        }
        apply = operations.get(command.op)
        if apply is None:
            return self._refuse(f"{command.op!r}: no such command; there are {', '.join(operations)}")
        try:
            result = apply(command)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            return self._refuse(str(error))
        return Ack(True, self.tick_count, self.time, result=result)

    @property
    def is_paced(self) -> bool:
        """Whether a clock paces it, so that faults of its loop mean something."""
        return self._faults.paced

    @is_paced.setter
    def is_paced(self, paced: bool) -> None:
        self._faults.paced = paced

    @property
    def stalls(self) -> Sequence[Mapping[str, Any]]:
        """Faults of the loop that act now, as :meth:`faults` shows them."""
        return self._faults.stalls

    def faults(self) -> list[dict[str, Any]]:
        """Active and pending faults as data."""
        return self._faults.listing()

    def take_events(self) -> list[Record]:
        """Events since the last call: (kind, source, data)."""
        self._hear_firmware()  # between ticks too something may happen to it
        return self._events.take()

    # users' firmware

    def _hear_firmware(self) -> None:
        """Take over what happened to users' firmware."""
        for record in self._user_firmware.take_events():
            self._events.add(*record)
            log_firmware(record)

    def set_pace(self, pace: Pace) -> None:
        """Say how long a tick waits for users' firmware from now on; without this it waits for every answer."""
        self._user_firmware.pace = pace

    def firmware_status(self) -> list[dict[str, Any]]:
        """Which racks run which user's firmware, and how it does, as plain data."""
        return self._user_firmware.status()

    def firmware_hash(self) -> str | None:
        """Digest of all that users' firmware has decided; None where there is none."""
        return self._user_firmware.digest()

    @property
    def firmware_lates(self) -> int:
        """How often users' firmware did not answer in time: a run in which it did does not repeat."""
        return self._user_firmware.lates

    def firmware_memories(self) -> dict[str, bytes]:
        """Persistent memory of users' firmware, by rack."""
        return self._user_firmware.memories()

    def save_firmware(self) -> dict[str, bytes]:
        """State of users' firmware, by rack. FirmwareError, LookupError: one does not offer it, or does not run."""
        return self._user_firmware.save()

    def load_firmware(self, states: Mapping[str, bytes]) -> None:
        """Give users' firmware their states back. FirmwareError, LookupError: as for :meth:`save_firmware`."""
        self._user_firmware.load(states)

    def close(self) -> None:
        """End the processes of users' firmware."""
        self._user_firmware.close()

    def _refuse(self, message: str) -> Ack:
        return Ack(False, self.tick_count, self.time, message)

    def _write(self, command: Command) -> None:
        if "refused" in command.args:
            raise ValueError(command.args["refused"])
        writes = [(index(at), float(value)) for at, value in command.args["writes"]]
        checked = [(at, self.catalogue.at(at).check(value)) for at, value in writes]
        masters = set()
        settings = set()
        for at, value in checked:
            slot = self.catalogue.at(at).slot
            if slot.name.startswith(_THRESHOLDS) and self.arena.buffer[at] != value:
                self._firmware.settings_changed()
            self.arena.buffer[at] = value
            container = (at - slot.offset) * self.site.container_count // slot.size
            if slot.name.startswith(_MAILBOX):
                masters.add(container)
            elif slot.name.startswith(_PCS_MAILBOX):
                settings.add((slot.name.removeprefix(_PCS_MAILBOX), container))
            elif slot.name.startswith(_CHILLER_MAILBOX):
                self._state.chillers.master_age[container] = 0.0
        for setting, container in sorted(settings):
            self._pcs_controller.reversions.written(setting, container)
        for container in masters:
            self._controllers.master.sequence[container] += 1.0
            self._controllers.master.age[container] = 0.0

    def _act(self, acts: Acts) -> None:
        """Do what faults do to controllers, and what masters write that do wrong."""
        if acts.controllers:
            self._firmware.bend()
            self._user_firmware.bend(self._faults.controllers)
        for blow in acts.blows:
            if blow.hits.target is not RACK_CONTROLLER:
                self._strike_plant(blow)
                continue
            told = self._firmware.strike(blow.kind, blow.settings, blow.hits.index, blow.seed)
            for rack, text in zip(blow.hits.index, told, strict=True):
                source = rack_name(int(rack), self.site.container.rack_count)
                self._events.add("fault", source, {"action": "struck", "kind": blow.kind, "text": text})
        for written in acts.writes:
            self._write_as_master(written)

    def _strike_plant(self, blow: Struck) -> None:
        """Let a blow fall on the plant."""
        self._plant.strike(blow.kind, blow.settings, blow.hits.index, blow.hits.total)
        self._events.add(
            "fault", blow.hits.names[0], {"action": "struck", "kind": blow.kind, "text": ", ".join(blow.hits.names)}
        )

    def _write_as_master(self, written: Written) -> None:
        """Apply a write of a master that does wrong as any other; an event tells where it is refused."""
        origin, buffer = f"fault:{written.fault}", self.arena.buffer
        try:
            pairs: list[list[float]] = []
            for name, value in written.values.items():
                if value is PRESENT:
                    offsets = np.concatenate([each.offsets() for each in self.catalogue.select(name)])
                    pairs += [[int(at), float(buffer[at])] for at in offsets]
                else:
                    pairs += writes(self.catalogue, {name: value}, POINTS_MAX)
            ack = self.apply(Command("write", origin, {"writes": pairs}))
            refused = ack.message
        except ValueError as error:
            refused = str(error)
        if refused:
            self._events.add("command", origin, {"op": "write", "refused": refused})

    def _fault_add(self, command: Command) -> dict[str, Any] | list[dict[str, Any]]:
        """Add a fault, or several, all or none, or say what they would hit."""
        asked = command.args["fault"]
        several = asked if isinstance(asked, list) else [asked]
        if command.args.get("dry_run"):
            found = self._faults.preview_all(several)
            return found if isinstance(asked, list) else found[0]
        added = self._faults.add_all(several, self.time)
        for each in added:
            self._events.add("fault", each["target"], {"action": "added", **each})
        return added if isinstance(asked, list) else added[0]

    def _fault_renew(self, command: Command) -> list[str]:
        if "names" not in command.args:
            raise ValueError("fault_renew: needs names, the faults whose leases begin anew")
        return self._faults.renew(command.args["names"], self.time)

    def _fast_forward(self, command: Command) -> dict[str, Any]:
        """Age the cells by days that are not simulated; a capacity test at their end tells the firmware."""
        if "days" not in command.args:
            raise ValueError("fast_forward: needs days, the number of days to skip")
        days = float(command.args["days"])
        before = health(self._state)
        duty = skip_days(self._plant_model, self._state, self.site, days)
        self._firmware.commission(self._capacity_test())
        after = health(self._state)
        told = {
            "op": command.op,
            "days": days,
            "duty": duty,
            "soh_before": before.soh_mean,
            "soh_after": after.soh_mean,
        }
        self._events.add("command", "emulator", told)
        return {"days": days, "duty": duty, "before": before.as_dict(), "after": after.as_dict()}

    def _capacity_test(self) -> Array:
        """What a full discharge of every rack on a bench finds: the mean capacity of its cells [A s], (rack,)."""
        capacity: Array = self._state.cells.capacity.mean(axis=1)
        return capacity

    def _fault_clear(self, command: Command) -> list[str]:
        names = self._faults.clear(
            names=command.args.get("names"), match=command.args.get("match"), everything=bool(command.args.get("all"))
        )
        for name in names:
            self._events.add("fault", name, {"action": "cleared", "name": name})
        return names
