"""What the sensors report, and what they remember."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.sensing.devices_state import GROUPS as DEVICE_GROUPS
from bms_emulator.sensing.pcs_state import PcsMeasured
from bms_emulator.sensing.site_state import GROUPS as SITE_GROUPS


@dataclass
class Measured:
    """Measurements as the firmware receives them; NaN marks an invalid channel.

    It fulfils :class:`bms_emulator.firmware.contract.Measurements`.
    """

    GROUP: ClassVar = Group(root="container", source="measured")
    cell_voltage: Array = array(
        "rack cell", "V", "Measured cell voltage.", 3.3, point="cell.voltage", age="cell_voltage_age"
    )
    cell_voltage_age: Array = array("rack pack", "s", "Age of the cell voltages of the pack.")
    temperature: Array = array(
        "rack sensor", "K", "Measured cell temperature, at a sensor.", 298.15, age="temperature_age"
    )
    temperature_age: Array = array("rack pack", "s", "Age of the temperatures of the pack.")
    cmu_faults: Array = array(
        "rack pack",
        "",
        "What the pack's monitoring unit says of itself.",
        kind="bitfield",
        choices={0: "communication", 1: "integrity", 2: "open_wire"},
    )
    current: Array = array("rack", "A", "Measured string current, positive in discharge.")
    current_second: Array = array("rack", "A", "String current as a second sensor measures it, positive in discharge.")
    current_age: Array = array("rack", "s", "Age of the current.")
    string_voltage: Array = array("rack", "V", "Measured voltage of the string, on the cell side of the contactors.")
    fuse_voltage: Array = array("rack", "V", "Measured voltage between the string's fuse and its contactors.")
    link_voltage: Array = array("rack", "V", "Measured voltage of the DC bus, outside the contactors.")
    contactor_feedback: Array = array(
        "rack contactor", "", "Auxiliary contact of the contactor, 1 closed.", kind="boolean", point="feedback"
    )
    fuse_feedback: Array = array("rack", "", "Fuse monitor, 1 intact.", 1.0, kind="boolean")
    breaker_feedback: Array = array("rack", "", "Auxiliary contact of the breaker, 1 closed.", 1.0, kind="boolean")
    interlock_closed: Array = array(
        "rack", "", "Interlock loop of the rack, 1 closed.", 1.0, kind="boolean", point="interlock.closed"
    )
    terminal_temperature: Array = array("rack", "K", "Measured temperature of the rack's power terminals.", 298.15)
    controller_faults: Array = array(
        "rack",
        "",
        "What the rack's controller finds wrong with itself.",
        kind="bitfield",
        choices={
            0: "configuration",
            1: "persistent_memory",
            2: "clock",
            3: "watchdog",
            4: "duplicate_id",
            5: "communication",
            6: "insulation_monitor",
        },
    )
    coolant_supply_temperature: Array = array(
        "container", "K", "Measured coolant supply temperature.", 298.15, point="coolant.supply_temperature"
    )
    coolant_return_temperature: Array = array(
        "container", "K", "Measured coolant return temperature.", 298.15, point="coolant.return_temperature"
    )
    coolant_flow: Array = array("container", "kg/s", "Measured coolant flow.", point="coolant.flow")
    coolant_pressure: Array = array("container", "Pa", "Measured pump pressure.", point="coolant.pressure")
    chiller_mode: Array = array(
        "container",
        "",
        "What the chiller reports to do.",
        point="chiller.mode",
        choices={0: "standby", 1: "circulation", 2: "cooling", 3: "heating"},
    )
    chiller_fault: Array = array(
        "container", "", "1 while the chiller reports a trip.", kind="boolean", point="chiller.fault"
    )
    chiller_age: Array = array("container", "s", "Age of the chiller's reports.", point="chiller.age")
    supply_voltage: Array = array("container", "V", "Measured auxiliary supply.", 24.0)
    emergency_stop: Array = array(
        "container", "", "Emergency-stop loop, 1 while it is broken.", kind="boolean", point="emergency_stop.active"
    )
    door_open: Array = array("container", "", "Door contact, 1 open.", kind="boolean", point="door.open")
    water: Array = array("container", "", "Water detector, 1 wet.", kind="boolean", point="water")
    dew_point: Array = array("container", "K", "Measured dew point of the air in the enclosure.", 280.15)
    ambient_temperature: Array = array("container", "K", "Measured outside air temperature.", 298.15)
    auxiliary_power: Array = array("container", "W", "Measured auxiliary power.", point="auxiliary.power")
    insulation_resistance: Array = array(
        "rack",
        "Ohm",
        "Insulation resistance of what the rack is connected to against earth, both poles in parallel; NaN while the "
        "monitor is off.",
        float("nan"),
    )
    insulation_positive: Array = array("rack", "Ohm", "The same, of the positive pole alone.", float("nan"))
    insulation_negative: Array = array("rack", "Ohm", "The same, of the negative pole alone.", float("nan"))
    hydrogen: Array = array("container", "1", "Reading of the hydrogen detector.", point="gas.hydrogen")
    carbon_monoxide: Array = array(
        "container", "1", "Reading of the carbon monoxide detector.", point="gas.carbon_monoxide"
    )
    smoke: Array = array("container", "1/m", "Reading of the smoke detector: extinction of light.")
    fire_detectors: Array = array(
        "container",
        "",
        "Detectors of the fire panel that have tripped, latched.",
        kind="bitfield",
        choices={0: "hydrogen", 1: "carbon_monoxide", 2: "smoke", 3: "heat_low", 4: "heat_high"},
        point="fire.detectors",
    )
    fire_level: Array = array(
        "container",
        "",
        "Alarm level of the fire panel, latched.",
        choices={0: "normal", 1: "warning", 2: "fire"},
        point="fire.level",
    )
    gas_alarm: Array = array("container", "", "1 after a gas alarm, latched.", kind="boolean", point="fire.gas_alarm")
    aerosol_released: Array = array(
        "container", "", "1 once the aerosol has been released.", kind="boolean", point="fire.aerosol_released"
    )
    ventilation_running: Array = array(
        "container", "", "1 while the fan runs and the louvers are open.", kind="boolean", point="ventilation.running"
    )


@dataclass
class SensorState:
    """What lies between truth and measurement and has memory."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    temperature_lagged: Array = array(
        "rack sensor", "K", "Sensor body temperature, before offset and quantisation.", 298.15
    )
    temperature_elapsed: Array = array("rack pack", "s", "Time since the sensor bodies of the pack were followed.")
    current_lagged: Array = array("rack", "A", "Current after the sensor's low-pass.")
    current_second_lagged: Array = array("rack", "A", "Current after the second sensor's low-pass.")
    terminal_lagged: Array = array("rack", "K", "Body temperature of the sensor at the terminal.", 298.15)
    positive_lagged: Array = array(
        "rack", "Ohm", "Insulation of the positive pole as the monitor has worked it out so far.", float("nan")
    )
    negative_lagged: Array = array(
        "rack", "Ohm", "Insulation of the negative pole as the monitor has worked it out so far.", float("nan")
    )
    insulation_lagged: Array = array(
        "rack", "Ohm", "Insulation resistance that the monitor has worked out so far.", float("nan")
    )


GROUPS: dict[str, type] = (
    {
        "measured": Measured,
        "measured.pcs": PcsMeasured,
        "sensors": SensorState,
    }
    | SITE_GROUPS
    | DEVICE_GROUPS
)
