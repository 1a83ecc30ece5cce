"""Files that are no firmware, and firmware that is none for this emulator: what the message says."""

import platform
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bms_emulator.firmware.native.description import DescriptionError, read_description
from bms_emulator.firmware.native.elf import check_library
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.worker import Worker

COUNTS = Counts(416, 208, 8)
SHARED, PROGRAM = 3, 2
MACHINES = {"x86_64": 62, "aarch64": 183}
OTHER = "aarch64" if platform.machine() != "aarch64" else "x86_64"

Library = Callable[..., str]


def elf(machine: int, kind: int = SHARED, width: int = 2) -> bytes:
    """The head of an ELF file. width: 1 for 32 bits, 2 for 64."""
    return struct.pack("<4sBBB9xHH44x", b"\x7fELF", width, 1, 1, kind, machine)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (elf(MACHINES[OTHER]), f"is for {OTHER}, this machine is {platform.machine()}"),
        (elf(40, width=1), "is for arm, this machine is"),
        (elf(MACHINES.get(platform.machine(), 0), kind=1), "is an object file: link it with -shared"),
        (elf(62)[:30], "is cut off after 30 bytes"),
        (b"MZ\x90\0", "is a Windows DLL"),
        (b"!<arch>\n", "is a static library: link it with -shared"),
        (b"int main(void) {}", "is no shared library"),
        (b"", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_a_firmware_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "libbms.so"
    path.write_bytes(content)
    with pytest.raises(FirmwareError, match=message) as caught:
        check_library(str(path))
    assert caught.value.kind == "load"
    assert caught.value.message.startswith("libbms.so: ")


def test_a_missing_file_is_told_with_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "libmybms.so").touch()
    with pytest.raises(FirmwareError, match=r"no such file; near: libmybms\.so"):
        Worker(str(tmp_path / "libmybm.so"), {}, COUNTS)
    with pytest.raises(FirmwareError, match="no such file; the folder is not there either"):
        Worker(str(tmp_path / "nowhere" / "libmybms.so"), {}, COUNTS)


def test_a_folder_is_no_firmware(tmp_path: Path) -> None:
    with pytest.raises(FirmwareError, match="cannot be read: Is a directory"):
        Worker(str(tmp_path), {}, COUNTS)


@pytest.mark.component
@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "incomplete",
            "load",
            r"lacks the functions bms_describe \(near: bms_descripe\), bms_create, .*bms_step.*bms_destroy",
        ),
        ("undefined", "load", "undefined symbol: nowhere_to_be_found"),
        ("other_major", "abi", r"is built for version 9\.3 of the interface, this emulator speaks 1\.0"),
        ("no_json", "describe", "bms_describe: is not JSON"),
        (
            "wrong_keys",
            "describe",
            "'periode_ms' is no key of it; near: period_ms; period_ms is missing; version = 3: must be a text",
        ),
        ("few_cells", "create", "supports 4 to 100 cells, this rack has 416"),
        ("no_instance", "create", "bms_create returned NULL"),
        ("create_crashes", "crash", "crashed in bms_create with SIGSEGV"),
    ],
)
def test_a_library_that_cannot_be_used_says_why(library: Library, name: str, kind: str, message: str) -> None:
    with pytest.raises(FirmwareError, match=message) as caught:
        Worker(library(name), {}, COUNTS)
    assert caught.value.kind == kind
    assert caught.value.message.startswith(f"{name}.so: ")


@pytest.mark.component
def test_functions_of_cpp_are_recognised(compile_library) -> None:
    source = (
        'int mangled(void) __asm__("_Z8bms_stepPvmmPK10bms_inputsP11bms_outputs");\nint mangled(void) { return 0; }'
    )
    with pytest.raises(FirmwareError, match=r'bms_step \(there, but as C\+\+: declare it extern "C"\)'):
        Worker(str(compile_library(source)), {}, COUNTS)


def test_a_description_is_read_in_seconds() -> None:
    text = '{"name": "a", "version": "b", "period_ms": 10, "cells": [1, 9], "alarms": {"3": "fuse"}}'
    description = read_description(text, (1, 0), False)
    assert (description.period, description.watchdog, description.cells) == (0.01, 1.0, (1, 9))
    assert description.alarms == {3: "fuse"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "must be a JSON object"),
        ('{"name": "a", "version": "b", "period_ms": 0}', "period_ms = 0: must be a number > 0"),
        ('{"name": "a", "version": "b", "period_ms": true}', "period_ms = True: must be a number > 0"),
        (
            '{"name": "a", "version": "b", "period_ms": 10, "cells": [9, 1]}',
            r"cells = \[9, 1\]: must be \[least, most\]",
        ),
        ('{"name": "a", "version": "b", "period_ms": 10, "alarms": []}', r"alarms = \[\]: must be an object"),
        ('{"name": "a", "version": "b", "period_ms": 10, "alarms": {"1": "x", "2": "x"}}', "alarms: x is there twice"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        read_description(text, (1, 0), False)
