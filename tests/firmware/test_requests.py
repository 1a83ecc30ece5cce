"""Requests of masters and heartbeats."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode, Request
from tests.firmware.rig import Rig


def standing(rig: Rig) -> list[float]:
    rig.step()
    return list(rig.private.standing_request)


def test_a_containers_request_holds_for_all_of_its_racks_and_stands() -> None:
    rig = Rig()
    assert standing(rig) == [Request.NONE] * 3
    rig.commands.request[...] = Request.CONNECT
    assert standing(rig) == [Request.CONNECT] * 3
    rig.commands.request[...] = Request.NONE
    assert standing(rig) == [Request.CONNECT] * 3


def test_the_newer_request_holds() -> None:
    rig = Rig()
    rig.commands.request[...] = Request.CONNECT
    standing(rig)
    rig.commands.rack_request[1] = Request.DISCONNECT
    assert standing(rig) == [Request.CONNECT, Request.DISCONNECT, Request.CONNECT]
    rig.commands.request[...] = Request.DISCONNECT
    assert standing(rig) == [Request.DISCONNECT] * 3
    rig.commands.rack_request[0] = Request.CONNECT
    assert standing(rig) == [Request.CONNECT, Request.DISCONNECT, Request.DISCONNECT]


def test_a_rack_that_takes_its_request_back_follows_the_container_again() -> None:
    rig = Rig()
    rig.commands.request[...] = Request.CONNECT
    rig.commands.rack_request[1] = Request.DISCONNECT
    assert standing(rig)[1] == Request.DISCONNECT
    rig.commands.rack_request[1] = Request.NONE
    assert standing(rig)[1] == Request.CONNECT


def test_a_containers_disconnect_opens_all_even_where_a_rack_is_asked_to_connect_at_once() -> None:
    rig = Rig()
    rig.commands.request[...] = Request.DISCONNECT
    rig.commands.rack_request[2] = Request.CONNECT
    assert standing(rig) == [Request.DISCONNECT] * 3


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.5, 1.0])
def test_the_heartbeat_counts_seconds_whatever_the_step(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.run(30.0)
    assert rig.bank.heartbeat[0] == 30
    rig.bank.heartbeat[0] = 65535
    rig.run(1.0)
    assert rig.bank.heartbeat[0] == 0


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.5, 1.0])
def test_so_do_those_of_the_racks_controllers(dt: float) -> None:
    rig = Rig(dt=dt)
    rig.run(30.0)
    assert rig.racks.heartbeat.tolist() == [30, 30, 30]
    rig.racks.heartbeat[0] = 65535
    rig.run(1.0)
    assert rig.racks.heartbeat.tolist() == [0, 31, 31]


def test_orders_carry_what_masters_ask_to_every_rack() -> None:
    rig = Rig({"container_count": 2}).ready()
    rig.commands.request[1] = Request.CONNECT
    rig.commands.rack_enabled[2] = 0.0
    rig.commands.rack_maintenance[4] = 1.0
    rig.commands.balancing_enabled[1] = 0.0
    rig.commands.alarm_reset[0] = 1.0
    rig.commands.service_reset[1] = 1.0
    rig.step()
    assert rig.orders.request.tolist() == [Request.NONE] * 3 + [Request.CONNECT] * 3
    assert rig.orders.enabled.tolist() == [1, 1, 0, 1, 1, 1]
    assert rig.orders.maintenance.tolist() == [0, 0, 0, 0, 1, 0]
    assert rig.orders.balancing_enabled.tolist() == [1, 1, 1, 0, 0, 0]
    assert rig.orders.alarm_reset.tolist() == [1, 1, 1, 0, 0, 0]
    assert rig.orders.service_reset.tolist() == [0, 0, 0, 1, 1, 1]
    rig.step()
    assert not rig.orders.alarm_reset.any()
    assert not rig.orders.service_reset.any()


def test_a_master_that_never_writes_is_not_supervised() -> None:
    rig = Rig().connected()
    rig.run(60.0)
    assert rig.bank.master_lost[0] == 0
    assert rig.bank.discharge_current_limit[0] > 0.0


def test_silence_of_the_master_takes_limits_to_zero_and_then_opens() -> None:
    rig = Rig().connected()
    rig.commands.heartbeat_master[...] = 7
    rig.step()
    rig.run(4.9)
    assert rig.bank.master_lost[0] == 0
    rig.run(0.2)
    assert rig.bank.master_lost[0] == 1
    assert rig.bank.charge_current_limit[0] == rig.bank.discharge_current_limit[0] == 0.0
    assert np.all(rig.racks.mode == RackMode.CONNECTED)
    rig.run(26.0)
    assert np.all(rig.racks.mode == RackMode.STANDBY)


def test_any_change_of_the_heartbeat_brings_the_master_back() -> None:
    rig = Rig().connected()
    rig.commands.heartbeat_master[...] = 7
    rig.run(40.0)
    assert rig.bank.master_lost[0] == 1
    rig.commands.heartbeat_master[...] = 3
    rig.step()
    assert rig.bank.master_lost[0] == 0
    for n in range(30):
        rig.commands.heartbeat_master[...] = n
        rig.run(1.0)
    assert np.all(rig.racks.mode == RackMode.CONNECTED)
    assert rig.bank.discharge_current_limit[0] > 0.0


def test_supervision_that_is_switched_off_never_loses_a_master() -> None:
    timing = "firmware.timing"
    rig = Rig({f"{timing}.heartbeat_timeout_s": 0, f"{timing}.heartbeat_open_s": 0}).connected()
    rig.commands.heartbeat_master[...] = 7
    rig.run(60.0)
    assert rig.bank.master_lost[0] == 0
    assert np.all(rig.racks.mode == RackMode.CONNECTED)
