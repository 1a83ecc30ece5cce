"""Whatever a register map of ours lets a master write does what the map says; for all maps, whichever there are."""

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from bms_emulator.interfaces.link import Command
from bms_emulator.interfaces.modbus.device import UnitPlan, Writable
from bms_emulator.interfaces.modbus.dispatch import Dispatcher
from bms_emulator.interfaces.modbus.load import KIND, load_map
from bms_emulator.interfaces.modbus.map import Block, Row, Table
from bms_emulator.interfaces.modbus.meaning import ElementsMeaning, KeptMeaning, PointMeaning
from bms_emulator.profile.folders import Folders
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.link import LocalLink
from tests.interfaces.modbus.test_conformance import pdu, write_many

MAPS = list(Folders.default().list(KIND))
TRIES = 40
"""Raw values that are tried to find one that a point takes, or refuses."""


@dataclass
class Rig:
    """An emulator whose only device has the map.

    Attributes:
        applied: Every command point right after the last command, before the firmware answered to it.
    """

    emulator: Emulator
    link: LocalLink
    dispatcher: Dispatcher
    units: tuple[UnitPlan, ...]
    applied: list[float] = field(default_factory=list)

    async def ask(self, unit: UnitPlan, request: bytes) -> bytes:
        answer = self.dispatcher.answer(unit.unit, request, "test")
        return answer if isinstance(answer, bytes) else await answer()

    def requests(self, table: Table, writable: Writable, data: bytes) -> list[bytes]:
        """A write by each function that does it."""
        words = [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]
        if table == "coil":
            many = struct.pack(">BHHBB", 15, writable.address, 1, 1, words[0])
            return [pdu(5, writable.address, 0xFF00 * words[0]), many]
        many = write_many(writable.address, *words)
        return [many] if len(words) > 1 else [many, pdu(6, writable.address, words[0])]

    def commands(self) -> list[float]:
        """Every command point."""
        commands: list[float] = self.emulator.arena.buffer[self.places].tolist()
        return commands

    def write_back(self, values: dict[int, float], places: Iterable[int]) -> None:
        """Give points the values back that they had, so that one row does not stand in the way of the next."""
        writes = [[at, values[at]] for at in places if not math.isnan(values[at])]
        assert self.emulator.apply(Command("write", "test", {"writes": writes})).accepted
        self.emulator.tick()

    def note(self) -> None:
        """A command has been applied."""
        self.applied = self.commands()

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Position of every command point."""
        slots = self.emulator.catalogue.layout.slots.values()
        commands = [slot for slot in slots if slot.group.source == "command"]
        return np.concatenate([np.arange(slot.offset, slot.offset + slot.size) for slot in commands])

    def shown(self, unit: UnitPlan, table: Table, writable: Writable) -> bytes:
        at = unit.locate(table, writable.address, writable.words)
        return self.link.image(at, at + 2 * writable.words)

    def now(self, writable: Writable) -> list[float]:
        return [float(self.emulator.arena.buffer[at]) for at in writable.meaning.offsets]


@cache
def rig_of(name: str) -> Rig:
    site = load_site("cabinet", {"container.rack_count": 2, "mqtt.broker": "off"})
    server = site.modbus.model_copy(update={"devices": (ModbusDevice(map=name, port=0),)})
    emulator = Emulator(site.model_copy(update={"modbus": server}))
    link = LocalLink(emulator, journal=lambda _command, _ack: rig.note())
    units = {unit.unit: unit for device in emulator.plan.devices for unit in device.units.values()}
    rig = Rig(emulator, link, Dispatcher(link, units), tuple(units.values()))
    return rig


def writables(rig: Rig) -> Iterator[tuple[UnitPlan, Table, Writable]]:
    """Every value that can be written and is somebody's, once."""
    for unit in rig.units:
        for table, rows in unit.writables.items():
            for at, writable in rows.items():
                if at == writable.address and writable.meaning.offsets:
                    yield unit, table, writable


def rows_of(block: Block) -> Iterator[tuple[str, Row]]:
    yield from ((f"{block.name}.{row.name}", row) for row in block.rows)
    for inner in block.blocks:
        yield from rows_of(inner)


