"""A million requests at once: nothing lost, doubled or reordered, and no answer torn while the engine publishes."""

import asyncio
import multiprocessing
import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from bms_emulator.runtime.frames import Frames
from bms_emulator.runtime.memory import Memory
from tests.interfaces.modbus.hand_made import SIZE, HandLink, serving

REQUESTS = 1_000_000
BATCH = 20_000

HEAD = [("transaction", ">u2"), ("protocol", ">u2"), ("length", ">u2"), ("unit", "u1"), ("function", "u1")]
REQUEST = np.dtype([*HEAD, ("address", ">u2"), ("quantity", ">u2")])


def answer_of(quantity: int) -> np.dtype:
    return np.dtype([*HEAD, ("size", "u1"), ("registers", ">u2", (quantity,))])


def requests(quantity: int, addresses: NDArray[np.int64], first: int) -> NDArray[np.void]:
    made = np.zeros(len(addresses), REQUEST)
    made["transaction"] = np.arange(first, first + len(addresses)) & 0xFFFF
    made["length"], made["unit"], made["function"] = 6, 1, 3
    made["address"], made["quantity"] = addresses, quantity
    return made


class Flood:
    """A client in threads of its own that asks without waiting.

    Args:
        address: Of the server.
        quantity: Registers of each request.
        addresses: First register of each request.
        pieces: How long pieces may be into which the stream is cut [B].
    """

    def __init__(
        self, address: tuple[str, int], quantity: int, addresses: NDArray[np.int64], pieces: tuple[int, int]
    ) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._quantity, self._addresses, self._pieces = quantity, addresses, pieces

    def _send(self) -> None:
        chance = np.random.default_rng(1)
        for first in range(0, len(self._addresses), BATCH):
            stream = requests(self._quantity, self._addresses[first : first + BATCH], first).tobytes()
            at = 0
            while at < len(stream):
                size = int(chance.integers(*self._pieces))
                self._socket.sendall(stream[at : at + size])
                at += size

    def answers(self) -> Iterator[NDArray[np.void]]:
        """All answers in the order in which they come, and that nothing follows them."""
        sender = threading.Thread(target=self._send)
        sender.start()
        kind = answer_of(self._quantity)
        left, waiting = len(self._addresses) * kind.itemsize, bytearray()
        while left:
            data = self._socket.recv(1 << 18)
            assert data, "the server closed the connection"
            left -= len(data)
            waiting += data
            whole = len(waiting) // kind.itemsize
            yield np.frombuffer(bytes(waiting[: whole * kind.itemsize]), kind)
            del waiting[: whole * kind.itemsize]
        sender.join()
        assert not waiting
        self._socket.shutdown(socket.SHUT_WR)
        assert self._socket.recv(1) == b""
        self._socket.close()


@pytest.mark.parametrize("pieces", [(1, 30), (1, 40_000)], ids=["small pieces", "large pieces"])
async def test_a_million_pipelined_requests_are_answered_once_and_in_order(pieces: tuple[int, int]) -> None:
    count = REQUESTS if pieces[1] > 1000 else REQUESTS // 10
    addresses = np.random.default_rng(2).integers(0, SIZE - 2, count)
    async with serving() as server:
        flood = Flood(server.listeners[0].address, 2, addresses, pieces)

        def check() -> int:
            seen = 0
            for answers in flood.answers():
                there = slice(seen, seen + len(answers))
                assert np.array_equal(answers["transaction"], np.arange(there.start, there.stop) & 0xFFFF)
                assert np.array_equal(answers["registers"][:, 0], addresses[there])
                assert np.array_equal(answers["registers"][:, 1], addresses[there] + 1)
                seen = there.stop
            return seen

        assert await asyncio.to_thread(check) == count


QUANTITY = 125


class FramesLink(HandLink):
    """A link that reads images from shared memory, as the server of a run does."""

    def __init__(self, frames: Frames) -> None:
        super().__init__()
        self.image = frames.cut  # type: ignore[method-assign]


def publish_for_ever(memory: Memory, stop: "multiprocessing.synchronize.Event") -> None:
    """All registers of a frame have the same value."""
    frames = Frames(memory.view(), 8, 2 * SIZE, np.uint8)
    number = 0
    while not stop.is_set():
        number += 1
        frames.blank().view(">u2")[:] = number & 0xFFFF
        frames.publish(number, float(number))


async def test_a_million_reads_of_many_registers_show_one_tick_each() -> None:
    memory = Memory(Frames.room(8, 2 * SIZE, np.uint8))
    frames = Frames(memory.view(), 8, 2 * SIZE, np.uint8)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writer = context.Process(target=publish_for_ever, args=(memory, stop), daemon=True)
    writer.start()
    try:
        while not frames.published:
            await asyncio.sleep(0.01)
            assert writer.is_alive()
        addresses = np.random.default_rng(3).integers(0, SIZE - QUANTITY, REQUESTS)
        async with serving(link=FramesLink(frames)) as server:
            flood = Flood(server.listeners[0].address, QUANTITY, addresses, (1, 40_000))

            def check() -> tuple[int, int]:
                seen, values = 0, set[int]()
                for answers in flood.answers():
                    registers = answers["registers"]
                    assert (registers == registers[:, :1]).all()
                    values.update(np.unique(registers[:, 0]).tolist())
                    seen += len(answers)
                return seen, len(values)

            seen, different = await asyncio.to_thread(check)
        assert seen == REQUESTS
        assert different > 100  # the writer was racing
    finally:
        stop.set()
        writer.join(10)
        memory.close()
