"""Faults of controllers: what runs in them, what they publish, and what they make of commands."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bms_emulator.faults.kind import Blow, FirmwareFault, register
from bms_emulator.faults.quantity import BY_UNIT, RATIO, TIME, Taken, Unit, quantity
from bms_emulator.faults.spec import FaultError, near
from bms_emulator.faults.target import BANK_CONTROLLER, RACK_CONTROLLER, Hits
from bms_emulator.firmware.contract import Frozen, Off
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.thresholds import Ratings, Threshold

BOTH = RACK_CONTROLLER, BANK_CONTROLLER
Time = Annotated[float, Unit(TIME), Field(gt=0)]


@register("controller-crash", "crash", *BOTH)
class Crash(FirmwareFault):
    """The firmware crashes, and starts anew after a time, as after power-on; what is not persistent is lost."""

    hosted: ClassVar = True
    changes: ClassVar = (
        "Controller off until it restarts: contactors fall, limits are 0, what it published stands still. A user's "
        "firmware loses its process; its own watchdog and restarts follow."
    )
    expected: ClassVar = (
        "Outputs safe at once, heartbeat stands; then it starts by itself, reports it, and reconnects only if asked to."
    )

    restart: Time = 10.0
    """Time after which it starts again."""

    @property
    def lasting(self) -> float:
        """Until it starts again [s]."""
        return self.restart

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Off."""
        return {"_off": float(Off.CRASHED)} if strength > 0.0 else {}


@register("controller-reset-loop", "reset-loop", *BOTH)
class ResetLoop(FirmwareFault):
    """The controller resets again and again, as with a failing watchdog or a corrupt image."""

    hosted: ClassVar = True
    moving: ClassVar = True
    changes: ClassVar = "Controller off in the first part of every period, and started anew after it."
    expected: ClassVar = "The rack never connects for good; a supervisor counts restarts and takes it out of service."

    every: Time = 20.0
    """Time from one reset to the next."""
    off: Time = 2.0
    """Time for which it is off each time."""

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """Refuse times that leave it no time to run."""
        if self.off >= self.every:
            raise FaultError(f"reset-loop: off = {self.off:g} s: must be < every, {self.every:g} s")
        return self

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Off at the beginning of each period."""
        is_off = strength > 0.0 and elapsed % self.every < self.off
        return {"_off": float(Off.CRASHED)} if is_off else {}


@register("controller-power-cycle", "power-cycle", *BOTH)
class PowerCycle(FirmwareFault):
    """The controller alone loses its supply for a time."""

    hosted: ClassVar = True
    changes: ClassVar = "Controller off for the time: nothing that it drives is energised; persistent memory is kept."
    expected: ClassVar = "Contactors open; after the return it starts in a safe state with its persistent values."

    off: Time = 5.0
    """Time without supply."""

    @property
    def lasting(self) -> float:
        """Until the supply returns [s]."""
        return self.off

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Off."""
        return {"_off": float(Off.UNPOWERED)} if strength > 0.0 else {}


@register("controller-hang", "hang", *BOTH)
class Hang(FirmwareFault):
    """The firmware hangs: no step is done any more, and no watchdog helps."""

    hosted: ClassVar = True
    changes: ClassVar = (
        "Outputs, contactors, heartbeat and memory stand still; afterwards it goes on where it stood. A user's "
        "firmware is not stepped: its watchdog makes its outputs safe."
    )
    expected: ClassVar = "Whoever watches the heartbeat must notice and stop; nothing may rely on the frozen values."

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Halted."""
        return {"_halted": 1.0} if strength > 0.0 else {}


@register("controller-slow", "slow", *BOTH)
class Slow(FirmwareFault):
    """The firmware is overloaded: it runs in every n-th period only, and its timers run that much slower."""

    hosted: ClassVar = True
    changes: ClassVar = "Steps left out; of several faults on one controller the slowest counts."
    expected: ClassVar = "Reaction times grow n-fold: tests of timing must fail, watchdogs may trip."

    every: Annotated[int, Taken("number"), Field(ge=2, le=10_000)]
    """Runs in one of so many periods."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Divider of its periods."""
        return {"_divider": float(self.every)} if strength > 0.0 else {}


