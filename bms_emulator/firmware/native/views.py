"""The shared block as the emulator sees it: fields of numpy, without a copy.

The header of the structs (sizes, counts, pointers) belongs to the worker and is no part of the views. Arrays stand
beside the scalars: ``inputs["cell_voltages"]["value"][40] = 3.31``, ``outputs["balancing"].sum()``.
"""

import ctypes
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.abi import Alarm, Inputs, Measurement, Outputs
from bms_emulator.firmware.native.layout import Counts, Layout

Block = NDArray[np.void]
"""One record, shape ()."""
_HEADERS: dict[type[ctypes.Structure], str] = {Inputs: "current", Outputs: "alarm_count"}
"""First field behind the header."""
_ARRAYS: dict[str, Any] = {
    "cell_voltages": Measurement,
    "temperatures": Measurement,
    "cmu_faults": ctypes.c_uint32,
    "balancing": ctypes.c_uint8,
    "alarms": Alarm,
    "log": ctypes.c_uint8,
}


def input_fields(layout: Layout) -> tuple[np.dtype[np.void], int]:
    """Type of the inputs, with gaps, and the offset of it in the block."""
    return _fields(layout, "inputs", Inputs, ("cell_voltages", "temperatures", "cmu_faults"))


def output_fields(layout: Layout) -> tuple[np.dtype[np.void], int]:
    """Type of the outputs, with gaps, and the offset of it in the block."""
    return _fields(layout, "outputs", Outputs, ("balancing", "alarms", "log"))


def view(memory: mmap, fields: tuple[np.dtype[np.void], int]) -> Block:
    """A record of the shared memory."""
    dtype, offset = fields
    return np.ndarray((), dtype, memory, offset)


def packed(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """The same fields without gaps; assigning from one type to the other copies field by field."""
    return np.dtype([(name, dtype[name]) for name in dtype.names or ()])


def input_record(counts: Counts) -> np.dtype[np.void]:
    """Type of recorded inputs, without gaps."""
    return packed(input_fields(Layout(counts))[0])


def output_record(counts: Counts) -> np.dtype[np.void]:
    """Type of recorded outputs, without gaps."""
    return packed(output_fields(Layout(counts))[0])


def _fields(
    layout: Layout, name: str, struct: type[ctypes.Structure], arrays: tuple[str, ...]
) -> tuple[np.dtype[np.void], int]:
    start = layout.regions[name].start
    base = start + getattr(struct, _HEADERS[struct]).offset
    types: dict[str, tuple[Any, int]] = {}
    for row in struct._fields_:
        offset = start + getattr(struct, row[0]).offset - base
        if offset >= 0:
            types[row[0]] = (np.dtype(row[1]), offset)
    end = base
    for array in arrays:
        region = layout.regions[array]
        types[array] = ((np.dtype(_ARRAYS[array]), (region.count,)), region.start - base)
        end = region.end
    formats, offsets = zip(*types.values(), strict=True)
    dtype: np.dtype[np.void] = np.dtype(
        {"names": list(types), "formats": list(formats), "offsets": list(offsets), "itemsize": end - base}
    )
    return dtype, base
