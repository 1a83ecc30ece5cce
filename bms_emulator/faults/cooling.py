"""Faults of the coolant loop and the chiller."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from bms_emulator.faults.kind import Blow, PlantFault, register
from bms_emulator.faults.quantity import MASS_FLOW, RATIO, TEMPERATURE_DIFFERENCE, Unit
from bms_emulator.faults.target import BRANCH, CHILLER, PACK, PUMP, RACK, Hits
from bms_emulator.plant.state import ChillerFault
from bms_emulator.profile.site import SiteProfile

UNPRIMED = 0.15
"""Share of air at which a centrifugal pump gives no head any more; it falls in proportion until there. Grade [U]."""


@register("pump-stop", "stop", PUMP)
class PumpStop(PlantFault):
    """The pump stands still."""

    arrays: ClassVar = ("pump_gain",)
    changes: ClassVar = "Factor on pump speed [1]; several factors on one pump multiply."
    expected: ClassVar = "No flow: cooling alarm; cells warm up under load, power limits fall, trip on temperature."
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on pump speed [1]."""
        return 1.0 - strength


@register("pump-slow", "slow", PUMP)
class PumpSlow(PlantFault):
    """The pump turns slower than asked."""

    arrays: ClassVar = ("pump_gain",)
    changes: ClassVar = "Factor on pump speed [1]; several factors on one pump multiply."
    expected: ClassVar = "Low flow: the temperature rise along the loop and the spread between packs grow."
    gradual: ClassVar = True

    speed: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)]
    """Speed relative to the speed asked for."""

    def bend(self, strength: float) -> float:
        """Factor on pump speed [1]."""
        return 1.0 - strength * (1.0 - self.speed)


@register("pump-no-flow", "no-flow", PUMP)
class PumpNoFlow(PlantFault):
    """The pump turns and moves nothing: a sheared shaft, an impeller off, no coolant before it."""

    arrays: ClassVar = ("pump_head_gain",)
    changes: ClassVar = "Factor on the head of the pump at its speed [1]; several factors on one pump multiply."
    expected: ClassVar = "Speed is there and flow is not: flow and pressure alarm; limits fall with temperature."
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on the head [1]."""
        return 1.0 - strength


@register("coolant-air", "air", PUMP)
class CoolantAir(PlantFault):
    """Air in the coolant: the pump loses head in proportion, and all of it from 15% of air on."""

    arrays: ClassVar = ("pump_head_gain",)
    changes: ClassVar = "Factor on the head of the pump at its speed [1]; several factors on one pump multiply."
    expected: ClassVar = "Pressure and flow fall below what the speed gives: warning, then flow alarm."
    gradual: ClassVar = True

    share: Annotated[float, Unit(RATIO), Field(gt=0, le=1)]
    """Share of air by volume."""

    def bend(self, strength: float) -> float:
        """Factor on the head [1]."""
        return max(0.0, 1.0 - strength * self.share / UNPRIMED)


@register("branch-blockage", "blockage", BRANCH, PACK)
class BranchBlockage(PlantFault):
    """Something sits in the coolant branch of a pack; the other branches get more."""

    arrays: ClassVar = ("branch_conductance_gain",)
    changes: ClassVar = "Factor on the hydraulic conductance of the branch [1]; several on one branch multiply."
    expected: ClassVar = "One pack runs warmer than the others: temperature spread, then high temperature."
    gradual: ClassVar = True

    blocked: Annotated[float, Unit(RATIO), Field(gt=0, le=1)] = 1.0
    """Share of the hydraulic conductance that is lost; 100% lets nothing through."""

    def bend(self, strength: float) -> float:
        """Factor on the conductance of the branch [1]."""
        return 1.0 - strength * self.blocked


@register("rack-valve-stuck", "valve-stuck", RACK)
class RackValveStuck(PlantFault):
    """The valve in the coolant branch of a rack is stuck, closed or half open; the other racks get more."""

    arrays: ClassVar = ("branch_conductance_gain",)
    changes: ClassVar = "Factor on the hydraulic conductance of the branches of all packs of the rack [1]."
    expected: ClassVar = "One rack runs warmer than the others; high temperature of that rack, and its limits fall."
    gradual: ClassVar = True

    opening: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Conductance that is left, relative to an open valve."""

    def bend(self, strength: float) -> float:
        """Factor on the conductance of each branch [1]."""
        return 1.0 - strength * (1.0 - self.opening)

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """The branches of all packs of the racks."""
        packs = site.container.rack.pack_count
        index = (hits.index[:, None] * packs + np.arange(packs)).ravel()
        return Hits(hits.target, index, hits.names, hits.total * packs)


