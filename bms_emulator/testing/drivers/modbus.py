"""A real battery on Modbus TCP or RTU, read through its register map."""

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.inverse import Register
from bms_emulator.interfaces.modbus.map import Table
from bms_emulator.interfaces.modbus.master import Master
from bms_emulator.interfaces.modbus.places import Places


class ModbusWire:
    """Points in registers.

    Args:
        places: Where they stand.
        master: Reads and writes the device.
        place: Where it is, for messages.
    """

    def __init__(self, places: Places, master: Master, place: str) -> None:
        self._places, self._master = places, master
        self.place = f"{place} by {places.map}"

    def readable(self) -> NDArray[np.int64]:
        """Points that the map shows."""
        return self._places.readable

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values, by as few requests as can be. MasterError: the device does not answer."""
        sources = [self._places.source(int(offset)) for offset in offsets]
        found = [source for source in sources if source is not None]
        answers = {request: self._ask(request) for request in self._places.requests(found)}
        by_place: dict[tuple[int, int, Table], list[tuple[Register, bytes]]] = {}
        for request, data in answers.items():
            by_place.setdefault((request.port_shift, request.unit, request.table), []).append((request, data))

        def content(register: Register) -> bytes:
            for request, data in by_place[register.port_shift, register.unit, register.table]:
                at = register.address - request.address
                if at >= 0 and at + register.words <= request.words:
                    return data[2 * at : 2 * (at + register.words)]
            raise AssertionError(register)  # every register is in a request

        return np.array([source.value([content(register) for register in source.registers]) for source in found])

    def write(self, offset: int, value: float) -> bool:
        """Write a value. MasterError: the device does not take it."""
        order = self._places.order(offset, value)
        if order is None:
            return False
        register, data = order
        self._master.write(register.port_shift, register.unit, register.table, register.address, data)
        return True

    def close(self) -> None:
        """Close the connections."""
        self._master.close()

    def _ask(self, request: Register) -> bytes:
        return self._master.read(request.port_shift, request.unit, request.table, request.address, request.words)
