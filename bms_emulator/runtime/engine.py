"""The engine process: one emulator, its loop, and nothing else.

Importing this module is cheap; the process itself imports the emulator and with it numba.
"""

import logging
import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from multiprocessing.connection import Connection
from typing import Any, Protocol

from bms_emulator import __version__
from bms_emulator.firmware.native.host_errors import FirmwareProblems, FirmwareStopError
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.points.emulator import EmulatorCommands, EmulatorState
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.clock import Clock, MonotonicClock
from bms_emulator.runtime.firmware_memory import read_memories, write_memories
from bms_emulator.runtime.journal import Journal
from bms_emulator.runtime.loop import Gap, Loop
from bms_emulator.runtime.memory import Memory
from bms_emulator.runtime.messages import pack_ack, unpack_command
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.pace import Pace
from bms_emulator.runtime.process import adopt, freeze_garbage, ignore_garbage, set_realtime, set_timer_slack
from bms_emulator.runtime.publisher import HasImages, Publisher
from bms_emulator.runtime.rings import QueueFullError
from bms_emulator.runtime.shared import Channels, Shape, profile_hash
from bms_emulator.runtime.stalls import Stalls

STATUS_INTERVAL = 250_000_000
"""Longest time between two publications of the status [ns]."""
GAP_INTERVAL = 10_000_000_000
"""Shortest time between two events that tell of gaps [ns]."""
FIRMWARE_SHARE = 0.5
"""Share of a tick's real time that it waits for users' firmware at most."""
EXIT_FAILED, EXIT_PROBLEMS = 1, 2
DEBUGGER_INTERVAL = 0.05
"""Between two looks for a debugger [s]."""
COMMANDS_AT_ONCE = 500
"""Commands of one producer that are applied at one tick boundary; more wait for the next."""

_log = logging.getLogger(__name__)


class Emulates(HasImages, Protocol):
    """What the engine needs of an emulator."""

    site: SiteProfile
    dt: float

    @property
    def stalls(self) -> Sequence[Mapping[str, Any]]:
        """Faults of the loop that act now."""

    def apply(self, command: Command) -> Ack:
        """Apply a command before the next tick, or refuse it."""

    def tick(self) -> None:
        """Advance by one step."""

    def refresh_images(self) -> None:
        """Bring the register images up to date after a command."""

    def faults(self) -> list[dict[str, Any]]:
        """Active faults as data."""

    def firmware_status(self) -> list[dict[str, Any]]:
        """Racks with a user's firmware as data."""


