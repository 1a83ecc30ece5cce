"""What the devices that a site has once may see of the plant; arrays without axes, or (phase,)."""

from typing import Protocol

from bms_emulator.arrays import Array


class GridTruth(Protocol):
    """The grid at the point of common coupling."""

    @property
    def frequency(self) -> Array:
        """Frequency [Hz]."""

    @property
    def phase_voltage(self) -> Array:
        """Voltage from line to neutral [V], (phase,)."""

    @property
    def line_voltage(self) -> Array:
        """Voltage from line to line [V], (phase,)."""

    @property
    def phase_current(self) -> Array:
        """Current [A], (phase,)."""

    @property
    def phase_power(self) -> Array:
        """Active power [W], positive in export, (phase,)."""

    @property
    def phase_reactive_power(self) -> Array:
        """Reactive power [var], positive in export, (phase,)."""


class LoadTruth(Protocol):
    """The load."""

    @property
    def power(self) -> Array:
        """Active power [W], positive in consumption."""

    @property
    def reactive_power(self) -> Array:
        """Reactive power [var], positive where inductive."""

    @property
    def energy(self) -> Array:
        """Energy consumed [J]."""


class PvTruth(Protocol):
    """The PV generator."""

    @property
    def power(self) -> Array:
        """Active power [W], positive in generation."""

    @property
    def reactive_power(self) -> Array:
        """Reactive power [var], positive where delivered."""

    @property
    def energy(self) -> Array:
        """Energy generated [J]."""

    @property
    def connected(self) -> Array:
        """1 while the inverter is on the grid."""

    @property
    def limited(self) -> Array:
        """1 while the limit holds power back."""


class WeatherTruth(Protocol):
    """The air around the site."""

    @property
    def temperature(self) -> Array:
        """Temperature [K]."""

    @property
    def humidity(self) -> Array:
        """Relative humidity [1]."""

    @property
    def irradiance(self) -> Array:
        """Solar irradiance [W/m2]; NaN where nothing says it."""

    @property
    def silent(self) -> Array:
        """1 while the station's reports do not arrive."""


class MeterTruth(Protocol):
    """What of the meter works."""

    @property
    def silent(self) -> Array:
        """1 while its reports do not arrive."""

    @property
    def failed(self) -> Array:
        """1 while it reads nothing valid."""


class SiteTruth(Protocol):
    """The plant as far as the devices that a site has once reach into it."""

    @property
    def grid(self) -> GridTruth:
        """Grid."""

    @property
    def load(self) -> LoadTruth:
        """Load."""

    @property
    def pv(self) -> PvTruth:
        """PV generator."""

    @property
    def weather(self) -> WeatherTruth:
        """Weather."""

    @property
    def meter(self) -> MeterTruth:
        """Meter."""
