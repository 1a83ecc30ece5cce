"""What all profiles share: frozen, nothing unknown, every number with a source and a grade."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

GRADES = {
    "V": "seen in a primary artefact",
    "S": "a third party's summary of a vendor document",
    "D": "derived, formula given",
    "U": "common knowledge of the field, not seen in a source",
}
"""Grades of evidence; a source text begins with one of them in square brackets."""

_SOURCE = re.compile(r"^\[[VSDU](/[VSDU])*\] \S")

Number = Annotated[float, Strict()]
Integer = Annotated[int, Strict()]
Positive = Annotated[Number, Field(gt=0)]
NonNegative = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, le=1)]
PositiveFraction = Annotated[Number, Field(gt=0, le=1)]
Percent = Annotated[Number, Field(ge=0, le=100)]
Count = Annotated[Integer, Field(ge=1, le=100_000)]
Degc = Annotated[Number, Field(gt=-273.15, lt=1500)]
HourOfDay = Annotated[Number, Field(ge=0, lt=24)]
Increasing = Annotated[tuple[Number, ...], Field(min_length=2)]
Text = Annotated[str, Field(min_length=1)]

Broken = tuple[str, str]
"""A law that does not hold: the key to blame, and what must hold."""


class Section(BaseModel):
    """A part of a profile: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def broken_laws(self) -> Iterable[Broken]:
        """What must hold between the keys of this section and does not."""
        return ()

    @model_validator(mode="after")
    def _hold_laws(self) -> Self:
        broken = list(self.broken_laws())
        if broken:
            text = "; ".join(f"{key}: {message}" for key, message in broken)
            raise PydanticCustomError("laws", "{text}", {"text": text, "broken": broken})
        return self


class Profile(Section):
    """A profile file: named and described."""

    name: Text
    """Name, equal to the file's name without its ending."""
    description: Text
    """One sentence on what it stands for."""


class ProductProfile(Profile):
    """A profile of facts: every number in its file has a source. A site, which is all choice, has none.

    ``sources`` maps a key path (``resistance.r0_mohm``), or a section (``resistance``) for all numbers in it, to a
    text that begins with the grade of evidence: ``"[S] EVE LF314 data sheet"``. What a profile loads by name has its
    sources in its own file.
    """

    sources: dict[str, str] = {}
    """Source and grade of each number, by key path or by section."""


def source_problems(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], str]]:
    """What is wrong with the sources of a product profile's file: (key path, key path of the number, message).

    Args:
        data: Content of the file.
    """
    sources = data.get("sources", {})
    if not isinstance(sources, dict):
        return
    numbers = sorted(set(_numbers({k: v for k, v in data.items() if k not in {"sources", "name", "description"}})))
    for key, text in sources.items():
        if not any(_covers(key, path) for path in numbers):
            yield ("sources", key), tuple(key.split(".")), "names no number of this profile"
        if isinstance(text, str) and not _SOURCE.match(text):
            yield (
                ("sources", key),
                ("sources", key),
                "must begin with a grade, one of [V] [S] [D] [U], and name the source",
            )
    for path in numbers:
        if not any(_covers(key, path) for key in sources):
            yield path, path, "has no entry in sources"


def increases(column: Iterable[float]) -> bool:
    """Whether each value is greater than the one before."""
    return all(a < b for a, b in pairwise(column))


def _covers(key: str, path: tuple[str, ...]) -> bool:
    dotted = ".".join(path)
    return dotted == key or dotted.startswith(key + ".")


def _numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Key paths of all numbers in a profile's content; a list counts as one number."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path
