"""How little the command line needs before it knows what it is to do."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "numba", "bms_emulator.profile.site", "multiprocessing")


@pytest.mark.parametrize("arguments", [["--help"], ["firmware", "trace", "--help"], ["run", "--help"]])
def test_help_needs_nothing_that_is_slow_to_import(arguments) -> None:
    code = (
        "import sys; from bms_emulator.cli import app\n"
        f"try: app({arguments!r})\n"
        "except SystemExit: pass\n"
        f"sys.exit(', '.join(name for name in {HEAVY!r} if name in sys.modules) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Usage" in ran.stdout
