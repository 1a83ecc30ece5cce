"""How a battery driver of OpenEMS starts and stops its battery: one state machine, whatever the battery."""

from abc import ABC, abstractmethod
from enum import Enum

from hil.openems.bridge import Bridge

ERROR_PAUSE = 120
"""Cycles in which an error rests."""


class State(Enum):
    """State of a driver."""

    UNDEFINED = "undefined"
    GO_RUNNING = "go running"
    RUNNING = "running"
    GO_STOPPED = "go stopped"
    STOPPED = "stopped"
    ERROR = "error"


class Driver(ABC):
    """A driver on its bridge.

    A change of the target leads anew through UNDEFINED. The battery counts as started in state RUNNING only.

    Args:
        bridge: The connection.

    Attributes:
        bridge: The connection.
        state: State.
    """

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.state = State.UNDEFINED
        self._since = 0
        self._target: bool | None = None

    @property
    def target(self) -> bool | None:
        """Whether the battery is to run; None where nobody has said so yet."""
        return self._target

    @target.setter
    def target(self, start: bool) -> None:
        if start != self._target:
            self._target = start
            self._enter(State.UNDEFINED)

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether the battery says that it runs."""

    @property
    @abstractmethod
    def stopped(self) -> bool:
        """Whether the battery says that it has stopped."""

    @property
    def faulty(self) -> bool:
        """Whether there is what the driver takes for a fault: failed communication at least."""
        return self.bridge.communication_failed

    @abstractmethod
    def order(self, *, start: bool, cycles: int) -> bool:
        """Ask the battery, in the cycle since the state was entered; whether the driver still hopes."""

    @property
    @abstractmethod
    def soc(self) -> int | None:
        """State of charge [%], None where it is not known."""

    @property
    @abstractmethod
    def current(self) -> float | None:
        """Current, positive in discharge [A]."""

    @property
    @abstractmethod
    def limits(self) -> tuple[float, float] | None:
        """Charge and discharge current that the battery allows [A]."""

    def give_up(self) -> None:
        """What the driver asks of the battery when an error begins."""
        return

    def discover(self) -> None:
        """Look whether there is more to be read than was known; called in every cycle."""
        return

    async def run_cycle(self) -> None:
        """One second: requests, then a step of the state machine, whose orders are written in the next cycle."""
        await self.bridge.run_cycle()
        self.discover()
        following = getattr(self, f"_when_{self.state.name.lower()}")(self.bridge.cycles - self._since)
        if following is not self.state:
            self._enter(following)

    def _enter(self, state: State) -> None:
        self.state, self._since = state, self.bridge.cycles
        if state is State.ERROR:
            self.give_up()

    def _when_undefined(self, _: int) -> State:
        if self.target is None:
            return State.UNDEFINED
        if not self.target:
            return State.GO_STOPPED
        return State.ERROR if self.faulty else State.GO_RUNNING

    def _when_go_running(self, cycles: int) -> State:
        if self.running:
            return State.RUNNING
        return State.GO_RUNNING if self.order(start=True, cycles=cycles) else State.ERROR

    def _when_running(self, _: int) -> State:
        return State.RUNNING if self.running and not self.faulty else State.UNDEFINED

    def _when_go_stopped(self, cycles: int) -> State:
        if self.stopped:
            return State.STOPPED
        return State.GO_STOPPED if self.order(start=False, cycles=cycles) else State.ERROR

    def _when_stopped(self, _: int) -> State:
        return State.STOPPED

    def _when_error(self, cycles: int) -> State:
        return State.UNDEFINED if cycles > ERROR_PAUSE else State.ERROR
