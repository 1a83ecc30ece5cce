"""Voltage sensors: cells (one monitoring unit to a pack), string, behind its fuse, and link."""

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.sensing.channel import gaussian, noise_counter, quantise
from bms_emulator.sensing.model import ChannelModel, SensingModel
from bms_emulator.sensing.state import Measured
from bms_emulator.sensing.truth import Truth
from bms_emulator.sensing.units import COMMUNICATION

_NEGATIVE, _PRECHARGE, _POSITIVE = 0, 1, 2
"""Places of the contactors."""


def bind_cell_voltages(model: ChannelModel, measured: Measured, truth: Truth) -> Bound:
    """What reads all cell voltages at once, at a tick of dt [s]."""
    return bind(
        read_cell_voltages,
        # model
        *model.errors,
        # inputs
        truth.cells.voltage,
        measured.cmu_faults,
        # out
        measured.cell_voltage,
        measured.cell_voltage_age,
    )


def bind_rack_voltages(model: SensingModel, measured: Measured, truth: Truth) -> Bound:
    """What reads string, fuse and link voltage of every rack, at a tick."""
    string, fuse, link, racks = model.string_voltage, model.fuse_voltage, model.link_voltage, truth.racks
    return bind(
        read_rack_voltages,
        # model
        *string.errors,
        fuse.gain,
        fuse.offset,
        fuse.key,
        link.gain,
        link.offset,
        link.key,
        # inputs
        racks.voltage,
        truth.containers.bus_voltage,
        racks.contactor_closed,
        racks.fuse_closed,
        racks.breaker_closed,
        # out
        measured.string_voltage,
        measured.fuse_voltage,
        measured.link_voltage,
    )


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
    cmu_faults,
    # out
    reading,
    age,
    tick,
    dt,
):
    """Cell voltages as read [V] and their ages [s]; a pack whose unit does not answer keeps its readings.

    Shapes: voltage, offset, reading (rack, cell), gain, cmu_faults, age (rack, pack).
    """
    rack_count, cell_count = voltage.shape
    pack_count = gain.shape[1]
    cells_per_pack = cell_count // pack_count
    for r in range(rack_count):
        for p in range(pack_count):
            if int(cmu_faults[r, p]) & COMMUNICATION:
                age[r, p] += dt
                continue
            age[r, p] = 0.0
            first = p * cells_per_pack
            counter = noise_counter(key, tick, r * cell_count + first)
            pack_gain = gain[r, p]
            pack_voltage = voltage[r, first : first + cells_per_pack]
            pack_offset = offset[r, first : first + cells_per_pack]
            pack_reading = reading[r, first : first + cells_per_pack]
            for k in range(cells_per_pack):
                sensed = pack_gain * pack_voltage[k] + pack_offset[k] + noise * gaussian(counter + k)
                pack_reading[k] = quantise(sensed, resolution, origin, range_min, range_max)


@scalar
def fuse_voltage(string_voltage, bus_voltage, contactor_closed, protection_closed):
    """Voltage between fuse and breaker on one side and the contactors on the other, against the negative pole [V].

    It is that of the string while both conduct; else that of the link where both poles are closed; else there is none.
    contactor_closed: shape (contactor).
    """
    if protection_closed != 0.0:
        return string_voltage
    positive = contactor_closed[_PRECHARGE] != 0.0 or contactor_closed[_POSITIVE] != 0.0
    return bus_voltage if positive and contactor_closed[_NEGATIVE] != 0.0 else 0.0


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
    fuse_gain,
    fuse_offset,
    fuse_key,
    link_gain,
    link_offset,
    link_key,
    # inputs
    string_voltage,
    bus_voltage,
    contactor_closed,
    fuse_closed,
    breaker_closed,
    # out
    string_reading,
    fuse_reading,
    link_reading,
    tick,
):
    """Voltages of the racks as read [V]; bus_voltage (container), contactor_closed (rack, contactor), else (rack,)."""
    racks_per_container = string_reading.size // bus_voltage.size
    for r in range(string_reading.size):
        link = bus_voltage[r // racks_per_container]
        behind = fuse_voltage(string_voltage[r], link, contactor_closed[r], fuse_closed[r] * breaker_closed[r])
        sensed = gain[r] * string_voltage[r] + offset[r] + noise * gaussian(noise_counter(key, tick, r))
        string_reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
        sensed = fuse_gain[r] * behind + fuse_offset[r] + noise * gaussian(noise_counter(fuse_key, tick, r))
        fuse_reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
        sensed = link_gain[r] * link + link_offset[r] + noise * gaussian(noise_counter(link_key, tick, r))
        link_reading[r] = quantise(sensed, resolution, origin, range_min, range_max)
