"""A day of the whole emulator: plant, sensors and firmware, a schedule of charges and discharges, a weather."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.link import Command
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.units import SECONDS_PER_HOUR, kelvin
from bms_emulator.validation.bench import SITE

TICK_MS: Final = 1000
HOURS: Final = 24.0
MINUTE: Final = 60
DONE: Final = 0.25
"""A charge or discharge ends where the BMS lets through less than this of what was asked [1]."""
SETTLING: Final = 60.0
"""From a new set point to the first look at what comes of it [s]."""

METERS: Final = {
    "ac_out": "plant.pcs.energy_exported",
    "ac_in": "plant.pcs.energy_imported",
    "dc_out": "plant.containers.energy_discharged",
    "dc_in": "plant.containers.energy_charged",
    "auxiliary": "plant.containers.auxiliary_energy",
}
"""Energy meters [J]."""

WATCHED: Final = {
    "ambient": "plant.containers.ambient_temperature",
    "supply": "plant.containers.coolant_supply_temperature",
    "power": "plant.pcs.power",
    "auxiliary_power": "plant.containers.auxiliary_power",
    "chiller_power": "plant.containers.chiller_power",
    "chiller_heat": "plant.containers.chiller_heat",
    "pump_power": "plant.containers.pump_power",
    "compressor_on": "plant.containers.compressor_on",
}
"""What is recorded every minute, in SI units."""


@dataclass
class Day:
    """What was seen; every array has shape (minute,), SI units.

    Attributes:
        series: ``time`` since midnight, ``cell_max``, ``cell_min``, ``cell_mean`` temperature, ``pack_spread`` the
            largest difference within a pack, ``soc`` the mean, and all of ``WATCHED``.
        begun: Meters [J] and mean ``soc`` when the site was empty first.
        ended: The same when it was empty last.
        over: The meters [J] over the whole day.
    """

    series: dict[str, Array] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    over: dict[str, float] = field(default_factory=dict)

    def between(self, meter: str) -> float:
        """What a meter counted between the two times at which the site was empty [J]."""
        return self.ended[meter] - self.begun[meter]

    @property
    def hours(self) -> Array:
        """Time of day [h]."""
        return self.series["time"] / SECONDS_PER_HOUR

    @property
    def dc_efficiency(self) -> float:
        """Round trip at the DC bus [%]."""
        return 100.0 * self.between("dc_out") / self.between("dc_in")

    @property
    def ac_efficiency(self) -> float:
        """Round trip at the AC terminals of the PCS [%]."""
        return 100.0 * self.between("ac_out") / self.between("ac_in")

    @property
    def net_efficiency(self) -> float:
        """Round trip with all that cooling and controls took between the two times [%]."""
        return 100.0 * self.between("ac_out") / (self.between("ac_in") + self.between("auxiliary"))


def run_day(
    overrides: Mapping[str, Any],
    schedule: Sequence[tuple[float, float]] = (),
    *,
    seed: int,
    progress: Callable[[float], None],
    hours: float = HOURS,
) -> Day:
    """Run the demo container from midnight.

    Args:
        overrides: Values of its profile to replace.
        schedule: Hour of the day, and the AC power asked from then on, relative to rated, until the BMS holds it back.
            The first makes the site empty.
        seed: Of sensors and cells.
        progress: Told the share that is done.
        hours: How long [h].
    """
    site = load_site(SITE, {"step_ms": TICK_MS, "initial.time_of_day_h": 0, **overrides})
    emulator = Emulator(site, seed)
    rated = site.pcs.rated_power_kw * 1e3
    packs, cells = site.container.rack.pack_count, site.container.rack.pack.cell_count
    core = emulator.arena["plant.cells.temperature_core"]
    by_pack = core.reshape(-1, packs, cells)
    soc = emulator.arena["plant.cells.soc"]

    def read() -> dict[str, float]:
        values = {name: float(emulator.arena[slot].sum()) for name, slot in METERS.items()}
        return values | {"soc": float(soc.mean())}

    def ask(power: float) -> None:
        """AC power [W] of the PCS."""
        values = {"pcs.setpoint_enabled": 1.0, "pcs.setpoint_mode": 1.0, "pcs.power_setpoint": power}
        if schedule:
            values["container.request"] = 1.0
        writes = [[emulator.catalogue.find(name)[1], value] for name, value in values.items()]
        emulator.apply(Command("write", "validation", {"writes": writes}))

    day, seen = Day(), []
    asked, since, waiting = 0.0, 0.0, list(schedule)
    ask(0.0)
    for minute in range(round(hours * SECONDS_PER_HOUR) // MINUTE):
        for _ in range(MINUTE * 1000 // TICK_MS):
            emulator.tick()
            if asked and emulator.time - since > SETTLING:
                given = float(emulator.arena[WATCHED["power"]][0])
                if abs(given) < DONE * abs(asked):
                    if asked > 0.0:
                        day.ended = read()
                        day.begun = day.begun or day.ended
                    asked = 0.0
                    ask(asked)
        if waiting and emulator.time >= waiting[0][0] * SECONDS_PER_HOUR:
            asked, since = waiting.pop(0)[1] * rated, emulator.time
            ask(asked)
        values = [float(emulator.arena[slot][0]) for slot in WATCHED.values()]
        spread = float(np.ptp(by_pack, axis=2).max())
        seen.append([emulator.time, core.max(), core.min(), core.mean(), spread, soc.mean(), *values])
        progress((minute + 1) * MINUTE / (hours * SECONDS_PER_HOUR))
    day.over = read()
    names = ("time", "cell_max", "cell_min", "cell_mean", "pack_spread", "soc", *WATCHED)
    day.series = dict(zip(names, np.array(seen).T, strict=True))
    return day


def degc(temperature: Array) -> Array:
    """Temperatures [°C] from kelvin."""
    return temperature - kelvin(0.0)
