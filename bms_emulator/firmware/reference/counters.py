"""What a battery-management system counts: energy and charge by measured current and voltage, and cells that bleed."""

import numpy as np

from bms_emulator.jit import kernel
from bms_emulator.units import SECONDS_PER_HOUR

_DAY = 24.0 * SECONDS_PER_HOUR


@kernel
def count_throughput(
    # model
    time_of_day,
    # inputs
    connected,
    current,
    string_voltage,
    cell_voltage_sum,
    now,
    # state
    day,
    # out
    energy_charged,
    energy_discharged,
    energy_charged_today,
    energy_discharged_today,
    energy_charged_cycle,
    energy_discharged_cycle,
    throughput_charged,
    throughput_discharged,
    dt,
):
    """Count energy [J] and charge [C] of every rack that is on the bus, (rack,); what is not measured is not counted.

    time_of_day: at the start [s]; now (1,): since the start [s]. At midnight the counters of the day begin anew.
    """
    today = np.floor((time_of_day + now[0]) / _DAY)
    for r in range(connected.shape[0]):
        if day[r] != today:
            day[r] = today
            energy_charged_today[r] = 0.0
            energy_discharged_today[r] = 0.0
        if connected[r] == 0.0:
            continue
        given = current[r] * dt if current[r] > 0.0 else 0.0  # selected, not branched: at rest it is as often as not
        taken = -current[r] * dt if current[r] < 0.0 else 0.0
        voltage = cell_voltage_sum[r] if np.isnan(string_voltage[r]) else string_voltage[r]
        voltage = 0.0 if np.isnan(voltage) else voltage
        throughput_discharged[r] += given
        energy_discharged[r] += given * voltage
        energy_discharged_today[r] += given * voltage
        energy_discharged_cycle[r] += given * voltage
        throughput_charged[r] += taken
        energy_charged[r] += taken * voltage
        energy_charged_today[r] += taken * voltage
        energy_charged_cycle[r] += taken * voltage


@kernel
def sum_counters(
    # inputs
    rack_energy_charged,
    rack_energy_discharged,
    rack_energy_charged_today,
    rack_energy_discharged_today,
    rack_energy_charged_cycle,
    rack_energy_discharged_cycle,
    rack_throughput_charged,
    rack_throughput_discharged,
    # out
    energy_charged,
    energy_discharged,
    energy_charged_today,
    energy_discharged_today,
    energy_charged_cycle,
    energy_discharged_cycle,
    throughput_charged,
    throughput_discharged,
    first,
    stride,
):
    """Sums of the counters of the racks, (rack,), for every stride-th container, (container,)."""
    racks_per_container = rack_energy_charged.shape[0] // energy_charged.shape[0]
    for c in range(first[0], energy_charged.shape[0], stride):
        energy_charged[c] = 0.0
        energy_discharged[c] = 0.0
        energy_charged_today[c] = 0.0
        energy_discharged_today[c] = 0.0
        energy_charged_cycle[c] = 0.0
        energy_discharged_cycle[c] = 0.0
        throughput_charged[c] = 0.0
        throughput_discharged[c] = 0.0
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            energy_charged[c] += rack_energy_charged[r]
            energy_discharged[c] += rack_energy_discharged[r]
            energy_charged_today[c] += rack_energy_charged_today[r]
            energy_discharged_today[c] += rack_energy_discharged_today[r]
            energy_charged_cycle[c] += rack_energy_charged_cycle[r]
            energy_discharged_cycle[c] += rack_energy_discharged_cycle[r]
            throughput_charged[c] += rack_throughput_charged[r]
            throughput_discharged[c] += rack_throughput_discharged[r]


@kernel
def count_bled(
    # inputs
    balancing,
    revision,
    # state
    counted,
    # out
    pack_count,
):
    """Count the cells of every pack that bleed, (rack, pack), where the number of the mask (rack, cell) has changed."""
    cells = balancing.shape[1] // pack_count.shape[1]
    for r in range(revision.shape[0]):
        if revision[r] == counted[r]:
            continue
        counted[r] = revision[r]
        for p in range(pack_count.shape[1]):
            pack_count[r, p] = 0.0
            for k in range(p * cells, (p + 1) * cells):
                pack_count[r, p] += 1.0 if balancing[r, k] > 0.0 else 0.0
