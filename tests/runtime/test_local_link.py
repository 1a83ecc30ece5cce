import asyncio

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.runtime.link import LocalLink
from tests.runtime.fakes import FakeEmulator


@pytest.fixture
def emulator(site):
    return FakeEmulator(site)


async def test_in_tick_mode_a_command_is_applied_at_once_and_one_tick_is_run(emulator):
    link = LocalLink(emulator)
    _, speed = emulator.catalogue.find("emulator.speed")
    ack = await link.command(Command("write", "test", {"writes": [[speed, 2.0]]}))
    assert ack.accepted
    assert ack.tick == 0
    assert link.values(np.array([speed]))[0][0] == 2.0
    assert link.status()["tick"] == 1
    assert link.image(8, 9) == b"\1"


async def test_in_wait_mode_a_command_waits_for_the_next_step(emulator):
    link = LocalLink(emulator, "wait")
    link.step(3)
    answer = asyncio.ensure_future(link.command(Command("fault_add", "test", {"fault": {"kind": "x"}})))
    await asyncio.sleep(0)
    assert emulator.faults() == []
    link.step()
    assert (await answer).tick == 3
    assert emulator.faults() == [{"kind": "x"}]
    [event] = link.events(0)
    assert (event.sequence, event.tick, event.kind) == (1, 4, "fault")
    assert link.events(1) == []


async def test_a_command_that_nobody_steps_times_out_and_does_no_harm_later(emulator, monkeypatch):
    monkeypatch.setattr("bms_emulator.runtime.link.ANSWER_TIMEOUT", 0.01)
    link = LocalLink(emulator, "wait")
    with pytest.raises(TimeoutError):
        await link.command(Command("paint", "test"))
    link.step()
    assert emulator.tick_count == 1


async def test_every_command_is_journaled(emulator):
    noted = []
    link = LocalLink(emulator, journal=lambda command, ack: noted.append((command.op, ack.accepted)))
    await link.command(Command("paint", "test"))
    await link.command(Command("write", "test", {"writes": []}))
    assert noted == [("paint", False), ("write", True)]
