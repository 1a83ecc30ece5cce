"""The library of tests finds protections that are set wrongly, and finds fault with no others."""

import subprocess
import sys
from pathlib import Path

from bms_emulator.profile.loader import load_site
from bms_emulator.testing.record import Verdict
from bms_emulator.testing.report.document import read_report
from bms_emulator.testing.rigs.rig_file import read_rig

ROOT = Path(__file__).parents[2]
WEAK = {
    "cell_overvoltage",
    "cell_undervoltage",
    "overtemperature_discharge",
    "temperature_spread",
    "current_sensor_mismatch",
}
SOUND = {"cell_voltage_spread", "overtemperature_charge", "undertemperature_charge", "rack_undervoltage", "soc_low"}


def test_the_weak_rig_weakens_the_alarms_that_it_names() -> None:
    settings = read_rig(ROOT / "hil/rigs/weak-thresholds.yaml").settings
    alarms = load_site("demo").firmware.alarms
    assert {alarms[int(path.split(".")[2])].id for path in settings} == WEAK


def test_tests_of_weak_protections_fail_and_those_of_sound_ones_pass(tmp_path: Path) -> None:
    wanted = "test_levels_set and ({})".format(" or ".join(f"[{name}]" for name in sorted(WEAK | SOUND)))
    options = ["-q", "-p", "no:cacheprovider", "--rig", "weak-thresholds", "--report", str(tmp_path), "-k", wanted]
    subprocess.run(
        [sys.executable, "-m", "pytest", "hil/test_protection.py", *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        timeout=300,
    )
    verdicts = {
        record.name.rpartition("[")[2].rstrip("]"): record.verdict
        for record in read_report(tmp_path / "report.json").records
    }
    assert {name for name, verdict in verdicts.items() if verdict is Verdict.FAILED} == WEAK
    assert {name for name, verdict in verdicts.items() if verdict is Verdict.PASSED} == SOUND
