"""Room of a block for what is not there, and what a master writes to it."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from bms_emulator.interfaces.modbus.dispatch import Dispatcher
from bms_emulator.interfaces.modbus.layout import LayoutError
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from tests.interfaces.fakes import FakeLink
from tests.interfaces.modbus.compiled import compiled
from tests.interfaces.modbus.test_conformance import pdu, write_many

USED = {"name": "used", "type": "u16", "point": "rack.enabled", "access": "rw"}
ROOM = 4


def registers(block: dict[str, Any], *, outside: bool = False) -> RegisterMap:
    usage = {"name": "usage", "over": "rack", "rows": [USED], **block}
    control = usage if outside else {"name": "control", "size": 8, "blocks": [usage]}
    return RegisterMap.model_validate(
        {
            "name": "mine",
            "description": "For this test.",
            "source": "this test",
            "identity": {"vendor": "v", "product_code": "p"},
            "units": [{"name": "unit", "blocks": [control]}],
        }
    )


@pytest.fixture
def link() -> FakeLink:
    return FakeLink(load_site("cabinet", {"container.rack_count": 2}))


async def answer(link: FakeLink, request: bytes, **block: Any) -> bytes:
    """What a map with such a block answers."""
    unit = compiled(registers(block), Catalogue(link.site)).units["unit"]
    told = Dispatcher(link, {1: replace(unit, unit=1)}).answer(1, request, "test")
    return told if isinstance(told, bytes) else await told()


async def test_one_request_writes_what_is_there_and_passes_over_what_is_not(link: FakeLink) -> None:
    spare = {"most": ROOM, "spare": "ignore"}
    assert (await answer(link, write_many(0, 0, 1, 7, 8), **spare))[0] == 16
    [command] = link.commands
    assert [value for _, value in command.args["writes"]] == [0.0, 1.0]
    assert (await answer(link, pdu(6, 3, 9), **spare))[0] == 6
    assert (await answer(link, pdu(6, ROOM, 9), **spare))[1:] == b"\x02"


async def test_without_being_told_so_a_device_refuses_the_whole_request(link: FakeLink) -> None:
    assert (await answer(link, write_many(0, 0, 1, 7, 8), most=ROOM))[1:] == b"\x02"


def test_there_is_no_room_to_spare_where_none_is_given_or_where_room_is_undefined() -> None:
    with pytest.raises(ValidationError, match="goes with most"):
        registers({"spare": "ignore"})
    with pytest.raises(ValidationError, match="goes with a block within a block"):
        registers({"spare": "ignore", "most": ROOM}, outside=True)


SIZED = {"name": "used", "type": "packed", "point": "rack.enabled", "elements": {"over": "rack", "width": 1}, "size": 3}


async def test_registers_that_elements_do_not_need_read_0_and_pass_over_what_is_written(link: FakeLink) -> None:
    block = {"over": None, "rows": [{**SIZED, "access": "rw"}, {**USED, "point": "soc_reserve_max", "type": "f32"}]}
    found = compiled(registers(block), Catalogue(link.site))
    assert found.image(link.arena.buffer)[:6] == b"\0\3\0\0\0\0"
    assert (await answer(link, write_many(0, 1, 7, 8), **block))[0] == 16
    [command] = link.commands
    assert [value for _, value in command.args["writes"]] == [1.0, 0.0]
    assert (await answer(link, pdu(6, 2, 9), **block))[0] == 6


def test_elements_must_fit_the_registers_that_they_are_given(link: FakeLink) -> None:
    wide = {**SIZED, "elements": {"over": "rack", "width": 8}, "size": 1}
    site = load_site("cabinet", {"container.rack_count": 3})
    with pytest.raises(LayoutError) as caught:
        compiled(registers({"over": None, "rows": [wide]}), Catalogue(site))
    assert [message for _, message in caught.value.complaints] == ["used: size = 1: 3 elements need 2 registers"]