@register("chiller-trip", "trip", CHILLER)
class ChillerTrip(PlantFault):
    """The chiller neither cools nor heats; the pump keeps turning."""

    arrays: ClassVar = ("chiller_gain",)
    changes: ClassVar = "Factor on chiller capacity [1]; several factors on one chiller multiply."
    expected: ClassVar = "Supply temperature leaves its set point: chiller alarm; power limits fall with temperature."
    gradual: ClassVar = True

    def bend(self, strength: float) -> float:
        """Factor on chiller capacity [1]."""
        return 1.0 - strength


@register("chiller-silence", "silence", CHILLER)
class ChillerSilence(PlantFault):
    """The chiller's reports do not arrive; it goes on as it was last asked, and still hears what it is asked."""

    arrays: ClassVar = ("chiller_silent",)
    changes: ClassVar = "Readings of temperatures, flow, pressure and mode stand still, and their age grows."
    expected: ClassVar = "Alarm of the chiller's communication; power limits fall if cells warm up."

    def bend(self, strength: float) -> float:
        """Silent."""
        return 1.0


@register("chiller-deaf", "deaf", CHILLER)
class ChillerDeaf(PlantFault):
    """The chiller does not hear the bank controller, and goes on as it was last asked; its reports arrive."""

    arrays: ClassVar = ("chiller_deaf",)
    changes: ClassVar = "Request and set point of the bank controller stand still. Those of a master arrive."
    expected: ClassVar = "Mode and temperature do not follow the request: a good BMS compares them and warns."

    def bend(self, strength: float) -> float:
        """Deaf."""
        return 1.0


@register("chiller-communication-lost", "communication-lost", CHILLER)
class ChillerCommunicationLost(PlantFault):
    """The line to the chiller is cut: no report arrives, no request is heard, it goes on as it was last asked."""

    arrays: ClassVar = ("chiller_silent", "chiller_deaf")
    changes: ClassVar = "Readings stand still and age, request and set point stand still."
    expected: ClassVar = "Alarm of the chiller's communication; power limits fall if cells warm up."

    def bend(self, strength: float) -> float:
        """Cut."""
        return 1.0


@register("chiller-too-cold", "too-cold", CHILLER)
class ChillerTooCold(PlantFault):
    """The chiller regulates to a supply temperature too low, as with a sensor that reads too high."""

    arrays: ClassVar = ("chiller_setpoint_shift",)
    changes: ClassVar = "How far it misses the set point that is asked [K]; several on one chiller add."
    expected: ClassVar = "Supply below the dew point: condensation alarm; below its own limit the chiller warns too."
    gradual: ClassVar = True

    by: Annotated[float, Unit(TEMPERATURE_DIFFERENCE), Field(gt=0, le=60)]
    """How much too cold."""

    def bend(self, strength: float) -> float:
        """Shift of the set point [K]."""
        return -strength * self.by


@register("heater-stuck", "heater-stuck", CHILLER)
class HeaterStuck(PlantFault):
    """The relay of the chiller's heater is stuck: it heats without end, whatever the chiller does beside it."""

    arrays: ClassVar = ("heater_stuck",)
    changes: ClassVar = "Share of the heater that is on [1]; of several on one chiller the strongest counts."
    expected: ClassVar = "Supply temperature and auxiliary power too high: coolant alarm, high temperature, derating."
    gradual: ClassVar = True

    share: Annotated[float, Unit(RATIO), Field(gt=0, le=1)] = 1.0
    """Share of its rated power."""

    def bend(self, strength: float) -> float:
        """Share of the heater [1]."""
        return strength * self.share


