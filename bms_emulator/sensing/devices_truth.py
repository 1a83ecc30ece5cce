"""What the devices around the battery know of it. Structural: sensing never imports the plant."""

from typing import Protocol

from bms_emulator.arrays import Array
from bms_emulator.sensing.truth import AlarmTruth, CoolantTruth, EnclosureTruth, SupplyTruth


class ChillerTruth(Protocol):
    """Chillers as devices: arrays (container,)."""

    @property
    def source(self) -> Array:
        """Who commands it."""

    @property
    def setpoint(self) -> Array:
        """Supply temperature that it holds [K]."""

    @property
    def master_age(self) -> Array:
        """Time since the last write of a master [s]."""

    @property
    def vessel(self) -> Array:
        """Filling of the expansion vessel [1]."""

    @property
    def tank(self) -> Array:
        """Filling of the make-up tank [1]."""

    @property
    def make_up_on(self) -> Array:
        """1 while the make-up pump runs."""

    @property
    def operating_time(self) -> Array:
        """Time for which the pump has run [s]."""

    @property
    def compressor_operating_time(self) -> Array:
        """Time for which the compressor has run [s]."""

    @property
    def compressor_starts(self) -> Array:
        """Starts of the compressor."""

    @property
    def alarms(self) -> Array:
        """Bits of what it finds wrong."""

    @property
    def fault_code(self) -> Array:
        """Worst alarm, counted from 1."""

    @property
    def fault_level(self) -> Array:
        """How bad it is."""


class CircuitTruth(CoolantTruth, Protocol):
    """Coolant and chiller of containers: arrays (container,)."""

    @property
    def compressor_on(self) -> Array:
        """1 while the compressor runs."""

    @property
    def chiller_heat(self) -> Array:
        """Heat put into the coolant [W]."""

    @property
    def chiller_power(self) -> Array:
        """Electrical power of the chiller [W]."""

    @property
    def pump_power(self) -> Array:
        """Electrical power of the pump [W]."""

    @property
    def pump_speed(self) -> Array:
        """Relative to rated [1]."""


class PanelTruth(AlarmTruth, Protocol):
    """Fire panels: arrays (container,), readings (container, detector), whether any is awake ()."""

    @property
    def level2_time(self) -> Array:
        """Time in level 2 since nothing holds the release back [s]."""

    @property
    def manual_release(self) -> Array:
        """1 after the manual release was pressed."""

    @property
    def sounder_on(self) -> Array:
        """1 while the sounder sounds."""

    @property
    def discharging(self) -> Array:
        """1 while the agent flows out."""


class PanelStateTruth(Protocol):
    """Detectors, (container, detector), and agent, (container,), of fire panels."""

    @property
    def agent_lost(self) -> Array:
        """Share of the agent that is gone [1]."""

    @property
    def state(self) -> Array:
        """What the panel says of it."""


class PanelCommandTruth(Protocol):
    """Buttons of fire panels: arrays (container,)."""

    @property
    def inhibit(self) -> Array:
        """1 while the release is held back."""


class BackupTruth(SupplyTruth, Protocol):
    """Auxiliary supplies and the batteries behind them: arrays (container,)."""

    @property
    def failed(self) -> Array:
        """1 while nothing feeds it but the battery."""

    @property
    def on_battery(self) -> Array:
        """1 while the battery carries the load."""

    @property
    def soc(self) -> Array:
        """State of charge of the battery [1]."""

    @property
    def charge_power(self) -> Array:
        """Drawn to charge it [W]."""


class OutputTruth(Protocol):
    """Input and output modules: arrays (container,)."""

    @property
    def outputs(self) -> Array:
        """Bits of the outputs that are on."""


class BreakerTruth(Protocol):
    """Racks: arrays (rack,)."""

    @property
    def breaker_closed(self) -> Array:
        """1 while the breaker conducts."""


class HandTruth(EnclosureTruth, Protocol):
    """Hands and accidents: arrays (container,)."""

    @property
    def surge_protection(self) -> Array:
        """1 while the surge protection device is spent."""


class DeviceTruth(Protocol):
    """The plant as far as its devices reach into it."""

    @property
    def chillers(self) -> ChillerTruth:
        """Chillers."""

    @property
    def containers(self) -> CircuitTruth:
        """Coolant and air."""

    @property
    def fire(self) -> PanelTruth:
        """Fire panels."""

    @property
    def panels(self) -> PanelStateTruth:
        """Their detectors and agent."""

    @property
    def fire_commands(self) -> PanelCommandTruth:
        """Their buttons."""

    @property
    def supply(self) -> BackupTruth:
        """Auxiliary supplies."""

    @property
    def io(self) -> OutputTruth:
        """Input and output modules."""

    @property
    def racks(self) -> BreakerTruth:
        """Racks."""

    @property
    def conditions(self) -> HandTruth:
        """Hands and accidents."""
