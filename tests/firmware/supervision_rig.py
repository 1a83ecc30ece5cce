"""Supervision over hand-made measurements and commands: no sequencer, no contactors, three racks of the demo."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import GROUPS
from bms_emulator.firmware.reference.alarm_model import container_signals
from bms_emulator.firmware.reference.bank_supervision import BankSupervision
from bms_emulator.firmware.reference.extremes import find_extremes
from bms_emulator.firmware.reference.firmware import FirmwareArrays
from bms_emulator.firmware.reference.model import build_firmware_model
from bms_emulator.firmware.reference.rack_supervision import RackSupervision
from bms_emulator.firmware.reference.settings import Defaults
from bms_emulator.firmware.reference.state import GROUPS as PRIVATE
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.signals import CONTAINER_SIGNALS, RACK_SIGNALS, SIGNALS
from bms_emulator.profile.site import SiteProfile
from bms_emulator.program import Program
from bms_emulator.sensing.state import Measured

CELL_VOLTAGE = 3.3
RACK = 1
"""The rack that tests make suffer, counted from 0."""


@cache
def three_racks(firmware: str = "default") -> SiteProfile:
    """The demo with three racks and this firmware profile."""
    return load_site("demo", {"container.rack_count": 3, "container.pump.rated_flow_lpm": 120, "firmware": firmware})


class SupervisionRig:
    """Healthy measurements, until a test changes them.

    Args:
        site: Three racks.
        dt: Firmware period [s].
    """

    def __init__(self, site: SiteProfile | None = None, dt: float = 0.1) -> None:
        self.site = site or three_racks()
        self.dt, self.count = dt, 0
        arena = Arena(Layout(self.site.counts, {"measured": Measured, **GROUPS, **PRIVATE}))
        self.arrays = arrays = FirmwareArrays.of(arena)
        self.measured = measured = arena.group("measured", Measured)
        self.commands, self.orders, self.racks, self.bank = arrays.commands, arrays.orders, arrays.racks, arrays.bank
        self.private = arrays.private
        self.rated_current = self.site.container.rack.rated_current_a
        self.rated_voltage = self.site.container.operating_voltage_max_v
        self.container = container_signals(self.site)
        self._time = np.zeros(1)
        Defaults(self.site, arrays).restore()
        self._rack_supervision = RackSupervision(self.site, arrays, measured, self._time, dt)
        self._bank_supervision = BankSupervision(self.site, arrays, measured, self._time, dt)
        first_cell = build_firmware_model(self.site).first_cell
        self._supervise = Program(
            *self._bank_supervision.calls,
            *find_extremes(measured, first_cell, self.private.temperature_age_seen, self.racks),
            *self._rack_supervision.calls,
        )
        arrays.persistent.capacity.fill(self.site.container.rack.pack.cell.capacity_ah * 3600.0)
        measured.cell_voltage.fill(CELL_VOLTAGE)
        string = CELL_VOLTAGE * measured.cell_voltage.shape[1]
        for voltage in (measured.string_voltage, measured.fuse_voltage, measured.link_voltage):
            voltage.fill(string)
        measured.insulation_positive.fill(1e8)
        measured.insulation_negative.fill(1e8)
        measured.chiller_mode.fill(1.0)
        measured.coolant_flow.fill(self.container.rated_flow)
        measured.coolant_pressure.fill(self.container.rated_pressure)
        self.bank.insulation_monitor_rack.fill(RACK + 1.0)
        self.beating = np.ones(self.site.rack_count)
        """1 where the heartbeat of a rack counts."""

    @property
    def elapsed(self) -> float:
        """Time that has been run [s]."""
        return self.count * self.dt

    def step(self, count: int = 1) -> None:
        """Run a number of periods; resets are pulses."""
        for _ in range(count):
            self.racks.heartbeat += self.beating
            self.orders.alarm_reset[...] = self.commands.alarm_reset[0]
            self.orders.service_reset[...] = self.commands.service_reset[0]
            self._time[0] = self.elapsed
            self._supervise()
            self.commands.alarm_reset.fill(0.0)
            self.commands.service_reset.fill(0.0)
            self.count += 1

    def run(self, duration: float) -> None:
        """Run for a time [s]."""
        self.step(round(duration / self.dt))

    def send(self, negative: int, precharge: int, positive: int, *, follow: bool = True) -> None:
        """Send the contactors of the suffering rack, which follow or stay."""
        self.racks.contactor_command[RACK] = negative, precharge, positive
        if follow:
            self.measured.contactor_feedback[RACK] = negative, precharge, positive

    def signal(self, name: str) -> float:
        """A signal of the suffering rack, or of the container, in SI units."""
        if SIGNALS[name].of_container:
            return float(self._bank_supervision.signals[0, CONTAINER_SIGNALS.index(name)])
        return float(self._rack_supervision.signals[RACK, RACK_SIGNALS.index(name)])

    def alarm(self, field: str, alarm: str) -> float:
        """What is published of an alarm of the suffering rack, or of the container: level, source, count ..."""
        name = "alarm" if field == "level" else f"alarm_{field}"
        racks = [row.id for row in self.site.firmware.rack_alarms]
        if alarm in racks:
            return float(getattr(self.racks, name)[RACK, racks.index(alarm)])
        containers = [row.id for row in self.site.firmware.container_alarms]
        return float(getattr(self.bank, name)[0, containers.index(alarm)])

    def raised(self) -> Mapping[str, int]:
        """Active levels by alarm, of all racks and the container."""
        firmware = self.site.firmware
        found: dict[str, Any] = {}
        for rows, levels in ((firmware.rack_alarms, self.racks.alarm), (firmware.container_alarms, self.bank.alarm)):
            found |= {row.id: int(level) for row, level in zip(rows, levels.max(axis=0), strict=True) if level}
        return found
