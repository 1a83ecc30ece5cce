"""Register maps: data that binds points to addresses of a Modbus device.

A map has units, a unit has blocks, a block has rows. Units and blocks may repeat over racks, packs and cells. Rows
follow one another unless they say where they stand. There are no expressions: a row shows one point, one constant or
one count.

    - {name: SoC, type: u16, point: soc, unit: "%", scale: SoC_SF}

A point is named as in the catalogue; indices that are left out are those of the unit and the blocks around the row.
"""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from bms_emulator.interfaces.modbus.formats import FORMATS
from bms_emulator.profile.base import Count, Positive, Profile, Section, Text

Address = Annotated[int, Field(ge=0, le=65535)]
Item = TypeVar("Item")
Axis = Literal["rack", "pack", "cell", "temperature_sensor"]
FormatName = Literal[
    "u16", "i16", "u32", "i32", "u64", "f32", "enum16", "bitfield32", "sunssf", "pad", "string"
]  # fmt: skip
Bit = Annotated[int, Field(ge=0, le=31)]

SOURCES = ("point", "value", "text", "nameplate", "count", "index", "length", "bits")
"""What a row may show; each row but padding shows exactly one."""
_NUMERIC = {"u16", "i16", "u32", "i32", "u64", "f32"}
_TYPES_OF = {
    "point": _NUMERIC | {"enum16"},
    "value": set(FORMATS) - {"pad"},
    "text": {"string"},
    "nameplate": _NUMERIC | {"string"},
    "count": _NUMERIC,
    "index": _NUMERIC,
    "length": {"u16"},
    "bits": {"bitfield32"},
}


def _some(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items, of which there must be one at least; asked only once all of them are sound."""
    if not items:
        raise ValueError("must not be empty")
    return items


class Condition(Section):
    """When a bit is set: a point has at least this value, or is this one. Of several points one is enough."""

    point: Text
    """Point; an index left out that no block around the row gives stands for all."""
    at_least: float = 1.0
    equals: Text | None = None
    """Name of a value of an enumeration, in place of ``at_least``."""


Bits = dict[Bit, tuple[Condition, ...]]


class Row(Section):
    """One value at one address."""

    name: Text
    type: FormatName
    at: Address | None = None
    """Register within the block; where None, behind the row before."""
    size: Annotated[int, Field(ge=1, le=125)] | None = None
    """Registers of a string."""

    point: Text | None = None
    value: float | Literal["none"] | None = None
    """A constant; ``none`` where the device does not implement the value."""
    text: str | None = None
    nameplate: Text | None = None
    """Something that the nameplate says, by name."""
    count: Axis | None = None
    """How many of these there are in the unit and the blocks around the row."""
    index: Axis | None = None
    """Number of the repetition that the row stands in, from 1."""
    length: Literal["rest"] | None = None
    """Registers of the block behind this row, repetitions included."""
    bits: Text | Bits | None = None
    """Conditions by bit, or the name of conditions of the map."""

    unit: str = ""
    """Unit of the value as shown, e.g. ``degC`` for a temperature that is kelvin inside."""
    scale: Positive | Text = 1.0
    """What one step stands for, in ``unit``; or the name of a sunssf row of this block or of one around it."""
    offset: float = 0.0
    """Value that the raw value 0 stands for: value = raw * scale + offset."""
    negate: bool = False
    """Whether the register's sign is opposite to the point's."""
    table: dict[str, int] | None = None
    """Register value of each value of an enumeration, flag or count, by its name or number."""
    access: Literal["r", "rw"] = "r"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [source for source in SOURCES if getattr(self, source) is not None]
        if self.type == "pad":
            if given:
                raise ValueError(f"{given[0]}: padding shows nothing")
            return self
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(SOURCES)}; has {', '.join(given) or 'none'}")
        allowed = _TYPES_OF[given[0]]
        if self.type not in allowed:
            raise ValueError(f"type = {self.type!r}: {given[0]} needs one of {', '.join(sorted(allowed))}")
        if (self.type == "string") != (self.size is not None):
            raise ValueError("size: needed with type string, and with no other")
        if self.access == "rw" and self.point is None:
            raise ValueError("access = 'rw': only a point can be written")
        if self.table is not None and self.point is None:
            raise ValueError("table: only a point has one")
        return self

    @property
    def words(self) -> int:
        """Registers."""
        return self.size or FORMATS[self.type].words


class Block(Section):
    """Rows that belong together, then blocks within it; what stands at no row reads 0."""

    name: Text
    at: Address | None = None
    """Address; within a block: register within it. Where None, behind what stands before."""
    over: Axis | None = None
    """What it repeats over."""
    stride: Count | None = None
    """Registers from one repetition to the next; its own length where None."""
    size: Count | None = None
    """Registers of one repetition, holes at its end included; up to its last row where None."""
    rows: tuple[Row, ...] = ()
    blocks: tuple["Block", ...] = ()


class Unit(Section):
    """What answers to one unit id, or to one for each rack."""

    name: Text
    offset: Annotated[int, Field(ge=0, le=247)] = 0
    """Added to the unit id that the site gives the map."""
    over: Literal["rack"] | None = None
    """Repeated with consecutive unit ids."""
    blocks: Annotated[tuple[Block, ...], AfterValidator(_some)]


class Identity(Section):
    """What the device says of itself (function 43/14)."""

    vendor: Text
    product_code: Text
    vendor_url: str = ""
    product_name: str = ""
    model_name: str = ""


class RegisterMap(Profile):
    """A register map."""

    source: Text
    """Where addresses, types and scales come from."""
    identity: Identity
    conditions: dict[str, Bits] = Field(default={})
    """Conditions by bit that several rows share, by name."""
    units: Annotated[tuple[Unit, ...], AfterValidator(_some)]
