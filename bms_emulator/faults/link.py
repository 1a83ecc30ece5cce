"""Faults of connections. The servers read them from the emulator's status and act on every request."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import LinkFault, register
from bms_emulator.faults.quantity import RATIO, TIME, Unit
from bms_emulator.faults.target import MODBUS

Probability = Annotated[float, Unit(RATIO), Field(gt=0, le=1)]


@register("modbus-delay", "delay", MODBUS)
class ModbusDelay(LinkFault):
    """Replies come late."""

    changes: ClassVar = "Time from request to reply [s], for each request by chance; several delays add."
    expected: ClassVar = "A master should wait up to its timeout, keep the order of replies, and not flood the server."
    gradual: ClassVar = True

    time: Annotated[float, Unit(TIME), Field(gt=0)]
    """Mean delay."""
    jitter: Annotated[float, Unit(TIME), Field(ge=0)] = 0.0
    """Largest deviation from the mean delay, either way, equally likely."""
    probability: Probability = 1.0
    """Share of the requests that is hit."""

    def bend(self, strength: float) -> dict[str, float]:
        """Delay and its chance; no chance at no strength."""
        probability = self.probability if strength > 0.0 else 0.0
        return {"time_s": strength * self.time, "jitter_s": strength * self.jitter, "probability": probability}


@register("modbus-silence", "silence", MODBUS)
class ModbusSilence(LinkFault):
    """Requests are taken, and no reply ever comes; the connection stays open."""

    changes: ClassVar = "Replies withheld, for each request by chance."
    expected: ClassVar = "A master should time out, count, reconnect, and fall back to safe set points."
    gradual: ClassVar = True

    probability: Probability = 1.0
    """Share of the requests that is hit; a ramp lets it grow."""

    def bend(self, strength: float) -> dict[str, float]:
        """Chance of no reply."""
        return {"time_s": 0.0, "jitter_s": 0.0, "probability": strength * self.probability}
