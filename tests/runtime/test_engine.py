import asyncio
import json
import math

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.runtime.clock import StepClock
from bms_emulator.runtime.engine import STATUS_INTERVAL, Engine
from bms_emulator.runtime.journal import Journal
from bms_emulator.runtime.link import SharedLink
from bms_emulator.runtime.loop import Gap
from bms_emulator.runtime.memory import Memory
from bms_emulator.runtime.options import RunOptions
from bms_emulator.runtime.shared import Channels, SharedMemoryError, new_memory, profile_hash
from tests.runtime.fakes import FakeEmulator, shape_of


class Rig:
    """An engine and a link over one shared memory, the loop stepped by hand."""

    def __init__(self, site, journal=None, **options) -> None:
        self.emulator = FakeEmulator(site)
        self.memory = new_memory()
        self.clock = StepClock()
        channels = Channels.create(self.memory, shape_of(self.emulator))
        self.engine = Engine(self.emulator, channels, self.clock, RunOptions(**options), journal)
        self.engine.start((), {})
        layout_size = self.emulator.arena.layout.size
        attached = Channels.attach(self.memory, profile_hash(site), layout_size)
        self.links = [SharedLink(self.emulator.catalogue, attached, n) for n in range(2)]
        self.link = self.links[0]

    def at(self, name: str) -> int:
        return self.emulator.catalogue.find(name)[1]

    async def ask(self, command: Command, link=None):
        """Send a command, let one tick pass, return the answer."""
        answer = asyncio.ensure_future((link or self.link).command(command))
        await asyncio.sleep(0)
        self.tick()
        return await answer

    def tick(self) -> None:
        self.clock.advance(100_000_000)
        self.engine.loop.count_first()
        self.engine.tick()


@pytest.fixture
def rig(site):
    return Rig(site)


def write(*pairs) -> Command:
    return Command("write", "test", {"writes": [list(pair) for pair in pairs]})


def test_the_first_publication_is_there_before_readers_are_let_in(rig):
    assert rig.memory.view()[16] == 1  # ready
    values, tick, time = rig.link.values(np.array([rig.at("rack[1].cell[1].voltage")]))
    assert (values[0], tick, time) == (1.0, 1, rig.emulator.dt)
    assert rig.link.image(8, 12) == b"\1\1\1\1"


async def test_an_answer_carries_the_tick_and_comes_after_its_effect_is_visible(rig):
    speed = rig.at("emulator.speed")
    for _ in range(3):
        rig.tick()
    ack = await rig.ask(write((speed, 5.0)))
    assert ack.accepted
    assert (ack.tick, ack.time) == (4, pytest.approx(4 * rig.emulator.dt))
    assert rig.link.values(np.array([speed]))[0][0] == 5.0
    assert np.frombuffer(rig.link.image(0, 8))[0] == 5.0


async def test_commands_of_a_pause_are_applied_shown_and_answered_without_a_tick(rig):
    speed = rig.at("emulator.speed")
    answer = asyncio.ensure_future(rig.link.command(write((speed, 0.0))))
    await asyncio.sleep(0)
    rig.engine.between()
    assert (await answer).tick == 1
    assert rig.emulator.tick_count == 1
    assert rig.link.values(np.array([speed]))[0][0] == 0.0
    assert np.frombuffer(rig.link.image(0, 8))[0] == 0.0


async def test_ten_thousand_commands_are_applied_once_each_and_in_order(site):
    rig = Rig(site)
    at = rig.at("emulator.speed")
    applied: list[tuple[str, float]] = []
    apply = rig.emulator.apply

    def noted(command):
        applied.append((command.origin, command.args["writes"][0][1]))
        return apply(command)

    rig.emulator.apply = noted

    async def produce(link, origin):
        for start in range(0, 5000, 250):
            commands = [Command("write", origin, {"writes": [[at, float(n)]]}) for n in range(start, start + 250)]
            acks = await asyncio.gather(*map(link.command, commands))
            assert all(ack.accepted for ack in acks)
            assert [ack.result["writes"][0][1] for ack in acks] == list(range(start, start + 250))

    async def turn():
        while True:
            rig.tick()
            await asyncio.sleep(0)

    turning = asyncio.ensure_future(turn())
    await asyncio.gather(produce(rig.links[0], "a"), produce(rig.links[1], "b"))
    turning.cancel()
    for origin in "ab":
        assert [value for who, value in applied if who == origin] == list(range(5000))
    assert rig.link.status()["commands"]["answers_lost"] == 0


async def test_a_command_that_finds_the_queue_full_is_refused_at_once(rig):
    big = Command("write", "test", {"writes": [], "padding": "x" * 300_000})
    answers = [asyncio.ensure_future(rig.link.command(big)) for _ in range(4)]
    await asyncio.sleep(0)
    refused = await asyncio.wait_for(answers[3], 1)
    assert not refused.accepted
    assert "too many commands wait" in refused.message
    assert refused.tick == 1
    rig.tick()
    assert [ack.accepted for ack in await asyncio.gather(*answers[:3])] == [True] * 3


async def test_a_command_that_nobody_answers_times_out(rig, monkeypatch):
    monkeypatch.setattr("bms_emulator.runtime.link.ANSWER_TIMEOUT", 0.01)
    with pytest.raises(TimeoutError):
        await rig.link.command(write())
    rig.tick()  # the late answer is for nobody
    assert (await rig.ask(write())).accepted


