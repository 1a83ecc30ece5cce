"""Captures as MDF 4.10, the format of measurement tools (ASAM MDF 4.1): one group, fixed records, nothing compressed.

    ID HD ─ FH                 file, its history
          └ DG ─ CG ─ CN…      data group, channel group, channels: time (master), then the signals
               └ DT            records of float64, little-endian

Blocks are linked by their positions. The records follow last, row group by row group, so that no more of a capture is
in memory than one of these.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final
from xml.sax.saxutils import escape

import numpy as np

from bms_emulator import __version__
from bms_emulator.runtime.recorder import Recording, Signal

_HEAD: Final = struct.Struct("<4s4xQQ")
"""Of every block: id, length, number of links."""
_IDENTIFICATION: Final = struct.Struct("<8s8s8s4xH34x")
_HEADER: Final = struct.Struct("<QhhBBBxdd")
"""Start time, zone, daylight saving, flags of time, class of clock, flags, start angle, start distance."""
_HISTORY: Final = struct.Struct("<QhhB3x")
_CHANNEL_GROUP: Final = struct.Struct("<QQHH4xII")
"""Record id, records, flags, path separator, bytes of a record, bytes of invalidation bits."""
_CHANNEL: Final = struct.Struct("<BBBBIIIIBxH6d")
"""Type, kind of synchronisation, type of data, bit and byte offset, bits, flags, ..., ranges."""
_CONVERSION: Final = struct.Struct("<BBHHHdd")

_VALUE, _MASTER = 0, 2
_TIME: Final = 1
_FLOAT_LE: Final = 4
_BITS: Final = 64
_VALUE_TO_TEXT: Final = 7
_LOCAL_TIME: Final = 1
"""Times are those of the emulator, which knows no zone."""


def export_mdf(capture: Path, path: Path) -> None:
    """Write a capture as MDF.

    Args:
        capture: Parquet file.
        path: File to write, by custom ``.mf4``; an existing one is replaced.

    Raises:
        RecordingError: The capture cannot be read.
        OSError: The file cannot be written.
    """
    recording = Recording(capture)
    signals = [Signal("time", "s"), *recording.signals]
    width = 8 * len(signals)
    with path.open("wb") as stream:
        file = _Blocks(stream)
        stream.write(_IDENTIFICATION.pack(b"MDF     ", b"4.10    ", b"bmsemu  ", 410))
        begin = file.reserve(6, _HEADER.size)
        history = file.block("FH", [0, file.text("MD", _tool())], _HISTORY.pack(0, 0, 0, _LOCAL_TIME))
        shape = _CHANNEL_GROUP.pack(0, recording.rows, 0, 0, width, 0)
        site = file.text("TX", str(recording.about.get("site", "")))
        channels = file.block("CG", [0, _write_channels(file, signals), site, 0, 0, 0], shape)
        group = file.reserve(4, 8)
        told = file.text("TX", "\n".join(f"{key}: {item}" for key, item in recording.about.items()))
        file.fill(group, "DG", [0, channels, file.position, 0], bytes(8))
        file.fill(begin, "HD", [group, history, 0, 0, 0, told], _HEADER.pack(0, 0, 0, _LOCAL_TIME, 0, 0, 0.0, 0.0))
        stream.write(_HEAD.pack(b"##DT", _HEAD.size + width * recording.rows, 0))
        for times, values in recording.blocks():
            stream.write(np.column_stack([times, values.T]).astype("<f8").tobytes())


def _write_channels(file: "_Blocks", signals: Sequence[Signal]) -> int:
    """Write channels, the last first, so that each can be linked to the next; returns the position of the first."""
    following = 0
    for n, signal in reversed(list(enumerate(signals))):
        kind, sync = (_MASTER, _TIME) if n == 0 else (_VALUE, 0)
        conversion = _write_conversion(file, signal.choices) if signal.kind == "enum" and signal.choices else 0
        links = [following, 0, file.text("TX", signal.name), 0, conversion, 0, file.text("TX", signal.unit), 0]
        layout = (_FLOAT_LE, 0, 8 * n, _BITS, 0, 0, 0, 0)
        following = file.block("CN", links, _CHANNEL.pack(kind, sync, *layout, *[0.0] * 6))
    return following


def _write_conversion(file: "_Blocks", choices: Mapping[int, str]) -> int:
    """Write names of values; one without a name stays a number."""
    texts = [file.text("TX", name) for name in choices.values()]
    head = _CONVERSION.pack(_VALUE_TO_TEXT, 0, 0, len(texts) + 1, len(texts), 0.0, 0.0)
    values = struct.pack(f"<{len(choices)}d", *map(float, choices))
    return file.block("CC", [0, 0, 0, 0, *texts, 0], head + values)


def _tool() -> str:
    parts = {"tool_id": "bms-emulator", "tool_vendor": "bms-emulator", "tool_version": __version__}
    told = "".join(f"<{key}>{escape(text)}</{key}>" for key, text in parts.items())
    return f'<FHcomment xmlns="http://www.asam.net/mdf/v4"><TX>capture</TX>{told}</FHcomment>'


class _Blocks:
    """Blocks of an MDF file, at multiples of eight bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._texts: dict[tuple[str, str], int] = {}

    @property
    def position(self) -> int:
        """Where the next block will stand."""
        return self._stream.tell()

    def block(self, kind: str, links: Sequence[int], data: bytes) -> int:
        """Write a block; returns its position, which links point to."""
        at = self.position
        head = _HEAD.pack(f"##{kind}".encode(), _HEAD.size + 8 * len(links) + len(data), len(links))
        self._stream.write(head + struct.pack(f"<{len(links)}Q", *links) + data + bytes(-len(data) % 8))
        return at

    def reserve(self, links: int, size: int) -> int:
        """Leave room for a block whose links are not known yet."""
        return self.block("  ", [0] * links, bytes(size))

    def fill(self, at: int, kind: str, links: Sequence[int], data: bytes) -> None:
        """Write a block into the room left for it."""
        end = self.position
        self._stream.seek(at)
        self.block(kind, links, data)
        self._stream.seek(end)

    def text(self, kind: str, text: str) -> int:
        """A text (TX) or a comment in XML (MD), once for all that link to it; no link where it is empty."""
        if not text:
            return 0
        if (kind, text) not in self._texts:
            self._texts[kind, text] = self.block(kind, [], text.encode() + b"\0")
        return self._texts[kind, text]
