"""What the controller of a PCS may see of the plant."""

from typing import Protocol

from bms_emulator.arrays import Array


class PcsTruth(Protocol):
    """PCS: arrays (container,)."""

    @property
    def state(self) -> Array:
        """Operating state."""

    @property
    def faults(self) -> Array:
        """Bits of what is wrong."""

    @property
    def limited(self) -> Array:
        """1 while a limit holds the power back."""

    @property
    def limits(self) -> Array:
        """Bits of what holds it back."""

    @property
    def power(self) -> Array:
        """AC active power [W], positive in discharge."""

    @property
    def reactive_power(self) -> Array:
        """Reactive power [var], positive where delivered."""

    @property
    def available_power(self) -> Array:
        """Active power that it can give [W]."""

    @property
    def energy_exported(self) -> Array:
        """AC energy delivered to the grid [J]."""

    @property
    def energy_imported(self) -> Array:
        """AC energy taken from the grid [J]."""

    @property
    def reactive_energy_delivered(self) -> Array:
        """Reactive energy delivered [var s]."""

    @property
    def reactive_energy_absorbed(self) -> Array:
        """Reactive energy absorbed [var s]."""

    @property
    def dc_power(self) -> Array:
        """DC power [W], positive in discharge."""

    @property
    def link_voltage(self) -> Array:
        """DC link voltage [V]."""

    @property
    def dc_breaker_closed(self) -> Array:
        """1 while the DC breaker conducts."""

    @property
    def dc_precharge_closed(self) -> Array:
        """1 while the link is being charged."""

    @property
    def ac_breaker_closed(self) -> Array:
        """1 while the AC breaker conducts."""

    @property
    def in_service(self) -> Array:
        """1 while the grid lets it be connected."""

    @property
    def service_time(self) -> Array:
        """For how long the grid has been fit to connect to [s]."""

    @property
    def heatsink_temperature(self) -> Array:
        """Heat sink [K]."""

    @property
    def stack_temperature(self) -> Array:
        """Semiconductors [K]."""


class BusTruth(Protocol):
    """DC buses: arrays (container,)."""

    @property
    def bus_voltage(self) -> Array:
        """DC bus voltage [V]."""

    @property
    def bus_current(self) -> Array:
        """Current drawn by the PCS [A], positive in discharge."""

    @property
    def energy_discharged(self) -> Array:
        """DC energy delivered to the PCS [J]."""

    @property
    def energy_charged(self) -> Array:
        """DC energy taken from the PCS [J]."""


class SupplyTruth(Protocol):
    """The grid that all PCS feed: arrays without axes, or (phase,)."""

    @property
    def voltage(self) -> Array:
        """Line to line [V]."""

    @property
    def voltage_fraction(self) -> Array:
        """The same, relative to nominal [1]."""

    @property
    def frequency(self) -> Array:
        """Frequency [Hz]."""

    @property
    def phase_voltage(self) -> Array:
        """Line to neutral [V], (phase,)."""

    @property
    def line_voltage(self) -> Array:
        """Line to line [V], (phase,)."""


class ConverterTruth(Protocol):
    """The plant as far as the controller of a PCS reaches into it."""

    @property
    def pcs(self) -> PcsTruth:
        """PCS."""

    @property
    def containers(self) -> BusTruth:
        """DC buses."""

    @property
    def grid(self) -> SupplyTruth:
        """Grid."""
