"""The journal: every command of a run, so that the run can be repeated bit for bit.

One JSON document a line: first the header with the whole site profile and the seed, then the commands in the order in
which they were applied, at last the end with a digest of the state.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from bms_emulator import __version__
from bms_emulator.arrays import Arena
from bms_emulator.firmware.native.host_errors import FirmwareProblems
from bms_emulator.interfaces.link import Ack, Command
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.firmware_memory import libraries, library_digest, library_file
from bms_emulator.runtime.shared import profile_hash

_FORMAT = 1


class JournalError(ValueError):
    """A journal that cannot be read or does not repeat. The message says where and why."""


class HasState(Protocol):
    """An emulator, as far as its state goes."""

    arena: Arena
    tick_count: int

    @property
    def firmware_lates(self) -> int:
        """How often users' firmware did not answer in time."""

    def firmware_hash(self) -> str | None:
        """Digest of all that users' firmware has decided; None where there is none."""


def state_hash(emulator: HasState) -> str:
    """Digest of the whole state, except for the loop's own punctuality, as 32 hexadecimal digits."""
    digest = hashlib.blake2b(str(emulator.tick_count).encode(), digest_size=16)
    for slot in emulator.arena.layout.slots.values():
        if slot.group.source != "runtime":
            digest.update(emulator.arena.buffer[slot.offset : slot.offset + slot.size].tobytes())
    return digest.hexdigest()


def problems(path: Path | None) -> list[str]:
    """What stands against writing a journal there; empty where nothing does or no journal is wanted."""
    if path is None:
        return []
    if path.is_dir():
        return [f"--journal {path}: is a folder; name a file"]
    if not path.absolute().parent.is_dir():
        return [f"--journal {path}: there is no folder {path.absolute().parent}"]
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        return [f"--journal {path}: writing there is not permitted"]
    return []


class Journal:
    """Writes the journal of a run; a context manager.

    Args:
        path: File to write; an existing one is replaced.
        site: What is emulated.
        seed: Seed of the run.
        memories: Persistent memories of users' firmware at the start, by rack.
    """

    def __init__(self, path: Path, site: SiteProfile, seed: int, memories: Mapping[str, bytes] | None = None) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._write(
            {
                "journal": _FORMAT,
                "version": __version__,
                "site": site.name,
                "profile": profile_hash(site),
                "seed": seed,
                "firmware": libraries(site),
                "memories": {name: base64.b64encode(memory).decode() for name, memory in (memories or {}).items()},
                "profile_data": site.model_dump(mode="json"),
            }
        )
        self.flush()

    def record(self, command: Command, ack: Ack) -> None:
        """Note a command and whether it was accepted."""
        self._write({"tick": ack.tick, "time": ack.time, "accepted": ack.accepted, **asdict(command)})

    def flush(self) -> None:
        """Hand what is written to the operating system."""
        self._file.flush()

    def end(self, emulator: HasState) -> None:
        """Note the last tick and the state it left."""
        self._write(
            {
                "end": emulator.tick_count,
                "state": state_hash(emulator),
                "firmware": emulator.firmware_hash(),
                "lates": emulator.firmware_lates,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":"), default=str) + "\n")


def replay(path: Path) -> Any:
    """Repeat the run of a journal on a fresh emulator and return that.

    A journal without an end, of a run that was cut off, is repeated up to its last command. Users' firmware runs again,
    from the same files and in lockstep; the caller closes the emulator, which ends it.

    Raises:
        JournalError: The file is no journal, was altered, or the run did not repeat.
    """
    from bms_emulator.runtime.emulator import Emulator

    header, *entries = _read(path)
    site = SiteProfile.model_validate(header["profile_data"])
    if profile_hash(site) != header["profile"]:
        raise JournalError(f"{path}:1: the profile is not the one whose hash stands beside it")
    if header["version"] != __version__:
        raise JournalError(f"{path}:1: written by version {header['version']}, this is {__version__}")
    _check_libraries(path, header.get("firmware", []))
    memories = {name: base64.b64decode(text) for name, text in header.get("memories", {}).items()}
    try:
        emulator = Emulator(site, header["seed"], memories)
    except FirmwareProblems as error:
        raise JournalError(f"{path}:1: {error}") from error
    emulator.is_paced = True  # faults of the loop were accepted, and have no effect on what is simulated
    try:
        _repeat(path, entries, emulator)
    except BaseException:
        emulator.close()
        raise
    return emulator


def _check_libraries(path: Path, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        digest = library_digest(row["library"])
        if digest != row["sha256"]:
            file = library_file(row["library"])
            what = "is missing" if digest is None else "is not the file of the run: its SHA-256 differs"
            raise JournalError(f"{path}:1: firmware of {row['racks']}: {file} {what}")


def _repeat(path: Path, entries: list[dict[str, Any]], emulator: Any) -> None:
    for line, entry in enumerate(entries, 2):
        ticks = entry["end"] if "end" in entry else entry["tick"]
        while emulator.tick_count < ticks:
            emulator.tick()
        if "end" in entry:
            lates = entry.get("lates")
            why = f"; its firmware was late {lates} times, which does not repeat" if lates else ""
            if state_hash(emulator) != entry["state"]:
                raise JournalError(f"{path}:{line}: the state at tick {ticks} is not that of the run{why}")
            if emulator.firmware_hash() != entry.get("firmware"):
                raise JournalError(f"{path}:{line}: users' firmware decided otherwise than in the run{why}")
        elif emulator.apply(Command(entry["op"], entry["origin"], entry["args"])).accepted != entry["accepted"]:
            raise JournalError(
                f"{path}:{line}: {entry['op']} was {'accepted' if entry['accepted'] else 'refused'} in the run"
            )


def _read(path: Path) -> list[dict[str, Any]]:
    entries = []
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entries.append(json.loads(text))
        except json.JSONDecodeError as error:
            raise JournalError(f"{path}:{line}: {error}") from error
    if not entries or not isinstance(entries[0], dict) or entries[0].get("journal") != _FORMAT:
        raise JournalError(f"{path}:1: this is no journal of format {_FORMAT}")
    return entries
