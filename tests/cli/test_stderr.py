import os
import subprocess
import sys

from bms_emulator.cli.stderr import STDERR, StandardError


def test_lines_of_this_process_and_of_its_children_are_told_in_order(capfd):
    told: list[str] = []
    with StandardError(told.append):
        os.write(STDERR, b"one\n")
        subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('two\\nthree')"], check=True)
    assert told == ["one", "two", "three"]
    os.write(STDERR, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"
