"""What was tested, with what: names and digests that stand in a record."""

import hashlib
import json
from pathlib import Path
from typing import Final

from bms_emulator import __version__
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.user_firmware import is_module_class
from bms_emulator.runtime.shared import profile_hash
from bms_emulator.testing.record import Provenance

REFERENCE: Final = "reference"


def provenance_of(site: SiteProfile, seed: int, rig: str, command: str, under_test: str = "") -> Provenance:
    """What a test of an emulated site is about.

    Args:
        site: The site.
        seed: Seed of the run.
        rig: Name of the rig.
        command: Command that repeats the test.
        under_test: What is under test; the firmware of the racks where empty.
    """
    firmware, digest = firmware_of(site)
    what = under_test or ("reference firmware" if firmware == REFERENCE else "user firmware")
    return Provenance(site.name, profile_hash(site), firmware, digest, __version__, seed, rig, what, command)


def firmware_of(site: SiteProfile) -> tuple[str, str]:
    """What runs in the racks of a site, and its digest: of the files, or of the reference firmware's settings."""
    libraries = sorted({row.library for row in site.user_firmware})
    if not libraries:
        settings = json.dumps(site.firmware.model_dump(mode="json"), sort_keys=True)
        return REFERENCE, hashlib.sha256(settings.encode()).hexdigest()
    digest = hashlib.sha256()
    for library in libraries:
        digest.update(library.encode() if is_module_class(library) else _content(Path(library)))
    return ", ".join(Path(library).name for library in libraries), digest.hexdigest()


def _content(path: Path) -> bytes:
    """What a library, or the file of a class (``file.py:Class``), holds."""
    file = path if path.is_file() else Path(str(path).rpartition(":")[0])
    return file.read_bytes() if file.is_file() else str(path).encode()
