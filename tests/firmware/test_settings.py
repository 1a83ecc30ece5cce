"""Settings that masters may write: limits, thermal management, supervision of the master, local control, operation."""

import pytest

from bms_emulator.firmware.contract import Control, OperatingState, Operation, RackMode, Request
from bms_emulator.units import kelvin
from tests.firmware.rig import Rig

RATED = 180.0


def test_largest_currents_cap_the_limits_of_the_container_and_its_powers_in_proportion() -> None:
    rig = Rig().connected()
    power, power_60s = rig.bank.charge_power_limit[0], rig.bank.charge_power_limit_60s[0]
    discharge = rig.bank.discharge_power_limit[0]
    rig.settings.charge_current_max.fill(1.5 * RATED)
    rig.step()
    assert rig.bank.charge_current_limit[0] == pytest.approx(1.5 * RATED)
    assert rig.bank.charge_power_limit[0] == pytest.approx(power / 2)
    assert rig.bank.charge_power_limit_60s[0] == pytest.approx(power_60s / 2)
    assert (rig.bank.discharge_current_limit[0], rig.bank.discharge_power_limit[0]) == (3 * RATED, discharge)
    assert rig.racks.charge_current_limit[0] == RATED
    rig.settings.charge_current_max.fill(0.0)
    rig.step()
    assert rig.bank.charge_power_limit[0] == rig.bank.charge_power_limit_60s[0] == 0.0
    assert rig.bank_report.charge_forbidden[0] == 1


def test_a_largest_current_beyond_what_racks_permit_changes_nothing() -> None:
    rig = Rig().connected()
    before = rig.bank.discharge_power_limit[0]
    rig.settings.discharge_current_max.fill(1e5)
    rig.step()
    assert rig.bank.discharge_power_limit[0] == before


@pytest.mark.parametrize(
    ("per_cell", "share"), [(3.7, 1.0), (3.54, 1.0), (3.39, 1.0), (3.34, 0.5), (3.3, 0.0), (1.0, 0.0)]
)
def test_charging_ends_at_the_string_voltage_that_a_master_sets(per_cell: float, share: float) -> None:
    rig = Rig().connected()
    rig.settings.charge_voltage_max.fill(416 * per_cell)
    rig.step()
    assert rig.racks.charge_current_limit == pytest.approx([share * RATED] * 3, abs=0.1)
    assert rig.racks.discharge_current_limit == pytest.approx([RATED] * 3)
    assert rig.rack_report.charge_voltage_limit == pytest.approx([416 * min(per_cell, 3.54)] * 3)
    assert rig.bank_report.charge_voltage_limit[0] == pytest.approx(416 * min(per_cell, 3.54))
    assert (rig.rack_report.full == (share < 0.1)).all()


@pytest.mark.parametrize(("per_cell", "share"), [(2.5, 1.0), (3.22, 1.0), (3.26, 0.5), (3.3, 0.0)])
def test_discharging_ends_at_the_string_voltage_that_a_master_sets(per_cell: float, share: float) -> None:
    rig = Rig().connected()
    rig.settings.discharge_voltage_min.fill(416 * per_cell)
    rig.step()
    assert rig.racks.discharge_current_limit == pytest.approx([share * RATED] * 3, abs=0.1)
    assert rig.racks.charge_current_limit == pytest.approx([RATED] * 3)


def test_cooling_follows_the_temperatures_that_a_master_sets() -> None:
    rig = Rig()

    def request(hottest: float) -> float:
        rig.measured.temperature.fill(kelvin(hottest))
        rig.step()
        return float(rig.bank.chiller_request[0])

    assert request(33.0) == 2
    rig.settings.cooling_on.fill(kelvin(40.0))
    rig.settings.cooling_off.fill(kelvin(35.0))
    rig.settings.cooling_setpoint.fill(kelvin(18.0))
    assert [request(t) for t in (33.0, 39.0, 40.0, 36.0, 34.0)] == [0, 0, 2, 2, 0]
    assert rig.bank.chiller_setpoint[0] == pytest.approx(kelvin(18.0))


def test_an_end_of_cooling_above_its_beginning_means_no_hysteresis() -> None:
    rig = Rig()
    rig.settings.cooling_off.fill(kelvin(50.0))
    rig.measured.temperature.fill(kelvin(30.0))
    for _ in range(5):
        rig.step()
        assert rig.bank.chiller_request[0] == 2


