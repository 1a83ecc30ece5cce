"""A container in the middle of a discharge, with one sick rack, to look at."""

import numpy as np

from tests.interfaces.fake_site import FakeSite


def discharging() -> FakeSite:
    """A link whose points hold what a running container would show."""
    link, rng = FakeSite(), np.random.default_rng(7)
    racks, packs, cells = 12, 4, 416
    link.tick, link.dt = 48_213, 0.1

    voltage = 3.262 + 0.004 * rng.standard_normal((racks, 1)) + 0.0022 * rng.standard_normal((racks, cells))
    voltage[4, 120:128] -= 0.03
    voltage[2, 40] = 3.70
    voltage[7, 200:202] = np.nan
    sensors = 208 // packs
    temperature = 299.0 + np.tile(np.linspace(0, 3.5, sensors), packs) + 0.5 * rng.standard_normal((racks, 208))
    temperature[8, 90:100] += 9.0
    link.set("container[1].rack[*].cell[*].voltage", voltage.ravel())
    link.set("container[1].rack[*].temperature_sensor[*].temperature", temperature.ravel())

    for quantity, extreme in (("max", np.nanargmax), ("min", np.nanargmin)):
        at = np.array([extreme(row) for row in voltage])
        link.set(f"rack[*].cell_voltage_{quantity}", voltage[np.arange(racks), at])
        link.set(f"rack[*].cell_voltage_{quantity}_cell", at + 1)
        link.set(f"rack[*].cell_voltage_{quantity}_pack", at // (cells // packs) + 1)
        warm = np.array([extreme(row) for row in temperature])
        link.set(f"rack[*].temperature_{quantity}", temperature[np.arange(racks), warm])
        link.set(f"rack[*].temperature_{quantity}_pack", warm // sensors + 1)
        rack = int(extreme(np.array([extreme_of(row, quantity) for row in voltage])))
        link.set(f"container[1].cell_voltage_{quantity}", extreme_of(voltage, quantity))
        link.set(f"container[1].cell_voltage_{quantity}_rack", rack + 1)
        link.set(f"container[1].cell_voltage_{quantity}_pack", at[rack] // (cells // packs) + 1)
        link.set(f"container[1].temperature_{quantity}", extreme_of(temperature, quantity))
        hot = int(extreme(np.array([extreme_of(row, quantity) for row in temperature])))
        link.set(f"container[1].temperature_{quantity}_rack", hot + 1)
        link.set(f"container[1].temperature_{quantity}_pack", warm[hot] // sensors + 1)
    link.set("rack[*].soc", 0.634 + 0.006 * rng.standard_normal(racks))
    link.set("rack[*].string_voltage", np.nansum(voltage, axis=1))
    link.set("rack[*].current", 141.0 + 1.5 * rng.standard_normal(racks))
    link.set("rack[*].mode", 4)
    link.set("rack[*].connected", 1)
    link.set("rack[3].mode", 6)
    link.set("rack[3].current", -0.04)
    link.set("rack[3].connected", 0)
    link.set("rack[3].alarm_level", 3)
    link.set("rack[3].alarm_latched", 1)
    link.set("rack[3].alarm[cell_overvoltage].level", 3)
    link.set("rack[9].alarm_level", 1)
    link.set("rack[9].alarm[temperature_spread].level", 1)

    for name, value in {
        "mode": 3,
        "alarm_level": 3,
        "racks_connected": 11,
        "soc": 0.6342,
        "soh": 0.987,
        "cycle_count": 212.4,
        "voltage": 1357.2,
        "current": 1551.0,
        "power": 2.105e6,
        "charge_power_limit": 1.9e6,
        "discharge_power_limit": 2.3e6,
        "charge_current_limit": 1400.0,
        "discharge_current_limit": 1727.0,
        "rack_voltage_max": 1358.9,
        "rack_voltage_min": 1355.7,
        "rack_current_max": 143.9,
        "rack_current_min": -0.04,
        "coolant.supply_temperature": 294.1,
        "coolant.return_temperature": 297.6,
        "coolant.flow": 6.31,
        "chiller.mode": 2,
        "chiller.request": 2,
        "chiller.setpoint": 294.15,
        "auxiliary.power": 17_300.0,
        "ambient_temperature": 304.3,
    }.items():
        link.set(f"container[1].{name}", value)
    link.set("pcs[1].state", 3)
    link.set("pcs[1].power", 2.06e6)
    link.set("pcs[1].setpoint_enabled", 1)
    link.set("pcs[1].power_setpoint", 2.06e6)

    link.happen("state", "container[1]", point="mode", value=3, previous=4, text="connected", previous_text="standby")
    link.happen("fault", "rack[3].cell[41].voltage", action="added", name="ov1", kind="sensor-stuck")
    for level in (1, 2, 3):
        link.happen("alarm", "container[1].rack[3]", alarm="cell_overvoltage", level=level, previous=level - 1)
    link.happen(
        "state", "container[1].rack[3]", point="mode", value=6, previous=4, text="fault", previous_text="connected"
    )
    link.happen("alarm", "container[1].rack[9]", alarm="temperature_spread", level=1, previous=0)
    link.faults["ov1"] = {
        "name": "ov1",
        "kind": "sensor-stuck",
        "target": "rack[3].cell[41].voltage",
        "parameters": {"value": 3.7},
        "phase": "active",
    }
    return link


def extreme_of(values: np.ndarray, quantity: str) -> float:
    return float(np.nanmax(values) if quantity == "max" else np.nanmin(values))
