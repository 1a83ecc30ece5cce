"""Firmware profile: alarm rows, thresholds, timings and maps of the reference firmware."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from bms_emulator.profile.alarm import AlarmRow, SignalSettings
from bms_emulator.profile.base import (
    Broken,
    Integer,
    NonNegative,
    Number,
    Percent,
    Positive,
    ProductProfile,
    Section,
)
from bms_emulator.profile.estimation import Balancing, Estimator
from bms_emulator.profile.limits import Limits, ThermalManagement


class Timing(Section):
    """Times of the sequencer."""

    self_test_s: NonNegative
    """Length of the self-test after a start."""
    contactor_feedback_s: Positive
    """Longest time for a contactor's feedback to follow its command."""
    precharge_timeout_s: Positive
    """Longest precharge."""
    precharge_tries: Annotated[Integer, Field(ge=1, le=100)]
    """Attempts before the rack reports a fault."""
    precharge_pause_s: NonNegative
    """Between two attempts, for the resistor to cool."""
    precharge_cool_s: NonNegative
    """After the last attempt, for the resistor to cool, before a reset can lead out of the fault."""
    opening_wait_s: NonNegative
    """Longest wait for the current to vanish before contactors open under load."""
    reset_wait_s: Positive
    """Longest time that a reset waits for alarms whose cause is gone to end their clearing times."""
    join_interval_s: NonNegative
    """Between two racks that join the bus."""
    join_timeout_s: Positive
    """Longest time that a rack may take to join, before it is the next one's turn."""
    heartbeat_timeout_s: NonNegative
    """Silence of a supervised master after which limits fall to 0; supervision begins with the first write."""
    heartbeat_open_s: NonNegative
    """Silence after which the racks open; 0 is never."""

    def broken_laws(self) -> Iterator[Broken]:
        """Limits fall before racks open."""
        if 0 < self.heartbeat_open_s < self.heartbeat_timeout_s:
            yield "heartbeat_open_s", f"must be 0 or >= heartbeat_timeout_s = {self.heartbeat_timeout_s:g}"


class Connection(Section):
    """When a rack may join the bus."""

    precharge_done_v: Positive
    """Largest difference between string and bus at which precharge is complete; this or the next suffices."""
    precharge_done_percent: Percent
    """The same, relative to the string voltage."""
    precharge_done_current_a: Positive
    """Largest current at which precharge is complete."""
    precharge_current_max_ratio: Annotated[Number, Field(gt=1)]
    """Largest current of a precharge, beyond which it is aborted; relative to what its resistor lets pass."""
    join_voltage_difference_v: Positive
    """Largest difference to racks that are connected already."""
    open_current_a: Positive
    """Largest current at which contactors open without wear."""
    rack_count_min: Annotated[Integer, Field(ge=1, le=1000)]
    """Fewest sound racks with which a bank goes on when others have failed; with fewer, all racks open."""


class Supply(Section):
    """Auxiliary supply of the controllers."""

    brown_out_v: Positive
    """Voltage below which they switch off."""
    recovery_v: Positive
    """Voltage from which they start again."""

    def broken_laws(self) -> Iterator[Broken]:
        """They start where they do not switch off again at once."""
        if self.recovery_v <= self.brown_out_v:
            yield "recovery_v", f"must be > brown_out_v = {self.brown_out_v:g}"


class AgeLimits(Section):
    """Permitted ages of measurements."""

    voltage_s: Positive
    """Cell voltages."""
    current_s: Positive
    """String current."""
    temperature_s: Positive
    """Temperatures."""


class FirmwareProfile(ProductProfile):
    """Settings of the reference firmware."""

    alarms: Annotated[tuple[AlarmRow, ...], Field(min_length=1, max_length=200)]
    """What is supervised."""
    signals: SignalSettings
    """How the signals that alarms watch are made."""
    timing: Timing
    """Times of the sequencer and of the heartbeat."""
    connection: Connection
    """When a rack may join the bus and leave it."""
    supply: Supply
    """Auxiliary supply of the controllers."""
    estimator: Estimator
    """Estimation of charge and health."""
    limits: Limits
    """Limits of current and power."""
    balancing: Balancing
    """Passive balancing of the cells."""
    thermal: ThermalManagement
    """Cooling and heating."""
    measurement_age: AgeLimits
    """Permitted ages of measurements."""

    @property
    def rack_alarms(self) -> tuple[AlarmRow, ...]:
        """Alarms of every rack, in their order."""
        return tuple(row for row in self.alarms if row.scope != "container")

    @property
    def container_alarms(self) -> tuple[AlarmRow, ...]:
        """Alarms of every container, in their order."""
        return tuple(row for row in self.alarms if row.scope == "container")

    def broken_laws(self) -> Iterator[Broken]:
        """An alarm's id is its own."""
        first: dict[str, int] = {}
        for index, row in enumerate(self.alarms):
            if row.id in first:
                yield f"alarms.{index}.id", f"stands twice, first in alarms.{first[row.id]}"
            first.setdefault(row.id, index)
