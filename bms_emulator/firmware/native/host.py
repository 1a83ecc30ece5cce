"""All racks of a site that run a user's firmware: inputs go out to all workers, then outputs come in from all.

Two clocks, see :class:`Pace`: in lockstep, simulated time waits for every worker; in real time, a tick waits for a
bounded time, and a worker that has not answered is late.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import (
    Commands,
    ControllerOverlay,
    MasterLink,
    Measurements,
    Off,
    RackOrders,
    RackOutputs,
)
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.host_errors import FirmwareProblems, FirmwareStopError
from bms_emulator.firmware.native.host_options import HostOptions
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.problems import problems
from bms_emulator.firmware.native.rack_inputs import InputWriter
from bms_emulator.firmware.native.rack_outputs import HeldOutputs
from bms_emulator.firmware.native.rack_worker import RackWorker
from bms_emulator.firmware.native.scheduling import next_priority
from bms_emulator.firmware.native.step_record import DIGEST_BYTES
from bms_emulator.firmware.native.traced_worker import RackTrace, TracedWorker
from bms_emulator.firmware.native.user_rack import UserRack
from bms_emulator.firmware.native.worker import Limits, Worker
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import UserFirmware, rack_name, rack_numbers

MEMORY_INTERVAL = 60.0
"""Between two looks at a firmware's persistent memory [s of simulated time]."""

Record = tuple[str, str, dict[str, Any]]
"""Kind, source, data of an event."""


@dataclass(frozen=True)
class Pace:
    """How long a tick waits for workers.

    Attributes:
        now: Real time [s]; only lateness and the status depend on it.
        patience: Longest wait of a tick for all workers together [s of real time]; None is lockstep, where a tick waits
            for every worker as long as a step may take.
    """

    now: Callable[[], float]
    patience: Callable[[], float | None]


LOCKSTEP = Pace(lambda: 0.0, lambda: None)


