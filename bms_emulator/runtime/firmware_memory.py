"""What is kept of users' firmware in files: persistent memory from run to run, and digests of libraries."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import UserFirmware, is_module_class, rack_name, rack_numbers


def problems(site: SiteProfile) -> list[str]:
    """What stands against keeping persistent memory where the site says; empty where nothing does."""
    folders = dict.fromkeys(Path(row.persistent) for row in site.user_firmware if row.persistent is not None)
    return [f"persistent memory of firmware: {folder}: {reason}" for folder in folders if (reason := _against(folder))]


def read_memories(site: SiteProfile) -> dict[str, bytes]:
    """Persistent memory as the last run left it, by rack, where there is one.

    Raises:
        OSError: A file cannot be read.
    """
    return {name: path.read_bytes() for name, path in _files(site).items() if path.is_file()}


def write_memories(site: SiteProfile, memories: Mapping[str, bytes]) -> None:
    """Keep persistent memory for the next run; a file is replaced as a whole.

    Raises:
        OSError: A file cannot be written.
    """
    for name, path in _files(site).items():
        if name in memories:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(memories[name])
            fresh.replace(path)


def libraries(site: SiteProfile) -> list[dict[str, Any]]:
    """Which racks run which file, with its SHA-256; None where a file is not named or is missing."""
    return [
        {"racks": row.racks, "library": row.library, "sha256": library_digest(row.library)}
        for row in site.user_firmware
    ]


def library_digest(library: str) -> str | None:
    """SHA-256 of the file of a library; None where it names no file or that is missing."""
    file = library_file(library)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file is not None and file.is_file() else None


def library_file(library: str) -> Path | None:
    """The file that a library or a Python class lies in; None for a class of an importable module."""
    if is_module_class(library):
        return None
    path, colon, _ = library.rpartition(".py:")
    return Path(f"{path}.py" if colon else library)


def _files(site: SiteProfile) -> dict[str, Path]:
    return {
        rack_name(number, site.container.rack_count): _file(row, number, site)
        for row in site.user_firmware
        if row.persistent is not None
        for number in rack_numbers(row.racks, site.container_count, site.container.rack_count)
    }


def _file(row: UserFirmware, number: int, site: SiteProfile) -> Path:
    container, rack = divmod(number, site.container.rack_count)
    return Path(row.persistent or "") / f"container-{container + 1}-rack-{rack + 1}.bin"


def _against(folder: Path) -> str:
    """Why nothing can be written into a folder that may still have to be made; empty where it can."""
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else "writing there is not permitted"
