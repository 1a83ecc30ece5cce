"""Passive balancing of a cabinet near full charge, in steps of one second."""

import numpy as np
import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import connect, order

HOUR = 3600.0
LOW = "11..15"
"""Cells that are a percent of charge below the others."""
FULL = {
    "step_ms": 1000,
    "container": "cabinet-261kwh",
    "pcs": "cabinet-125kw",
    "initial.soc_percent": 98.5,
}

pytestmark = pytest.mark.settings(FULL)


def charge_gently(rig: Rig, faults: Faults) -> None:
    """Put the rack on the bus with five cells low, and keep it near full with a trickle of 4 kW."""
    faults("soc-shift", f"rack[1].cell[{LOW}]", name="low", shift="-1%")
    connect(rig)
    order(rig, -4e3)
    rig.precondition("rack[1].cell_voltage_max", above="3.40V", within="30min")


def behind(rig: Rig) -> float:
    """How far the low cells are behind the mean of their rack, in charge."""
    soc = rig.values("plant.rack[1].cell[*].soc")
    return float(np.mean(soc) - np.mean(rig.values(f"plant.rack[1].cell[{LOW}].soc")))


@pytest.mark.requirement("BAL-1")
def test_balancing_brings_cells_together(rig: Rig, faults: Faults, capture) -> None:
    """Over six hours the low cells gain 0.07 % of charge on the others at least; the spread falls, none is bled."""
    capture("rack[1].cell_voltage_spread", "rack[1].balancing_count", "rack[1].cell_voltage_max", period=60.0)
    charge_gently(rig, faults)
    rig.nothing_else_trips()
    rig.expect("rack[1].balancing_count", at_least=1, within="1min")
    before, distances = behind(rig), [float(np.ptp(rig.values("plant.rack[1].cell[*].soc")))]
    for _ in range(12):
        rig.run(HOUR / 2.0)
        bled = np.sum(rig.values(f"rack[1].cell[{LOW}].balancing"))
        rig.verify("no low cell is bled", bled == 0, f"{bled:g} are")
        distances.append(float(np.ptp(rig.values("plant.rack[1].cell[*].soc"))))
    gain = before - behind(rig)
    rig.verify(f"the low cells have gained {100.0 * gain:.3f} %, at least 0.07 %", gain >= 0.0007)
    rig.verify("the spread of charge falls at every look", bool(np.all(np.diff(distances[1:]) < 0.0)), str(distances))


@pytest.mark.requirement("BAL-1")
def test_a_balancing_switch_that_is_stuck_open_bleeds_nothing_and_harms_nothing(rig: Rig, faults: Faults) -> None:
    """A cell whose balancing switch is open carries no bleeding current though it is chosen; no alarm, others go on."""
    charge_gently(rig, faults)
    rig.nothing_else_trips()
    rig.precondition("rack[1].balancing_count", at_least=1, within="1min")
    chosen = int(np.argmax(rig.values("rack[1].cell[*].balancing"))) + 1
    rig.precondition(f"plant.rack[1].cell[{chosen}].balancing_current", above="50mA")
    faults("balancing-stuck-off", f"rack[1].cell[{chosen}]", name="stuck")
    rig.expect(f"plant.rack[1].cell[{chosen}].balancing_current", between=("-1mA", "1mA"), within="3s", hold="1min")
    rig.expect("rack[1].balancing_count", at_least=2)


@pytest.mark.requirement("BAL-2")
def test_nothing_is_balanced_where_the_master_forbids_it(rig: Rig, faults: Faults) -> None:
    """With balancing disabled no cell is bled, and with it enabled again some are, within a minute each."""
    charge_gently(rig, faults)
    rig.precondition("rack[1].balancing_count", at_least=1, within="1min")
    rig.write({"balancing_enabled": False})
    rig.expect("rack[1].balancing_count", equals=0, tolerance=0, within="20s", hold="5min")
    rig.expect("plant.rack[1].cell[*].balancing_current", between=("-1mA", "1mA"))
    rig.write({"balancing_enabled": True})
    rig.expect("rack[1].balancing_count", at_least=1, within="1min")


@pytest.mark.requirement("BAL-2")
def test_nothing_is_balanced_in_a_rack_that_is_too_hot(rig: Rig, faults: Faults) -> None:
    """Above the temperature of the profile, 45 °C, no cell is bled."""
    charge_gently(rig, faults)
    rig.precondition("rack[1].balancing_count", at_least=1, within="1min")
    faults("stuck", "rack[1].temperature_sensor[*].temperature", name="hot", value="47degC")
    rig.expect("rack[1].balancing_count", equals=0, tolerance=0, within="20s", hold="5min")


@pytest.mark.requirement("BAL-2")
def test_nothing_is_balanced_in_a_rack_that_is_faulted(rig: Rig, faults: Faults) -> None:
    """A rack that has tripped bleeds no cell."""
    charge_gently(rig, faults)
    rig.precondition("rack[1].balancing_count", at_least=1, within="1min")
    faults("interlock-open", "rack[1]", name="interlock")
    rig.expect("rack[1].mode", equals="fault", within="5s")
    rig.expect("rack[1].balancing_count", equals=0, tolerance=0, within="20s", hold="5min")
