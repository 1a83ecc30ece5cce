"""Site acceptance, as at commissioning: what is there, what it shows, a cycle, every interlock tripped and reset."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect, order

pytestmark = pytest.mark.settings(SMALL)


@pytest.mark.requirement("FAT-1")
def test_a_site_acceptance_passes_from_first_start_to_stop(rig: Rig) -> None:
    """First start, racks on the bus, discharge and charge with equal shares, a stop, and no alarm on the way."""
    rig.nothing_else_trips()
    rig.expect("rack[*].mode", equals="standby", within="10s")
    rig.expect("rack[*].heartbeat", above=5, within="20s")
    rig.expect("container.alarm_level", equals=0)
    rig.expect("rack[*].insulation_resistance", above="1Mohm", within="60s")
    connect(rig)
    begin = rig.get("rack[1].soc")
    for power in (500e3, -500e3):
        order(rig, power)
        rig.expect("pcs[1].power", equals=power, tolerance="10kW", within="60s", hold="10s")
        share, spread = power / 3.0 / rig.get("rack[1].string_voltage"), 0.08 * abs(power) / 4000.0
        rig.expect("rack[*].current", between=(f"{share - spread}A", f"{share + spread}A"))
        rig.run(180.0)
        rig.expect("rack[*].soc", **{"below" if power > 0 else "above": begin - 0.01 if power > 0 else begin - 0.012})
    order(rig, 0.0)
    rig.expect("rack[*].current", between=("-2A", "2A"), within="10s", hold="5s")
    rig.write({"request": "disconnect"})
    rig.expect("rack[*].mode", equals="standby", within="10s", hold="10s")
    rig.expect("rack[*].openings_under_load", equals=0)


INTERLOCKS = {
    "emergency stop": ("emergency-stop", "enclosure", {}, "alarm[emergency_stop]", "rack[*]", "emergency"),
    "rack interlock": ("interlock-open", "rack[2]", {}, "rack[2].alarm[interlock_open]", "rack[2]", "fault"),
    "rack fuse": ("stuck", "rack[2].fuse_feedback", {"value": 0}, "rack[2].alarm[fuse_open]", "rack[2]", "fault"),
    "rack breaker": (
        "stuck",
        "rack[2].breaker_feedback",
        {"value": 0},
        "rack[2].alarm[breaker_open]",
        "rack[2]",
        "fault",
    ),
    "supply": ("dip", "supply", {"voltage": "17.5V"}, "alarm[supply_voltage_low]", "rack[*]", "fault"),
    "smoke": ("smoke", "enclosure", {"extinction": "0.5/m"}, "alarm[smoke]", "rack[*]", "emergency"),
}
"""Fault, target and settings; the alarm that it raises; the racks that it opens, and how."""


@pytest.mark.requirement("FAT-1")
@pytest.mark.parametrize("name", INTERLOCKS)
def test_every_interlock_opens_what_it_should_and_can_be_reset(rig: Rig, faults: Faults, name: str) -> None:
    """Tripped once, an interlock opens its racks within its time; they stay open until it is sound and reset."""
    kind, target, settings, alarm, racks, mode = INTERLOCKS[name]
    connect(rig)
    faults(kind, target, name="interlock", **settings)
    rig.expect(f"{alarm}.level", equals=3, within="60s")
    rig.expect(f"{racks}.mode", equals=mode, within="5s", hold="2s")
    rig.expect(f"plant.{racks}.contactor[main_positive].closed", equals=False)
    if racks != "rack[*]":
        rig.expect("rack[1].mode", equals="connected")
        rig.expect("rack[3].mode", equals="connected")
    rig.write({"alarm_reset": True})
    rig.expect(f"{racks}.mode", equals=mode, always="3s")
    faults.clear()
    rig.expect(f"{racks}.mode", equals=mode, always="90s")
    rig.write({"fire.reset": True})
    rig.run(1.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[*].mode", equals="connected", within="90s", hold="5s")
    rig.expect("container.alarm_level", equals=0)


@pytest.mark.requirement("FAT-2")
def test_what_is_shown_of_racks_and_container_fits_what_is_measured(rig: Rig) -> None:
    """Extremes, sums, means and counts of racks and container are those of their parts, with their positions."""
    connect(rig)
    order(rig, 300e3)
    rig.precondition("pcs[1].power", equals="300kW", tolerance="10kW", within="60s", hold="5s")
    volts = rig.values("rack[1].cell[*].voltage")
    rig.expect("rack[1].cell_voltage_max", equals=f"{volts.max()}V", tolerance="1mV")
    rig.expect("rack[1].cell_voltage_min", equals=f"{volts.min()}V", tolerance="1mV")
    rig.expect("rack[1].cell_voltage_avg", equals=f"{volts.mean()}V", tolerance="1mV")
    highest = round(rig.get("rack[1].cell_voltage_max_cell"))
    rig.verify("the position of the highest cell is right", volts[highest - 1] == volts.max(), f"it is {highest}")
    rig.expect("rack[1].string_voltage", equals=f"{volts.sum()}V", tolerance="3V")
    current = rig.values("rack[*].current").sum()
    rig.expect("container.current", equals=f"{current}A", tolerance="2A")
    rig.expect("rack[*].current", above="0A", name="discharge is positive")
    rig.expect("container.racks_connected", equals=3)
    smallest = rig.values("rack[*].discharge_current_limit").min()
    rig.expect("container.discharge_current_limit", equals=f"{3 * smallest}A", tolerance="1A")
