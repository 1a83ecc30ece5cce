"""Requirements: what a system must do, each with an id that tests name, in a YAML file."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from bms_emulator.profile.base import Broken, Section, Text
from bms_emulator.profile.document import read_document
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.schema import json_schema
from bms_emulator.profile.wording import findings, near

_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")


@dataclass(frozen=True)
class Requirement:
    """What a system must do.

    Attributes:
        id: What tests name it by, e.g. ``PRO-OV-1``.
        title: A few words.
        text: The requirement as a sentence.
        source: Where it comes from.
        area: Title of the area that it belongs to.
    """

    id: str
    title: str
    text: str
    source: str
    area: str


class Entry(Section):
    """One requirement."""

    title: Text
    """A few words."""
    text: Text
    """What must hold, as a sentence that can be found true or false."""
    source: Text
    """Where it comes from: a standard, a specification, a decision."""


class RequirementsFile(Section):
    """A file of requirements."""

    areas: dict[str, Text]
    """Titles of areas, by what the ids of their requirements begin with."""
    requirements: dict[str, Entry]
    """Requirements by id: capitals and digits in groups with hyphens between, the first of which is the area."""

    def broken_laws(self) -> Iterable[Broken]:
        """Ids must read as ids and begin with an area."""
        for name in self.requirements:
            area = name.partition("-")[0]
            if not _ID.fullmatch(name):
                yield f"requirements.{name}", "an id is capitals and digits with hyphens between, as in PRO-OV-1"
            elif area not in self.areas:
                yield f"requirements.{name}", f"{area} is no area{near(area, list(self.areas))}"


def load_requirements(path: Path) -> dict[str, Requirement]:
    """The requirements of a file by id, in its order.

    Raises:
        ProfileError: Something is wrong with it; with file, line and key path of all problems.
    """
    document = read_document(path)
    problems = list(document.problems)
    try:
        file = RequirementsFile.model_validate(document.data)
    except ValidationError as error:
        problems += [document.problem(at, text, value) for at, value, text in findings(error, RequirementsFile)]
    if problems:
        raise ProfileError(problems)
    return {
        name: Requirement(name, item.title, item.text, item.source, file.areas[name.partition("-")[0]])
        for name, item in file.requirements.items()
    }


def schema_text() -> str:
    """JSON Schema of such a file, for completion in an editor."""
    return json.dumps(json_schema(RequirementsFile), indent=2, ensure_ascii=False) + "\n"
