"""A container with its PCS and chiller: one state machine, from the first order to the last."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, Flag, auto

from hil.ems.battery import Battery
from hil.ems.chiller import Chiller
from hil.ems.dispatch import Plan, Share, ramp
from hil.ems.pcs import Pcs

RESET_INTERVAL = 60.0
"""Between two resets of a fault [s]."""
CHILLER_RESET_INTERVAL = 300.0
"""Between two resets of a chiller [s]."""
SETTLE = 10.0
"""For how long all must be well before power flows again [s]."""
IDLE = 0.01
"""Power, relative to rated, below which contactors may open [1]."""


class State(Enum):
    """State of a unit."""

    LOST = "lost"
    STOPPED = "stopped"
    CONNECTING = "connecting"
    STARTING = "starting"
    RUNNING = "running"
    HELD = "held"
    STOPPING = "stopping"
    FAULT = "fault"


class Is(Flag):
    """What holds in a cycle."""

    NOTHING = 0
    LOST = auto()
    WANTED = auto()
    BATTERY_ON = auto()
    BATTERY_OFF = auto()
    PCS_RUNNING = auto()
    TRIPPED = auto()
    ALARM = auto()
    SETTLED = auto()
    RESET = auto()
    LATE = auto()


@dataclass(frozen=True)
class Transition:
    """A row of the state machine: from a state to the next where all of some flags hold and none of others."""

    state: State
    next: State
    all: Is = Is.NOTHING
    none: Is = Is.NOTHING


TRANSITIONS = (
    *(Transition(state, State.LOST, Is.LOST) for state in State if state is not State.LOST),
    Transition(State.LOST, State.STOPPED, none=Is.LOST),
    Transition(State.STOPPED, State.FAULT, Is.WANTED | Is.TRIPPED),
    Transition(State.STOPPED, State.FAULT, Is.WANTED | Is.ALARM),
    Transition(State.STOPPED, State.CONNECTING, Is.WANTED),
    Transition(State.CONNECTING, State.STOPPING, none=Is.WANTED),
    Transition(State.CONNECTING, State.STOPPING, Is.TRIPPED),
    Transition(State.CONNECTING, State.STARTING, Is.BATTERY_ON),
    Transition(State.CONNECTING, State.STOPPING, Is.LATE),
    Transition(State.STARTING, State.STOPPING, none=Is.WANTED),
    Transition(State.STARTING, State.STOPPING, none=Is.BATTERY_ON),
    Transition(State.STARTING, State.STOPPING, Is.TRIPPED),
    Transition(State.STARTING, State.RUNNING, Is.PCS_RUNNING),
    Transition(State.STARTING, State.STOPPING, Is.LATE),
    Transition(State.RUNNING, State.STOPPING, none=Is.WANTED),
    Transition(State.RUNNING, State.STOPPING, none=Is.BATTERY_ON),
    Transition(State.RUNNING, State.STOPPING, Is.TRIPPED),
    Transition(State.RUNNING, State.HELD, Is.ALARM),
    Transition(State.RUNNING, State.HELD, none=Is.PCS_RUNNING),
    Transition(State.HELD, State.STOPPING, none=Is.WANTED),
    Transition(State.HELD, State.STOPPING, none=Is.BATTERY_ON),
    Transition(State.HELD, State.STOPPING, Is.TRIPPED),
    Transition(State.HELD, State.RUNNING, Is.SETTLED),
    Transition(State.STOPPING, State.FAULT, Is.BATTERY_OFF | Is.WANTED),
    Transition(State.STOPPING, State.STOPPED, Is.BATTERY_OFF),
    Transition(State.STOPPING, State.FAULT, Is.LATE),
    Transition(State.FAULT, State.STOPPED, none=Is.WANTED),
    Transition(State.FAULT, State.STOPPED, Is.RESET, Is.TRIPPED | Is.ALARM),
)
"""The first row that fits counts."""

LATE = {State.CONNECTING: 120.0, State.STARTING: 60.0, State.STOPPING: 60.0}
"""Longest stay [s]; in others it does not matter."""


def following(state: State, flags: Is) -> State:
    """The state after one in which flags hold."""
    for row in TRANSITIONS:
        if row.state is state and row.all & flags == row.all and not row.none & flags:
            return row.next
    return state


@dataclass
class Unit:
    """A container with its PCS and chiller.

    Attributes:
        name: What people call it.
        battery: Its battery.
        pcs: Its PCS.
        chiller: Its chiller.
        rated_power: Of the PCS [W].
        rated_energy: Of the battery [J].
        tell: Called with a text when something happens.
        wanted: Whether it is to run.
        grid: Whether there is a grid.
        state: State.
        asked: Power that the PCS was asked for last [W].
        age: For how long the state has lasted [s].
    """

    name: str
    battery: Battery
    pcs: Pcs
    chiller: Chiller
    rated_power: float
    rated_energy: float
    tell: Callable[[str], None]
    wanted: bool = True
    grid: bool = True
    state: State = State.LOST
    asked: float = 0.0
    age: float = 0.0
    _well: float = 0.0
    _since_reset: float = math.inf
    _resets: int = 0
    _since_chiller_reset: float = math.inf
    _chiller_stopped: bool = False
    _ordered: bool = False
    _empty: bool = False
    _full: bool = False

    @property
    def in_service(self) -> bool:
        """Whether power may flow."""
        return self.state is State.RUNNING

    def flags(self) -> Is:
        """What holds now."""
        battery, pcs = self.battery, self.pcs
        held = {
            Is.LOST: not (battery.available and pcs.available),
            Is.WANTED: self.wanted,
            Is.BATTERY_ON: battery.on,
            Is.BATTERY_OFF: battery.off,
            Is.PCS_RUNNING: pcs.running,
            Is.TRIPPED: battery.level >= 3 or pcs.fault,
            Is.ALARM: battery.level >= 2,
            Is.SETTLED: self._well >= SETTLE,
            Is.RESET: self._resets > 0 and self._since_reset >= SETTLE,
            Is.LATE: self.age > LATE.get(self.state, math.inf),
        }
        return Is(sum(flag.value for flag, holds in held.items() if holds))

    def step(self, elapsed: float) -> None:
        """Look where it stands after a time [s], and give the orders of its state."""
        self.age += elapsed
        self._since_reset += elapsed
        well = self.battery.level < 2 and self.battery.on and self.pcs.running and self.grid
        self._well = self._well + elapsed if well else 0.0
        state = following(self.state, self.flags())
        if state is not self.state:
            self.tell(f"{self.state.value} -> {state.value}{self._why()}")
            self.state, self.age, self._ordered, self._resets = state, 0.0, False, 0
        orders = getattr(self, f"_while_{state.value}", None)
        if orders is not None:
            orders()
        if not self.in_service:
            self.set_power(0.0)
        self._look_after_chiller(elapsed)

    def share(self, plan: Plan) -> Share:
        """What it can do now."""
        battery = self.battery
        soc = battery["soc"]
        if not self.in_service or not self.grid or not battery.fresh or not soc >= 0.0:
            return Share(0.0, 0.0, 0.0, 0.0)
        self._empty = soc <= plan.soc_min or (self._empty and soc < plan.soc_min + 0.02)
        self._full = soc >= plan.soc_max or (self._full and soc < plan.soc_max - 0.02)
        most = self.rated_power * (plan.chiller_share if self._chiller_stopped else 1.0)
        if not battery["temperature_max"] <= plan.temperature_max:
            most = 0.0
        charge, discharge = (
            max(0.0, min(most, plan.limit_share * limit)) if limit == limit else 0.0  # noqa: PLR0124
            for limit in (battery.charge_limit, battery.discharge_limit)
        )
        return Share(
            charge=0.0 if self._full else charge,
            discharge=0.0 if self._empty else discharge,
            energy=max(0.0, soc - plan.soc_min) * self.rated_energy,
            room=max(0.0, plan.soc_max - soc) * self.rated_energy,
        )

    def dispatch(self, plan: Plan, target: float, elapsed: float, share: Share) -> None:
        """Ask for a power [W], by its ramp, within what it can do."""
        power = ramp(self.asked, target, plan.ramp * self.rated_power * elapsed)
        self.set_power(min(max(power, -share.charge), share.discharge))

    def set_power(self, power: float) -> None:
        """Ask the PCS for a power [W]."""
        self.asked = power
        self.pcs.set_power(power)

    def _why(self) -> str:
        reasons = []
        if not self.battery.available:
            reasons.append("battery lost" if self.battery.link.lost else "battery's heartbeat stands still")
        if not self.pcs.available:
            reasons.append("PCS lost")
        if self.battery.level >= 2:
            reasons.append(f"alarm of level {self.battery.level}")
        if self.pcs.fault:
            reasons.append("PCS fault")
        if self.battery.values and not self.battery.on:
            reasons.append(f"{self.battery['racks_connected']:.0f} of {self.battery['racks']:.0f} racks connected")
        return f" ({', '.join(reasons)})" if reasons else ""

    def _while_connecting(self) -> None:
        if self.battery.off and not self.pcs.dc_open:
            self.pcs.open_dc()
        elif not self._ordered:
            self.battery.connect()
            self._ordered = True

    def _while_starting(self) -> None:
        self.battery.stay()
        self.pcs.start()

    def _while_stopping(self) -> None:
        self.pcs.stop()
        if abs(self.pcs["power"]) <= IDLE * self.rated_power and not self._ordered:
            self.battery.disconnect()
            self._ordered = True

    def _while_stopped(self) -> None:
        if self.battery.off:
            self.battery.stay()
            self.pcs.open_dc()

    def _while_fault(self) -> None:
        self._while_stopped()
        if self.battery.normal and (self._resets == 0 or self._since_reset >= RESET_INTERVAL):
            self.battery.reset()
            self.pcs.reset()
            self._resets += 1
            self._since_reset = 0.0

    def _look_after_chiller(self, elapsed: float) -> None:
        self._since_chiller_reset += elapsed
        stopped = not self.chiller.available or self.chiller.stopped
        if stopped != self._chiller_stopped:
            self.tell("chiller stands still" if stopped else "chiller is back")
            self._chiller_stopped = stopped
        if stopped and self._since_chiller_reset >= CHILLER_RESET_INTERVAL:
            self.chiller.reset()
            self._since_chiller_reset = 0.0
