"""The sequence of racks: every transition, the join rule, precharge, opening and faults."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import Action, BankMode, ConnectFailure, RackMode, Request
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Condition, Step
from tests.firmware.rig import STRING_VOLTAGE, Rig

SINGLE = {"container.rack_count": 1, "container.pump.rated_flow_lpm": 40}


def coils(rig: Rig, rack: int = 0) -> list[float]:
    return list(rig.racks.contactor_command[rack])


def test_every_step_can_be_reached_and_left() -> None:
    reached = {Step.INIT} | {edge.target for edge in TRANSITIONS}
    assert reached == set(Step) == set(STEPS)
    assert {edge.step for edge in TRANSITIONS} == set(Step)


def test_every_condition_is_used_and_no_edge_stands_twice() -> None:
    assert {edge.condition for edge in TRANSITIONS} == set(Condition)
    assert len({(edge.step, edge.condition) for edge in TRANSITIONS}) == len(TRANSITIONS)


CLOSING = {step for step, row in STEPS.items() if row.negative or row.precharge or row.positive}
AT_ONCE = [
    (Condition.UNSUPPLIED, Step.SHUTDOWN),
    (Condition.LOCKED, Step.SAFE_LOCK),
    (Condition.ENDANGERED, Step.EMERGENCY),
    (Condition.FUSE_OPEN, Step.FAULT),
    (Condition.FEEDBACK_WRONG, Step.FAULT),
]


@pytest.mark.parametrize(("condition", "target"), AT_ONCE)
def test_every_step_that_closes_contactors_opens_at_once_where_it_must(condition: Condition, target: Step) -> None:
    leaving = {edge.step for edge in TRANSITIONS if edge.condition is condition and edge.target is target}
    assert leaving >= CLOSING


def test_a_trip_leads_out_of_every_step_that_closes_contactors_unless_it_ends_anyway() -> None:
    ends = {edge.step for edge in TRANSITIONS if edge.condition is Condition.WAITED}
    tripped = {edge.step: edge.target for edge in TRANSITIONS if edge.condition is Condition.TRIPPED}
    assert set(tripped) >= CLOSING - ends
    for step, target in tripped.items():
        assert target is (Step.TRIPPING if STEPS[step].on_bus else Step.FAULT)


def test_the_graver_of_two_conditions_counts() -> None:
    gravity = [condition for condition, _ in AT_ONCE] + [Condition.TRIPPED]
    for step in Step:
        order = [edge.condition for edge in TRANSITIONS if edge.step is step and edge.condition in gravity]
        assert order == sorted(order, key=gravity.index)


def test_a_lock_ends_in_no_other_way_than_by_service() -> None:
    left = {edge.condition for edge in TRANSITIONS if edge.step is Step.SAFE_LOCK}
    assert left == {Condition.RELEASED, Condition.UNSUPPLIED}
    assert [step for step, row in STEPS.items() if row.locked] == [Step.SAFE_LOCK]


def test_no_step_outside_of_precharge_and_connection_closes_anything() -> None:
    for row in STEPS.values():
        if row.mode not in (RackMode.PRECHARGE, RackMode.CONNECTED) and not row.on_bus:
            assert (row.negative, row.precharge, row.positive) == (0, 0, 0)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_rack_tests_itself_for_its_time_and_stands_by(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.step()
    assert rig.mode() == RackMode.SELF_TEST
    assert rig.until_mode(RackMode.STANDBY) == pytest.approx(2.0)
    assert coils(rig) == [0, 0, 0]


def test_the_self_test_waits_for_valid_measurements() -> None:
    rig = Rig()
    rig.measured.string_voltage[1] = np.nan
    rig.run(3.0)
    assert rig.mode(0) == RackMode.STANDBY
    assert rig.mode(1) == RackMode.SELF_TEST
    rig.measured.string_voltage[1] = STRING_VOLTAGE
    rig.step()
    assert rig.mode(1) == RackMode.STANDBY


def test_a_rack_closes_negative_then_precharge_then_positive_and_opens_precharge() -> None:
    rig = Rig(SINGLE, dt=0.01).ready()
    rig.commands.request[...] = Request.CONNECT
    patterns, modes = [], []
    for _ in range(100):
        rig.step()
        if not patterns or patterns[-1] != coils(rig):
            patterns.append(coils(rig))
            modes.append(rig.mode())
    assert patterns == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]]
    assert modes == [RackMode.PRECHARGE] * 3 + [RackMode.CONNECTED]
    assert rig.racks.connected[0] == 1
    assert rig.racks.connect_failure[0] == ConnectFailure.NO_FAILURE


@pytest.mark.parametrize(("gap", "current", "done"), [(68.0, 0.9, True), (69.0, 0.0, False), (0.0, 1.1, False)])
def test_precharge_ends_when_voltages_agree_and_current_has_died_down(gap: float, current: float, done: bool) -> None:
    rig = Rig(SINGLE).ready()
    rig.link_follows = False
    rig.commands.request[...] = Request.CONNECT
    rig.measured.link_voltage[...] = STRING_VOLTAGE - gap
    rig.measured.current[...] = current
    modes = []
    for _ in range(10):
        rig.step()
        modes.append(rig.mode())
    assert (RackMode.CONNECTED in modes) is done


def test_precharge_times_out_pauses_and_gives_up_after_its_tries() -> None:
    rig = Rig(SINGLE).ready()
    rig.link_follows = False
    rig.commands.request[...] = Request.CONNECT
    starts, before = [], coils(rig)
    for n in range(600):
        rig.step()
        if coils(rig) == [1, 0, 0] != before:
            starts.append(n * rig.dt)
        before = coils(rig)
    assert np.diff(starts) == pytest.approx([15.1, 15.1], abs=0.21)
    assert len(starts) == 3
    assert rig.mode() == RackMode.FAULT
    assert rig.racks.connect_failure[0] == ConnectFailure.PRECHARGE_FAILURE
    rig.run(30.0)
    rig.reset()
    assert rig.mode() == RackMode.FAULT, "the resistor is still hot"
    rig.run(30.0)
    assert rig.mode() == RackMode.FAULT, "a reset in that time is in vain"
    rig.reset()
    assert rig.mode() == RackMode.STANDBY
    rig.link_follows = True
    rig.until_mode(RackMode.CONNECTED)
    assert rig.racks.connect_failure[0] == ConnectFailure.NO_FAILURE


def test_a_rack_that_pauses_after_precharge_can_be_called_off() -> None:
    rig = Rig(SINGLE).ready()
    rig.link_follows = False
    rig.commands.request[...] = Request.CONNECT
    rig.run(6.0)
    assert rig.racks.connect_failure[0] == ConnectFailure.PRECHARGE_FAILURE
    assert coils(rig) == [0, 0, 0]
    rig.commands.request[...] = Request.DISCONNECT
    rig.run(15.0)
    assert rig.mode() == RackMode.STANDBY
    assert rig.private.precharge_tries[0] == 0


def test_a_disconnect_during_precharge_opens_at_once() -> None:
    rig = Rig(SINGLE).ready()
    rig.link_follows = False
    rig.commands.request[...] = Request.CONNECT
    rig.run(1.0)
    assert coils(rig) == [1, 1, 0]
    rig.commands.request[...] = Request.DISCONNECT
    rig.step()
    assert coils(rig) == [0, 0, 0]


def test_racks_join_one_at_a_time_in_order_and_an_interval_apart() -> None:
    rig = Rig().ready()
    rig.commands.request[...] = Request.CONNECT
    joined: dict[int, float] = {}
    for n in range(200):
        rig.step()
        assert np.sum(rig.racks.mode == RackMode.PRECHARGE) <= 1
        for r in np.flatnonzero(rig.racks.connected):
            joined.setdefault(int(r), n * rig.dt)
    assert list(joined) == [0, 1, 2]
    assert np.all(np.diff(list(joined.values())) >= 1.0)


@pytest.mark.parametrize(("difference", "joins"), [(9.9, True), (-9.9, True), (10.5, False), (-10.5, False)])
def test_a_rack_joins_a_live_bus_only_near_its_voltage(difference: float, joins: bool) -> None:
    rig = Rig().ready()
    rig.measured.string_voltage[1] += difference
    rig.commands.request[...] = Request.CONNECT
    rig.run(10.0)
    assert rig.mode(0) == rig.mode(2) == RackMode.CONNECTED
    assert (rig.mode(1) == RackMode.CONNECTED) is joins
    failure = ConnectFailure.NO_FAILURE if joins else ConnectFailure.OUTSIDE_VOLTAGE_RANGE
    assert rig.racks.connect_failure[1] == failure


def test_a_rack_with_unreadable_voltage_does_not_join_a_live_bus() -> None:
    rig = Rig().ready()
    rig.commands.rack_request[0] = Request.CONNECT
    rig.run(5.0)
    rig.measured.string_voltage[1] = np.nan
    rig.commands.request[...] = Request.CONNECT
    rig.run(5.0)
    assert rig.mode(1) == RackMode.STANDBY
    assert rig.racks.connect_failure[1] == ConnectFailure.OUTSIDE_VOLTAGE_RANGE


def test_a_rack_that_is_not_enabled_says_so_and_stays_open() -> None:
    rig = Rig().ready()
    rig.commands.rack_enabled[1] = 0
    rig.commands.request[...] = Request.CONNECT
    rig.run(10.0)
    assert rig.racks.connected.tolist() == [1, 0, 1]
    assert rig.racks.connect_failure[1] == ConnectFailure.NOT_ENABLED
    rig.commands.rack_enabled[1] = 1
    rig.until_mode(RackMode.CONNECTED, 1)


def test_disabling_a_connected_rack_opens_it() -> None:
    rig = Rig().connected()
    rig.commands.rack_enabled[2] = 0
    rig.until_mode(RackMode.STANDBY, 2)
    assert rig.racks.connected.tolist() == [1, 1, 0]


def test_opening_takes_limits_to_zero_first_and_waits_for_the_current_to_vanish() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 100.0
    rig.commands.request[...] = Request.DISCONNECT
    rig.run(1.0)
    assert rig.mode() == RackMode.OPENING
    assert coils(rig) == [1, 0, 1]
    assert rig.racks.discharge_current_limit[0] == rig.bank.discharge_current_limit[0] == 0.0
    assert rig.bank.mode[0] == BankMode.SUSPENDING
    rig.measured.current[...] = 9.0
    rig.step()
    assert coils(rig) == [0, 0, 0]
    rig.measured.current[...] = 0.0
    rig.run(0.5)
    assert rig.mode() == RackMode.STANDBY
    assert rig.racks.openings_under_load[0] == 0
    assert rig.bank.mode[0] == BankMode.DISCONNECTED


@pytest.mark.parametrize("current", [100.0, -100.0, float("nan")])
@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_opening_waits_no_longer_than_its_time_and_records_the_load(current: float, dt: float) -> None:
    rig = Rig(SINGLE, dt=dt).connected()
    rig.measured.current[...] = current
    rig.commands.request[...] = Request.DISCONNECT
    opened = rig.until_mode(RackMode.STANDBY)
    assert opened == pytest.approx(2.0, abs=0.3)
    assert rig.racks.openings_under_load[0] == 1


def test_one_rack_that_leaves_unloads_the_whole_bank_and_the_others_stay() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 100.0
    rig.commands.rack_request[1] = Request.DISCONNECT
    rig.run(0.5)
    assert rig.bank.discharge_current_limit[0] == 0.0
    rig.measured.current[...] = 0.0
    rig.run(1.0)
    assert rig.racks.connected.tolist() == [1, 0, 1]
    assert rig.bank.discharge_current_limit[0] > 0.0


@pytest.mark.parametrize("contactor", [0, 2])
@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_a_rack_with_a_welded_contactor_locks_and_trips_its_breaker(contactor: int, dt: float) -> None:
    rig = Rig(SINGLE, dt=dt).connected()
    rig.welded[0, contactor] = 1.0
    rig.commands.request[...] = Request.DISCONNECT
    assert rig.until_mode(RackMode.FAULT) == pytest.approx(0.2, abs=2.5 * dt)
    assert rig.racks.connect_failure[0] == ConnectFailure.CONTACTOR_FAILURE
    assert rig.until_mode(RackMode.SAFE_LOCK) == pytest.approx(0.3, abs=2.5 * dt)
    assert rig.racks.breaker_trip[0] == 0.0, "its contactors are given their time anew"
    rig.run(0.3)
    assert rig.racks.breaker_trip[0] == 1.0
    rig.commands.service_reset[...] = 1.0
    rig.run(5.0)
    assert rig.mode() == RackMode.SAFE_LOCK, "the cause is still there"
    rig.welded[...] = np.nan
    rig.step()
    assert rig.racks.breaker_trip[0] == 0.0
    rig.reset()
    rig.run(5.0)
    assert rig.mode() == RackMode.SAFE_LOCK, "not for a master to reset"
    rig.commands.service_reset[...] = 1.0
    rig.until_mode(RackMode.STANDBY, within=5.0)


def test_no_breaker_trips_where_contactors_follow() -> None:
    rig = Rig(SINGLE).connected()
    rig.asked[...] = Action.EMERGENCY
    for _ in range(20):
        rig.step()
        assert rig.racks.breaker_trip[0] == 0.0


@pytest.mark.parametrize("contactor", [0, 1, 2])
def test_a_contactor_that_does_not_close_is_a_fault_after_the_feedback_time(contactor: int) -> None:
    rig = Rig(SINGLE, dt=0.01).ready()
    rig.welded[0, contactor] = 0.0
    rig.link_follows = False
    rig.measured.link_voltage[...] = STRING_VOLTAGE
    rig.measured.current[...] = 2.0 if contactor == 1 else 0.0
    rig.commands.request[...] = Request.CONNECT
    assert rig.until_mode(RackMode.FAULT, within=1.0) == pytest.approx(0.2, abs=0.06)
    assert rig.racks.connect_failure[0] == ConnectFailure.CONTACTOR_FAILURE
    assert coils(rig) == [0, 0, 0]


def test_feedback_that_is_briefly_wrong_is_no_fault() -> None:
    rig = Rig(SINGLE, dt=0.01).connected()
    rig.welded[0, 0] = 0.0
    rig.run(0.19)
    rig.welded[...] = np.nan
    rig.run(0.5)
    assert rig.mode() == RackMode.CONNECTED


def test_a_blown_fuse_opens_and_latches() -> None:
    rig = Rig().connected()
    rig.measured.fuse_feedback[1] = 0.0
    rig.step()
    assert rig.mode(1) == RackMode.FAULT
    assert coils(rig, 1) == [0, 0, 0]
    assert rig.racks.connect_failure[1] == ConnectFailure.FUSE_OPEN
    rig.reset()
    assert rig.mode(1) == RackMode.FAULT
    rig.measured.fuse_feedback[1] = 1.0
    rig.run(1.0)
    assert rig.mode(1) == RackMode.FAULT
    rig.reset()
    rig.until_mode(RackMode.CONNECTED, 1)


@pytest.mark.parametrize("action", [Action.OPEN, Action.EMERGENCY, Action.LOCK])
@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_only_the_mildest_opening_waits_for_the_load_to_vanish(action: Action, dt: float) -> None:
    rig = Rig(SINGLE, dt=dt).connected()
    rig.measured.current[...] = 30.0
    rig.asked[...] = action
    rig.step()
    opened = action > Action.OPEN
    assert (coils(rig) == [0, 0, 0]) is opened
    assert rig.racks.openings_under_load[0] == opened
    assert rig.racks.discharge_current_limit[0] == rig.bank.discharge_current_limit[0] == 0.0
    rig.measured.current[...] = 0.0
    rig.step()
    assert coils(rig) == [0, 0, 0]
    assert rig.racks.openings_under_load[0] == opened
    assert rig.mode() == {Action.OPEN: RackMode.FAULT, Action.EMERGENCY: RackMode.EMERGENCY}.get(
        action, RackMode.SAFE_LOCK
    )


def test_an_alarm_that_ends_by_itself_leaves_the_rack_open_until_a_reset() -> None:
    rig = Rig(SINGLE).connected()
    for action, mode in ((Action.OPEN, RackMode.FAULT), (Action.EMERGENCY, RackMode.EMERGENCY)):
        rig.asked[...] = action
        rig.run(0.5)
        rig.asked[...] = Action.NONE
        rig.run(60.0)
        assert rig.mode() == mode
        rig.reset()
        assert rig.mode() == RackMode.STANDBY
        rig.until_mode(RackMode.CONNECTED)


def test_a_reset_waits_for_an_alarm_to_end_its_clearing_time_but_not_for_ever() -> None:
    rig = Rig(SINGLE).ready()
    for wait, reset in ((50.0, True), (61.0, False)):
        rig.asked[...] = Action.OPEN
        rig.run(1.0)
        rig.reset()
        rig.run(wait)
        rig.asked[...] = Action.NONE
        rig.run(5.0)
        assert (rig.mode() == RackMode.STANDBY) is reset


def test_maintenance_opens_the_rack_holds_it_open_and_ends_in_standby() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 30.0
    rig.commands.rack_maintenance[1] = 1.0
    rig.run(0.5)
    assert rig.mode(1) == RackMode.OPENING
    rig.measured.current[...] = 0.0
    rig.until_mode(RackMode.MAINTENANCE, 1, within=1.0)
    rig.commands.request[...] = Request.NONE
    rig.run(5.0)
    assert rig.racks.connected.tolist() == [1, 0, 1]
    rig.commands.rack_maintenance[1] = 0.0
    rig.step()
    assert rig.mode(1) == RackMode.STANDBY
    rig.until_mode(RackMode.CONNECTED, 1)


def test_a_bank_whose_racks_all_stand_in_emergency_or_locked_is_faulty() -> None:
    rig = Rig().connected()
    rig.asked[...] = [Action.OPEN, Action.EMERGENCY, Action.LOCK]
    rig.run(3.0)
    assert [rig.mode(r) for r in range(3)] == [RackMode.FAULT, RackMode.EMERGENCY, RackMode.SAFE_LOCK]
    assert rig.bank.mode[0] == BankMode.FAULT


def test_the_fire_interlock_holds_from_fire_until_the_alarm_is_reset() -> None:
    rig = Rig().connected()
    rig.asked_of_all[...] = Action.EMERGENCY
    rig.step()
    assert rig.bank.fire_interlock[0] == 0.0, "an emergency, but no fire"
    rig.measured.fire_level[...] = 2.0
    rig.step()
    assert rig.bank.fire_interlock[0] == 1.0
    assert np.all(rig.racks.mode == RackMode.EMERGENCY)
    rig.measured.fire_level[...] = 0.0
    rig.run(1.0)
    assert rig.bank.fire_interlock[0] == 1.0, "the panel was reset, the alarm was not"
    rig.asked_of_all[...] = Action.NONE
    rig.run(120.0)
    rig.reset()
    rig.run(60.0)
    assert rig.bank.fire_interlock[0] == 0.0


def test_a_trip_waits_for_the_load_opens_under_it_and_the_rack_rejoins_after_the_reset() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 100.0
    rig.measured.cell_voltage[1, 17] = 3.7
    assert rig.until_mode(RackMode.OPENING, 1) == pytest.approx(2.0)
    assert rig.until_mode(RackMode.FAULT, 1) == pytest.approx(2.0)
    rig.measured.current[1] = 0.0
    assert coils(rig, 1) == [0, 0, 0]
    assert rig.racks.openings_under_load.tolist() == [0, 1, 0]
    assert rig.racks.connect_failure[1] == ConnectFailure.FAULT
    assert rig.racks.connected.tolist() == [1, 0, 1]
    rig.measured.current[...] = 0.0
    rig.measured.cell_voltage[1, 17] = 3.3
    rig.run(10.0)
    assert rig.mode(1) == RackMode.FAULT
    rig.reset()
    assert rig.commands.alarm_reset[0] == 0.0
    assert rig.mode(1) == RackMode.STANDBY
    rig.until_mode(RackMode.CONNECTED, 1)


def test_a_rack_that_is_blocked_in_both_directions_does_not_join() -> None:
    rig = Rig()
    rig.measured.temperature[1] = 325.0
    rig.run(8.0)
    rig.commands.request[...] = Request.CONNECT
    rig.run(10.0)
    assert rig.racks.alarm_level[1] == 2
    assert rig.racks.connected.tolist() == [1, 0, 1]
    assert rig.racks.connect_failure[1] == ConnectFailure.FAULT


def test_the_bank_shows_what_the_furthest_of_its_racks_does() -> None:
    rig = Rig()
    rig.step()
    assert rig.bank.mode[0] == BankMode.INITIALIZING
    rig.ready()
    assert rig.bank.mode[0] == BankMode.STANDBY
    rig.commands.request[...] = Request.CONNECT
    rig.step()
    assert rig.bank.mode[0] == BankMode.INITIALIZING
    rig.until_mode(RackMode.CONNECTED)
    assert rig.bank.mode[0] == BankMode.CONNECTED
    rig.run(10.0)
    assert rig.bank.racks_connected[0] == 3
    rig.measured.fuse_feedback[...] = 0.0
    rig.step()
    assert rig.bank.mode[0] == BankMode.FAULT
    assert rig.bank.racks_connected[0] == 0


def test_containers_go_their_own_ways() -> None:
    rig = Rig({"container_count": 2}).ready()
    rig.link_follows = False
    rig.measured.link_voltage[...] = STRING_VOLTAGE
    rig.commands.request[1] = Request.CONNECT
    rig.run(20.0)
    assert rig.racks.connected.tolist() == [0, 0, 0, 1, 1, 1]
    assert rig.bank.racks_connected.tolist() == [0, 3]
    assert rig.bank.mode.tolist() == [BankMode.STANDBY, BankMode.CONNECTED]
    rig.measured.cell_voltage[0, 0] = 3.7
    rig.measured.cell_voltage[4, 0] = 3.7
    rig.run(3.0)
    rig.measured.cell_voltage.fill(3.3)
    rig.run(10.0)
    rig.commands.alarm_reset[1] = 1.0
    rig.step()
    assert rig.racks.alarm_latched.tolist() == [1, 0, 0, 0, 0, 0]
