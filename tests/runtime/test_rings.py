import multiprocessing

import pytest

from bms_emulator.runtime.memory import Memory
from bms_emulator.runtime.rings import Log, Queue, QueueFullError

RECORDS = 10_000
QUEUE_SIZE = 4096


def record(n: int) -> bytes:
    return f"{n}:".encode() + bytes([n % 251]) * (n % 97)


def put_all(memory: Memory) -> None:
    queue = Queue(memory.view())
    for n in range(RECORDS):
        while True:
            try:
                queue.put(record(n))
                break
            except QueueFullError:
                continue


def test_records_between_processes_are_never_lost_doubled_or_reordered():
    memory = Memory(QUEUE_SIZE)
    queue = Queue(memory.view())
    producer = multiprocessing.get_context("spawn").Process(target=put_all, args=(memory,), daemon=True)
    producer.start()
    taken = 0
    while taken < RECORDS:
        found = queue.take()
        if found is None:
            assert producer.is_alive() or queue.position > 0
            continue
        assert found == record(taken)
        taken += 1
    producer.join(10)
    assert queue.take() is None
    assert producer.exitcode == 0


def test_a_full_queue_refuses_and_keeps_what_it_has():
    queue = Queue(memoryview(bytearray(128 + 100)))
    queue.put(b"a" * 40)
    queue.put(b"b" * 36)
    with pytest.raises(QueueFullError, match="record of 1 bytes: 8 of 100 bytes are free"):
        queue.put(b"c")
    assert queue.take() == b"a" * 40
    queue.put(b"c")
    assert queue.take() == b"b" * 36
    assert queue.take() == b"c"
    assert queue.take() is None


def test_positions_tell_records_apart():
    queue = Queue(memoryview(bytearray(1024)))
    positions = set()
    for _ in range(200):
        positions.add(queue.position)
        queue.put(b"")
        queue.take()
    assert len(positions) == 200


def log(entries: int, size: int) -> Log:
    return Log(memoryview(bytearray(Log.room(entries, size))), entries)


def test_each_reader_of_a_log_keeps_its_own_place():
    events = log(16, 1024)
    assert [events.append(bytes([n])) for n in range(3)] == [1, 2, 3]
    assert events.read(0) == ([(1, b"\0"), (2, b"\1"), (3, b"\2")], 0)
    assert events.read(2) == ([(3, b"\2")], 0)
    assert events.read(3) == ([], 0)
    assert events.read(99) == ([], 0)


@pytest.mark.parametrize(("entries", "size"), [(16, 4096), (4096, 512)])
def test_records_that_a_log_forgot_are_counted(entries, size):
    events = log(entries, size)
    for n in range(1, 1001):
        events.append(f"{n:04d}".encode() * 5)
    records, lost = events.read(0)
    assert lost > 900
    assert lost + len(records) == 1000
    assert [number for number, _ in records] == list(range(lost + 1, 1001))
    assert all(data == f"{number:04d}".encode() * 5 for number, data in records)
    _, lost_since = events.read(990)
    assert lost_since == 0


def test_a_record_that_no_log_could_hold_is_refused():
    events = log(16, 64)
    with pytest.raises(ValueError, match="65 bytes does not fit into a log of 64 bytes"):
        events.append(b"x" * 65)
    assert events.last == 0


def append_for_ever(memory: Memory, stop: "multiprocessing.synchronize.Event") -> None:
    events = Log(memory.view(), 64)
    while not stop.is_set():
        events.append(record(events.last + 1))


def test_a_log_that_is_written_while_it_is_read_gives_whole_records_or_counts_them_lost():
    memory = Memory(Log.room(64, 2048))
    events = Log(memory.view(), 64)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writer = context.Process(target=append_for_ever, args=(memory, stop), daemon=True)
    writer.start()
    seen = lost_total = after = 0
    try:
        while seen < RECORDS or lost_total == 0:  # until something was overwritten while it was read
            assert writer.is_alive()
            last = events.last
            records, lost = events.read(after)
            assert all(data == record(number) for number, data in records)
            assert all(after < number for number, _ in records)
            seen += len(records)
            lost_total += lost
            after = max([last, *(number for number, _ in records)])
    finally:
        stop.set()
        writer.join(10)
