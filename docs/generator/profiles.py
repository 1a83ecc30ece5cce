"""The page of profiles: every key of every kind, from the JSON Schemas."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from bms_emulator.profile.base import GRADES
from bms_emulator.profile.folders import KIND_FOLDERS, shipped_folder
from generator import markdown
from generator.markdown import code, number, table

UNITS = {
    "percent_per_month": "%/month",
    "percent_per_s": "%/s",
    "percent_per_k": "%/K",
    "kj_per_mol": "kJ/mol",
    "uv_per_k": "µV/K",
    "j_per_kg_k": "J/(kg K)",
    "kg_per_m3": "kg/m³",
    "k_per_w": "K/W",
    "w_per_k": "W/K",
    "j_per_k": "J/K",
    "c_rate": "C",
    "percent": "%",
    "degc": "°C",
    "mohm": "mΩ",
    "kohm": "kΩ",
    "ohm": "Ω",
    "a2s": "A²s",
    "lpm": "L/min",
    "kpa": "kPa",
    "kwh": "kWh",
    "hour": "h",
    "kw": "kW",
    "wh": "Wh",
    "ah": "Ah",
    "hz": "Hz",
    "mv": "mV",
    "ms": "ms",
    "mf": "mF",
    "kg": "kg",
    "v": "V",
    "a": "A",
    "w": "W",
    "k": "K",
    "h": "h",
    "s": "s",
    "l": "L",
    "c": "C",
}
"""Unit by suffix of a key, longer suffixes first."""

INTRODUCTION = """
A profile is a YAML file `<folder>/<name>.yaml`; the folder says its kind. A key ends in the unit of its value. These
are all keys; a key that is not here is an error. How to write one:
[Write a site profile](../how-to/write-a-site-profile.md). The JSON Schemas in `device_profiles/schema/` say the same to
an editor.
"""
SOURCES = """
In every kind but `sites` and `registers` each number needs an entry in `sources`: key path, or section, to a text that
begins with its grade of evidence.
"""
MANY = {"object": "section", "array": "list", "number": "number", "integer": "whole number", "boolean": "true or false"}


def page() -> str:
    """The page."""
    grades = table(("grade", "means"), [(code(f"[{grade}]"), meaning) for grade, meaning in GRADES.items()])
    parts = [INTRODUCTION, SOURCES, grades]
    for kind in KIND_FOLDERS:
        schema = json.loads((shipped_folder() / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
        about = " ".join(schema.get("description", "").split("\n\n")[0].split())
        rows = list(_keys(schema, schema, "", ()))
        parts += [f"## {kind}", about, table(("key", "unit", "value", "default", "meaning"), rows)]
    return markdown.page("Profiles", *parts)


def _keys(
    schema: dict[str, Any], root: dict[str, Any], path: str, inside: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """Rows of a section's keys and of what they hold, depth first; a section within itself is not followed."""
    required = schema.get("required", ())
    for key, given in schema.get("properties", {}).items():
        own, reference = _resolved(given, root)
        name = f"{path}{key}"
        about = " ".join((given.get("description") or own.get("description", "")).split("\n\n")[0].split())
        default = "required" if key in required else _default(given.get("default"))
        yield code(name), _unit(key), _value(own), default, about
        if reference in inside and reference:
            continue
        deeper = (*inside, reference)
        if "properties" in own:
            yield from _keys(own, root, f"{name}.", deeper)
        items, item_reference = _resolved(own.get("items", {}), root)
        if "properties" in items and item_reference not in deeper:
            yield from _keys(items, root, f"{name}[].", (*deeper, item_reference))


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A schema without references and without the alternative null, and the name of what it referred to."""
    for arms in (schema.get("anyOf"), schema.get("allOf")):
        real = [arm for arm in arms or () if arm.get("type") != "null"]
        if len(real) == 1:
            return _resolved(real[0], root)
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return root["$defs"][name], name
    return schema, ""


def _unit(key: str) -> str:
    return next((unit for suffix, unit in UNITS.items() if key.endswith(f"_{suffix}")), "")


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(code(choice) for choice in schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_value(arm) for arm in schema["anyOf"] if arm.get("type") != "null"))
    kind = schema.get("type", "")
    if kind == "string":
        return "name" if schema.get("pattern", "").startswith("^[A-Za-z0-9][A-Za-z0-9._-]{0") else "text"
    bounds = [
        _bound(schema, "minimum", "exclusiveMinimum", ">", max),
        _bound(schema, "maximum", "exclusiveMaximum", "<", min),
    ]
    return " ".join([MANY.get(kind, kind), ", ".join(filter(None, bounds))]).strip()


def _bound(schema: dict[str, Any], inclusive: str, exclusive: str, sign: str, tighter: Callable[..., float]) -> str:
    """The tighter of a bound that belongs to the range and one that does not."""
    given = [schema[word] for word in (inclusive, exclusive) if word in schema]
    if not given:
        return ""
    bound = tighter(given)
    return f"{sign}{'' if schema.get(exclusive) == bound else '='} {number(bound)}"


def _default(value: object) -> str:
    if value is None or isinstance(value, dict) or value == []:
        return ""
    if value == "":
        return "empty"
    return code(value if isinstance(value, str) else json.dumps(value))
