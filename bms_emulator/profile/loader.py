"""Profiles by name: a site with all that it names, every problem of every file reported at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from bms_emulator.profile.base import ProductProfile, Profile, source_problems
from bms_emulator.profile.cell import CellProfile
from bms_emulator.profile.container import ChillerProfile, ContainerProfile
from bms_emulator.profile.coolant import CoolantProfile
from bms_emulator.profile.document import Document, KeyPath, read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.firmware import FirmwareProfile
from bms_emulator.profile.folders import Folders, Found, shown
from bms_emulator.profile.grid import read_load, read_pv
from bms_emulator.profile.override import Overrides
from bms_emulator.profile.pcs import PcsProfile
from bms_emulator.profile.rack import PackProfile, RackProfile
from bms_emulator.profile.site import ModbusDevice, SiteProfile
from bms_emulator.profile.user_firmware import is_module_class
from bms_emulator.profile.weather import read_hourly
from bms_emulator.profile.wording import findings

KINDS: dict[str, type[Profile]] = {
    "sites": SiteProfile,
    "containers": ContainerProfile,
    "racks": RackProfile,
    "packs": PackProfile,
    "cells": CellProfile,
    "chillers": ChillerProfile,
    "coolants": CoolantProfile,
    "pcs": PcsProfile,
    "firmware": FirmwareProfile,
}
"""Kinds of profiles: folder and model."""

_FILES: Mapping[str, tuple[str, Callable[[Path, str], object]]] = {
    "weather": ("hourly_degc", read_hourly),
    "load": ("series", read_load),
    "pv": ("series", read_pv),
}
"""Sections of a site that may name a CSV file: key that its values stand under, and what reads them."""

MAPS = "registers"
"""Folder of the register maps, whose model belongs to the interface that serves them."""


def load_site(
    name_or_path: str, overrides: Mapping[str, Any] | None = None, *, origin: str = "override"
) -> SiteProfile:
    """The site of a name or a file, with all profiles that it names.

    Args:
        name_or_path: Name of a site (``demo``), or path of a site file.
        overrides: Values that replace those of the files, by key path: ``{"modbus.devices.0.port": 0}``. A path may go
            on into a profile that is loaded by name: ``{"container.rack.rated_current_a": 160}``.
        origin: Where the overrides came from, for messages, e.g. ``--set``.

    Raises:
        ProfileError: Something is wrong, with all problems of all files.
    """
    return cast(SiteProfile, load_profile("sites", name_or_path, overrides, origin=origin))


def load_profile(
    kind: str, name_or_path: str, overrides: Mapping[str, Any] | None = None, *, origin: str = "override"
) -> Profile:
    """The profile of a kind by name or file, with all profiles that it names.

    Args:
        kind: One of ``KINDS``.
        name_or_path: Its name, or the path of its file.
        overrides: Values that replace those of the files, by key path.
        origin: Where the overrides came from, for messages.

    Raises:
        ProfileError: Something is wrong, with all problems of all files.
    """
    folders, found = locate(kind, name_or_path)
    loading = _Loading(folders)
    profile = loading.load(found, Overrides.parse(overrides, origin))
    if profile is None:
        raise ProfileError(loading.problems)
    return profile.searching(folders) if isinstance(profile, SiteProfile) else profile


def locate(kind: str, name_or_path: str, folders: Folders | None = None) -> tuple[Folders, Found]:
    """The file that a name or a path means, and the folders to search for what it names.

    Args:
        kind: Folder of a name.
        name_or_path: A name, or a path.
        folders: Where to search for a name; the default folders where None.

    Raises:
        ProfileError: There is no such file.
    """
    if not is_path(name_or_path):
        folders = folders or Folders.default()
        return folders, folders.find(kind, name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise ProfileError([Problem(name_or_path, 0, "", "no such file")])
    return Folders.around(path), Found(kind, path, name_or_path)


def is_path(name_or_path: str) -> bool:
    """Whether a text means a file rather than a name."""
    return "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))


def named_kinds(model: type[Profile]) -> dict[str, str]:
    """Keys of a profile that name another, with the other's kind."""
    kinds = {profile: kind for kind, profile in KINDS.items()}
    return {key: kinds[f.annotation] for key, f in model.model_fields.items() if f.annotation in kinds}


@dataclass(frozen=True)
class _Source:
    """A file and the values set over it from outside; knows which of the two a value came from."""

    document: Document
    overrides: Overrides

    def problem(self, path: KeyPath, message: str, value: str = "") -> Problem:
        """A problem with what stands at a key path."""
        is_set = self.overrides.sets(path, is_new=path not in self.document.lines)
        place = self.overrides if is_set else self.document
        return place.problem(path, message, value)


