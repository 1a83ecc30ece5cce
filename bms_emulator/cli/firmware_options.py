"""Options of ``run`` that put users' firmware into racks, as overrides of the site profile."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bms_emulator.profile.site import SiteProfile

FIRMWARE = "--firmware"
CONFIG = "--firmware-config"
DEBUG = "--firmware-debug"
UNHURRIED = {"firmware_clock": "lockstep", "overrun": "slow"}
"""Overrides for a run with a debugger: simulated time waits for whoever looks at the firmware."""


def firmware_rows(firmware: Sequence[str], configs: Sequence[str]) -> dict[str, Any]:
    """The site's user firmware as texts ``RACKS=LIBRARY`` and ``RACKS=FILE.json`` say; nothing where there are none."""
    rows: dict[str, dict[str, Any]]
    rows = {racks: {"racks": racks, "library": _whole(path)} for racks, path in _pairs(firmware, FIRMWARE)}
    for racks, path in _pairs(configs, CONFIG):
        if racks not in rows:
            there = ", ".join(rows) or "none"
            raise typer.BadParameter(f"{racks}: is not given to {FIRMWARE} so; there: {there}", param_hint=CONFIG)
        rows[racks]["config"] = _config(path)
    return {"user_firmware": list(rows.values())} if rows else {}


def memory_folders(folder: Path | None, row_count: int) -> dict[str, Any]:
    """Overrides that keep the persistent memory of all user firmware in a folder."""
    return {} if folder is None else {f"user_firmware.{n}.persistent": str(folder.absolute()) for n in range(row_count)}


def debugged_racks(selectors: Sequence[str], site: "SiteProfile") -> frozenset[str]:
    """Names of the racks that selectors pick, all of which run a user's firmware."""
    from bms_emulator.profile.user_firmware import rack_name, rack_numbers

    per_container = site.container.rack_count
    there = {
        number for row in site.user_firmware for number in rack_numbers(row.racks, site.container_count, per_container)
    }
    chosen: set[int] = set()
    for selector in selectors:
        try:
            chosen.update(rack_numbers(selector, site.container_count, per_container))
        except ValueError as error:
            raise typer.BadParameter(f"{selector}: {error}", param_hint=DEBUG) from None
    strangers = [rack_name(number, per_container) for number in sorted(chosen - there)]
    if strangers:
        raise typer.BadParameter(f"{strangers[0]}: runs no firmware of yours, see {FIRMWARE}", param_hint=DEBUG)
    return frozenset(rack_name(number, per_container) for number in chosen)


def _pairs(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs: dict[str, str] = {}
    for text in texts:
        racks, equals, path = (part.strip() for part in text.partition("="))
        if not (racks and equals and path):
            raise typer.BadParameter(f"{text!r}: must be RACKS=FILE, such as rack[1]=libmybms.so", param_hint=option)
        if racks in pairs:
            raise typer.BadParameter(f"{racks}: stands twice", param_hint=option)
        pairs[racks] = path
    return list(pairs.items())


def _whole(library: str) -> str:
    """A library with a whole path: options count from the present folder, profiles from their own."""
    from bms_emulator.profile.user_firmware import is_module_class

    return library if is_module_class(library) else str(Path(library).absolute())


def _config(path: str) -> dict[str, Any]:
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"is not JSON: {error}"
        raise typer.BadParameter(f"{path}: {reason}", param_hint=CONFIG) from None
    if not isinstance(config, dict):
        raise typer.BadParameter(f"{path}: must be a JSON object", param_hint=CONFIG)
    return config
