"""Loss and return of the auxiliary supply: what rests, what is forgotten, what is kept."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import (
    Action,
    ChargeStatus,
    ChillerRequest,
    ControllerFault,
    PowerState,
    RackMode,
    Request,
    Status,
)
from bms_emulator.firmware.reference.power import _BANK_OFF, _BANK_REPORT_OFF, _RACK_OFF, _RACK_REPORT_OFF
from tests.firmware.rig import Rig

MEMORY_LOST = float(1 << ControllerFault.PERSISTENT_MEMORY)


def cut(rig: Rig, duration: float = 1.0) -> None:
    rig.measured.supply_voltage[...] = 0.0
    rig.run(duration)


def restore(rig: Rig) -> None:
    rig.measured.supply_voltage[...] = 24.0
    rig.step()


def test_what_acts_rests_in_the_first_period_without_supply() -> None:
    rig = Rig().connected()
    assert rig.racks.contactor_command.any()
    rig.bank.chiller_request[...] = ChillerRequest.COOLING
    rig.measured.supply_voltage[...] = 15.9
    rig.step()
    assert np.all(rig.racks.mode == RackMode.SHUTDOWN)
    tables = (
        (rig.racks, _RACK_OFF),
        (rig.bank, _BANK_OFF),
        (rig.rack_report, _RACK_REPORT_OFF),
        (rig.bank_report, _BANK_REPORT_OFF),
    )
    for outputs, at_rest in tables:
        for name, value in at_rest.items():
            assert np.array_equal(getattr(outputs, name), np.full_like(getattr(outputs, name), value), equal_nan=True)


def test_no_master_takes_a_battery_without_supply_for_one_that_is_ready_and_its_measurements_stand_still() -> None:
    rig = Rig().connected()
    rig.measured.current[...] = 50.0
    rig.run(2.0)
    report = rig.bank_report
    assert (report.power_state[0], report.status[0]) == (PowerState.ON_READY, Status.NORMAL)
    cut(rig)
    told = rig.bank.current.copy(), rig.bank.soc.copy(), rig.bank.heartbeat.copy(), rig.racks.cell_voltage_max.copy()
    rig.measured.current[...] = 0.0
    rig.measured.cell_voltage[...] += 0.02
    rig.run(10.0)
    assert (report.power_state[0], report.status[0]) == (PowerState.OFF_READY, Status.INITIAL)
    assert (report.charge_status[0], report.charge_forbidden[0], report.discharge_forbidden[0]) == (
        ChargeStatus.OFF,
        1.0,
        1.0,
    )
    assert (report.racks_ready[0], report.racks_failed[0]) == (0.0, 3.0)
    still = rig.bank.current, rig.bank.soc, rig.bank.heartbeat, rig.racks.cell_voltage_max
    assert all(np.array_equal(now, before) for now, before in zip(still, told, strict=True))
    assert (rig.bank.current != 0.0).all()


def test_balancing_ends_and_the_hardware_is_told() -> None:
    rig = Rig().ready()
    rig.racks.balancing[1, :5] = 1.0
    rig.racks.balancing_count[1] = 5.0
    told = rig.racks.balancing_revision.copy()
    rig.measured.supply_voltage[...] = 0.0
    rig.step()
    assert not rig.racks.balancing.any()
    assert rig.racks.balancing_revision[1] != told[1]


def test_controllers_stay_on_through_a_dip_and_off_until_the_supply_is_well_back() -> None:
    rig = Rig().connected()
    rig.measured.supply_voltage[...] = 16.0
    rig.run(1.0)
    assert not np.any(rig.racks.mode == RackMode.SHUTDOWN)
    rig.measured.supply_voltage[...] = np.nan
    rig.run(1.0)
    assert not np.any(rig.racks.mode == RackMode.SHUTDOWN), "a reading that is not there switches nothing"
    cut(rig)
    rig.measured.supply_voltage[...] = 17.9
    rig.run(1.0)
    assert np.all(rig.racks.mode == RackMode.SHUTDOWN)
    rig.measured.supply_voltage[...] = 18.0
    rig.step()
    assert np.all(rig.racks.mode == RackMode.INIT)


def test_what_was_published_stands_still_and_hearts_stop() -> None:
    rig = Rig().connected()
    cut(rig, 0.1)
    before = {name: getattr(rig.racks, name).copy() for name in ("cell_voltage_max", "soc", "heartbeat", "alarm_count")}
    beat = rig.bank.heartbeat.copy()
    rig.measured.cell_voltage.fill(3.7)
    rig.measured.current.fill(50.0)
    rig.run(30.0)
    for name, values in before.items():
        assert np.array_equal(getattr(rig.racks, name), values), name
    assert np.array_equal(rig.bank.heartbeat, beat)
    assert not rig.racks.alarm.any()


def test_the_sequence_starts_anew_and_waits_for_a_new_request() -> None:
    rig = Rig().connected()
    cut(rig)
    restore(rig)
    assert np.all(rig.racks.mode == RackMode.INIT)
    assert rig.commands.request[0] == Request.NONE
    rig.run(20.0)
    assert np.all(rig.racks.mode == RackMode.STANDBY)
    rig.commands.request[...] = Request.CONNECT
    rig.run(20.0)
    assert np.all(rig.racks.mode == RackMode.CONNECTED)


def test_settings_outlive_the_loss_and_a_silent_master_is_not_supervised_after_it() -> None:
    rig = Rig().ready()
    rig.commands.rack_enabled[1] = 0.0
    rig.commands.soc_reserve_min[...] = 0.2
    rig.commands.heartbeat_master[...] = 7.0
    rig.run(1.0)
    cut(rig)
    restore(rig)
    rig.run(60.0)
    assert rig.commands.rack_enabled.tolist() == [1, 0, 1]
    assert rig.commands.soc_reserve_min[0] == 0.2
    assert rig.bank.master_lost[0] == 0.0


def test_volatile_memory_is_gone() -> None:
    rig = Rig().ready()
    rig.asked[...] = Action.OPEN
    rig.run(1.0)
    assert np.all(rig.racks.mode == RackMode.FAULT)
    rig.asked[...] = Action.NONE
    cut(rig)
    restore(rig)
    rig.ready()
    assert np.all(rig.racks.mode == RackMode.STANDBY), "a latch that is not written down is lost"


def test_persistent_memory_is_kept() -> None:
    rig = Rig().connected()
    rig.racks.soc[...] = [0.3, 0.4, 0.5]
    rig.racks.cycle_count[...] = 12.0
    rig.racks.alarm_count[:, 0] = 3.0
    rig.persistent.capacity[...] = 300.0 * 3600.0
    rig.persistent.soc_known[...] = 1.0
    cut(rig)
    restore(rig)
    assert rig.racks.soc == pytest.approx([0.3, 0.4, 0.5])
    assert rig.racks.cycle_count == pytest.approx([12.0] * 3)
    assert (rig.racks.alarm_count[:, 0] == 3.0).all()
    assert (rig.persistent.capacity == 300.0 * 3600.0).all()


@pytest.mark.parametrize("misread", [2.0, 3.7])
def test_a_reading_that_is_wrong_at_the_start_moves_no_charge_that_is_remembered(misread: float) -> None:
    rig = Rig().ready()
    rig.racks.soc[...] = [0.3, 0.5, 0.7]
    cut(rig)
    rig.measured.cell_voltage[1, 40] = misread
    rig.measured.current[...] = 1.0
    restore(rig)
    assert rig.racks.soc == pytest.approx([0.3, 0.5, 0.7], abs=1e-6)


@pytest.mark.parametrize("misread", [2.0, 3.7])
def test_a_rack_that_has_lost_its_memory_does_not_take_one_wrong_reading_for_its_charge(misread: float) -> None:
    rig = Rig().ready()
    cut(rig)
    rig.measured.controller_faults[...] = MEMORY_LOST
    rig.measured.cell_voltage[1, 40] = misread
    restore(rig)
    assert rig.racks.soc[1] == pytest.approx(rig.racks.soc[0], abs=1e-3)


def test_a_lock_outlives_the_loss_and_takes_a_service_reset() -> None:
    rig = Rig().ready()
    rig.asked[1] = Action.LOCK
    rig.step()
    assert rig.mode(1) == RackMode.SAFE_LOCK
    rig.asked[...] = Action.NONE
    rig.reset()
    assert rig.mode(1) == RackMode.SAFE_LOCK
    cut(rig)
    rig.commands.service_reset[...] = 1.0
    rig.step()
    restore(rig)
    rig.ready()
    assert [rig.mode(r) for r in range(3)] == [RackMode.STANDBY, RackMode.SAFE_LOCK, RackMode.STANDBY]
    rig.commands.service_reset[...] = 1.0
    rig.step()
    assert rig.mode(1) == RackMode.STANDBY
    cut(rig)
    restore(rig)
    rig.ready()
    assert rig.mode(1) == RackMode.STANDBY


def test_a_rack_whose_persistent_memory_is_lost_starts_with_defaults() -> None:
    rig = Rig().ready()
    fresh = rig.persistent.capacity[0]
    rig.asked[...] = Action.LOCK
    rig.step()
    rig.asked[...] = Action.NONE
    rig.racks.cycle_count[...] = 12.0
    rig.racks.openings_under_load[...] = 2.0
    rig.persistent.capacity[...] = 0.5 * fresh
    rig.racks.soh[...] = 0.5
    cut(rig)
    rig.measured.controller_faults[0] = MEMORY_LOST
    restore(rig)
    assert rig.persistent.capacity.tolist() == [fresh, 0.5 * fresh, 0.5 * fresh]
    assert rig.racks.soh[0] > rig.racks.soh[1]
    assert rig.racks.cycle_count.tolist() == [0.0, 12.0, 12.0]
    assert rig.racks.openings_under_load.tolist() == [0.0, 2.0, 2.0]
    rig.ready()
    assert rig.mode(0) != RackMode.SAFE_LOCK
    assert rig.mode(1) == RackMode.SAFE_LOCK


def test_one_container_in_the_dark_does_not_disturb_another() -> None:
    rig, alone = Rig({"container_count": 2}), Rig({"container_count": 2})
    for each in (rig, alone):
        each.connected()
    rig.measured.supply_voltage[0] = 0.0
    for each in (rig, alone):
        each.run(5.0)
    for mine, other in zip(vars(rig.racks).values(), vars(alone.racks).values(), strict=True):
        assert np.array_equal(mine[3:], other[3:], equal_nan=True)
    assert np.all(rig.racks.mode[:3] == RackMode.SHUTDOWN)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_the_start_takes_the_same_seconds_whatever_the_step(dt: float) -> None:
    rig = Rig(dt=dt).ready()
    cut(rig)
    rig.measured.supply_voltage[...] = 24.0
    assert rig.until_mode(RackMode.STANDBY) == pytest.approx(2.0, abs=2.001 * dt)


def test_a_strangers_rack_rests_without_supply_too() -> None:
    rig = Rig().ready()

    def insist() -> None:
        rig.racks.contactor_command[0] = 1.0
        rig.racks.mode[0] = RackMode.CONNECTED
        rig.racks.connected[0] = 1.0

    rig.between = insist
    rig.measured.supply_voltage[...] = 0.0
    rig.step()
    assert not rig.racks.contactor_command.any()
    assert rig.mode(0) == RackMode.SHUTDOWN
