"""What an EMS writes down of a run, and what must have held of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.ems.dispatch import Plan, Share
from hil.ems.units import DAY, HOUR, KILO

if TYPE_CHECKING:
    from hil.ems.controller import Controller
    from hil.ems.unit import Unit

TOLERANCE = 0.02
"""Share of a power within which it is kept: accuracy of the devices and what load and limits move in a cycle [1]."""
SOC_TOLERANCE = 0.01
"""Distance from the window of the state of charge at which power must no longer lead away from it [1]."""
OUTSIDE_MAX = 60.0
"""Longest time for which it may: the battery may correct its state of charge by a step [s]."""
OVER_LIMIT_MAX = 60.0
"""Longest time above the limit of the grid while the batteries could have helped [s]."""
OVER_BMS_MAX = 15.0
"""Longest time beyond what a BMS permits: a cycle or two in which the PCS does not know yet [s]."""


@dataclass
class Day:
    """Energies of a day [J].

    Attributes:
        imported: Taken from the grid.
        exported: Fed into it.
        charged: By the batteries, AC side.
        discharged: By the batteries, AC side.
        import_max: Highest power taken from the grid [W].
        demand_max: What it would have been without batteries [W].
        out_of_service: Time that containers were out of service, summed over them [s].
    """

    imported: float = 0.0
    exported: float = 0.0
    charged: float = 0.0
    discharged: float = 0.0
    import_max: float = 0.0
    demand_max: float = 0.0
    out_of_service: float = 0.0


@dataclass
class Longest:
    """The longest time for which something held without a break [s]."""

    longest: float = 0.0
    _now: float = 0.0

    def add(self, holds: bool, elapsed: float) -> None:
        self._now = self._now + elapsed if holds else 0.0
        self.longest = max(self.longest, self._now)


@dataclass(frozen=True)
class Check:
    """A law and whether it held."""

    name: str
    value: str
    held: bool


@dataclass
class Ledger:
    """What was measured.

    Attributes:
        plan: What the site wants.
        units: Containers.
        days: Energies by day.
        seconds: Time accounted for [s].
    """

    plan: Plan
    units: "Sequence[Unit]"
    days: list[Day] = field(default_factory=list)
    seconds: float = 0.0
    over_limit: Longest = field(default_factory=Longest)
    over_bms: Longest = field(default_factory=Longest)
    outside: Longest = field(default_factory=Longest)
    soc_low: float = 1.0
    soc_high: float = 0.0
    _counters: list[tuple[float, float]] = field(default_factory=list)
    _limits: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, controller: "Controller", elapsed: float, shares: Sequence[Share]) -> None:
        """Account for a time [s] that has passed."""
        self.seconds += elapsed
        while len(self.days) <= self.seconds // DAY:
            self.days.append(Day())
        day = self.days[-1]
        imported = controller.meter.imported if controller.meter.fresh else 0.0
        if controller.meter.fresh:
            now = (controller.meter["energy_imported"], controller.meter["energy_exported"])
            self._counters = [*self._counters[:1], now]
        delivered = {unit.name: unit.pcs["power"] for unit in self.units if unit.pcs.fresh}
        day.imported += max(0.0, imported) * elapsed
        day.exported += max(0.0, -imported) * elapsed
        for power in delivered.values():
            day.discharged += max(0.0, power) * elapsed
            day.charged += max(0.0, -power) * elapsed
        day.import_max = max(day.import_max, imported)
        day.demand_max = max(day.demand_max, controller.demand)
        day.out_of_service += elapsed * sum(not unit.in_service for unit in self.units)
        self._check_limit(imported, elapsed, shares, sum(delivered.values()))
        self._check_units(elapsed)

    def _check_limit(self, imported: float, elapsed: float, shares: Sequence[Share], delivered: float) -> None:
        excess = imported - self.plan.import_limit * (1.0 + TOLERANCE)
        could = sum(share.discharge for share in shares) - delivered
        self.over_limit.add(excess > 0.0 and could >= excess, elapsed)

    def _check_units(self, elapsed: float) -> None:
        beyond = outside = False
        for unit in self.units:
            battery = unit.battery
            if not battery.fresh:
                self._limits.pop(unit.name, None)
                continue
            now = (battery.charge_limit, battery.discharge_limit)
            before = self._limits.get(unit.name, now)
            self._limits[unit.name] = now
            spare = TOLERANCE * unit.rated_power
            charge, discharge = (max(pair) * (1.0 + TOLERANCE) + spare for pair in zip(now, before, strict=True))
            beyond |= not -charge <= battery["power"] <= discharge
            soc = battery["soc"]
            outside |= soc < self.plan.soc_min - SOC_TOLERANCE and battery["power"] > spare
            outside |= soc > self.plan.soc_max + SOC_TOLERANCE and battery["power"] < -spare
            if unit.in_service:
                self.soc_low, self.soc_high = min(self.soc_low, soc), max(self.soc_high, soc)
        self.outside.add(outside, elapsed)
        self.over_bms.add(beyond, elapsed)

    def checks(self, controller: "Controller") -> list[Check]:
        """The laws of the run."""
        plan = self.plan
        charged, discharged = (sum(getattr(day, key) for day in self.days) for key in ("charged", "discharged"))
        counted = [last - first for first, last in zip(self._counters[0], self._counters[-1], strict=True)]
        summed = [sum(getattr(day, key) for day in self.days) for key in ("imported", "exported")]
        apart = sum(abs(a - b) for a, b in zip(counted, summed, strict=True)) / max(sum(counted), 1.0)
        running = [unit.name for unit in self.units if unit.in_service]
        return [
            Check(
                f"import limit of {plan.import_limit / KILO:.0f} kW",
                f"exceeded for {self.over_limit.longest:.0f} s at most while the batteries could have helped",
                self.over_limit.longest <= OVER_LIMIT_MAX,
            ),
            Check(
                "window of the state of charge",
                f"power led out of it for {self.outside.longest:.0f} s at most; "
                f"{100 * self.soc_low:.1f} to {100 * self.soc_high:.1f} % were shown",
                self.outside.longest <= OUTSIDE_MAX,
            ),
            Check(
                "limits of the batteries",
                f"exceeded for {self.over_bms.longest:.0f} s at most",
                self.over_bms.longest <= OVER_BMS_MAX,
            ),
            Check(
                "batteries used",
                f"{charged / KILO / HOUR:.0f} kWh in, {discharged / KILO / HOUR:.0f} kWh out",
                charged + discharged > 0.0,
            ),
            Check("counters of the meter agree with its power", f"{100 * apart:.2f} % apart", apart <= TOLERANCE),
            Check("in service at the end", ", ".join(running) or "none", len(running) == len(self.units)),
        ]
