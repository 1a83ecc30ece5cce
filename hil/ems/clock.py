"""Time as the devices count it: an emulator may run at any speed, and a paused one stands still."""

from collections.abc import Iterable

from hil.ems.device import Device


class Clock:
    """Simulated time, from the heartbeats of the devices.

    Attributes:
        now: Time since the first cycle [s].
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._seen: dict[str, float] = {}

    def advance(self, devices: Iterable[Device]) -> float:
        """Time that has passed since the last cycle [s]: what most of those say that answered in both."""
        beats = {device.name: device["heartbeat"] for device in devices if device.heartbeat_modulo and device.fresh}
        moved = sorted(
            (beats[device.name] - self._seen[device.name]) % device.heartbeat_modulo
            for device in devices
            if device.name in beats and device.name in self._seen
        )
        self._seen = beats
        elapsed = moved[len(moved) // 2] if moved else 0.0
        self.now += elapsed
        return elapsed
