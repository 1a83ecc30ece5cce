"""The fixture ``faults``: faults at a rig, which end with the test."""

from typing import Any

from bms_emulator.testing.rig import Conduct


class Faults:
    """Faults that a test injects.

    Args:
        conduct: The rig.
    """

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct
        self._names: list[str] = []

    def __call__(self, kind: str, target: str, name: str | None = None, **parameters: Any) -> str:
        """Add a fault; its name. RefusedError: it is none that can be."""
        added: str = self._conduct.fault(kind, target, name, **parameters)["name"]
        self._names = [*(known for known in self._names if known != added), added]
        return added

    @property
    def names(self) -> tuple[str, ...]:
        """Faults that were added and not cleared here."""
        return tuple(self._names)

    def clear(self, *names: str) -> list[str]:
        """Clear faults by name, or all that were added here."""
        cleared = self._conduct.clear(*(names or self._names)) if names or self._names else []
        self._names = [name for name in self._names if name not in cleared]
        return cleared
