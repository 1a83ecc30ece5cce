"""Thermal state: packs on their cold plates; bus, coolant, chiller and air of containers."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


class ChillerMode(IntEnum):
    """What the chiller is asked to do and what it does."""

    STANDBY = 0
    CIRCULATION = 1
    COOLING = 2
    HEATING = 3


CHILLER_MODES = {int(m): m.name.lower() for m in ChillerMode}


@dataclass
class PackState:
    """Cold plate and coolant of every pack."""

    GROUP: ClassVar = Group(root="container", source="plant")
    plate_temperature: Array = array("rack pack", "K", "Cold-plate temperature.", 298.15)
    temperature_max: Array = array("rack pack", "K", "Highest core temperature in the pack.", 298.15)
    stored_energy: Array = array("rack pack", "J", "Energy that the cells hold above empty.", public=False)
    coolant_flow: Array = array("rack pack", "kg/s", "Coolant mass flow through the plate.")
    coolant_outlet_temperature: Array = array("rack pack", "K", "Coolant temperature at the pack's outlet.", 298.15)
    coolant_heat: Array = array("rack pack", "W", "Heat that the coolant takes up in the pack.")
    air_heat: Array = array(
        "rack pack", "W", "Heat that the enclosure air takes up from the pack and its monitoring unit.", public=False
    )
    balancing: Array = array("rack pack", "", "1 while any cell of the pack is bled.", kind="boolean", public=False)
    balancing_heat: Array = array(
        "rack pack", "J", "Heat of the balancing resistors since the last thermal step.", public=False
    )
    segment_temperature: Array = array(
        "rack segment", "K", "Temperature of each segment of the cold plates, pack by pack.", 298.15, public=False
    )


@dataclass
class ContainerState:
    """DC bus, coolant loop, chiller and enclosure of every container."""

    GROUP: ClassVar = Group(root="container", source="plant")
    bus_voltage: Array = array("container", "V", "DC bus voltage.")
    bus_current: Array = array("container", "A", "Current drawn by the PCS from the DC bus.")
    energy_charged: Array = array("container", "J", "DC energy taken from the PCS since the start.")
    energy_discharged: Array = array("container", "J", "DC energy delivered to the PCS since the start.")
    coolant_flow: Array = array("container", "kg/s", "Total coolant mass flow.", point="coolant.flow")
    coolant_pressure: Array = array("container", "Pa", "Pressure rise of the pump.", point="coolant.pressure")
    coolant_supply_temperature: Array = array(
        "container", "K", "Coolant temperature as it leaves the chiller.", 298.15, point="coolant.supply_temperature"
    )
    coolant_inlet_temperature: Array = array(
        "container", "K", "Coolant temperature into the packs.", 298.15, point="coolant.inlet_temperature"
    )
    coolant_return_temperature: Array = array(
        "container", "K", "Coolant temperature back at the chiller.", 298.15, point="coolant.return_temperature"
    )
    coolant_enthalpy: Array = array(
        "container node",
        "J/kg",
        "Enthalpy of the coolant along the loop, from the chiller to the packs and back.",
        public=False,
    )
    coolant_density: Array = array("container", "kg/m3", "Coolant density.", public=False)
    coolant_heat_capacity: Array = array("container", "J/(kg K)", "Heat capacity of the coolant.", public=False)
    coolant_viscosity: Array = array("container", "Pa s", "Dynamic viscosity of the coolant.", public=False)
    film_turbulent: Array = array(
        "container", "1", "Turbulent film coefficient at equal mass flow, relative to rated temperature.", public=False
    )
    film_laminar: Array = array(
        "container", "1", "Laminar film coefficient, relative to rated temperature.", public=False
    )
    pump_speed: Array = array("container", "1", "Pump speed, relative to rated.", point="pump.speed")
    pump_power: Array = array("container", "W", "Electrical power of the pump.", point="pump.power")
    chiller_mode: Array = array("container", "", "What the chiller does.", choices=CHILLER_MODES, point="chiller.mode")
    compressor_on: Array = array(
        "container", "", "1 while the compressor runs.", kind="boolean", point="chiller.compressor_on"
    )
    compressor_time: Array = array(
        "container", "s", "Time since the compressor last started or stopped.", 1e6, public=False
    )
    chiller_heat: Array = array(
        "container", "W", "Heat put into the coolant, negative when cooling.", point="chiller.heat"
    )
    chiller_power: Array = array(
        "container", "W", "Electrical power of compressor, heater and controls.", point="chiller.power"
    )
    auxiliary_power: Array = array("container", "W", "Chiller, pump, gas fan and base load.", point="auxiliary.power")
    auxiliary_energy: Array = array("container", "J", "Auxiliary energy since the start.", point="auxiliary.energy")
    net_energy_exported: Array = array(
        "container", "J", "Energy delivered to the grid since the start, by a meter behind PCS and auxiliaries."
    )
    net_energy_imported: Array = array(
        "container", "J", "Energy taken from the grid since the start, by a meter behind PCS and auxiliaries."
    )
    stored_energy: Array = array("container", "J", "Energy that the cells hold above empty.")
    stored_energy_start: Array = array("container", "J", "Energy that the cells held at the start.", public=False)
    dc_efficiency: Array = array(
        "container", "1", "Round trip at the DC bus since the start.", float("nan"), point="efficiency.dc"
    )
    ac_efficiency: Array = array(
        "container", "1", "Round trip at the AC side of the PCS since the start.", float("nan"), point="efficiency.ac"
    )
    net_efficiency: Array = array(
        "container",
        "1",
        "Round trip at the grid since the start, with what the auxiliaries take.",
        float("nan"),
        point="efficiency.net",
    )
    air_temperature: Array = array("container", "K", "Air temperature inside the enclosure.", 298.15)
    ambient_temperature: Array = array("container", "K", "Air temperature outside.", 298.15)
