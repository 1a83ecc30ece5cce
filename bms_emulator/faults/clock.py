"""Faults of time: clocks of controllers, and the emulator's own loop."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import ClockFault, FirmwareFault, register
from bms_emulator.faults.quantity import RATIO, TIME, Unit
from bms_emulator.faults.target import BANK_CONTROLLER, ENGINE, RACK_CONTROLLER

_STAMPS = "Time stamps of alarms and log entries that the controller makes meanwhile; several faults add."
_Probability = Annotated[float, Unit(RATIO), Field(gt=0, le=1)]


@register("clock-jump", "clock-jump", RACK_CONTROLLER, BANK_CONTROLLER)
class ClockJump(FirmwareFault):
    """The clock of the controller is set wrong; clearing sets it right."""

    changes: ClassVar = _STAMPS
    expected: ClassVar = "Timers are not touched; whoever orders events by their stamps must cope with the jump."

    by: Annotated[float, Unit(TIME)]
    """How far it jumps; below 0 is back."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """How far it is ahead [s]."""
        return {"_clock_offset": self.by} if strength > 0.0 else {}


@register("clock-drift", "clock-drift", RACK_CONTROLLER, BANK_CONTROLLER)
class ClockDrift(FirmwareFault):
    """The clock of the controller runs too fast or too slow; clearing sets it right."""

    moving: ClassVar = True
    changes: ClassVar = _STAMPS
    expected: ClassVar = "Stamps of racks drift apart: synchronise clocks, or order by the time of arrival."

    rate: Annotated[float, Unit(TIME.per_time()), Field(ge=-0.5, le=0.5)]
    """How much it gains over time; below 0 it loses."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """How far it is ahead by now [s]."""
        return {"_clock_offset": self.rate * elapsed} if strength > 0.0 else {}


@register("engine-overrun", "overrun", ENGINE)
class EngineOverrun(ClockFault):
    """Ticks take longer than they should, by chance, as on a machine that is too slow or too busy."""

    changes: ClassVar = "Time of work added to ticks [s of real time]; several add. Only where a clock paces the loop."
    expected: ClassVar = (
        "Overruns are counted, ticks caught up or declared skipped; a test in real time proves nothing."
    )
    gradual: ClassVar = True

    time: Annotated[float, Unit(TIME), Field(gt=0, le=10)]
    """Work added to a tick."""
    probability: _Probability = 1.0
    """Share of the ticks that is hit."""

    def bend(self, strength: float) -> dict[str, float]:
        """Work added [s], and its chance."""
        return {"overrun_s": strength * self.time, "probability": self.probability}


@register("engine-jitter", "jitter", ENGINE)
class EngineJitter(ClockFault):
    """Ticks begin late, each by another time, as under a scheduler without mercy."""

    changes: ClassVar = "Lateness of ticks [s of real time]; several add. Only where a clock paces the loop."
    expected: ClassVar = "Lateness shows in the status; nothing in simulated time changes."
    gradual: ClassVar = True

    time: Annotated[float, Unit(TIME), Field(gt=0, le=10)]
    """Greatest lateness; all from 0 on are equally likely."""
    probability: _Probability = 1.0
    """Share of the ticks that is hit."""

    def bend(self, strength: float) -> dict[str, float]:
        """Greatest lateness [s], and its chance."""
        return {"late_s": strength * self.time, "probability": self.probability}


@register("engine-pause", "pause", ENGINE)
class EnginePause(ClockFault):
    """The emulator stands still once, as a virtual machine that is moved: no tick, no answer to a command."""

    changes: ClassVar = "Wait before a tick [s of real time] each time it begins. Only where a clock paces the loop."
    expected: ClassVar = "Values and heartbeats stand still for masters, then ticks are caught up or declared skipped."

    time: Annotated[float, Unit(TIME), Field(gt=0, le=60)]
    """How long."""

    def bend(self, strength: float) -> dict[str, float]:
        """Wait [s]; none at no strength."""
        return {"pause_s": self.time if strength > 0.0 else 0.0}
