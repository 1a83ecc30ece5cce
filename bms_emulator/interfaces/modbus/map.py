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
    "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64",
    "enum16", "enum32", "bitfield16", "bitfield32", "bitfield64", "sunssf", "pad", "string", "packed", "bit",
]  # fmt: skip
Bit = Annotated[int, Field(ge=0, le=63)]
WordOrder = Literal["big", "little"]
"""Which word of a value of several registers comes first: the most or the least significant one."""
Table = Literal["holding", "input", "coil", "discrete_input"]
"""A table of the Modbus data model, read with function 3, 4, 1 or 2."""
RawTable = dict[str, int]
"""Register value of each value of an enumeration, flag or count, by its name or number."""

SOURCES = ("point", "value", "text", "nameplate", "count", "index", "length", "bits", "kept")
"""What a row may show; each row but padding and packed ones shows exactly one."""
_NUMERIC = {"u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"}
_BITFIELDS = {"bitfield16": 16, "bitfield32": 32, "bitfield64": 64, "packed": 16, "bit": 1}
"""Bits of the types that hold conditions."""
_TYPES_OF = {
    "point": _NUMERIC | {"enum16", "enum32", "packed", "bit"},
    "value": set(FORMATS) - {"pad", "packed"},
    "text": {"string"},
    "nameplate": _NUMERIC | {"string"},
    "count": _NUMERIC,
    "index": _NUMERIC,
    "length": {"u16"},
    "bits": set(_BITFIELDS),
    "kept": _NUMERIC | {"enum16", "bit"},
}


