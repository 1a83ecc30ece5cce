"""Faults of the PCS and its breakers."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import RATIO, Unit
from bms_emulator.faults.target import AC_BREAKER, DC_BREAKER, PCS


@register("pcs-trip", "trip", PCS)
class PcsTrip(PlantFault):
    """Something outside trips the PCS: a protection relay, an emergency-stop loop of its own."""

    arrays: ClassVar = ("pcs_trip",)
    changes: ClassVar = "The PCS stops at once and opens its breakers."
    expected: ClassVar = (
        "State fault with `external`; once cleared, a reset closes the breakers and starts the PCS anew."
    )

    def bend(self, strength: float) -> float:
        """Tripped."""
        return 1.0


@register("pcs-derate", "derate", PCS)
class PcsDerate(PlantFault):
    """The PCS can do a part of its rating only, as with a power module switched off."""

    arrays: ClassVar = ("pcs_gain",)
    changes: ClassVar = "Factor on the power and the apparent power that it can give [1]; several factors multiply."
    expected: ClassVar = "Available power falls; beyond it the PCS is limited, with `external`."
    gradual: ClassVar = True

    capacity: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)]
    """What is left, relative to its rating."""

    def bend(self, strength: float) -> float:
        """Factor on what it can give [1]."""
        return 1.0 - strength * (1.0 - self.capacity)


@register("pcs-fan-stop", "fan-stop", PCS)
class PcsFanStop(PlantFault):
    """The fans of the PCS stand still; natural convection is left."""

    arrays: ClassVar = ("pcs_fan_gain",)
    changes: ClassVar = "Factor on the air that the fans move [1]; several factors multiply."
    expected: ClassVar = (
        "Heat sink and semiconductors warm up under load, the PCS derates, and may trip on temperature."
    )
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on the air [1]."""
        return 1.0 - strength


class _Welded(PlantFault):
    """Contacts welded: closed, whatever is asked."""

    changes: ClassVar = "Contacts held closed; the youngest of several faults on one breaker wins."
    expected: ClassVar = "Asked to open, the breaker does not follow: state fault with its bit, until it is repaired."

    def bend(self, strength: float) -> float:
        """Closed."""
        return 1.0


class _StuckOpen(PlantFault):
    """Mechanism dead: open, whatever is asked. Opening under load interrupts the current."""

    changes: ClassVar = "Contacts held open; the youngest of several faults on one breaker wins."
    expected: ClassVar = "The PCS stops; asked to close, the breaker does not follow: state fault with its bit."

    def bend(self, strength: float) -> float:
        """Open."""
        return 0.0


@register("dc-breaker-welded", "welded", DC_BREAKER)
class DcBreakerWelded(_Welded):
    """Contacts of the DC breaker welded: closed, whatever is asked."""

    arrays: ClassVar = ("dc_breaker_hold",)


@register("dc-breaker-stuck-open", "stuck-open", DC_BREAKER)
class DcBreakerStuckOpen(_StuckOpen):
    """Mechanism of the DC breaker dead: open, whatever is asked. Opening under load interrupts the current."""

    arrays: ClassVar = ("dc_breaker_hold",)


@register("ac-breaker-welded", "welded", AC_BREAKER)
class AcBreakerWelded(_Welded):
    """Contacts of the AC breaker welded: closed, whatever is asked."""

    arrays: ClassVar = ("ac_breaker_hold",)


@register("ac-breaker-stuck-open", "stuck-open", AC_BREAKER)
class AcBreakerStuckOpen(_StuckOpen):
    """Mechanism of the AC breaker dead: open, whatever is asked. Opening under load interrupts the current."""

    arrays: ClassVar = ("ac_breaker_hold",)