class _Loading:
    """One load: collects the problems of all files that it meets."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.problems: list[Problem] = []

    def load(self, found: Found, overrides: Overrides) -> Profile | None:
        """The profile of a file, None if anything in it or below it is wrong."""
        try:
            document = read_document(found.path, found.label)
        except ProfileError as error:
            self.problems += error.problems
            return None
        if not isinstance(document.data, dict):
            self.problems += [*document.problems, document.problem((), "must be a mapping of keys to values")]
            return None
        before = len(self.problems)
        self.problems += document.problems
        profile = self._profile(found, document, overrides)
        return profile if len(self.problems) == before else None

    def _profile(self, found: Found, document: Document, overrides: Overrides) -> Profile | None:
        model = KINDS[found.kind]
        named = named_kinds(model)
        own = overrides.without(frozenset(named))
        source = _Source(document, own)
        content, problems = own.apply(document.data)
        self.problems += problems
        if model is SiteProfile:
            content = _with_libraries(self._with_files(content, found, source), found.path.parent)
        name = content.get("name")
        if isinstance(name, str) and name != found.name:
            self.problems.append(source.problem(("name",), f"must be {found.name}, the name of the file", name))
        parts = {
            key: self._part(kind, key, content[key], source, overrides) for key, kind in named.items() if key in content
        }
        profile, bad = self._validated(model, content, parts, source)
        if issubclass(model, ProductProfile):
            self.problems += [
                document.problem(path, message)
                for path, number, message in source_problems(document.data)
                if not any(number[: len(wrong)] == wrong for wrong in bad)
            ]
        if isinstance(profile, SiteProfile):
            self._check_maps(profile, source)
            profile = profile.placed(dict(_places(profile, source)))
        return profile

    def _part(self, kind: str, key: str, name: Any, source: _Source, overrides: Overrides) -> Profile | None:
        """The profile that a key names; None where that fails."""
        if not isinstance(name, str):
            self.problems.append(source.problem((key,), f"must be the name of a file in {kind}/"))
            return None
        found = self._find(kind, name, (key,), source)
        return self.load(found, overrides.below(key)) if found else None

    def _find(self, kind: str, name: str, path: KeyPath, source: _Source) -> Found | None:
        try:
            return self.folders.find(kind, name)
        except ProfileError as error:
            self.problems += [source.problem(path, problem.message) for problem in error.problems]
            return None

    def _with_files(self, content: dict[str, Any], found: Found, source: _Source) -> dict[str, Any]:
        """A site's content with the values of its CSV files in the place of their names."""
        for key, (taken, read) in _FILES.items():
            section = content.get(key)
            if not (isinstance(section, dict) and isinstance(section.get("file"), str) and taken not in section):
                continue
            rest = {name: value for name, value in section.items() if name != "file"}
            path = found.path.parent / section["file"]
            try:
                content = content | {key: rest | {taken: read(path, shown(path))}}
            except ProfileError as error:
                self.problems.append(source.problem((key, "file"), "see the problems of this file", section["file"]))
                self.problems += error.problems
        return content

    def _validated(
        self, model: type[Profile], content: dict[str, Any], parts: dict[str, Profile | None], source: _Source
    ) -> tuple[Profile | None, set[KeyPath]]:
        """The profile, and the key paths at which it is wrong; parts that failed have their own problems already."""
        whole = {key: part for key, part in parts.items() if part is not None}
        rest = {key: value for key, value in content.items() if key not in parts}
        failed = {(key,) for key in parts.keys() - whole.keys()}
        bad: set[KeyPath] = set(failed)
        try:
            return model.model_validate(rest | whole), bad
        except ValidationError as error:
            for path, value, message in findings(error, model):
                if path[:1] not in failed:
                    self.problems.append(source.problem(path, message, value))
                    bad.add(path)
            return None, bad

    def _check_maps(self, site: SiteProfile, source: _Source) -> None:
        """Whether the register maps are there; what stands in them is checked where they are compiled."""
        for index, device in enumerate(site.modbus.devices):
            if not is_path(device.map):
                self._find(MAPS, device.map, ("modbus", "devices", index, "map"), source)


def _places(site: SiteProfile, source: _Source) -> Iterator[tuple[str, tuple[str, int]]]:
    """File and line of every key of a Modbus device: whether two of them clash is seen where maps are compiled."""
    for index in range(len(site.modbus.devices)):
        for key in ModbusDevice.model_fields:
            problem = source.problem(("modbus", "devices", index, key), "")
            yield problem.path, (problem.file, problem.line)


def _with_libraries(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A site's content with whole paths in its user firmware, those that are not whole starting at a folder."""
    rows = content.get("user_firmware")
    if not isinstance(rows, list):
        return content
    return content | {"user_firmware": [_with_whole_paths(row, folder) for row in rows]}


def _with_whole_paths(row: Any, folder: Path) -> Any:
    if not isinstance(row, dict):
        return row
    paths = {key: row[key] for key in ("library", "persistent") if isinstance(row.get(key), str) and row[key]}
    return row | {key: str((folder / path).absolute()) for key, path in paths.items() if not is_module_class(path)}