@register("chiller-fan-stop", "fan-stop", CHILLER)
class ChillerFanStop(PlantFault):
    """The fan of the condenser stands still: its pressure trips the compressor; the heater goes on."""

    arrays: ClassVar = ("chiller_faults",)
    changes: ClassVar = "Bit of what is broken in the chiller; several on one chiller join."
    expected: ClassVar = "Asked to cool, the chiller warns of its condenser; supply and cells warm up, limits fall."

    def bend(self, strength: float) -> float:
        """Bit of a condenser fan."""
        return float(1 << ChillerFault.CONDENSER_FAN)


@register("chiller-limited", "limited", CHILLER)
class ChillerLimited(PlantFault):
    """The chiller reaches a part of its capacity only: a fouled condenser, lost refrigerant."""

    arrays: ClassVar = ("chiller_gain",)
    changes: ClassVar = "Factor on chiller capacity [1]; several factors on one chiller multiply."
    expected: ClassVar = "At high load the supply temperature cannot be held; power limits fall with temperature."
    gradual: ClassVar = True

    capacity: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)]
    """Capacity relative to the healthy chiller."""

    def bend(self, strength: float) -> float:
        """Factor on chiller capacity [1]."""
        return 1.0 - strength * (1.0 - self.capacity)


@register("chiller-sensor", "sensor-failed", CHILLER)
class ChillerSensor(PlantFault):
    """The chiller's own sensor of the supply temperature is broken: it stops compressor and heater."""

    arrays: ClassVar = ("chiller_faults",)
    changes: ClassVar = "Bit of what is broken in the chiller; several on one chiller join."
    expected: ClassVar = "The chiller reports a stop; chiller alarm, power limits fall with temperature."

    def bend(self, strength: float) -> float:
        """Bit of a broken sensor."""
        return float(1 << ChillerFault.TEMPERATURE_SENSOR)


@register("coolant-leak", "leak", CHILLER)
class CoolantLeak(PlantFault):
    """Coolant leaks out: the make-up pump fills up from its tank; then the pressure falls, and the chiller stops."""

    arrays: ClassVar = ("coolant_leak",)
    changes: ClassVar = "Coolant that is lost [kg/s]; several leaks of one loop add. What is lost stays lost."
    expected: ClassVar = "Level, then pressure of the chiller too low, and a stop: chiller alarm, flow alarm."
    gradual: ClassVar = True

    rate: Annotated[float, Unit(MASS_FLOW), Field(gt=0)]
    """Coolant lost over time."""

    def bend(self, strength: float) -> float:
        """Coolant lost [kg/s]."""
        return strength * self.rate


@register("coolant-low-level", "low-level", CHILLER)
class CoolantLowLevel(Blow):
    """The make-up tank is found nearly empty: somebody forgot to fill it. What is missing stays missing."""

    changes: ClassVar = "Filling of the make-up tank, at one moment; `coolant.refill` fills it again."
    expected: ClassVar = "The chiller warns of its level; nothing else happens until the loop loses coolant too."

    level: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Filling that is left at most."""

    @property
    def settings(self) -> dict[str, float | str]:
        """What is left."""
        return {"level": self.level}


@register("coolant-low-pressure", "low-pressure", CHILLER)
class CoolantLowPressure(Blow):
    """The loop has lost its pressure at rest, and the make-up tank is empty. What is missing stays missing."""

    changes: ClassVar = "Filling of vessel and make-up tank, at one moment; `coolant.refill` fills them again."
    expected: ClassVar = "The chiller finds its pressure too low and stops until a refill and a reset: chiller alarm."

    filling: Annotated[float, Unit(RATIO), Field(ge=0, lt=1)] = 0.0
    """Filling of the expansion vessel that is left at most; the pressure at rest falls with it."""

    @property
    def settings(self) -> dict[str, float | str]:
        """What is left."""
        return {"filling": self.filling}
