"""Heartbeats at every level: master to container, master to PCS, rack to container, container to master."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect, deliver

pytestmark = pytest.mark.settings(SMALL)

POWER = 300e3


def beat(rig: Rig, seconds: int) -> None:
    """Let time pass with the heartbeat of a master, once a second."""
    for count in range(seconds):
        rig.write({"heartbeat_master": 1 + (rig.get("heartbeat_master") + 1) % 60000})
        rig.run(1.0)
        assert count < seconds


@pytest.mark.requirement("HBT-1")
@pytest.mark.parametrize("kind", ["heartbeat-lost", "heartbeat-stale"])
def test_a_lost_or_standing_heartbeat_of_the_master_stops_power_then_opens(
    rig: Rig, faults: Faults, capture, kind: str
) -> None:
    """A master's heartbeat that is lost, or that stands, takes limits to 0 after 5 s and opens the racks after 30 s."""
    capture("master_lost", "discharge_power_limit", "pcs[1].power", "racks_connected", period=0.5)
    deliver(rig, POWER)
    beat(rig, 5)
    rig.nothing_else_trips("master_communication")
    rig.expect("master_lost", equals=False)
    faults(kind, "master", name="heartbeat")
    rig.expect("master_lost", equals=True, after="3.5s", within="7s", hold="5s")
    rig.expect("alarm[master_communication].level", equals=1)
    rig.expect("discharge_power_limit", at_most="1W")
    rig.expect("pcs[1].power", at_most="1kW", within="3s")
    rig.expect("rack[*].mode", equals="connected")
    rig.expect("racks_connected", equals=0, after="15s", within="25s", hold="10s")
    rig.expect("alarm[master_communication].level", equals=2)


@pytest.mark.requirement("HBT-1")
def test_a_heartbeat_that_comes_back_ends_the_stop(rig: Rig, faults: Faults) -> None:
    """A heartbeat that was lost for 12 s brings the limits and the power back, and no rack has opened."""
    deliver(rig, POWER)
    rig.watch("rack[*].mode", equals="connected", always="end")
    beat(rig, 5)
    faults("heartbeat-lost", "master", name="heartbeat")
    rig.expect("pcs[1].power", at_most="1kW", within="10s")
    faults.clear()
    beat(rig, 30)
    rig.expect("master_lost", equals=False)
    rig.expect("pcs[1].power", between=("290kW", "310kW"))


@pytest.mark.requirement("HBT-1")
def test_the_watchdog_of_the_pcs_stops_its_power(rig: Rig) -> None:
    """Where nobody feeds the watchdog of the PCS, its power is 0 within 5 s after its time."""
    deliver(rig, POWER)
    rig.write({"pcs[1].watchdog_timeout": 10.0, "pcs[1].heartbeat_master": 1})
    rig.expect("pcs[1].power", above="290kW", always="8s")
    rig.expect("pcs[1].power", between=("-1kW", "1kW"), within="7s", hold="10s")
    rig.expect("rack[*].mode", equals="connected")


@pytest.mark.requirement("HBT-2", "COM-5")
def test_a_rack_without_heartbeat_is_taken_for_lost(rig: Rig, faults: Faults, capture) -> None:
    """A rack whose heartbeat stands while its data move is lost to the container after 5 s, and comes back with it."""
    capture("rack[*].heartbeat", "alarm[rack_communication].level", period=0.5)
    connect(rig)
    rig.nothing_else_trips("rack_communication")
    faults("heartbeat-frozen", "rack[2].controller", name="heartbeat")
    rig.expect("alarm[rack_communication].level", equals=1, after="4s", within="7s")
    rig.expect("alarm[rack_communication].level", equals=3, after="20s", within="35s")
    rig.expect("rack[1].mode", equals="connected")
    rig.expect("rack[3].mode", equals="connected")
    faults.clear()
    rig.expect("alarm[rack_communication].level", equals=0, within="10s")


@pytest.mark.requirement("HBT-2")
def test_the_heartbeat_of_the_container_advances_once_a_second_and_stands_with_its_controller(
    rig: Rig, faults: Faults
) -> None:
    """The container's heartbeat counts on while its controller works, and stands when the controller hangs."""
    connect(rig)
    before = rig.get("heartbeat")
    rig.run(10.0)
    advance = rig.get("heartbeat") - before
    rig.verify("the heartbeat advances in 10 s", advance >= 9, f"by {advance:g}")
    faults("hang", "controller", name="hang")
    rig.run(1.0)
    before = rig.get("heartbeat")
    rig.run(10.0)
    rig.verify("the heartbeat stands", rig.get("heartbeat") == before)
    faults.clear()
    rig.run(5.0)
    rig.verify("the heartbeat advances again", rig.get("heartbeat") > before)
