"""Communication lost or disturbed at every hop: cell monitors, racks, container, PCS, chiller, meter, master."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import OPEN, SMALL, connect, deliver, order

pytestmark = pytest.mark.settings(SMALL)


@pytest.mark.requirement("COM-1", "JOIN-3")
@pytest.mark.parametrize(
    ("fault", "alarm"),
    [
        ("silence", "cmu_communication"),
        ("chain-break", "cmu_communication"),
        ("integrity", "cmu_integrity"),
        ("stale-counter", "stale_voltage"),
    ],
)
def test_a_pack_that_is_not_measured_stops_its_rack_then_opens_it(
    rig: Rig, faults: Faults, capture, fault: str, alarm: str
) -> None:
    """A cell monitor that is lost, or repeats itself, stops its rack within 3 s and opens it within 12 s; no other."""
    capture(f"rack[2].alarm[{alarm}].level", "rack[2].discharge_current_limit", "rack[2].mode", period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips(f"rack[2].{alarm}", "rack[2].stale_*", "rack[2].cmu_*", "rack_current_imbalance")
    rig.watch("rack[1].mode", equals="connected", always="end")
    rig.watch("rack[3].mode", equals="connected", always="end")
    faults(fault, "rack[2].pack[2].cmu", name="cmu")
    rig.expect(f"rack[2].alarm[{alarm}].level", at_least=1, within="1s")
    rig.expect("rack[2].discharge_current_limit", at_most="1A", within="3s")
    rig.expect("rack[2].charge_current_limit", at_most="1A")
    rig.expect("rack[2].mode", equals="fault", within="12s", hold="5s")
    rig.expect("rack[2].current", between=OPEN)
    faults.clear()
    order(rig, 0.0)  # the voltage of a loaded bus is too far from that of the open rack
    rig.run(10.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[2].mode", equals="connected", within="60s")


@pytest.mark.requirement("COM-4", "COM-1")
def test_single_messages_that_fail_their_check_change_nothing(rig: Rig, faults: Faults) -> None:
    """Of the messages of a cell monitor one in twenty fails its check: no alarm, no opening, for two minutes."""
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    faults("crc-errors", "rack[2].pack[2].cmu", name="crc", rate="5%", seed=7)
    rig.expect("rack[*].mode", equals="connected", always="2min")


@pytest.mark.requirement("COM-1", "PRO-STALE-1")
def test_a_current_that_is_not_measured_opens_its_rack(rig: Rig, faults: Faults) -> None:
    """Currents that grow old stop their rack within 1 s, and open it within 8 s."""
    deliver(rig, 300e3)
    faults("stale", "rack[2].current", name="stale")
    rig.expect("rack[2].alarm[stale_current].level", at_least=2, within="1s")
    rig.expect("rack[2].discharge_current_limit", at_most="1A", within="1s")
    rig.expect("rack[2].connected", equals=False, within="8s", hold="5s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)


@pytest.mark.requirement("COM-2", "JOIN-3")
def test_a_rack_that_does_not_hear_its_container_opens(rig: Rig, faults: Faults) -> None:
    """A rack that has lost its container controller warns after 1 s, opens after 30 s, and the others go on."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("rack[2].controller_communication", "rack_current_imbalance")
    faults("defect", "rack[2].controller", name="line", what="communication")
    rig.expect("rack[2].alarm[controller_communication].level", equals=1, within="3s")
    rig.expect("rack[2].mode", equals="fault", after="20s", within="32s", hold="5s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)
    rig.expect("pcs[1].power", between=("290kW", "310kW"))


@pytest.mark.requirement("COM-5")
def test_a_rack_controller_that_hangs_is_taken_for_lost(rig: Rig, faults: Faults, capture) -> None:
    """A rack controller that hangs is told of within 7 s, at level 3 within 35 s; with its number."""
    capture("alarm[rack_communication].level", "racks_connected", "pcs[1].power", period=0.5)
    deliver(rig, 300e3)
    rig.nothing_else_trips("rack_communication")
    faults("hang", "rack[2].controller", name="hang")
    rig.expect("alarm[rack_communication].level", equals=1, after="4s", within="7s")
    rig.expect("alarm[rack_communication].level", equals=3, after="22s", within="27s")
    rig.expect("alarm[rack_communication].source", equals=2, tolerance=0)


@pytest.mark.requirement("COM-2")
def test_a_rack_controller_that_crashes_opens_its_rack_and_starts_anew(rig: Rig, faults: Faults) -> None:
    """The contactors of a rack whose controller crashes open within 0.5 s; it starts anew, in standby."""
    deliver(rig, 300e3)
    faults("crash", "rack[2].controller", name="crash", restart="10s", duration="1s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False, within="0.5s", hold="8s")
    rig.expect("rack[1].mode", equals="connected")
    rig.expect("rack[2].mode", equals="standby", within="20s")


@pytest.mark.requirement("COM-3")
def test_a_pcs_that_trips_takes_no_rack_off_the_bus(rig: Rig, faults: Faults) -> None:
    """A PCS that trips delivers nothing within 1 s and says so; the racks stay, and a reset brings the power back."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("pcs[1].pcs_faults")
    rig.watch("rack[*].mode", equals="connected", always="end")
    faults("trip", "pcs[1]", name="trip")
    rig.expect("pcs[1].state", equals="fault", within="1s", hold="5s")
    rig.expect("pcs[1].power", between=("-1kW", "1kW"))
    rig.expect("rack[*].current", between=("-5A", "5A"))
    faults.clear()
    rig.run(1.0)
    rig.write({"pcs[1].fault_reset": True})
    rig.expect("pcs[1].power", between=("290kW", "310kW"), within="60s")


@pytest.mark.requirement("COM-3")
@pytest.mark.parametrize("fault", ["silence", "communication-lost"])
def test_a_chiller_that_does_not_answer_is_told_of_and_power_is_derated(rig: Rig, faults: Faults, fault: str) -> None:
    """A chiller that does not answer for 5 s raises level 1; after 30 s level 2 derates power; no rack opens."""
    connect(rig)
    rig.nothing_else_trips("chiller_communication")
    rig.watch("rack[*].mode", equals="connected", always="end")
    rig.run(20.0)
    before = rig.get("discharge_power_limit")
    faults(fault, "chiller", name="chiller")
    rig.expect("alarm[chiller_communication].level", equals=1, after="4s", within="7s")
    rig.expect("alarm[chiller_communication].level", equals=2, after="22s", within="27s")
    rig.expect("discharge_power_limit", between=(0.75 * before, 0.85 * before), within="5s")
    faults.clear()
    rig.expect("alarm[chiller_communication].level", equals=0, after="4s", within="10s")
    rig.expect("discharge_power_limit", at_least=0.97 * before, within="10s")


@pytest.mark.requirement("COM-3")
def test_a_meter_that_does_not_answer_shows_its_age(rig: Rig, faults: Faults) -> None:
    """The readings of a meter that does not answer stand, their age grows, and the container works on."""
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    faults("silence", "meter", name="meter")
    power = rig.get("meter.power")
    rig.expect("meter.age", at_least="9s", after="8s", within="11s")
    rig.expect("meter.power", equals=power, tolerance=0)
    rig.expect("pcs[1].power", between=("290kW", "310kW"))
    faults.clear()
    rig.expect("meter.age", at_most="2s", within="3s")


@pytest.mark.requirement("COM-3")
def test_a_meter_without_a_reading_shows_no_number(rig: Rig, faults: Faults) -> None:
    """A meter whose inputs are broken shows an invalid power, not 0 W."""
    connect(rig)
    faults("failure", "meter", name="meter")
    rig.expect("meter.power", equals="invalid", within="3s")


@pytest.mark.requirement("COM-4")
def test_commands_that_come_twice_or_late_do_no_harm(rig: Rig, faults: Faults) -> None:
    """A request that comes late, or a second time, is followed once; contactors do not close a second time."""
    rig.precondition("rack[*].mode", equals="standby", within="30s")
    rig.nothing_else_trips()
    faults("commands-repeated", "controller", name="twice", after="5s")
    faults("commands-late", "controller", name="late", delay="3s")
    rig.run(1.0)
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="standby", always="2.5s")
    rig.expect("rack[*].mode", equals="connected", within="60s", hold="20s")


@pytest.mark.requirement("COM-4")
def test_commands_that_are_lost_change_nothing(rig: Rig, faults: Faults) -> None:
    """A request that does not reach the container closes no contactor; the next one does."""
    rig.precondition("rack[*].mode", equals="standby", within="30s")
    faults("commands-ignored", "controller", name="lost")
    rig.run(1.0)
    rig.write({"request": "connect"})
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, always="20s")
    faults.clear()
    rig.write({"request": "none"})
    rig.run(1.0)
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="connected", within="60s")
