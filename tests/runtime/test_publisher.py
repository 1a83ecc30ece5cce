import itertools

import numpy as np
import pytest

from bms_emulator.runtime.publisher import POINTS_INTERVAL, Publisher, _public_ranges
from bms_emulator.runtime.shared import Channels, new_memory
from tests.runtime.fakes import FakeEmulator, shape_of

COST = 1_000_000


@pytest.fixture
def emulator(site):
    return FakeEmulator(site)


@pytest.fixture
def channels(emulator):
    return Channels.create(new_memory(), shape_of(emulator))


@pytest.fixture
def shown(emulator, channels):
    """Whether points are shown at a time, after a publication at time 0 that cost 1 ms."""
    publisher = Publisher(emulator, channels)

    def at(now: int, *, changed: bool = False, cost: int = COST) -> bool:
        publisher._points_at, publisher._points_cost = 0, cost
        before = channels.points.published
        publisher.tick(now, changed=changed)
        return channels.points.published > before

    return at


def test_points_are_published_when_that_takes_at_most_a_tenth_of_the_time(shown):
    assert not shown(10 * COST - 1)
    assert shown(10 * COST)


def test_points_are_published_at_the_latest_after_100_ms(shown):
    assert not shown(POINTS_INTERVAL - 1, cost=30 * COST)
    assert shown(POINTS_INTERVAL, cost=30 * COST)


def test_points_are_published_at_once_after_a_command(shown):
    assert shown(1, changed=True)


def test_images_are_published_at_every_tick(emulator, channels):
    publisher = Publisher(emulator, channels)
    for n in range(1, 20):
        emulator.tick()
        publisher.tick(n, changed=False)
        image, tick, _ = channels.images.read(np.copy)
        assert tick == n
        assert (image[8:] == n).all()


def test_every_point_and_nothing_else_is_published(emulator, channels):
    layout = emulator.arena.layout
    emulator.arena.buffer[...] = 7.0
    Publisher(emulator, channels).points()
    values, _, _ = channels.points.read(np.copy)
    for slot in layout.slots.values():
        public = slot.group.public and slot.info.public
        assert (values[slot.offset : slot.offset + slot.size] == (7.0 if public else 0.0)).all(), slot.name


def test_ranges_are_joined_in_order_and_do_not_overlap(emulator):
    ranges = _public_ranges(emulator.arena.layout)
    assert all(a.stop < b.start for a, b in itertools.pairwise(ranges))
    assert len(ranges) < len(emulator.arena.layout.slots) / 3
