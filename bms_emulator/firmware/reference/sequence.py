"""The sequence of a rack, as data: what each step commands, and which condition leads from which step to which.

A diagram of it is :data:`STEPS` as nodes and :data:`TRANSITIONS` as edges.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bms_emulator.firmware.contract import ConnectFailure, RackMode


class Step(IntEnum):
    """Steps of the sequence: finer than the mode that the rack shows."""

    INIT = 0
    SELF_TEST = 1
    STANDBY = 2
    CLOSING_NEGATIVE = 3
    PRECHARGING = 4
    CLOSING_POSITIVE = 5
    PAUSING = 6
    CONNECTED = 7
    UNLOADING = 8
    OPENING = 9
    FAULT = 10
    TRIPPING = 11
    COOLING = 12
    EMERGENCY = 13
    SAFE_LOCK = 14
    MAINTENANCE = 15
    SHUTDOWN = 16


class Condition(IntEnum):
    """What may lead to another step; each is one bit of a rack's conditions."""

    ALWAYS = 0
    """No condition."""
    TRIPPED = 1
    """An alarm asks the rack to open, or for more."""
    FUSE_OPEN = 2
    """The fuse monitor reads open."""
    FEEDBACK_WRONG = 3
    """A contactor has not followed its command for the time that it is given."""
    FEEDBACK_RIGHT = 4
    """All contactors are where they were sent."""
    TESTED = 5
    """The self-test has lasted, and voltages, temperatures and current read valid."""
    GRANTED = 6
    """The rack is asked to connect, was ready to, and the bank controller lets it join the bus."""
    LEAVING = 7
    """The rack is asked to disconnect or into maintenance, is not enabled, or its master has gone."""
    PRECHARGED = 8
    """Link and string voltage agree and the precharge current has died down."""
    TRIED_IN_VAIN = 9
    """Precharge has timed out, and tries are left."""
    TRIED_OUT = 10
    """Precharge has timed out for the last time."""
    UNLOADED = 11
    """The current is small enough for contactors to open without wear."""
    WAITED = 12
    """The wait for the current to vanish is over."""
    RESET = 13
    """A master resets alarms, and every cause is gone."""
    ENDANGERED = 14
    """An alarm asks the rack to open at once, under whatever load, or to stay locked."""
    LOCKED = 15
    """An alarm asks the rack to stay locked, or it was locked when the supply was lost."""
    RELEASED = 16
    """Service personnel resets locks, and every cause is gone."""
    WITHDRAWN = 17
    """The bank controller no longer lets the rack join the bus."""
    OVERLOADED = 18
    """The current is more than the precharge resistor lets pass into a dead bus."""
    COOLED = 19
    """The precharge resistor has rested after the last try."""
    MAINTAINED = 20
    """The rack is asked into maintenance."""
    RETURNED = 21
    """Maintenance is over."""
    UNSUPPLIED = 22
    """The auxiliary supply is too low for controllers and coils."""
    SUPPLIED = 23
    """The auxiliary supply suffices."""


class Tries(StrEnum):
    """What entering a step does to the count of precharge tries."""

    KEEP = "keep"
    COUNT = "count"
    CLEAR = "clear"


@dataclass(frozen=True)
class StepRow:
    """What a step shows and commands.

    Attributes:
        mode: Mode that the rack shows.
        negative: 1 energises the negative main contactor.
        precharge: 1 energises the precharge contactor.
        positive: 1 energises the positive main contactor.
        on_bus: Whether the rack counts as connected.
        tries: What entering the step does to the count of precharge tries.
        locked: What entering the step writes down of the lock, in persistent memory; None leaves it as it is.
        breaks: Whether a main contactor that stays closed makes the rack trip its breaker.
    """

    mode: RackMode
    negative: int = 0
    precharge: int = 0
    positive: int = 0
    on_bus: bool = False
    tries: Tries = Tries.CLEAR
    locked: bool | None = None
    breaks: bool = False


@dataclass(frozen=True)
class Transition:
    """An edge of the sequence.

    Attributes:
        step: Where it begins.
        condition: What must hold.
        target: Where it leads.
        failure: What it records as the reason why the rack could not connect; None leaves the record as it is.
    """

    step: Step
    condition: Condition
    target: Step
    failure: ConnectFailure | None = None


STEPS: dict[Step, StepRow] = {
    Step.INIT: StepRow(RackMode.INIT),
    Step.SELF_TEST: StepRow(RackMode.SELF_TEST),
    Step.STANDBY: StepRow(RackMode.STANDBY, locked=False),
    Step.CLOSING_NEGATIVE: StepRow(RackMode.PRECHARGE, negative=1, tries=Tries.COUNT),
    Step.PRECHARGING: StepRow(RackMode.PRECHARGE, negative=1, precharge=1, tries=Tries.KEEP),
    Step.CLOSING_POSITIVE: StepRow(RackMode.PRECHARGE, negative=1, precharge=1, positive=1, tries=Tries.KEEP),
    Step.PAUSING: StepRow(RackMode.STANDBY, tries=Tries.KEEP),
    Step.CONNECTED: StepRow(RackMode.CONNECTED, negative=1, positive=1, on_bus=True),
    Step.UNLOADING: StepRow(RackMode.OPENING, negative=1, positive=1, on_bus=True),
    Step.OPENING: StepRow(RackMode.OPENING),
    Step.FAULT: StepRow(RackMode.FAULT),
    Step.TRIPPING: StepRow(RackMode.OPENING, negative=1, positive=1, on_bus=True),
    Step.COOLING: StepRow(RackMode.FAULT),
    Step.EMERGENCY: StepRow(RackMode.EMERGENCY, breaks=True),
    Step.SAFE_LOCK: StepRow(RackMode.SAFE_LOCK, locked=True, breaks=True),
    Step.MAINTENANCE: StepRow(RackMode.MAINTENANCE),
    Step.SHUTDOWN: StepRow(RackMode.SHUTDOWN),
}

