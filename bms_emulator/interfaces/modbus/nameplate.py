"""What the nameplates of containers and of the devices around them say, for rows that show a rating or a name."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bms_emulator import __version__
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR


@dataclass(frozen=True)
class Subject:
    """Whose nameplate it is: container, rack and pack, counted from 1; 0 where it is none of a rack or pack."""

    container: int
    rack: int = 0
    pack: int = 0


@dataclass(frozen=True)
class Rating:
    """A number on the nameplate, in SI.

    Attributes:
        unit: SI unit.
        of: Its value for a site.
        doc: What it is.
    """

    unit: str
    of: Callable[[SiteProfile], float]
    doc: str


@dataclass(frozen=True)
class Name:
    """A text on the nameplate.

    Attributes:
        of: The text for a site and what it stands on.
        doc: What it is.
    """

    of: Callable[[SiteProfile, Subject], str]
    doc: str


def _rack_charge(site: SiteProfile) -> float:
    return site.container.rack.pack.cell.rated_capacity_ah * SECONDS_PER_HOUR


def _rack_voltage(site: SiteProfile) -> float:
    return site.container.rack.cell_count * site.container.rack.pack.cell.nominal_voltage_v


def _rack_power(site: SiteProfile) -> float:
    return site.container.rack.rated_current_a * _rack_voltage(site)


def _energy(site: SiteProfile) -> float:
    return site.container.rated_energy_kwh * JOULES_PER_KWH


def _serial(prefix: str = "C") -> Callable[[SiteProfile, Subject], str]:
    """Serial numbers of containers, or of a device of each."""

    def serial(site: SiteProfile, subject: Subject) -> str:
        rack = f"-R{subject.rack:02d}" if subject.rack else ""
        pack = f"-P{subject.pack:02d}" if subject.pack else ""
        return f"{site.name[:14]}-{prefix}{subject.container:03d}{rack}{pack}"

    return serial


def _version_number(place: int) -> float:
    """One of the three numbers of the version, whatever comes behind it, as in 1.2.0rc1."""
    return float(_NUMBERS.findall(__version__)[place])


def _rating(unit: str, doc: str, of: Callable[[SiteProfile], float]) -> Rating:
    return Rating(unit, of, doc)


def _name(doc: str, of: Callable[[SiteProfile], str]) -> Name:
    return Name(lambda site, _: of(site), doc)


JOULES_PER_KWH = 1e3 * SECONDS_PER_HOUR
_NUMBERS = re.compile(r"\d+")

NAMEPLATE: dict[str, Rating | Name] = {
    "site_energy": _rating("J", "Rated energy of all containers.", lambda site: site.container_count * _energy(site)),
    "site_power": _rating(
        "W", "Rated power of all PCS.", lambda site: site.container_count * site.pcs.rated_power_kw * 1e3
    ),
    "charge": _rating(
        "C", "Rated charge of the container.", lambda site: site.container.rack_count * _rack_charge(site)
    ),
    "energy": _rating("J", "Rated energy of the container.", _energy),
    "power": _rating(
        "W",
        "Rated current times nominal voltage of the container.",
        lambda site: site.container.rack_count * _rack_power(site),
    ),
    "current": _rating(
        "A",
        "Rated current of the container.",
        lambda site: site.container.rack_count * site.container.rack.rated_current_a,
    ),
    "voltage": _rating("V", "Nominal voltage of container and rack.", _rack_voltage),
    "voltage_max": _rating(
        "V", "Highest operating voltage of the container.", lambda site: site.container.operating_voltage_max_v
    ),
    "voltage_min": _rating(
        "V", "Lowest operating voltage of the container.", lambda site: site.container.operating_voltage_min_v
    ),
    "rack_charge": _rating("C", "Rated charge of a rack.", _rack_charge),
    "rack_energy": _rating("J", "Rated energy of a rack.", lambda site: _energy(site) / site.container.rack_count),
    "rack_power": _rating("W", "Rated current times nominal voltage of a rack.", _rack_power),
    "rack_current": _rating("A", "Rated current of a rack.", lambda site: site.container.rack.rated_current_a),
    "rack_packs": _rating("", "Packs of a rack.", lambda site: site.container.rack.pack_count),
    "rack_cells": _rating("", "Cells of a rack.", lambda site: site.container.rack.cell_count),
    "rack_sensors": _rating("", "Temperature sensors of a rack.", lambda site: site.container.rack.sensor_count),
    "pack_cells": _rating("", "Cells of a pack.", lambda site: site.container.rack.pack.cell_count),
    "pack_sensors": _rating(
        "", "Temperature sensors of a pack.", lambda site: site.container.rack.pack.temperature_sensor_count
    ),
    "cell_voltage": _rating(
        "V", "Nominal voltage of a cell.", lambda site: site.container.rack.pack.cell.nominal_voltage_v
    ),
    "cell_voltage_max": _rating(
        "V", "Highest permitted voltage of a cell.", lambda site: site.container.rack.pack.cell.voltage_max_v
    ),
    "cell_voltage_min": _rating(
        "V", "Lowest permitted voltage of a cell.", lambda site: site.container.rack.pack.cell.voltage_min_v
    ),
    "pcs_power": _rating("W", "Rated power of the PCS.", lambda site: site.pcs.rated_power_kw * 1e3),
    "pcs_apparent_power": _rating(
        "VA", "Rated apparent power of the PCS.", lambda site: site.pcs.rated_apparent_kva * 1e3
    ),
    "pcs_reactive_power": _rating(
        "var", "Rated reactive power of the PCS.", lambda site: site.pcs.rated_reactive_kvar * 1e3
    ),
    "pcs_ac_current": _rating(
        "A",
        "AC current of the PCS in each phase at rated apparent power.",
        lambda site: site.pcs.rated_apparent_kva * 1e3 / (3.0**0.5 * site.pcs.ac_voltage_v),
    ),
    "pcs_dc_current": _rating("A", "Rated DC current of the PCS.", lambda site: site.pcs.rated_current_a),
    "pcs_ac_voltage": _rating("V", "Rated AC voltage of the PCS, line to line.", lambda site: site.pcs.ac_voltage_v),
    "pcs_dc_voltage_max": _rating("V", "Highest DC voltage of the PCS.", lambda site: site.pcs.dc_voltage_max_v),
    "pcs_dc_voltage_min": _rating("V", "Lowest DC voltage of the PCS.", lambda site: site.pcs.dc_voltage_min_v),
    "pcs_frequency": _rating("Hz", "Rated frequency of the PCS.", lambda site: site.pcs.frequency_hz),
    "chiller_cooling_power": _rating(
        "W", "Rated cooling power of the chiller.", lambda site: site.container.chiller.rated_cooling_kw * 1e3
    ),
    "chiller_heating_power": _rating(
        "W", "Power of the chiller's heater.", lambda site: site.container.chiller.heating_kw * 1e3
    ),
    "site": _name("Name of the site.", lambda site: site.name),
    "container_model": _name("Name of the container profile.", lambda site: site.container.name),
    "rack_model": _name("Name of the rack profile.", lambda site: site.container.rack.name),
    "pack_model": _name("Name of the pack profile.", lambda site: site.container.rack.pack.name),
    "cell_model": _name("Name of the cell profile.", lambda site: site.container.rack.pack.cell.name),
    "chiller_model": _name("Name of the chiller profile.", lambda site: site.container.chiller.name),
    "pcs_model": _name("Name of the PCS profile.", lambda site: site.pcs.name),
    "firmware_model": _name("Name of the firmware profile.", lambda site: site.firmware.name),
    "version": _name("Version of the emulator.", lambda _: __version__),
    "version_major": _rating("", "First number of it.", lambda _: _version_number(0)),
    "version_minor": _rating("", "Second number of it.", lambda _: _version_number(1)),
    "version_patch": _rating("", "Third number of it.", lambda _: _version_number(2)),
    "serial": Name(_serial(), "Site, container, rack and pack."),
    "pcs_serial": Name(_serial("PCS"), "Site and PCS."),
    "chiller_serial": Name(_serial("CH"), "Site and chiller."),
    "fire_panel_serial": Name(_serial("FP"), "Site and fire panel."),
    "meter_serial": _name("Site and meter.", lambda site: f"{site.name[:14]}-METER"),
    "weather_serial": _name("Site and weather station.", lambda site: f"{site.name[:14]}-WEATHER"),
}
"""By the name that a row gives."""
