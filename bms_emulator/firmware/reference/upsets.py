"""Controllers that do not do what their firmware says: halted, slow, off, publishing what is no longer true.

The firmware itself knows nothing of it. Before each part of a period, what a controller must not touch is kept, and put
back after it; where nothing is bent, nothing is done.
"""

from typing import TYPE_CHECKING

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import ControllerOverlay, Measurements
from bms_emulator.firmware.reference.mailbox import Mailboxes
from bms_emulator.firmware.reference.masks import Mask, WrongCharge
from bms_emulator.firmware.reference.power import Power
from bms_emulator.firmware.reference.rows import Kept, Rows, fields
from bms_emulator.firmware.reference.stamps import Stamps
from bms_emulator.firmware.reference.wrong_thresholds import WrongThresholds

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class Upsets:
    """What faults do to the reference firmware.

    Args:
        arrays: Everything that controllers read and write.
        measurements: What they know of the plant, and of themselves.
        overlay: How faults bend them.
        power: What the loss of the supply does to them.
        dt: Firmware period [s].

    Attributes:
        is_active: Whether any controller is bent.
    """

    def __init__(
        self,
        arrays: "FirmwareArrays",
        measurements: Measurements,
        overlay: ControllerOverlay,
        power: Power,
        dt: float,
    ) -> None:
        self.is_active = False
        self._arrays = arrays
        self._measurements = measurements
        self._overlay = overlay
        self._power = power
        self._at_rest = {name: array.copy() for name, array, *_ in fields(overlay)}
        self._mailboxes = Mailboxes(arrays.commands, arrays.private, overlay, dt)
        self._charge = WrongCharge(arrays.racks.soc)
        self._rack_mask = Mask(_named(arrays.racks))
        self._bank_masks = [Mask(_named(group)) for group in (arrays.bank, arrays.bank_report)]
        self._thresholds = WrongThresholds(arrays.thresholds, arrays.private, overlay.rack_threshold)
        self._rack_stamps = Stamps(arrays.racks, overlay.rack_clock_offset)
        self._bank_stamps = Stamps(arrays.bank, overlay.bank_clock_offset, arrays.log)
        self._off_racks: Rows = np.zeros(arrays.racks.mode.size, np.bool_)
        self._off_banks: Rows = np.zeros(arrays.bank.mode.size, np.bool_)
        self._still_racks, self._still_banks = self._off_racks.copy(), self._off_banks.copy()
        self._kept = Kept((), self._off_banks, self._off_racks)

    # between periods

    def lift(self) -> None:
        """Put all true values back, as before a change of the overlay or of the memory of controllers."""
        for mask in (*self._bank_masks, self._rack_mask):
            mask.lift()
        self._charge.lift()

    def bend(self) -> None:
        """Take over a change of the overlay; all true values are back."""
        over, arrays = self._overlay, self._arrays
        self._charge.bend(over.rack_soc_offset)
        self._charge.lower()
        self._rack_mask.bend(over.rack_frozen)
        self._rack_mask.lower()
        for mask in self._bank_masks:
            mask.bend(over.bank_frozen)
            mask.lower()
        self._thresholds.bend()
        self._mailboxes.bend()
        off_racks, off_banks = over.rack_off != 0.0, over.bank_off != 0.0
        powered = arrays.persistent.powered != 0.0
        self._restart(self._off_racks & ~off_racks, self._off_banks & ~off_banks & powered)
        self._off_racks, self._off_banks = off_racks, off_banks
        self.is_active = any(
            not np.array_equal(array, self._at_rest[name], equal_nan=True) for name, array, *_ in fields(over)
        )

    def _restart(self, racks: Rows, banks: Rows) -> None:
        racks &= self._power.racks_of(self._arrays.persistent.powered != 0.0)
        if banks.any():
            self._power.start_banks(banks)
        if racks.any():
            self._power.start_racks(racks)

    # around the parts of a period

    def before_orders(self, count: int) -> None:
        """Before bank controllers listen. count: periods since the start."""
        over = self._overlay
        defects = self._measurements.controller_faults
        defects[...] = defects.astype(np.int64) | over.rack_defects.astype(np.int64)
        self._still_racks = _still(over.rack_halted, over.rack_off, over.rack_divider, count)
        self._still_banks = _still(over.bank_halted, over.bank_off, over.bank_divider, count)
        if self._mailboxes.is_bent:
            self._mailboxes.open()
        for mask in self._bank_masks:
            mask.lift()
        self._keep_banks()
        self._bank_stamps.look()
        self._thresholds.hold()

    def after_orders(self) -> None:
        """After they have given orders."""
        self._kept.put_back()

    def before_racks(self) -> None:
        """Before the controllers of racks run."""
        arrays = self._arrays
        self._rack_mask.lift()
        self._charge.lift()
        groups = arrays.racks, arrays.private, arrays.persistent
        self._kept = Kept(groups, np.zeros_like(self._still_banks), self._still_racks)
        self._rack_stamps.look()

    def between(self) -> None:
        """After the controllers of racks have reckoned, and before they judge."""
        self._charge.lower()

    def after_racks(self) -> None:
        """After the controllers of racks have run."""
        self._charge.lift()
        self._kept.put_back()
        self._rack_stamps.correct()
        self._charge.lower()
        self._power.rest_racks(self._off_racks)
        self._rack_mask.lower()

    def before_report(self) -> None:
        """Before bank controllers report."""
        self._keep_banks()

    def after_report(self) -> None:
        """After they have reported."""
        self._kept.put_back()
        self._bank_stamps.correct()
        self._power.rest_banks(self._off_banks)
        for mask in self._bank_masks:
            mask.lower()
        if self._mailboxes.is_bent:
            self._mailboxes.close()

    def _keep_banks(self) -> None:
        """Keep all that bank controllers write which do not run, and logs that take no entry."""
        arrays, still = self._arrays, self._still_banks
        groups = (
            arrays.commands,
            arrays.orders,
            arrays.private,
            arrays.bank,
            arrays.rack_report,
            arrays.bank_report,
            arrays.log,
        )
        racks = self._power.racks_of(still)
        self._kept = Kept(groups, still, racks)
        self._kept.add((arrays.racks,), still, racks, but=_named(arrays.racks).keys() - {"connect_failure"})
        self._kept.add((arrays.log,), self._overlay.storage_full != 0.0, np.zeros_like(racks))


def _still(halted: Array, off: Array, divider: Array, count: int) -> Rows:
    """Controllers that do not run in this period."""
    skipped = count % np.maximum(divider, 1.0) != 0.0
    result: Rows = (halted != 0.0) | (off != 0.0) | skipped
    return result


def _named(group: object) -> dict[str, Array]:
    return {name: array for name, array, *_ in fields(group)}
