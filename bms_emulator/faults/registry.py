"""All kinds of faults: which a word means on a target, and what each of them does."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bms_emulator.faults import (
    afe,
    cell,
    clock,
    cmu,
    contactor,
    converter,
    cooling,
    electrical,
    environment,
    firmware,
    grid,
    hv,
    link,
    master,
    modifier,
    mqtt,
    ntc,
    pcs,
    safety,
    sensor,
    string,
    system,
)
from bms_emulator.faults.kind import KINDS, Kind
from bms_emulator.faults.quantity import SignalUnit, Taken, Unit
from bms_emulator.faults.signals import Signal, Target
from bms_emulator.faults.spec import FaultError, near, problems
from bms_emulator.faults.target import classify, parts
from bms_emulator.profile.descriptions import descriptions

FAMILIES = (
    afe,
    cell,
    clock,
    cmu,
    contactor,
    converter,
    cooling,
    electrical,
    environment,
    firmware,
    grid,
    hv,
    link,
    master,
    modifier,
    mqtt,
    ntc,
    pcs,
    safety,
    sensor,
    string,
    system,
)
"""Modules whose kinds are registered; importing them is what registers."""


def find(word: str, target: Target, where: str) -> type[Kind]:
    """The kind that a word (``stop``) or full name (``pump-stop``) means on a target.

    Raises:
        FaultError: There is none; says what the target takes, and what the word is for: parts of it, else other things.
    """
    there = [kind for kind in KINDS.values() if target in kind.targets]
    for kind in there:
        if word in (kind.word, kind.kind):
            return kind
    elsewhere = [known for kind in KINDS.values() if word in (kind.word, kind.kind) for known in kind.targets]
    here = {part for known in elsewhere for part in parts(where, known)}
    meant = sorted(here or {known.name for known in elsewhere})
    hint = f" ({word} is for: {', '.join(meant)})" if meant else ""
    words = [kind.word for kind in there]
    raise FaultError(f"{where}: no fault {word!r} on a {target.name}{hint}{near(word, words)}")


def configure(kind: type[Kind], parameters: Mapping[str, object], target: Target, where: str) -> Kind:
    """A kind with its settings.

    Raises:
        FaultError: With all problems of the settings.
    """
    try:
        return kind.model_validate(dict(parameters), context={"signal": target})
    except ValidationError as error:
        raise FaultError(problems(error, f"{where} {kind.word}", {(): kind.model_fields})) from None


def kinds(target: str | None = None) -> list[dict[str, Any]]:
    """What can be injected, or what can be injected at a target, as plain data.

    Raises:
        FaultError: Nothing can be hit by that target text.
    """
    chosen = None if target is None else classify(target)
    return [describe(kind, chosen) for kind in KINDS.values() if chosen is None or chosen in kind.targets]


def describe(kind: type[Kind], target: Target | None = None) -> dict[str, Any]:
    """A kind as plain data; the units of its parameters are those of the target where one is given."""
    targets = kind.targets if target is None else (target,)
    return {
        "kind": kind.kind,
        "word": kind.word,
        "on": sorted({t.name for t in targets}),
        "targets": [selector for t in targets for selector in t.selectors],
        "description": " ".join((kind.__doc__ or "").split()),
        "changes": kind.changes,
        "expected": kind.expected,
        "gradual": kind.gradual,
        "parameters": [_parameter(kind, name, target) for name in kind.model_fields],
    }


def _parameter(kind: type[Kind], name: str, target: Target | None) -> dict[str, Any]:
    field = kind.model_fields[name]
    unit, allowed = _unit(field, target)
    return {
        "name": name,
        "unit": unit,
        "allowed": allowed,
        "required": field.is_required(),
        "default": None if field.is_required() else field.default,
        "description": descriptions(kind).get(name, ""),
    }


def _unit(field: FieldInfo, target: Target | None) -> tuple[str, list[str]]:
    """SI unit of a parameter and the units and words that it takes."""
    for mark in field.metadata:
        if isinstance(mark, Unit):
            return mark.dimension.si, mark.dimension.written
        if isinstance(mark, Taken):
            return mark.what, [mark.what]
        if isinstance(mark, SignalUnit):
            return _of_signal(mark, target)
    if get_origin(field.annotation) is Literal:
        return "word", list(get_args(field.annotation))
    if field.annotation is str:
        return "target", []
    return "", []


def _of_signal(mark: SignalUnit, target: Target | None) -> tuple[str, list[str]]:
    """The same of a quantity of the signal that is hit."""
    if isinstance(target, Signal):
        dimension = getattr(target, mark.of)
        return dimension.si, [*mark.words, *dimension.written]
    unit = "unit of the reading per time" if mark.of == "rate" else "unit of the reading"
    return unit, [*mark.words, unit]
