"""A firmware in Python: a class that is given the inputs and fills the outputs, by the names of the header.

    class MyBms:
        period = 0.1                                # [s]
        alarms = {1: "cell_overvoltage"}

        def __init__(self, config, blob):           # a dict; bytes or None
            self.limit = config.get("limit_v", 3.65)

        def step(self, t, dt, inputs, outputs):     # [s]
            outputs.soc = 0.5
            for cell, voltage in enumerate(inputs.cell_voltages):
                if voltage.valid and voltage.value > self.limit:
                    outputs.alarm(1, level=3, source=cell)

It may have ``name``, ``version``, ``watchdog`` [s], ``cells`` and ``temperatures`` (least, most), and the methods
``reset(kind)``, ``persistent() -> bytes``, ``save() -> bytes`` and ``load(bytes)``.
"""

import ctypes
import difflib
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from bms_emulator.firmware.native import abi
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import ALARM_CAPACITY, LOG_CAPACITY, Layout
from bms_emulator.firmware.native.python_spec import split

NANOSECONDS = 1e9


class Inputs:
    """What a firmware knows in one period: the fields of ``bms_inputs``; arrays have their length and know it.

    ``inputs.current.value``, ``inputs.cell_voltages[3].age_ms``, ``inputs.cell_voltages.values()``. Read only.
    """

    def __init__(self, address: int, layout: Layout) -> None:
        counts, base = layout.counts, address - layout.regions["inputs"].start
        self._struct = abi.Inputs.from_address(address)
        self.cell_voltages = _array(abi.Measurement, counts.cells).from_address(
            base + layout.regions["cell_voltages"].start
        )
        self.temperatures = _array(abi.Measurement, counts.temperatures).from_address(
            base + layout.regions["temperatures"].start
        )
        self.cmu_faults = (ctypes.c_uint32 * counts.packs).from_address(base + layout.regions["cmu_faults"].start)

    def __getattr__(self, name: str) -> Any:
        return _field(self._struct, name)


