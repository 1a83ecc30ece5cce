"""The shared memory of one run: what the engine shows to the servers, and what they ask of it.

    header | images | points | status | events | command queue, answer queue of each producer

The header stands from the beginning, so that a stop can be asked for at any time. The engine adds the channels when it
knows their sizes; servers wait for that, and refuse memory of another version or another site.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.frames import Frames
from bms_emulator.runtime.memory import LINE, Memory, fence, lines
from bms_emulator.runtime.rings import Log, Queue

HEADER_SIZE = 4096
_MAGIC = int.from_bytes(b"BMSEMU\r\n", "little")
VERSION = 1
_MAGIC_WORD, _VERSION_WORD, _READY_WORD, _STOP_WORD, _LAYOUT_WORD, _IMAGES_WORD = range(6)
_HASH = slice(LINE, LINE + 32)

PRODUCERS = ("modbus", "services")
"""The processes that send commands, each through a queue of its own."""

IMAGE_SLOTS = 8  # published every tick, which may be every 30 µs; a reader then has 180 µs
POINT_SLOTS = (
    3  # large, but published only when that takes a small part of the time: a reader has longer than a publication
)
STATUS_SLOTS = 4
STATUS_SIZE = 1 << 22
EVENT_ENTRIES = 1 << 13
EVENT_BYTES = 1 << 22
QUEUE_SIZE = 1 << 20


class SharedMemoryError(RuntimeError):
    """The shared memory is not what this process expects. The message says what differs."""


def profile_hash(site: SiteProfile) -> str:
    """Digest of all that a site profile says, as 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(site.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Shape:
    """What the two sides must agree on.

    Attributes:
        profile: Hash of the site, see :func:`profile_hash`.
        layout_size: Values of the arena.
        image_size: Bytes of the register images.
    """

    profile: str
    layout_size: int
    image_size: int


class Header:
    """The first page: what the memory is, whether it is ready, whether all shall stop."""

    def __init__(self, view: memoryview) -> None:
        self._words = view[:LINE].cast("Q")
        self._hash = view[_HASH]

    def request_stop(self) -> None:
        """Ask all processes to end."""
        self._words[_STOP_WORD] = 1

    @property
    def stopping(self) -> bool:
        """Whether all processes are asked to end."""
        return bool(self._words[_STOP_WORD])

    @property
    def ready(self) -> bool:
        """Whether the engine has published everything once."""
        return bool(self._words[_READY_WORD])

    def set_ready(self) -> None:
        """Let the readers in."""
        fence()
        self._words[_READY_WORD] = 1

    def describe(self, shape: Shape) -> None:
        """Write down what the channels hold."""
        self._words[_MAGIC_WORD] = _MAGIC
        self._words[_VERSION_WORD] = VERSION
        self._words[_LAYOUT_WORD] = shape.layout_size
        self._words[_IMAGES_WORD] = shape.image_size
        self._hash[:] = bytes.fromhex(shape.profile)

    def check(self, profile: str, layout_size: int) -> Shape:
        """What the channels hold.

        Args:
            profile: Hash of the site that is expected.
            layout_size: Values of the arena that are expected.

        Raises:
            SharedMemoryError: They hold something else; with everything that differs.
        """
        if self._words[_MAGIC_WORD] != _MAGIC or self._words[_VERSION_WORD] != VERSION:
            raise SharedMemoryError(
                f"this is no shared memory of version {VERSION} (it says version {self._words[_VERSION_WORD]}); "
                "engine and servers must be of one version of the emulator"
            )
        found = Shape(bytes(self._hash).hex(), int(self._words[_LAYOUT_WORD]), int(self._words[_IMAGES_WORD]))
        differing = []
        if found.profile != profile:
            differing.append(f"its site profile is {found.profile[:12]}, expected {profile[:12]}")
        if found.layout_size != layout_size:
            differing.append(f"its arena has {found.layout_size} values, expected {layout_size}")
        if differing:
            raise SharedMemoryError("this shared memory belongs to another site: " + "; ".join(differing))
        return found


class Channels:
    """All channels of a run over its shared memory; see :meth:`create` and :meth:`attach`."""

    def __init__(self, view: memoryview, shape: Shape) -> None:
        self.header = Header(view)
        at = HEADER_SIZE

        def part(size: int) -> memoryview:
            nonlocal at
            at += lines(size)
            return view[at - lines(size) : at - lines(size) + size]

        self.images = _frames(part, IMAGE_SLOTS, shape.image_size, np.uint8)
        self.points = _frames(part, POINT_SLOTS, shape.layout_size, np.float64)
        self.status = _frames(part, STATUS_SLOTS, STATUS_SIZE, np.uint8)
        self.events = Log(part(Log.room(EVENT_ENTRIES, EVENT_BYTES)), EVENT_ENTRIES)
        self.commands = [Queue(part(QUEUE_SIZE)) for _ in PRODUCERS]
        self.answers = [Queue(part(QUEUE_SIZE)) for _ in PRODUCERS]

    @staticmethod
    def room(shape: Shape) -> int:
        """Bytes that all channels and the header need."""
        sizes = [
            Frames.room(IMAGE_SLOTS, shape.image_size, np.uint8),
            Frames.room(POINT_SLOTS, shape.layout_size, np.float64),
            Frames.room(STATUS_SLOTS, STATUS_SIZE, np.uint8),
            Log.room(EVENT_ENTRIES, EVENT_BYTES),
            *[QUEUE_SIZE] * (2 * len(PRODUCERS)),
        ]
        return HEADER_SIZE + sum(map(lines, sizes))

    @classmethod
    def create(cls, memory: Memory, shape: Shape) -> "Channels":
        """Lay the channels out in fresh memory. For the engine, which then publishes and calls ``header.set_ready``."""
        memory.grow(cls.room(shape))
        channels = cls(memory.view(), shape)
        channels.header.describe(shape)
        return channels

    @classmethod
    def attach(cls, memory: Memory, profile: str, layout_size: int) -> "Channels":
        """The channels that an engine has laid out.

        Raises:
            SharedMemoryError: They are of another version, or of another site.
        """
        view = memory.view()
        return cls(view, Header(view).check(profile, layout_size))


def _frames(part: Callable[[int], memoryview], slots: int, size: int, dtype: type[np.generic]) -> Frames:
    return Frames(part(Frames.room(slots, size, dtype)), slots, size, dtype)


def new_memory() -> Memory:
    """Memory that holds a header only."""
    return Memory(HEADER_SIZE)


def wait_until_ready(header: Header, poll: float = 0.01) -> bool:
    """Wait for the engine; False where a stop was asked for first."""
    while not header.ready:
        if header.stopping:
            return False
        time.sleep(poll)
    return True


def write_blob(frames: Frames, data: Any, tick: int, time: float) -> None:
    """Publish data as JSON.

    Raises:
        ValueError: The text is longer than a frame.
    """
    text = json.dumps(data, default=str).encode()
    slot = frames.blank()
    if len(text) > len(slot) - 8:
        raise ValueError(f"{len(text)} bytes of JSON do not fit into a frame of {len(slot)} bytes")
    slot[:8] = np.frombuffer(len(text).to_bytes(8, "little"), np.uint8)
    slot[8 : 8 + len(text)] = np.frombuffer(text, np.uint8)
    frames.publish(tick, time)


def read_blob(frames: Frames) -> Any:
    """The data last published by :func:`write_blob`."""
    text, _, _ = frames.read(lambda slot: slot[8 : 8 + int.from_bytes(slot[:8].tobytes(), "little")].tobytes())
    return json.loads(text)
