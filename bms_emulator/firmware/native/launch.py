"""Starts a worker process, with what connects it to the emulator."""

import os
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack
from typing import NamedTuple

_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; from bms_emulator.firmware.native.process import main;"
    " main(*map(int, sys.argv[1:4]))"
)
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The same order of sets in every run, and no threads of libraries of mathematics."""
_MESSAGE = 10
"""Longest wait for the next part of a message [s]."""


class Launched(NamedTuple):
    """A worker process.

    Attributes:
        process: The process.
        channel: Socket to it.
        output: What it prints; reading does not block.
        lifeline: Pipe whose end ends the process.
    """

    process: subprocess.Popen[bytes]
    channel: int
    output: int
    lifeline: int


def launch(memory: int, is_debugged: bool) -> Launched:
    """Start a worker process.

    Args:
        memory: File descriptor of the shared block.
        is_debugged: Whether it may stand still for as long as it likes.

    Raises:
        OSError: No process can be started.
    """
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON") or key == "PYTHONHOME"}
    with ExitStack() as on_failure, ExitStack() as always:
        ours, theirs = (always.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        if not is_debugged:  # a process that was stopped half-way through a long message
            for way in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, way, struct.pack("ll", _MESSAGE, 0))
        output, printing = os.pipe()
        on_failure.callback(os.close, output)
        always.callback(os.close, printing)
        life, lifeline = os.pipe()
        always.callback(os.close, life)
        on_failure.callback(os.close, lifeline)
        os.set_blocking(output, False)
        os.set_blocking(printing, False)  # what does not fit is lost, and nobody waits
        passed = theirs.fileno(), memory, life
        process = subprocess.Popen(
            [sys.executable, "-s", "-S", "-B", "-c", _BOOT, *map(str, passed), *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=printing,
            pass_fds=passed,
            env=kept | _ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for the emulator
        )
        on_failure.pop_all()
        channel = ours.detach()
    return Launched(process, channel, output, lifeline)