_JOINING = (Step.CLOSING_NEGATIVE, Step.PRECHARGING, Step.CLOSING_POSITIVE)
_LEAVING = (Step.UNLOADING, Step.TRIPPING)
_WATCHED = (Step.SELF_TEST, Step.STANDBY, *_JOINING, Step.PAUSING, Step.CONNECTED, *_LEAVING, Step.OPENING)
"""Steps in which a failure leads to FAULT."""

_OPEN_AT_ONCE = (*_WATCHED, Step.COOLING, Step.FAULT)
_SUPPLIED = tuple(step for step in Step if step is not Step.SHUTDOWN)
_LOCKABLE = tuple(step for step in _SUPPLIED if step is not Step.SAFE_LOCK)
_TRIPPABLE = tuple(step for step in _WATCHED if step not in (Step.CONNECTED, *_LEAVING))

TRANSITIONS: tuple[Transition, ...] = (
    *(Transition(step, Condition.UNSUPPLIED, Step.SHUTDOWN) for step in _SUPPLIED),
    *(Transition(step, Condition.LOCKED, Step.SAFE_LOCK, ConnectFailure.FAULT) for step in _LOCKABLE),
    *(Transition(step, Condition.ENDANGERED, Step.EMERGENCY, ConnectFailure.FAULT) for step in _OPEN_AT_ONCE),
    Transition(Step.PRECHARGING, Condition.OVERLOADED, Step.COOLING, ConnectFailure.PRECHARGE_FAILURE),
    *(Transition(step, Condition.FUSE_OPEN, Step.FAULT, ConnectFailure.FUSE_OPEN) for step in _WATCHED),
    *(Transition(step, Condition.FEEDBACK_WRONG, Step.FAULT, ConnectFailure.CONTACTOR_FAILURE) for step in _WATCHED),
    *(Transition(step, Condition.TRIPPED, Step.FAULT, ConnectFailure.FAULT) for step in _TRIPPABLE),
    Transition(Step.SHUTDOWN, Condition.SUPPLIED, Step.INIT),
    Transition(Step.INIT, Condition.ALWAYS, Step.SELF_TEST),
    Transition(Step.SELF_TEST, Condition.TESTED, Step.STANDBY),
    Transition(Step.STANDBY, Condition.MAINTAINED, Step.MAINTENANCE),
    Transition(Step.STANDBY, Condition.GRANTED, Step.CLOSING_NEGATIVE, ConnectFailure.NO_FAILURE),
    *(Transition(step, Condition.LEAVING, Step.OPENING) for step in _JOINING),
    *(Transition(step, Condition.WITHDRAWN, Step.OPENING) for step in _JOINING),
    Transition(Step.CLOSING_NEGATIVE, Condition.FEEDBACK_RIGHT, Step.PRECHARGING),
    Transition(Step.PRECHARGING, Condition.PRECHARGED, Step.CLOSING_POSITIVE),
    Transition(Step.PRECHARGING, Condition.TRIED_IN_VAIN, Step.PAUSING, ConnectFailure.PRECHARGE_FAILURE),
    Transition(Step.PRECHARGING, Condition.TRIED_OUT, Step.COOLING, ConnectFailure.PRECHARGE_FAILURE),
    Transition(Step.CLOSING_POSITIVE, Condition.FEEDBACK_RIGHT, Step.CONNECTED, ConnectFailure.NO_FAILURE),
    Transition(Step.PAUSING, Condition.LEAVING, Step.OPENING),
    Transition(Step.PAUSING, Condition.GRANTED, Step.CLOSING_NEGATIVE),
    Transition(Step.COOLING, Condition.COOLED, Step.FAULT),
    Transition(Step.CONNECTED, Condition.TRIPPED, Step.TRIPPING, ConnectFailure.FAULT),
    Transition(Step.CONNECTED, Condition.LEAVING, Step.UNLOADING),
    Transition(Step.UNLOADING, Condition.UNLOADED, Step.OPENING),
    Transition(Step.UNLOADING, Condition.WAITED, Step.OPENING),
    Transition(Step.TRIPPING, Condition.UNLOADED, Step.FAULT),
    Transition(Step.TRIPPING, Condition.WAITED, Step.FAULT),
    Transition(Step.OPENING, Condition.FEEDBACK_RIGHT, Step.STANDBY),
    Transition(Step.MAINTENANCE, Condition.RETURNED, Step.STANDBY),
    Transition(Step.FAULT, Condition.RESET, Step.STANDBY, ConnectFailure.NO_FAILURE),
    Transition(Step.EMERGENCY, Condition.RESET, Step.STANDBY, ConnectFailure.NO_FAILURE),
    Transition(Step.SAFE_LOCK, Condition.RELEASED, Step.STANDBY, ConnectFailure.NO_FAILURE),
)
"""Edges; of those that leave one step, the first whose condition holds is taken, at most one a firmware period."""
