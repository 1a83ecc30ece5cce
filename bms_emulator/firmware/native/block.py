"""The shared block as the worker sees it: mapped for itself, and once more, with guard pages, for the firmware."""

import ctypes
import mmap
from dataclasses import fields

from bms_emulator.firmware.native.abi import ABI_MAJOR, ABI_MINOR, Inputs, Outputs
from bms_emulator.firmware.native.layout import ALARM_CAPACITY, LOG_CAPACITY, MARGIN, PAGE, Counts, Layout

_PROT_NONE = 0
_CANARY = bytes((0xA5,)) * MARGIN
_HEADER = Outputs.alarm_count.offset
_SIZE_OFFSET = ctypes.sizeof(ctypes.c_uint32)
_OUTPUT_SIZES = {0: ctypes.sizeof(Outputs)}
"""Size of ``bms_outputs`` by minor version of the interface [bytes]."""


class BoundsError(Exception):
    """The firmware wrote where nothing of its own is."""


class SizeError(Exception):
    """The firmware was built with other structs than its version says."""


class Block:
    """Inputs and outputs at the addresses that the firmware is given.

    Args:
        memory: File descriptor of the shared memory.
        counts: Of the rack.

    Attributes:
        inputs: Address of ``bms_inputs``; read only for the firmware.
        outputs: Address of ``bms_outputs``.
        shared: The same memory, writable everywhere.
    """

    def __init__(self, memory: int, counts: Counts) -> None:
        self.layout = layout = Layout(counts)
        self.shared = mmap.mmap(memory, layout.size)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
        libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._base: int = libc.mmap(None, layout.size, _PROT_NONE, mmap.MAP_SHARED, memory, 0)
        for region in layout.regions.values():
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if region.is_output else 0)
            first = (region.start - MARGIN) // PAGE * PAGE
            if libc.mprotect(self._base + first, region.end - first, protection):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.inputs = self.address("inputs")
        self.outputs = self.address("outputs")
        Inputs.from_buffer(self.shared, layout.regions["inputs"].start).__init__(  # type: ignore[misc]
            ctypes.sizeof(Inputs),
            *(getattr(counts, field.name) for field in fields(counts)),
            *map(self.address, ("cell_voltages", "temperatures", "cmu_faults")),
        )
        self._fresh = bytes(
            Outputs(
                ctypes.sizeof(Outputs),
                counts.cells,
                ALARM_CAPACITY,
                LOG_CAPACITY,
                *map(self.address, ("balancing", "alarms", "log")),
            )
        )
        self._cleared = [
            (self._base + region.start, region.end - region.start)
            for region in layout.outputs
            if region.name != "outputs"
        ]
        self._margins = [(region.start - MARGIN, region.start, region.name) for region in layout.outputs]
        for begin, end, _ in self._margins:
            self.shared[begin:end] = _CANARY
        self._header = layout.regions["outputs"].start

    def address(self, name: str) -> int:
        """Where the firmware finds a struct or an array."""
        return self._base + self.layout.regions[name].start

    def clear(self) -> None:
        """Outputs as a firmware finds them in every period."""
        ctypes.memmove(self.outputs, self._fresh, len(self._fresh))
        for address, size in self._cleared:
            ctypes.memset(address, 0, size)

    def check(self, minor: int) -> None:
        """Look at what the firmware left behind. minor: version of the header that it was built with.

        Raises:
            BoundsError: It wrote in front of an array, or over counts and pointers.
            SizeError: Its ``bms_outputs`` has another size than this version of the interface has.
        """
        shared, header = self.shared, self._header
        for begin, end, name in self._margins:
            if shared[begin:end] != _CANARY:
                shared[begin:end] = _CANARY
                raise BoundsError(f"wrote in front of {name}: index -1 or below")
        if shared[header + _SIZE_OFFSET : header + _HEADER] != self._fresh[_SIZE_OFFSET:_HEADER]:
            raise BoundsError(
                "changed a count, a capacity or a pointer of its outputs; copy to where balancing, alarms and log point"
            )
        size = int.from_bytes(shared[header : header + _SIZE_OFFSET], "little")
        expected = _OUTPUT_SIZES.get(minor, size if size >= len(self._fresh) else len(self._fresh))
        if size not in (expected, len(self._fresh)):
            version, ours = f"{ABI_MAJOR}.{minor}", f"{ABI_MAJOR}.{ABI_MINOR}"
            advice = f"version {version}" + (f" or of {ours}" if version != ours else "")
            raise SizeError(
                f"says that its bms_outputs has {size} bytes; in version {version} it has {expected}:"
                f" build it with the bms_firmware.h of {advice}"
            )

    def log(self) -> bytes:
        """Text for the log of this period."""
        outputs = Outputs.from_buffer_copy(self.shared, self._header)
        start = self.layout.regions["log"].start
        return self.shared[start : start + min(outputs.log_length, LOG_CAPACITY)]

    def what_lies_at(self, address: int, is_write: bool | None) -> str:
        """In words, which access a fault at that address was; empty where it is not in the block or near it."""
        access = {True: "wrote", False: "read", None: "reached"}[is_write]
        offset = address - self._base
        if not 0 <= offset < self.layout.size:
            return ""
        for region in self.layout.regions.values():
            if offset < region.end + PAGE:
                break
        index = (offset - region.start) // region.item
        place = f"bms_{region.name}" if region.count == 1 else f"{region.name}[{index}]"
        if offset < region.start:
            return f"{access} in front of {region.name}"
        if offset >= region.end:
            size = f"it has {region.count} elements" if region.count > 1 else f"it has {region.item} bytes"
            return (
                f"{access} beyond {region.name}: {place}, {size}"
                if region.count > 1
                else f"{access} beyond {place}: {size}"
            )
        return f"wrote to inputs, which are read only: {place}"
