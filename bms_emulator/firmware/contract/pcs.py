"""Mailbox of a PCS, and what its controller tells of it."""

import math
from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array

_EXCITATION = {0: "over_excited", 1: "under_excited"}
_SECONDS = (0.0, 4294967294.0)
_FACTOR = (0.1, 1.0)


@dataclass
class PcsCommands:
    """The mailbox of a PCS; settings whose rating is the site's begin with it.

    A setting with a reversion time goes back to its reversion value so long after the last write of it. Pulses
    (``fault_reset``) are set to 1 by the master and cleared by the PCS.
    """

    GROUP: ClassVar = Group(root="pcs", source="command")
    enable: Array = array("container", "", "1 lets the PCS run.", 1.0, kind="boolean", limits=(0, 1))
    standby: Array = array(
        "container", "", "1 keeps the PCS connected without switching.", kind="boolean", limits=(0, 1)
    )
    fault_reset: Array = array(
        "container", "", "1 resets faults whose cause is gone; returns to 0 when done.", kind="boolean", limits=(0, 1)
    )
    dc_breaker_command: Array = array(
        "container",
        "",
        "What the DC breaker is asked: the PCS charges its link from the bus before it closes.",
        1.0,
        choices={0: "open", 1: "close"},
        point="dc_breaker.command",
    )
    ac_breaker_command: Array = array(
        "container",
        "",
        "What the AC breaker is asked.",
        1.0,
        choices={0: "open", 1: "close"},
        point="ac_breaker.command",
    )
    heartbeat_master: Array = array(
        "container",
        "",
        "Heartbeat counter of the master; once it is not 0 it must go on changing.",
        kind="integer",
        limits=(0, math.inf),
    )
    watchdog_timeout: Array = array(
        "container",
        "s",
        "A heartbeat that has not changed for so long stops the PCS; 0 watches nothing.",
        limits=(0.0, 86400.0),
    )
    setpoint_enabled: Array = array("container", "", "1 makes the set point effective.", kind="boolean", limits=(0, 1))
    control_mode: Array = array(
        "container",
        "",
        "What the PCS holds at its set point: AC power, DC current or DC voltage.",
        choices={0: "power", 1: "current", 2: "voltage"},
    )
    setpoint_mode: Array = array(
        "container", "", "What the set point is given in.", 1.0, choices={0: "fraction", 1: "watts"}
    )
    power_setpoint: Array = array("container", "W", "Active-power set point, positive in discharge.")
    power_setpoint_fraction: Array = array(
        "container",
        "1",
        "Active-power set point relative to `power_max`, positive in discharge.",
        limits=(-1.0, 1.0),
    )
    setpoint_enabled_reversion: Array = array(
        "container", "", "`setpoint_enabled` after the reversion time.", kind="boolean", limits=(0, 1)
    )
    power_setpoint_reversion: Array = array("container", "W", "`power_setpoint` after the reversion time.")
    power_setpoint_fraction_reversion: Array = array(
        "container", "1", "`power_setpoint_fraction` after the reversion time.", limits=(-1.0, 1.0)
    )
    setpoint_reversion_time: Array = array(
        "container", "s", "Reversion time of the active-power set point; 0 never.", limits=_SECONDS
    )
    current_setpoint: Array = array(
        "container", "A", "DC current set point in control mode current, positive in discharge."
    )
    voltage_setpoint: Array = array("container", "V", "DC voltage set point in control mode voltage.")
    current_limit: Array = array(
        "container", "A", "Largest DC current in control mode voltage, in either direction; at 0 none flows."
    )
    power_limit_enabled: Array = array(
        "container", "", "1 makes the active-power limit effective.", kind="boolean", limits=(0, 1)
    )
    power_limit_fraction: Array = array(
        "container", "1", "Largest active power relative to `power_max`.", 1.0, limits=(0.0, 1.0)
    )
    power_limit_enabled_reversion: Array = array(
        "container", "", "`power_limit_enabled` after the reversion time.", kind="boolean", limits=(0, 1)
    )
    power_limit_fraction_reversion: Array = array(
        "container", "1", "`power_limit_fraction` after the reversion time.", 1.0, limits=(0.0, 1.0)
    )
    power_limit_reversion_time: Array = array(
        "container", "s", "Reversion time of the active-power limit; 0 never.", limits=_SECONDS
    )
    power_ramp_rate: Array = array("container", "1/s", "Change of active power, relative to rated power.", 1.0)
    reactive_enabled: Array = array(
        "container",
        "",
        "1 makes the reactive-power set point effective, before any power factor.",
        kind="boolean",
        limits=(0, 1),
    )
    reactive_mode: Array = array(
        "container",
        "",
        "What the reactive-power set point is given in: vars, or a share of a setting, or of what is available.",
        4.0,
        choices={0: "power_max", 1: "reactive_max", 2: "reactive_available", 3: "apparent_power_max", 4: "vars"},
    )
    reactive_priority: Array = array(
        "container", "", "Which goes first where both are too much.", choices={0: "active", 1: "reactive", 2: "vendor"}
    )
    reactive_setpoint: Array = array(
        "container", "var", "Reactive-power set point, positive where delivered (over-excited)."
    )
    reactive_setpoint_fraction: Array = array(
        "container", "1", "Reactive-power set point as a share, positive where delivered.", limits=(-1.0, 1.0)
    )
    reactive_enabled_reversion: Array = array(
        "container", "", "`reactive_enabled` after the reversion time.", kind="boolean", limits=(0, 1)
    )
    reactive_setpoint_reversion: Array = array("container", "var", "`reactive_setpoint` after the reversion time.")
    reactive_setpoint_fraction_reversion: Array = array(
        "container", "1", "`reactive_setpoint_fraction` after the reversion time.", limits=(-1.0, 1.0)
    )
    reactive_reversion_time: Array = array(
        "container", "s", "Reversion time of the reactive-power set point; 0 never.", limits=_SECONDS
    )
    reactive_ramp_rate: Array = array(
        "container", "1/s", "Change of reactive power, relative to rated reactive power.", 1.0
    )
    power_factor_discharge_enabled: Array = array(
        "container", "", "1 makes the power factor in discharge effective.", kind="boolean", limits=(0, 1)
    )
    power_factor_discharge: Array = array("container", "1", "Power factor in discharge.", 1.0, limits=_FACTOR)
    power_factor_discharge_excitation: Array = array("container", "", "Its sign.", choices=_EXCITATION)
    power_factor_discharge_enabled_reversion: Array = array(
        "container", "", "The first of them after the reversion time.", kind="boolean", limits=(0, 1)
    )
    power_factor_discharge_reversion: Array = array(
        "container", "1", "Power factor in discharge after the reversion time.", 1.0, limits=_FACTOR
    )
    power_factor_discharge_excitation_reversion: Array = array(
        "container", "", "Its sign after the reversion time.", choices=_EXCITATION
    )
    power_factor_discharge_reversion_time: Array = array(
        "container", "s", "Reversion time of the power factor in discharge; 0 never.", limits=_SECONDS
    )
    power_factor_charge_enabled: Array = array(
        "container", "", "1 makes the power factor in charge effective.", kind="boolean", limits=(0, 1)
    )
    power_factor_charge: Array = array("container", "1", "Power factor in charge.", 1.0, limits=_FACTOR)
    power_factor_charge_excitation: Array = array("container", "", "Its sign.", choices=_EXCITATION)
    power_factor_charge_enabled_reversion: Array = array(
        "container", "", "The first of them after the reversion time.", kind="boolean", limits=(0, 1)
    )
    power_factor_charge_reversion: Array = array(
        "container", "1", "Power factor in charge after the reversion time.", 1.0, limits=_FACTOR
    )
    power_factor_charge_excitation_reversion: Array = array(
        "container", "", "Its sign after the reversion time.", choices=_EXCITATION
    )
    power_factor_charge_reversion_time: Array = array(
        "container", "s", "Reversion time of the power factor in charge; 0 never.", limits=_SECONDS
    )
    power_max: Array = array("container", "W", "Setting: largest active power in either direction.")
    charge_power_max: Array = array("container", "W", "Setting: largest active power of charge.")
    discharge_power_max: Array = array("container", "W", "Setting: largest active power of discharge.")
    apparent_power_max: Array = array("container", "VA", "Setting: largest apparent power.")
    reactive_delivered_max: Array = array("container", "var", "Setting: most reactive power to deliver.")
    reactive_absorbed_max: Array = array("container", "var", "Setting: most reactive power to absorb.")
    enter_service_permitted: Array = array(
        "container", "", "1 permits the PCS to be in service on the grid.", 1.0, kind="boolean", limits=(0, 1)
    )
    enter_service_voltage_min: Array = array(
        "container", "1", "Least grid voltage to come back to after a trip, relative to rated.", limits=(0.0, 1.0)
    )
    enter_service_voltage_max: Array = array(
        "container", "1", "Highest grid voltage to come back to after a trip.", 2.0, limits=(1.0, 2.0)
    )
    enter_service_frequency_min: Array = array(
        "container", "Hz", "Least frequency to come back to after a trip.", limits=(0.0, 70.0)
    )
    enter_service_frequency_max: Array = array(
        "container", "Hz", "Highest frequency to come back to after a trip.", 70.0, limits=(0.0, 70.0)
    )
    enter_service_delay: Array = array(
        "container", "s", "For how long the grid must have been so.", limits=(0.0, 86400.0)
    )


