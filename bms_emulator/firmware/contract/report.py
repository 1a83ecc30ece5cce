"""What is worked out of the outputs of any rack: conditions, requests and counters, whoever made its controller."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array
from bms_emulator.firmware.contract.modes import (
    ChargeStatus,
    Direction,
    DisabledReason,
    InsulationStatus,
    InverterRequest,
    OperatingState,
    PowerState,
    PrechargeStage,
    Status,
    names,
)

_RACK = "Rack of it, counted from 1."
_PACK = "Pack of it, counted from 1."


@dataclass
class RackReport:
    """What the bank controller tells of every rack."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    direction: Array = array("rack", "", "Where the current flows.", choices=names(Direction))
    charge_status: Array = array("rack", "", "What it does.", 1.0, choices=names(ChargeStatus))
    status: Array = array(
        "rack", "", "How it is: a fault comes before a warning, and both before full and empty.", choices=names(Status)
    )
    full: Array = array(
        "rack", "", "1 from when the highest cell ended the charge, until some charge was drawn.", kind="boolean"
    )
    empty: Array = array(
        "rack", "", "1 from when the lowest cell ended the discharge, until some charge was put in.", kind="boolean"
    )
    charge_forbidden: Array = array(
        "rack", "", "1 while its limits permit no charge, as when it is not connected.", 1.0, kind="boolean"
    )
    discharge_forbidden: Array = array(
        "rack", "", "1 while its limits permit no discharge, as when it is not connected.", 1.0, kind="boolean"
    )
    charge_requested: Array = array(
        "rack",
        "",
        "1 while the rack asks to be charged: from empty or a low state of charge until it has some again.",
        kind="boolean",
    )
    balance_requested: Array = array(
        "rack",
        "",
        "1 while voltage has told that the charge of the cells lies far apart: a full charge would even it out.",
        kind="boolean",
    )
    soe: Array = array(
        "rack", "1", "State of energy: what is left, relative to what there is between empty and full.", 0.5
    )
    insulation_status: Array = array(
        "rack", "", "Whether insulation is measured.", 1.0, choices=names(InsulationStatus)
    )
    energy_charged: Array = array("rack", "J", "Energy taken in, counted since the controller was new.")
    energy_discharged: Array = array("rack", "J", "Energy given, counted since the controller was new.")
    energy_charged_today: Array = array("rack", "J", "Energy taken in since midnight.")
    energy_discharged_today: Array = array("rack", "J", "Energy given since midnight.")
    energy_charged_cycle: Array = array("rack", "J", "Energy taken in since the rack was last full.")
    energy_discharged_cycle: Array = array("rack", "J", "Energy given since then.")
    throughput_charged: Array = array("rack", "C", "Charge taken in, counted since the controller was new.")
    throughput_discharged: Array = array("rack", "C", "Charge given, counted since the controller was new.")
    power: Array = array("rack", "W", "DC power, positive in discharge.")
    cell_voltage_spread: Array = array("rack", "V", "Highest less lowest cell voltage.")
    temperature_spread: Array = array("rack", "K", "Highest less lowest cell temperature.")
    charge_voltage_limit: Array = array("rack", "V", "String voltage at which charging ends.")
    discharge_voltage_limit: Array = array("rack", "V", "String voltage at which discharging ends.")
    operating_state: Array = array("rack", "", "What it permits.", choices=names(OperatingState))
    precharge_stage: Array = array("rack", "", "How far it has got onto the bus.", choices=names(PrechargeStage))
    disabled_reason: Array = array(
        "rack", "", "Why it is out of use; maintenance comes before a fault.", choices=names(DisabledReason)
    )
    pack_balancing_count: Array = array(
        "rack pack", "", "Number of its cells that are bled.", kind="integer", point="balancing_count"
    )


