"""Chiller, fire panel, I/O module and UPS as a master sees them: points in, points out, faults in between."""

import math
from typing import Any

import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.sensing.devices_state import GROUPS
from tests.plant.whole_site import WholeSite


class Master(WholeSite):
    """A master of all devices of two small containers."""

    def __init__(self, **more: Any) -> None:
        super().__init__(containers=2, racks=2, packs=2, cells=2, **more)

    def read(self, name: str, container: int = 1) -> float:
        _, offset = self.emulator.catalogue.find(f"container[{container}].{name}")
        return float(self.emulator.arena.buffer[offset])

    def refused(self, name: str, value: float) -> str:
        _, offset = self.emulator.catalogue.find(f"container[1].{name}")
        ack = self.emulator.apply(Command("write", "test", {"writes": [[offset, value]]}))
        assert not ack.accepted
        return ack.message or ""

    def set(self, name: str, value: float, container: int = 1) -> None:
        self.write(f"container[{container}].{name}", value)


def test_what_devices_tell_is_measured_and_no_truth() -> None:
    assert {group.GROUP.source for group in GROUPS.values()} == {"measured"}  # type: ignore[attr-defined]


def test_a_master_takes_its_chiller_over_and_the_other_stays_with_the_bms() -> None:
    site = Master()
    site.tick(20)
    for name, value in (("control", 1), ("mode_command", 2), ("cooling_setpoint", 288.15)):
        site.set(f"chiller.{name}", value)
    site.tick(60)
    assert (site.read("chiller.control_source"), site.read("chiller.actual_mode")) == (1.0, 2.0)
    assert site.read("chiller.setpoint_in_force") == 288.15
    assert site.read("chiller.compressor_running") == site.read("chiller.pump_running") == 1.0
    assert site.read("chiller.mode") == 2.0, "the bank controller sees it too"
    assert (site.read("chiller.control_source", 2), site.read("chiller.actual_mode", 2)) == (
        0.0,
        site.read("chiller.request", 2),
    )


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_any_write_to_the_chiller_keeps_the_command_and_silence_loses_it(dt: float) -> None:
    site = Master(dt=dt)
    for name, value in (("control", 1), ("mode_command", 1), ("master_timeout", 3.0)):
        site.set(f"chiller.{name}", value)
    for _ in range(3):
        site.tick(round(2 / dt))
        assert site.read("chiller.control_source") == 1.0
        site.set("chiller.enable", 1.0)
    site.tick(round(3 / dt) - 1)
    assert site.read("chiller.control_source") == 1.0
    site.tick()
    assert site.read("chiller.control_source") == 0.0
    assert int(site.read("chiller.alarms")) >> 8 & 1
    assert site.read("chiller.fault_level") == 1.0
    site.set("chiller.enable", 1.0, container=2)
    site.tick()
    assert site.read("chiller.control_source") == 0.0, "the neighbour's master is another"


def test_set_points_beyond_what_the_chiller_takes_are_refused() -> None:
    site = Master()
    assert "278.15" in site.refused("chiller.cooling_setpoint", 250.0)
    assert "read-only" in site.refused("chiller.supply_temperature", 290.0)


def test_a_broken_sensor_of_the_chiller_is_a_stop_for_all_who_ask() -> None:
    site = Master()
    site.tick(10)
    site.fault("sensor-failed", "container[1].chiller")
    site.tick(2)
    assert math.isnan(site.read("chiller.supply_temperature"))
    assert (site.read("chiller.fault_code"), site.read("chiller.fault_level")) == (6.0, 2.0)
    assert site.read("chiller.fault") == 1.0
    assert site.read("chiller.fault", 2) == 0.0


def test_a_trip_is_told_in_the_tick_in_which_it_happens() -> None:
    site = Master()
    site.tick(10)
    site.fault("trip", "container[1].chiller")
    site.tick()
    assert (site.read("chiller.fault"), site.read("chiller.fault_code")) == (1.0, 1.0)


def test_pressures_of_the_chiller_are_that_at_rest_and_what_the_pump_adds() -> None:
    site = Master()
    site.set("chiller.control", 1.0)
    site.set("chiller.mode_command", 1.0)
    site.tick(20)
    assert site.read("chiller.return_pressure") == 150e3
    rise = site.read("chiller.supply_pressure") - site.read("chiller.return_pressure")
    assert rise == pytest.approx(site.read("coolant.pressure"))
    assert rise > 0.0


