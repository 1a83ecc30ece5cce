"""Faults of the grid, the grid meter and the weather station."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import PlantFault, register
from bms_emulator.faults.quantity import FREQUENCY, RATIO, Unit
from bms_emulator.faults.target import GRID, GRID_PHASE, METER, WEATHER


@register("grid-voltage", "voltage", GRID)
class GridVoltage(PlantFault):
    """A dip or a swell: the voltage of all phases is a share of what it was."""

    arrays: ClassVar = ("grid_voltage_gain",)
    changes: ClassVar = "Factor on the voltage of the grid [1]; several factors multiply."
    expected: ClassVar = "The PCS rides through or leaves the grid; loads take less, PV leaves below its least voltage."
    gradual: ClassVar = True

    voltage: Annotated[float, Unit(RATIO), Field(ge=0, le=2)]
    """Voltage relative to what it was."""

    def bend(self, strength: float) -> float:
        """Factor on the voltage [1]."""
        return 1.0 - strength * (1.0 - self.voltage)


@register("grid-outage", "outage", GRID)
class GridOutage(PlantFault):
    """The grid is gone: no voltage, no power. What the site does as an island is not modelled."""

    arrays: ClassVar = ("grid_voltage_gain",)
    changes: ClassVar = "Factor 0 on the voltage of the grid; several factors multiply."
    expected: ClassVar = (
        "The PCS and PV leave the grid at once, load and meter read no power, the meter a power failure."
    )

    def bend(self, strength: float) -> float:
        """No voltage."""
        return 0.0


@register("grid-frequency", "frequency", GRID)
class GridFrequency(PlantFault):
    """The frequency is shifted, as after the loss of a power station or of a large load."""

    arrays: ClassVar = ("grid_frequency_shift",)
    changes: ClassVar = "Shift of the frequency [Hz]; several shifts add."
    expected: ClassVar = "Frequency response of an EMS; beyond their limits PCS and PV leave the grid."
    gradual: ClassVar = True

    deviation: Annotated[float, Unit(FREQUENCY), Field(ge=-10, le=10)]
    """What is added to the frequency."""

    def bend(self, strength: float) -> float:
        """Shift of the frequency [Hz]."""
        return strength * self.deviation


@register("grid-phase-voltage", "voltage", GRID_PHASE)
class PhaseVoltage(PlantFault):
    """A dip or a swell of one phase."""

    arrays: ClassVar = ("grid_phase_gain",)
    changes: ClassVar = "Factor on the voltage of the phase from line to neutral [1]; several factors multiply."
    expected: ClassVar = "Unbalanced voltages and currents at the meter; PCS and PV leave the grid if it is deep."
    gradual: ClassVar = True

    voltage: Annotated[float, Unit(RATIO), Field(ge=0, le=2)]
    """Voltage relative to what it was."""

    def bend(self, strength: float) -> float:
        """Factor on the voltage [1]."""
        return 1.0 - strength * (1.0 - self.voltage)


@register("grid-phase-loss", "loss", GRID_PHASE)
class PhaseLoss(PlantFault):
    """A phase is lost: a fuse blown, a conductor broken."""

    arrays: ClassVar = ("grid_phase_gain",)
    changes: ClassVar = "Factor 0 on the voltage of the phase from line to neutral; several factors multiply."
    expected: ClassVar = "Power failure at the meter; PCS and PV leave the grid."

    def bend(self, strength: float) -> float:
        """No voltage."""
        return 0.0


@register("meter-silence", "silence", METER)
class MeterSilence(PlantFault):
    """The meter's reports do not arrive; it goes on counting."""

    arrays: ClassVar = ("meter_silent",)
    changes: ClassVar = "All readings of the meter stand still, and their age grows."
    expected: ClassVar = "An EMS notices readings that never move, and stops controlling the power at the grid by them."

    def bend(self, strength: float) -> float:
        """Silent."""
        return 1.0


@register("meter-failure", "failure", METER)
class MeterFailure(PlantFault):
    """The meter answers, but has no valid reading: its inputs or its converter are broken."""

    arrays: ClassVar = ("meter_failed",)
    changes: ClassVar = "All readings of the meter are invalid (NaN)."
    expected: ClassVar = "An EMS does not take an invalid power for 0 W; it stops controlling by it."

    def bend(self, strength: float) -> float:
        """Failed."""
        return 1.0


@register("weather-silence", "silence", WEATHER)
class WeatherSilence(PlantFault):
    """The reports of the weather station do not arrive."""

    arrays: ClassVar = ("weather_silent",)
    changes: ClassVar = "All readings of the weather station stand still, and their age grows."
    expected: ClassVar = "Forecasts go on without it; nothing else depends on it."

    def bend(self, strength: float) -> float:
        """Silent."""
        return 1.0
