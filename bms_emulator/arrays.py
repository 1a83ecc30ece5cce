"""Documented float64 arrays in one buffer.

The varying state of the emulator is declared as dataclasses of arrays, each field with its axes, unit and meaning. All
groups of a site are views into one buffer, the arena. So a snapshot is one copy, publishing is one copy, and a point is
an offset.

    @dataclass
    class RackState:
        GROUP = Group(root="container", source="plant")
        current: Array = array("rack", "A", "String current, positive in discharge.")

Everything is float64, flags and enumerations too: one type, one buffer, one rule.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
T = TypeVar("T")

Source = Literal["plant", "measured", "firmware", "command", "runtime"]
Root = Literal["container", "pcs", "emulator", "grid", "meter", "load", "pv", "weather"]
ROOTS: tuple[str, ...] = get_args(Root)
"""First segments of the paths of points; from the third on, what a site has once."""


@dataclass(frozen=True)
class Group:
    """What a group of arrays means to the interfaces.

    Attributes:
        root: First path segment of its points.
        source: Who produces the values; ``command`` groups are writable from outside.
        public: Whether its fields become points at all.
    """

    root: Root
    source: Source
    public: bool = True


@dataclass(frozen=True)
class FieldInfo:
    """What is known of one array.

    Attributes:
        axes: Names of its axes, e.g. ``("rack", "cell")``.
        unit: SI unit, ``1`` for ratios, empty for counts, flags and enumerations.
        doc: What it is.
        initial: Value at allocation.
        point: Last path segment(s) of its point, a star standing for the label of the first axis where that is not a
            container or rack; the field's name where None.
        kind: How a value is to be read.
        choices: Names of the values of an ``enum``, or of the bits of a ``bitfield``.
        limits: Lowest and highest value that a write may set.
        public: Whether it becomes a point.
        age: Field of the same group with the ages of the values [s], 0 where they may have changed just now, None
            where nothing tells it; each age belongs to an equal share of the values, in their order.
    """

    axes: tuple[str, ...]
    unit: str
    doc: str
    initial: float = 0.0
    point: str | None = None
    kind: Literal["float", "integer", "boolean", "enum", "bitfield"] = "float"
    choices: Mapping[int, str] | None = None
    limits: tuple[float, float] | None = None
    public: bool = True
    age: str | None = None


def array(
    axes: str,
    unit: str,
    doc: str,
    initial: float = 0.0,
    *,
    point: str | None = None,
    kind: Literal["float", "integer", "boolean", "enum", "bitfield"] = "float",
    choices: Mapping[int, str] | None = None,
    limits: tuple[float, float] | None = None,
    public: bool = True,
    age: str | None = None,
) -> Any:
    """Declare an array field of a group; the arguments are those of :class:`FieldInfo`, axes separated by blanks."""
    kind = "enum" if choices is not None and kind == "float" else kind
    info = FieldInfo(tuple(axes.split()), unit, doc, initial, point, kind, choices, limits, public, age)
    return dataclasses.field(metadata={"array": info})


@dataclass(frozen=True)
class Slot:
    """Where one array lives in the arena: ``buffer[offset : offset + size]`` reshaped to ``shape``."""

    name: str
    offset: int
    shape: tuple[int, ...]
    info: FieldInfo
    group: Group

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


class Layout:
    """Offsets of all arrays of a site; equal counts and groups give equal layouts in every process.

    Args:
        counts: Length of each axis by its name.
        groups: Group classes by prefix, e.g. ``{"plant.racks": RackState}``.
    """

    def __init__(self, counts: Mapping[str, int], groups: Mapping[str, type]) -> None:
        self.counts = dict(counts)
        self.groups = dict(groups)
        self.slots: dict[str, Slot] = {}
        offset = 0
        for prefix, group in self.groups.items():
            for field in dataclasses.fields(group):
                info: FieldInfo = field.metadata["array"]
                shape = tuple(self.counts[axis] for axis in info.axes)
                name = f"{prefix}.{field.name}"
                self.slots[name] = Slot(name, offset, shape, info, group.GROUP)  # type: ignore[attr-defined]
                offset += -(-math.prod(shape) // 8) * 8  # whole cache lines, so that no two arrays share one
        self.size = offset


class Arena:
    """All arrays of a site, as views into one float64 buffer.

    Args:
        layout: Where each array lives.
        buffer: Memory to use, float64 of ``layout.size``; allocated and filled with the initial values where None.
    """

    def __init__(self, layout: Layout, buffer: Array | None = None) -> None:
        self.layout = layout
        fresh = buffer is None
        self.buffer: Array = np.zeros(layout.size) if buffer is None else buffer
        if fresh:
            for slot in layout.slots.values():
                if slot.info.initial != 0.0:  # memory that nobody has touched is 0, and costs nothing until then
                    self[slot.name][...] = slot.info.initial

    def __getitem__(self, name: str) -> Array:
        """The array of a slot by its full name, as a view."""
        slot = self.layout.slots[name]
        return self.buffer[slot.offset : slot.offset + slot.size].reshape(slot.shape)

    def group(self, prefix: str, group: type[T]) -> T:
        """The group of a prefix, its fields being views into the buffer."""
        fields = {field.name: self[f"{prefix}.{field.name}"] for field in dataclasses.fields(group)}  # type: ignore[arg-type]
        return group(**fields)
