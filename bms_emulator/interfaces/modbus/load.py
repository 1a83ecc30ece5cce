"""Register maps by name, and complaints about them with file and line."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from bms_emulator.interfaces.modbus.layout import Complaint
from bms_emulator.interfaces.modbus.map import RegisterMap
from bms_emulator.profile.document import Document, dotted, read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.folders import Folders
from bms_emulator.profile.loader import locate
from bms_emulator.profile.wording import findings

KIND = "registers"
"""Folder of the maps."""


@dataclass(frozen=True)
class LoadedMap:
    """A map and the file that it came from.

    Attributes:
        registers: The map.
        document: Its file, which knows the line of every key.
    """

    registers: RegisterMap
    document: Document

    def problems(self, complaints: Iterable[Complaint]) -> list[Problem]:
        """Complaints with their place in the file."""
        document = self.document
        return [Problem(document.label, document.line(path), dotted(path), message) for path, message in complaints]


def load_map(name_or_path: str, folders: Folders | None = None) -> LoadedMap:
    """The register map of a name or a file.

    Args:
        name_or_path: A name, or a path.
        folders: Where to search for a name; the default folders where None.

    Raises:
        ProfileError: There is none, or it is not what a register map may be; all problems at once.
    """
    _, found = locate(KIND, name_or_path, folders)
    document = read_document(found.path, found.label)
    problems = list(document.problems)
    registers = None
    try:
        registers = RegisterMap.model_validate(document.data)
    except ValidationError as error:
        for path, shown, message in findings(error, RegisterMap):
            problems.append(Problem(document.label, document.line(path), dotted(path), message, shown))
    if registers is not None and registers.name != found.name:
        message = f"must be {found.name}, the name of the file"
        problems.append(Problem(document.label, document.line(("name",)), "name", message, registers.name))
    if registers is None or problems:
        raise ProfileError(problems)
    return LoadedMap(registers, document)
