"""The device under test is a firmware library in one rack of a cabinet, beside racks with the reference firmware."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig

pytestmark = [pytest.mark.rig("user-firmware"), pytest.mark.component]


@pytest.fixture
def connected(rig: Rig) -> Rig:
    """The rig with all racks on the bus."""
    rig.write({"request": "connect"})
    rig.precondition("rack[*].mode", equals="connected", within="60s")
    return rig


@pytest.mark.requirement("PRO-OV-3")
def test_an_overvoltage_opens_the_rack_under_test_and_no_other(connected: Rig, faults: Faults) -> None:
    """A cell above its limit trips the firmware under test; the racks beside it stay on the bus."""
    connected.nothing_else_trips("rack[1].cell_overvoltage", "rack[1].*")
    connected.watch("rack[2..3].mode", equals="connected", always="end")
    faults("stuck", "rack[1].cell[41].voltage", value="3.70V", name="ov")
    connected.expect("rack[1].alarm[cell_overvoltage].level", at_least=3, within="5s")
    connected.expect("rack[1].mode", equals="fault", within="3s", hold="10s")
    connected.expect("rack[1].current", between=("-1A", "1A"))


@pytest.mark.requirement("PRO-OV-3")
def test_a_reset_brings_the_rack_under_test_back_once_its_cause_has_gone(connected: Rig, faults: Faults) -> None:
    """A latched trip stays over a reset as long as its cause is there, and goes with a reset when that has gone."""
    faults("stuck", "rack[1].cell[41].voltage", value="3.70V", name="ov")
    connected.precondition("rack[1].mode", equals="fault", within="10s")
    connected.write({"alarm_reset": True})
    connected.expect("rack[1].mode", equals="fault", always="2s")
    faults.clear()
    connected.run(10.0)
    connected.write({"alarm_reset": True})
    connected.write({"request": "connect"})
    connected.expect("rack[1].mode", equals="connected", within="60s")
