"""What the firmware makes of a capacity test."""

import numpy as np
import pytest

from bms_emulator.firmware.reference.firmware import ReferenceFirmware
from tests.firmware.rig import Rig

RATED = 314.0 * 3600.0


def commissioned(*capacity_ah: float) -> Rig:
    rig = Rig()
    rig.firmware = ReferenceFirmware(
        rig.site, rig.arrays, rig.measured, rig.dt, capacity=np.array(capacity_ah) * 3600.0
    )
    return rig


def test_health_is_the_tested_capacity_over_the_rated_one_and_never_more_than_all():
    rig = commissioned(320.0, 282.6, 251.2)
    rig.step()
    assert rig.racks.soh == pytest.approx([1.0, 0.9, 0.8])
    assert rig.bank.soh == pytest.approx(0.9)


def test_without_a_test_the_racks_are_taken_for_fresh():
    rig = Rig()
    assert (rig.racks.soh == 1.0).all()
    assert (rig.persistent.capacity == 320.0 * 3600.0).all()


def test_charge_is_counted_on_the_tested_capacity():
    rig = commissioned(314.0, 157.0, 314.0)
    rig.step()
    start = rig.racks.soc.copy()
    rig.measured.current[...] = 100.0
    rig.run(60.0)
    fallen = start - rig.racks.soc
    assert fallen == pytest.approx(100.0 * 60.0 / (RATED * np.array([1.0, 0.5, 1.0])))
    assert rig.racks.cycle_count == pytest.approx(fallen / 2.0)


def test_available_energy_falls_with_health():
    full, worn = commissioned(314.0, 314.0, 314.0), commissioned(251.2, 251.2, 251.2)
    for rig in (full, worn):
        rig.step()
    assert worn.bank.energy_available == pytest.approx(0.8 * full.bank.energy_available)
