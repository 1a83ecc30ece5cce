"""The coolant loop fails: pump, chiller, branch, leak, sensor. Racks are warm and loaded, so that the chiller cools."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, deliver

WARM = {
    "step_ms": 1000,
    "initial.soc_percent": 80,
    "initial.temperature_degc": 33,
    "weather.mean_degc": 30,
    "initial.time_of_day_h": 14,
}
POWER = 600e3
WATCHED = ("coolant.flow", "coolant.supply_temperature", "temperature_max", "discharge_power_limit", "pcs[1].power")

pytestmark = pytest.mark.settings(SMALL | WARM)


def deliver_and_cool(rig: Rig) -> float:
    """Run at full power with the chiller at work; returns the limit of discharge then [W]."""
    deliver(rig, POWER)
    rig.precondition("container.chiller.mode", equals="cooling", within="2min")
    rig.precondition("coolant.flow", above=3.0, within="60s")
    rig.run(30.0)
    return rig.get("discharge_power_limit")


@pytest.mark.requirement("COOL-1")
@pytest.mark.parametrize(("fault", "settings"), [("stop", {}), ("no-flow", {}), ("air", {"share": "20%"})])
def test_coolant_that_stands_still_is_told_of_and_power_falls(
    rig: Rig, faults: Faults, capture, fault: str, settings: dict[str, str]
) -> None:
    """Without flow level 3 comes within 20 s, limits and power fall, no cell passes 45 °C; then all is back."""
    capture(*WATCHED, period=1.0)
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("coolant_flow_low", "coolant_pressure_low", "condensation")
    rig.watch("rack[*].mode", equals="connected", always="end")
    rig.watch("plant.rack[*].pack[*].temperature_max", below="45degC", always="end")
    faults(fault, "pump", name="pump", **settings)
    rig.expect("coolant.flow", at_most=0.1, within="10s")
    rig.expect("alarm[coolant_flow_low].level", equals=3, after="8s", within="20s")
    rig.expect("discharge_power_limit", at_most=0.85 * before, within="5s")
    rig.expect("pcs[1].power", at_most=0.85 * before, within="5s", hold="2min")
    faults.clear()
    rig.expect("alarm[coolant_flow_low].level", equals=0, within="60s")
    rig.expect("discharge_power_limit", at_least=0.95 * before, within="60s")


@pytest.mark.requirement("COOL-1")
def test_a_slow_pump_warns_and_stops_nothing(rig: Rig, faults: Faults) -> None:
    """A pump at two fifths of its speed raises a warning within 60 s, which takes a fifth of the power at most."""
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("coolant_flow_low", "coolant_pressure_low", "condensation")
    faults("slow", "pump", name="pump", speed="40%")
    rig.expect("alarm[coolant_flow_low].level", equals=1, after="28s", within="60s", hold="60s")
    rig.expect("discharge_power_limit", at_least=0.75 * before)
    rig.expect("pcs[1].power", at_least=0.75 * before)


@pytest.mark.requirement("COOL-2")
@pytest.mark.parametrize("fault", ["trip", "sensor-failed"])
def test_a_chiller_that_stops_derates_power_before_any_cell_is_too_hot(
    rig: Rig, faults: Faults, capture, fault: str
) -> None:
    """A stopped chiller warns within 10 s, derates after a minute; no cell passes 45 °C in 20 minutes."""
    capture(*WATCHED, period=5.0)
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("chiller_trip", "condensation")
    rig.watch("rack[*].temperature_max", below="45degC", always="end")
    faults(fault, "chiller", name="chiller")
    rig.expect("alarm[chiller_trip].level", equals=1, within="10s")
    rig.expect("alarm[chiller_trip].level", equals=2, after="50s", within="65s")
    rig.expect("discharge_power_limit", at_most=0.85 * before, within="5s")
    rig.expect("rack[*].mode", equals="connected", always="18min")


@pytest.mark.requirement("COOL-2")
@pytest.mark.settings({"weather.mean_degc": 42, "initial.temperature_degc": 36})
def test_a_chiller_with_little_capacity_keeps_cells_below_their_alarm(rig: Rig, faults: Faults, capture) -> None:
    """With 5 % of the chiller's capacity left on a hot day nothing trips, and no cell passes 45 °C in 40 minutes."""
    capture(*WATCHED, period=5.0)
    deliver_and_cool(rig)
    rig.nothing_else_trips("condensation", "coolant_*")
    rig.watch("rack[*].temperature_max", below="45degC", always="end")
    faults("limited", "chiller", name="chiller", capacity="5%")
    rig.expect("rack[*].mode", equals="connected", always="40min")


