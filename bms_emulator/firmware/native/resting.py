"""A healthy rack at rest, as a firmware sees it, for a first look without a plant."""

from bms_emulator.firmware.native.abi import CommandFlag, Contactor, DigitalInput
from bms_emulator.firmware.native.views import Block

CELL_VOLTAGE = 3.30
"""Of LFP at rest at half charge [V]."""
_TEMPERATURE = 298.15
_READINGS = {
    "current": 0.0,
    "current_second": 0.0,
    "link_voltage": 0.0,
    "insulation_positive": 20e6,
    "insulation_negative": 20e6,
    "terminal_temperature": _TEMPERATURE,
    "coolant_supply_temperature": _TEMPERATURE - 1.0,
    "coolant_return_temperature": _TEMPERATURE,
    "coolant_flow": 0.6,
    "coolant_pressure": 150e3,
    "ambient_temperature": _TEMPERATURE,
    "dew_point": _TEMPERATURE - 13.0,
    "supply_voltage": 24.0,
}
"""In SI."""
_REQUEST_CONNECT = 1
_ON_BUS = Contactor.NEGATIVE | Contactor.PRECHARGE, Contactor.NEGATIVE | Contactor.POSITIVE
"""Sets of contactors each of which brings the rack's voltage to the bus."""


def fill(inputs: Block) -> None:
    """Fresh measurements of a rack at rest that is asked to connect to an empty bus."""
    for name in ("cell_voltages", "temperatures"):
        inputs[name]["value"] = CELL_VOLTAGE if name == "cell_voltages" else _TEMPERATURE
        inputs[name]["age_ms"] = 0
        inputs[name]["valid"] = 1
    inputs["cmu_faults"] = 0
    voltage = CELL_VOLTAGE * inputs["cell_voltages"].shape[0]
    for name, value in {**_READINGS, "string_voltage": voltage, "fuse_voltage": voltage}.items():
        inputs[name] = (value, 0, 1)
    inputs["contactor_feedback"] = 0
    healthy = DigitalInput.FUSE_INTACT | DigitalInput.BREAKER_CLOSED | DigitalInput.INTERLOCK_CLOSED
    inputs["digital_inputs"] = int(healthy)
    inputs["chiller_mode"] = 0
    inputs["controller_faults"] = 0
    flags = CommandFlag.ENABLED | CommandFlag.JOIN_PERMITTED | CommandFlag.BALANCING_ENABLED
    inputs["command"] = (1, 0, _REQUEST_CONNECT, int(flags), 0, 0, 0.0, 1.0)


def follow(inputs: Block, outputs: Block) -> None:
    """The contactors, and the voltage of the bus, after the firmware's last command; the master's heartbeat."""
    command = int(outputs["contactor_command"])
    inputs["contactor_feedback"] = command
    is_on_bus = any(command & int(contactors) == int(contactors) for contactors in _ON_BUS)
    inputs["link_voltage"]["value"] = inputs["string_voltage"]["value"] if is_on_bus else 0.0
    inputs["command"]["heartbeat"] += 1