def test_stuck_detectors_count_the_release_down_and_the_bms_opens() -> None:
    site = Master().connect()
    for detector in ("smoke", "heat_low"):
        site.fault("stuck", f"container[1].detector[{detector}]", reading=1.5)
    for _ in range(400):
        site.tick()
        if site.read("fire.level") == 2.0:
            break
    assert (site.read("fire.release_running"), site.read("fire.release_countdown")) == (1.0, 30.0)
    assert site.read("fire.sounder_on") == site.read("fire.beacon_on") == site.read("io.fire_relay") == 1.0
    assert site.read("detector[smoke].state") == 1.0
    site.tick(100)
    assert site.read("fire.release_countdown") == pytest.approx(20.0)
    assert site.read("racks_connected") == 0.0
    assert site.read("racks_connected", 2) > 0.0
    site.set("fire.inhibit", 1.0)
    site.tick(400)
    assert (site.read("fire.inhibited"), site.read("fire.release_running")) == (1.0, 0.0)
    assert site.read("fire.aerosol_released") == 0.0
    site.set("fire.inhibit", 0.0)
    site.tick(450)
    assert site.read("fire.aerosol_released") == site.read("fire.agent_low") == 1.0
    assert site.read("fire.agent_pressure") == 0.0


def test_a_test_of_a_detector_is_told_and_a_failed_one_too() -> None:
    site = Master()
    site.tick(20)
    site.set("detector[smoke].test", 1.0)
    site.fault("failed", "container[1].detector[hydrogen]")
    site.tick(2)
    states = [site.read(f"detector[{name}].state") for name in ("hydrogen", "smoke", "heat_low")]
    assert states == [2.0, 3.0, 0.0]
    assert site.read("fire.detector_fault") == site.read("fire.detector_test") == 1.0


def test_heat_detectors_of_a_panel_at_rest_have_the_temperature_of_the_air() -> None:
    site = Master()
    site.tick(30)
    assert site.read("fire.heat_low") == site.read("fire.heat_high") == site.read("io.enclosure_temperature")


def test_an_agent_that_leaks_is_told_before_it_is_gone() -> None:
    site = Master()
    site.fault("leak", "container[1].fire", rate=0.05)
    site.tick(10)
    assert site.read("fire.agent_low") == 0.0
    site.tick(20)
    assert site.read("fire.agent_low") == 1.0
    assert site.read("fire.agent_low", 2) == 0.0


def test_inputs_of_the_module_are_contacts_of_what_is_around_it() -> None:
    site = Master()
    site.tick()
    assert int(site.read("io.inputs")) == (1 << 5) | (1 << 9)
    wired = {
        "door.opened": "io.door_open",
        "emergency_stop.pressed": "io.emergency_stop",
        "floor.water": "io.water",
        "surge_protection.spent": "io.surge_protection_spent",
    }
    for bit, (hand, contact) in enumerate(wired.items()):
        site.set(hand, 1.0)
        site.tick()
        assert site.read(contact) == 1.0
        assert int(site.read("io.inputs")) >> bit & 1
    site.set("io.lamp_red", 1.0)
    site.set("io.siren", 1.0)
    site.tick()
    assert int(site.read("io.outputs")) == (1 << 2) | (1 << 3)


def test_the_module_runs_the_gas_fan_and_trips_the_breakers() -> None:
    site = Master().connect()
    site.set("io.ventilation_enable", 1.0)
    site.set("io.dc_breaker_trip", 1.0)
    site.tick(2)
    assert site.read("ventilation.running") == 1.0
    assert site.read("io.dc_breaker_closed") == 0.0
    assert site.read("io.dc_breaker_closed", 2) == 1.0
    site.tick(20)
    assert site.state.air.fan_power.tolist() == [site.site.container.ventilation.fan_power_w, 0.0]
    site.set("io.ventilation_enable", 0.0)
    site.tick(2)
    assert site.read("ventilation.running") == 0.0


def test_the_ups_tells_how_long_it_can_go_on_and_then_the_controllers_are_dark() -> None:
    site = Master()
    site.fault("weak", "container[1].ups", energy=0.01)
    site.tick(20)
    runtime = site.read("ups.runtime")
    assert runtime == pytest.approx(0.01 * 500 * 3600 * 0.9 / 250)
    assert site.read("ups.battery_low") == 1.0
    site.set("supply.failed", 1.0)
    site.tick(10)
    assert (site.read("ups.on_battery"), site.read("io.supply_ok")) == (1.0, 0.0)
    assert site.read("ups.runtime") == pytest.approx(runtime - 1.0)
    assert site.read("supply_voltage") == 24.0
    site.tick(round(runtime / site.dt))
    assert site.read("supply_voltage") == site.read("ups.output_voltage") == 0.0
    assert site.read("fire.power_fault") == 1.0
