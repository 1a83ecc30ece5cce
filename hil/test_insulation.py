"""Insulation of racks and bus. Of the three racks the second leaks."""

import numpy as np
import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect

pytestmark = pytest.mark.settings(SMALL)

POLES = ("positive", "negative")
WATCHED = ("insulation_positive", "insulation_negative", "rack[*].mode")


def tripped(rig: Rig, poles: tuple[str, ...]) -> bool:
    """Whether the alarm of the bus is at level 3 at one of the poles; the first that trips opens the racks."""
    return any(rig.get(f"alarm[bus_insulation_{pole}].level") == 3.0 for pole in poles)


@pytest.mark.requirement("INS-1")
@pytest.mark.parametrize("pole", POLES)
def test_a_weak_insulation_warns_and_stops_nothing(rig: Rig, faults: Faults, pole: str) -> None:
    """A leak of 400 kOhm, less than 500 Ohm per volt of 1370 V, raises level 1 within 90 s; no rack opens."""
    connect(rig)
    rig.nothing_else_trips(f"bus_insulation_{pole}", f"rack[*].insulation_{pole}")
    rig.watch("rack[*].mode", equals="connected", always="end")
    faults("insulation", "rack[2]", name="leak", resistance="400kohm", pole=pole)
    rig.expect(f"alarm[bus_insulation_{pole}].level", equals=1, after="10s", within="90s", hold="60s")
    rig.expect(f"insulation_{pole}", between=("300kohm", "500kohm"))
    faults.clear()
    rig.expect(f"alarm[bus_insulation_{pole}].level", equals=0, after="30s", within="3min")


@pytest.mark.requirement("INS-2")
@pytest.mark.parametrize("pole", [*POLES, "both"])
def test_a_lost_insulation_opens_all_racks(rig: Rig, faults: Faults, capture, pole: str) -> None:
    """A leak of 50 kOhm, below 100 Ohm per volt, opens the bus within 2 minutes; then the leaking rack is found."""
    capture(*WATCHED, period=1.0)
    connect(rig)
    poles = POLES if pole == "both" else (pole,)
    rig.nothing_else_trips(*(f"bus_insulation_{each}" for each in poles), *(f"rack[2].insulation_{p}" for p in poles))
    faults("insulation", "rack[2]", name="leak", resistance="50kohm", pole=pole)
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="2min", hold="10s")
    rig.verify("a pole of the bus is at level 3", tripped(rig, poles))
    for each in poles:
        rig.expect(f"rack[2].alarm[insulation_{each}].level", equals=3, within="2min")
    rig.expect("rack[2].mode", equals="fault")


@pytest.mark.requirement("INS-2", "JOIN-3")
def test_the_sound_racks_come_back_without_the_one_that_leaks(rig: Rig, faults: Faults) -> None:
    """With the leaking rack off the bus a reset brings the two others back, and their bus is sound."""
    connect(rig)
    faults("insulation", "rack[2]", name="leak", resistance="50kohm", pole="negative")
    rig.precondition("rack[2].alarm[insulation_negative].level", equals=3, within="3min")
    rig.run(60.0)
    rig.write({"alarm_reset": True})
    rig.write({"request": "connect"})
    rig.expect("container.racks_connected", equals=2, within="2min", hold="60s")
    rig.expect("rack[2].connected", equals=False)
    rig.expect("alarm[bus_insulation_negative].level", equals=0, always="60s")


@pytest.mark.requirement("INS-2")
def test_an_earth_fault_in_the_middle_of_a_string_is_found(rig: Rig, faults: Faults) -> None:
    """A cell in the middle of a string that touches earth over 40 kOhm opens the bus within 2 minutes."""
    connect(rig)
    faults("ground-fault", "rack[2]", name="earth", resistance="40kohm", place="50%")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="2min", hold="10s")
    rig.verify("a pole of the bus is at level 3", tripped(rig, POLES))


@pytest.mark.requirement("INS-3")
def test_one_monitor_alone_measures_a_bus(rig: Rig) -> None:
    """Apart, each rack measures its own insulation; on one bus one monitor measures, and no leak is read."""
    rig.expect("rack[*].insulation_monitor_enabled", equals=True, within="10s")
    connect(rig)
    rig.nothing_else_trips()
    for _ in range(5):
        rig.run(10.0)
        enabled = np.sum(rig.values("rack[*].insulation_monitor_enabled"))
        rig.verify("one insulation monitor is enabled", enabled == 1, f"{enabled:g} are")
    rig.expect("insulation_resistance", above="2Mohm")


@pytest.mark.requirement("INS-3")
def test_another_monitor_takes_over_from_one_that_fails(rig: Rig, faults: Faults) -> None:
    """A monitor that fails its self-test is told of, another rack's takes the bus over, and finds a leak."""
    connect(rig)
    rig.precondition("insulation_monitor_rack", equals=1, tolerance=0)
    rig.nothing_else_trips("rack[1].insulation_monitor", "bus_insulation_positive", "rack[*].insulation_positive")
    faults("insulation-monitor-failed", "rack[1]", name="monitor")
    rig.expect("rack[1].alarm[insulation_monitor].level", equals=1, within="10s")
    rig.expect("insulation_monitor_rack", equals=2, within="10s", hold="10s")
    rig.expect("rack[*].mode", equals="connected")
    faults("insulation", "rack[3]", name="leak", resistance="50kohm", pole="positive")
    rig.expect("alarm[bus_insulation_positive].level", equals=3, within="2min")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="5s")
