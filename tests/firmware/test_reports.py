"""What the bank controller tells of racks and container: conditions, requests, counters, positions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.contract import (
    ChargeStatus,
    Direction,
    DisabledReason,
    InsulationStatus,
    InverterRequest,
    OperatingState,
    PowerState,
    PrechargeStage,
    RackMode,
    Request,
    Status,
)
from bms_emulator.firmware.reference.rack_report import end_of_charge
from bms_emulator.units import kelvin
from tests.firmware.rig import STRING_VOLTAGE, Rig
from tests.reference import firmware_twin as twin

COUNTERS = ("energy_charged", "energy_discharged", "throughput_charged", "throughput_discharged")


@pytest.mark.parametrize(
    ("current", "direction", "charge_status"),
    [
        (100.0, Direction.DISCHARGE, ChargeStatus.DISCHARGING),
        (-100.0, Direction.CHARGE, ChargeStatus.CHARGING),
        (1.0, Direction.STANDBY, ChargeStatus.HOLDING),
        (math.nan, Direction.STANDBY, ChargeStatus.HOLDING),
    ],
)
def test_direction_and_charge_status_follow_the_measured_current(
    current: float, direction: Direction, charge_status: ChargeStatus
) -> None:
    rig = Rig().connected()
    rig.measured.current.fill(current)
    rig.step()
    assert (rig.rack_report.direction == direction).all()
    assert (rig.rack_report.charge_status == charge_status).all()
    if not math.isnan(current):
        assert rig.bank_report.direction[0] == direction
        assert rig.rack_report.power == pytest.approx([current * STRING_VOLTAGE] * 3)


def test_spreads_are_highest_less_lowest() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage[1, 3] += 0.05
    rig.measured.temperature[1, 2] += 4.0
    rig.step()
    assert rig.rack_report.cell_voltage_spread.tolist() == pytest.approx([0.0, 0.05, 0.0])
    assert rig.rack_report.temperature_spread.tolist() == pytest.approx([0.0, 4.0, 0.0])


def test_an_open_rack_is_off_forbids_all_and_stands_by() -> None:
    rig = Rig().ready()
    report = rig.rack_report
    assert (report.charge_status == ChargeStatus.OFF).all()
    assert report.charge_forbidden.all()
    assert report.discharge_forbidden.all()
    assert (report.operating_state == OperatingState.STANDBY).all()
    assert rig.bank_report.charge_status[0] == ChargeStatus.OFF


def test_full_lasts_until_some_charge_was_drawn_and_a_cycle_is_counted_from_there() -> None:
    rig = Rig().connected()
    report = rig.rack_report
    report.energy_discharged_cycle.fill(5.0)
    rig.measured.cell_voltage.fill(3.54)
    rig.step()
    assert report.full.all()
    assert rig.bank_report.full[0] == 1
    assert rig.bank_report.charge_status[0] == ChargeStatus.FULL
    assert rig.bank_report.status[0] == Status.FULL
    assert (report.operating_state == OperatingState.CHARGE_FORBIDDEN).all()
    assert not report.energy_discharged_cycle.any()
    rig.measured.cell_voltage.fill(3.34)
    rig.step()
    assert report.full.all()
    rig.racks.soc -= 0.03
    rig.step()
    assert not report.full.any()
    assert rig.bank_report.status[0] == Status.NORMAL


def test_empty_asks_for_a_charge_until_some_was_put_in() -> None:
    rig = Rig().connected()
    rig.racks.soc.fill(0.04)
    rig.measured.cell_voltage.fill(3.0)
    rig.measured.cell_voltage[1] = 2.925
    rig.step()
    assert rig.rack_report.empty.tolist() == [0, 1, 0]
    assert rig.bank_report.empty[0] == 1
    assert rig.rack_report.charge_requested.all()
    assert rig.bank_report.inverter_request[0] == InverterRequest.START
    assert rig.bank_report.power_request[0] < 0.0
    rig.measured.cell_voltage.fill(3.25)
    rig.racks.soc.fill(0.08)
    rig.step()
    assert not rig.rack_report.empty.any()
    assert rig.bank_report.charge_requested[0] == 1
    rig.racks.soc.fill(0.12)
    rig.step()
    assert rig.bank_report.charge_requested[0] == 0
    assert (rig.bank_report.inverter_request[0], rig.bank_report.power_request[0]) == (InverterRequest.NONE, 0.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 1.0)), max_size=30), st.sampled_from([1.0, -1.0]))
@settings(max_examples=100, deadline=None)
def test_an_end_of_charge_is_left_after_two_percent_from_its_farthest_point(
    seen: list[tuple[bool, float]], sign: float
) -> None:
    reached, farthest = math.nan, None
    for at_end, soc in seen:
        reached = end_of_charge(at_end, soc, reached, sign)
        if at_end:
            farthest = soc if farthest is None else sign * max(sign * farthest, sign * soc)
        elif farthest is not None and sign * (farthest - soc) > 0.02:
            farthest = None
        assert (farthest is None) == math.isnan(reached)


def test_cells_that_lie_apart_where_voltage_tells_charge_ask_for_a_full_charge() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage.fill(3.45)
    rig.measured.cell_voltage[0, 5] = 3.40
    rig.run(1.0)
    assert rig.rack_report.balance_requested.tolist() == [1, 0, 0]
    rig.measured.cell_voltage.fill(3.3)
    rig.step()
    assert rig.bank_report.balance_requested[0] == 1
    rig.measured.cell_voltage.fill(3.45)
    rig.run(1.0)
    assert rig.bank_report.balance_requested[0] == 0


def test_a_fault_of_a_rack_warns_of_the_container_which_goes_on() -> None:
    rig = Rig().connected()
    assert (rig.bank_report.status[0], rig.bank_report.power_state[0]) == (Status.NORMAL, PowerState.ON_READY)
    rig.measured.fuse_feedback[1] = 0.0
    rig.until_mode(RackMode.FAULT, 1)
    assert rig.rack_report.status[1] == Status.FAULT
    assert rig.rack_report.operating_state[1] == OperatingState.STOPPED
    report = rig.bank_report
    assert (report.status[0], report.power_state[0]) == (Status.WARNING, PowerState.ON_READY)
    counts = report.racks_installed[0], report.racks_failed[0], rig.bank.racks_connected[0]
    assert counts == (3, 1, 2)


def test_a_fault_of_the_container_shows_on_and_off_the_bus() -> None:
    rig = Rig().connected()
    rig.measured.emergency_stop.fill(1.0)
    rig.run(2.0)
    assert rig.bank_report.power_state[0] == PowerState.OFF_FAULT
    assert rig.bank_report.status[0] == Status.FAULT


def test_a_bank_without_limits_asks_the_inverter_to_stop() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage.fill(math.nan)
    rig.step()
    assert rig.bank_report.inverter_request[0] == InverterRequest.STOP


def test_racks_are_counted_by_what_they_can_do() -> None:
    rig = Rig().ready()
    rig.commands.rack_enabled[0] = 0.0
    rig.step()
    report = rig.bank_report
    assert (report.racks_enabled[0], report.racks_ready[0], report.racks_failed[0]) == (2, 2, 0)


def test_the_precharge_goes_through_its_stages() -> None:
    rig = Rig().ready()
    rig.commands.request.fill(Request.CONNECT)
    stages = []
    for _ in range(200):
        rig.step()
        stages.append(int(rig.rack_report.precharge_stage[0]))
    expected = [PrechargeStage.IDLE, PrechargeStage.CLOSING, PrechargeStage.PRECHARGING, PrechargeStage.SUCCEEDED]
    assert [stage for n, stage in enumerate(stages) if n == 0 or stage != stages[n - 1]][-3:] == expected[-3:]


def test_a_rack_tells_why_it_is_out_of_use() -> None:
    rig = Rig().ready()
    rig.commands.rack_enabled[0] = 0.0
    rig.commands.rack_maintenance[1] = 1.0
    rig.measured.cell_voltage[2].fill(math.nan)
    rig.run(60.0)
    expected = [DisabledReason.EXTERNAL, DisabledReason.MAINTENANCE, DisabledReason.FAULT]
    assert rig.rack_report.disabled_reason.tolist() == expected
    assert Rig().ready().rack_report.disabled_reason.tolist() == [DisabledReason.NONE] * 3


def test_insulation_of_the_bus_is_that_of_the_rack_that_watches_it() -> None:
    rig = Rig().connected()
    rig.measured.insulation_positive[...] = [1e6, 2e6, 3e6]
    rig.measured.insulation_negative[...] = [4e6, 5e6, 6e6]
    rig.measured.insulation_resistance.fill(1e6)
    rig.step()
    watching = int(rig.bank.insulation_monitor_rack[0]) - 1
    report = rig.bank_report
    assert report.insulation_positive[0] == rig.measured.insulation_positive[watching]
    assert report.insulation_negative[0] == rig.measured.insulation_negative[watching]
    assert report.insulation_status[0] == InsulationStatus.MEASURING
    statuses = [InsulationStatus.MEASURING if r == watching else InsulationStatus.OFF for r in range(3)]
    assert rig.rack_report.insulation_status.tolist() == statuses
    rig.measured.insulation_resistance.fill(math.nan)
    rig.step()
    assert report.insulation_status[0] == InsulationStatus.INVALID


@pytest.mark.parametrize("dt", [0.05, 0.1, 1.0])
def test_energy_and_charge_are_counted_by_direction_whatever_the_step(dt: float) -> None:
    rig = Rig(dt=dt).connected()
    before = [getattr(rig.rack_report, name).copy() for name in COUNTERS]
    for current in (100.0, -50.0, math.nan):
        rig.measured.current.fill(current)
        rig.run(10.0)
    rig.measured.current.fill(0.0)
    rig.run(1.0)
    counted = [getattr(rig.rack_report, name) - start for name, start in zip(COUNTERS, before, strict=True)]
    expected = (500.0 * STRING_VOLTAGE, 1000.0 * STRING_VOLTAGE, 500.0, 1000.0)
    for values, value in zip(counted, expected, strict=True):
        assert values == pytest.approx([value] * 3, rel=1e-9)
    for name in COUNTERS:
        assert getattr(rig.bank_report, name)[0] == pytest.approx(getattr(rig.rack_report, name).sum())


def test_energy_is_counted_by_the_cells_where_the_string_is_not_measured_and_not_at_all_without_both() -> None:
    rig = Rig().connected()
    rig.measured.current.fill(100.0)
    rig.measured.string_voltage.fill(math.nan)
    for lacking, power in ((0, 100.0 * STRING_VOLTAGE), (1, 0.0), (0, 100.0 * STRING_VOLTAGE)):
        rig.measured.cell_voltage[:, 0] = math.nan if lacking else STRING_VOLTAGE / 416
        before = rig.rack_report.energy_discharged.copy()
        rig.step()
        assert rig.rack_report.energy_discharged - before == pytest.approx([power * rig.dt] * 3)


def test_the_counters_of_the_day_begin_anew_at_midnight() -> None:
    rig = Rig({"initial.time_of_day_h": 23.99}).connected()
    rig.measured.current.fill(100.0)
    rig.run(10.0)
    assert rig.rack_report.energy_discharged_today == pytest.approx(rig.rack_report.energy_discharged)
    midnight = 0.01 * 3600.0 - rig.count * rig.dt
    rig.run(midnight + 1.0)
    report = rig.rack_report
    assert report.energy_discharged_today == pytest.approx(100.0 * STRING_VOLTAGE * 1.0, rel=0.11)
    assert (report.energy_discharged > 5.0 * report.energy_discharged_today).all()


def test_counters_stand_over_a_loss_of_the_supply() -> None:
    rig = Rig().connected()
    rig.measured.current.fill(100.0)
    rig.run(5.0)
    rig.measured.current.fill(0.0)
    rig.measured.supply_voltage.fill(5.0)
    rig.run(1.0)
    counted = rig.rack_report.energy_discharged.copy()
    rig.measured.supply_voltage.fill(24.0)
    rig.run(2.0)
    assert np.array_equal(rig.rack_report.energy_discharged, counted)
    assert counted.all()


def test_extremes_of_connected_racks_pass_over_the_others() -> None:
    rig = Rig().connected()
    rig.commands.rack_enabled[2] = 0.0
    rig.run(5.0)
    random = np.random.default_rng(5)
    voltage, temperature = rig.measured.cell_voltage, rig.measured.temperature
    voltage[...] = np.round(random.normal(3.3, 0.01, voltage.shape), 4)
    voltage[2] += 0.05
    temperature[...] = np.round(kelvin(25.0) + random.normal(0.0, 1.0, temperature.shape), 3)
    temperature[2] -= 10.0
    rig.step()
    report, bank = rig.bank_report, rig.bank
    for name, seen, count in (("cell_voltage", voltage, 104), ("temperature", temperature, temperature.shape[1] // 4)):
        place = "pack_cell" if name == "cell_voltage" else "pack_sensor"
        for edge, value in (("max", seen[:2].max()), ("min", seen[:2].min())):
            rack, at = np.argwhere(seen[:2] == value)[0]
            told = f"connected_{name}_{edge}"
            assert getattr(report, told)[0] == value
            assert getattr(report, f"{told}_rack")[0] == rack + 1
            assert getattr(report, f"{told}_pack")[0] == at // count + 1
            assert getattr(report, f"{told}_{place}")[0] == at % count + 1
        assert getattr(report, f"connected_{name}_avg")[0] == pytest.approx(seen[:2].mean())
    assert bank.cell_voltage_max[0] == voltage.max() > report.connected_cell_voltage_max[0]
    assert bank.temperature_min[0] == temperature.min() < report.connected_temperature_min[0]


def test_without_a_connected_rack_there_are_no_extremes_of_connected_ones() -> None:
    rig = Rig().ready()
    assert math.isnan(rig.bank_report.connected_cell_voltage_max[0])
    assert rig.bank_report.connected_temperature_min_rack[0] == 0


def test_positions_within_rack_and_pack_and_of_sensors_agree_with_the_twin() -> None:
    rig = Rig()
    random = np.random.default_rng(11)
    voltage, temperature = rig.measured.cell_voltage, rig.measured.temperature
    voltage[...] = np.round(random.normal(3.3, 0.02, voltage.shape), 4)
    temperature[...] = np.round(kelvin(25.0) + random.normal(0.0, 2.0, temperature.shape), 3)
    rig.step()
    racks, bank = rig.racks, rig.bank
    sensors = temperature.shape[1] // 4
    for r in range(3):
        _, cell, _, low_cell, _, _ = twin.extremes(voltage[r])
        assert racks.cell_voltage_max_pack_cell[r] == (cell - 1) % 104 + 1
        assert racks.cell_voltage_min_pack_cell[r] == (low_cell - 1) % 104 + 1
        _, sensor, _, low_sensor, _, _ = twin.extremes(temperature[r])
        assert (racks.temperature_max_sensor[r], racks.temperature_min_sensor[r]) == (sensor, low_sensor)
        assert racks.temperature_max_pack_sensor[r] == (sensor - 1) % sensors + 1
        assert racks.temperature_min_pack_sensor[r] == (low_sensor - 1) % sensors + 1
        served = [k for k in range(104) if k * sensors // 104 == (sensor - 1) % sensors]
        assert racks.temperature_max_cell[r] == (sensor - 1) // sensors * 104 + served[0] + 1
        packs = voltage[r].reshape(4, 104).sum(axis=1)
        assert racks.rack_pack_voltage_max[r] == pytest.approx(packs.max())
        assert racks.rack_pack_voltage_max_pack[r] == packs.argmax() + 1
        assert racks.rack_pack_voltage_min_pack[r] == packs.argmin() + 1
        assert racks.rack_pack_voltage_avg[r] == pytest.approx(packs.mean())
        means = temperature[r].reshape(4, sensors).mean(axis=1)
        assert racks.rack_pack_temperature_max[r] == pytest.approx(means.max())
        assert racks.rack_pack_temperature_min_pack[r] == means.argmin() + 1
    rack, cell = divmod(int(voltage.argmax()), voltage.shape[1])
    assert (bank.cell_voltage_max_rack[0], bank.cell_voltage_max_cell[0]) == (rack + 1, cell + 1)
    rack, sensor = divmod(int(temperature.argmin()), temperature.shape[1])
    assert (bank.temperature_min_rack[0], bank.temperature_min_pack_sensor[0]) == (rack + 1, sensor % sensors + 1)


def test_the_state_of_energy_is_the_share_that_is_left() -> None:
    rig = Rig().connected()
    rig.step()
    racks = rig.racks
    assert rig.rack_report.soe == pytest.approx(racks.soe_discharge / (racks.soe_discharge + racks.soe_charge))


def test_the_state_of_energy_of_a_container_is_that_of_its_connected_racks_or_of_all_while_none_is() -> None:
    rig = Rig().connected()
    rig.racks.soc[0] = 0.1
    rig.step()
    given, between = rig.racks.soe_discharge, rig.racks.soe_discharge + rig.racks.soe_charge
    for connected in ([0.0, 1.0, 1.0], [0.0, 0.0, 0.0]):
        rig.racks.connected[...] = connected
        rig.firmware.report()
        counted = np.array(connected) if any(connected) else np.ones(3)
        assert rig.bank_report.soe[0] == pytest.approx((given * counted).sum() / (between * counted).sum())


def test_balanced_cells_are_counted_pack_by_pack() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage.fill(3.42)
    rig.measured.cell_voltage[1, [3, 200, 201]] = 3.47
    rig.run(11.0)
    counts = rig.rack_report.pack_balancing_count
    assert counts[1].tolist() == [1, 2, 0, 0]
    assert rig.bank_report.balancing_count[0] == counts.sum() == 3
    rig.commands.balancing_enabled.fill(0.0)
    rig.step()
    assert not counts.any()


def test_packs_of_a_container_are_those_of_the_racks_that_have_the_extremes() -> None:
    rig = Rig().connected()
    rig.measured.cell_voltage[1, -1] += 0.05
    rig.measured.cell_voltage[2, 0] -= 0.05
    rig.measured.temperature[0, 0] += 4.0
    rig.step()
    report, racks = rig.bank_report, rig.racks
    for name in ("pack_voltage", "pack_temperature"):
        for end, pick in (("max", max), ("min", min)):
            values = getattr(racks, f"rack_{name}_{end}").tolist()
            rack = values.index(pick(values))
            assert getattr(report, f"{name}_{end}")[0] == values[rack]
            assert getattr(report, f"{name}_{end}_rack")[0] == rack + 1
            assert getattr(report, f"{name}_{end}_pack")[0] == getattr(racks, f"rack_{name}_{end}_pack")[rack]
    assert (report.pack_voltage_max_rack[0], report.pack_voltage_min_rack[0]) == (2, 3)


def test_a_container_permits_what_its_limits_permit() -> None:
    rig = Rig().ready()
    assert rig.bank_report.operating_state[0] == OperatingState.STANDBY
    rig = rig.connected()
    assert rig.bank_report.operating_state[0] == OperatingState.NORMAL
    rig.measured.cell_voltage.fill(3.54)
    rig.run(1.0)
    assert rig.bank_report.operating_state[0] == OperatingState.CHARGE_FORBIDDEN
