"""The kernel that writes all register images of a site, in network byte order."""

import numpy as np

from bms_emulator.interfaces.modbus.formats import Coding
from bms_emulator.interfaces.modbus.runs import FRACTION, LANES, NO_AGE, ONE
from bms_emulator.jit import kernel, scalar

INTEGER, FLOAT, TABLE = int(Coding.INTEGER), int(Coding.FLOAT), int(Coding.TABLE)


@scalar
def swap(word):
    """A 16-bit word with its bytes exchanged: the machine is little-endian, the network is not."""
    return np.uint16(((word & 0xFF) << 8) | ((word >> 8) & 0xFF))


@scalar
def rounded(value, gain, shift, low, high, sentinel):
    """Raw value, clamped, to be cut to an integer, which rounds it half away from zero; NaN is the sentinel."""
    raw = min(max(value * gain + shift, low), high)
    return raw + np.copysign(0.5, raw) if not np.isnan(value) else sentinel


@scalar
def gather(values, gathered, run, source, repeats):
    """Collect the values of a run, or of some repetitions of it, side by side.

    Positions are unsigned, which spares the check for counting from the end.
    """
    at, count = np.uint64(0), np.uint64(run.count)
    for repeat in range(repeats):
        first, further = source + repeat * run.repeat_step, 0
        if run.pace == ONE:
            for k in range(count):
                gathered[at + k] = values[np.uint64(first) + k]
        else:
            for k in range(count):
                gathered[at + k] = values[np.uint64(first + (further >> FRACTION))]
                further += run.pace
        at += count


