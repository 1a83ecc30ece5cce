import multiprocessing

import numpy as np
import pytest

from bms_emulator.runtime import frames as frames_module
from bms_emulator.runtime import memory as memory_module
from bms_emulator.runtime import rings as rings_module
from bms_emulator.runtime.frames import Frames, NotPublishedError
from bms_emulator.runtime.memory import Memory

SLOTS, SIZE = 4, 64
READS = 100_000


def frames_over(memory: Memory) -> Frames:
    return Frames(memory.view(), SLOTS, SIZE, np.float64)


def new_memory() -> Memory:
    return Memory(Frames.room(SLOTS, SIZE, np.float64) + 64)


def publish_for_ever(memory: Memory, stop: "multiprocessing.synchronize.Event") -> None:
    frames = frames_over(memory)
    number = 0
    while not stop.is_set():
        for _ in range(1000):
            number += 1
            frames.blank()[:] = number
            frames.publish(number, float(number))


def test_no_read_is_torn_or_starved_by_a_writer_that_never_rests():
    memory = new_memory()
    frames = frames_over(memory)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writer = context.Process(target=publish_for_ever, args=(memory, stop), daemon=True)
    writer.start()
    try:
        while frames.published == 0:
            assert writer.is_alive()
        last = changes = reads = 0
        while reads < READS or changes < 10:  # until the writer was racing
            values, tick, time = frames.read(np.copy)
            assert tick == time == values[0] == values[-1]
            assert values.min() == values.max()
            assert tick >= last
            changes += tick != last
            reads += 1
            last = tick
    finally:
        stop.set()
        writer.join(10)
    assert writer.exitcode == 0


def test_a_read_that_was_overtaken_is_repeated():
    memory = new_memory()
    writer, reader = frames_over(memory), frames_over(memory)

    def publish(number: int) -> None:
        writer.blank()[:] = number
        writer.publish(number, 0.0)

    publish(1)
    seen = []

    def copy(slot):
        copied = slot.copy()
        seen.append(copied[0])
        if len(seen) == 1:
            for number in range(2, 2 + SLOTS - 1):
                publish(number)
        return copied

    values, tick, _ = reader.read(copy)
    assert seen == [1.0, 4.0]
    assert (values == 4).all()
    assert tick == 4


def test_a_read_outlasts_all_publications_that_leave_its_slot_alone():
    memory = new_memory()
    writer, reader = frames_over(memory), frames_over(memory)
    writer.blank()[:] = 1
    writer.publish(1, 0.0)
    calls = 0

    def copy(slot):
        nonlocal calls
        calls += 1
        for number in range(2, SLOTS):
            writer.blank()[:] = number
            writer.publish(number, 0.0)
        return slot.copy()

    values, tick, _ = reader.read(copy)
    assert calls == 1
    assert tick == 1
    assert (values == 1).all()


def test_a_reader_that_is_always_overtaken_says_so():
    memory = new_memory()
    frames = frames_over(memory)
    frames.publish(0, 0.0)

    def copy(slot):
        for _ in range(SLOTS):
            frames.publish(0, 0.0)

    with pytest.raises(RuntimeError, match="more than 4 slots are needed"):
        frames.read(copy)


def test_nothing_can_be_read_before_the_first_publication():
    with pytest.raises(NotPublishedError):
        frames_over(new_memory()).read(np.copy)


def test_the_fence_of_other_machines_works_here_too(monkeypatch):
    for module in (frames_module, rings_module):
        monkeypatch.setattr(module, "fence", memory_module._lock_twice)
    frames = frames_over(new_memory())
    frames.blank()[:] = 5
    frames.publish(3, 0.3)
    values, tick, time = frames.read(np.copy)
    assert (values == 5).all()
    assert (tick, time) == (3, 0.3)