class UserFirmwareHost:
    """Runs users' firmware in the racks that a site names; without any it does nothing.

    Args:
        site: The site.
        outputs: Outputs of all racks.
        orders: From the bank controllers to all racks.
        commands: Mailboxes of the masters.
        master: What is known of their writes.
        powered: 1 while the supply lets the controllers of the container run, (container,).
        memories: Persistent memories that the last run left, by rack.
        options: What to record, and what to debug.

    Attributes:
        pace: How long a tick waits for workers.

    Raises:
        FirmwareProblems: A firmware cannot be run; all that is wrong with any of them.
    """

    def __init__(
        self,
        site: SiteProfile,
        outputs: RackOutputs,
        orders: RackOrders,
        commands: Commands,
        master: MasterLink,
        powered: Array,
        memories: Mapping[str, bytes] | None = None,
        options: HostOptions = HostOptions(),  # noqa: B008 (it is frozen)
    ) -> None:
        self.pace = LOCKSTEP
        self._outputs, self._orders, self._commands, self._master = outputs, orders, commands, master
        self._powered = powered
        self._overlay: ControllerOverlay | None = None
        self._records: list[Record] = []
        self._nameless: set[tuple[str, str]] = set()
        self._crashed: set[int] = set()
        self._unknown: list[dict[str, int]] = []
        self._options = options
        self._traces: list[RackTrace] = []
        numbers = [(rack, row) for row in site.user_firmware for rack in _racks(site, row)]
        self._racks = [self._rack(site, rack, row, memories or {}) for rack, row in numbers]
        if not self._racks:
            return
        per_container = site.container.rack_count
        self._numbers = np.array([rack for rack, _ in numbers], np.int64)
        self._containers = self._numbers // per_container
        self._unknown = [{} for _ in numbers]
        self._memory_ticks = max(1, round(MEMORY_INTERVAL * 1e3 / site.step_ms))
        self._writer = InputWriter(self._numbers, per_container)
        ids = tuple(row.id for row in site.firmware.rack_alarms)
        self._held = HeldOutputs(self._numbers, outputs, ids, site.firmware.connection.open_current_a)
        messages = list(self._start_all())
        if messages:
            self.close()
            raise FirmwareProblems(messages)

    # a tick

    def bend(self, overlay: ControllerOverlay) -> None:
        """Take over how faults bend the controllers of racks: crashed, without supply, halted, slow."""
        for n, rack in enumerate(self._racks):
            has_crashed = int(overlay.rack_off[self._numbers[n]]) & Off.CRASHED
            if has_crashed and n not in self._crashed:
                rack.crash()
            (self._crashed.add if has_crashed else self._crashed.discard)(n)
        self._overlay = overlay

    def scatter(self, measurements: Measurements, tick: int, dt: float) -> None:
        """Let all workers whose turn it is begin a step.

        Args:
            measurements: What they know.
            tick: Present tick, counted from 0.
            dt: Length of it [s].

        Raises:
            FirmwareStopError: A firmware has failed, and that ends the run.
        """
        if not self._racks:
            return
        for rack in self._racks:
            if rack.failure is not None:
                raise FirmwareStopError(rack.failure)
        self._writer.collect(measurements, self._orders, self._commands, self._master)
        now, patient = self.pace.now, self.pace.patience() is None
        priority = 0 if patient else next_priority()
        for n, rack in enumerate(self._racks):
            if not self._has_supply(n):
                if rack.lose_supply(now, patient=patient):
                    self._held.switch_off(n, self._current(measurements, n))
            elif self._may_run(n, tick) and rack.prepare(tick, now, patient=patient, priority=priority):
                self._writer.write(n, rack.inputs, measurements)
                rack.begin(tick, now())

    def gather(self, measurements: Measurements, tick: int, dt: float) -> None:
        """Wait for what the workers have decided, and put that in the place of what stands in the outputs."""
        if not self._racks:
            return
        patience = self.pace.patience()
        deadline = None if patience is None else self.pace.now() + patience
        time = (tick + 1) * dt
        for n, rack in enumerate(self._racks):
            current = self._current(measurements, n)
            if rack.collect(tick, self.pace.now, deadline):
                self._tell_unknown(n, self._held.take(n, rack.outputs, rack.alarms, current, time))
            if rack.watch(tick):
                self._held.make_safe(n, current)
            if (tick + n) % self._memory_ticks == self._memory_ticks - 1:
                rack.fetch_memory(self.pace.now, patient=deadline is None)
        self._held.write(self._outputs, self._orders)

    # between ticks

    def take_events(self) -> list[Record]:
        """What happened since the last call, oldest first."""
        if not self._records:
            return []
        records, self._records = self._records, []
        return records

    def status(self) -> list[dict[str, Any]]:
        """What runs where, as plain data."""
        return [rack.status() for rack in self._racks]

    def digest(self) -> str | None:
        """Of all outputs of all steps of all of these racks, as hexadecimal digits; None where there are none."""
        if not self._racks:
            return None
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for rack in self._racks:
            digest.update(rack.name.encode() + rack.digest())
        return digest.hexdigest()

    @property
    def lates(self) -> int:
        """Steps that were not answered in time: what of a run in real time does not repeat."""
        return sum(rack.lates for rack in self._racks)

    def memories(self) -> dict[str, bytes]:
        """Persistent memory of every rack that has one, by name; waits for all of them."""
        for patient in (False, True):  # ask all of them, then wait
            for rack in self._racks:
                rack.fetch_memory(self.pace.now, patient=patient)
        return {rack.name: rack.memory for rack in self._racks if rack.memory is not None}

    def save(self) -> dict[str, bytes]:
        """State of every firmware, by rack. FirmwareError, LookupError: one does not offer it, or does not run."""
        return {rack.name: rack.save() for rack in self._racks}

    def load(self, states: Mapping[str, bytes]) -> None:
        """Give every firmware its state back. FirmwareError, LookupError: as for :meth:`save`."""
        for rack in self._racks:
            rack.load(states[rack.name])

    def close(self) -> None:
        """End all workers, and write what was recorded of them."""
        for rack in self._racks:
            rack.close()
        for trace in self._traces:
            trace.close()

    def _rack(self, site: SiteProfile, number: int, row: UserFirmware, memories: Mapping[str, bytes]) -> UserRack:
        name = rack_name(number, site.container.rack_count)
        rack, cell = site.container.rack, site.container.rack.pack.cell
        container, within = divmod(number, site.container.rack_count)
        config = row.config | {
            "rated_capacity_ah": cell.rated_capacity_ah,
            "rated_current_a": rack.rated_current_a,
            "container": container + 1,
            "rack": within + 1,
        }
        counts = Counts(rack.cell_count, rack.sensor_count, rack.pack_count)
        limits = Limits(memory=row.memory_mib << 20, step_time=row.step_limit_ms / 1e3)

        debug = name in self._options.debugged
        trace = self._trace(site, name)

        def launch(memory: bytes | None) -> Worker:
            if trace is None:
                return Worker(row.library, config, counts, limits, memory, debug, wait=False)
            return TracedWorker(trace, row.library, config, counts, limits, memory, debug)

        def check(outputs: NDArray[np.void]) -> list[str]:
            wrong = problems(outputs)
            if wrong and trace is not None:
                trace.blame("nonsense", "; ".join(wrong))
            return wrong

        attach = partial(self._options.attach, name) if debug else None
        worker = RackWorker(launch, memories.get(name), limits.step_time, attach)

        def tell(data: dict[str, Any]) -> None:
            self._records.append(("firmware", name, data))

        return UserRack(name, row, worker, check, site.step_ms * 1_000_000, tell)

    def _trace(self, site: SiteProfile, name: str) -> RackTrace | None:
        """What records a rack, where that is wanted."""
        if self._options.traces is None:
            return None

        def tell(message: str) -> None:
            self._records.append(("firmware", name, {"action": "trace", "message": message}))

        trace = RackTrace(site.name, name, site.step_ms * 1_000_000, self._options.traces, tell)
        self._traces.append(trace)
        return trace

    def _start_all(self) -> Iterator[str]:
        """Start all first workers at once; what is wrong with any, each message once with all of its racks."""
        wrong: dict[str, list[str]] = {}
        steps = (UserRack.start, UserRack.await_start)
        failed: set[str] = set()
        for step in steps:
            for rack in self._racks:
                if rack.name in failed:
                    continue
                try:
                    for message in step(rack) or ():
                        wrong.setdefault(message, []).append(rack.name)
                except FirmwareError as error:
                    failed.add(rack.name)
                    wrong.setdefault(error.message, []).append(rack.name)
        for message, names in wrong.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield f"{names[0]}{more}: {message}"

    def _has_supply(self, n: int) -> bool:
        overlay, number = self._overlay, self._numbers[n]
        is_cut = overlay is not None and int(overlay.rack_off[number]) & Off.UNPOWERED
        return bool(self._powered[self._containers[n]]) and not is_cut

    def _may_run(self, n: int, tick: int) -> bool:
        """Whether no fault keeps a rack's firmware from this step."""
        overlay, number = self._overlay, self._numbers[n]
        if overlay is None:
            return True
        is_kept = overlay.rack_halted[number] or overlay.rack_off[number]
        return not is_kept and tick % max(1, int(overlay.rack_divider[number])) == 0

    def _current(self, measurements: Measurements, n: int) -> float:
        return float(measurements.current[self._numbers[n]])

    def _tell_unknown(self, n: int, active: dict[str, int]) -> None:
        """Tell of alarms that the profile does not know, as of those that it knows."""
        before = self._unknown[n]
        if active == before:
            return
        self._unknown[n] = active
        rack = self._racks[n]
        self._tell_nameless(rack, active)
        for alarm in sorted(active.keys() | before.keys()):
            level, previous = active.get(alarm, 0), before.get(alarm, 0)
            if level != previous:
                data = {"alarm": alarm, "level": level, "previous": previous}
                self._records.append(("alarm", rack.name, data))

    def _tell_nameless(self, rack: UserRack, active: Collection[str]) -> None:
        """Tell, once for each, of alarms that the firmware itself does not name."""
        for alarm in sorted(set(active) - set(rack.alarms.values())):
            if (rack.name, alarm) not in self._nameless:
                self._nameless.add((rack.name, alarm))
                message = f"bms_describe names no alarm of this id: it counts with its level, as {alarm}"
                self._records.append(("firmware", rack.name, {"action": "alarm", "alarm": alarm, "message": message}))


def _racks(site: SiteProfile, row: UserFirmware) -> tuple[int, ...]:
    return rack_numbers(row.racks, site.container_count, site.container.rack_count)
