"""The page of a register map: addresses on the demo site, enumerations, bitfields."""

import re
from collections.abc import Iterator

from bms_emulator.interfaces.modbus.layout import PlacedUnit
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.map import Condition, RegisterMap, Row
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.table import columns, entries
from bms_emulator.points.catalogue import Catalogue, Family
from bms_emulator.profile.loader import load_site
from generator import markdown
from generator.markdown import code, number, table

SITE = "demo"

INTRODUCTION = """
{description} Source: {source}.

Addresses are those of the site `{site}` as they stand on the wire, counted from 0. `scale` names a scale-factor
register: value = register * 10^factor; `-100` behind it is the value that a register of 0 stands for. `in` is the unit
of the value. A point written `-soc` has the opposite sign in the register. A row that repeats stands once, with the
registers from one repetition to the next; `unit id` means that each repetition answers on a unit id of its own.
`not implemented` reads as the SunSpec sentinel of its type; so does a measurement that is invalid.

The same as a table, CSV or JSON: `bms-emulator map show {name} --csv`.
"""


def page(name: str) -> str:
    """The page of a map."""
    registers = load_map(name).registers
    site = load_site(SITE)
    units = place(registers, site.container)
    device = next(device for device in site.modbus.devices if device.map == name)
    catalogue = Catalogue(site)
    head, rows = columns(list(entries(units, device.unit, catalogue)))
    about = INTRODUCTION.format(description=registers.description, source=registers.source, site=SITE, name=name)
    parts = [about, "## Addresses", table(head, rows)]
    named = _enumerations(units, catalogue)
    if named:
        parts += ["## Enumerations", table(("register", "shows", "values"), named)]
    parts += _bitfields(registers)
    return markdown.page(f"Register map {name}", *parts)


def _enumerations(units: tuple[PlacedUnit, ...], catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Register, point and values of every row that shows an enumeration; rows alike stand once."""
    found: dict[tuple[str, str], list[str]] = {}
    for unit in units:
        for spot in unit.places:
            values = _values(spot.row, catalogue)
            if values:
                registers = found.setdefault((code(spot.row.point), values), [])
                if spot.row.name not in registers:
                    registers.append(spot.row.name)
    return [(", ".join(names), point, values) for (point, values), names in found.items()]


def _values(row: Row, catalogue: Catalogue) -> str:
    if row.point is None:
        return ""
    choices = _family(catalogue, row.point).slot.info.choices
    if row.table is not None:
        return ", ".join(f"{register} = {meaning}" for meaning, register in row.table.items())
    return ", ".join(f"{value} = {name}" for value, name in (choices or {}).items())


def _family(catalogue: Catalogue, point: str) -> Family:
    path = re.sub(r"\[[^\]]*\]", "", point)
    return catalogue.families.get(path) or catalogue.families[f"container.{path}"]


def _bitfields(registers: RegisterMap) -> Iterator[str]:
    for name, bits in registers.conditions.items():
        yield f"## Bits: {name}"
        yield table(
            ("bit", "mask", "set when"),
            [(bit, f"0x{1 << bit:08X}", " or ".join(map(_condition, conditions))) for bit, conditions in bits.items()],
        )


def _condition(condition: Condition) -> str:
    if condition.equals is not None:
        return f"`{condition.point}` is {condition.equals}"
    return f"`{condition.point}` is {number(condition.at_least)} or more"