@pytest.mark.requirement("COOL-1", "COOL-4")
def test_a_leak_stops_the_chiller_and_derates_power(rig: Rig, faults: Faults) -> None:
    """A leak of half a kilogram a second is topped up first; the chiller stops within 2 minutes, power falls."""
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("chiller_trip", "coolant_*", "condensation")
    faults("leak", "chiller", name="leak", rate="0.5kg/s")
    rig.expect("container.chiller.coolant_level", below=0.9, within="2min")
    rig.expect("alarm[chiller_trip].level", at_least=1, within="2min")
    rig.expect("alarm[chiller_trip].level", equals=2, within="65s")
    rig.expect("discharge_power_limit", at_most=0.85 * before, within="5s", hold="60s")


@pytest.mark.requirement("COOL-4")
def test_water_on_the_floor_with_too_little_pressure_is_a_leak(rig: Rig, faults: Faults) -> None:
    """Water alone is a warning; with too little pressure it is a leak, which stops and opens the racks within 20 s."""
    deliver_and_cool(rig)
    faults("water", "enclosure", name="water")
    rig.expect("alarm[water].level", equals=1, within="3s", hold="10s")
    rig.expect("alarm[coolant_leak].level", equals=0)
    faults("no-flow", "pump", name="pressure")
    rig.expect("alarm[coolant_leak].level", at_least=2, within="10s")
    rig.expect("discharge_power_limit", at_most="1W", within="3s")
    rig.expect("rack[*].connected", equals=False, within="20s", hold="10s")


@pytest.mark.requirement("COOL-3")
def test_coolant_below_the_dew_point_is_told_of_and_derates(rig: Rig, faults: Faults) -> None:
    """A chiller that cools far too low raises condensation step by step, and derates power at level 3."""
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("condensation")
    faults("too-cold", "chiller", name="cold", by="20K")
    rig.expect("alarm[condensation].level", at_least=1, within="5min")
    rig.expect("alarm[condensation].level", equals=3, within="10min")
    rig.expect("discharge_power_limit", at_most=0.85 * before, within="5s")


@pytest.mark.requirement("COOL-5", "PRO-SPR-1")
def test_a_blocked_branch_is_found_by_the_spread_of_its_rack(rig: Rig, faults: Faults, capture) -> None:
    """A blocked branch warms its pack: the spread of its rack, and of no other, warns within an hour, below 45 °C."""
    capture(*WATCHED, "rack[*].temperature_spread", period=10.0)
    deliver_and_cool(rig)
    rig.nothing_else_trips("rack[2].temperature_spread", "condensation")
    rig.watch("rack[*].temperature_max", below="45degC", always="end")
    faults("blockage", "rack[2].pack[2].branch", name="branch")
    rig.expect("rack[2].alarm[temperature_spread].level", at_least=1, after="2min", within="60min")
    rig.expect("rack[2].temperature_max_pack", equals=2, tolerance=0)


@pytest.mark.requirement("COOL-5")
def test_a_supply_sensor_that_reads_hot_derates_power(rig: Rig, faults: Faults) -> None:
    """A coolant sensor stuck at 46 °C raises level 2 after a minute and halves the power at least; racks stay."""
    before = deliver_and_cool(rig)
    rig.nothing_else_trips("coolant_supply_hot", "condensation")
    faults("stuck", "coolant.supply_temperature", name="sensor", value="46degC")
    rig.expect("alarm[coolant_supply_hot].level", equals=2, after="55s", within="70s")
    rig.expect("discharge_power_limit", at_most=0.51 * before, within="5s")
    rig.expect("rack[*].mode", equals="connected", always="60s")