@scalar
def convert(gathered, converted, run, count):
    """Integers of one word, nearly all there is; up to a whole LANES, for a remainder would be converted one by one."""
    gain, shift, low, high, sentinel = run.gain, run.shift, run.low, run.high, np.float64(run.sentinel)
    for k in range(np.uint64(-(-count // LANES) * LANES)):
        converted[k] = swap(np.int32(rounded(gathered[k], gain, shift, low, high, sentinel)))


@scalar
def spread(converted, image, run, word, repeats):
    """Registers of one word to their places."""
    at, count, stride = np.uint64(0), np.uint64(run.count), np.uint64(run.stride)
    for repeat in range(repeats):
        place = np.uint64(word + repeat * run.repeat_stride)
        for k in range(count):
            image[place] = converted[at + k]
            place += stride
        at += count


@scalar
def gather_singles(values, gathered, singles, group, device):
    """Collect the single values of a group side by side."""
    first = np.uint64(group.first)
    for k in range(np.uint64(group.count)):
        single = singles[first + k]
        gathered[k] = values[np.uint64(single.source + device * single.device_step)]


@scalar
def spread_singles(converted, image, singles, group, word):
    """Registers of a group to their places."""
    first = np.uint64(group.first)
    for k in range(np.uint64(group.count)):
        image[np.uint64(singles[first + k].word + word)] = converted[k]


@scalar
def raw_of(value, run, table):
    """Raw value of the rarer codings; NaN, and what a table does not know, is the sentinel."""
    if run.coding == TABLE:
        return table[run.table + np.int64(value)] if 0.0 <= value < run.table_size else run.sentinel
    if np.isnan(value):
        return run.sentinel
    shown = abs(value) if run.absolute else value
    if run.coding == FLOAT:
        shown = shown * run.gain + run.shift
        return np.int64(np.float32(shown).view(np.uint32)) if run.words == 2 else np.float64(shown).view(np.int64)
    raw = np.int64(rounded(shown, run.gain, run.shift, run.low, run.high, 0.0))
    return raw % run.modulo if run.modulo else raw


@scalar
def encode_rare(gathered, image, run, word, repeats, table):
    """Registers of the rarer formats to their places."""
    for repeat in range(repeats):
        for k in range(run.count):
            raw = raw_of(gathered[repeat * run.count + k], run, table)
            place = word + repeat * run.repeat_stride + k * run.stride
            for n in range(run.words):
                image[place + n] = swap(raw >> 16 * (n if run.little else run.words - 1 - n))


@scalar
def narrow(gathered, converted, run, count, table):
    """Raw values of a few bits each."""
    if run.coding == INTEGER:
        gain, shift, low, high, sentinel = run.gain, run.shift, run.low, run.high, np.float64(run.sentinel)
        for k in range(np.uint64(-(-count // LANES) * LANES)):
            converted[k] = np.int32(rounded(gathered[k], gain, shift, low, high, sentinel))
    else:
        for k in range(np.uint64(count)):
            converted[k] = raw_of(gathered[k], run, table)


@scalar
def joined(converted, at, count, bit, step):
    """So many values side by side in one register, the first at this bit."""
    raw = np.int64(0)
    for k in range(np.uint64(count)):
        raw |= np.int64(converted[at + k]) << (bit + np.int64(k) * step)
    return raw


@scalar
def pack(converted, image, run, word, repeats):
    """Values that share registers to their places; the bits of others stay as they are."""
    at, per, keep = np.uint64(0), np.uint64(run.per), np.uint16(run.keep)
    for repeat in range(repeats):
        place, end = np.uint64(word + repeat * run.repeat_stride), at + np.uint64(run.count)
        while at < end:
            if at + per > end:
                raw = joined(converted, at, end - at, run.at, run.step)
            elif per == 16:  # a count that is known to the compiler is twice as fast
                raw = joined(converted, at, 16, run.at, run.step)
            elif per == 2:
                raw = joined(converted, at, 2, run.at, run.step)
            else:
                raw = joined(converted, at, per, run.at, run.step)
            image[place] = (image[place] & keep) | swap(raw)
            place += np.uint64(run.stride)
            at += per
        at = end


@scalar
def past_due(values, run, age, repeat, age_max):
    """The first repetition from this one on whose values are older than ``age_max``, so that nothing is to be done."""
    if age == NO_AGE:
        return run.repeats
    while repeat < run.repeats and not values[age + repeat * run.age_step] > age_max:
        repeat += 1
    return repeat


@scalar
def is_met(value, low, high):
    """Whether a value is between two others; NaN never is."""
    return (value >= low) & (value <= high)


@scalar
def remainder_of(value, modulus):
    """Remainder of a power of two, never negative; far faster than the operator, which goes to the C library."""
    return value - modulus * np.floor(value / modulus)


@scalar
def gather_bits(values, bits, field, terms, device):
    """Collect the bits of all repetitions of a bitfield side by side."""
    repeats = np.uint64(field.repeats)
    for repeat in range(repeats):
        bits[repeat] = 0
    for t in range(np.uint64(field.term), np.uint64(field.term + field.terms)):
        term = terms[t]
        at, low, high, modulus = np.uint64(term.source + device * term.device_step), term.low, term.high, term.modulus
        step, count, spacing, mask = np.uint64(term.step), np.uint64(term.count), np.uint64(term.spacing), term.mask
        if modulus > 0.0:
            for repeat in range(repeats):
                near, met = at, False
                for _ in range(count):
                    met |= is_met(remainder_of(values[near], modulus), low, high)
                    near += spacing
                bits[repeat] |= mask * met
                at += step
        elif count == 1:
            for repeat in range(repeats):
                bits[repeat] |= mask * is_met(values[at], low, high)
                at += step
        else:
            for repeat in range(repeats):
                near, met = at, False
                for _ in range(count):
                    met |= is_met(values[near], low, high)
                    near += spacing
                bits[repeat] |= mask * met
                at += step


@scalar
def spread_bits(bits, image, field, word):
    """Bitfields to their places; the bits of others stay as they are."""
    keep, first, step = np.uint16(field.keep), 16 * (field.words - 1), -16
    if field.little:
        first, step = 0, 16
    for repeat in range(field.repeats):
        place, shift = np.uint64(word + repeat * field.stride), first
        for _ in range(field.words):
            image[place] = (image[place] & keep) | swap(bits[repeat] >> shift)
            place += np.uint64(1)
            shift += step


@kernel
def encode(
    # state
    values,
    # out
    images,
    # inputs
    age_max,
    # model
    blocks,
    runs,
    groups,
    singles,
    bitfields,
    terms,
    table,
    # work
    gathered,
    converted,
    bits,
):
    """Write the values of every image; constants stand there already.

    Device by device, so that the image of one and the records of all like it stay in the cache.

    Args:
        values: The arena, shape (values,).
        images: Bytes of all images, uint8, even length.
        age_max: Values whose age is known are left out above this age [s]: 0 writes what may have changed in this
            tick, infinity everything.
        blocks: Records of :data:`bms_emulator.interfaces.modbus.runs.BLOCK`.
        runs: Records of RUN.
        groups: Records of GROUP.
        singles: Records of SINGLE.
        bitfields: Records of BITFIELD.
        terms: Records of TERM.
        table: Raw values of all enumeration tables.
        gathered: Room for the values of the longest run, in whole LANES.
        converted: Room for their registers, uint16.
        bits: Room for the repetitions of a bitfield, int64.
    """
    image = images.view(np.uint16)
    for b in range(len(blocks)):
        block = blocks[b]
        for device in range(block.devices):
            distance = device * block.stride
            for n in range(block.run, block.run + block.runs):
                run = runs[n]
                source, word = run.source + device * run.device_step, run.word + distance
                age = run.age + device * run.age_device_step
                repeat = 0
                while repeat < run.repeats:
                    first, repeat = repeat, past_due(values, run, age, repeat, age_max)
                    if repeat > first:
                        gather(values, gathered, run, source + first * run.repeat_step, repeat - first)
                        place = word + first * run.repeat_stride
                        if run.plain:
                            convert(gathered, converted, run, run.count * (repeat - first))
                            spread(converted, image, run, place, repeat - first)
                        elif run.per:
                            narrow(gathered, converted, run, run.count * (repeat - first), table)
                            pack(converted, image, run, place, repeat - first)
                        else:
                            encode_rare(gathered, image, run, place, repeat - first, table)
                    repeat += 1
            for n in range(block.group, block.group + block.groups):
                gather_singles(values, gathered, singles, groups[n], device)
                convert(gathered, converted, groups[n], groups[n].count)
                spread_singles(converted, image, singles, groups[n], distance)
            for n in range(block.bitfield, block.bitfield + block.bitfields):
                if not bitfields[n].again:
                    gather_bits(values, bits, bitfields[n], terms, device)
                spread_bits(bits, image, bitfields[n], bitfields[n].word + distance)
