"""State of energy in both directions."""

import numpy as np
import pytest

from bms_emulator.firmware.reference.estimation_model import build_estimation_model
from bms_emulator.firmware.reference.estimator import table_soc_of
from tests.firmware.battery_rig import BatteryRig
from tests.firmware.rig import Rig
from tests.reference.battery_twin import energy


@pytest.mark.parametrize("soc", [0.0, 0.03, 0.1, 0.5, 0.83, 0.99, 1.0])
def test_energy_to_both_ends_is_the_integral_of_voltage_over_charge(soc: float) -> None:
    rig = Rig(dt=1.0)
    rig.step()
    rig.racks.soc.fill(soc)
    rig.step()
    rack = rig.site.container.rack
    ends = build_estimation_model(rack, rig.site.firmware).usable
    charge = table_soc_of(soc, *ends)
    capacity, cells = rig.persistent.capacity[0], rack.cell_count
    given = cells * energy(rack.pack.cell, charge, ends.empty, capacity, rack.rated_current_a)
    taken = -cells * energy(rack.pack.cell, charge, ends.full, capacity, -rack.rated_current_a)
    scale = cells * capacity * 3.2
    assert rig.racks.soe_discharge == pytest.approx([given] * 3, abs=2e-4 * scale)
    assert rig.racks.soe_charge == pytest.approx([taken] * 3, abs=2e-4 * scale)


def test_less_comes_out_than_goes_in() -> None:
    rig = Rig(dt=1.0)
    rig.step()
    rig.racks.soc.fill(0.0)
    rig.step()
    taken = rig.racks.soe_charge[0]
    rig.racks.soc.fill(1.0)
    rig.step()
    assert rig.racks.soe_charge[0] == pytest.approx(0.0, abs=1.0)
    assert 0.9 < rig.racks.soe_discharge[0] / taken < 0.97


def test_what_is_drawn_is_missing_afterwards() -> None:
    rig = BatteryRig(dt=1.0, soc=0.9)
    rated = rig.site.container.rack.rated_current_a
    rig.draw_for(rated, 1200.0)
    before = rig.racks.soe_discharge.copy()
    drawn = np.zeros(3)
    for _ in range(1800):
        rig.draw(rated)
        drawn += rig.measured.string_voltage * rated
    assert before - rig.racks.soe_discharge == pytest.approx(drawn, rel=0.01)


def test_the_bank_counts_the_energy_of_its_connected_racks() -> None:
    rig = Rig().connected()
    assert rig.bank.soe_discharge[0] == pytest.approx(rig.racks.soe_discharge.sum())
    assert rig.bank.soe_charge[0] == pytest.approx(rig.racks.soe_charge.sum())
    rig.commands.rack_enabled[0] = 0
    rig.run(20.0)
    assert rig.bank.soe_discharge[0] == pytest.approx(rig.racks.soe_discharge[1:].sum())