def candidates(writable: Writable) -> Iterator[bytes]:
    """Registers to try: what the map names, values around the present limits, and the ends of the format."""
    size, meaning = 2 * writable.words, writable.meaning
    if isinstance(meaning, ElementsMeaning):
        yield from (raw.to_bytes(2, "big") for raw in (1, 0, 2, 0xFFFF))
        return
    assert isinstance(meaning, PointMeaning | KeptMeaning)
    if isinstance(meaning, KeptMeaning):
        raws = list(meaning.takes or (1, 2))
    else:
        scale = meaning.scale
        low, high = scale.family.limits or (-100.0, 100.0)
        low, high = max(low, -1e6), min(high, 1e6)
        raws = [*(scale.table or ()), *(scale.raw(low + (high - low) * n / 7) for n in range(8)), 0, 1, 2, 3]
    for raw in raws:
        data = meaning.form.pack(raw) if meaning.form.coding else None
        if data is None and math.isfinite(raw) and meaning.form.low <= round(raw) <= meaning.form.high:
            data = meaning.form.pack(round(raw))
        if data is not None:
            yield data
    yield from (bytes([byte]) * size for byte in (0x7F, 0xFF, 0x80, 0x00))
    yield from (bytes(size - 1) + bytes([byte]) for byte in range(TRIES))


def taken(writable: Writable, data: bytes) -> dict[int, float] | None:
    """What these registers do; None where they are refused."""
    try:
        return dict(writable.assignments(data))
    except ValueError:
        return None


def same(value: float, other: float) -> bool:
    return value == other or (math.isnan(value) and math.isnan(other))


def is_bit(writable: Writable, data: bytes, table: Table) -> bool:
    return table != "coil" or data in (b"\0\0", b"\0\1")


@pytest.mark.parametrize("name", MAPS)
async def test_every_legal_write_reaches_its_points_and_only_those(name: str) -> None:
    rig = rig_of(name)
    buffer = rig.emulator.arena.buffer
    shown = {
        label
        for unit in load_map(name).registers.units
        for block in unit.blocks
        for label, row in rows_of(block)
        if row.access == "rw" and row.write is None and row.modulo is None and not row.absolute
    }
    for unit, table, writable in writables(rig):
        legal = [data for data in candidates(writable) if is_bit(writable, data, table) and taken(writable, data)]
        assert legal, f"{writable.label}: no value is taken"
        present = writable.meaning.data(rig.now(writable))
        data = next((data for data in legal if data != present), legal[0])
        expected = taken(writable, data) or {}
        first = rig.commands()
        for function in rig.requests(table, writable, data):
            before = rig.commands()
            answer = await rig.ask(unit, function)
            assert not answer[0] & 0x80, (writable.label, data, answer)
            at_once = dict(zip(rig.places.tolist(), rig.applied, strict=True))
            assert {at: at_once[at] for at in expected} == expected, writable.label
            changed = {at for at, was in zip(rig.places.tolist(), before, strict=True) if not same(at_once[at], was)}
            assert changed <= expected.keys(), (writable.label, [rig.emulator.catalogue.at(at).name for at in changed])
            for at, value in expected.items():
                assert buffer[at] in (value, 0.0), f"{writable.label}: {rig.emulator.catalogue.at(at).name}"
            if writable.label in shown:
                now = rig.now(writable)
                untouched = now == [expected[at] for at in writable.meaning.offsets]
                exact = untouched and not isinstance(writable.meaning, ElementsMeaning)
                read = data if exact else writable.meaning.data(now)  # bits that stand for nothing read 0
                assert rig.shown(unit, table, writable) == read, writable.label
        rig.write_back(dict(zip(rig.places.tolist(), first, strict=True)), expected)


@pytest.mark.parametrize("name", MAPS)
async def test_every_illegal_write_is_refused_and_changes_nothing(name: str) -> None:
    rig = rig_of(name)
    for unit, table, writable in writables(rig):
        illegal = [
            data for data in candidates(writable) if is_bit(writable, data, table) and taken(writable, data) is None
        ]
        for function in rig.requests(table, writable, illegal[0]) if illegal else ():
            before = rig.commands()
            assert (await rig.ask(unit, function))[1:] == b"\x03", writable.label
            assert all(map(same, rig.applied, before)), writable.label
