"""State of the PCS of every container: breakers, operating state, power, temperatures, faults."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


class PcsState(IntEnum):
    """Operating state of a PCS."""

    OFF = 1
    STARTING = 2
    RUNNING = 3
    FAULT = 4
    STANDBY = 5
    STOPPING = 6


class PcsControl(IntEnum):
    """What a PCS holds at its set point."""

    POWER = 0
    CURRENT = 1
    VOLTAGE = 2


class ReactiveControl(IntEnum):
    """Where the reactive power of a PCS comes from."""

    NONE = 0
    SETPOINT = 1
    AVAILABLE = 2
    """A share of what the active power leaves over."""
    POWER_FACTOR = 3


class PcsFault(IntEnum):
    """Bits of what is wrong with a PCS. Those of the grid go by themselves, the others stay until they are reset."""

    DC_OVERVOLTAGE = 0
    DC_UNDERVOLTAGE = 1
    OVERTEMPERATURE = 2
    GRID_OVERVOLTAGE = 3
    GRID_UNDERVOLTAGE = 4
    GRID_OVERFREQUENCY = 5
    GRID_UNDERFREQUENCY = 6
    WATCHDOG = 7
    DC_BREAKER = 8
    AC_BREAKER = 9
    PRECHARGE = 10
    EXTERNAL = 11


class PcsLimit(IntEnum):
    """Bits of what keeps a PCS from its set point."""

    POWER_LIMIT = 0
    RATING = 1
    BMS = 2
    TEMPERATURE = 3
    DC_VOLTAGE = 4
    GRID_VOLTAGE = 5
    REACTIVE_POWER = 6
    EXTERNAL = 7


PCS_STATES = {int(s): s.name.lower() for s in PcsState}
PCS_FAULTS = {int(f): f.name.lower() for f in PcsFault}
PCS_LIMITS = {int(f): f.name.lower() for f in PcsLimit}


@dataclass
class PcsPlantState:
    """Electrical and thermal state of the PCS of every container."""

    GROUP: ClassVar = Group(root="pcs", source="plant")
    state: Array = array("container", "", "Operating state.", 1.0, choices=PCS_STATES)
    start_time: Array = array("container", "s", "Time spent in STARTING.", public=False)
    power: Array = array("container", "W", "AC active power, positive in discharge.")
    power_target: Array = array("container", "W", "AC power after ramp and limits.")
    reactive_power: Array = array("container", "var", "Reactive power, positive where delivered (over-excited).")
    dc_power: Array = array("container", "W", "DC power, positive in discharge.")
    loss: Array = array("container", "W", "Conversion loss.")
    energy_exported: Array = array("container", "J", "AC energy delivered to the grid since the start.")
    energy_imported: Array = array("container", "J", "AC energy taken from the grid since the start.")
    reactive_energy_delivered: Array = array("container", "var s", "Reactive energy delivered since the start.")
    reactive_energy_absorbed: Array = array("container", "var s", "Reactive energy absorbed since the start.")
    limited: Array = array(
        "container",
        "",
        "1 while a limit keeps power, current or voltage, whichever is controlled, from its set point.",
        kind="boolean",
    )
    limits: Array = array(
        "container", "", "What keeps the PCS from its set point.", kind="bitfield", choices=PCS_LIMITS
    )
    available_power: Array = array(
        "container", "W", "AC active power that temperature, voltages and faults leave it, in either direction."
    )
    feasible_charge_power: Array = array(
        "container", "W", "DC charge power at which the bus reaches the highest voltage of the PCS, >= 0."
    )
    feasible_discharge_power: Array = array(
        "container", "W", "Largest DC power that the racks on the bus can give, at half of their voltage, >= 0."
    )
    link_voltage: Array = array("container", "V", "Voltage of the DC link, on the PCS's side of its breaker.")
    dc_breaker_closed: Array = array(
        "container", "", "1 while the DC breaker conducts.", 1.0, kind="boolean", point="dc_breaker.closed"
    )
    dc_breaker_wait: Array = array(
        "container", "s", "Time since the DC breaker's order and its contacts came apart.", public=False
    )
    dc_precharge_closed: Array = array(
        "container",
        "",
        "1 while the PCS charges its link through its own resistor.",
        kind="boolean",
        point="dc_precharge.closed",
    )
    dc_precharge_time: Array = array("container", "s", "For how long it has done so.", public=False)
    ac_breaker_closed: Array = array(
        "container", "", "1 while the AC breaker conducts.", 1.0, kind="boolean", point="ac_breaker.closed"
    )
    ac_breaker_wait: Array = array(
        "container", "s", "Time since the AC breaker's order and its contacts came apart.", public=False
    )
    faults: Array = array("container", "", "What is wrong.", kind="bitfield", choices=PCS_FAULTS)
    in_service: Array = array(
        "container",
        "",
        "1 while the grid lets the PCS be connected: 0 from a trip until it is back.",
        1.0,
        kind="boolean",
    )
    service_time: Array = array(
        "container", "s", "For how long the grid has been fit to connect to, after a trip.", public=False
    )
    disturbed_time: Array = array(
        "container", "s", "For how long voltage or frequency of the grid have been out of bounds.", public=False
    )
    heatsink_temperature: Array = array("container", "K", "Temperature of the heat sink.", 298.15)
    stack_temperature: Array = array("container", "K", "Temperature of the semiconductors.", 298.15)


@dataclass
class PcsInputs:
    """What a PCS is asked, as its own controller has worked it out; the initial values ask for nothing."""

    GROUP: ClassVar = Group(root="pcs", source="plant", public=False)
    standby: Array = array("container", "", "1 asks it to stay connected without switching.")
    reset: Array = array("container", "", "1 resets what is wrong, where its cause is gone.")
    watchdog_expired: Array = array("container", "", "1 while the master's heartbeat is missing.")
    dc_breaker: Array = array("container", "", "1 asks the DC breaker to be closed.", 1.0)
    ac_breaker: Array = array("container", "", "1 asks the AC breaker to be closed.", 1.0)
    charge_limit: Array = array("container", "W", "Largest AC power of charge asked for, >= 0.", float("inf"))
    discharge_limit: Array = array("container", "W", "Largest AC power of discharge asked for, >= 0.", float("inf"))
    apparent_limit: Array = array("container", "VA", "Largest apparent power asked for, >= 0.", float("inf"))
    delivered_limit: Array = array("container", "var", "Most reactive power to deliver, >= 0.", float("inf"))
    absorbed_limit: Array = array("container", "var", "Most reactive power to absorb, >= 0.", float("inf"))
    power_ramp: Array = array("container", "W/s", "Fastest change of AC power asked for.", float("inf"))
    reactive_ramp: Array = array("container", "var/s", "Fastest change of reactive power asked for.", float("inf"))
    reactive_control: Array = array("container", "", "Where the reactive power comes from.")
    reactive_setpoint: Array = array("container", "var", "Reactive power, or the share of what is available.")
    reactive_slope_discharge: Array = array("container", "1", "Reactive over active power in discharge.")
    reactive_slope_charge: Array = array("container", "1", "Reactive over absolute active power in charge.")
    reactive_priority: Array = array("container", "", "1 where reactive power goes before active power.")
    service_permitted: Array = array("container", "", "1 where the PCS may be in service.", 1.0)
    service_voltage_min: Array = array("container", "1", "Least grid voltage to enter service at.")
    service_voltage_max: Array = array("container", "1", "Highest grid voltage to enter service at.", float("inf"))
    service_frequency_min: Array = array("container", "Hz", "Least frequency to enter service at.")
    service_frequency_max: Array = array("container", "Hz", "Highest frequency to enter service at.", float("inf"))
    service_delay: Array = array("container", "s", "For how long the grid must be so after a trip.")
