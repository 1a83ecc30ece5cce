"""Skipping years: a command like any other, journaled and repeated bit for bit; what the firmware learns of it."""

import math

import numpy as np
import pytest

from bms_emulator.interfaces.link import Command
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.journal import Journal, replay, state_hash
from bms_emulator.runtime.link import LocalLink

SEED = 5


def fast_forward(days: object) -> Command:
    return Command("fast_forward", "test", {"days": days})


@pytest.fixture
def emulator(site):
    return Emulator(site, SEED)


def test_years_are_skipped_while_the_clock_stands(emulator):
    emulator.tick()
    soc, power = emulator.arena["plant.cells.soc"].copy(), emulator.arena["plant.pcs.power"].copy()
    ack = emulator.apply(fast_forward(1826.25))
    assert ack.accepted
    assert ack.tick == emulator.tick_count == 1
    assert ack.result["duty"] == "declared"
    assert ack.result["before"]["soh_mean"] == pytest.approx(1.0, abs=1e-3)
    assert 0.8 < ack.result["after"]["soh_mean"] < 0.9
    assert ack.result["after"]["age_years"] == pytest.approx(5.0, abs=1e-3)
    assert (emulator.arena["plant.cells.soc"] == soc).all()
    assert (emulator.arena["plant.pcs.power"] == power).all()
    emulator.tick()
    assert np.isfinite(emulator.arena["plant.cells.voltage"]).all()


def test_the_firmware_learns_by_a_capacity_test_and_by_nothing_else(emulator):
    rated = emulator.site.container.rack.pack.cell.rated_capacity_ah * 3600.0
    assert (emulator.arena["firmware.racks.soh"] == 1.0).all()
    emulator.apply(fast_forward(3652.5))
    tested = emulator.arena["plant.cells.capacity"].mean(axis=1)
    assert emulator.arena["firmware.persistent.capacity"] == pytest.approx(tested)
    assert emulator.arena["firmware.racks.soh"] == pytest.approx(tested / rated)
    emulator.tick()
    assert emulator.arena["firmware.bank.soh"] == pytest.approx(tested.mean() / rated)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "needs days"),
        ({"days": -1}, "must be more than 0"),
        ({"days": math.nan}, "must be more than 0"),
        ({"days": 1e9}, "at most 36525"),
        ({"days": "soon"}, "could not convert"),
    ],
)
def test_what_cannot_be_skipped_is_refused_and_changes_nothing(emulator, args, message):
    before = emulator.arena.buffer.tobytes()
    ack = emulator.apply(Command("fast_forward", "test", args))
    assert not ack.accepted
    assert message in ack.message
    assert emulator.arena.buffer.tobytes() == before


async def test_skipped_years_are_repeated_from_the_journal_bit_for_bit(site, tmp_path):
    emulator, path = Emulator(site, SEED), tmp_path / "journal.jsonl"
    with Journal(path, site, SEED) as journal:
        link = LocalLink(emulator, journal=journal.record)
        link.step(12)
        assert (await link.command(fast_forward(400.25))).accepted
        link.step(15)
        assert (await link.command(fast_forward(10))).accepted
        assert not (await link.command(fast_forward(0))).accepted
        link.step(3)
        journal.end(emulator)
    again = replay(path)
    assert again.arena.buffer.tobytes() == emulator.arena.buffer.tobytes()
    assert state_hash(again) == state_hash(emulator)


def test_a_snapshot_goes_on_like_the_run_that_it_was_taken_of(emulator, site):
    emulator.apply(fast_forward(100))
    snapshot = emulator.arena.buffer.copy()
    emulator.apply(fast_forward(250))
    after = emulator.arena.buffer.tobytes()
    other = Emulator(site, SEED)
    other.arena.buffer[...] = snapshot
    other.apply(fast_forward(250))
    assert other.arena.buffer.tobytes() == after


def test_skipping_is_told_as_an_event(emulator):
    emulator.take_events()
    emulator.apply(fast_forward(365))
    [(kind, _, data)] = emulator.take_events()
    assert (kind, data["op"], data["days"]) == ("command", "fast_forward", 365.0)
