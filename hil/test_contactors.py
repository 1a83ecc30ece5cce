"""Contactors that weld, stick, chatter and lie; an emergency stop. The rack with the fault is the second of three."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import OPEN, SMALL, connect, deliver

pytestmark = pytest.mark.settings(SMALL)

WATCHED = ("rack[2].mode", "rack[2].current", "rack[2].contactor[*].command", "plant.rack[2].contactor[*].closed")
MAINS = pytest.mark.parametrize("pole", ["positive", "negative"])


@pytest.mark.requirement("CON-1")
@MAINS
def test_a_welded_main_contactor_locks_its_rack_when_it_should_open(rig: Rig, faults: Faults, capture, pole) -> None:
    """A welded main contactor is found within 2 s of the command to open; the rack is locked, its breaker opens."""
    capture(*WATCHED, period=0.1)
    connect(rig)
    alarm = f"rack[2].contactor_{pole}_welded"
    rig.nothing_else_trips(alarm, "rack[2].breaker_open")
    faults("welded", f"rack[2].contactor[main_{pole}]", name="weld")
    rig.expect("rack[2].alarm_level", equals=0, always="5s")
    rig.write({"rack[2].request": "disconnect"})
    rig.expect(f"rack[2].alarm[contactor_{pole}_welded].level", equals=3, within="2s")
    rig.expect("rack[2].mode", equals="safe_lock", within="1s", hold="5s")
    rig.expect("plant.rack[2].breaker_closed", equals=False, within="3s")
    rig.expect("rack[2].current", between=OPEN)
    rig.expect("container.racks_connected", equals=2, always="5s")


@pytest.mark.requirement("CON-1")
def test_a_lock_after_a_weld_is_left_by_service_alone(rig: Rig, faults: Faults) -> None:
    """With the weld gone an alarm reset leaves the rack locked; a service reset, its breaker closed again, frees it."""
    connect(rig)
    faults("welded", "rack[2].contactor[main_positive]", name="weld")
    rig.write({"rack[2].request": "disconnect"})
    rig.precondition("rack[2].mode", equals="safe_lock", within="4s", hold="3s")
    faults.clear()
    rig.run(3.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[2].mode", equals="safe_lock", always="10s")
    rig.write({"rack[2].breaker.close": True})
    rig.run(8.0)
    rig.write({"service_reset": True})
    rig.expect("rack[2].mode", equals="standby", within="10s", hold="5s")


@pytest.mark.requirement("CON-1")
def test_a_welded_precharge_contactor_is_found_after_closing(rig: Rig, faults: Faults) -> None:
    """A precharge contactor that does not open again after the main contactor has closed locks its rack within 2 s."""
    faults("welded", "rack[2].contactor[precharge]", name="weld")
    rig.expect("rack[2].alarm[contactor_precharge_welded].level", equals=3, within="5s")
    rig.expect("rack[2].mode", equals="safe_lock", within="1s")
    rig.write({"request": "connect"})
    rig.expect("rack[1].mode", equals="connected", within="60s")
    rig.expect("rack[3].mode", equals="connected", within="60s")
    rig.expect("rack[2].mode", equals="safe_lock", always="5s")


@pytest.mark.requirement("CON-2", "JOIN-3")
@pytest.mark.parametrize("contactor", ["main_positive", "main_negative", "precharge"])
def test_a_contactor_that_does_not_close_keeps_its_rack_off_the_bus(
    rig: Rig, faults: Faults, capture, contactor
) -> None:
    """A contactor that stays open when it should close is found, closing is given up, and the other racks connect."""
    capture(*WATCHED, period=0.1)
    name = contactor.removeprefix("main_")
    rig.precondition("rack[*].mode", equals="standby", within="30s")
    rig.nothing_else_trips(f"rack[2].contactor_{name}_stuck_open")
    faults("stuck-open", f"rack[2].contactor[{contactor}]", name="stuck")
    rig.watch("rack[2].connected", equals=True, never="end")
    rig.write({"request": "connect"})
    rig.expect(f"rack[2].alarm[contactor_{name}_stuck_open].level", equals=3, within="30s")
    rig.expect("rack[2].mode", equals="fault", within="1s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False, within="1s", hold="10s")
    rig.expect("rack[1].mode", equals="connected", within="60s", hold="5s")
    rig.expect("rack[3].mode", equals="connected", within="60s", hold="5s")


@pytest.mark.requirement("CON-2", "JOIN-3")
@MAINS
def test_a_contactor_that_falls_open_under_load_takes_its_rack_alone_off_the_bus(
    rig: Rig, faults: Faults, capture, pole
) -> None:
    """A main contactor that falls open under load is found within 1 s; its rack opens, the others carry the power."""
    capture(*WATCHED, "pcs[1].power", period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips(f"rack[2].contactor_{pole}_stuck_open", "rack_current_imbalance")
    faults("stuck-open", f"rack[2].contactor[main_{pole}]", name="stuck")
    rig.expect(f"rack[2].alarm[contactor_{pole}_stuck_open].level", equals=3, within="1s")
    rig.expect("rack[2].mode", equals="fault", within="2.5s", hold="10s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)
    rig.expect("container.racks_connected", equals=2)
    rig.expect("pcs[1].power", between=("290kW", "310kW"), within="10s", hold="5s")


@pytest.mark.requirement("CON-3")
@MAINS
@pytest.mark.parametrize(("fault", "mode"), [("inverted", "safe_lock"), ("open", "fault")])
def test_a_feedback_that_contradicts_its_command_opens_the_rack(
    rig: Rig, faults: Faults, capture, pole: str, fault: str, mode: str
) -> None:
    """A rack whose feedback says open under load opens within 1 s; one that then says closed is locked."""
    capture(*WATCHED, period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips(f"rack[2].contactor_{pole}_*", "rack[2].breaker_open", "rack_current_imbalance")
    faults(fault, f"rack[2].contactor[main_{pole}].feedback", name="feedback")
    rig.expect(f"rack[2].alarm[contactor_{pole}_feedback].level", at_least=1, within="1s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False, within="1s")
    rig.expect("rack[2].mode", equals=mode, within="2s", hold="10s")
    rig.expect("container.racks_connected", equals=2)


@pytest.mark.requirement("CON-2")
def test_a_contactor_slower_than_its_feedback_time_is_an_alarm(rig: Rig, faults: Faults) -> None:
    """A main contactor that takes 1 s to move is not taken for closed: its rack is faulted, and is open at the end."""
    rig.precondition("rack[*].mode", equals="standby", within="30s")
    faults("slow", "rack[2].contactor[main_positive]", name="slow", time="1s")
    rig.write({"request": "connect"})
    rig.expect("rack[2].alarm[contactor_positive_stuck_open].level", equals=3, within="30s")
    rig.expect("rack[2].mode", equals="fault", within="1s", hold="10s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)


@pytest.mark.requirement("CON-2")
def test_a_chattering_contactor_opens_its_rack_for_good(rig: Rig, faults: Faults) -> None:
    """A contactor that falls open and closes twice a second is found within 3 s, and its rack stays open."""
    deliver(rig, 300e3)
    faults("chatter", "rack[2].contactor[main_negative]", name="chatter", frequency="0.8Hz")
    rig.expect("rack[2].mode", equals="fault", within="5s", hold="20s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)


@pytest.mark.requirement("CON-4")
def test_an_emergency_stop_opens_all_racks_under_load_at_once(rig: Rig, faults: Faults, capture) -> None:
    """The loop of the emergency stop opens at half power: all contactors are open within 0.5 s, until it is reset."""
    capture("rack[*].mode", "plant.rack[*].current", "pcs[1].power", period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips("emergency_stop")
    faults("emergency-stop", "enclosure", name="stop")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="0.5s", hold="5s")
    rig.expect("rack[*].mode", equals="emergency", within="0.5s")
    rig.write({"request": "connect", "alarm_reset": True})
    rig.expect("rack[*].mode", equals="emergency", always="10s")
    faults.clear()
    rig.run(5.0)
    rig.expect("rack[*].mode", equals="emergency")
    rig.write({"alarm_reset": True})
    rig.expect("rack[*].mode", equals="connected", within="60s")
