"""The layout of recorded structs as data, so that a trace file tells how to read it."""

from typing import Any

import numpy as np


def describe_layout(dtype: np.dtype[Any]) -> dict[str, Any]:
    """Names, offsets [bytes], types and shapes of a struct, for JSON.

    A struct is ``{"size": ..., "fields": [{"name": ..., "offset": ..., <type>}, ...]}``, a number ``{"type": "<f8"}``;
    an array has its ``"shape"`` besides.
    """
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return describe_layout(base) | {"shape": list(shape)}
    if dtype.names is None:
        return {"type": dtype.str}
    members = [(name, dtype.fields[name]) for name in dtype.names] if dtype.fields else []
    fields = [{"name": name, "offset": member[1], **describe_layout(member[0])} for name, member in members]
    return {"size": dtype.itemsize, "fields": fields}


def read_layout(layout: dict[str, Any]) -> np.dtype[Any]:
    """The struct that :func:`describe_layout` told.

    Raises:
        ValueError, KeyError, TypeError: It is no such description.
    """
    dtype: np.dtype[Any]
    if "fields" in layout:
        fields = layout["fields"]
        dtype = np.dtype(
            {
                "names": [str(field["name"]) for field in fields],
                "formats": [read_layout(field) for field in fields],
                "offsets": [int(field["offset"]) for field in fields],
                "itemsize": int(layout["size"]),
            }
        )
    else:
        dtype = np.dtype(str(layout["type"]))
        if dtype.hasobject:
            raise ValueError(f"{layout['type']!r} is not the type of a number")
    return np.dtype((dtype, tuple(layout["shape"]))) if "shape" in layout else dtype
