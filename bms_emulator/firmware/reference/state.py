"""What the reference firmware remembers between steps and shows to nobody."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

LONG_AGO = 1e6
"""A time [s] longer than any that is waited for."""


@dataclass
class ReferenceState:
    """Memory of estimator, protection, sequencer and bank controller."""

    GROUP: ClassVar = Group(root="container", source="firmware", public=False)

    capacity: Array = array("rack", "A s", "Capacity of the rack as the last capacity test found it.")
    soc_known: Array = array("rack", "", "1 once the state of charge was initialised.")
    hysteresis: Array = array("rack", "1", "Estimated hysteresis, -1 after discharge to +1 after charge.")
    rest_time: Array = array("rack", "s", "Time since current last flowed.")

    cell_voltage_lost_time: Array = array("rack", "s", "Time since all cell voltages were last valid.")
    temperature_lost_time: Array = array("rack", "s", "Time since all temperatures were last valid.")
    current_lost_time: Array = array("rack", "s", "Time since the current was last valid.")
    alarm_active: Array = array("rack alarm level", "", "1 while the level of the alarm is active.")
    alarm_time: Array = array("rack alarm level", "s", "Time for which the level has been due to set or to clear.")
    charge_alarm_level: Array = array("rack", "", "Highest active level of the alarms that concern charging.")
    discharge_alarm_level: Array = array("rack", "", "Highest active level of the alarms that concern discharging.")

    temperature_age_seen: Array = array("rack pack", "s", "Age of the temperatures at the last look.", float("inf"))
    charge_headroom: Array = array("rack", "A", "Charge current that the deratings allow, whether connected or not.")
    discharge_headroom: Array = array("rack", "A", "Discharge current that they allow.")

    step: Array = array("rack", "", "Step of the sequence.")
    step_time: Array = array("rack", "s", "Time spent in the step.")
    feedback_time: Array = array("rack", "s", "Time for which a contactor has not been where it was sent.")
    precharge_tries: Array = array("rack", "", "Precharges begun since the rack last connected or gave up.")
    standing_request: Array = array("rack", "", "The request that holds for the rack.")
    rack_request_seen: Array = array("rack", "", "Last value of the rack's request.")
    request_seen: Array = array("container", "", "Last value of the container's request.")
    join_time: Array = array("container", "s", "Time since a rack last joined the bus.", LONG_AGO)

    heartbeat_time: Array = array("container", "s", "Time since the own heartbeat last counted.")
    heartbeat_seen: Array = array("container", "", "Last value of the master's heartbeat.")
    heartbeat_silence: Array = array("container", "s", "Time since the master's heartbeat last changed.")
    master_supervised: Array = array("container", "", "1 once the master's heartbeat has changed.")
    master_gone: Array = array("container", "", "1 while the master has been silent so long that racks open.")


GROUPS: dict[str, type] = {"firmware.private": ReferenceState}
