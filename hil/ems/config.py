"""What a commissioning engineer writes down: where devices answer, what they are rated for, and what the site wants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hil.ems.battery import ContainerBattery, SunSpecBattery
from hil.ems.chiller import Chiller
from hil.ems.dispatch import Plan
from hil.ems.link import Link
from hil.ems.meter import SunSpecMeter
from hil.ems.pcs_plain import PlainPcs
from hil.ems.pcs_sunspec import SunSpecPcs
from hil.ems.units import HOUR, KELVIN, KILO, PERCENT

SITE = Path(__file__).with_name("two-containers.yaml")
"""The site that the EMS is delivered for."""

DRIVERS: Mapping[str, Callable[[str, Link], Any]] = {
    "sunspec-battery": SunSpecBattery,
    "container-mbmu": ContainerBattery,
    "pcs-sunspec": SunSpecPcs,
    "pcs-plain": PlainPcs,
    "meter-sunspec": SunSpecMeter,
    "chiller": Chiller,
}
"""Driver of each register map."""


@dataclass(frozen=True)
class Address:
    """Where a device answers, and by which map."""

    map: str
    host: str
    port: int
    unit: int

    def device(self, name: str, timeout: float) -> Any:
        """The device there."""
        return DRIVERS[self.map](name, Link(self.host, self.port, self.unit, timeout))


@dataclass(frozen=True)
class Container:
    """A container, its PCS and its chiller.

    Attributes:
        name: What people call it.
        rated_power: Of the PCS [W].
        rated_energy: Of the battery [J].
        battery: Where its battery answers.
        pcs: Where its PCS answers.
        chiller: Where its chiller answers.
    """

    name: str
    rated_power: float
    rated_energy: float
    battery: Address
    pcs: Address
    chiller: Address


@dataclass(frozen=True)
class Config:
    """A site.

    Attributes:
        containers: Containers.
        meter: Where the meter answers.
        grid_voltage: Nominal, from line to line [V].
        start: Time of day at the start [s].
        watchdog: Silence of this EMS after which a PCS stops [s].
        timeout: Longest wait for an answer [s of the clock on the wall].
        patience: Longest wait of a cycle for a device that does not answer [s of the clock on the wall].
        plan: What the site wants.
    """

    containers: tuple[Container, ...]
    meter: Address
    grid_voltage: float
    start: float
    watchdog: float
    timeout: float
    patience: float
    plan: Plan


def load(path: Path = SITE, host: str | None = None) -> Config:
    """A site from its file; host: takes the place of every device's."""
    raw = yaml.safe_load(path.read_text())

    def address(row: Mapping[str, Any]) -> Address:
        return Address(row["map"], host or row["host"], int(row["port"]), int(row["unit"]))

    plan = raw["plan"]
    return Config(
        containers=tuple(
            Container(
                name=row["name"],
                rated_power=row["rated_power_kw"] * KILO,
                rated_energy=row["rated_energy_kwh"] * KILO * HOUR,
                **{key: address(row[key]) for key in ("battery", "pcs", "chiller")},
            )
            for row in raw["containers"]
        ),
        meter=address(raw["meter"]),
        grid_voltage=raw["grid_voltage_v"],
        start=raw["start_hour"] * HOUR,
        watchdog=raw["watchdog_s"],
        timeout=raw["timeout_s"],
        patience=raw["patience_s"],
        plan=Plan(
            import_limit=plan["import_limit_kw"] * KILO,
            margin=plan["margin_kw"] * KILO,
            soc_min=plan["soc_min_percent"] * PERCENT,
            soc_max=plan["soc_max_percent"] * PERCENT,
            night=tuple(plan["night_h"]),
            night_soc=plan["night_soc_percent"] * PERCENT,
            ramp=plan["ramp_percent_per_s"] * PERCENT,
            limit_share=plan["limit_percent"] * PERCENT,
            chiller_share=plan["chiller_stopped_percent"] * PERCENT,
            temperature_max=plan["temperature_max_degc"] + KELVIN,
        ),
    )
