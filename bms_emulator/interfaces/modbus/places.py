"""Where the points of a site stand in the registers of one device, to read and to write: a register map in reverse."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.binding import Bound, bind
from bms_emulator.interfaces.modbus.conditions import bits_of_row, window_of
from bms_emulator.interfaces.modbus.device import UnitPlan, Writable
from bms_emulator.interfaces.modbus.formats import REGISTER_BITS, Format, bit_format
from bms_emulator.interfaces.modbus.inverse import Line, Register, Sign, Source, is_told_by_signs, source_of_signs
from bms_emulator.interfaces.modbus.layout import Dim, Place, PlacedUnit, axis_count
from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.interfaces.modbus.map import Elements, RegisterMap, Shown, Table
from bms_emulator.interfaces.modbus.meaning import KeptMeaning, Meaning, packed
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.plan import compile_maps
from bms_emulator.interfaces.modbus.shown import is_whole, line_of, table_of
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.site import ModbusDevice

GAP_MAX = 16
"""Most words between two values that one request reads."""

Order = tuple[Register, bytes]
"""Words to write, and what to write there."""


class Places:
    """The points that a device shows and takes.

    Args:
        catalogue: Points of the site that the device stands for.
        device: Its register map, and which container it shows.

    Raises:
        ProfileError: The map is not sound, or does not fit the site; all problems at once.
    """

    def __init__(self, catalogue: Catalogue, device: ModbusDevice) -> None:
        site = catalogue.site
        own = site.modbus.model_copy(update={"devices": (device,)})
        plan = compile_maps(site.model_copy(update={"modbus": own}), catalogue)
        registers = load_map(device.map, site.folders).registers
        self.map = registers.name
        self._catalogue = catalogue
        self._device = device
        self._sources: dict[int, Source] = {}
        self._signs: dict[int, list[Sign]] = {}
        for unit in place(registers, site.container):
            for row in unit.places:
                self._read(registers, unit, row)
        for offset, signs in self._signs.items():
            if offset not in self._sources:
                self._sources[offset] = source_of_signs(catalogue.at(offset), signs)
        self._units: dict[tuple[int, int], UnitPlan] = {}
        self._orders: dict[int, tuple[Register, Meaning]] = {}
        self._effects: dict[tuple[int, float], Order] = {}
        for served in plan.devices:
            shift = served.port - device.port if device.serial is None else 0
            for unit_plan in served.units.values():
                self._units[shift, unit_plan.unit] = unit_plan
                self._write(shift, unit_plan)

    @property
    def readable(self) -> NDArray[np.int64]:
        """Positions in the arena of all points that the device shows, rising."""
        return np.array(sorted(self._sources), np.int64)

    def source(self, offset: int) -> Source | None:
        """Where a point stands, by its position in the arena; None where the device does not show it."""
        return self._sources.get(offset)

    def order(self, offset: int, value: float) -> Order | None:
        """What to write so that a point takes a value; None where the device takes it in no way."""
        found = self._effects.get((offset, value))
        if found is None and offset in self._orders:
            register, meaning = self._orders[offset]
            found = register, meaning.data([value])
        return found

    def requests(self, sources: Iterable[Source]) -> list[Register]:
        """The fewest requests that read all registers of some sources."""
        wanted = sorted({register for source in sources for register in source.registers})
        merged: list[Register] = []
        for register in wanted:
            if merged and (joined := self._joined(merged[-1], register)) is not None:
                merged[-1] = joined
            else:
                merged.append(register)
        return merged

    def _joined(self, first: Register, second: Register) -> Register | None:
        """One request for both, if the device answers it."""
        end = max(first.address + first.words, second.address + second.words)
        joined = replace(first, words=end - first.address)
        unit = self._units[first.port_shift, first.unit]
        is_near = second.address <= first.address + first.words + GAP_MAX and joined.words <= unit.read_limit
        is_alike = (first.port_shift, first.unit, first.table) == (second.port_shift, second.unit, second.table)
        return joined if is_near and is_alike and unit.locate(first.table, first.address, joined.words) >= 0 else None

    # ---- reading

    def _read(self, registers: RegisterMap, unit: PlacedUnit, row: Place) -> None:
        if row.row.access == "w":
            return
        if row.row.elements is not None:
            self._read_elements(unit, row, row.row.elements)
        elif row.row.point is not None:
            self._read_values(unit, row, row.row.point, row.row, row.format)
        for part in row.row.parts:
            if part.point is not None:
                form = bit_format(part.width)
                form = form if part.missing is None else form.with_missing(part.missing)
                self._read_values(unit, row, part.point, part, form, (part.at, part.width))
        if row.row.bits is not None:
            self._read_signs(registers, unit, row)

    def _read_values(
        self, unit: PlacedUnit, row: Place, point: str, shown: Shown, form: Format, bits: tuple[int, int] | None = None
    ) -> None:
        if shown.absolute:  # the sign is lost
            return
        bound = bind(self._catalogue, point, row, self._device.container)
        line = self._line(bound, row, shown, form, bits)
        for index, address in np.ndenumerate(row.addresses()):
            register = self._register(unit, row, index, int(address), row.words)
            self._note(int(bound.offsets[(*index, 0)]), Source((register,), line, line.step))

    def _read_elements(self, unit: PlacedUnit, row: Place, elements: Elements) -> None:
        count = axis_count(elements.over, tuple(dim.axis for dim in row.dims), self._catalogue.site.container)
        inner = replace(row, dims=(*row.dims, Dim(elements.over, count, 1)))
        bound = bind(self._catalogue, row.row.point or "", inner, self._device.container)
        each = REGISTER_BITS // elements.width
        for index, address in np.ndenumerate(row.addresses()):
            for n in range(count):
                at = n % each if elements.first == "low" else each - 1 - n % each
                bits = at * elements.width, elements.width
                line = self._line(bound, row, row.row, bit_format(elements.width), bits)
                register = self._register(unit, row, index, int(address) + n // each, 1)
                self._note(int(bound.offsets[(*index, n, 0)]), Source((register,), line, line.step))

    def _line(self, bound: Bound, row: Place, shown: Shown, form: Format, bits: tuple[int, int] | None) -> Line:
        family = bound.family
        whole = is_whole(family, row.row, packed=bits is not None)
        table = table_of(family, shown, form, whole=whole)
        values: dict[int, float] = {}
        for value, raw in (table or {}).items():
            values[raw] = math.nan if raw in values else float(value)  # what stands for two tells neither
        shift, width = bits or (0, None)
        exact = family.slot.info.kind != "float" and shown.scale == 1.0
        conversion = line_of(family, shown, row, form, whole=whole)
        is_bit = form.high == 1
        return Line(form, conversion, whole or is_bit, values if table else None, shift, width, exact)

    def _read_signs(self, registers: RegisterMap, unit: PlacedUnit, row: Place) -> None:
        for bit, conditions in bits_of_row(registers, row).items():
            if len(conditions) != 1:  # which of them has set it, nobody can say
                continue
            try:
                bound = bind(self._catalogue, conditions[0].point, row, self._device.container)
            except PointError:  # several points
                continue
            if not is_told_by_signs(bound.family):
                continue
            window = window_of(conditions[0], bound.family)
            for index, address in np.ndenumerate(row.addresses()):
                register = self._register(unit, row, index, int(address), row.words)
                sign = Sign(register, bit, row.format.little, *window)
                self._signs.setdefault(int(bound.offsets[(*index, 0)]), []).append(sign)

    def _note(self, offset: int, source: Source) -> None:
        known = self._sources.get(offset)
        if known is None or source.step < known.step:
            self._sources[offset] = source

    def _register(self, unit: PlacedUnit, row: Place, index: tuple[int, ...], address: int, words: int) -> Register:
        n = row.repetition(index) if unit.unit.over is not None else 0
        by_port = unit.unit.by == "port"
        return Register(
            unit.unit.port_offset + (n if by_port else 0),
            self._device.unit + unit.unit.offset + (0 if by_port else n),
            row.tables[0],
            address,
            words,
        )

    # ---- writing

    def _write(self, shift: int, unit: UnitPlan) -> None:
        for table, address, writable in _each_writable(unit):
            register = Register(shift, unit.unit, table, address, writable.words)
            meaning = writable.meaning
            if isinstance(meaning, KeptMeaning):
                for raw, effects in meaning.effects.items():
                    for offset, value in effects:
                        self._effects.setdefault((offset, value), (register, packed(meaning.form, raw)))
            elif len(meaning.offsets) == 1:
                self._orders.setdefault(meaning.offsets[0], (register, meaning))


def _each_writable(unit: UnitPlan) -> Iterator[tuple[Table, int, Writable]]:
    for table, registers in unit.writables.items():
        for address, writable in sorted(registers.items()):
            if writable.address == address:
                yield table, address, writable
