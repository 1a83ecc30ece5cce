"""Memory for a call of the library, behind which lies a page that nobody may touch."""

import ctypes
import mmap

from bms_emulator.firmware.native.layout import MARGIN, PAGE

_PROT_NONE = 0
_CANARY = bytes((0xA5,)) * MARGIN


class GuardedBuffer:
    """Room that ends where a forbidden page begins; it is made anew where it must be larger or smaller.

    Attributes:
        size: Of the room [bytes].
        address: Of its first byte.
    """

    def __init__(self) -> None:
        self.size = 0
        self.address = 0
        self._guard = 0
        self._protect = ctypes.CDLL(None, use_errno=True).mprotect
        self._protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

    def make(self, size: int) -> int:
        """Room for so many bytes, all 0; its address. MemoryError, OSError: there is none."""
        pages = -(-(size + MARGIN) // PAGE)
        self._memory = mmap.mmap(-1, (pages + 1) * PAGE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._guard = base + pages * PAGE
        if self._protect(self._guard, PAGE, _PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
        self.size, self.address = size, self._guard - size
        ctypes.memmove(self.address - MARGIN, _CANARY, MARGIN)
        return self.address

    def fill(self, content: bytes) -> int:
        """Room with this content; its address."""
        ctypes.memmove(self.make(len(content)), content, len(content))
        return self.address

    def content(self, length: int) -> bytes:
        """The first bytes of it."""
        return ctypes.string_at(self.address, length)

    def is_whole(self) -> bool:
        """Whether nothing was written in front of it."""
        return ctypes.string_at(self.address - MARGIN, MARGIN) == _CANARY

    def what_lies_at(self, address: int, is_write: bool | None) -> str:
        """In words, which access a fault at that address was; empty where it is not just behind the room."""
        if not self._guard <= address < self._guard + PAGE:
            return ""
        access = {True: "wrote", False: "read", None: "reached"}[is_write]
        return f"{access} beyond its buffer: byte {address - self.address} of {self.size}"
