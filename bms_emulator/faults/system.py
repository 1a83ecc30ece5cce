"""Faults of the auxiliary supply, and of the memory of bank controllers."""

from typing import Annotated, ClassVar

from pydantic import Field

from bms_emulator.faults.kind import FirmwareFault, PlantFault, register
from bms_emulator.faults.quantity import VOLTAGE, Unit
from bms_emulator.faults.target import BANK_CONTROLLER, RACK_CONTROLLER, SUPPLY, UPS


@register("supply-failure", "failure", SUPPLY)
class SupplyFailure(PlantFault):
    """What feeds the auxiliary supply fails; the battery of the UPS carries the load as long as it can."""

    arrays: ClassVar = ("supply_failed",)
    changes: ClassVar = "The UPS is not fed. Faults join each other and the point `supply.failed`."
    expected: ClassVar = "UPS on battery is reported; an orderly stop before the battery is empty."

    def bend(self, strength: float) -> float:
        """Failed."""
        return 1.0


@register("supply-dip", "dip", SUPPLY)
class SupplyDip(PlantFault):
    """The voltage at controllers and coils dips, behind the UPS: a shorted load, a loose terminal."""

    arrays: ClassVar = ("supply_hold",)
    changes: ClassVar = "Voltage at controllers and coils held; the youngest of several faults on one supply wins."
    expected: ClassVar = "Below the coils' drop-out contactors open; below brown-out controllers stop, and start anew."

    voltage: Annotated[float, Unit(VOLTAGE), Field(ge=0, le=36)]
    """Voltage that is left."""

    def bend(self, strength: float) -> float:
        """Voltage [V]."""
        return self.voltage


@register("ups-loss", "loss", UPS)
class UpsLoss(PlantFault):
    """The UPS itself fails: nothing comes out of it, whatever feeds it."""

    arrays: ClassVar = ("supply_hold",)
    changes: ClassVar = "No voltage at controllers and coils; the youngest of several faults on one supply wins."
    expected: ClassVar = "All contactors fall open, controllers stop; afterwards they start as after power-on."

    def bend(self, strength: float) -> float:
        """No voltage [V]."""
        return 0.0


@register("storage-full", "storage-full", BANK_CONTROLLER)
class StorageFull(FirmwareFault):
    """The storage of the event log is full: it takes no entry any more."""

    changes: ClassVar = "Event log of the container stands still; what happens meanwhile is never entered."
    expected: ClassVar = "Protection goes on without a log; whoever reads the log finds a gap."

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Full."""
        return {"storage_full": 1.0} if strength > 0.0 else {}


@register("storage-corrupt", "storage-corrupt", RACK_CONTROLLER)
class StorageCorrupt(FirmwareFault):
    """The persistent memory fails its check: the controller says so, and starts with default values."""

    hosted: ClassVar = True
    changes: ClassVar = "Bit among the controller's faults; a start while it stands loses charge, counters, thresholds."
    expected: ClassVar = "Its alarm; after a restart the charge is unknown until voltage tells it."

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Its bit."""
        return {"_defects": float(1 << 1)} if strength > 0.0 else {}
