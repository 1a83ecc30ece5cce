"""Time as the devices count it: an emulator may run at any speed, and a paused one stands still."""

from collections.abc import Sequence

from hil.ems.device import Device

PATIENCE = 5.0
"""Time by which others may run ahead while the heartbeat that time is read from stands still [s]."""


class Clock:
    """Simulated time, from the heartbeat of one device as long as that goes on, then from that of another.

    Attributes:
        now: Time since the first cycle [s].
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._seen: dict[str, float] = {}
        self._source = ""
        self._behind = 0.0

    def advance(self, devices: Sequence[Device]) -> float:
        """Time that has passed since the last cycle [s]; 0 where no device answered in both."""
        beating = [device for device in devices if device.heartbeat_modulo and device.fresh]
        moved = {
            device.name: (device["heartbeat"] - self._seen[device.name]) % device.heartbeat_modulo
            for device in beating
            if device.name in self._seen
        }
        self._seen = {device.name: device["heartbeat"] for device in beating}
        if not moved:
            return 0.0
        fastest = max(moved, key=lambda name: moved[name])
        self._behind = 0.0 if moved.get(self._source) else self._behind + moved[fastest]
        if self._source not in moved or self._behind > PATIENCE:
            self._source = fastest
        self.now += moved[self._source]
        return moved[self._source]
