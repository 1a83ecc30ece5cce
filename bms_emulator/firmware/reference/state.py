"""What the reference firmware remembers between steps and shows to nobody."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

LONG_AGO = 1e6
"""A time [s] longer than any that is waited for."""


@dataclass
class PersistentState:
    """What outlives the loss of the auxiliary supply, besides the event log.

    So do, of the racks' outputs: state of charge and of health, cycles, openings under load, counts and times of
    alarms; and what is counted of energy and charge.
    """

    GROUP: ClassVar = Group(root="container", source="firmware", public=False)

    capacity: Array = array("rack", "A s", "Capacity of the rack as last tested or learnt.")
    soc_known: Array = array("rack", "", "1 once the state of charge was initialised.")
    hysteresis: Array = array("rack", "1", "Estimated hysteresis, -1 after discharge to +1 after charge.")
    fix_soc: Array = array("rack", "1", "State of charge when voltage last told it; NaN is unknown.", float("nan"))
    fix_charge: Array = array("rack", "A s", "Charge drawn since then.")
    fix_age: Array = array("rack", "s", "Time since then.")
    locked: Array = array("rack", "", "1 from a lock until a service reset.")
    counted_day: Array = array("rack", "", "Day on which energy was last counted, the first being 0.")
    openings_told: Array = array("rack", "", "Openings under load that the event log knows.")
    powered: Array = array("container", "", "1 while the supply lets the controllers of the container run.", 1.0)
    powered_told: Array = array("container", "", "What the event log knows of it.", 1.0)


@dataclass
class ReferenceState:
    """Memory of estimator, protection, sequencer and bank controller between periods; lost with the supply."""

    GROUP: ClassVar = Group(root="container", source="firmware", public=False)

    rest_time: Array = array("rack", "s", "Time since current last flowed.")
    settled_current: Array = array("rack", "A", "Current near which the present one has stayed.")
    settled_time: Array = array("rack", "s", "Time for which it has.")
    charge_moved: Array = array("rack", "A s", "Charge drawn since the last look at the circuit; NaN is unknown.")
    direction: Array = array("rack", "", "1 after a discharging current, -1 after a charging one.", 1.0)
    relaxed_current1: Array = array("rack", "A", "Current that has got through the fast branch of the circuit.")
    relaxed_current2: Array = array("rack", "A", "Current that has got through its slow branch.")
    resistance0: Array = array("rack", "Ohm", "Ohmic resistance of the mean cell, before its shape over charge.")
    resistance1: Array = array("rack", "Ohm", "The same, of the fast branch.")
    resistance2: Array = array("rack", "Ohm", "The same, of the slow branch.")
    drop: Array = array("rack", "V", "How far the mean cell lies below its open-circuit voltage.")
    soc_mean: Array = array("rack", "1", "State of charge that voltage tells of the mean cell.", float("nan"))
    soc_highest: Array = array("rack", "1", "The same, of the highest cell.", float("nan"))
    soc_lowest: Array = array("rack", "1", "The same, of the lowest cell.", float("nan"))
    deepest_soc: Array = array("rack", "1", "Best reading of charge since voltage began to tell it.", float("nan"))
    deepest_charge: Array = array("rack", "A s", "Charge drawn from the last fix until that reading.")
    step_voltage: Array = array("rack", "V", "Mean cell voltage when the current last stood still.", float("nan"))
    step_drop: Array = array("rack", "V", "How far a fresh cell would then have lain below open circuit.", float("nan"))
    step_current: Array = array("rack", "A", "Current then.", float("nan"))
    step_direction: Array = array("rack", "", "Direction then.")
    step_age: Array = array("rack", "s", "Time since then.")
    pulse_resistance: Array = array("rack", "Ohm", "Response of the mean cell to a minute of current, but for shape.")
    charge_pulse: Array = array("rack", "A", "Charge current of a minute that leads the highest cell to its end.")
    discharge_pulse: Array = array("rack", "A", "Discharge current of a minute that leads the lowest cell to its end.")
    balancing_active: Array = array("rack", "", "1 while the rack is being balanced.")
    balancing_counted: Array = array("rack", "", "Number of the mask of balancing that was last counted by packs.")

    cell_voltage_lost_time: Array = array("rack", "s", "Time since all cell voltages were last valid.")
    temperature_lost_time: Array = array("rack", "s", "Time since all temperatures were last valid.")
    current_lost_time: Array = array("rack", "s", "Time since the current was last valid.")
    cell_voltage_max_followed: Array = array("rack", "V", "Highest cell voltage after a low-pass.", float("nan"))
    cell_voltage_min_followed: Array = array("rack", "V", "Lowest cell voltage after a low-pass.", float("nan"))
    temperature_followed: Array = array("rack", "K", "Highest temperature after a low-pass.", float("nan"))
    current_mean: Array = array("rack", "A", "Current after a slow low-pass.", float("nan"))
    rise_age: Array = array("rack", "s", "Time since a rise of temperature was last a sign of runaway.", LONG_AGO)
    fall_age: Array = array("rack", "s", "Time since a fall of voltage was last a sign of runaway.", LONG_AGO)
    soc_seen: Array = array("rack", "1", "State of charge in the last period.", float("nan"))
    soc_jump: Array = array("rack", "1", "What no current explains of its moves, forgotten in time.")
    precharge_time: Array = array("rack", "s", "Time for which the rack has been precharging.")
    link_dead: Array = array("rack", "", "1 where the link had no voltage when all contactors were last sent open.")

    alarm_wake: Array = array(
        "rack alarm", "", "Severity below which the alarm sleeps; without bound while any of it lasts.", float("-inf")
    )
    alarm_active: Array = array(
        "rack alarm level", "", "1 while the level is active, 2 while its reset waits for the end of its clearing time."
    )
    alarm_time: Array = array("rack alarm level", "s", "Time for which the level has been due to set or to clear.")
    charge_action: Array = array("rack", "", "What its alarms and those of the container do to its charging.")
    discharge_action: Array = array("rack", "", "The same, of its discharging.")
    bank_alarm_wake: Array = array(
        "container bank_alarm", "", "As that of the racks, of the container's alarms.", float("-inf")
    )
    bank_alarm_active: Array = array("container bank_alarm level", "", "The same, of what is active.")
    bank_alarm_time: Array = array("container bank_alarm level", "s", "The same, of the times.")
    bank_alarm_level: Array = array("container", "", "Highest active level of the container's own alarms.")
    bank_action: Array = array("container", "", "What the container's own alarms do to all racks.")
    bank_charge_action: Array = array("container", "", "The same, of charging.")
    bank_discharge_action: Array = array("container", "", "The same, of discharging.")
    rack_heartbeat_seen: Array = array("rack", "", "Last value of the heartbeat of the rack's controller.")
    rack_heartbeat_silence: Array = array(
        "rack", "s", "Time since it last changed; NaN before the first change.", float("nan")
    )

    temperature_age_seen: Array = array("rack pack", "s", "Age of the temperatures at the last look.", float("inf"))
    charge_headroom: Array = array("rack", "A", "Charge current that the deratings allow, whether connected or not.")
    discharge_headroom: Array = array("rack", "A", "Discharge current that they allow.")
    charge_headroom_60s: Array = array("rack", "A", "Charge current that they allow for a minute.")
    discharge_headroom_60s: Array = array("rack", "A", "Discharge current that they allow for a minute.")
    own_chiller_request: Array = array("container", "", "What the bank controller itself would ask of the chiller.")

    step: Array = array("rack", "", "Step of the sequence.")
    step_time: Array = array("rack", "s", "Time spent in the step.")
    feedback_time: Array = array("rack", "s", "Time for which a contactor has not been where it was sent.")
    reset_age: Array = array("rack", "s", "Time since a reset that has not led out of its step yet.", LONG_AGO)
    service_age: Array = array("rack", "s", "The same, of a service reset.", LONG_AGO)
    precharge_tries: Array = array("rack", "", "Precharges begun since the rack last connected or gave up.")
    standing_request: Array = array("rack", "", "What masters last asked of the rack.")
    rack_request_seen: Array = array("rack", "", "Last value of the rack's request.")
    request_seen: Array = array("container", "", "Last value of the container's request.")
    operation_seen: Array = array("container", "", "Last value of its operation.")
    join_time: Array = array("container", "s", "Time since a rack last joined the bus.", LONG_AGO)
    permit_rack: Array = array("container", "", "Rack that was last permitted to join, counted from 1; 0 is none yet.")
    permit_time: Array = array("container", "s", "Time since it was.")
    refused: Array = array("rack", "", "1 while a rack that is ready to join is too far from the voltage of the bus.")
    full_soc: Array = array("rack", "1", "State of charge at which the rack was full; NaN is not full.", float("nan"))
    empty_soc: Array = array("rack", "1", "State of charge at which it was empty; NaN is not empty.", float("nan"))
    mode_seen: Array = array("rack", "", "Mode of the rack that the event log knows.")
    alarm_seen: Array = array("rack alarm", "", "Levels of its alarms that the event log knows.")
    bank_alarm_seen: Array = array("container bank_alarm", "", "The same, of the alarms of the container.")

    heartbeat_time: Array = array("container", "s", "Time since the own heartbeat last counted.")
    rack_heartbeat_time: Array = array("rack", "s", "The same, of the controller of the rack.")
    heartbeat_seen: Array = array("container", "", "Last value of the master's heartbeat.")
    heartbeat_silence: Array = array("container", "s", "Time since the master's heartbeat last changed.")
    master_supervised: Array = array("container", "", "1 once the master's heartbeat has changed.")
    master_gone: Array = array("container", "", "1 while the master has been silent so long that racks open.")


GROUPS: dict[str, type] = {"firmware.private": ReferenceState, "firmware.persistent": PersistentState}
