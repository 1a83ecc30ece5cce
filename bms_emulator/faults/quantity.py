"""Quantities as people write them: ``3.70V``, ``0.5ohm``, ``800ms``, ``-40degC``, ``20%``; inside they are SI numbers.

Scaling is done in decimal, so that ``800ms`` is the float nearest to 0.8 and ``-40degC`` the one nearest to 233.15.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

_NUMBER = re.compile(r"^(?P<number>[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*(?P<unit>\D.*)?$")


@dataclass(frozen=True, eq=False)
class Dimension:
    """What a quantity measures.

    Attributes:
        name: What it is called in messages.
        si: SI unit of a bare number.
        units: Factor to SI by unit, as units are written; a ratio has a unit of 1, which is not written.
        shifts: What is added after the factor, for units with another zero.
        bare: Whether a text may leave the unit out.
    """

    name: str
    si: str
    units: dict[str, Decimal]
    shifts: dict[str, Decimal]
    bare: bool = True

    @property
    def written(self) -> list[str]:
        """What may stand behind a number."""
        return list(self.units) if self.si in self.units else ["nothing", *self.units]

    def parse(self, text: str) -> float:
        """SI value of a text.

        Raises:
            ValueError: It is no number, or its unit belongs to another dimension; says which units are allowed.
        """
        match = _NUMBER.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no {self.name}; write a number with one of {', '.join(self.written)}")
        unit = (match["unit"] or "").strip()
        if not unit and not self.bare:
            raise ValueError(f"{text!r} needs a unit, one of {', '.join(self.units)}")
        factor = self.units.get(unit) if unit else Decimal(1)
        if factor is None:
            raise ValueError(f"{text!r}: {unit!r} is no unit of {self.name}; allowed: {', '.join(self.written)}")
        return float(Decimal(match["number"]) * factor + self.shifts.get(unit, Decimal(0)))

    def per_time(self) -> "Dimension":
        """The rate of change of this dimension."""
        units = {f"{u}/{t}": f / TIME.units[t] for u, f in self.units.items() for t in ("s", "min", "h", "d")}
        return Dimension(f"{self.name} rate", f"{self.si}/s", units, {})


def _dimension(name: str, si: str, bare: bool = True, **units: str) -> Dimension:
    return Dimension(name, si, {si: Decimal(1)} | {unit: Decimal(factor) for unit, factor in units.items()}, {}, bare)


TIME: Final = _dimension("time", "s", ms="0.001", us="0.000001", m="60", min="60", h="3600", d="86400")
VOLTAGE: Final = _dimension("voltage", "V", mV="0.001", uV="0.000001", kV="1000")
CURRENT: Final = _dimension("current", "A", mA="0.001", kA="1000")
RESISTANCE: Final = _dimension(
    "resistance", "ohm", mohm="0.001", kohm="1000", Mohm="1000000", Ω="1", mΩ="0.001", kΩ="1000", MΩ="1000000"
)
TEMPERATURE: Final = Dimension(
    "temperature",
    "K",
    {"K": Decimal(1), "degC": Decimal(1), "°C": Decimal(1)},
    {"degC": Decimal("273.15"), "°C": Decimal("273.15")},
    bare=False,  # "25" is 25 °C to one reader and 25 K to another
)
POWER: Final = _dimension("power", "W", kW="1000", MW="1000000")
REACTIVE_POWER: Final = _dimension("reactive power", "var", kvar="1000", Mvar="1000000")
APPARENT_POWER: Final = _dimension("apparent power", "VA", kVA="1000", MVA="1000000")
TEMPERATURE_DIFFERENCE: Final = _dimension("temperature difference", "K", mK="0.001")
MASS_FLOW: Final = Dimension(
    "mass flow", "kg/s", {"kg/s": Decimal(1), "g/s": Decimal("0.001"), "kg/h": Decimal(1) / Decimal(3600)}, {}
)
PRESSURE: Final = _dimension("pressure", "Pa", kPa="1000", MPa="1000000", mbar="100", bar="100000")
ENERGY: Final = _dimension("energy", "J", kJ="1000", MJ="1000000", Wh="3600", kWh="3600000", MWh="3600000000")
IRRADIANCE: Final = Dimension("irradiance", "W/m2", {"W/m2": Decimal(1), "W/m²": Decimal(1)}, {})
RATIO: Final = Dimension("ratio", "1", {"%": Decimal("0.01")}, {})
CAPACITANCE: Final = _dimension("capacitance", "F", mF="0.001", uF="0.000001")
CONCENTRATION: Final = Dimension("share by volume", "1", {"%": Decimal("0.01"), "ppm": Decimal("0.000001")}, {})
EXTINCTION: Final = Dimension("extinction of light", "1/m", {"1/m": Decimal(1), "/m": Decimal(1)}, {})
COUNT: Final = Dimension("number", "1", {}, {})
FREQUENCY: Final = Dimension(
    "frequency",
    "/s",
    {
        "/s": Decimal(1),
        "Hz": Decimal(1),
        "/min": Decimal(1) / Decimal(60),
        "/h": Decimal(1) / Decimal(3600),
        "/d": Decimal(1) / Decimal(86400),
    },
    {},
)

BY_UNIT: Final = {
    "V": VOLTAGE,
    "A": CURRENT,
    "W": POWER,
    "var": REACTIVE_POWER,
    "VA": APPARENT_POWER,
    "K": TEMPERATURE,
    "s": TIME,
    "Ohm": RESISTANCE,
    "Hz": FREQUENCY,
    "1": RATIO,
}
"""What texts such as ``200kW`` may be written for, by the unit of a point."""


def quantity(value: object, dimension: Dimension) -> float:
    """SI value of a number (SI already) or of a text with a unit.

    Raises:
        ValueError: It is neither, not finite, or its unit does not fit.
    """
    if isinstance(value, str):
        result = dimension.parse(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        result = float(value)
    else:
        raise ValueError(f"{value!r} is no {dimension.name}; write a number in {dimension.si} or a text with a unit")
    if not math.isfinite(result):
        raise ValueError(f"{value!r} is no finite {dimension.name}")
    return result


@dataclass(frozen=True)
class Unit:
    """Marks a field of a model as a quantity: ``resistance: Annotated[float, Unit(RESISTANCE)]``."""

    dimension: Dimension

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the quantity before the field's own checks run."""
        return core_schema.no_info_before_validator_function(
            lambda value: quantity(value, self.dimension), handler(source)
        )


@dataclass(frozen=True)
class Taken:
    """Says what a field takes that is no quantity: ``alarm: Annotated[str, Taken("id of an alarm")]``."""

    what: str


@dataclass(frozen=True)
class SignalUnit:
    """Marks a field as a quantity of the signal that the fault hits, which only its target tells.

    The dimension is looked up in the validation context under ``signal``, a
    :class:`bms_emulator.faults.target.Signal`.

    Attributes:
        of: ``reading``, ``difference`` (of two readings) or ``rate`` (difference over time).
        words: Texts that are taken as they are.
    """

    of: str
    words: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the quantity before the field's own checks run."""

        def read(value: object, info: ValidationInfo) -> object:
            if value in self.words:
                return value
            return quantity(value, getattr((info.context or {})["signal"], self.of))

        return core_schema.with_info_before_validator_function(read, handler(source))
