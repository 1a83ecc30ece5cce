"""From measurements and orders to the inputs of user firmware: vectors of values become structs of C.

What the structs have and the contract does not know is filled so: voltages of the string and what has no age of its own
are 0 ms old; a value that is NaN is invalid; an action of the bank above 4 (a lock) is told as 4.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.contract import Commands, MasterLink, Measurements, RackOrders
from bms_emulator.firmware.native.abi import LONG_AGO, PULSES
from bms_emulator.jit import kernel, scalar

SCALARS = (
    "current",
    "current_second",
    "string_voltage",
    "fuse_voltage",
    "link_voltage",
    "insulation_positive",
    "insulation_negative",
    "terminal_temperature",
    "coolant_supply_temperature",
    "coolant_return_temperature",
    "coolant_flow",
    "coolant_pressure",
    "ambient_temperature",
    "dew_point",
    "supply_voltage",
)
"""Measurements of which a rack has one, in the order of the struct."""
WORDS = 10
"""Numbers of 32 bits that follow one another: feedback, inputs, chiller, controller, and the first six of a command."""
RESERVES = 2
FLAGS = 7
"""Which of the words holds the flags."""

Words = NDArray[np.uint32]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class InputBlock:
    """The inputs of one worker, field by field.

    Attributes:
        cells: Cell voltages: value [V], age [ms], validity, each (cell,).
        temperatures: Temperatures: value [K], age [ms], validity, each (sensor,).
        cmu_faults: Bits (pack,).
        scalars: As ``SCALARS``: value, age [ms], validity, each (scalar,).
        words: See ``WORDS``.
        reserves: Reserves of the state of charge [1], (2,).
    """

    cells: tuple[Array, Words, Words]
    temperatures: tuple[Array, Words, Words]
    cmu_faults: Words
    scalars: tuple[Array, Words, Words]
    words: Words
    reserves: Array

    @classmethod
    def of(cls, inputs: NDArray[np.void]) -> Self:
        """The fields of a block that is laid out as ``bms_inputs`` is."""
        whole = inputs.reshape(1)
        struct = whole.reshape(())
        raw = whole.view(np.uint8)
        fields: Any = whole.dtype.fields
        measurement = fields["current"][0]
        start = fields["current"][1]
        scalars = raw[start : start + len(SCALARS) * measurement.itemsize].view(measurement)
        start = fields["contactor_feedback"][1]
        words = raw[start : start + 4 * WORDS].view(np.uint32)
        start = fields["command"][1] + fields["command"][0].fields["soc_min"][1]
        reserves = raw[start : start + 8 * RESERVES].view(np.float64)
        return cls(
            _parts(struct["cell_voltages"]),
            _parts(struct["temperatures"]),
            struct["cmu_faults"],
            _parts(scalars),
            words,
            reserves,
        )


class InputWriter:
    """Fills the inputs of the racks that run a user's firmware.

    Args:
        racks: Those racks, counted from 0, (n,).
        rack_count: Racks of a container.
    """

    def __init__(self, racks: Positions, rack_count: int) -> None:
        self._racks = racks
        self._rack_count = rack_count
        self._values: Array = np.zeros((len(racks), len(SCALARS)))
        self._ages: Words = np.zeros((len(racks), len(SCALARS)), np.uint32)
        self._valid: Words = np.zeros((len(racks), len(SCALARS)), np.uint32)
        self._words: Words = np.zeros((len(racks), WORDS), np.uint32)
        self._reserves: Array = np.zeros((len(racks), RESERVES))
        self._pulses: Words = np.zeros(len(racks), np.uint32)

    def collect(self, measurements: Measurements, orders: RackOrders, commands: Commands, master: MasterLink) -> None:
        """Take what all of the racks share out among them; once a tick."""
        collect_measurements(
            self._racks,
            self._rack_count,
            measurements.current,
            measurements.current_second,
            measurements.current_age,
            measurements.string_voltage,
            measurements.fuse_voltage,
            measurements.link_voltage,
            measurements.insulation_positive,
            measurements.insulation_negative,
            measurements.terminal_temperature,
            measurements.coolant_supply_temperature,
            measurements.coolant_return_temperature,
            measurements.coolant_flow,
            measurements.coolant_pressure,
            measurements.chiller_age,
            measurements.ambient_temperature,
            measurements.dew_point,
            measurements.supply_voltage,
            self._values,
            self._ages,
            self._valid,
        )
        collect_contacts(
            self._racks,
            self._rack_count,
            measurements.contactor_feedback,
            measurements.fuse_feedback,
            measurements.breaker_feedback,
            measurements.interlock_closed,
            measurements.emergency_stop,
            measurements.door_open,
            measurements.water,
            measurements.fire_detectors,
            measurements.fire_level,
            measurements.chiller_fault,
            measurements.chiller_mode,
            measurements.controller_faults,
            self._words,
        )
        collect_orders(
            self._racks,
            self._rack_count,
            master.sequence,
            master.age,
            commands.heartbeat_master,
            commands.soc_reserve_min,
            commands.soc_reserve_max,
            orders.request,
            orders.enabled,
            orders.join_permitted,
            orders.maintenance,
            orders.alarm_reset,
            orders.service_reset,
            orders.balancing_enabled,
            orders.master_lost,
            orders.master_gone,
            orders.action,
            self._words,
            self._reserves,
        )
        self._pulses |= self._words[:, FLAGS] & np.uint32(PULSES)

    def write(self, n: int, block: InputBlock, measurements: Measurements) -> None:
        """Fill the inputs of the n-th rack; orders of one period that it has missed are given to it now."""
        rack = self._racks[n]
        write_channels(measurements.cell_voltage[rack], measurements.cell_voltage_age[rack], *block.cells)
        write_channels(measurements.temperature[rack], measurements.temperature_age[rack], *block.temperatures)
        write_bits(measurements.cmu_faults[rack], block.cmu_faults)
        value, age, valid = block.scalars
        value[:] = self._values[n]
        age[:] = self._ages[n]
        valid[:] = self._valid[n]
        self._words[n, FLAGS] |= self._pulses[n]
        self._pulses[n] = 0
        block.words[:] = self._words[n]
        block.reserves[:] = self._reserves[n]


def _parts(measurements: NDArray[np.void]) -> tuple[Array, Words, Words]:
    return measurements["value"], measurements["age_ms"], measurements["valid"]


@scalar
def milliseconds(age):  # type: ignore[no-untyped-def]
    """Age as the struct tells it [ms]; what is longer than it can tell, or unknown, is the longest. age: [s]."""
    return np.uint32(LONG_AGO) if not age < 4294967.0 else np.uint32(max(0.0, age) * 1000.0 + 0.5)


@scalar
def whole(value):  # type: ignore[no-untyped-def]
    """A word or an enumeration from a value; 0 where it is NaN or less."""
    return np.int64(value) if value > 0.0 else np.int64(0)


@scalar
def bit(value, position):  # type: ignore[no-untyped-def]
    """That bit where a flag is set."""
    return np.int64(1) << position if value > 0.5 else np.int64(0)


@kernel
def collect_measurements(  # type: ignore[no-untyped-def]
    # model
    racks,
    rack_count,
    # inputs
    current,
    current_second,
    current_age,
    string_voltage,
    fuse_voltage,
    link_voltage,
    insulation_positive,
    insulation_negative,
    terminal_temperature,
    coolant_supply_temperature,
    coolant_return_temperature,
    coolant_flow,
    coolant_pressure,
    chiller_age,
    ambient_temperature,
    dew_point,
    supply_voltage,
    # out
    value,
    age,
    valid,
):
    """Measurements of which a rack has one, as ``SCALARS``, in SI and ms, (n, scalar)."""
    for n in range(racks.shape[0]):
        r = racks[n]
        c = r // rack_count
        value[n, 0] = current[r]
        value[n, 1] = current_second[r]
        value[n, 2] = string_voltage[r]
        value[n, 3] = fuse_voltage[r]
        value[n, 4] = link_voltage[r]
        value[n, 5] = insulation_positive[r]
        value[n, 6] = insulation_negative[r]
        value[n, 7] = terminal_temperature[r]
        value[n, 8] = coolant_supply_temperature[c]
        value[n, 9] = coolant_return_temperature[c]
        value[n, 10] = coolant_flow[c]
        value[n, 11] = coolant_pressure[c]
        value[n, 12] = ambient_temperature[c]
        value[n, 13] = dew_point[c]
        value[n, 14] = supply_voltage[c]
        for k in range(value.shape[1]):
            age[n, k] = 0
            valid[n, k] = not np.isnan(value[n, k])
        age[n, 0] = age[n, 1] = milliseconds(current_age[r])
        age[n, 8] = age[n, 9] = age[n, 10] = age[n, 11] = milliseconds(chiller_age[c])


@kernel
def collect_contacts(  # type: ignore[no-untyped-def]
    # model
    racks,
    rack_count,
    # inputs
    contactor_feedback,
    fuse_feedback,
    breaker_feedback,
    interlock_closed,
    emergency_stop,
    door_open,
    water,
    fire_detectors,
    fire_level,
    chiller_fault,
    chiller_mode,
    controller_faults,
    # out
    words,
):
    """Contacts and reports as the bits and enumerations of the first four words, (n, word)."""
    for n in range(racks.shape[0]):
        r = racks[n]
        c = r // rack_count
        feedback = np.int64(0)
        for k in range(3):
            feedback |= bit(contactor_feedback[r, k], k)
        detectors = whole(fire_detectors[c])
        digital = bit(fuse_feedback[r], 0) | bit(breaker_feedback[r], 1) | bit(interlock_closed[r], 2)
        digital |= bit(emergency_stop[c], 3) | bit(door_open[c], 4) | bit(water[c], 5)
        digital |= bit(float(detectors & 0b00100), 6) | bit(float(detectors & 0b11000), 7)
        digital |= bit(float(detectors & 0b00011), 8) | bit(fire_level[c] - 1.0, 9) | bit(chiller_fault[c], 10)
        words[n, 0] = feedback
        words[n, 1] = digital
        words[n, 2] = whole(chiller_mode[c])
        words[n, 3] = whole(controller_faults[r])


@kernel
def collect_orders(  # type: ignore[no-untyped-def]
    # model
    racks,
    rack_count,
    # inputs
    sequence,
    age,
    heartbeat,
    soc_reserve_min,
    soc_reserve_max,
    request,
    enabled,
    join_permitted,
    maintenance,
    alarm_reset,
    service_reset,
    balancing_enabled,
    master_lost,
    master_gone,
    action,
    # out
    words,
    reserves,
):
    """Orders of the bank as the words of a command, (n, word), and reserves of the state of charge [1], (n, 2)."""
    for n in range(racks.shape[0]):
        r = racks[n]
        c = r // rack_count
        words[n, 4] = whole(sequence[c])
        words[n, 5] = milliseconds(age[c])
        words[n, 6] = whole(request[r])
        flags = bit(enabled[r], 0) | bit(join_permitted[r], 1) | bit(maintenance[r], 2)
        flags |= bit(alarm_reset[r], 3) | bit(service_reset[r], 4) | bit(balancing_enabled[r], 5)
        words[n, 7] = flags | bit(master_lost[r], 6) | bit(master_gone[r], 7)
        words[n, 8] = whole(heartbeat[c])
        words[n, 9] = min(whole(action[r]), 4)
        reserves[n, 0] = soc_reserve_min[c]
        reserves[n, 1] = soc_reserve_max[c]


@kernel
def write_channels(reading, reading_age, value, age, valid):  # type: ignore[no-untyped-def]
    """Readings (channel,) with the ages of their packs [s] (pack,) as values, ages [ms] and validities (channel,)."""
    channels = reading.shape[0] // reading_age.shape[0]
    for p in range(reading_age.shape[0]):
        pack_age = milliseconds(reading_age[p])
        for k in range(p * channels, (p + 1) * channels):
            value[k] = reading[k]
            age[k] = pack_age
            valid[k] = not np.isnan(reading[k])


@kernel
def write_bits(reading, bits):  # type: ignore[no-untyped-def]
    """Bitfields as words."""
    for p in range(reading.shape[0]):
        bits[p] = whole(reading[p])
