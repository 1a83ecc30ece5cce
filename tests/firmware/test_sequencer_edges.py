"""Every edge of the table of transitions, each walked from its step by its condition and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest

from bms_emulator.firmware.contract import Action, Request
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Condition, Step, Transition
from tests.firmware.rig import STRING_VOLTAGE, Rig

OVERRIDES = {
    "container.rack_count": 1,
    "container.pump.rated_flow_lpm": 40,
    "firmware.timing.precharge_timeout_s": 1,
    "firmware.timing.precharge_pause_s": 1,
    "firmware.timing.precharge_cool_s": 2,
}
LOADED = 100.0
"""A current [A] under which a rack does not open before its time."""


def until_step(rig: Rig, step: Step) -> None:
    for _ in range(200):
        if rig.private.step[0] == step:
            return
        rig.step()
    raise AssertionError(f"the rack is in {Step(int(rig.private.step[0])).name}, not {step.name}")


def connect(rig: Rig, step: Step) -> None:
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    rig.link_follows = step in (Step.CONNECTED, Step.CLOSING_POSITIVE, Step.UNLOADING, Step.TRIPPING, Step.OPENING)
    until_step(rig, Step.CONNECTED if rig.link_follows and step is not Step.CLOSING_POSITIVE else step)


def leave(rig: Rig, step: Step) -> None:
    connect(rig, step)
    rig.measured.current[...] = LOADED if step is Step.UNLOADING else 0.0
    rig.commands.request[...] = Request.DISCONNECT
    until_step(rig, step)


def trip(rig: Rig, step: Step) -> None:
    connect(rig, step)
    rig.measured.current[...] = LOADED
    rig.asked[...] = Action.OPEN
    until_step(rig, step)
    rig.asked[...] = Action.NONE


def overload(rig: Rig, step: Step) -> None:
    connect(rig, Step.PRECHARGING)
    rig.measured.current[...] = 50.0
    rig.step()
    rig.measured.current[...] = 0.0


def ask(action: Action) -> Callable[[Rig, Step], None]:
    def reach(rig: Rig, step: Step) -> None:
        rig.ready()
        rig.asked[...] = action
        until_step(rig, step)
        rig.asked[...] = Action.NONE

    return reach


def maintain(rig: Rig, step: Step) -> None:
    rig.ready()
    rig.commands.rack_maintenance[...] = 1.0
    until_step(rig, step)


def cut_off(rig: Rig, step: Step) -> None:
    rig.measured.supply_voltage[...] = 10.0
    until_step(rig, step)


REACH: dict[Step, Callable[[Rig, Step], None]] = {
    Step.INIT: until_step,
    Step.SELF_TEST: until_step,
    Step.STANDBY: until_step,
    Step.CLOSING_NEGATIVE: connect,
    Step.PRECHARGING: connect,
    Step.CLOSING_POSITIVE: connect,
    Step.PAUSING: connect,
    Step.CONNECTED: connect,
    Step.UNLOADING: leave,
    Step.OPENING: leave,
    Step.FAULT: ask(Action.OPEN),
    Step.TRIPPING: trip,
    Step.COOLING: overload,
    Step.EMERGENCY: ask(Action.EMERGENCY),
    Step.SAFE_LOCK: ask(Action.LOCK),
    Step.MAINTENANCE: maintain,
    Step.SHUTDOWN: cut_off,
}


def wait(rig: Rig) -> None:
    """Nothing is to be done."""


def act(action: Action) -> Callable[[Rig], None]:
    return lambda rig: rig.asked.fill(action)


def blow(rig: Rig) -> None:
    rig.measured.fuse_feedback[...] = 0.0


def hold(rig: Rig) -> None:
    rig.welded[0, 0] = 1.0 - rig.racks.contactor_command[0, 0]


def request(value: Request) -> Callable[[Rig], None]:
    return lambda rig: rig.commands.request.fill(value)


def agree(rig: Rig) -> None:
    rig.measured.link_voltage[...] = STRING_VOLTAGE


def withdraw(rig: Rig) -> None:
    rig.orders.join_permitted[...] = 0.0


CAUSE: dict[Condition, Callable[[Rig], None]] = {
    Condition.ALWAYS: wait,
    Condition.TRIPPED: act(Action.OPEN),
    Condition.ENDANGERED: act(Action.EMERGENCY),
    Condition.LOCKED: act(Action.LOCK),
    Condition.FUSE_OPEN: blow,
    Condition.FEEDBACK_WRONG: hold,
    Condition.FEEDBACK_RIGHT: wait,
    Condition.TESTED: wait,
    Condition.GRANTED: request(Request.CONNECT),
    Condition.LEAVING: request(Request.DISCONNECT),
    Condition.WITHDRAWN: withdraw,
    Condition.PRECHARGED: agree,
    Condition.OVERLOADED: lambda rig: rig.measured.current.fill(50.0),
    Condition.TRIED_IN_VAIN: wait,
    Condition.TRIED_OUT: lambda rig: rig.private.precharge_tries.fill(3.0),
    Condition.COOLED: wait,
    Condition.UNLOADED: lambda rig: rig.measured.current.fill(0.0),
    Condition.WAITED: wait,
    Condition.RESET: lambda rig: rig.commands.alarm_reset.fill(1.0),
    Condition.RELEASED: lambda rig: rig.commands.service_reset.fill(1.0),
    Condition.MAINTAINED: lambda rig: rig.commands.rack_maintenance.fill(1.0),
    Condition.RETURNED: lambda rig: rig.commands.rack_maintenance.fill(0.0),
    Condition.UNSUPPLIED: lambda rig: rig.measured.supply_voltage.fill(10.0),
    Condition.SUPPLIED: lambda rig: rig.measured.supply_voltage.fill(24.0),
}


def name(edge: Transition) -> str:
    return f"{edge.step.name}-{edge.condition.name}"


@pytest.mark.parametrize("edge", TRANSITIONS, ids=name)
def test_every_edge_leads_from_its_step_by_its_condition_to_its_target(edge: Transition) -> None:
    rig = Rig(OVERRIDES)
    REACH[edge.step](rig, edge.step)
    failure = rig.racks.connect_failure[0] if edge.failure is None else edge.failure
    CAUSE[edge.condition](rig)
    for _ in range(60):
        rig.step()
        if rig.private.step[0] != edge.step:
            break
    assert Step(int(rig.private.step[0])) is edge.target
    row = STEPS[edge.target]
    assert rig.racks.mode[0] == row.mode
    assert list(rig.racks.contactor_command[0]) == [row.negative, row.precharge, row.positive]
    assert rig.racks.connected[0] == row.on_bus
    if edge.target not in (Step.STANDBY, Step.SHUTDOWN):
        assert rig.racks.connect_failure[0] == failure


def test_a_step_is_held_while_no_condition_of_its_edges_holds() -> None:
    for step in (Step.FAULT, Step.EMERGENCY, Step.SAFE_LOCK, Step.MAINTENANCE, Step.SHUTDOWN, Step.CONNECTED):
        rig = Rig(OVERRIDES)
        REACH[step](rig, step)
        rig.run(20.0)
        assert rig.private.step[0] == step
    assert np.isfinite(rig.racks.mode).all()
