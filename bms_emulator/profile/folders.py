"""Where profiles lie: folders by kind, the user's before those that are shipped."""

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bms_emulator.profile.errors import Problem, ProfileError

ENVIRONMENT = "BMS_EMULATOR_PROFILES"
"""Environment variable with further profile folders, separated as in PATH."""

KIND_FOLDERS = (
    "sites",
    "containers",
    "racks",
    "packs",
    "cells",
    "chillers",
    "coolants",
    "pcs",
    "firmware",
    "registers",
)
"""Folders of the kinds of profiles, from the whole to its parts."""

NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""What a profile's name looks like: never a path."""

_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True)
class Found:
    """A profile file.

    Attributes:
        kind: Folder that it lies in, e.g. ``racks``.
        path: The file.
        label: The file as shown to the user.
    """

    kind: str
    path: Path
    label: str

    @property
    def name(self) -> str:
        """Name of the profile."""
        return self.path.stem


def shipped_folder() -> Path:
    """Folder of the profiles that come with the package: inside a wheel, else at the top of the repository."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_device_profiles"
    return inside if inside.is_dir() else package.parent / "device_profiles"


def user_folders() -> tuple[Path, ...]:
    """Folders that the environment names."""
    return tuple(Path(part) for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part)


@dataclass(frozen=True)
class Folders:
    """Profile folders in the order of search.

    Attributes:
        roots: Folders that hold ``cells/``, ``packs/``, ``racks/`` and so on.
    """

    roots: tuple[Path, ...]

    @classmethod
    def default(cls, first: Iterable[Path] = ()) -> "Folders":
        """The given folders, those of the environment, and the shipped one."""
        return cls(tuple(dict.fromkeys([*first, *user_folders(), shipped_folder()])))

    @classmethod
    def around(cls, file: Path) -> "Folders":
        """Folders for a file given by path: the tree that it lies in comes first."""
        folder = file.resolve().parent
        return cls.default([folder.parent if folder.name in KIND_FOLDERS else folder])

    def list(self, kind: str) -> dict[str, Found]:
        """All profiles of a kind by name; of two with one name the one that a search finds."""
        found: dict[str, Found] = {}
        for root in self.roots:
            for path in sorted((root / kind).glob("*.yaml")):
                if _NAME.fullmatch(path.stem) and _is_inside(path, root / kind):
                    found.setdefault(path.stem, Found(kind, path, _label(path, root)))
        return dict(sorted(found.items()))

    def find(self, kind: str, name: str) -> Found:
        """The file of a profile.

        Raises:
            ProfileError: There is none; with near names and all that there are.
        """
        if not _NAME.fullmatch(name):
            message = f"{name[:100]!r} is no name of a profile: letters, digits, '-', '_' and '.' only"
            raise ProfileError([Problem("", 0, "", message)])
        for root in self.roots:
            path = root / kind / f"{name}.yaml"
            if path.is_file() and _is_inside(path, root / kind):
                return Found(kind, path, _label(path, root))
        there = list(self.list(kind))
        near = difflib.get_close_matches(name, there, n=3)
        hint = f"; near: {', '.join(near)}" if near else ""
        message = f"no profile {name!r} in {kind}/{hint}; there are: {', '.join(there) or 'none'}"
        raise ProfileError([Problem("", 0, "", message)])


def shown(path: Path) -> str:
    """A file beside a profile, as its messages show it."""
    path, shipped = Path(os.path.normpath(path)), shipped_folder()
    return _label(path, shipped if path.is_relative_to(shipped) else path.parent)


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a file, symbolic links followed, lies in its folder."""
    return path.resolve().parent == folder.resolve()


def _label(path: Path, root: Path) -> str:
    """A shipped file by its place in the profiles' folder, any other as the user would open it."""
    if root == shipped_folder():
        return path.relative_to(root).as_posix()
    full = path.absolute()
    return str(full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full)
