"""A firmware in C: its functions, called from the worker."""

import ctypes
import os

from bms_emulator.firmware.native.abi import ABI_MAJOR, ABI_MINOR, OPTIONAL, REQUIRED
from bms_emulator.firmware.native.elf import exported, missing_text
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.guarded_buffer import GuardedBuffer

_DESCRIPTION = 4096
_LONGEST = 1 << 20
"""Longest description [bytes]."""
_BLOB = 65536
_LARGEST = 1 << 30
"""Largest blob [bytes]."""

_SIGNATURES = {
    "bms_abi_version": (ctypes.c_uint32, ()),
    "bms_describe": (ctypes.c_int32, (ctypes.c_void_p, ctypes.c_int32)),
    "bms_create": (ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)),
    "bms_reset": (ctypes.c_int32, (ctypes.c_void_p, ctypes.c_uint32)),
    "bms_step": (
        ctypes.c_int32,
        (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p),
    ),
    "bms_persistent": (ctypes.c_int64, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
    "bms_destroy": (None, (ctypes.c_void_p,)),
    "bms_snapshot_save": (ctypes.c_int64, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
    "bms_snapshot_load": (ctypes.c_int32, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
}


class Library:
    """A shared library with its one instance.

    Args:
        path: Of the library.
        inputs: Address of ``bms_inputs``.
        outputs: Address of ``bms_outputs``.
        buffer: For what goes to and comes from its other calls.

    Raises:
        FirmwareError: "load" or "abi": it cannot be used.
    """

    def __init__(self, path: str, inputs: int, outputs: int, buffer: GuardedBuffer) -> None:
        path = os.path.abspath(path)  # noqa: PTH100 (a bare name would be looked for in the system's folders)
        try:
            library = ctypes.CDLL(path, mode=os.RTLD_NOW | os.RTLD_LOCAL)
        except OSError as error:
            raise FirmwareError("load", f"cannot be loaded: {error}") from None
        missing = [name for name in REQUIRED if not hasattr(library, name)]
        snapshot = [name for name in OPTIONAL if hasattr(library, name)]
        if len(snapshot) == 1:
            missing += [name for name in OPTIONAL if name not in snapshot]
        if missing:
            raise FirmwareError("load", missing_text(missing, exported(path)), {"missing": missing})
        for name in (*REQUIRED, *snapshot):
            function = getattr(library, name)
            function.restype, function.argtypes = _SIGNATURES[name]
        self._library = library
        self._inputs = inputs
        self._outputs = outputs
        self._buffer = buffer
        self._step = library.bms_step
        self._handle: int | None = None
        self.has_snapshot = bool(snapshot)
        self.abi = (0, 0)

    def describe(self) -> str:
        """What ``bms_describe`` writes, after a look at the version.

        Raises:
            FirmwareError: "abi": another major version; "describe": no text, or too long.
        """
        version = self._library.bms_abi_version()
        self.abi = (version >> 16, version & 0xFFFF)
        if self.abi[0] != ABI_MAJOR:
            raise FirmwareError(
                "abi",
                f"is built for version {self.abi[0]}.{self.abi[1]} of the interface, this emulator speaks"
                f" {ABI_MAJOR}.{ABI_MINOR}: build it with the bms_firmware.h of this emulator",
            )
        size = _DESCRIPTION
        for _ in range(2):
            length = self._library.bms_describe(self._buffer.make(size), size)
            self._look_at_buffer("bms_describe")
            if not 0 <= length < _LONGEST:
                raise FirmwareError("describe", f"bms_describe: says that its text is {length} bytes long")
            if length < size:
                try:
                    return self._buffer.content(length).decode()
                except UnicodeDecodeError as error:
                    raise FirmwareError("describe", f"bms_describe: is not UTF-8: {error}") from None
            size = length + 1
        raise FirmwareError("describe", f"bms_describe: wants ever more room, now {length} bytes")

    def create(self, config: str, blob: bytes | None) -> None:
        """Make the instance.

        Raises:
            FirmwareError: "create": it makes none.
        """
        address = None if blob is None else self._buffer.fill(blob)
        self._handle = self._library.bms_create(config.encode(), address, len(blob or b""))
        if not self._handle:
            raise FirmwareError("create", "bms_create returned NULL: it makes no instance for this rack")

    def step(self, t_ns: int, dt_ns: int) -> int:
        """One period; 0, or an error number."""
        code: int = self._step(self._handle, t_ns, dt_ns, self._inputs, self._outputs)
        return code

    def reset(self, kind: int) -> int:
        """Start anew; 0, or an error number."""
        code: int = self._library.bms_reset(self._handle, kind)
        return code

    def persistent(self) -> bytes:
        """What would be in the EEPROM."""
        return self._blob("bms_persistent")

    def save(self) -> bytes:
        """The state of the instance."""
        return self._blob("bms_snapshot_save")

    def load(self, state: bytes) -> int:
        """Restore a state; 0, or an error number."""
        code: int = self._library.bms_snapshot_load(self._handle, self._buffer.fill(state), len(state))
        return code

    def close(self) -> None:
        """Destroy the instance."""
        self._library.bms_destroy(self._handle)

    def _blob(self, name: str) -> bytes:
        size = _BLOB
        for _ in range(2):
            length = getattr(self._library, name)(self._handle, self._buffer.make(size), size)
            self._look_at_buffer(name)
            if not 0 <= length < _LARGEST:
                raise FirmwareError("error_code", f"{name}: returned the length {length}", {"code": length})
            if length <= size:
                return self._buffer.content(length)
            size = length
        raise FirmwareError("error_code", f"{name}: wants ever more room, now {length} bytes", {"code": length})

    def _look_at_buffer(self, call: str) -> None:
        if not self._buffer.is_whole():
            raise FirmwareError("bounds", f"{call}: wrote in front of its buffer: index -1 or below")
