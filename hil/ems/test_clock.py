"""Laws of the clock that is read from heartbeats."""

from hil.ems.clock import Clock
from hil.ems.device import Block, Device
from hil.ems.link import Link


class Beating(Device):
    """A device of which nothing is known but its heartbeat."""

    heartbeat_modulo = 256

    async def find(self) -> tuple[Block, ...]:
        return ()

    def show(self, count: float | None) -> None:
        """The heartbeat of a cycle; None where it did not answer."""
        self.fresh = count is not None
        if count is not None:
            self.values["heartbeat"] = count % self.heartbeat_modulo


def run(*counts: list[float | None]) -> float:
    devices = [Beating(f"device {n}", Link("", 0, 1)) for n in range(len(counts))]
    clock = Clock()
    for row in zip(*counts, strict=True):
        for device, count in zip(devices, row, strict=True):
            device.show(count)
        clock.advance(devices)
    return clock.now


def test_time_is_what_a_heartbeat_counted_across_its_overflow() -> None:
    assert run([250, 255, 260, 270]) == 20


def test_devices_that_are_read_at_different_moments_do_not_add_time() -> None:
    assert run([0, 3, 5, 9, 10, 14], [1, 2, 6, 8, 11, 13]) in (12, 14)


def test_time_goes_on_while_one_device_is_lost_and_does_not_leap_when_it_is_back() -> None:
    assert run([0, 10, None, None, 40, 50], [0, 10, 20, 30, 40, 50]) == 50


def test_a_heartbeat_that_stands_still_does_not_stop_time_for_long() -> None:
    assert run([0, 10, 10, 10, 10], [0, 10, 20, 30, 40]) == 40


def test_a_paused_site_stands_still() -> None:
    assert run([7, 7, 7], [9, 9, 9]) == 0