@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_the_master_is_lost_after_the_time_that_it_sets(dt: float) -> None:
    rig = Rig(dt=dt).connected()
    rig.settings.master_timeout.fill(90.0)
    rig.settings.master_open_delay.fill(0.0)
    rig.commands.heartbeat_master.fill(1.0)
    rig.step()
    rig.run(89.0)
    assert rig.bank.master_lost[0] == 0
    rig.run(1.0)
    assert rig.bank.master_lost[0] == 1
    rig.run(60.0)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    rig.settings.master_timeout.fill(0.0)
    rig.step()
    assert rig.bank.master_lost[0] == 0


def test_racks_open_after_the_delay_that_the_master_sets() -> None:
    rig = Rig().connected()
    rig.settings.master_timeout.fill(0.0)
    rig.settings.master_open_delay.fill(3.0)
    rig.commands.heartbeat_master.fill(1.0)
    rig.run(2.9)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    rig.run(2.0)
    assert (rig.racks.mode == RackMode.STANDBY).all()


def test_while_control_is_local_requests_are_taken_back_not_made_up_for_later_and_may_be_made_again() -> None:
    rig = Rig().connected()
    rig.commands.control.fill(Control.LOCAL)
    rig.commands.request.fill(Request.DISCONNECT)
    rig.commands.rack_request[1] = Request.DISCONNECT
    rig.commands.operation.fill(Operation.STOP)
    rig.run(10.0)
    rig.commands.control.fill(Control.REMOTE)
    rig.run(10.0)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    assert (rig.commands.request[0], rig.commands.operation[0]) == (Request.CONNECT, Operation.START)
    assert (rig.commands.rack_request == Request.NONE).all()
    rig.commands.request.fill(Request.DISCONNECT)
    rig.run(10.0)
    assert (rig.racks.mode == RackMode.STANDBY).all()


def test_nobody_misses_a_master_while_control_is_local() -> None:
    rig = Rig().connected()
    rig.commands.heartbeat_master.fill(1.0)
    rig.run(1.0)
    rig.commands.control.fill(Control.LOCAL)
    rig.run(60.0)
    assert rig.bank.master_lost[0] == 0
    rig.commands.control.fill(Control.REMOTE)
    rig.run(60.0)
    assert rig.bank.master_lost[0] == 0
    rig.commands.heartbeat_master.fill(2.0)
    rig.run(6.0)
    assert rig.bank.master_lost[0] == 1


def test_operation_starts_stops_and_shows_what_was_asked_last_by_whatever_register() -> None:
    rig = Rig().ready()
    rig.commands.operation.fill(Operation.START)
    rig.run(20.0)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    assert rig.commands.request[0] == Request.CONNECT
    rig.commands.request.fill(Request.DISCONNECT)
    rig.run(5.0)
    assert (rig.racks.mode == RackMode.STANDBY).all()
    assert rig.commands.operation[0] == Operation.STOP
    rig.commands.request.fill(Request.CONNECT)
    rig.run(20.0)
    rig.commands.operation.fill(Operation.STOP)
    rig.run(5.0)
    assert (rig.racks.mode == RackMode.STANDBY).all()


def test_standby_stays_on_the_bus_without_a_limit_to_use() -> None:
    rig = Rig().connected()
    rig.commands.operation.fill(Operation.ENTER_STANDBY)
    rig.run(1.0)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    assert rig.bank_report.standby[0] == 1
    limits = ("charge_current_limit", "discharge_current_limit", "charge_power_limit_60s", "discharge_power_limit_60s")
    assert all(getattr(rig.bank, name)[0] == 0.0 for name in limits)
    assert rig.bank_report.operating_state[0] == OperatingState.STANDBY
    rig.commands.operation.fill(Operation.EXIT_STANDBY)
    rig.run(1.0)
    assert all(getattr(rig.bank, name)[0] > 0.0 for name in limits)


def test_racks_do_not_open_before_the_master_is_lost() -> None:
    rig = Rig().connected()
    rig.settings.master_timeout.fill(90.0)
    rig.settings.master_open_delay.fill(30.0)
    rig.commands.heartbeat_master.fill(1.0)
    rig.run(89.0)
    assert (rig.racks.mode == RackMode.CONNECTED).all()
    rig.run(5.0)
    assert (rig.racks.mode == RackMode.STANDBY).all()
