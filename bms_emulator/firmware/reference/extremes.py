"""Extremes, means and sums of the measured cell voltages and temperatures, with positions counted from 1.

Invalid channels (NaN) are skipped and counted. Where a pack or rack has no valid channel at all, its extremes are NaN
and their positions 0.
"""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Measurements, RackOutputs
from bms_emulator.jit import Bound, bind, kernel, scalar


def find_extremes(
    measurements: Measurements, first_cell: Array, age_seen: Array, racks: RackOutputs
) -> tuple[Bound, Bound]:
    """What finds the extremes of every pack and rack.

    Args:
        measurements: Cell voltages and temperatures.
        first_cell: First cell of the pack that a temperature sensor serves, counted from 1, (sensor,).
        age_seen: Ages of the temperatures at the last look [s], (rack, pack), updated; infinite before the first.
        racks: Extremes, written.
    """
    voltages = bind(
        find_voltage_extremes,
        measurements.cell_voltage,
        racks.pack_cell_voltage_max,
        racks.pack_cell_voltage_max_cell,
        racks.pack_cell_voltage_min,
        racks.pack_cell_voltage_min_cell,
        racks.pack_cell_voltage_avg,
        racks.pack_voltage,
        racks.cell_voltage_max,
        racks.cell_voltage_max_cell,
        racks.cell_voltage_max_pack,
        racks.cell_voltage_max_pack_cell,
        racks.cell_voltage_min,
        racks.cell_voltage_min_cell,
        racks.cell_voltage_min_pack,
        racks.cell_voltage_min_pack_cell,
        racks.cell_voltage_avg,
        racks.cell_voltage_sum,
        racks.cell_voltage_invalid_count,
        racks.rack_pack_voltage_max,
        racks.rack_pack_voltage_max_pack,
        racks.rack_pack_voltage_min,
        racks.rack_pack_voltage_min_pack,
        racks.rack_pack_voltage_avg,
    )
    temperatures = bind(
        find_temperature_extremes,
        measurements.cell_voltage.shape[1] // racks.pack_temperature_max.shape[1],
        first_cell,
        measurements.temperature,
        measurements.temperature_age,
        age_seen,
        racks.pack_temperature_max,
        racks.pack_temperature_max_sensor,
        racks.pack_temperature_max_cell,
        racks.pack_temperature_min,
        racks.pack_temperature_min_sensor,
        racks.pack_temperature_min_cell,
        racks.pack_temperature_avg,
        racks.temperature_max,
        racks.temperature_max_pack,
        racks.temperature_max_sensor,
        racks.temperature_max_pack_sensor,
        racks.temperature_max_cell,
        racks.temperature_min,
        racks.temperature_min_pack,
        racks.temperature_min_sensor,
        racks.temperature_min_pack_sensor,
        racks.temperature_min_cell,
        racks.temperature_avg,
        racks.temperature_invalid_count,
        racks.rack_pack_temperature_max,
        racks.rack_pack_temperature_max_pack,
        racks.rack_pack_temperature_min,
        racks.rack_pack_temperature_min_pack,
    )
    return voltages, temperatures


@scalar
def extremes(row):
    """Highest value, its position from 0, lowest value, its position, sum and count of the valid values of a row."""
    highest = -np.inf
    lowest = np.inf
    at_highest = -1
    at_lowest = -1
    total = 0.0
    for k in range(row.shape[0]):
        quantity = row[k]
        total += quantity
        if quantity > highest:
            highest = quantity
            at_highest = k
        if quantity < lowest:
            lowest = quantity
            at_lowest = k
    count = row.shape[0]
    if np.isnan(total):
        total, count = valid_total(row)
    return highest, at_highest, lowest, at_lowest, total, count


@scalar
def valid_total(row):
    """Sum and count of the values of a row that are not NaN."""
    total = 0.0
    count = 0
    for k in range(row.shape[0]):
        if not np.isnan(row[k]):
            total += row[k]
            count += 1
    return total, count