@register("controller-defect", "defect", RACK_CONTROLLER)
class Defect(FirmwareFault):
    """The controller finds something wrong with itself."""

    hosted: ClassVar = True
    changes: ClassVar = "Bit among the controller's faults; bits of faults join."
    expected: ClassVar = "Its alarm; the rack does not connect, or opens, as the alarm row says."

    what: Literal["configuration", "clock", "watchdog", "duplicate_id", "communication"]
    """What it finds."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Its bit."""
        bits = {"configuration": 0, "clock": 2, "watchdog": 3, "duplicate_id": 4, "communication": 5}
        return {"_defects": float(1 << bits[self.what])} if strength > 0.0 else {}


@register("soc-wrong", "soc-wrong", RACK_CONTROLLER)
class SocWrong(FirmwareFault):
    """The controller reckons with a wrong state of charge; what it counts goes on underneath."""

    changes: ClassVar = "State of charge plus offset, within 0 to 100%, for alarms, limits and all that it publishes."
    expected: ClassVar = "Limits and alarms act on the wrong charge; cell voltages must still protect the cells."
    gradual: ClassVar = True

    offset: Annotated[float, Unit(RATIO), Field(ge=-1, le=1)]
    """What is added to the state of charge."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Offset."""
        return {"rack_soc_offset": strength * self.offset}


@register("soc-jump", "soc-jump", RACK_CONTROLLER)
class SocJump(Blow):
    """The estimated state of charge jumps at one moment, and counting goes on from there."""

    changes: ClassVar = "State of charge of the estimator; it stays wrong until voltage corrects it. Over at once."
    expected: ClassVar = "A plausibility check finds the jump; a correction at the next rest or at full takes it back."

    change: Annotated[float, Unit(RATIO), Field(ge=-1, le=1)]
    """What is added once."""

    @property
    def settings(self) -> dict[str, float | str]:
        """How far it jumps."""
        return {"change": self.change}


@register("bit-flip", "bit-flip", RACK_CONTROLLER)
class BitFlip(Blow):
    """A bit of a stored number flips, in each controller hit another one, chosen by the seed."""

    changes: ClassVar = (
        "One bit of one number, held in single precision; the number stays within the range to which firmware "
        "saturates it. Over at once; the event says which."
    )
    expected: ClassVar = "A checksum or a plausibility check finds it; protection must not rest on that number."

    memory: Literal["persistent", "internal"] = "persistent"
    """Which memory."""

    @property
    def settings(self) -> dict[str, float | str]:
        """Which memory."""
        return {"memory": self.memory}


class _Frozen(FirmwareFault):
    """What a controller publishes and does not renew."""

    what: ClassVar[Frozen]

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """What stands still."""
        return {"_frozen": float(self.what)} if strength > 0.0 else {}


@register("limits-frozen", "limits-frozen", *BOTH)
class LimitsFrozen(_Frozen):
    """The published limits of current and power stand still; all else goes on."""

    what: ClassVar = Frozen.LIMITS
    changes: ClassVar = "Limits as published; what is reckoned underneath goes on, and shows again afterwards."
    expected: ClassVar = "Nobody derates: cell voltage and temperature alarms must protect; an EMS should notice."


@register("data-frozen", "data-frozen", *BOTH)
class DataFrozen(_Frozen):
    """The heartbeat counts, but all other data stand still."""

    what: ClassVar = Frozen.DATA
    changes: ClassVar = "All that is published but the heartbeat; contactors and chiller are still served."
    expected: ClassVar = "A heartbeat is no proof of fresh data: a master should compare values that must move."


@register("heartbeat-frozen", "heartbeat-frozen", *BOTH)
class HeartbeatFrozen(_Frozen):
    """The heartbeat stands still, and all other data are live."""

    what: ClassVar = Frozen.HEARTBEAT
    changes: ClassVar = "Heartbeat as published; it shows its true count again afterwards."
    expected: ClassVar = "A master takes the controller for lost and goes to its safe state, though data move."


