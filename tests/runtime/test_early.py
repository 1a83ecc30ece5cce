"""An engine that is begun before its site is known runs what it is told, and is gone where it is told nothing."""

import multiprocessing

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.runtime import supervisor
from bms_emulator.runtime.early import EarlyEngine
from bms_emulator.runtime.options import RunOptions


def test_an_engine_that_is_told_nothing_ends() -> None:
    with EarlyEngine() as early:
        assert early.process.is_alive()
    assert not early.process.is_alive()


def test_an_early_engine_runs_a_site_as_any_other() -> None:
    told: list[tuple[str, dict[str, object]]] = []
    with EarlyEngine() as early:
        options = RunOptions(duration=1.0)
        site = load_site("cabinet")
        code = supervisor.run(site, options, lambda *what: told.append(what), supervisor.ROLES[:1], early)
    assert code == 0
    assert told[-1][0] == "finished"
    assert told[-1][1]["ticks"] == round(1.0 / (site.step_ms * 1e-3))


@pytest.mark.parametrize("wanted", ["TERM", "KILL"])
def test_an_early_engine_that_has_died_is_a_run_that_failed(wanted: str) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    with EarlyEngine() as early:
        (early.process.terminate if wanted == "TERM" else early.process.kill)()
        early.process.join()
        site = load_site("cabinet")
        code = supervisor.run(site, RunOptions(), lambda *what: told.append(what), supervisor.ROLES[:1], early)
    assert code == 1
    assert told[-1][0] == "failed"
    assert not multiprocessing.active_children()
