"""What emulator and worker say to each other over their socket; it keeps the borders between messages.

A message is a byte that tells its kind, and a payload. A long one comes in parts, all but the last of kind ``MORE``.
"""

import os
import struct

SETUP = b"s"
STEP = b"r"
RESET = b"z"
PERSISTENT = b"p"
SAVE = b"S"
LOAD = b"L"
CLOSE = b"x"

DONE = b"k"
"""Answer: done; the payload is what was asked for."""
FAILED = b"e"
"""Answer: not done, but the worker lives; a JSON object with ``kind``, ``message``, ``details``."""
DYING = b"c"
"""Not asked for: the worker ends; a JSON object as for ``FAILED``."""
MORE = b"m"

PERIODS = struct.Struct("<QQI")
"""Payload of ``STEP``: time at the end of the last period [ns], length of a period [ns], periods."""
RESET_KIND = struct.Struct("<I")

_PART = 1 << 15


def parts(kind: bytes, payload: bytes) -> list[bytes]:
    """The datagrams of a message."""
    cuts = range(0, max(len(payload), 1), _PART)
    chunks = [payload[cut : cut + _PART] for cut in cuts]
    return [MORE + chunk for chunk in chunks[:-1]] + [kind + chunks[-1]]


def send(channel: int, kind: bytes, payload: bytes = b"") -> None:
    """Write a message to a blocking socket.

    Raises:
        OSError: Nobody reads any more.
    """
    for part in parts(kind, payload):
        os.write(channel, part)


def receive(channel: int) -> tuple[bytes, bytes]:
    """The next message from a blocking socket; its kind is empty where the other side has gone."""
    chunks = []
    while (part := os.read(channel, _PART + 1))[:1] == MORE:
        chunks.append(part[1:])
    return (part[:1], part[1:]) if not chunks else (part[:1], b"".join((*chunks, part[1:])))
