"""State of energy: what a rack can still give until it is empty, and take until it is full, at its rated current."""

from bms_emulator.firmware.reference.estimator import table_soc_of
from bms_emulator.jit import kernel, scalar


@scalar
def along(soc, table, column):
    """Value of a column over a uniform grid of the state of charge from 0 to 1."""
    last = table.shape[0] - 1
    j = min(int(soc * last), last - 1)
    return table[j, column] + (soc * last - j) * (table[j + 1, column] - table[j, column])


@kernel
def estimate_energy(
    # model
    energy_table,
    empty,
    knee_low,
    knee_high,
    full,
    rated_current,
    cell_count,
    # inputs
    capacity,
    resistance0,
    resistance1,
    resistance2,
    soc,
    # out
    soe_discharge,
    soe_charge,
    first,
    stride,
):
    """Energies [J] of every stride-th rack, all (rack,).

    N C integral of (U -+ shape R I) dz from the present charge to the end, with U on the hysteresis branch of the
    direction. The table (node, 4) holds the integrals from 0 of U and of the resistance's shape: in discharge, in
    charge. The ends are those of the published state of charge, which follows the weakest cell there.
    """
    for r in range(first[0], soc.shape[0], stride):
        charge = table_soc_of(soc[r], empty, knee_low, knee_high, full)
        loss = rated_current * (resistance0[r] + resistance1[r] + resistance2[r])
        scale = cell_count * capacity[r]
        given = along(charge, energy_table, 0) - along(empty, energy_table, 0)
        lost = along(charge, energy_table, 1) - along(empty, energy_table, 1)
        soe_discharge[r] = max(0.0, scale * (given - loss * lost))
        taken = along(full, energy_table, 2) - along(charge, energy_table, 2)
        added = along(full, energy_table, 3) - along(charge, energy_table, 3)
        soe_charge[r] = max(0.0, scale * (taken + loss * added))
