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


class Condition(IntEnum):
    """What may lead to another step; each is one bit of a rack's conditions."""

    ALWAYS = 0
    """No condition."""
    TRIPPED = 1
    """A level-3 alarm is latched."""
    FUSE_OPEN = 2
    """The fuse monitor reads open."""
    FEEDBACK_WRONG = 3
    """A contactor has not followed its command for the time that it is given."""
    FEEDBACK_RIGHT = 4
    """All contactors are where they were sent."""
    TESTED = 5
    """The self-test has lasted, and voltages, temperatures and current read valid."""
    GRANTED = 6
    """The bank controller lets this rack join the bus."""
    LEAVING = 7
    """The rack is asked to disconnect, is not enabled, or its master has gone."""
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
    """A master resets, and every cause is gone."""


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
    """

    mode: RackMode
    negative: int = 0
    precharge: int = 0
    positive: int = 0
    on_bus: bool = False
    tries: Tries = Tries.CLEAR


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
    Step.STANDBY: StepRow(RackMode.STANDBY),
    Step.CLOSING_NEGATIVE: StepRow(RackMode.PRECHARGE, negative=1, tries=Tries.COUNT),
    Step.PRECHARGING: StepRow(RackMode.PRECHARGE, negative=1, precharge=1, tries=Tries.KEEP),
    Step.CLOSING_POSITIVE: StepRow(RackMode.PRECHARGE, negative=1, precharge=1, positive=1, tries=Tries.KEEP),
    Step.PAUSING: StepRow(RackMode.STANDBY, tries=Tries.KEEP),
    Step.CONNECTED: StepRow(RackMode.CONNECTED, negative=1, positive=1, on_bus=True),
    Step.UNLOADING: StepRow(RackMode.OPENING, negative=1, positive=1, on_bus=True),
    Step.OPENING: StepRow(RackMode.OPENING),
    Step.FAULT: StepRow(RackMode.FAULT),
}

_WATCHED = tuple(step for step in Step if step not in (Step.INIT, Step.FAULT))
"""Steps in which a failure leads to FAULT; the sooner a row stands below, the sooner it counts."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition(Step.INIT, Condition.ALWAYS, Step.SELF_TEST),
    *(Transition(step, Condition.TRIPPED, Step.FAULT, ConnectFailure.FAULT) for step in _WATCHED),
    *(Transition(step, Condition.FUSE_OPEN, Step.FAULT, ConnectFailure.FUSE_OPEN) for step in _WATCHED),
    *(Transition(step, Condition.FEEDBACK_WRONG, Step.FAULT, ConnectFailure.CONTACTOR_FAILURE) for step in _WATCHED),
    Transition(Step.SELF_TEST, Condition.TESTED, Step.STANDBY),
    Transition(Step.STANDBY, Condition.GRANTED, Step.CLOSING_NEGATIVE, ConnectFailure.NO_FAILURE),
    Transition(Step.CLOSING_NEGATIVE, Condition.LEAVING, Step.OPENING),
    Transition(Step.CLOSING_NEGATIVE, Condition.FEEDBACK_RIGHT, Step.PRECHARGING),
    Transition(Step.PRECHARGING, Condition.LEAVING, Step.OPENING),
    Transition(Step.PRECHARGING, Condition.PRECHARGED, Step.CLOSING_POSITIVE),
    Transition(Step.PRECHARGING, Condition.TRIED_IN_VAIN, Step.PAUSING, ConnectFailure.PRECHARGE_FAILURE),
    Transition(Step.PRECHARGING, Condition.TRIED_OUT, Step.FAULT, ConnectFailure.PRECHARGE_FAILURE),
    Transition(Step.CLOSING_POSITIVE, Condition.LEAVING, Step.OPENING),
    Transition(Step.CLOSING_POSITIVE, Condition.FEEDBACK_RIGHT, Step.CONNECTED, ConnectFailure.NO_FAILURE),
    Transition(Step.PAUSING, Condition.LEAVING, Step.OPENING),
    Transition(Step.PAUSING, Condition.GRANTED, Step.CLOSING_NEGATIVE),
    Transition(Step.CONNECTED, Condition.LEAVING, Step.UNLOADING),
    Transition(Step.UNLOADING, Condition.UNLOADED, Step.OPENING),
    Transition(Step.UNLOADING, Condition.WAITED, Step.OPENING),
    Transition(Step.OPENING, Condition.FEEDBACK_RIGHT, Step.STANDBY),
    Transition(Step.FAULT, Condition.RESET, Step.STANDBY, ConnectFailure.NO_FAILURE),
)
"""Edges; of those that leave one step, the first whose condition holds is taken, at most one a firmware period."""
