"""The optional libraries that a validation needs."""

from importlib.util import find_spec
from typing import Final

EXTRA: Final = "lab"
LIBRARIES: Final = ("plotly", "scipy", "thevenin")


def missing() -> list[str]:
    """Libraries of the extra that are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]