@kernel
def find_voltage_extremes(
    # inputs
    cell_voltage,
    # out
    pack_max,
    pack_max_cell,
    pack_min,
    pack_min_cell,
    pack_avg,
    pack_sum,
    rack_max,
    rack_max_cell,
    rack_max_pack,
    rack_max_pack_cell,
    rack_min,
    rack_min_cell,
    rack_min_pack,
    rack_min_pack_cell,
    rack_avg,
    rack_sum,
    invalid_count,
    highest_pack,
    highest_pack_number,
    lowest_pack,
    lowest_pack_number,
    mean_pack,
):
    """Extremes of the cell voltages [V] (rack, cell) of every pack (rack, pack) and rack (rack,).

    A sum that lacks a cell would look like a low voltage: it is NaN, and such a pack is no extreme.
    """
    rack_count, cell_count = cell_voltage.shape
    pack_count = pack_max.shape[1]
    cells_per_pack = cell_count // pack_count
    for r in range(rack_count):
        rack_total = 0.0
        rack_valid = 0
        for p in range(pack_count):
            first = p * cells_per_pack
            top, at_top, bottom, at_bottom, total, valid = extremes(cell_voltage[r, first : first + cells_per_pack])
            pack_max[r, p] = top if valid else np.nan
            pack_max_cell[r, p] = at_top + 1
            pack_min[r, p] = bottom if valid else np.nan
            pack_min_cell[r, p] = at_bottom + 1
            pack_sum[r, p] = total if valid == cells_per_pack else np.nan
            pack_avg[r, p] = total / valid
            rack_total += total
            rack_valid += valid
        top, top_pack, _, _, _, _ = extremes(pack_max[r])
        _, _, bottom, bottom_pack, _, _ = extremes(pack_min[r])
        rack_max[r] = top if rack_valid else np.nan
        rack_max_pack[r] = top_pack + 1
        rack_max_pack_cell[r] = pack_max_cell[r, top_pack] if rack_valid else 0.0
        rack_max_cell[r] = top_pack * cells_per_pack + pack_max_cell[r, top_pack] if rack_valid else 0.0
        rack_min[r] = bottom if rack_valid else np.nan
        rack_min_pack[r] = bottom_pack + 1
        rack_min_pack_cell[r] = pack_min_cell[r, bottom_pack] if rack_valid else 0.0
        rack_min_cell[r] = bottom_pack * cells_per_pack + pack_min_cell[r, bottom_pack] if rack_valid else 0.0
        rack_sum[r] = rack_total if rack_valid == cell_count else np.nan
        rack_avg[r] = rack_total / rack_valid
        invalid_count[r] = cell_count - rack_valid
        top, top_pack, bottom, bottom_pack, total, known = extremes(pack_sum[r])
        highest_pack[r] = top if known else np.nan
        highest_pack_number[r] = top_pack + 1
        lowest_pack[r] = bottom if known else np.nan
        lowest_pack_number[r] = bottom_pack + 1
        mean_pack[r] = total / known


@kernel
def find_temperature_extremes(
    # model
    cells_per_pack,
    first_cell,
    # inputs
    temperature,
    age,
    # state
    age_seen,
    # out
    pack_max,
    pack_max_sensor,
    pack_max_cell,
    pack_min,
    pack_min_sensor,
    pack_min_cell,
    pack_avg,
    rack_max,
    rack_max_pack,
    rack_max_sensor,
    rack_max_pack_sensor,
    rack_max_cell,
    rack_min,
    rack_min_pack,
    rack_min_sensor,
    rack_min_pack_sensor,
    rack_min_cell,
    rack_avg,
    invalid_count,
    warmest_pack,
    warmest_pack_number,
    coldest_pack,
    coldest_pack_number,
):
    """Extremes of the temperatures [K] (rack, sensor) of every pack (rack, pack) and rack (rack,), and of pack means.

    Temperatures are sampled rarely: those of a rack stand where all of its packs' ages [s] (rack, pack) have grown.
    """
    rack_count, sensor_count = temperature.shape
    pack_count = pack_max.shape[1]
    sensors_per_pack = sensor_count // pack_count
    for r in range(rack_count):
        grown = 0
        for p in range(pack_count):
            grown += age[r, p] > age_seen[r, p]
            age_seen[r, p] = age[r, p]
        if grown == pack_count:
            continue
        rack_total = 0.0
        rack_valid = 0
        for p in range(pack_count):
            first = p * sensors_per_pack
            top, at_top, bottom, at_bottom, total, valid = extremes(temperature[r, first : first + sensors_per_pack])
            pack_max[r, p] = top if valid else np.nan
            pack_max_sensor[r, p] = at_top + 1
            pack_max_cell[r, p] = first_cell[first + at_top] if valid else 0.0
            pack_min[r, p] = bottom if valid else np.nan
            pack_min_sensor[r, p] = at_bottom + 1
            pack_min_cell[r, p] = first_cell[first + at_bottom] if valid else 0.0
            pack_avg[r, p] = total / valid
            rack_total += total
            rack_valid += valid
        top, top_pack, _, _, _, _ = extremes(pack_max[r])
        _, _, bottom, bottom_pack, _, _ = extremes(pack_min[r])
        rack_max[r] = top if rack_valid else np.nan
        rack_max_pack[r] = top_pack + 1
        rack_max_pack_sensor[r] = pack_max_sensor[r, top_pack] if rack_valid else 0.0
        rack_max_sensor[r] = top_pack * sensors_per_pack + pack_max_sensor[r, top_pack] if rack_valid else 0.0
        rack_max_cell[r] = top_pack * cells_per_pack + pack_max_cell[r, top_pack] if rack_valid else 0.0
        rack_min[r] = bottom if rack_valid else np.nan
        rack_min_pack[r] = bottom_pack + 1
        rack_min_pack_sensor[r] = pack_min_sensor[r, bottom_pack] if rack_valid else 0.0
        rack_min_sensor[r] = bottom_pack * sensors_per_pack + pack_min_sensor[r, bottom_pack] if rack_valid else 0.0
        rack_min_cell[r] = bottom_pack * cells_per_pack + pack_min_cell[r, bottom_pack] if rack_valid else 0.0
        rack_avg[r] = rack_total / rack_valid
        invalid_count[r] = sensor_count - rack_valid
        top, top_pack, bottom, bottom_pack, _, _ = extremes(pack_avg[r])
        warmest_pack[r] = top if rack_valid else np.nan
        warmest_pack_number[r] = top_pack + 1
        coldest_pack[r] = bottom if rack_valid else np.nan
        coldest_pack_number[r] = bottom_pack + 1