class Engine:
    """Drives an emulator: applies commands at tick boundaries, ticks, publishes, answers.

    Commands that come while no tick is due are applied then; that is the same boundary. An answer is sent after what
    the command changed can be read.

    Args:
        emulator: What to drive.
        channels: Shared memory.
        clock: Paces the loop.
        options: Options of the run.
        journal: Where commands are noted.
        realtime: Enters or leaves the real-time class of the scheduler; returns whether the process is in it.
    """

    def __init__(
        self,
        emulator: Emulates,
        channels: Channels,
        clock: Clock,
        options: RunOptions,
        journal: Journal | None = None,
        realtime: Callable[[bool], bool] = lambda wanted: False,
    ) -> None:
        self.loop = Loop(self, clock, emulator.dt, emulator.site.overrun)
        self._emulator = emulator
        self._channels = channels
        self._clock = clock
        self._journal = journal
        self._set_realtime = realtime
        self._publisher = Publisher(emulator, channels)
        self._state = emulator.arena.group("emulator", EmulatorState)
        self._speed = emulator.arena.group("emulator.commands", EmulatorCommands).speed
        self._last_tick = math.inf if options.duration is None else round(options.duration / emulator.dt)
        self._answers: list[tuple[int, int, Ack]] = []
        self._status_at = clock.now()
        self._pace = Pace()
        self._stalls = Stalls(clock)
        self._has_stalled = False
        self._asked_speed = 0.0
        self._has_priority = False
        self._counts = {"applied": 0, "refused": 0, "answers_lost": 0}
        self._gap_ticks = 0
        self._gap_at = -GAP_INTERVAL
        self._fixed = {
            "site": emulator.site.name,
            "version": __version__,
            "profile": profile_hash(emulator.site),
            "seed": options.seed,
            "dt": emulator.dt,
            "overrun": emulator.site.overrun,
        }

    def start(self, commands: tuple[Command, ...], scheduling: dict[str, Any]) -> None:
        """Apply the commands given at the start, run the first tick, which compiles the kernels, and publish.

        Raises:
            ValueError: A command was refused.
        """
        self._fixed["scheduling"] = scheduling
        for command in commands:
            ack = self._apply(command)
            if not ack.accepted:
                raise ValueError(f"{command.op} given at the start: {ack.message}")
        self._emulator.tick()
        self.loop.count_first()
        self._note_clock()
        self._publisher.everything()
        self._show_status(self._clock.now())
        self._channels.header.set_ready()

    # what the loop asks for

    def speed(self) -> float:
        """Speed as last commanded."""
        speed = float(self._speed)
        if speed != self._asked_speed:
            was_real_time, is_real_time = (0.0 < s <= 1.0 for s in (self._asked_speed, speed))
            self._asked_speed = speed
            self._pace.change(is_paused=speed == 0.0)
            if is_real_time != was_real_time:
                # an engine that is faster than real time would keep much of a processor to itself
                self._has_priority = self._set_realtime(is_real_time)
        return speed

    def patience(self) -> float | None:
        """Longest wait of a tick for users' firmware [s of real time]; None where nothing ties it to real time."""
        speed = float(self._speed)
        return FIRMWARE_SHARE * self._emulator.dt / speed if 0.0 < speed < math.inf else None

    def stopping(self) -> bool:
        """Whether a stop was asked for, or the run has lasted as long as it should."""
        return self._channels.header.stopping or self._emulator.tick_count >= self._last_tick

    def hold_up(self) -> None:
        """Be late as faults of the loop say."""
        stalls = self._emulator.stalls
        if stalls or self._has_stalled:
            self._stalls.before_tick(stalls)
            self._has_stalled = bool(stalls)

    def tick(self) -> None:
        """Commands, one tick, publication, answers."""
        self._pace.tick(self._clock.now(), self._emulator.time)
        changed, urgent = self._drain()
        self._emulator.tick()
        if self._emulator.stalls:
            self._stalls.during_tick(self._emulator.stalls)
        self._publish(changed, urgent)

    def between(self) -> None:
        """Commands while no tick is due."""
        changed, urgent = self._drain()
        if changed:
            self._emulator.refresh_images()
            self._publish(changed, urgent)
        elif self._clock.now() - self._status_at >= STATUS_INTERVAL:
            self._show_status(self._clock.now())

    def gap(self, gap: Gap) -> None:
        """Leave the real-time class, which an engine that cannot keep up must not hold; the event comes later."""
        self._has_priority = self._set_realtime(False)
        self._gap_ticks += gap.ticks

    def finish(self) -> None:
        """Publish the last state."""
        self._publish(changed=True, urgent=True)

    # steps of a tick

    def _drain(self) -> tuple[bool, bool]:
        """Apply what waits in the queues; whether there was something, and whether the status must show it at once."""
        urgent = False
        for producer, queue in enumerate(self._channels.commands):
            for _ in range(COMMANDS_AT_ONCE):
                record = queue.take()
                if record is None:
                    break
                number, command = unpack_command(record)
                self._answers.append((producer, number, self._apply(command)))
                urgent = urgent or command.op != "write"
        return bool(self._answers), urgent

    def _apply(self, command: Command) -> Ack:
        ack = self._emulator.apply(command)
        self._counts["applied" if ack.accepted else "refused"] += 1
        if self._journal is not None:
            self._journal.record(command, ack)
        if not ack.accepted:
            self._publisher.events([("command", command.origin, {"op": command.op, "refused": ack.message})])
        return ack

    def _publish(self, changed: bool, urgent: bool) -> None:
        self._note_clock()
        now = self._clock.now()
        about_fault = self._publisher.tick(now, changed=changed)
        if urgent or about_fault or now - self._status_at >= STATUS_INTERVAL:
            self._show_status(now)
        if self._answers:
            self._answer()

    def _answer(self) -> None:
        for producer, number, ack in self._answers:
            try:
                self._channels.answers[producer].put(pack_ack(number, ack))
            except QueueFullError:  # its process is dead or hung, and the loop waits for nobody
                self._counts["answers_lost"] += 1
        self._answers.clear()

    def _note_clock(self) -> None:
        state, loop = self._state, self.loop
        state.ticks_due[...] = loop.ticks_due
        state.ticks_skipped[...] = loop.ticks_skipped
        state.overruns[...] = loop.overruns

    def _show_status(self, now: int) -> None:
        emulator, loop, state = self._emulator, self.loop, self._state
        state.lateness_p50[...], state.lateness_p99[...], state.lateness_max[...] = loop.lateness.recent()
        state.compute_p50[...], state.compute_p99[...], _ = loop.compute.recent()
        state.speed_actual[...] = self._pace.speed
        self._tell_gap(now)
        self._publisher.status(
            self._fixed
            | {
                "tick": emulator.tick_count,
                "time": emulator.time,
                "speed": float(self._speed),
                "speed_actual": float(state.speed_actual),
                "ticks_due": loop.ticks_due,
                "ticks_run": loop.ticks_run,
                "ticks_skipped": loop.ticks_skipped,
                "overruns": loop.overruns,
                "lateness": loop.lateness.summary(),
                "compute": loop.compute.summary(),
                "realtime": self._has_priority,
                "commands": dict(self._counts),
                "faults": emulator.faults(),
                "firmware": emulator.firmware_status(),
            }
        )
        if self._journal is not None:
            self._journal.flush()
        self._status_at = now

    def _tell_gap(self, now: int) -> None:
        if self._gap_ticks and now - self._gap_at >= GAP_INTERVAL:
            policy = self._emulator.site.overrun
            self._publisher.events([("clock", "emulator", {"ticks_behind": self._gap_ticks, "policy": policy})])
            self._gap_ticks, self._gap_at = 0, now


