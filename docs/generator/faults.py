"""The page of faults: kinds by target, shapes, quantities."""

from typing import Any

from bms_emulator.faults import quantity
from bms_emulator.faults.quantity import Dimension
from bms_emulator.faults.registry import kinds
from bms_emulator.faults.spec import FORMS, FaultSpec
from bms_emulator.faults.target import TARGETS
from bms_emulator.profile.descriptions import descriptions
from generator import markdown
from generator.markdown import code, table

INTRODUCTION = """
What can be injected, as `bms-emulator fault kinds` lists it. How to do it: [Inject faults](../how-to/inject-faults.md).
A target is a selector, so one fault can hit many channels: `rack[*].cell[1..8].voltage`. `container[1].` may be left
out where there is one container only. A kind is written by its short word or by its full name.
"""
SHAPES = """
Strength over time, as a share of the full effect. Only kinds that are gradual take a ramp. Times are simulated times.
"""
JOINING = """
Faults join in the order in which they were accepted. In the plant factors multiply, conductances add, and of several
faults that hold one contactor the youngest wins. At a sensor gains multiply and offsets add; a held reading wins over
both, the youngest over older ones; invalid wins over all. Clearing one leaves the others exactly as they were.
"""
UNITS = """
A bare number is SI. Temperatures need a unit. Write the unit behind the number, with or without a blank.
"""


def page() -> str:
    """The page."""
    parts = [INTRODUCTION, "## Targets", _targets(), "## Kinds", *map(_kind, kinds())]
    parts += ["## Fields of a fault", _fields(), "## Shapes", SHAPES, _shapes()]
    parts += ["## Several faults at once", JOINING, "## Quantities", UNITS, _quantities()]
    return markdown.page("Faults", *parts)


def _targets() -> str:
    rows: dict[str, tuple[list[str], list[str]]] = {}
    for target in TARGETS:
        selectors, words = rows.setdefault(target.name, ([], []))
        selectors += [code(selector.removeprefix("container[*].")) for selector in target.selectors]
        words[:] = [code(row["word"]) for row in kinds() if target.name in row["on"]]
    return table(
        ("target", "written", "kinds"),
        [(name, ", ".join(selectors), ", ".join(words)) for name, (selectors, words) in rows.items()],
    )


def _kind(row: dict[str, Any]) -> str:
    rows = [
        ("on", ", ".join(row["on"])),
        ("parameters", "; ".join(map(_parameter, row["parameters"])) or "none"),
        ("changes", row["changes"]),
        ("a BMS or master should", row["expected"]),
        ("ramp", "yes" if row["gradual"] else "no"),
    ]
    return f"### {row['word']} ({row['kind']})\n\n{row['description']}\n\n" + table(("", ""), rows)


def _parameter(parameter: dict[str, Any]) -> str:
    unit = parameter["unit"]
    shown = "" if unit in ("", "1") else f" [{unit}]"
    default = "" if parameter["required"] else f" Default {parameter['default']}."
    return f"`--{parameter['name'].replace('_', '-')}`{shown} {parameter['description']}{default}"


def _fields() -> str:
    rows = []
    for name, field in FaultSpec.model_fields.items():
        required = "yes" if field.is_required() else ""
        rows.append((code(field.alias or name), required, descriptions(FaultSpec)[name]))
    return table(("field", "required", "meaning"), rows)


def _shapes() -> str:
    rows = []
    for form, shape in FORMS.items():
        about = " ".join((shape.__doc__ or "").split())
        settings = [
            f"`{name}` {descriptions(shape)[name]}"
            + ("" if field.is_required() or field.default is None else f" Default {field.default}.")
            for name, field in shape.model_fields.items()
            if name != "form"
        ]
        rows.append((code(form), about, " ".join(settings)))
    return table(("form", "what", "settings"), rows)


def _quantities() -> str:
    dimensions = [value for value in vars(quantity).values() if isinstance(value, Dimension)]
    return table(
        ("quantity", "SI", "written with"),
        [(d.name, d.si, ", ".join(unit for unit in d.written if unit != "nothing")) for d in dimensions],
    )
