"""A rig file, its site, and where rig files lie."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError

from bms_emulator.profile.base import Integer, Positive, Profile, Text
from bms_emulator.profile.document import dotted, read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.loader import is_path, load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import is_module_class
from bms_emulator.profile.wording import findings
from bms_emulator.testing.rigs.under_test import FirmwareUnderTest, ReferenceFirmware, UnderTest

REFERENCE = "reference"
"""The rig that there always is: the reference firmware on an emulated site."""


class RigFile(Profile):
    """A rig: what is under test, and on which site."""

    site: Text
    """Site, by name or file; of a real battery, the site that has the same racks, packs and cells."""
    settings: dict[str, Any] = Field(default={})
    """Values in place of those of the site's profiles, by key path: ``{"initial.soc_percent": 80}``."""
    seed: Annotated[Integer, Field(ge=0)] = 0
    """Seed of all that is random."""
    speed: Positive | None = None
    """Simulated seconds per second; none where time is stepped, as fast as it goes."""
    lateness_max_s: Positive = 0.1
    """With ``speed``, and for a real battery: a test whose clock was later than that is inconclusive; of 100 looks one
    may be."""
    under_test: UnderTest = UnderTest(reference_firmware=ReferenceFirmware())
    """What is under test."""
    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """The file; None of the rig that there always is."""
        return self._file

    @property
    def folder(self) -> Path:
        """Folder at which relative paths start."""
        return self._file.parent if self._file is not None else Path()

    def in_file(self, file: Path) -> "RigFile":
        """The same, read from a file."""
        rig = self.model_copy()
        rig._file = file
        return rig

    @property
    def firmware(self) -> FirmwareUnderTest | None:
        """The user's firmware with whole paths; None where there is none."""
        own = self.under_test.user_firmware
        if own is None:
            return None
        paths = {key: getattr(own, key) for key in ("library", "persistent") if getattr(own, key)}
        whole = {key: str((self.folder / at).absolute()) for key, at in paths.items() if not is_module_class(at)}
        return own.model_copy(update=whole)

    def load_site(self, settings: Mapping[str, Any] | None = None) -> SiteProfile:
        """The site with the settings of the rig, and those of a test.

        Raises:
            ProfileError: Something is wrong with them.
        """
        wanted = {**self.settings, **(settings or {})}
        if (firmware := self.firmware) is not None:
            wanted["user_firmware"] = [firmware.model_dump(exclude={"build"}, exclude_unset=True)]
        controller = self.under_test.controller
        if controller is not None and controller.serial is not None:
            wanted["modbus.devices.0.serial"] = str((self.folder / controller.serial).absolute())
        here = self.folder / self.site
        site = str(here) if is_path(self.site) and here.is_file() else self.site
        return load_site(site, wanted, origin=self._file.name if self._file is not None else f"rig {self.name}")


def read_rig(path: Path) -> RigFile:
    """The rig of a file.

    Raises:
        ProfileError: It is none; all problems at once, each with file and line.
    """
    document = read_document(path)
    problems = list(document.problems)
    rig = None
    try:
        rig = RigFile.model_validate(document.data)
    except ValidationError as error:
        for key, value, message in findings(error, RigFile):
            problems.append(Problem(document.label, document.line(key), dotted(key), message, value))
    if rig is not None and rig.name != path.stem:
        problems.append(document.problem(("name",), f"must be {path.stem}, the name of the file", rig.name))
    if rig is None or problems:
        raise ProfileError(problems)
    return rig.in_file(path.absolute())


def find_rig(name_or_path: str, folders: Iterable[Path]) -> RigFile:
    """The rig of a name or a file.

    Args:
        name_or_path: ``reference``, the name of a file in one of the folders, or a path.
        folders: Where to search for a name.

    Raises:
        ProfileError: There is none, or it is wrong.
    """
    if is_path(name_or_path):
        return read_rig(Path(name_or_path))
    there = {path.stem: path for folder in reversed(list(folders)) for path in sorted(folder.glob("*.yaml"))}
    if name_or_path in there:
        return read_rig(there[name_or_path])
    if name_or_path == REFERENCE:
        return RigFile(name=REFERENCE, description="The reference firmware on one emulated container.", site="demo")
    known = sorted({REFERENCE, *there})
    near = difflib.get_close_matches(name_or_path, known, n=3)
    hint = f"; near: {', '.join(near)}" if near else ""
    raise ProfileError([Problem("", 0, "", f"no rig {name_or_path!r}{hint}; there are: {', '.join(known)}")])
