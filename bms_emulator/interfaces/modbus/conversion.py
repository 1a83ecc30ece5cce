"""Between a value in SI and the raw value of a register: raw = value * gain + shift."""

import math
from dataclasses import dataclass

from bms_emulator.units import SECONDS_PER_HOUR, ZERO_CELSIUS

_H = 1.0 / SECONDS_PER_HOUR
"""Hours of a second."""

EDGE_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "V": {"V": (1.0, 0.0), "mV": (1e3, 0.0), "kV": (1e-3, 0.0)},
    "A": {"A": (1.0, 0.0), "mA": (1e3, 0.0), "kA": (1e-3, 0.0)},
    "W": {"W": (1.0, 0.0), "kW": (1e-3, 0.0), "MW": (1e-6, 0.0)},
    "VA": {"VA": (1.0, 0.0), "kVA": (1e-3, 0.0), "MVA": (1e-6, 0.0)},
    "var": {"var": (1.0, 0.0), "kvar": (1e-3, 0.0), "Mvar": (1e-6, 0.0)},
    "J": {"J": (1.0, 0.0), "Wh": (_H, 0.0), "kWh": (1e-3 * _H, 0.0), "MWh": (1e-6 * _H, 0.0)},
    "VA s": {"VA s": (1.0, 0.0), "VAh": (_H, 0.0), "kVAh": (1e-3 * _H, 0.0), "MVAh": (1e-6 * _H, 0.0)},
    "var s": {"var s": (1.0, 0.0), "varh": (_H, 0.0), "kvarh": (1e-3 * _H, 0.0), "Mvarh": (1e-6 * _H, 0.0)},
    "C": {"C": (1.0, 0.0), "Ah": (_H, 0.0), "kAh": (1e-3 * _H, 0.0)},
    "K": {"K": (1.0, 0.0), "degC": (1.0, -ZERO_CELSIUS), "degF": (1.8, 32.0 - 1.8 * ZERO_CELSIUS)},
    "1": {"1": (1.0, 0.0), "%": (100.0, 0.0), "ppm": (1e6, 0.0)},
    "s": {"s": (1.0, 0.0), "ms": (1e3, 0.0), "min": (1.0 / 60.0, 0.0), "h": (_H, 0.0), "d": (_H / 24.0, 0.0)},
    "Ohm": {"Ohm": (1.0, 0.0), "mOhm": (1e3, 0.0), "kOhm": (1e-3, 0.0), "MOhm": (1e-6, 0.0)},
    "Hz": {"Hz": (1.0, 0.0), "mHz": (1e3, 0.0)},
    "kg/s": {"kg/s": (1.0, 0.0), "kg/min": (60.0, 0.0), "kg/h": (SECONDS_PER_HOUR, 0.0)},
    "Pa": {"Pa": (1.0, 0.0), "kPa": (1e-3, 0.0), "MPa": (1e-6, 0.0), "mbar": (1e-2, 0.0), "bar": (1e-5, 0.0)},
    "1/s": {"1/s": (1.0, 0.0), "%/s": (100.0, 0.0), "%/min": (6000.0, 0.0)},
    "V/s": {"V/s": (1.0, 0.0), "mV/s": (1e3, 0.0)},
    "K/s": {"K/s": (1.0, 0.0), "K/min": (60.0, 0.0)},
    "1/m": {"1/m": (1.0, 0.0), "dB/m": (10.0 / math.log(10.0), 0.0)},
    "W/m2": {"W/m2": (1.0, 0.0), "kW/m2": (1e-3, 0.0)},
    "": {"": (1.0, 0.0)},
}
"""By SI unit: each unit that a register may show it in, as (factor, offset) from SI."""


@dataclass(frozen=True)
class Conversion:
    """A straight line between a value in SI and a raw value.

    Attributes:
        gain: Raw steps per SI unit.
        shift: Raw value of the SI value 0.
    """

    gain: float = 1.0
    shift: float = 0.0

    def raw(self, value: float) -> float:
        """Raw value, not yet rounded."""
        return value * self.gain + self.shift

    def value(self, raw: float) -> float:
        """Value in SI."""
        return (raw - self.shift) / self.gain


def conversion(si_unit: str, unit: str, scale: float, offset: float, *, negate: bool) -> Conversion:
    """The conversion of a row.

    Args:
        si_unit: Unit of the value inside.
        unit: Unit of the value as shown.
        scale: What one step stands for, in ``unit``.
        offset: Value that the raw value 0 stands for, in ``unit``.
        negate: Whether the shown value has the opposite sign.

    Raises:
        ValueError: The unit cannot show such a value; the message says which can.
    """
    known = EDGE_UNITS.get(si_unit, {si_unit: (1.0, 0.0)})
    if unit not in known:
        allowed = ", ".join(name or "none" for name in known)
        raise ValueError(f"unit = {unit!r}: the value is in {si_unit or 'no unit'}; allowed: {allowed}")
    factor, zero = known[unit]
    sign = -1.0 if negate else 1.0
    return Conversion(sign * factor / scale, (sign * zero - offset) / scale)
