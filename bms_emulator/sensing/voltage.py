"""Voltage sensors: cells (one monitoring unit to a pack), string and link."""

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel
from bms_emulator.sensing.channel import bend, gaussian, is_due, noise_counter, quantise
from bms_emulator.sensing.model import ChannelModel
from bms_emulator.sensing.state import ChannelFaults, Measured


def measure_cell_voltages(
    model: ChannelModel, measured: Measured, voltage: Array, faults: ChannelFaults, tick: int, dt: float
) -> None:
    """Read all cell voltages at once, every period; in between they only grow older. voltage: [V], (rack, cell)."""
    if is_due(tick, model.period, dt):
        read_cell_voltages(*model.errors, voltage, tick, measured.cell_voltage)
        measured.cell_voltage_age.fill(0.0)
        bend(model.scale, faults, measured.cell_voltage, measured.cell_voltage_age)
    else:
        measured.cell_voltage_age += dt


def measure_rack_voltages(
    model: ChannelModel, reading: Array, voltage: Array, faults: ChannelFaults, tick: int, dt: float
) -> None:
    """Read one voltage of every rack, every period; in between the reading stands.

    Args:
        model: The channels.
        reading: Reading [V], (rack,), written.
        voltage: Voltage of each rack, or of each container and so of all its racks [V], (rack,) or (container,).
        faults: Faulty channels.
        tick: Number of the tick, the first is 0.
        dt: Step [s].
    """
    if is_due(tick, model.period, dt):
        read_rack_voltages(*model.errors, voltage, tick, reading)
        bend(model.scale, faults, reading)


@kernel
def read_cell_voltages(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    # inputs
    voltage,
    tick,
    # out
    reading,
):
    """Cell voltages as read [V]; voltage, offset, reading (rack, cell), gain (rack, pack)."""
    rack_count, cell_count = voltage.shape
    pack_count = gain.shape[1]
    cells_per_pack = cell_count // pack_count
    for r in range(rack_count):
        for p in range(pack_count):
            first = p * cells_per_pack
            counter = noise_counter(key, tick, r * cell_count + first)
            pack_gain = gain[r, p]
            pack_voltage = voltage[r, first : first + cells_per_pack]
            pack_offset = offset[r, first : first + cells_per_pack]
            pack_reading = reading[r, first : first + cells_per_pack]
            for k in range(cells_per_pack):
                sensed = pack_gain * pack_voltage[k] + pack_offset[k] + noise * gaussian(counter + k)
                pack_reading[k] = quantise(sensed, resolution, origin, range_min, range_max)


@kernel
def read_rack_voltages(
    # model
    gain,
    offset,
    noise,
    resolution,
    origin,
    range_min,
    range_max,
    key,
    # inputs
    voltage,
    tick,
    # out
    reading,
):
    """One voltage of every rack as read [V], (rack,); voltage (rack,), or (container,) shared by its racks."""
    racks_per_voltage = reading.shape[0] // voltage.shape[0]
    for r in range(reading.shape[0]):
        sensed = gain[r] * voltage[r // racks_per_voltage] + offset[r]
        sensed += noise * gaussian(noise_counter(key, tick, r))
        reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
