"""The reference firmware over hand-made measurements, with contactors that follow unless a test holds them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import GROUPS, Measurements, RackMode, Request
from bms_emulator.firmware.reference.firmware import FirmwareArrays, ReferenceFirmware
from bms_emulator.firmware.reference.state import GROUPS as PRIVATE
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.state import Measured

CELL_VOLTAGE = 3.3
STRING_VOLTAGE = CELL_VOLTAGE * 416
THREE_RACKS = {"container.rack_count": 3, "container.pump.rated_flow_lpm": 120}


class RiggedFirmware(ReferenceFirmware):
    """The reference firmware, whose alarms may ask for more than it has found."""

    def __init__(self, site: SiteProfile, arrays: FirmwareArrays, measurements: Measurements, dt: float) -> None:
        super().__init__(site, arrays, measurements, dt)
        self.asked = np.zeros_like(arrays.racks.alarm_action)
        self.asked_of_all = np.zeros_like(arrays.orders.action)

    def _decide(self) -> None:
        orders, racks = self._orders, self._racks
        np.maximum(orders.action, self.asked_of_all, out=orders.action)
        racks.alarm_action[...] = np.maximum.reduce([racks.alarm_action, self.asked, orders.action])
        super()._decide()


class Rig:
    """Three racks of the demo (or as overridden), their firmware, and measurements that a test may set.

    Args:
        overrides: Values that replace those of the profiles, by key path.
        dt: Firmware period [s].
    """

    def __init__(self, overrides: Mapping[str, Any] | None = None, *, dt: float = 0.1) -> None:
        self.site = load_site("demo", THREE_RACKS | dict(overrides or {}))
        self.dt = dt
        arena = Arena(Layout(self.site.counts, {"measured": Measured, **GROUPS, **PRIVATE}))
        self.measured = arena.group("measured", Measured)
        self.arrays = FirmwareArrays.of(arena)
        self.commands = self.arrays.commands
        self.settings = self.arrays.settings
        self.thresholds = self.arrays.thresholds
        self.orders = self.arrays.orders
        self.racks = self.arrays.racks
        self.bank = self.arrays.bank
        self.rack_report = self.arrays.rack_report
        self.bank_report = self.arrays.bank_report
        self.log = self.arrays.log
        self.private = self.arrays.private
        self.persistent = self.arrays.persistent
        self.firmware = RiggedFirmware(self.site, self.arrays, self.measured, dt)
        self.asked = self.firmware.asked
        """Action that made-up alarms ask of a rack."""
        self.asked_of_all = self.firmware.asked_of_all
        """The same, of alarms of its container."""
        self.between: Callable[[], None] = lambda: None
        """What happens between the racks' part of a period and the bank controllers' report."""
        self.count = 0
        self.measured.cell_voltage.fill(CELL_VOLTAGE)
        self.measured.string_voltage.fill(STRING_VOLTAGE)
        self.welded = np.full(self.racks.contactor_command.shape, np.nan)
        """Feedback that a contactor is held at, NaN where it follows."""
        self.link_follows = True
        """Whether precharge and main contactors bring the link to the string's voltage."""
        self.buffer = arena.buffer
        self.current_error = np.zeros(self.site.rack_count)
        """What the second current sensor reads more than the first."""
        self.fuse_error = np.zeros(self.site.rack_count)
        """What is measured behind the fuse more than before it."""
        self._cells_seen = self.measured.cell_voltage.mean(axis=1)

    def step(self, count: int = 1) -> None:
        """Run a number of firmware periods."""
        for _ in range(count):
            command = self.racks.contactor_command
            self.measured.contactor_feedback[...] = np.where(np.isnan(self.welded), command, self.welded)
            self._agree()
            closed = (command[:, 0] * np.maximum(command[:, 1], command[:, 2])) > 0
            if self.link_follows and closed.any():
                self.measured.link_voltage[...] = self.measured.string_voltage[closed][0]
            self.firmware.give_orders(self.count * self.dt)
            self.firmware.run_racks()
            self.between()
            self.firmware.report()
            self.count += 1

    def _agree(self) -> None:
        """Sensors that measure the same tell the same, but for what a test makes them differ by."""
        measured = self.measured
        cells = np.nan_to_num(measured.cell_voltage, nan=CELL_VOLTAGE).mean(axis=1)
        measured.string_voltage += (cells - self._cells_seen) * measured.cell_voltage.shape[1]
        self._cells_seen = cells
        measured.current_second[...] = measured.current + self.current_error
        measured.fuse_voltage[...] = measured.string_voltage + self.fuse_error

    def rewind(self) -> Callable[[], None]:
        """What brings the rig itself, its clock and its sensors, back to where it is now."""
        count, cells = self.count, self._cells_seen.copy()

        def back() -> None:
            self.count, self._cells_seen = count, cells.copy()

        return back

    def run(self, duration: float) -> None:
        """Run for a time [s]."""
        self.step(round(duration / self.dt))

    def mode(self, rack: int = 0) -> RackMode:
        """Mode of a rack, counted from 0."""
        return RackMode(int(self.racks.mode[rack]))

    def ready(self) -> "Rig":
        """Pass the self-test."""
        self.run(self.site.firmware.timing.self_test_s + 0.5)
        return self

    def connected(self) -> "Rig":
        """Connect all racks and let the limits rise."""
        self.ready()
        self.commands.request[...] = Request.CONNECT
        self.run(20.0)
        assert np.all(self.racks.mode == RackMode.CONNECTED)
        return self

    def reset(self) -> None:
        """Give the alarm-reset pulse and run one period."""
        self.commands.alarm_reset[...] = 1.0
        self.step()

    def until_mode(self, mode: RackMode, rack: int = 0, within: float = 30.0) -> float:
        """Run until a rack is in a mode; the time that it took [s]."""
        for n in range(round(within / self.dt)):
            self.step()
            if self.mode(rack) == mode:
                return (n + 1) * self.dt
        raise AssertionError(f"rack {rack} is in {self.mode(rack).name}, not {mode.name}, after {within} s")
