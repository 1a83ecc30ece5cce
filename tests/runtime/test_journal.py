import json
import math

import pytest

from bms_emulator import __version__
from bms_emulator.interfaces.link import Command
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.journal import Journal, JournalError, replay, state_hash
from bms_emulator.runtime.link import LocalLink

SEED = 11


@pytest.fixture
async def run(site, tmp_path):
    """A run with commands at several ticks, its emulator and its journal."""
    emulator = Emulator(site, SEED)
    path = tmp_path / "journal.jsonl"

    def write(**values) -> Command:
        pairs = [[emulator.catalogue.find(name.replace("__", "."))[1], value] for name, value in values.items()]
        return Command("write", "test", {"writes": pairs})

    with Journal(path, site, SEED) as journal:
        link = LocalLink(emulator, journal=journal.record)
        await link.command(write(emulator__speed=math.inf, request=1.0))
        link.step(40)
        await link.command(write(pcs__power_setpoint=12345.678901234567, pcs__setpoint_enabled=1.0))
        link.step(25)
        refused = await link.command(write(pcs__setpoint_enabled=7.0))
        assert not refused.accepted
        link.step(35)
        journal.end(emulator)
    return emulator, path


async def test_a_replay_ends_in_the_same_state_bit_for_bit(run):
    emulator, path = run
    again = replay(path)
    assert again.tick_count == emulator.tick_count == 103
    assert again.arena.buffer.tobytes() == emulator.arena.buffer.tobytes()
    assert again.images.tobytes() == emulator.images.tobytes()
    assert state_hash(again) == state_hash(emulator)


async def test_a_replay_that_differs_says_where(run):
    _, path = run
    lines = path.read_text().splitlines()
    command = json.loads(lines[2])
    command["args"]["writes"][0][1] = 12345.0
    path.write_text("\n".join([*lines[:2], json.dumps(command), *lines[3:]]))
    with pytest.raises(JournalError, match=r"journal.jsonl:5: the state at tick 103 is not that of the run"):
        replay(path)


async def test_a_command_that_fares_otherwise_in_the_replay_is_told(run):
    _, path = run
    lines = path.read_text().replace('"accepted":false', '"accepted":true').splitlines()
    path.write_text("\n".join(lines))
    with pytest.raises(JournalError, match=r"journal.jsonl:4: write was accepted in the run"):
        replay(path)


async def test_a_journal_that_was_cut_off_is_repeated_to_its_last_command(run):
    _, path = run
    path.write_text("\n".join(path.read_text().splitlines()[:3]))
    assert replay(path).tick_count == 41


async def test_an_altered_profile_is_refused(run):
    _, path = run
    path.write_text(path.read_text().replace('"soc_percent":', '"soc_percent":1', 1))
    with pytest.raises(JournalError, match="the profile is not the one whose hash stands beside it"):
        replay(path)


async def test_a_journal_of_another_version_is_refused(run):
    _, path = run
    path.write_text(path.read_text().replace(f'"version":"{__version__}"', '"version":"0.0.1"', 1))
    with pytest.raises(JournalError, match=r"written by version 0\.0\.1"):
        replay(path)


@pytest.mark.parametrize("text", ["", "{}", '{"journal":1', "[]"])
def test_a_file_that_is_no_journal_is_refused(tmp_path, text):
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(JournalError, match=r"other.jsonl:1"):
        replay(path)


async def test_the_state_hash_sees_every_bit_but_not_the_punctuality(run):
    emulator, _ = run
    before = state_hash(emulator)
    emulator.arena["emulator.lateness_max"][...] = 1.0
    assert state_hash(emulator) == before
    voltage = emulator.arena["plant.cells.voltage"]
    voltage[0, 0] = math.nextafter(voltage[0, 0], 9.0)
    assert state_hash(emulator) != before
