"""What is kept of users' firmware for those who look for its faults."""

from dataclasses import dataclass
from pathlib import Path

STEPS = 1000
"""How many steps are kept where nothing else is said; a step of 416 cells has 13 kB."""


@dataclass(frozen=True)
class TraceOptions:
    """What is kept, and where.

    Attributes:
        folder: For traces of failures; made where there is one to write.
        steps: How many steps before a failure are kept.
        everything: Whether all steps go to a file, from the first on.
    """

    folder: Path = Path("firmware-traces")
    steps: int = STEPS
    everything: bool = False