@dataclass
class BankReport:
    """What the bank controller tells of its container, beside :class:`BankOutputs`."""

    GROUP: ClassVar = Group(root="container", source="firmware")
    direction: Array = array("container", "", "Where the current flows.", choices=names(Direction))
    charge_status: Array = array("container", "", "What it does.", 1.0, choices=names(ChargeStatus))
    status: Array = array(
        "container",
        "",
        "How it is: a fault comes before a warning, and both before full and empty.",
        choices=names(Status),
    )
    full: Array = array(
        "container", "", "1 while all racks that are connected are full; of all racks while none is.", kind="boolean"
    )
    empty: Array = array("container", "", "1 while one of them is empty.", kind="boolean")
    charge_forbidden: Array = array(
        "container", "", "1 while its limits permit no charge, as when it is not connected.", 1.0, kind="boolean"
    )
    discharge_forbidden: Array = array(
        "container", "", "1 while its limits permit no discharge, as when it is not connected.", 1.0, kind="boolean"
    )
    charge_requested: Array = array("container", "", "1 while a rack asks to be charged.", kind="boolean")
    balance_requested: Array = array(
        "container", "", "1 while a rack asks for a full charge to even out its cells.", kind="boolean"
    )
    soe: Array = array(
        "container",
        "1",
        "State of energy of the connected racks, of all while none is: what is left, relative to what there is between "
        "empty and full.",
        0.5,
    )
    insulation_status: Array = array(
        "container", "", "Whether insulation is measured.", 1.0, choices=names(InsulationStatus)
    )
    energy_charged: Array = array("container", "J", "Energy taken in, counted since the controller was new.")
    energy_discharged: Array = array("container", "J", "Energy given, counted since the controller was new.")
    energy_charged_today: Array = array("container", "J", "Energy taken in since midnight.")
    energy_discharged_today: Array = array("container", "J", "Energy given since midnight.")
    energy_charged_cycle: Array = array("container", "J", "Energy taken in since its racks were last full.")
    energy_discharged_cycle: Array = array("container", "J", "Energy given since then.")
    throughput_charged: Array = array("container", "C", "Charge taken in, counted since the controller was new.")
    throughput_discharged: Array = array("container", "C", "Charge given, counted since the controller was new.")
    power_state: Array = array(
        "container",
        "",
        "Whether its voltage is on the bus, and whether a fault of its own stands or no rack is left to go.",
        choices=names(PowerState),
    )
    operating_state: Array = array(
        "container", "", "What it permits; standby also while a master asks for it.", choices=names(OperatingState)
    )
    charge_voltage_limit: Array = array("container", "V", "Voltage at which charging ends.")
    discharge_voltage_limit: Array = array("container", "V", "Voltage at which discharging ends.")
    standby: Array = array(
        "container", "", "1 while a master keeps it on the bus without a limit to use.", kind="boolean"
    )
    inverter_request: Array = array(
        "container",
        "",
        "What it asks of the inverter: to stop where limits permit nothing, to start where it asks to be charged.",
        choices=names(InverterRequest),
    )
    power_request: Array = array("container", "W", "Power that it asks for, positive in discharge; 0 is no request.")
    insulation_positive: Array = array(
        "container",
        "Ohm",
        "Insulation of the positive pole of the bus as its active monitor reads it; NaN where none does.",
        float("nan"),
    )
    insulation_negative: Array = array("container", "Ohm", "The same, of the negative pole.", float("nan"))
    racks_installed: Array = array("container", "", "Number of racks.", kind="integer")
    racks_enabled: Array = array("container", "", "Number of racks that may be connected.", kind="integer")
    racks_ready: Array = array("container", "", "Number of racks that could join the bus.", kind="integer")
    racks_failed: Array = array(
        "container", "", "Number of racks that need a reset, or their supply, before they can connect.", kind="integer"
    )
    balancing_count: Array = array("container", "", "Number of cells that are bled.", kind="integer")
    pack_voltage_max: Array = array("container", "V", "Highest voltage of a pack.")
    pack_voltage_max_rack: Array = array("container", "", _RACK, kind="integer")
    pack_voltage_max_pack: Array = array("container", "", _PACK, kind="integer")
    pack_voltage_min: Array = array("container", "V", "Lowest voltage of a pack.")
    pack_voltage_min_rack: Array = array("container", "", _RACK, kind="integer")
    pack_voltage_min_pack: Array = array("container", "", _PACK, kind="integer")
    pack_temperature_max: Array = array("container", "K", "Highest mean temperature of a pack.", 298.15)
    pack_temperature_max_rack: Array = array("container", "", _RACK, kind="integer")
    pack_temperature_max_pack: Array = array("container", "", _PACK, kind="integer")
    pack_temperature_min: Array = array("container", "K", "Lowest mean temperature of a pack.", 298.15)
    pack_temperature_min_rack: Array = array("container", "", _RACK, kind="integer")
    pack_temperature_min_pack: Array = array("container", "", _PACK, kind="integer")
    connected_cell_voltage_max: Array = array(
        "container",
        "V",
        "Highest cell voltage of connected racks; NaN while none is.",
        float("nan"),
        point="connected.cell_voltage_max",
    )
    connected_cell_voltage_max_rack: Array = array(
        "container",
        "",
        "Rack of it, counted from 1; 0 is none.",
        kind="integer",
        point="connected.cell_voltage_max_rack",
    )
    connected_cell_voltage_max_pack: Array = array(
        "container", "", "Pack of it, counted from 1.", kind="integer", point="connected.cell_voltage_max_pack"
    )
    connected_cell_voltage_max_pack_cell: Array = array(
        "container",
        "",
        "Cell of it within the pack, counted from 1.",
        kind="integer",
        point="connected.cell_voltage_max_pack_cell",
    )
    connected_cell_voltage_min: Array = array(
        "container",
        "V",
        "Lowest cell voltage of connected racks; NaN while none is.",
        float("nan"),
        point="connected.cell_voltage_min",
    )
    connected_cell_voltage_min_rack: Array = array(
        "container",
        "",
        "Rack of it, counted from 1; 0 is none.",
        kind="integer",
        point="connected.cell_voltage_min_rack",
    )
    connected_cell_voltage_min_pack: Array = array(
        "container", "", "Pack of it, counted from 1.", kind="integer", point="connected.cell_voltage_min_pack"
    )
    connected_cell_voltage_min_pack_cell: Array = array(
        "container",
        "",
        "Cell of it within the pack, counted from 1.",
        kind="integer",
        point="connected.cell_voltage_min_pack_cell",
    )
    connected_cell_voltage_avg: Array = array(
        "container",
        "V",
        "Mean cell voltage of connected racks; NaN while none is.",
        float("nan"),
        point="connected.cell_voltage_avg",
    )
    connected_temperature_max: Array = array(
        "container",
        "K",
        "Highest cell temperature of connected racks; NaN while none is.",
        float("nan"),
        point="connected.temperature_max",
    )
    connected_temperature_max_rack: Array = array(
        "container",
        "",
        "Rack of it, counted from 1; 0 is none.",
        kind="integer",
        point="connected.temperature_max_rack",
    )
    connected_temperature_max_pack: Array = array(
        "container", "", "Pack of it, counted from 1.", kind="integer", point="connected.temperature_max_pack"
    )
    connected_temperature_max_pack_sensor: Array = array(
        "container",
        "",
        "Sensor of it within the pack, counted from 1.",
        kind="integer",
        point="connected.temperature_max_pack_sensor",
    )
    connected_temperature_min: Array = array(
        "container",
        "K",
        "Lowest cell temperature of connected racks; NaN while none is.",
        float("nan"),
        point="connected.temperature_min",
    )
    connected_temperature_min_rack: Array = array(
        "container",
        "",
        "Rack of it, counted from 1; 0 is none.",
        kind="integer",
        point="connected.temperature_min_rack",
    )
    connected_temperature_min_pack: Array = array(
        "container", "", "Pack of it, counted from 1.", kind="integer", point="connected.temperature_min_pack"
    )
    connected_temperature_min_pack_sensor: Array = array(
        "container",
        "",
        "Sensor of it within the pack, counted from 1.",
        kind="integer",
        point="connected.temperature_min_pack_sensor",
    )
    connected_temperature_avg: Array = array(
        "container",
        "K",
        "Mean cell temperature of connected racks; NaN while none is.",
        float("nan"),
        point="connected.temperature_avg",
    )
