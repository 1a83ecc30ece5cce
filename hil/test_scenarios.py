"""Every shipped scenario passes against the reference firmware."""

from pathlib import Path

import pytest

from bms_emulator.testing.record import Verdict
from bms_emulator.testing.scenario.load import load_scenario
from bms_emulator.testing.scenario.run import run_stepped

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_passes(path: Path) -> None:
    record = run_stepped(load_scenario(str(path)))
    assert record.verdict is Verdict.PASSED, record.reason
