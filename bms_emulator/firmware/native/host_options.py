"""What a run may be told of users' firmware beside its site profile: what to record, and what to debug."""

from collections.abc import Callable
from dataclasses import dataclass

from bms_emulator.firmware.native.trace_options import TraceOptions


def _nobody_comes(rack: str, pid: int) -> None:
    raise RuntimeError(f"{rack}: nobody attaches a debugger to process {pid}")


@dataclass(frozen=True)
class HostOptions:
    """Options of a host.

    Attributes:
        traces: What to record; None is nothing.
        debugged: Names of racks whose workers have no limits of time and wait for a debugger.
        attach: Given the name of such a rack and its process, waits until a debugger is attached.
    """

    traces: TraceOptions | None = None
    debugged: frozenset[str] = frozenset()
    attach: Callable[[str, int], None] = _nobody_comes
