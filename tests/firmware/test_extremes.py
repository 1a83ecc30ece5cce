"""Extremes, means and sums with positions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.reference.extremes import extremes
from tests.firmware.rig import Rig
from tests.reference import firmware_twin as twin

RIG = Rig()


@given(st.lists(st.one_of(st.floats(-10, 10), st.just(math.nan)), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_extremes_of_a_row_are_the_twins(row: list[float]) -> None:
    highest, at_highest, lowest, at_lowest, total, count = extremes(np.array(row))
    expected = twin.extremes(row)
    assert (at_highest + 1, at_lowest + 1, count) == (expected[1], expected[3], expected[5])
    assert total == pytest.approx(expected[4], abs=1e-9)
    if count:
        assert (highest, lowest) == (expected[0], expected[2])


def test_extremes_of_cells_packs_racks_and_bank_agree_with_the_twin() -> None:
    random = np.random.default_rng(7)
    voltage = RIG.measured.cell_voltage
    voltage[...] = np.round(random.normal(3.3, 0.02, voltage.shape), 3)
    voltage[random.random(voltage.shape) < 0.02] = np.nan
    RIG.step()
    racks, bank = RIG.racks, RIG.bank
    for r in range(3):
        highest, cell, lowest, low_cell, total, count = twin.extremes(voltage[r])
        assert (racks.cell_voltage_max[r], racks.cell_voltage_max_cell[r]) == (highest, cell)
        assert (racks.cell_voltage_min[r], racks.cell_voltage_min_cell[r]) == (lowest, low_cell)
        assert racks.cell_voltage_max_pack[r] == (cell - 1) // 104 + 1
        assert racks.cell_voltage_min_pack[r] == (low_cell - 1) // 104 + 1
        assert racks.cell_voltage_sum[r] == pytest.approx(total if count == 416 else math.nan, nan_ok=True)
        assert racks.cell_voltage_avg[r] == pytest.approx(total / count)
        assert racks.cell_voltage_invalid_count[r] == 416 - count > 0
        for p in range(4):
            highest, cell, lowest, low_cell, total, count = twin.extremes(voltage[r, p * 104 : (p + 1) * 104])
            assert (racks.pack_cell_voltage_max[r, p], racks.pack_cell_voltage_max_cell[r, p]) == (highest, cell)
            assert (racks.pack_cell_voltage_min[r, p], racks.pack_cell_voltage_min_cell[r, p]) == (lowest, low_cell)
            assert racks.pack_voltage[r, p] == pytest.approx(total if count == 104 else math.nan, nan_ok=True)
            assert racks.pack_cell_voltage_avg[r, p] == pytest.approx(total / count)
    highest, rack, *_ = twin.extremes(racks.cell_voltage_max)
    assert (bank.cell_voltage_max[0], bank.cell_voltage_max_rack[0]) == (highest, rack)
    assert bank.cell_voltage_max_pack[0] == racks.cell_voltage_max_pack[rack - 1]
    *_, lowest, rack, _, _ = twin.extremes(racks.cell_voltage_min)
    assert (bank.cell_voltage_min[0], bank.cell_voltage_min_rack[0]) == (lowest, rack)
    assert bank.cell_voltage_avg[0] == pytest.approx(np.mean(racks.cell_voltage_avg))


def test_positions_are_exact_for_every_cell() -> None:
    rig = Rig()
    for k in range(416):
        rig.measured.cell_voltage[1].fill(3.3)
        rig.measured.cell_voltage[1, k] = 3.4
        rig.measured.cell_voltage[1, (k + 200) % 416] = 3.2
        rig.step()
        assert rig.racks.cell_voltage_max_cell[1] == k + 1
        assert rig.racks.cell_voltage_min_cell[1] == (k + 200) % 416 + 1
        assert (rig.bank.cell_voltage_max_rack[0], rig.bank.cell_voltage_min_rack[0]) == (2, 2)
        assert rig.bank.cell_voltage_max_pack[0] == k // 104 + 1


def test_temperatures_name_pack_and_first_cell_that_the_sensor_serves() -> None:
    rig = Rig()
    rig.measured.temperature[2, 52 + 7] = 310.0
    rig.measured.temperature[0, 3 * 52 + 51] = 280.0
    rig.step()
    assert rig.racks.temperature_max.tolist() == [298.15, 298.15, 310.0]
    assert rig.racks.temperature_max_pack[2] == 2
    assert rig.racks.pack_temperature_max_cell[2, 1] == 15
    assert rig.racks.pack_temperature_min_cell[0, 3] == 103
    assert rig.racks.temperature_avg[2] == pytest.approx(np.mean(rig.measured.temperature[2]))
    assert (rig.bank.temperature_max_rack[0], rig.bank.temperature_max_pack[0]) == (3, 2)
    assert (rig.bank.temperature_min_rack[0], rig.bank.temperature_min_pack[0]) == (1, 4)


def test_a_sum_that_lacks_a_cell_is_not_known_and_its_pack_is_no_extreme() -> None:
    rig = Rig()
    rig.measured.cell_voltage.fill(3.3)
    rig.measured.cell_voltage[1, 105] = np.nan
    rig.measured.cell_voltage[1, 208] = 3.2
    rig.measured.cell_voltage[2, ::104] = np.nan
    rig.step()
    racks, report = rig.racks, rig.bank_report
    assert np.isnan(racks.pack_voltage).sum(axis=1).tolist() == [0, 1, 4]
    assert np.isnan(racks.cell_voltage_sum).tolist() == [False, True, True]
    assert (racks.rack_pack_voltage_min_pack[1], racks.rack_pack_voltage_max_pack[1]) == (3, 1)
    assert racks.rack_pack_voltage_avg[1] == pytest.approx(3.3 * 104 - 0.1 / 3)
    assert math.isnan(racks.rack_pack_voltage_min[2])
    assert racks.rack_pack_voltage_min_pack[2] == 0
    assert report.pack_voltage_min[0] == pytest.approx(3.3 * 104 - 0.1)
    assert (report.pack_voltage_min_rack[0], report.pack_voltage_min_pack[0]) == (2, 3)


def test_a_rack_without_a_valid_channel_is_invalid_and_skipped_by_the_bank() -> None:
    rig = Rig()
    rig.measured.cell_voltage[0] = np.nan
    rig.measured.cell_voltage[1, :104] = np.nan
    rig.measured.cell_voltage[2, 5] = 3.35
    rig.step()
    assert math.isnan(rig.racks.cell_voltage_max[0])
    assert math.isnan(rig.racks.cell_voltage_avg[0])
    assert (rig.racks.cell_voltage_max_cell[0], rig.racks.cell_voltage_max_pack[0]) == (0, 0)
    assert rig.racks.cell_voltage_invalid_count.tolist() == [416, 104, 0]
    assert math.isnan(rig.racks.pack_cell_voltage_min[1, 0])
    assert rig.racks.cell_voltage_min_cell[1] == 105
    assert (rig.bank.cell_voltage_max[0], rig.bank.cell_voltage_max_rack[0]) == (3.35, 3)


def test_the_bank_compares_voltages_and_currents_of_its_racks() -> None:
    rig = Rig()
    rig.measured.string_voltage[...] = [1370.0, 1375.0, 1366.0]
    rig.measured.current[...] = [50.0, 48.0, 55.0]
    rig.measured.link_voltage[...] = [1369.0, 1371.0, np.nan]
    rig.link_follows = False
    rig.step()
    assert (rig.bank.rack_voltage_max[0], rig.bank.rack_voltage_max_rack[0]) == (1375.0, 2)
    assert (rig.bank.rack_voltage_min[0], rig.bank.rack_voltage_min_rack[0]) == (1366.0, 3)
    assert (rig.bank.rack_current_max[0], rig.bank.rack_current_max_rack[0]) == (55.0, 3)
    assert (rig.bank.rack_current_min[0], rig.bank.rack_current_min_rack[0]) == (48.0, 2)
    assert rig.bank.rack_current_avg[0] == pytest.approx(51.0)
    assert rig.bank.voltage[0] == 1370.0
    assert rig.bank.current[0] == 153.0
    assert rig.bank.power[0] == 1370.0 * 153.0


def test_new_temperatures_are_seen_however_old_they_arrive() -> None:
    rig = Rig().ready()
    rig.measured.temperature_age.fill(0.7)
    rig.step()
    for warmer in (1.0, 2.0):
        rig.measured.temperature[1, 5] = 298.15 + warmer
        rig.step()
        assert rig.racks.temperature_max[1] == 298.15 + warmer


def test_temperatures_stand_while_their_ages_grow() -> None:
    rig = Rig().ready()
    seen = rig.racks.temperature_max[1]
    rig.measured.temperature_age += 0.1
    rig.measured.temperature[1, 5] += 1.0
    rig.step()
    assert rig.racks.temperature_max[1] == seen
    rig.measured.temperature_age.fill(0.0)
    rig.step()
    assert rig.racks.temperature_max[1] == seen + 1.0