class Outputs:
    """What a firmware decides: the fields of ``bms_outputs``, all 0 at first; another name is an error."""

    _struct: abi.Outputs
    balancing: Any

    def __init__(self, address: int, layout: Layout) -> None:
        base = address - layout.regions["outputs"].start
        set_own = super().__setattr__
        set_own("_struct", abi.Outputs.from_address(address))
        set_own(
            "balancing", (ctypes.c_uint8 * layout.counts.cells).from_address(base + layout.regions["balancing"].start)
        )
        set_own("_alarms", (abi.Alarm * ALARM_CAPACITY).from_address(base + layout.regions["alarms"].start))
        set_own("_log", base + layout.regions["log"].start)

    def alarm(self, number: int, level: int, source: int = abi.NO_SOURCE) -> None:
        """Report an active alarm: its id, level 1 to 3, cell, pack or contactor from 0."""
        struct = self._struct
        if struct.alarm_count >= ALARM_CAPACITY:
            raise ValueError(f"more than {ALARM_CAPACITY} alarms at once")
        self._alarms[struct.alarm_count] = abi.Alarm(number, level, source, 0)
        struct.alarm_count += 1

    def write(self, text: str) -> None:
        """Add a line to the emulator's log; what goes beyond its capacity is cut off."""
        struct = self._struct
        line = (text + "\n").encode()[: LOG_CAPACITY - struct.log_length]
        ctypes.memmove(self._log + struct.log_length, line, len(line))
        struct.log_length += len(line)

    def __getattr__(self, name: str) -> Any:
        return _field(self._struct, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _field(self._struct, name)
        setattr(self._struct, name, value)


class PythonFirmware:
    """A class with its one instance; the same methods as :class:`bms_emulator.firmware.native.library.Library`.

    Args:
        spec: ``path/file.py:Class`` or ``package.module:Class``.
        inputs: Address of ``bms_inputs``.
        outputs: Address of ``bms_outputs``.
        layout: Of the block.

    Raises:
        FirmwareError: "load": there is no such class.
    """

    abi = (abi.ABI_MAJOR, abi.ABI_MINOR)

    def __init__(self, spec: str, inputs: int, outputs: int, layout: Layout) -> None:
        source, name = split(spec)
        module = _load(source)
        found = getattr(module, name, None)
        if not isinstance(found, type):
            classes = [key for key, value in vars(module).items() if isinstance(value, type)]
            near = difflib.get_close_matches(name, classes, 1)
            raise FirmwareError("load", f"has no class {name}" + (f"; near: {near[0]}" if near else ""))
        missing = [attribute for attribute in ("period", "step") if not hasattr(found, attribute)]
        if missing:
            raise FirmwareError("load", f"class {name} lacks {' and '.join(missing)}", {"missing": missing})
        self._class: Any = found
        self._inputs = Inputs(inputs, layout)
        self._outputs = Outputs(outputs, layout)
        self._instance: Any = None
        self._config = "{}"
        self.has_snapshot = hasattr(found, "save") and hasattr(found, "load")

    def describe(self) -> str:
        """Attributes of the class as ``bms_describe`` would write them."""
        found = self._class
        told: dict[str, Any] = {
            "name": getattr(found, "name", found.__name__),
            "version": str(getattr(found, "version", "0")),
            "period_ms": _milliseconds(found.period),
            "alarms": getattr(found, "alarms", {}),
        }
        if hasattr(found, "watchdog"):
            told["watchdog_ms"] = _milliseconds(found.watchdog)
        told |= {key: list(getattr(found, key)) for key in ("cells", "temperatures") if hasattr(found, key)}
        return json.dumps(told)

    def create(self, config: str, blob: bytes | None) -> None:
        """Make the instance."""
        self._config = config
        self._instance = self._class(json.loads(config), blob)

    def step(self, t_ns: int, dt_ns: int) -> int:
        """One period; 0, or what the class returned as an error number."""
        return self._instance.step(t_ns / NANOSECONDS, dt_ns / NANOSECONDS, self._inputs, self._outputs) or 0

    def reset(self, kind: int) -> int:
        """Start anew, by the class's own method, or as a new instance with the persistent memory."""
        if hasattr(self._instance, "reset"):
            return self._instance.reset(kind) or 0
        self.create(self._config, self.persistent())
        return 0

    def persistent(self) -> bytes:
        """What would be in the EEPROM."""
        return bytes(self._instance.persistent()) if hasattr(self._instance, "persistent") else b""

    def save(self) -> bytes:
        """The state of the instance."""
        return bytes(self._instance.save())

    def load(self, state: bytes) -> int:
        """Restore a state."""
        return self._instance.load(state) or 0

    def close(self) -> None:
        """Nothing is left to do."""


def _load(source: str) -> ModuleType:
    try:
        if not source.endswith(".py"):
            return importlib.import_module(source)
        path = Path(source).resolve()
        if not path.is_file():
            raise FirmwareError("load", f"{source}: no such file")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise FirmwareError("load", f"{source}: is no module")
        sys.path.insert(0, str(path.parent))
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except (FirmwareError, SystemExit):
        raise
    except ModuleNotFoundError as error:
        raise FirmwareError("load", f"cannot be imported: {error}") from None
    return module


def _milliseconds(seconds: Any) -> Any:
    return seconds * 1e3 if isinstance(seconds, int | float) else seconds


def _array(item: type[ctypes.Structure], count: int) -> Any:
    """A type of arrays of measurements, with a quick way to their values."""

    def values(self: Any) -> list[float]:
        """All values, NaN where invalid."""
        numbers = memoryview(self).cast("B").cast("d")
        return list(numbers[:: ctypes.sizeof(item) // numbers.itemsize])

    return type("Measurements", (item * count,), {"values": values})


def _field(struct: ctypes.Structure, name: str) -> Any:
    try:
        return getattr(struct, name)
    except AttributeError:
        near = difflib.get_close_matches(name, [row[0] for row in struct._fields_], 1)
        hint = f"; near: {near[0]}" if near else ""
        raise AttributeError(f"{name}: no such field{hint}") from None
