"""Fire: detectors, release of the agent, runaway of a cell, and what the BMS makes of them."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect, deliver

pytestmark = pytest.mark.settings(SMALL)

WATCHED = ("container.fire.level", "fire_interlock", "rack[*].mode", "container.ventilation.running", "pcs[1].power")


@pytest.mark.requirement("FIRE-1")
@pytest.mark.parametrize("detector", ["hydrogen", "carbon_monoxide"])
def test_gas_opens_all_racks_and_starts_the_fan(rig: Rig, faults: Faults, capture, detector: str) -> None:
    """A gas detector beyond its threshold opens all racks within 5 s, sets the interlock and starts the gas fan."""
    capture(*WATCHED, period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips("fire", "gas", detector)
    faults("stuck", f"detector[{detector}]", name="gas", reading="100%")
    rig.expect("alarm[gas].level", equals=3, within="5s")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="0.5s", hold="10s")
    rig.expect("rack[*].mode", equals="emergency")
    rig.expect("fire_interlock", equals=True)
    rig.expect("container.ventilation.running", equals=True)


@pytest.mark.requirement("FIRE-1")
@pytest.mark.parametrize("detector", ["heat_low", "heat_high"])
def test_heat_opens_all_racks(rig: Rig, faults: Faults, capture, detector: str) -> None:
    """A heat detector beyond its threshold opens all racks within 5 s; the gas fan, which would feed it, stands."""
    capture(*WATCHED, period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips("fire", "heat")
    faults("stuck", f"detector[{detector}]", name="heat", reading="100%")
    rig.expect("alarm[heat].level", equals=3, within="5s")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="0.5s", hold="10s")
    rig.expect("container.ventilation.running", equals=False)


@pytest.mark.requirement("FIRE-1")
def test_smoke_at_one_detector_stops_power_and_opens_nothing(rig: Rig, faults: Faults) -> None:
    """One smoke detector beyond its threshold takes power to 0 within 25 s; racks stay, no agent is released."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("fire", "smoke")
    faults("stuck", "detector[smoke]", name="smoke", reading="100%")
    rig.expect("container.fire.level", equals="warning", within="20s")
    rig.expect("discharge_power_limit", at_most="1W", within="3s")
    rig.expect("pcs[1].power", at_most="1kW", within="3s", hold="30s")
    rig.expect("rack[*].mode", equals="connected")
    rig.expect("container.fire.aerosol_released", equals=False)


@pytest.mark.requirement("FIRE-1")
def test_smoke_in_the_air_opens_all_racks(rig: Rig, faults: Faults) -> None:
    """Smoke of half a reciprocal metre, fourteen times the threshold, opens all racks within 30 s."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("fire", "smoke")
    faults("smoke", "enclosure", name="smoke", extinction=0.5)
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="30s", hold="5s")
    rig.expect("alarm[smoke].level", equals=3)


@pytest.mark.requirement("FIRE-3", "FIRE-1")
def test_smoke_and_heat_together_release_the_agent_after_its_delay(rig: Rig, faults: Faults, capture) -> None:
    """Two kinds of detectors are a fire: the agent is released after 30 s of count-down, never before."""
    capture("container.fire.release_countdown", "container.fire.aerosol_released", "rack[*].mode", period=0.5)
    connect(rig)
    faults("stuck", "detector[heat_low]", name="heat", reading="100%")
    faults("stuck", "detector[smoke]", name="smoke", reading="100%")
    rig.expect("container.fire.release_running", equals=True, within="20s")
    rig.expect("rack[*].mode", equals="emergency")
    rig.expect("container.fire.level", equals="fire")
    rig.expect("container.fire.discharging", equals=True, after="25s", within="32s")
    rig.expect("container.fire.aerosol_released", equals=True, within="12s", hold="5s")
    rig.expect("container.fire.agent_low", equals=True)


@pytest.mark.requirement("FIRE-3")
def test_an_inhibited_release_waits(rig: Rig, faults: Faults) -> None:
    """While somebody in the container inhibits it, no agent is released; the racks are open all the same."""
    connect(rig)
    rig.write({"container.fire.inhibit": True})
    faults("stuck", "detector[heat_low]", name="heat", reading="100%")
    faults("stuck", "detector[smoke]", name="smoke", reading="100%")
    rig.expect("rack[*].mode", equals="emergency", within="20s")
    rig.expect("container.fire.aerosol_released", equals=False, always="90s")
    rig.write({"container.fire.inhibit": False})
    rig.expect("container.fire.aerosol_released", equals=True, within="60s")


@pytest.mark.requirement("FIRE-3")
def test_a_release_by_hand_opens_all_racks(rig: Rig) -> None:
    """A release by hand needs no detector; the racks are open before the agent is out."""
    connect(rig)
    rig.write({"container.fire.manual_release": True})
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="5s")
    rig.expect("container.fire.aerosol_released", equals=True, within="60s")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False)


@pytest.mark.requirement("FIRE-1")
def test_a_detector_that_fails_is_told_of_and_the_others_go_on(rig: Rig, faults: Faults) -> None:
    """A failed smoke detector is a fault of the panel, not a fire; gas is found as before."""
    connect(rig)
    faults("failed", "detector[smoke]", name="failed")
    rig.expect("container.fire.detector_fault", equals=True, within="3s")
    rig.expect("rack[*].mode", equals="connected", always="20s")
    faults("gas", "enclosure", name="gas", hydrogen="8000ppm")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="60s")


@pytest.mark.requirement("FIRE-1", "PRO-LAT-1")
def test_a_fire_alarm_is_left_by_resets_alone(rig: Rig, faults: Faults) -> None:
    """After the heat has gone the racks stay open until both panel and BMS are reset; then they may connect again."""
    connect(rig)
    faults("stuck", "detector[heat_low]", name="heat", reading="100%")
    rig.precondition("rack[*].mode", equals="emergency", within="10s")
    faults.clear()
    rig.run(30.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[*].mode", equals="emergency", always="30s")
    rig.write({"container.fire.reset": True})
    rig.run(20.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[*].mode", equals="connected", within="2min")


@pytest.mark.requirement("FIRE-3")
def test_a_loss_of_agent_is_told_of(rig: Rig, faults: Faults) -> None:
    """A leak of the extinguishing agent is told of before a fifth of it has gone."""
    rig.expect("container.fire.agent_low", equals=False)
    faults("leak", "fire", name="leak", rate="6/h")
    rig.expect("container.fire.agent_low", equals=True, after="30s", within="2min")


@pytest.mark.requirement("FIRE-2")
def test_a_thermal_runaway_is_found_before_its_neighbour_follows(rig: Rig, faults: Faults, capture) -> None:
    """A cell that is heated into runaway opens all racks and limits are 0 while no second cell burns."""
    capture(*WATCHED, "plant.rack[2].cell[38..42].temperature_core", period=1.0)
    deliver(rig, 300e3)
    faults("runaway", "rack[2].cell[40]", name="runaway")
    rig.expect("plant.rack[*].contactor[*].closed", equals=False, within="15min")
    burning = rig.get("plant.container.runaway.cell_count")
    rig.verify("no second cell is in runaway", burning <= 1, f"{burning:g} are")
    rig.expect("discharge_power_limit", at_most="1W", within="1s", hold="10s")
    rig.expect("container.ventilation.running", equals=True)
