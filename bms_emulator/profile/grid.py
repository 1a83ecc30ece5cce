"""Grid, grid meter, load and PV of a site."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from bms_emulator.profile.base import Broken, NonNegative, Number, Percent, Positive, Section, Text, increases
from bms_emulator.profile.table import Column, read_columns

LOAD_COLUMNS: Mapping[str, Column] = {"power_kw": Column(required=True), "reactive_kvar": Column()}
"""Columns of a load's file."""
PV_COLUMNS: Mapping[str, Column] = {
    "power_kw": Column(least=0.0, required=True),
    "reactive_kvar": Column(),
    "irradiance_w_per_m2": Column(least=0.0),
}
"""Columns of a PV generator's file."""

PhaseName = Literal["a", "b", "c"]


class Grid(Section):
    """The grid at the point of common coupling."""

    voltage_v: Positive | None = None
    """Nominal, line to line; that of the PCS where not given."""
    frequency_hz: Positive | None = None
    """Nominal; that of the PCS where not given."""
    voltage_percent: Annotated[Number, Field(ge=0, le=200)] = 100.0
    """Mean voltage relative to nominal."""
    voltage_wander_percent: Annotated[NonNegative, Field(le=10)] = 0.0
    """How far the voltage wanders about its mean in the course of minutes, relative to nominal, root mean square."""
    frequency_wander_hz: Annotated[NonNegative, Field(le=1)] = 0.0
    """How far the frequency wanders about nominal in the course of minutes, root mean square."""


class Meter(Section):
    """The meter between site and grid."""

    accuracy_percent: Annotated[NonNegative, Field(le=10)] = 0.5
    """Largest fixed error of a power, half of it from the voltage and half from the current of its phase."""
    noise_percent: Annotated[NonNegative, Field(le=10)] = 0.02
    """Noise of voltages and currents from sample to sample, relative to the reading, one standard deviation."""
    period_s: Annotated[Positive, Field(le=3600)] = 0.2
    """Between two samples."""
    rated_current_a: Positive | None = None
    """Current of a phase above which it reports over-current; never where not given."""
    reversed_phases: tuple[PhaseName, ...] = ()
    """Phases whose current transformer sits the wrong way round, which turns the sign of their powers."""


class Series(Section):
    """Values over time."""

    time_s: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    """Times after midnight."""
    power_kw: tuple[Number, ...]
    """Active power at these times."""
    reactive_kvar: tuple[Number, ...] = ()
    """Reactive power at these times; none where empty."""
    irradiance_w_per_m2: tuple[NonNegative, ...] = ()
    """Irradiance at these times; unknown where empty."""

    def broken_laws(self) -> Iterator[Broken]:
        """Times run upwards; each has its values."""
        if not increases(self.time_s):
            yield "time_s", "must increase"
        for key in ("power_kw", "reactive_kvar", "irradiance_w_per_m2"):
            values = getattr(self, key)
            if (values or key == "power_kw") and len(values) != len(self.time_s):
                yield key, f"must have {len(self.time_s)} values, as many as time_s"


class _Behind(Section):
    """What stands behind the meter: a constant, or values over time that repeat after their end."""

    power_kw: Number | None = None
    """Constant active power."""
    reactive_kvar: Number = 0.0
    """Reactive power that goes with power_kw; of a load positive where inductive, of PV where delivered."""
    file: Text | None = None
    """CSV file of values over time instead of power_kw; its path starts at the folder of the site's file."""
    series: Series | None = None
    """The values over time themselves instead of power_kw."""
    scale: NonNegative = 1.0
    """Factor on active and reactive power."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is one source of values."""
        given = [key for key in ("power_kw", "file", "series") if getattr(self, key) is not None]
        if len(given) != 1:
            there = f"there are {' and '.join(given)}" if given else "there is none"
            yield (given or ["power_kw"])[-1], f"must be the only one of power_kw, file, series; {there}"
        elif given != ["power_kw"] and self.reactive_kvar:
            yield "reactive_kvar", f"goes with power_kw; the values of {given[0]} have their own"

    @property
    def values(self) -> Series:
        """Values over time; a single one where they are constant."""
        return self.series or Series(
            time_s=(0.0,), power_kw=(self.power_kw or 0.0,), reactive_kvar=(self.reactive_kvar,)
        )


class Load(_Behind):
    """The load behind the meter."""

    phase_shares_percent: tuple[Percent, Percent, Percent] | None = None
    """How it spreads over the phases a, b and c; alike where not given."""

    def broken_laws(self) -> Iterator[Broken]:
        """The phases share all of it."""
        yield from super().broken_laws()
        if self.phase_shares_percent is not None and not math.isclose(sum(self.phase_shares_percent), 100.0):
            yield "phase_shares_percent", f"must add up to 100; they add up to {sum(self.phase_shares_percent):g}"

    @classmethod
    def none(cls) -> Self:
        """No load."""
        return cls(power_kw=0.0)


class Pv(_Behind):
    """The PV generator behind the meter."""

    rated_power_kw: Positive | None = None
    """What a limit is relative to; the largest power that the sun gives where not given."""
    voltage_min_percent: Percent = 80.0
    """Voltage of a phase, relative to nominal, below which the inverter leaves the grid."""
    reconnect_s: NonNegative = 60.0
    """For how long the grid must be sound again before the inverter comes back."""

    def broken_laws(self) -> Iterator[Broken]:
        """It generates."""
        yield from super().broken_laws()
        if self.power_kw is not None and self.power_kw < 0.0:
            yield "power_kw", "must be >= 0"
        if self.series is not None and min(self.series.power_kw, default=0.0) < 0.0:
            yield "series.power_kw", "must be >= 0"

    @classmethod
    def none(cls) -> Self:
        """No PV."""
        return cls(power_kw=0.0)

    @property
    def rating_kw(self) -> float:
        """Rated power."""
        return self.rated_power_kw or self.scale * max(self.values.power_kw)


def read_load(path: Path, label: str) -> dict[str, tuple[float, ...]]:
    """Values over time of a load's file. ProfileError: with all problems of the file."""
    return read_columns(path, LOAD_COLUMNS, label)


def read_pv(path: Path, label: str) -> dict[str, tuple[float, ...]]:
    """Values over time of a PV generator's file. ProfileError: with all problems of the file."""
    return read_columns(path, PV_COLUMNS, label)
