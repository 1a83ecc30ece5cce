"""Faults of current and power sensors and of counters, beside those that any signal may have."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import Scene, SensorFault, register
from bms_emulator.faults.quantity import SignalUnit
from bms_emulator.faults.signals import COUNTERS, POWER_FLOWS
from bms_emulator.sensing.modifier import Modifier, Stage


@register("sensor-reversed", "reversed", *POWER_FLOWS)
class Reversed(SensorFault):
    """A shunt or transformer the wrong way round: charge reads as discharge."""

    changes: ClassVar = "Reading times -1, as a gain; two on one channel cancel."
    expected: ClassVar = "Two sensors disagree: alarm, stop. With one alone the state of charge runs the wrong way."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Change the sign."""
        return [scene.bend(Stage.GAIN, -1.0)]


@register("sensor-saturated", "saturated", *POWER_FLOWS)
class Saturated(SensorFault):
    """The sensor cannot show more than a limit: a core in saturation, an amplifier at its supply."""

    changes: ClassVar = "Reading within plus or minus the limit; of several the smallest counts."
    expected: ClassVar = "Over-current is not seen by this sensor; two sensors disagree; the fuse is the last resort."

    limit: Annotated[float, SignalUnit("difference"), Field(ge=0)]
    """Largest reading either way."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Limit."""
        return [scene.bend(Stage.SATURATE, self.limit)]


@register("counter-wrap", "wrap", *COUNTERS)
class CounterWrap(SensorFault):
    """The counter is too short and begins again at 0; with a span just above its reading it will soon."""

    changes: ClassVar = "Reading modulo the span."
    expected: ClassVar = (
        "Energy of an interval across the wrap is the difference plus the span, never a huge negative one."
    )

    span: Annotated[float, SignalUnit("difference"), Field(gt=0)]
    """Count at which it begins again."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Begin again."""
        return [scene.bend(Stage.WRAP, self.span)]
