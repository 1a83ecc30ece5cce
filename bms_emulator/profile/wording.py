"""What a validation error says, in plain words, at the key that is to blame."""

import difflib
import json
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bms_emulator.profile.document import KeyPath

MESSAGES = {
    "missing": "missing key",
    "extra_forbidden": "unknown key",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "literal_error": "must be one of: {expected}",
    "greater_than": "must be > {gt:g}",
    "greater_than_equal": "must be >= {ge:g}",
    "less_than": "must be < {lt:g}",
    "less_than_equal": "must be <= {le:g}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "value_error": "{error}",
}
"""Plain words for every kind of error that a profile can meet, but for broken laws, which have their own."""

_UNIONS = (typing.Union, types.UnionType)

Finding = tuple[KeyPath, str, str]
"""Key path, value as text (empty where it does not matter), message."""


def findings(error: ValidationError, model: type[BaseModel]) -> Iterator[Finding]:
    """What is wrong, key by key; alternatives of one key are one finding.

    Args:
        error: The validation error.
        model: The model that was validated.
    """
    merged: dict[tuple[KeyPath, str], list[str]] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "laws":
            yield from _broken(detail, model)
        else:
            path, value, message = _finding(detail, model)
            merged.setdefault((path, value), []).append(message)
    for (path, value), messages in merged.items():
        yield path, value, ", or ".join(dict.fromkeys(messages))


def near(key: str, known: Sequence[str]) -> str:
    """A hint at what may have been meant: what is near, else all that there is."""
    close = difflib.get_close_matches(key, known, n=3)
    if close:
        return f"; near: {', '.join(close)}"
    return f"; known: {', '.join(known)}" if known else ""


def _broken(detail: ErrorDetails, model: type[BaseModel]) -> Iterator[Finding]:
    """A section's broken laws, each at the key that it blames."""
    path = _key_path(detail["loc"], model)
    for key, message in detail["ctx"]["broken"]:
        blamed: KeyPath = tuple(int(part) if part.isdigit() else part for part in key.split("."))
        yield (*path, *blamed), _shown(_part(detail["input"], blamed)), message


def _finding(detail: ErrorDetails, model: type[BaseModel]) -> Finding:
    path, shown = _key_path(detail["loc"], model), _shown(detail["input"])
    match detail["type"]:
        case "extra_forbidden":
            section = _annotation_at(model, path[:-1])
            known = list(section.model_fields) if _is_model(section) else []
            return path, "", MESSAGES["extra_forbidden"] + near(str(path[-1]), known)
        case "missing" if isinstance(path[-1], int):
            return path[:-1], shown, "has too few items"
        case "missing":
            return path, "", MESSAGES["missing"]
        case kind:
            return path, shown, MESSAGES[kind].format(**detail.get("ctx", {})) if kind in MESSAGES else detail["msg"]


def _key_path(location: Sequence[str | int], annotation: Any) -> KeyPath:
    """The keys and indices of an error's location, without the names of alternatives that pydantic puts between."""
    path: list[str | int] = []
    for part in location:
        annotation = _plain(annotation)
        if typing.get_origin(annotation) in _UNIONS:
            annotation = next((arm for arm in typing.get_args(annotation) if _inner(arm, 0) is not None), None)
        elif part != "[key]":
            path.append(part)
            annotation = _inner(annotation, part)
    return tuple(path)


def _annotation_at(annotation: Any, path: KeyPath) -> Any:
    for part in path:
        annotation = _inner(_plain(annotation), part)
    return _plain(annotation)


def _plain(annotation: Any) -> Any:
    """An annotation without constraints and without the alternative None."""
    while True:
        origin, arms = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            annotation = arms[0]
        elif origin in _UNIONS and len(real := [arm for arm in arms if arm is not type(None)]) == 1:
            annotation = real[0]
        else:
            return annotation


def _inner(annotation: Any, part: str | int) -> Any:
    """The annotation of a part of a list, a mapping or a model; None where there is none."""
    annotation = _plain(annotation)
    if _is_model(annotation):
        field = annotation.model_fields.get(str(part))
        return None if field is None else field.annotation
    origin, arms = typing.get_origin(annotation), typing.get_args(annotation)
    return {tuple: arms[0], dict: arms[-1]}.get(origin) if arms else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _part(value: Any, path: KeyPath) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _shown(value: Any) -> str:
    """A value as it would stand in the file, shortened; nothing for what is too big to show."""
    if isinstance(value, BaseModel | dict):
        return ""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