def main(site: SiteProfile, options: RunOptions, memory: Memory, report: Connection) -> None:
    """Run the engine until a stop is asked for, the duration is over, or something fails.

    Reports ``problems``, ``compiling``, ``ready``, ``finished`` and ``failed``, as
    :mod:`bms_emulator.runtime.supervisor` says.

    Raises:
        SystemExit: With 1, where the run failed; with 2, where users' firmware cannot be run.
    """
    adopt("engine", options.log_level)
    ignore_garbage()
    emulator: Any = None
    try:
        emulator = _build(site, options, lambda kind, data: report.send((kind, data)))
        _run(emulator, options, memory, report)
    except FirmwareProblems as error:
        report.send(("problems", {"messages": error.messages}))
        raise SystemExit(EXIT_PROBLEMS) from error
    except Exception as error:
        tick, simulated = (0, 0.0) if emulator is None else (emulator.tick_count, emulator.time)
        where = "at the start" if emulator is None else f"at tick {tick}"
        _log.info("the engine stops %s: %s: %s", where, type(error).__name__, error)
        is_foreseen = isinstance(error, FirmwareStopError)
        message = f"{error}" if is_foreseen else f"{type(error).__name__}: {error}"
        trace = "" if is_foreseen else traceback.format_exc()
        report.send(("failed", {"message": message, "tick": tick, "time": simulated, "traceback": trace}))
        raise SystemExit(EXIT_FAILED) from error
    finally:
        if emulator is not None:
            _end_firmware(emulator, report)
    report.send(
        ("finished", {"ticks": emulator.tick_count, "time": emulator.time, "firmware_hash": emulator.firmware_hash()})
    )


def _end_firmware(emulator: Any, report: Connection) -> None:
    """Keep the persistent memory of users' firmware, and end its processes."""
    try:
        write_memories(emulator.site, emulator.firmware_memories())
    except OSError as error:
        report.send(("warning", {"message": f"persistent memory of firmware was not kept: {error}"}))
    for kind, source, data in emulator.take_events():  # nobody publishes any more
        if kind == "firmware" and "message" in data:
            report.send(("warning", {"message": f"{source}: {data['message']}"}))
    emulator.close()


def _build(site: SiteProfile, options: RunOptions, tell: Callable[[str, dict[str, Any]], None]) -> Any:
    from bms_emulator import jit
    from bms_emulator.firmware.native.debug import wait_for_debugger
    from bms_emulator.firmware.native.host_options import HostOptions
    from bms_emulator.runtime.emulator import Emulator

    count = 0

    def compiling(kernel: str) -> None:
        nonlocal count
        count += 1
        tell("compiling", {"count": count, "kernel": kernel})

    def pause() -> bool:
        time.sleep(DEBUGGER_INTERVAL)
        return True

    def attach(rack: str, pid: int) -> None:
        wait_for_debugger(pid, rack, lambda message: tell("waiting", {"message": message}), pause)

    jit.on_compile(compiling)
    firmware = HostOptions(options.traces, options.debugged, attach)
    return Emulator(site, options.seed, read_memories(site), firmware)


def _run(emulator: Any, options: RunOptions, memory: Memory, report: Connection) -> None:
    from bms_emulator.firmware.native.host import Pace

    shape = Shape(profile_hash(emulator.site), emulator.arena.layout.size, len(emulator.images))
    channels = Channels.create(memory, shape)
    _, speed_at = emulator.catalogue.find("emulator.speed")
    at_speed = Command("write", "start", {"writes": [[speed_at, options.speed]]})
    path, site, seed = options.journal, emulator.site, options.seed
    note = nullcontext(None) if path is None else Journal(path, site, seed, read_memories(site))
    with note as journal:
        emulator.is_paced = True
        engine = Engine(emulator, channels, MonotonicClock(), options, journal, set_realtime)
        scheduling = {"timer_slack": set_timer_slack()}
        started = time.monotonic()
        engine.start((at_speed, *options.commands), scheduling)
        _log.info("first tick took %.2f s", time.monotonic() - started)
        in_lockstep = site.firmware_clock == "lockstep"
        emulator.set_pace(Pace(time.monotonic, (lambda: None) if in_lockstep else engine.patience))
        freeze_garbage()
        report.send(("ready", {"addresses": []}))
        engine.loop.run()
        engine.finish()
        if journal is not None:
            journal.end(emulator)
