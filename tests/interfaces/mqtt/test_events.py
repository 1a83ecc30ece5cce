import json

from bms_emulator.interfaces.mqtt.events import EventQueue
from tests.interfaces.fake_site import FakeSite


async def drain(queue: EventQueue, count: int) -> list[tuple[str, int]]:
    messages = [json.loads(await queue.next()) for _ in range(count)]
    return [(message["kind"], message["sequence"]) for message in messages]


async def test_events_leave_in_order_and_once() -> None:
    link, queue = FakeSite(), EventQueue()
    for _ in range(3):
        link.happen()
        queue.collect(link)
    queue.collect(link)
    assert await drain(queue, 3) == [("alarm", 1), ("alarm", 2), ("alarm", 3)]


async def test_what_does_not_fit_is_declared_as_a_gap() -> None:
    link, queue = FakeSite(), EventQueue(limit=2)
    for _ in range(3):
        link.happen()
        queue.collect(link)
    for _ in range(2):
        link.happen()
    queue.collect(link)
    gap = json.loads(await queue.next())
    assert gap["data"] == {"first": 1, "last": 3, "message": "3 events were lost"}
    assert await drain(queue, 2) == [("alarm", 4), ("alarm", 5)]


async def test_what_the_emulator_has_dropped_is_declared_as_a_gap() -> None:
    link, queue = FakeSite(), EventQueue()
    link.happen()
    queue.collect(link)
    for _ in range(5):
        link.happen()
    link.forget(4)
    queue.collect(link)
    assert await drain(queue, 4) == [("alarm", 1), ("gap", 4), ("alarm", 5), ("alarm", 6)]
