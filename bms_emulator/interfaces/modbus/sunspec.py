"""SunSpec model definitions of a register map, in the JSON form that SunSpec publishes its models in.

A client multiplies the register by its scale factor; by which offset or sign the device gets there is its own affair.

Form: SunSpec Device Information Model Specification, section on JSON encoding.
"""

import math
from collections.abc import Iterator
from typing import Any

from bms_emulator.interfaces.modbus.map import Block, RegisterMap, Row

MARKER = 0x53756E53
"""``SunS``: what a SunSpec device begins with."""
END = 0xFFFF
"""Model id behind the last model."""

_TYPES = {
    "u16": "uint16",
    "i16": "int16",
    "u32": "uint32",
    "i32": "int32",
    "u64": "uint64",
    "i64": "int64",
    "f32": "float32",
    "f64": "float64",
} | {
    name: name
    for name in ("enum16", "enum32", "bitfield16", "bitfield32", "bitfield64", "sunssf", "pad", "string")
}  # fmt: skip
_UNITS = {"%": "Pct", "degC": "C"}
"""SunSpec's name of a unit where it is another."""


class SunSpecError(ValueError):
    """A map, or something in it, that SunSpec models cannot say. The message says what."""


def models(registers: RegisterMap) -> list[dict[str, Any]]:
    """The model definitions of a map, each model once, in the order of the map.

    Raises:
        SunSpecError: The map does not consist of SunSpec models.
    """
    found: dict[int, dict[str, Any]] = {}
    for unit in registers.units:
        first = unit.blocks[0].rows
        if not first or first[0].value != MARKER:
            raise SunSpecError(
                f"{registers.name}: is no SunSpec map: unit {unit.name} does not begin with SunS; "
                "text, csv, markdown and json export any map"
            )
        for block in unit.blocks:
            number = _model_id(block, unit.name)
            if number is not None and number not in found:
                found[number] = {"id": number, "group": _group(block, ())}
    return list(found.values())


def _model_id(block: Block, unit: str) -> int | None:
    """Model id of a block; None of the marker and of the end model."""
    head = [row.value for row in block.rows[:1]]
    if head in ([MARKER], [END]):
        return None
    if len(block.rows) < 2 or not isinstance(head[0], float) or block.rows[1].length is None:
        raise SunSpecError(f"{unit}.{block.name}: is no SunSpec model: it needs a row with its id, then its length")
    return int(head[0])


def _group(block: Block, around: tuple[Block, ...]) -> dict[str, Any]:
    """A block as a group of points."""
    if any(row.at is not None for row in block.rows) or any(inner.at is not None for inner in block.blocks):
        raise SunSpecError(f"{block.name}: rows of a SunSpec model stand behind one another, without at")
    group: dict[str, Any] = {"name": block.name, "type": "group"}
    if block.over is not None:
        counts = (row.name for outer in (*around, block) for row in outer.rows if row.count == block.over)
        group["count"] = next(counts, 0)
    group["points"] = list(_points(block))
    if block.blocks:
        group["groups"] = [_group(inner, (*around, block)) for inner in block.blocks]
    return group


def _points(block: Block) -> Iterator[dict[str, Any]]:
    """The rows of a block as points."""
    for row in block.rows:
        if row.type not in _TYPES or row.word_order == "little":
            what = "word order little" if row.type in _TYPES else f"type {row.type}"
            raise SunSpecError(f"{block.name}.{row.name}: a SunSpec model has no {what}")
        point: dict[str, Any] = {"name": row.name, "type": _TYPES[row.type], "size": row.words}
        if row.value is not None and row.name == "ID":
            point["value"] = int(float(row.value))
        if row.scale != 1.0:
            point["sf"] = _scale_factor(block, row)
        if row.unit not in ("", "1"):
            point["units"] = _UNITS.get(row.unit, row.unit)
        if row.access != "r":
            point["access"] = "RW"
        if row.name in ("ID", "L"):
            point |= {"static": "S", "mandatory": "M"}
        if row.table is not None:
            point["symbols"] = [{"name": name.upper(), "value": raw} for name, raw in row.table.items()]
        if row.description:
            point["desc"] = row.description
        yield point


def _scale_factor(block: Block, row: Row) -> str | int:
    """Name of a scale factor, or the exponent of a scale that is a power of ten."""
    if isinstance(row.scale, str):
        return row.scale
    exponent = round(math.log10(row.scale))
    if not math.isclose(10.0**exponent, row.scale):
        raise SunSpecError(f"{block.name}.{row.name}: scale = {row.scale:g} is no power of ten, as SunSpec needs it")
    return exponent
