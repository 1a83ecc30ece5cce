"""What in a firmware's outputs no firmware can mean: values that are no numbers, out of range, or unknown."""

import math
from collections.abc import Iterable, Mapping

from bms_emulator.firmware.native.abi import NO_CHILLER_REQUEST, NO_SOURCE, Contactor, OutputFlag
from bms_emulator.firmware.native.layout import ALARM_CAPACITY, LOG_CAPACITY
from bms_emulator.firmware.native.views import Block

_LARGEST = 1e12
"""No limit [A] [W] and no energy [J] is as large."""
_SLACK = 1.0 - 1e-9
_RANGES = (
    ("charge_current_limit", _LARGEST),
    ("discharge_current_limit", _LARGEST),
    ("charge_current_limit_60s", _LARGEST),
    ("discharge_current_limit_60s", _LARGEST),
    ("charge_power_limit", _LARGEST),
    ("discharge_power_limit", _LARGEST),
    ("charge_power_limit_60s", _LARGEST),
    ("discharge_power_limit_60s", _LARGEST),
    ("soc", 1.0),
    ("soh", 1.0),
    ("soe_charge", _LARGEST),
    ("soe_discharge", _LARGEST),
)
"""Fields that lie between 0 and a largest value."""
_BITS = (
    ("contactor_command", ~int(sum(Contactor)) & 0xFFFFFFFF),
    ("flags", ~int(sum(OutputFlag)) & 0xFFFFFFFF),
)
"""Fields of bits, and the bits that mean nothing."""
_CHOICES = (
    ("state", frozenset(range(11)), "0 to 10"),
    ("chiller_request", frozenset((0, 1, 2, 3, NO_CHILLER_REQUEST)), f"0 to 3, or {NO_CHILLER_REQUEST}"),
    ("connect_failure", frozenset(range(9)), "0 to 8"),
)
_COUNTS = (("alarm_count", ALARM_CAPACITY), ("log_length", LOG_CAPACITY))
_CONTACTORS = 3


def problems(outputs: Block, alarms: Mapping[int, str] | None = None) -> list[str]:
    """What is wrong with the outputs of a period; empty is nothing.

    Args:
        outputs: Of a worker, or a record of them.
        alarms: Names of the known alarms by id; not looked at where None.
    """
    found = []
    for name, largest in _RANGES:
        value = outputs[name].item()
        if not 0.0 <= value <= largest:
            allowed = "0 to 1" if largest == 1.0 else ">= 0"
            found.append(f"{name} = {value:g}: must be {allowed}{_unit_hint(name, value)}")
        elif name.endswith("_60s") and value < outputs[name[:-4]].item() * _SLACK:
            found.append(f"{name} = {value:g}: must not be less than {name[:-4]} = {outputs[name[:-4]].item():g}")
    for name, unknown in _BITS:
        value = outputs[name].item()
        if value & unknown:
            found.append(f"{name} = {value:#x}: bits {value & unknown:#x} mean nothing")
    for name, known, allowed in _CHOICES:
        value = outputs[name].item()
        if value not in known:
            found.append(f"{name} = {value}: must be {allowed}")
    for name, capacity in _COUNTS:
        value = outputs[name].item()
        if value > capacity:
            found.append(f"{name} = {value}: there is room for {capacity}")
    balancing = outputs["balancing"]
    if balancing.max() > 1:
        cell = int((balancing > 1).argmax())
        found.append(f"balancing[{cell}] = {balancing[cell]}: must be 0 or 1")
    count = outputs["alarm_count"].item()
    if 0 < count <= ALARM_CAPACITY:
        found += _alarm_problems(outputs, count, alarms)
    return found


def _alarm_problems(outputs: Block, count: int, alarms: Mapping[int, str] | None) -> Iterable[str]:
    sources = max(outputs["balancing"].shape[0], _CONTACTORS)
    for place, (number, level, source, _) in enumerate(outputs["alarms"][:count].tolist()):
        if alarms is not None and number not in alarms:
            yield f"alarms[{place}].id = {number}: bms_describe names no such alarm"
        if not 1 <= level <= 3:
            yield f"alarms[{place}].level = {level}: must be 1 to 3"
        if source != NO_SOURCE and source >= sources:
            where = "there is no such cell, pack or contactor; BMS_NO_SOURCE is the rack"
            yield f"alarms[{place}].source = {source}: {where}"


def _unit_hint(name: str, value: float) -> str:
    is_percent = name in ("soc", "soh") and math.isfinite(value) and 1.0 < value <= 100.0
    return " (no percent)" if is_percent else ""
