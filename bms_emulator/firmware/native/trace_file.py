"""Trace files: ``*.bmstrace``.

One line of JSON (see :func:`_header_line`) is followed by chunks, each with a head of 16 bytes, little-endian::

    char     tag[4]   HEAD, STEP, EVNT or DONE
    uint32_t count    of steps or events in it
    uint32_t size     of what follows [bytes]
    uint32_t crc      CRC-32 of what follows

``HEAD`` comes first: ``crc`` is that of the line of JSON, and nothing follows. ``STEP`` holds steps of equal size one
after another, ``EVNT`` a JSON list; both are compressed with zlib. ``DONE`` ends a whole file. The line tells names,
offsets and types of all that is in a step, so a few lines of any language can read it.
"""

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.trace import Event, Trace, TraceHeader
from bms_emulator.firmware.native.trace_layout import describe_layout, read_layout

FORMAT = "bmstrace"
VERSION = 1
SUFFIX = ".bmstrace"

_CHUNK = struct.Struct("<4sIII")
_LEVEL = 1
"""Of zlib: a trace of measurements shrinks to about a third, at 100 MB/s."""
_STEPS_PER_CHUNK = 250
_LONGEST_HEADER = 1 << 26


class TraceError(Exception):
    """A file is not a trace, or not one that can be read; the message says where and why."""


class TraceWriter:
    """Writes a trace chunk by chunk.

    Args:
        file: Open for writing, in binary.
        header: What does not change.
    """

    def __init__(self, file: BinaryIO, header: TraceHeader) -> None:
        self._file = file
        line = _header_line(header)
        file.write(line)
        self._chunk(b"HEAD", 0, b"", zlib.crc32(line))

    def steps(self, records: NDArray[np.void]) -> None:
        """Append steps, (step)."""
        for start in range(0, len(records), _STEPS_PER_CHUNK):
            part = np.ascontiguousarray(records[start : start + _STEPS_PER_CHUNK])
            self._compressed(b"STEP", len(part), part.view(np.uint8).data)

    def events(self, events: Iterable[Event]) -> None:
        """Append events."""
        rows = [_event_row(event) for event in events]
        if rows:
            self._compressed(b"EVNT", len(rows), json.dumps(rows, default=str).encode())

    def done(self) -> None:
        """End the file."""
        self._chunk(b"DONE", 0, b"", 0)

    def _compressed(self, tag: bytes, count: int, content: bytes | memoryview) -> None:
        packed = zlib.compress(content, _LEVEL)
        self._chunk(tag, count, packed, zlib.crc32(packed))

    def _chunk(self, tag: bytes, count: int, content: bytes, crc: int) -> None:
        self._file.write(_CHUNK.pack(tag, count, len(content), crc) + content)
        self._file.flush()


def write_trace(path: Path, header: TraceHeader, records: Iterable[NDArray[np.void]], events: Iterable[Event]) -> None:
    """Write a whole trace; the file appears under its name when it is whole.

    Args:
        path: The file.
        header: What does not change.
        records: Steps, in parts that follow one another.
        events: In their order.

    Raises:
        OSError: It cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        writer = TraceWriter(file, header)
        writer.events(events)
        for part in records:
            writer.steps(part)
        writer.done()
    unfinished.replace(path)


def read_trace(path: Path) -> Trace:
    """Read a trace as far as it is sound; its ``problem`` tells what is wrong with the rest.

    Raises:
        TraceError: It is not a trace, or not even its beginning can be read.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        header = _read_header(path, file)
        reader = _Reader(path, file, header)
        for _ in reader.chunks():
            pass
    dtype = header.record_dtype()
    records = np.concatenate(reader.records) if reader.records else np.empty(0, dtype)
    return Trace(header, records, tuple(sorted(reader.events, key=lambda event: event.step)), reader.problem)


