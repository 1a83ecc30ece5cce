"""Faults around the contactors: precharge, DC link, breaker, interlock, insulation monitors."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import CAPACITANCE, POWER, Unit
from bms_emulator.faults.target import PCS, RACK

OPEN = 1e9
"""Factor on a resistance that is as good as open [1]."""
_MONITOR_FAILED = float(1 << 6)


@register("precharge-open", "precharge-open", RACK)
class PrechargeOpen(PlantFault):
    """The precharge resistor is open."""

    arrays: ClassVar = ("precharge_gain",)
    changes: ClassVar = "Factor on the resistance of the precharge resistor [1]; several factors multiply."
    expected: ClassVar = "The bus does not come up: precharge times out, and after some tries the rack gives up."

    def bend(self, strength: float) -> float:
        """Factor on the resistance [1]."""
        return OPEN


@register("precharge-shorted", "precharge-shorted", RACK)
class PrechargeShorted(PlantFault):
    """The precharge resistor is shorted: the link is charged by what the string and its wiring let through."""

    arrays: ClassVar = ("precharge_gain",)
    changes: ClassVar = "Factor on the resistance of the precharge resistor [1]; several factors multiply."
    expected: ClassVar = "A surge at precharge: precharge overcurrent, the rack must not go on."

    def bend(self, strength: float) -> float:
        """Factor on the resistance [1]."""
        return 0.0


@register("precharge-overheated", "precharge-overheated", RACK)
class PrechargeOverheated(PlantFault):
    """The precharge resistor is heated from outside: a contactor that leaks through it, a cabinet too hot."""

    arrays: ClassVar = ("precharge_heat",)
    changes: ClassVar = "Heat put into the precharge resistor [W]; several add."
    expected: ClassVar = "Its temperature rises; who measures or models it waits before the next precharge."
    gradual: ClassVar = True

    power: Annotated[float, Unit(POWER), Field(gt=0, le=1e5)]
    """Heating power."""

    def bend(self, strength: float) -> float:
        """Heat [W]."""
        return strength * self.power


@register("link-capacitance", "extra-capacitance", PCS)
class LinkCapacitance(PlantFault):
    """More capacitance hangs on the DC link than anybody told: a second converter, an unknown filter."""

    arrays: ClassVar = ("link_capacitance",)
    changes: ClassVar = "Capacitance beside that of the link [F]; several add. It has the voltage of the link."
    expected: ClassVar = "Precharge takes longer in proportion, heats its resistor, and may time out."
    gradual: ClassVar = True

    capacitance: Annotated[float, Unit(CAPACITANCE), Field(gt=0, le=100)]
    """What is there too much."""

    def bend(self, strength: float) -> float:
        """Capacitance [F]."""
        return strength * self.capacitance


@register("breaker-trip", "breaker-trip", RACK)
class BreakerTrip(PlantFault):
    """The breaker of the rack trips; after clearing it stays open until a hand closes it (`breaker.close`)."""

    arrays: ClassVar = ("rack_breaker_trip",)
    changes: ClassVar = "The breaker is tripped, and cannot be closed while the fault stands."
    expected: ClassVar = "Breaker alarm: the rack opens its contactors and leaves the bus; the others go on."

    def bend(self, strength: float) -> float:
        """Tripped."""
        return 1.0


@register("interlock-open", "interlock-open", RACK)
class InterlockOpen(PlantFault):
    """The interlock loop of the rack is broken: a plug, a cover, a wire."""

    arrays: ClassVar = ("interlock_open",)
    changes: ClassVar = "Contact of the interlock; joins with the point `interlock.opened`."
    expected: ClassVar = "Interlock alarm: the rack opens, and does not close while the loop is broken."

    def bend(self, strength: float) -> float:
        """Open."""
        return 1.0


@register("insulation-monitor-failed", "insulation-monitor-failed", RACK)
class InsulationMonitorFailed(PlantFault):
    """The insulation monitor of the rack fails its self-test and measures nothing."""

    arrays: ClassVar = ("controller_faults",)
    changes: ClassVar = "Its readings are invalid, its self-test says so; joins with the point `controller.damage`."
    expected: ClassVar = "Alarm of the monitor: insulation is unknown; another rack's monitor takes the bus over."

    def bend(self, strength: float) -> float:
        """Bit of the monitor."""
        return _MONITOR_FAILED


@register("insulation-monitor-forced", "insulation-monitor-forced", RACK)
class InsulationMonitorForced(PlantFault):
    """The insulation monitor of the rack measures, asked or not: with another one on one bus the two fight.

    Each takes the measuring resistance of the other for a leak.
    """

    arrays: ClassVar = ("insulation_monitor_forced",)
    changes: ClassVar = "Measuring resistance of the monitor against earth, on the rack and on what it is joined to."
    expected: ClassVar = "Insulation of the bus reads too low: warning or alarm although nothing leaks."

    def bend(self, strength: float) -> float:
        """Measuring."""
        return 1.0
