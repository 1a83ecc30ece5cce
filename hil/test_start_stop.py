"""Start and stop of a container, as an EMS asks for them."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import OPEN, SMALL, connect, deliver
from hil.protections import SPECIFIED

pytestmark = pytest.mark.settings(SMALL)


@pytest.mark.requirement("SST-1")
def test_all_racks_connect_when_they_are_asked_to(rig: Rig) -> None:
    """After one request every rack is on the bus within 60 s, with limits above 0 and without an alarm."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    rig.nothing_else_trips()
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="connected", within="60s", hold="30s")
    rig.expect("container.mode", equals="connected")
    rig.expect("container.charge_current_limit", above="100A")
    rig.expect("container.discharge_current_limit", above="100A")


@pytest.mark.requirement("SST-3")
def test_no_contactor_closes_without_a_request(rig: Rig) -> None:
    """From power-on, and for two minutes, no contactor of any rack closes and no limit is above 0."""
    rig.nothing_else_trips()
    rig.watch("plant.rack[*].contactor[*].closed", equals=False, always="end")
    rig.expect("rack[*].mode", equals="standby", within="10s")
    rig.expect("container.discharge_current_limit", at_most="0A", always="120s")


@pytest.mark.requirement("SST-2")
@pytest.mark.parametrize("power", [600e3, -600e3], ids=["discharging", "charging"])
def test_limits_fall_before_contactors_open(rig: Rig, power: float) -> None:
    """A stop under power takes limits to 0 at once, contactors open without load in 3 s, and no wear is counted."""
    deliver(rig, power)
    rig.nothing_else_trips()
    rig.write({"request": "disconnect"})
    rig.expect("container.discharge_current_limit", at_most="0A", within="0.3s", hold="5s")
    rig.expect("rack[*].mode", equals="standby", within="3s", hold="10s")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False)
    rig.expect("rack[*].current", between=OPEN)
    rig.expect("rack[*].openings_under_load", equals=0)


@pytest.mark.requirement("SST-2")
def test_a_rack_opens_under_load_when_its_current_does_not_vanish(rig: Rig, faults: Faults) -> None:
    """Where the current stays, contactors open when the wait of the profile is over, not before, and it is counted."""
    connect(rig)
    for sensor in ("current", "current_second"):
        faults("stuck", f"rack[1].{sensor}", value="60A", name=sensor)
    rig.run(1.0)
    wait = SPECIFIED.timing.opening_wait_s
    rig.write({"rack[1].request": "disconnect"})
    opened = {"point": "plant.rack[1].contactor[main_positive].closed", "equals": False}
    rig.expect(**opened, after=wait - 0.2, within=wait + 0.5)
    rig.expect("rack[1].openings_under_load", equals=1, within="1s")
    rig.expect("rack[2..3].mode", equals="connected")


@pytest.mark.requirement("SST-1", "SST-2")
def test_one_rack_can_leave_and_come_back(rig: Rig) -> None:
    """A request to one rack opens it alone, and a further one brings it back; the others stay on the bus."""
    connect(rig)
    rig.nothing_else_trips()
    rig.watch("rack[1].mode", equals="connected", always="end")
    rig.watch("rack[3].mode", equals="connected", always="end")
    rig.write({"rack[2].request": "disconnect"})
    rig.expect("rack[2].mode", equals="standby", within="5s", hold="20s")
    rig.expect("container.racks_connected", equals=2)
    rig.write({"rack[2].request": "connect"})
    rig.expect("rack[2].mode", equals="connected", within="30s", hold="5s")


@pytest.mark.requirement("SST-2")
def test_standby_keeps_racks_on_the_bus_without_a_limit_to_use(rig: Rig) -> None:
    """On standby no power is allowed and none flows, yet contactors stay closed; leaving it gives the limits back."""
    deliver(rig, 600e3)
    rig.write({"operation": "enter_standby"})
    rig.expect("container.discharge_power_limit", at_most="0W", within="0.5s", hold="5s")
    rig.expect("pcs[1].power", between=("-5kW", "5kW"), within="5s", hold="5s")
    rig.expect("rack[*].mode", equals="connected")
    rig.write({"operation": "exit_standby"})
    rig.expect("pcs[1].power", above="580kW", within="60s", hold="5s")
