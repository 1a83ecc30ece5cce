"""Functions and lines of source for a backtrace, where the library has them and ``addr2line`` is installed."""

import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

_TIMEOUT = 10.0
"""Longest wait for the program [s]."""


def source_lines(frames: Sequence[dict[str, Any]]) -> list[str]:
    """One line for every frame, ``function at file:line`` where known, else ``library+offset``.

    Args:
        frames: As in the details of a ``FirmwareError``.
    """
    return [f"#{place} {_line(frame)}" for place, frame in enumerate(frames)]


def _line(frame: dict[str, Any]) -> str:
    symbol = f" ({frame['symbol']})" if frame["symbol"] else ""
    plain = f"{frame['library']}+{frame['offset']:#x}{symbol}"
    program = shutil.which("addr2line")
    if program is None or "path" not in frame:
        return plain
    command = [program, "-e", frame["path"], "-f", "-C", "-p", hex(frame["offset"])]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return plain
    text = answer.stdout.strip().split(" (discriminator")[0]
    return plain if "??" in text else text
