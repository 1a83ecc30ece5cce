"""A test bench: one rack of a hand-made plant, and a firmware library that looks after it in a process of its own."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from bms_emulator.firmware.contract import RackMode, Request
from bms_emulator.firmware.native.abi import LONG_AGO, NO_SOURCE, CommandFlag, Contactor, DigitalInput, OutputFlag
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.worker import Worker
from hil.firmware.plant import CELLS, PACKS, RATED_CAPACITY, RATED_CURRENT, TEMPERATURES, ZERO_DEGC, Plant

STEP = 0.1
"""Length of a step of the bench [s]."""
CONFIG: dict[str, Any] = {
    "rated_capacity_ah": RATED_CAPACITY,
    "rated_current_a": RATED_CURRENT,
    "container": 1,
    "rack": 1,
}
HEALTHY = DigitalInput.FUSE_INTACT | DigitalInput.BREAKER_CLOSED | DigitalInput.INTERLOCK_CLOSED
USUAL = CommandFlag.ENABLED | CommandFlag.JOIN_PERMITTED | CommandFlag.BALANCING_ENABLED
_OTHERS = {
    "insulation_positive": 1e7,
    "insulation_negative": 1e7,
    "terminal_temperature": ZERO_DEGC + 25.0,
    "coolant_supply_temperature": ZERO_DEGC + 22.0,
    "coolant_return_temperature": ZERO_DEGC + 24.0,
    "coolant_flow": 0.5,
    "coolant_pressure": 1.5e5,
    "ambient_temperature": ZERO_DEGC + 25.0,
    "dew_point": ZERO_DEGC + 10.0,
    "supply_voltage": 24.0,
}
"""Measurements that stand still."""


@dataclass(frozen=True)
class Snapshot:
    """Firmware and plant at one time.

    Attributes:
        firmware: As the library gave it.
        plant: The rack.
        outputs: The firmware's last ones.
        ns: Time since the start.
    """

    firmware: bytes
    plant: Plant
    outputs: Any
    ns: int


class Rig:
    """A rack under a firmware. Whatever a test sets counts from the next step on.

    Args:
        library: Of the firmware.
        blob: Persistent memory that it finds.

    Attributes:
        plant: The rack.
        digital: Inputs of the controller.
        request: Of the bank controller.
        flags: Of its command.
        bank_action: That alarms of the container ask for, 0 to 4.
        reserves: Least and largest state of charge.
        cell_age: Age of every cell voltage [s], (cell,).
        current_age: Age of the current [s].
        time: Since the start [s].
        log: Lines that the firmware has written.
        state: Of the firmware.
    """

    def __init__(self, library: Path, blob: bytes | None = None) -> None:
        self.plant = Plant()
        self.digital = HEALTHY
        self.request = Request.NONE
        self.flags = USUAL
        self.bank_action = 0
        self.reserves = (0.0, 1.0)
        self.cell_age = np.zeros(CELLS)
        self.current_age = 0.0
        self.time = 0.0
        self.log = ""
        self._library = library
        self._ns = 0
        self._begin(blob)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._worker.close()

    @property
    def state(self) -> RackMode:
        return RackMode(int(self._out["state"]))

    @property
    def command(self) -> Contactor:
        """Contactors whose coils are energised."""
        return Contactor(int(self._out["contactor_command"]))

    @property
    def is_ready(self) -> bool:
        return bool(int(self._out["flags"]) & OutputFlag.READY)

    @property
    def limits(self) -> tuple[float, float]:
        """Charge and discharge current limit [A]."""
        return float(self._out["charge_current_limit"]), float(self._out["discharge_current_limit"])

    @property
    def soc(self) -> float:
        return float(self._out["soc"])

    @property
    def heartbeat(self) -> int:
        return int(self._out["heartbeat"])

    @property
    def connect_failure(self) -> int:
        return int(self._out["connect_failure"])

    @property
    def balancing(self) -> list[int]:
        """Cells that are bled, from 0."""
        return [int(cell) for cell in np.flatnonzero(self._out["balancing"])]

    @property
    def alarms(self) -> dict[str, int]:
        """Levels of active alarms by their names."""
        return {self._name(row): int(row["level"]) for row in self._active()}

    def source(self, alarm: str) -> int | None:
        """Cell, pack or contactor of an active alarm, from 0; None is the rack."""
        sources = {self._name(row): int(row["source"]) for row in self._active()}
        return None if sources[alarm] == NO_SOURCE else sources[alarm]

    def step(self, dt: float = STEP) -> None:
        """One step of plant and firmware of dt [s], a multiple of the firmware's period."""
        self.plant.step(self.command, *self.limits, dt)
        self._scatter()
        periods = round(dt / self._worker.description.period)
        period_ns = round(dt * 1e9) // periods
        self._ns += periods * period_ns
        self._worker.begin(self._ns, period_ns, periods)
        self.log += self._worker.finish().log
        self._out = self._worker.outputs.copy()
        self.time = self._ns / 1e9
        self.flags &= ~CommandFlag.ALARM_RESET

    def run(self, duration: float, dt: float = STEP) -> None:
        """Steps for a time [s]."""
        for _ in range(round(duration / dt)):
            self.step(dt)

    def wait(self, condition: Callable[[], bool], within: float, what: str, dt: float = STEP) -> float:
        """Step until a condition holds, and give the time that this took [s].

        Raises:
            AssertionError: It does not hold within that time [s].
        """
        begin = self.time
        while not condition():
            assert self.time - begin < within - 1e-9, f"not within {within:g} s: {what}\n{self.report()}"
            self.step(dt)
        return self.time - begin

    def connect(self) -> None:
        """Let the rack join the bus."""
        self.request = Request.CONNECT
        self.wait(lambda: self.state == RackMode.CONNECTED, 10.0, "the rack connects")
        self.run(0.5)

    def reset_alarms(self) -> None:
        """Give an alarm reset, which stands for one step."""
        self.flags |= CommandFlag.ALARM_RESET
        self.run(0.5)

    def reboot(self) -> None:
        """Take the power away and give it back: the plant stays, and so does persistent memory."""
        blob = self._worker.persistent()
        self._worker.close()
        self._begin(blob)

    @property
    def has_snapshot(self) -> bool:
        """Whether the firmware offers snapshots."""
        return self._worker.description.has_snapshot

    def save(self) -> Snapshot:
        """All that is needed to go on from here later."""
        return Snapshot(self._worker.save(), deepcopy(self.plant), self._out.copy(), self._ns)

    def load(self, snapshot: Snapshot) -> None:
        """Go back to where a snapshot was taken."""
        self._worker.load(snapshot.firmware)
        self.plant, self._out, self._ns = deepcopy(snapshot.plant), snapshot.outputs.copy(), snapshot.ns
        self.time = self._ns / 1e9

    def report(self) -> str:
        """What a failed check shows."""
        closed = self.plant.closed.name or "none"
        return f"at {self.time:.2f} s: {self.state.name}, closed: {closed}, alarms: {self.alarms}\n{self.log}"

    def _begin(self, blob: bytes | None) -> None:
        self._worker = Worker(str(self._library), CONFIG, Counts(CELLS, TEMPERATURES, PACKS), blob=blob)
        self._names = self._worker.description.alarms
        self._out = self._worker.outputs.copy()
        inputs = self._worker.inputs
        for name, value in _OTHERS.items():
            inputs[name] = (value, 0, 1)

    def _active(self) -> Any:
        return self._out["alarms"][: int(self._out["alarm_count"])]

    def _name(self, row: Any) -> str:
        return self._names.get(int(row["id"]), str(int(row["id"])))

    def _scatter(self) -> None:
        plant, inputs = self.plant, self._worker.inputs
        cells, temperatures, command = inputs["cell_voltages"], inputs["temperatures"], inputs["command"]
        cells["value"] = plant.cell_voltage
        cells["age_ms"] = np.minimum(self.cell_age * 1000.0, LONG_AGO)
        cells["valid"] = 1
        temperatures["value"] = plant.temperature
        temperatures["age_ms"] = 0
        temperatures["valid"] = 1
        age = round(self.current_age * 1000.0)
        inputs["current"] = inputs["current_second"] = (plant.current, age, 1)
        inputs["string_voltage"] = inputs["fuse_voltage"] = (plant.string_voltage, 0, 1)
        inputs["link_voltage"] = (plant.link, 0, 1)
        inputs["contactor_feedback"] = int(plant.closed)
        inputs["digital_inputs"] = int(self.digital)
        command["request"] = int(self.request)
        command["flags"] = int(self.flags)
        command["bank_action"] = self.bank_action
        command["soc_min"], command["soc_max"] = self.reserves
