"""A small process that outlives a crash of the tests: it waits for its input to end, and then does what is left to do.

    python -m bms_emulator.testing.guard safe RIG-FILE      make a real battery safe
    python -m bms_emulator.testing.guard run PROGRAM ...    end a program, which it has started

Whoever starts it keeps its standard input open and, when all is well, says ``released``.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

RELEASED: Final = b"released\n"
PATIENCE: Final = 5.0
"""Longest wait for a program to end by itself [s]."""


class Guard:
    """The process, as those see it who start it.

    Args:
        arguments: What it is to do.
    """

    def __init__(self, *arguments: str) -> None:
        command = (sys.executable, "-m", __name__, *arguments)
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """All is well; end the process."""
        self._process.communicate(RELEASED)


def main(arguments: Sequence[str]) -> int:
    """Wait, and then do what is left to do; the exit code."""
    what, *rest = arguments
    process = subprocess.Popen(rest, stdin=subprocess.DEVNULL, start_new_session=True) if what == "run" else None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # those who started it may be stopped so
    said = sys.stdin.buffer.read()
    if process is not None:
        _end(process)
    elif said != RELEASED:
        _make_safe(Path(rest[0]))
    return 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _make_safe(file: Path) -> None:
    from bms_emulator.testing.rigs.drive import drive
    from bms_emulator.testing.rigs.rig_file import read_rig

    rig = read_rig(file)
    assert rig.under_test.bms is not None
    driver = drive(rig, rig.load_site())
    for name, value in rig.under_test.bms.safe.items():
        try:
            driver.write({name: value})
        except Exception as error:  # the others still have to be written
            sys.stderr.write(f"guard: {name} = {value}: {error}\n")
    driver.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
