"""The sequence of racks: every transition, the join rule, precharge, opening and faults."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import BankMode, ConnectFailure, RackMode, Request
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


def test_steps_that_close_contactors_can_all_be_tripped() -> None:
    closing = {step for step, row in STEPS.items() if row.negative or row.precharge or row.positive}
    for condition in (Condition.TRIPPED, Condition.FUSE_OPEN, Condition.FEEDBACK_WRONG):
        tripped = {edge.step for edge in TRANSITIONS if edge.condition is condition and edge.target is Step.FAULT}
        assert closing <= tripped


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
    rig.run(1.0)
    assert (rig.mode() == RackMode.CONNECTED) is done


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


def test_a_welded_contactor_is_a_fault_when_the_rack_opens() -> None:
    rig = Rig(SINGLE).connected()
    rig.welded[0, 2] = 1.0
    rig.commands.request[...] = Request.DISCONNECT
    rig.run(1.0)
    assert rig.mode() == RackMode.FAULT
    assert rig.racks.connect_failure[0] == ConnectFailure.CONTACTOR_FAILURE
    rig.reset()
    assert rig.mode() == RackMode.FAULT, "the cause is still there"
    rig.welded[...] = np.nan
    rig.reset()
    assert rig.mode() == RackMode.STANDBY


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


def test_a_trip_opens_at_once_under_load_and_the_rack_rejoins_after_the_reset() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 100.0
    rig.measured.cell_voltage[1, 17] = 3.7
    assert rig.until_mode(RackMode.FAULT, 1) == pytest.approx(2.0)
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
