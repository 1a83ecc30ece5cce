"""Sensors that are lost, lie, are doubted or disturbed, and what the firmware should notice of it."""

from typing import Any

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, deliver

pytestmark = pytest.mark.settings(SMALL)

CELL = "rack[2].cell[41]"
CELL_VOLTAGE = f"{CELL}.voltage"
TEMPERATURE = "rack[2].temperature_sensor[3].temperature"
CURRENT = "rack[2].current"
CMU = "rack[2].pack[2].cmu"
WATCHED = ("rack[2].alarm_level", "rack[2].mode", "rack[2].discharge_current_limit", "plant.rack[2].current")

LOST = {
    "cell voltage open": ("open", CELL_VOLTAGE, {}, "stale_voltage"),
    "cell voltage invalid": ("invalid", CELL_VOLTAGE, {}, "stale_voltage"),
    "cell voltage stale": ("stale", CELL_VOLTAGE, {}, "stale_voltage"),
    "cell voltage shorted": ("short", CELL_VOLTAGE, {}, "cell_undervoltage"),
    "sense wire open": ("sense-wire-open", CELL, {}, "cell_overvoltage"),
    "sense wires swapped": ("sense-wires-swapped", CELL, {}, "cell_undervoltage"),
    "sense wires touch": ("sense-wire-short", CELL, {}, "cell_undervoltage"),
    "monitor set up for too few cells": ("cell-count", CMU, {"cells": 100}, "cmu_integrity"),
    "monitor started anew": ("reset", CMU, {}, "cell_undervoltage"),
    "temperature open": ("open", TEMPERATURE, {}, "temperature_spread"),
    "temperature shorted": ("short", TEMPERATURE, {}, "overtemperature_discharge"),
    "current reversed": ("reversed", CURRENT, {}, "current_sensor_mismatch"),
    "current invalid": ("invalid", CURRENT, {}, "stale_current"),
    "string voltage off": ("offset", "rack[2].string_voltage", {"offset": "-80V"}, "sum_of_cells_mismatch"),
}
DOUBTED = {
    "temperature invalid": ("invalid", TEMPERATURE, {}, "stale_temperature"),
    "temperature stale": ("stale", TEMPERATURE, {}, "stale_temperature"),
    "temperature off": ("offset", TEMPERATURE, {"offset": "12K"}, "temperature_spread"),
    "current off": ("offset", CURRENT, {"offset": "25A"}, "current_sensor_mismatch"),
    "terminal hot": ("stuck", "rack[2].terminal_temperature", {"value": "100degC"}, "terminal_overtemperature"),
}
DISTURBED = {
    "noise on a cell": ("noise", CELL_VOLTAGE, {"sigma": "3mV"}),
    "spikes on a cell": ("spike", CELL_VOLTAGE, {"rate": "0.2/s", "height": "1V"}),
    "coarse cell voltage": ("quantise", CELL_VOLTAGE, {"step": "10mV"}),
    "noise on the current": ("noise", CURRENT, {"sigma": "2A"}),
    "spikes on the current": ("spike", CURRENT, {"rate": "0.2/s", "height": "100A"}),
    "noise on a temperature": ("noise", TEMPERATURE, {"sigma": "0.5K"}),
}


def cases(table: dict[str, Any]) -> pytest.MarkDecorator:
    """One test for each row of a table, by its name."""
    return pytest.mark.parametrize("case", list(table.values()), ids=[name.replace(" ", "-") for name in table])


@pytest.mark.requirement("SEN-1")
@cases(LOST)
def test_a_sensor_that_cannot_be_used_opens_its_rack(rig: Rig, faults: Faults, capture, case) -> None:
    """A sensor that is lost or reads what cannot be opens its rack within 15 s by its alarm; no other rack opens."""
    kind, target, settings, alarm = case
    capture(*WATCHED, period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips("rack[2].*", "rack_current_imbalance")
    faults(kind, target, name="sensor", **settings)
    rig.expect(f"rack[2].alarm[{alarm}].level", equals=3, within="15s")
    rig.expect("rack[2].connected", equals=False, within="3s", hold="5s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False)
    rig.expect("racks_connected", equals=2)


@pytest.mark.requirement("SEN-2")
@cases(DOUBTED)
def test_a_sensor_that_is_doubted_stops_its_rack(rig: Rig, faults: Faults, capture, case) -> None:
    """A sensor that differs from what else is known takes the limits of its rack to 0 within 10 s; no rack opens."""
    kind, target, settings, alarm = case
    capture(*WATCHED, period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips(f"rack[2].{alarm}", "rack[2].temperature_rise", "rack_current_imbalance")
    rig.watch("rack[*].mode", equals="connected", always="end")
    faults(kind, target, name="sensor", **settings)
    rig.expect(f"rack[2].alarm[{alarm}].level", equals=2, within="8s")
    rig.expect("rack[2].discharge_current_limit", at_most="0.1A", within="2s")
    rig.expect("rack[2].charge_current_limit", at_most="0.1A")


@pytest.mark.requirement("SEN-3", "PRO-DEB-1")
@cases(DISTURBED)
def test_a_sensor_that_is_disturbed_trips_nothing(rig: Rig, faults: Faults, case) -> None:
    """Noise, single wrong samples or coarse steps of a sensor raise no alarm for a minute."""
    kind, target, settings = case
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    faults(kind, target, name="sensor", **settings, **({"seed": 3} if kind in ("noise", "spike") else {}))
    rig.expect("rack[*].mode", equals="connected", always="60s")
