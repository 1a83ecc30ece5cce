"""What a firmware may use of the machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a firmware may use.

    Attributes:
        memory: On top of what the worker has before the library is loaded [bytes].
        start_time: To load, describe and create [s].
        step_time: For any other call; beyond, it hangs [s].
        cpu: Processor time of the whole run [s].
        printed: Text that is kept of what it prints between two answers [bytes].
    """

    memory: int = 256 << 20
    start_time: float = 10.0
    step_time: float = 1.0
    cpu: float = 30 * 86400.0
    printed: int = 16384
