"""Laws of a device behind a link."""

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from hil.ems.device import STALE, Block, Device
from hil.ems.link import LOST, REST_MAX, Link, LinkError
from hil.ems.registers import Field, decode, pack


class Wire(Link):
    """A link to registers in memory, which may be cut."""

    def __init__(self) -> None:
        super().__init__("", 0, 1)
        self.registers = [0, 0]
        self.written: list[tuple[int, tuple[int, ...]]] = []
        self.cut = False

    async def read(self, at: int, count: int) -> list[int]:
        self.requests += 1
        if self.cut:
            raise LinkError("cut")
        return self.registers[at : at + count]

    async def write(self, at: int, registers: Sequence[int]) -> None:
        if self.cut:
            raise LinkError("cut")
        self.written.append((at, tuple(registers)))


class Gauge(Device):
    """A device with a heartbeat and a value."""

    heartbeat_modulo = 65536

    async def find(self) -> tuple[Block, ...]:
        return (Block(0, 2, {"heartbeat": Field(0, plain=True), "value": Field(1)}),)


async def cycles(gauge: Gauge, count: int, *, beating: bool = True) -> None:
    for _ in range(count):
        gauge.link.registers[0] += beating  # type: ignore[attr-defined]
        await gauge.begin()
        gauge.watch(1.0)
        await gauge.send()


async def test_a_device_is_lost_after_so_many_failures_and_found_with_the_next_answer() -> None:
    wire = Wire()
    gauge = Gauge("gauge", wire)
    await cycles(gauge, 1)
    wire.cut = True
    await cycles(gauge, LOST - 1)
    assert gauge.available
    await cycles(gauge, 1)
    assert not gauge.available
    wire.cut = False
    await cycles(gauge, REST_MAX)
    assert gauge.available


async def test_a_lost_device_is_tried_ever_more_rarely() -> None:
    wire = Wire()
    wire.cut = True
    await cycles(Gauge("gauge", wire), 100)
    assert wire.requests < 25


async def test_a_device_whose_heartbeat_stands_still_is_not_believed_until_it_goes_on() -> None:
    gauge = Gauge("gauge", Wire())
    await cycles(gauge, 2)
    await cycles(gauge, int(STALE) + 1, beating=False)
    assert gauge.fresh
    assert not gauge.available
    await cycles(gauge, 1)
    assert gauge.available


async def test_what_is_kept_is_written_once_on_a_connection_and_a_pulse_ends_in_the_next_cycle() -> None:
    wire = Wire()
    gauge = Gauge("gauge", wire)
    for n in range(3):
        await gauge.begin()
        gauge.keep(7, "u16", 5)
        if n == 0:
            gauge.pulse(8, 1)
        await gauge.send()
    assert wire.written == [(7, (5,)), (8, (1,)), (8, (0,))]


async def test_orders_to_a_device_that_does_not_answer_are_dropped() -> None:
    wire = Wire()
    gauge = Gauge("gauge", wire)
    wire.cut = True
    await gauge.begin()
    gauge.order(7, "u16", 1)
    await gauge.send()
    wire.cut = False
    await cycles(gauge, 2)
    assert wire.written == []


@given(st.sampled_from(["i16", "i32"]), st.integers(-32767, 32767))
def test_a_number_survives_its_registers(kind: str, number: int) -> None:
    assert decode(Field(0, kind), pack(kind, number)) == number


def test_what_a_device_does_not_have_is_no_number() -> None:
    assert all(
        math.isnan(decode(Field(0, kind), pack(kind, none))) for kind, none in [("u16", 0xFFFF), ("i16", -32768)]
    )
