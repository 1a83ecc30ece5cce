"""Physical constants and conversions between datasheet units and the SI units used inside.

Inside the emulator every quantity is SI and every temperature is kelvin; current and power are positive in discharge.
Conversions happen only at the edge: when a profile is read, a register is encoded, a page is drawn.
"""

from typing import Final

ZERO_CELSIUS: Final = 273.15
"""0 °C [K]."""

GAS_CONSTANT: Final = 8.314462618
"""Molar gas constant [J/(mol K)]. Source: CODATA 2018 (exact)."""

MAGNUS_SLOPE: Final = 17.62
MAGNUS_SHIFT: Final = 243.12
"""Of the Magnus formula over water, -45 to 60 °C: slope [1] and shift [K]. WMO-No. 8, annex 4.B. Grade [U]."""

SECONDS_PER_MINUTE: Final = 60.0
SECONDS_PER_HOUR: Final = 3600.0
SECONDS_PER_MONTH: Final = 30.0 * 86400.0


def kelvin(degc: float) -> float:
    """Temperature [K] from degrees Celsius."""
    return degc + ZERO_CELSIUS


def celsius(temperature: float) -> float:
    """Temperature [°C] from kelvin."""
    return temperature - ZERO_CELSIUS
