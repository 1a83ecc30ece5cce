"""Current limits of every rack as a chain of deratings, and what the bank may carry with its racks in parallel."""

import numpy as np

from bms_emulator.firmware.contract import RackMode
from bms_emulator.jit import kernel, scalar

_CONNECTED = float(RackMode.CONNECTED)


@scalar
def taper(quantity, start, end):
    """Factor that falls linearly from 1 at the start to 0 at the end, whichever of them is higher [1]; 0 for NaN."""
    share = (quantity - end) / (start - end)
    return min(share, 1.0) if share > 0.0 else 0.0


@scalar
def interpolate(quantity, grid, column):
    """Linear interpolation, constant beyond the ends of the grid; 0 for NaN."""
    if np.isnan(quantity):
        return 0.0
    if quantity <= grid[0]:
        return column[0]
    for j in range(1, grid.shape[0]):
        if quantity <= grid[j]:
            share = (quantity - grid[j - 1]) / (grid[j] - grid[j - 1])
            return column[j - 1] + share * (column[j] - column[j - 1])
    return column[-1]


@scalar
def alarm_factor(level, warning_factor):
    """Factor of a direction at its highest alarm level: derated by a warning, nothing from level 2 on [1]."""
    if level >= 2.0:
        return 0.0
    return warning_factor if level >= 1.0 else 1.0


@scalar
def rise(limit, target, step):
    """A limit that falls to its target at once and rises by no more than a step."""
    return min(target, limit + step)


@kernel
def limit_currents(
    # model
    rated_current,
    charge_voltage_start,
    charge_voltage_end,
    discharge_voltage_start,
    discharge_voltage_end,
    charge_temperature,
    charge_temperature_current,
    discharge_temperature,
    discharge_temperature_current,
    warning_factor,
    ramp,
    soc_taper,
    # inputs
    mode,
    cell_voltage_max,
    cell_voltage_min,
    temperature_max,
    temperature_min,
    soc,
    charge_alarm_level,
    discharge_alarm_level,
    soc_reserve_min,
    soc_reserve_max,
    master_lost,
    # state
    charge_headroom,
    discharge_headroom,
    # out
    charge_limit,
    discharge_limit,
    dt,
):
    """Largest charge and discharge current of every rack [A], (rack,); reserves, master_lost (container,); ramp [A/s].

    Coldest and hottest cell both ask the temperature map. A reserve at its end, 0 or 1, is none: then cell voltage
    alone ends charge and discharge, so that an estimate that has drifted cannot keep a rack from being filled.

    The ramp holds for what the deratings allow, connected or not: a rack that joins brings its limit along, and does
    not pull the bank down until it has ramped up.
    """
    racks_per_container = mode.shape[0] // master_lost.shape[0]
    for r in range(mode.shape[0]):
        c = r // racks_per_container
        connected = 1.0 if mode[r] == _CONNECTED else 0.0
        mastered = 1.0 if master_lost[c] == 0.0 else 0.0

        charge = min(
            rated_current,
            interpolate(temperature_min[r], charge_temperature, charge_temperature_current),
            interpolate(temperature_max[r], charge_temperature, charge_temperature_current),
        )
        charge *= taper(cell_voltage_max[r], charge_voltage_start, charge_voltage_end)
        if soc_reserve_max[c] < 1.0:
            charge *= taper(soc[r], soc_reserve_max[c] - soc_taper, soc_reserve_max[c])
        charge *= mastered * alarm_factor(charge_alarm_level[r], warning_factor)

        discharge = min(
            rated_current,
            interpolate(temperature_min[r], discharge_temperature, discharge_temperature_current),
            interpolate(temperature_max[r], discharge_temperature, discharge_temperature_current),
        )
        discharge *= taper(cell_voltage_min[r], discharge_voltage_start, discharge_voltage_end)
        if soc_reserve_min[c] > 0.0:
            discharge *= taper(soc[r], soc_reserve_min[c] + soc_taper, soc_reserve_min[c])
        discharge *= mastered * alarm_factor(discharge_alarm_level[r], warning_factor)

        charge_headroom[r] = rise(charge_headroom[r], charge, ramp * dt)
        discharge_headroom[r] = rise(discharge_headroom[r], discharge, ramp * dt)
        charge_limit[r] = connected * charge_headroom[r]
        discharge_limit[r] = connected * discharge_headroom[r]


@kernel
def limit_banks(
    # inputs
    connected,
    rack_charge_limit,
    rack_discharge_limit,
    voltage,
    # out
    charge_limit,
    discharge_limit,
    charge_power_limit,
    discharge_power_limit,
):
    """Limits of every container [A], [W], (container,); racks (rack,).

    Racks in parallel share the current evenly, so the one with the smallest limit binds them all: it counts as often as
    there are connected racks. A rack that is about to open has limit 0 and so unloads the whole bank.
    """
    racks_per_container = connected.shape[0] // voltage.shape[0]
    for c in range(voltage.shape[0]):
        count = 0.0
        charge = np.inf
        discharge = np.inf
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            if connected[r] != 0.0:
                count += 1.0
                charge = min(charge, rack_charge_limit[r])
                discharge = min(discharge, rack_discharge_limit[r])
        charge_limit[c] = count * charge if count else 0.0
        discharge_limit[c] = count * discharge if count else 0.0
        bus_voltage = 0.0 if np.isnan(voltage[c]) else voltage[c]
        charge_power_limit[c] = charge_limit[c] * bus_voltage
        discharge_power_limit[c] = discharge_limit[c] * bus_voltage
