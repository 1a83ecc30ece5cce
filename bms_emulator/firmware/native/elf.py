"""What a file says of itself before it is loaded: a shared library or not, for which machine, with which names."""

import difflib
import platform
import struct
from pathlib import Path

from bms_emulator.firmware.native.errors import FirmwareError

_MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""Names by e_machine, as the ELF specification numbers them."""
_TYPES = {1: "an object file: link it with -shared", 2: "a program, no shared library", 4: "a core dump"}
_SHARED = 3
_DYNAMIC_SYMBOLS = 11
"""Section type SHT_DYNSYM."""
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_OTHER_FORMATS = {
    b"MZ": "a Windows DLL",
    b"\xcf\xfa": "a macOS library",
    b"!<": "a static library: link it with -shared",
}


def check_library(path: str) -> None:
    """Whether a file can be a firmware for this machine.

    Raises:
        FirmwareError: "load": it cannot, and why.
    """
    name = Path(path).name
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEADER.size)
    except FileNotFoundError:
        raise FirmwareError("load", f"{path}: no such file{_near(path)}") from None
    except OSError as error:
        raise FirmwareError("load", f"{path}: cannot be read: {error.strerror}") from None
    if head[:4] != b"\x7fELF":
        what = _OTHER_FORMATS.get(head[:2], "no shared library")
        raise FirmwareError("load", f"{name}: is {what}" + ("" if head else " (the file is empty)"))
    if len(head) < _HEADER.size:
        raise FirmwareError("load", f"{name}: is cut off after {len(head)} bytes")
    here = platform.machine()
    machine = int.from_bytes(head[18:20], "big" if head[5] == 2 else "little")
    built_for = _MACHINES.get(machine, f"machine {machine}")
    if built_for != here or head[4] != 2:
        raise FirmwareError("load", f"{name}: is for {built_for}, this machine is {here}")
    kind = int.from_bytes(head[16:18], "little")
    if kind != _SHARED:
        raise FirmwareError("load", f"{name}: is {_TYPES.get(kind, 'no shared library')}")


def exported(path: str) -> list[str]:
    """Names of the functions and variables that a shared library offers; empty where it does not tell."""
    image = Path(path).read_bytes()
    try:
        header = _HEADER.unpack_from(image)
        offset, size, count = header[6], header[11], header[12]
        sections = [_SECTION.unpack_from(image, offset + index * size) for index in range(count)]
        return [
            name for section in sections if section[1] == _DYNAMIC_SYMBOLS for name in _names(image, sections, section)
        ]
    except (struct.error, IndexError, ValueError):
        return []


def missing_text(missing: list[str], names: list[str]) -> str:
    """What to say about functions that a library lacks, with what it has instead."""
    texts = []
    for wanted in missing:
        mangled = [name for name in names if name.startswith("_Z") and wanted in name]
        near = difflib.get_close_matches(wanted, names, 1, 0.8)
        hint = ' (there, but as C++: declare it extern "C")' if mangled else f" (near: {near[0]})" if near else ""
        texts.append(wanted + hint)
    plural = "s" if len(missing) > 1 else ""
    return f"lacks the function{plural} {', '.join(texts)}"


def _names(image: bytes, sections: list[tuple[int, ...]], table: tuple[int, ...]) -> list[str]:
    strings = sections[table[6]][4]
    names = []
    for offset in range(table[4], table[4] + table[5], _SYMBOL.size):
        name, _, _, section, _, _ = _SYMBOL.unpack_from(image, offset)
        if section:  # 0 is what it wants from others
            begin = strings + name
            names.append(image[begin : image.index(b"\0", begin)].decode(errors="replace"))
    return names


def _near(path: str) -> str:
    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return "; the folder is not there either"
    near = difflib.get_close_matches(Path(path).name, names, 1)
    return f"; near: {near[0]}" if near else ""