def _some(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items, of which there must be one at least; asked only once all of them are sound."""
    if not items:
        raise ValueError("must not be empty")
    return items


class Condition(Section):
    """When a bit is set: a point has at least or at most a value, is this one, or has this bit.

    Of several points one is enough.
    """

    point: Text
    """Point; an index left out that no block around the row gives stands for all."""
    at_least: float | None = None
    """Lowest value; 1 where nothing is said."""
    at_most: float | None = None
    """Highest value."""
    equals: Text | None = None
    """Name of a value of an enumeration, in place of the two."""
    has: Text | None = None
    """Name of a bit of a bitfield, in place of them all."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.equals is not None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("equals: goes without at_least and at_most")
        if self.has is not None and (self.at_least, self.at_most, self.equals) != (None, None, None):
            raise ValueError("has: goes without at_least, at_most and equals")
        return self


Bits = dict[Bit, tuple[Condition, ...]]


class Shown(Section):
    """How a value becomes a number in registers."""

    unit: str = ""
    """Unit of the value as shown, e.g. ``degC`` for a temperature that is kelvin inside."""
    scale: Positive | Text = 1.0
    """What one step stands for, in ``unit``; or the name of a sunssf row of this block or of one around it."""
    offset: float = 0.0
    """Value that the raw value 0 stands for: value = raw * scale + offset."""
    negate: bool = False
    """Whether the register's sign is opposite to the point's; of a flag, whether it is inverted."""
    absolute: bool = False
    """Whether the register shows the magnitude of the point's value only."""
    modulo: Annotated[int, Field(ge=2)] | None = None
    """The register shows the remainder of the whole raw value, e.g. 256 for a heartbeat of one byte."""
    table: RawTable | None = None
    """Register value of each value of an enumeration, flag or count, by its name or number."""
    missing: float | None = None
    """Raw value where the point has none, in place of the type's own; where it is the type's highest or lowest, no
    value reaches it."""


class Part(Shown):
    """Some bits of a packed register that show a point or a constant.

    They are unsigned. A value that they cannot hold is the nearest that they can. All ones mean no value, and no value
    reaches them; of a single bit 0 does, and an enumeration, which always has a value, may take all ones.
    """

    at: Annotated[int, Field(ge=0, le=15)]
    """Lowest bit."""
    width: Annotated[int, Field(ge=1, le=16)]
    """Bits."""
    point: Text | None = None
    value: Annotated[int, Field(ge=0, le=65535)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.at + self.width > 16:
            raise ValueError(f"at + width = {self.at + self.width}: a register has 16 bits")
        if (self.point is None) == (self.value is None):
            raise ValueError("needs exactly one of point, value")
        if self.value is not None and self.value >> self.width:
            raise ValueError(f"value = {self.value}: {self.width} bits take 0 to {(1 << self.width) - 1}")
        return self

    @property
    def mask(self) -> int:
        """Its bits."""
        return ((1 << self.width) - 1) << self.at


class Elements(Section):
    """Several values of a point side by side in each register, e.g. two temperatures or sixteen flags.

    Each is as a part of a packed register is. Bits of the last register that are left over read 0.
    """

    over: Axis
    """What the values repeat over."""
    width: Literal[1, 2, 4, 8]
    """Bits of each."""
    first: Literal["low", "high"] = "low"
    """Where in a register the first value stands."""


class Effect(Section):
    """What writing a value to a register does besides: a point takes a value."""

    point: Text
    value: Text | float
    """Number in SI, or name of a value of an enumeration."""


class Write(Section):
    """What a write goes to, where it is not the point that the row shows."""

    point: Text
    also: tuple[Text, ...] = ()
    """Other points that take the same value."""
    table: RawTable | None = None
    ignore: tuple[int, ...] = ()
    """Register values that are accepted and do nothing."""


class Row(Shown):
    """One value at one address."""

    name: Text
    type: FormatName
    at: Address | None = None
    """Register within the block; where None, behind the row before."""
    size: Annotated[int, Field(ge=1, le=125)] | None = None
    """Registers of a string; or of elements, where the device has more than they need: the rest reads 0, and a write to
    it is accepted without effect."""
    word_order: WordOrder | None = None
    """That of the map where None."""
    description: str = ""
    """What it is, for tables; that of the point where empty."""

    point: Text | None = None
    value: float | Literal["none"] | None = None
    """A constant; ``none`` where the device does not implement the value."""
    text: str | None = None
    nameplate: Text | None = None
    """Something that the nameplate says, by name."""
    count: Axis | Literal["container"] | None = None
    """How many of these there are in the unit and the blocks around the row; of containers, on the site."""
    index: Axis | None = None
    """Number of the repetition that the row stands in, from 1."""
    length: Literal["rest"] | None = None
    """Registers of the block behind this row, repetitions included."""
    bits: Text | Bits | None = None
    """Conditions by bit, or the name of conditions of the map; of a packed register, besides its parts."""
    kept: float | None = None
    """A register that keeps what a master writes, beginning with this raw value; nothing else follows from it but
    ``effects``."""
    parts: tuple[Part, ...] = ()
    """Parts of a packed register."""
    elements: Elements | None = None
    """Values of the point that a packed row has side by side; the row takes as many registers as they need."""

    access: Literal["r", "rw", "w"] = "r"
    """``w``: the register reads 0."""
    write: Write | None = None
    """What a write goes to, where it is not the point that the row shows."""
    takes: tuple[int, ...] | None = None
    """Raw values that a kept register takes; any where None."""
    effects: dict[int, tuple[Effect, ...]] = Field(default={})
    """What writing a raw value to a kept register does besides, all in one tick."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [source for source in SOURCES if getattr(self, source) is not None]
        if self.type == "pad":
            if given:
                raise ValueError(f"{given[0]}: padding shows nothing")
            return self
        if self.parts and self.type != "packed":
            raise ValueError("parts: needs type packed")
        if self.parts and self.elements is not None:
            raise ValueError("elements: goes without parts")
        if self.elements is not None and (self.type != "packed" or self.point is None):
            raise ValueError("elements: needs type packed, and a point")
        if self.type == "packed" and not self.parts and self.elements is None and self.bits is None:
            raise ValueError("type = 'packed': needs parts, elements or bits")
        if not (set(given) <= {"bits"} if self.parts else len(given) == 1):
            raise ValueError(f"needs exactly one of {', '.join(SOURCES)}; has {', '.join(given) or 'none'}")
        for source in given:
            allowed = _TYPES_OF[source]
            if self.type not in allowed:
                raise ValueError(f"type = {self.type!r}: {source} needs one of {', '.join(sorted(allowed))}")
        self._check_parts()
        if isinstance(self.bits, dict):
            self.check_bits(self.bits)
        if (self.type == "string") != (self.size is not None) and (self.size is None or self.elements is None):
            raise ValueError("size: needed with type string, goes with elements, and with no other")
        self._check_writing()
        return self

    def _check_writing(self) -> None:
        """What can be written says what follows, and nothing else does."""
        if self.access == "r":
            given = [key for key in ("write", "takes", "effects") if getattr(self, key)]
            if given or self.kept is not None:
                raise ValueError(f"access = 'r': {(given or ['kept'])[0]} needs rw or w")
        elif self.point is None and self.write is None and self.kept is None:
            raise ValueError(f"access = {self.access!r}: needs a point, write or kept")
        if self.kept is None and (self.takes is not None or self.effects):
            raise ValueError("takes, effects: need kept")
        if self.kept is not None and self.write is not None:
            raise ValueError("write: goes without kept; say effects")
        given = [key for key in ("table", "missing", "modulo") if getattr(self, key) is not None]
        if (given or self.absolute) and self.point is None:
            raise ValueError(f"{(given or ['absolute'])[0]}: only a point has one")

    def _check_parts(self) -> None:
        """Each bit of a packed register belongs to one part at most."""
        taken = 0
        for part in self.parts:
            if taken & part.mask:
                raise ValueError(f"parts: bit {(taken & part.mask).bit_length() - 1} belongs to two")
            taken |= part.mask

    def check_bits(self, bits: Bits) -> None:
        """Refuse conditions that the row has no room for.

        Raises:
            ValueError: A bit is beyond its type, or belongs to one of its parts.
        """
        width, high = _BITFIELDS[self.type], max(bits, default=0)
        if high >= width:
            raise ValueError(f"bits: {high} is beyond the {width} bits of {self.type}")
        shared = [bit for bit in bits if any(part.mask >> bit & 1 for part in self.parts)]
        if shared:
            raise ValueError(f"bits: {shared[0]} belongs to one of the parts")

    @property
    def words(self) -> int:
        """Registers; those of elements follow from what they repeat over."""
        return self.size or FORMATS[self.type].words


class Block(Section):
    """Rows that belong together, then blocks within it; what stands at no row reads 0."""

    name: Text
    at: Address | None = None
    """Address; within a block: register within it. Where None, behind what stands before."""
    over: Axis | None = None
    """What it repeats over."""
    most: Count | None = None
    """For how many repetitions the device has room; as many as there are where None. What the room is not needed for
    reads 0 within a block, and is undefined where a block of a unit repeats."""
    spare: Literal["refuse", "ignore"] = "refuse"
    """Whether a write to room that is not needed is refused, or accepted without effect; within a block."""
    stride: Count | None = None
    """Registers from one repetition to the next; its own length where None. What lies between repetitions reads 0
    within a block, and is undefined where a block of a unit repeats."""
    size: Count | None = None
    """Registers of one repetition, holes at its end included; up to its last row where None."""
    tables: Annotated[tuple[Table, ...], AfterValidator(_some)] = ("holding", "input")
    """Tables that it stands in, of a block of a unit; those within it stand with it. Coils and discrete inputs have
    rows of type bit, all others have none."""
    rows: tuple[Row, ...] = ()
    blocks: tuple["Block", ...] = ()

    @model_validator(mode="after")
    def _has_room_to_spare(self) -> Self:
        if self.spare == "ignore" and self.most is None:
            raise ValueError("spare = 'ignore': goes with most")
        return self

    @model_validator(mode="after")
    def _writes_somewhere(self) -> Self:
        if not {"holding", "coil"} & set(self.tables) and (row := self._written()) is not None:
            raise ValueError(f"{row.name}: access = {row.access!r}: {', '.join(self.tables)} cannot be written")
        return self

    def _written(self) -> Row | None:
        """A row that can be written, of this block or of one within it."""
        own = (row for row in self.rows if row.access != "r")
        return next(own, None) or next((row for block in self.blocks if (row := block._written()) is not None), None)


class Unit(Section):
    """What answers to one unit id, or to one unit id or port for each rack."""

    name: Text
    offset: Annotated[int, Field(ge=0, le=247)] = 0
    """Added to the unit id that the site gives the map."""
    port_offset: Annotated[int, Field(ge=0, le=65535)] = 0
    """Added to the port that the site gives the map."""
    over: Literal["rack"] | None = None
    """Repeated with consecutive unit ids or ports."""
    by: Literal["unit", "port"] = "unit"
    """What counts on from one repetition to the next."""
    blocks: Annotated[tuple[Block, ...], AfterValidator(_some)]

    @model_validator(mode="after")
    def _spares_within_blocks(self) -> Self:
        if stray := next((block for block in self.blocks if block.spare == "ignore"), None):
            raise ValueError(
                f"{stray.name}: spare = 'ignore': goes with a block within a block; here room is undefined"
            )
        return self


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
    compatible_with: str = ""
    """Which clients and devices it is made after, for people."""
    word_order: WordOrder = "big"
    """Of values of several registers."""
    read_limit: Annotated[int, Field(ge=1, le=126)] = 125
    """Most registers in one read; a device of a site may have another."""
    unknown_unit: Literal["refuse", "silent"] = "refuse"
    """Whether a request to a unit id that there is not is refused with exception 0B, or not answered."""
    any_unit: tuple[Annotated[int, Field(ge=0, le=255)], ...] = (0, 255)
    """Unit ids that mean the device itself."""
    heartbeat: Literal["register", "traffic"] = "register"
    """What shows that a master is there: a change of the register of ``heartbeat_master``, or any request."""
    conditions: dict[str, Bits] = Field(default={})
    """Conditions by bit that several rows share, by name."""
    units: Annotated[tuple[Unit, ...], AfterValidator(_some)]