@register("commands-ignored", "commands-ignored", BANK_CONTROLLER)
class CommandsIgnored(FirmwareFault):
    """The controller does nothing about what masters ask, though their writes are accepted."""

    changes: ClassVar = "Writes to the mailbox have no effect; afterwards settings count again, missed requests do not."
    expected: ClassVar = "A master checks the effect of its command, and says so when there is none."

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Deaf."""
        return {"mailbox_deaf": 1.0} if strength > 0.0 else {}


@register("commands-late", "commands-late", BANK_CONTROLLER)
class CommandsLate(FirmwareFault):
    """The controller acts on what masters ask after a delay; their heartbeat comes late too."""

    changes: ClassVar = "Time from a write to its effect [s]; several delays add. What is under way at the end counts."
    expected: ClassVar = "A master waits for the effect, and does not send opposite commands in between."

    delay: Time
    """Delay."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Delay [s]."""
        return {"mailbox_delay": self.delay} if strength > 0.0 else {}


@register("commands-repeated", "commands-repeated", BANK_CONTROLLER)
class CommandsRepeated(FirmwareFault):
    """The controller acts on every request of a master a second time."""

    changes: ClassVar = "Requests and resets act again after the time, whatever was asked in between."
    expected: ClassVar = "A stale repetition must do no harm: a master that reads back sees it and commands again."

    after: Time = 1.0
    """Time from the first to the second."""

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Time after which requests come again [s]."""
        return {"mailbox_echo": self.after} if strength > 0.0 else {}


@register("configuration-wrong", "configuration-wrong", RACK_CONTROLLER)
class ConfigurationWrong(FirmwareFault):
    """A threshold of an alarm is another than was configured."""

    changes: ClassVar = (
        "Value at which one level of one alarm sets; of several on one level the youngest wins. What masters write "
        "meanwhile counts afterwards."
    )
    expected: ClassVar = "The alarm comes too early, too late or never: acceptance tests and a read-back find it."

    alarm: Annotated[str, Taken("id of an alarm")]
    """Id of the alarm, such as ``cell_overvoltage``."""
    level: Annotated[int, Taken("number"), Field(ge=1, le=3)]
    """Its level."""
    value: Annotated[str | float, Taken("unit of the alarm")]
    """Value at which it sets, in SI or with a unit."""

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """The value in SI; refuses an alarm that there is not, a level that it does not use, and a senseless value."""
        row = site.firmware.rack_alarms[self._row(site)]
        threshold = Threshold.of(row, Ratings.of(site))
        used = [str(n) for n, value in enumerate(threshold.set, 1) if value is not None]
        if str(self.level) not in used:
            raise FaultError(
                f"configuration-wrong: level = {self.level}: {row.id} has no such; allowed: {', '.join(used)}"
            )
        try:
            value = quantity(_plain(self.value), BY_UNIT.get(threshold.unit, RATIO))
        except ValueError as error:
            raise FaultError(f"configuration-wrong: value: {error}") from None
        low, high = threshold.limits
        if not low <= value <= high:
            raise FaultError(
                f"configuration-wrong: value = {value:g} {threshold.unit}: must be from {low:g} to {high:g}"
            )
        return self.model_copy(update={"value": value})

    def effects(self, strength: float, elapsed: float) -> dict[str, float]:
        """Value, in the unit of the alarm."""
        return {"rack_threshold": float(self.value)} if strength > 0.0 else {}

    def places(self, hits: Hits, site: SiteProfile) -> NDArray[np.int64]:
        """Its level, in every rack that is hit."""
        return (self._row(site) * site.rack_count + hits.index) * 3 + self.level - 1

    def _row(self, site: SiteProfile) -> int:
        ids = [row.id for row in site.firmware.rack_alarms]
        if self.alarm not in ids:
            raise FaultError(f"configuration-wrong: alarm = {self.alarm!r}: there is none{near(self.alarm, ids)}")
        return ids.index(self.alarm)


def _plain(value: str | float) -> str | float:
    """A number that was written as a text."""
    try:
        return float(value)
    except ValueError:
        return value