async def test_answers_to_a_dead_server_are_for_nobody_in_its_successor(rig, site):
    orphan = asyncio.ensure_future(rig.link.command(write()))
    await asyncio.sleep(0)
    orphan.cancel()
    channels = Channels.attach(rig.memory, profile_hash(site), rig.emulator.arena.layout.size)
    successor = SharedLink(rig.emulator.catalogue, channels, 0)
    rig.tick()
    ack = await rig.ask(write((rig.at("emulator.speed"), 3.0)), successor)
    assert ack.result["writes"][0][1] == 3.0


async def test_a_refused_command_says_why_and_leaves_an_event(rig):
    ack = await rig.ask(Command("paint", "mqtt:7", {}))
    assert not ack.accepted
    assert ack.message == "paint: no such command"
    event = rig.link.events(0)[-1]
    assert (event.kind, event.source, event.data["refused"]) == ("command", "mqtt:7", "paint: no such command")


async def test_faults_stand_in_the_status_when_their_command_is_answered(rig):
    fault = {"kind": "open_wire", "gain": math.nan}
    await rig.ask(Command("fault_add", "test", {"fault": fault}))
    [shown] = rig.link.status()["faults"]
    assert shown["kind"] == "open_wire"
    assert math.isnan(shown["gain"])
    assert rig.link.events(0)[-1].kind == "fault"
    assert rig.link.events(rig.link.events(0)[-1].sequence) == []


def test_the_status_accounts_for_every_tick_and_is_renewed_in_time(rig):
    for _ in range(10):
        rig.tick()
    rig.clock.advance(STATUS_INTERVAL)
    rig.tick()
    status = rig.link.status()
    assert status["tick"] == status["ticks_run"] == status["ticks_due"] == 12
    assert status["ticks_skipped"] == 0
    values, _, _ = rig.link.values(np.array([rig.at("emulator.ticks_due"), rig.at("emulator.tick")]))
    assert values[0] == 12
    assert rig.link.status() is rig.link.status()  # read once for each publication


def test_real_time_priority_is_held_at_real_time_only_and_given_up_when_late(rig):
    held = []
    rig.engine._set_realtime = lambda wanted: held.append(wanted) or wanted
    speed = rig.emulator.arena["emulator.commands.speed"]
    for value in (1.0, 0.5, 300.0, math.inf, 1.0, 0.0):
        speed[...] = value
        rig.engine.speed()
    assert held == [True, False, True, False]
    speed[...] = 1.0
    rig.engine.speed()
    rig.engine.gap(Gap(3, skipped=True))
    assert held[-2:] == [True, False]


def test_too_many_faults_to_show_are_counted_instead(rig):
    rig.emulator.active = [{"name": "x" * 1000}] * 6000
    rig.clock.advance(STATUS_INTERVAL)
    rig.tick()
    status = rig.link.status()
    assert status["faults"] == []
    assert status["faults_omitted"] == 6000


def test_the_run_ends_when_its_duration_is_over(site):
    rig = Rig(site, duration=5.0)
    rig.engine.loop.run()
    assert rig.emulator.tick_count == round(5.0 / rig.emulator.dt)


def test_the_run_ends_when_a_stop_is_asked_for(rig):
    rig.engine._channels.header.request_stop()
    rig.engine.loop.run()
    assert rig.emulator.tick_count == 1


def test_an_exception_in_the_tick_ends_the_loop(rig):
    rig.emulator.fail_at = 20
    with pytest.raises(FloatingPointError):
        rig.engine.loop.run()
    assert rig.emulator.tick_count == 20


def test_a_command_refused_at_the_start_ends_the_run_before_it_begins(site):
    emulator = FakeEmulator(site)
    channels = Channels.create(new_memory(), shape_of(emulator))
    engine = Engine(emulator, channels, StepClock(), RunOptions())
    with pytest.raises(ValueError, match="paint given at the start: paint: no such command"):
        engine.start((Command("paint", "cli"),), {})


async def test_the_journal_holds_every_command_with_its_tick(site, tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path, site, 7) as journal:
        rig = Rig(site, journal)
        await rig.ask(write((rig.at("emulator.speed"), math.inf)))
        await rig.ask(Command("paint", "test", {}))
    header, first, second = map(json.loads, path.read_text().splitlines())
    assert (header["site"], header["seed"], header["profile"]) == (site.name, 7, profile_hash(site))
    assert (first["tick"], first["accepted"], first["args"]["writes"][0][1]) == (1, True, math.inf)
    assert (second["tick"], second["accepted"], second["op"]) == (2, False, "paint")


def test_memory_of_another_site_or_version_is_refused(rig, site):
    size = rig.emulator.arena.layout.size
    with pytest.raises(SharedMemoryError, match=r"belongs to another site: its site profile .* its arena"):
        Channels.attach(rig.memory, "0" * 64, size + 8)
    with pytest.raises(SharedMemoryError, match="no shared memory of version 1"):
        Channels.attach(Memory(4096), profile_hash(site), size)


def test_arrays_that_are_no_points_stay_private(rig):
    hidden = rig.emulator.arena.layout.slots["plant.cells.v_rc1"]
    rig.emulator.arena["plant.cells.v_rc1"][...] = 0.5
    rig.clock.advance(10**9)
    rig.tick()
    assert rig.link.values(slice(hidden.offset, hidden.offset + 4))[0].tolist() == [0.0] * 4
