"""Commands, answers and events as the bytes that travel through shared memory."""

import json
from dataclasses import asdict
from typing import Any

from bms_emulator.interfaces.link import Ack, Command, Event


def pack_command(number: int, command: Command) -> bytes:
    """A command with the number that its answer will carry."""
    return _dump({"number": number, **asdict(command)})


def unpack_command(record: bytes) -> tuple[int, Command]:
    """Number and command."""
    fields = json.loads(record)
    return fields.pop("number"), Command(**fields)


def pack_ack(number: int, ack: Ack) -> bytes:
    """The answer to the command of that number."""
    return _dump({"number": number, **asdict(ack)})


def unpack_ack(record: bytes) -> tuple[int, Ack]:
    """Number and answer."""
    fields = json.loads(record)
    return fields.pop("number"), Ack(**fields)


def pack_event(tick: int, time: float, kind: str, source: str, data: dict[str, Any]) -> bytes:
    """An event without its sequence number, which the log gives it."""
    return _dump({"tick": tick, "time": time, "kind": kind, "source": source, "data": data})


def unpack_event(sequence: int, record: bytes) -> Event:
    """The event of that sequence number."""
    return Event(sequence=sequence, **json.loads(record))


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":"), default=str).encode()
