"""The page of points: every family of the demo site."""

from bms_emulator.points.catalogue import Catalogue, Family, describe
from bms_emulator.profile.loader import load_site
from generator import markdown
from generator.markdown import code, number, table

SITE = "demo"
SOURCES = {
    "command": ("Commands", "Writable by Modbus, MQTT, REST, the page and the command line."),
    "firmware": ("Firmware outputs", "What the BMS decides and publishes, from measurements alone."),
    "measured": ("Measurements", "What the sensors report; null (REST, MQTT) or NaN where a channel is invalid."),
    "runtime": ("The emulator itself", "Clock and punctuality of the loop."),
    "plant": ("Truth of the plant", "For rigs and the live page only: no register map and no MQTT message shows it."),
}

INTRODUCTION = f"""
A point is one value with a name, a unit and an access. These are the families of points of the site `{SITE}`; another
site has the same families with other counts. Values are SI: temperatures in kelvin, ratios from 0 to 1, current and
power positive in discharge.

Selectors: `rack[3]`, `rack[*]`, `cell[1..52]`, `cell[1,3,7]`; a last segment `*` picks all points of a component
(`container[1].*`). Contactors and alarms are picked by name too: `contactor[main_positive]`,
`alarm[cell_overvoltage]`. `container[1].` may be left out where there is one container only. Indices count from 1.
"""


def page() -> str:
    """The page."""
    families = Catalogue(load_site(SITE)).families.values()
    parts = [INTRODUCTION]
    for source, (title, about) in SOURCES.items():
        rows = [
            (code(describe(family)["name"]), family.unit, _takes(family), family.doc)
            for family in families
            if family.slot.group.source == source
        ]
        parts += [f"## {title}", about, table(("name", "unit", "values", "meaning"), rows)]
    return markdown.page("Points", *parts)


def _takes(family: Family) -> str:
    info = family.slot.info
    if info.choices is not None:
        return ", ".join(f"{value} = {name}" for value, name in info.choices.items())
    if info.kind == "boolean":
        return "0, 1"
    if family.limits is not None:
        low, high = (number(limit).replace("inf", "infinity") for limit in family.limits)
        return f"{low} to {high}" + (", whole" if info.kind == "integer" else "")
    return "whole" if info.kind == "integer" else ""
