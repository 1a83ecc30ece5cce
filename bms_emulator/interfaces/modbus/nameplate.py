"""What the nameplate of a container and its PCS says, for rows that show a rating or a name."""

from collections.abc import Callable
from dataclasses import dataclass

from bms_emulator import __version__
from bms_emulator.profile.site import SiteProfile


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


def _current(site: SiteProfile) -> float:
    return site.container.rack_count * site.container.rack.rated_current_a


def _voltage(site: SiteProfile) -> float:
    return site.container.rack.cell_count * site.container.rack.pack.cell.nominal_voltage_v


def _serial(site: SiteProfile, subject: Subject) -> str:
    rack = f"-R{subject.rack:02d}" if subject.rack else ""
    pack = f"-P{subject.pack:02d}" if subject.pack else ""
    return f"{site.name[:14]}-C{subject.container:03d}{rack}{pack}"


NAMEPLATE: dict[str, Rating | Name] = {
    "charge": Rating(
        "C",
        lambda site: site.container.rack_count * site.container.rack.pack.cell.rated_capacity_ah * 3600.0,
        "Rated charge of the container.",
    ),
    "energy": Rating("J", lambda site: site.container.rated_energy_kwh * 3.6e6, "Rated energy of the container."),
    "power": Rating(
        "W", lambda site: _current(site) * _voltage(site), "Rated current times nominal voltage of the container."
    ),
    "voltage_max": Rating(
        "V", lambda site: site.container.operating_voltage_max_v, "Highest operating voltage of the container."
    ),
    "voltage_min": Rating(
        "V", lambda site: site.container.operating_voltage_min_v, "Lowest operating voltage of the container."
    ),
    "pcs_power": Rating("W", lambda site: site.pcs.rated_power_kw * 1e3, "Rated power of the PCS."),
    "container_model": Name(lambda site, _: site.container.name, "Name of the container profile."),
    "pcs_model": Name(lambda site, _: site.pcs.name, "Name of the PCS profile."),
    "version": Name(lambda _site, _subject: __version__, "Version of the emulator."),
    "serial": Name(_serial, "Site, container, rack and pack."),
}
"""By the name that a row gives."""