class _Reader:
    """Collects the chunks of a file until its end or the first that is not sound."""

    def __init__(self, path: Path, file: BinaryIO, header: TraceHeader) -> None:
        self._path = path
        self._file = file
        self._dtype = header.record_dtype()
        self.records: list[NDArray[np.void]] = []
        self.events: list[Event] = []
        self.problem: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """Tags of the chunks that were sound."""
        while True:
            offset = self._file.tell()
            head = self._file.read(_CHUNK.size)
            if len(head) < _CHUNK.size:
                return self._stop(offset, "the file ends here, before its end mark")
            tag, count, size, crc = _CHUNK.unpack(head)
            if tag == b"DONE":
                return None
            if tag not in {b"STEP", b"EVNT"}:
                return self._stop(offset, f"damaged: {tag!r} is no chunk of a trace")
            content = self._file.read(size)
            if len(content) < size:
                if tag == b"STEP":
                    self._whole_steps(content)
                return self._stop(offset, f"the file ends in this chunk, after {len(content)} of {size} bytes")
            if zlib.crc32(content) != crc:
                return self._stop(offset, "damaged: the checksum of this chunk differs")
            try:
                self._take(tag, count, zlib.decompress(content))
            except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
                return self._stop(offset, f"this chunk cannot be read: {error}")
            yield tag

    def _take(self, tag: bytes, count: int, content: bytes) -> None:
        if tag == b"EVNT":
            self.events.extend(_read_event(row) for row in json.loads(content))
            return
        if len(content) != count * self._dtype.itemsize:
            raise ValueError(f"{len(content)} bytes are not {count} steps of {self._dtype.itemsize} bytes")
        self.records.append(np.frombuffer(content, self._dtype))

    def _whole_steps(self, content: bytes) -> None:
        """Take the steps whose bytes are all there."""
        try:
            unpacked = zlib.decompressobj().decompress(content)
        except zlib.error:
            return
        self.records.append(np.frombuffer(unpacked, self._dtype, len(unpacked) // self._dtype.itemsize))

    def _stop(self, offset: int, why: str) -> None:
        count = sum(map(len, self.records))
        self.problem = f"{self._path}: byte {offset}: {why}; the {count} whole steps before it were read"


def _header_line(header: TraceHeader) -> bytes:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "abi": header.abi,
        "rack": header.rack,
        "library": header.library,
        "description": header.description,
        "counts": asdict(header.counts),
        "config": header.config,
        "memory": header.memory,
        "blob": _to_text(header.blob),
        "record": describe_layout(header.record_dtype()),
    }
    return json.dumps(content, default=str).encode() + b"\n"


def _read_header(path: Path, file: BinaryIO) -> TraceHeader:
    line = file.readline(_LONGEST_HEADER)
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TraceError(f"{path}: is not a trace of a firmware: it does not begin with a header of format {FORMAT}")
    if content.get("version") != VERSION:
        raise TraceError(f"{path}: version {content.get('version')!r} of the format; this program reads {VERSION}")
    head = file.read(_CHUNK.size)
    if len(head) < _CHUNK.size:
        raise TraceError(f"{path}: byte {len(line)}: the file ends after its header")
    tag, _, _, crc = _CHUNK.unpack(head)
    if tag != b"HEAD" or crc != zlib.crc32(line):
        raise TraceError(f"{path}: byte 0: damaged: the checksum of the header differs")
    try:
        record = read_layout(content["record"])
        fields: Any = record.fields
        header = TraceHeader(
            abi=content["abi"],
            rack=content["rack"],
            library=content["library"],
            description=content["description"],
            counts=Counts(**content["counts"]),
            config=content["config"],
            memory=content["memory"],
            inputs=fields["inputs"][0],
            outputs=fields["outputs"][0],
            blob=_from_text(content["blob"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TraceError(f"{path}: byte 0: the header cannot be read: {error}") from error
    return header


def _event_row(event: Event) -> dict[str, Any]:
    row = {"step": event.step, "kind": event.kind, "message": event.message, "details": event.details}
    return row | {"data": _to_text(event.data)}


def _read_event(row: dict[str, Any]) -> Event:
    return Event(int(row["step"]), row["kind"], row["message"], row["details"], _from_text(row["data"]))


def _to_text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _from_text(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
