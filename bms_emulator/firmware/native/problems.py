"""What in a firmware's outputs no firmware can mean: values that are no numbers, out of range, or unknown."""

import math
from collections.abc import Iterable, Mapping

from bms_emulator.firmware.native.abi import NO_SOURCE, Contactor
from bms_emulator.firmware.native.layout import ALARM_CAPACITY
from bms_emulator.firmware.native.ranges import HIGHEST_LEVEL, NUMBERS, PAIRS, WORDS, Word
from bms_emulator.firmware.native.views import Block

_SLACK = 1.0 - 1e-9


def problems(outputs: Block, alarms: Mapping[int, str] | None = None) -> list[str]:
    """What is wrong with the outputs of a period; empty is nothing.

    Args:
        outputs: Of a worker, or a record of them.
        alarms: Names of the known alarms by id; not looked at where None.
    """
    found = []
    for name, largest in NUMBERS.items():
        value = outputs[name].item()
        if not 0.0 <= value <= largest:
            allowed = "0 to 1" if largest == 1.0 else ">= 0"
            found.append(f"{name} = {value:g}: must be {allowed}{_unit_hint(name, value)}")
    for name, wider in PAIRS.items():
        value, least = outputs[wider].item(), outputs[name].item()
        if 0.0 <= value < least * _SLACK:
            found.append(f"{wider} = {value:g}: must not be less than {name} = {least:g}")
    for word in WORDS:
        number = outputs[word.name].item()
        if not word.allows(number):
            found.append(_word_problem(word, number))
    balancing = outputs["balancing"]
    if balancing.max() > 1:
        cell = int((balancing > 1).argmax())
        found.append(f"balancing[{cell}] = {balancing[cell]}: must be 0 or 1")
    count = outputs["alarm_count"].item()
    if 0 < count <= ALARM_CAPACITY:
        found += _alarm_problems(outputs, count, alarms)
    return found


def cautions(outputs: Block) -> list[str]:
    """What is allowed in the outputs of a period, and is hardly meant."""
    return [
        f"{power} = 0 although {current} = {outputs[current].item():g}: the bank then permits no power; fill in both"
        for current, power in ((name, name.replace("current", "power")) for name in NUMBERS if "_current_" in name)
        if outputs[current].item() > 0.0 == outputs[power].item()
    ]


def _word_problem(word: Word, value: int) -> str:
    if word.kind == "bits":
        return f"{word.name} = {value:#x}: bits {value & ~word.largest:#x} mean nothing"
    if word.kind == "count":
        return f"{word.name} = {value}: there is room for {word.largest}"
    other = "" if word.other is None else f", or {word.other}"
    return f"{word.name} = {value}: must be 0 to {word.largest}{other}"


def _alarm_problems(outputs: Block, count: int, alarms: Mapping[int, str] | None) -> Iterable[str]:
    sources = max(outputs["balancing"].shape[0], len(Contactor))
    for place, (number, level, source, _) in enumerate(outputs["alarms"][:count].tolist()):
        if alarms is not None and number not in alarms:
            yield f"alarms[{place}].id = {number}: bms_describe names no such alarm"
        if not 1 <= level <= HIGHEST_LEVEL:
            yield f"alarms[{place}].level = {level}: must be 1 to {HIGHEST_LEVEL}"
        if source != NO_SOURCE and source >= sources:
            where = "there is no such cell, pack or contactor; BMS_NO_SOURCE is the rack"
            yield f"alarms[{place}].source = {source}: {where}"


def _unit_hint(name: str, value: float) -> str:
    is_percent = name in ("soc", "soh") and math.isfinite(value) and 1.0 < value <= 100.0
    return " (no percent)" if is_percent else ""