@dataclass
class PcsLink:
    """What the controller of a PCS knows of its master and of the times that run."""

    GROUP: ClassVar = Group(root="pcs", source="measured")
    heartbeat: Array = array("container", "", "Heartbeat counter of the PCS: 1 more every second.", kind="integer")
    watchdog_remaining: Array = array(
        "container", "s", "Time that is left to change the heartbeat; 0 where none is watched."
    )
    watchdog_armed: Array = array("container", "", "1 once a heartbeat has come.", kind="boolean", public=False)
    heartbeat_seen: Array = array("container", "", "Heartbeat of the master as it last was.", public=False)
    heartbeat_age: Array = array("container", "s", "For how long it has been so.", public=False)
    enter_service_remaining: Array = array(
        "container", "s", "Time that the grid must still stay as it is before the PCS comes back."
    )
    power_limit_reversion_remaining: Array = array(
        "container", "s", "Time until the active-power limit reverts; 0 where none runs."
    )
    setpoint_reversion_remaining: Array = array("container", "s", "Time until the active-power set point reverts.")
    reactive_reversion_remaining: Array = array("container", "s", "Time until the reactive-power set point reverts.")
    power_factor_discharge_reversion_remaining: Array = array(
        "container", "s", "Time until the power factor in discharge reverts."
    )
    power_factor_charge_reversion_remaining: Array = array(
        "container", "s", "Time until the power factor in charge reverts."
    )
