"""The kernel that writes all register images of a site, in network byte order."""

import numpy as np

from bms_emulator.jit import kernel, scalar


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
def put(image, word, words, raw):
    """Write an integer of 1, 2 or 4 words, the most significant first."""
    for n in range(words):
        image[word + n] = swap(raw >> (16 * (words - 1 - n)))


@scalar
def encode_words(values, image, run, scratch):
    """Integers of one word: nearly all there is.

    Values that stand side by side in the arena are converted in a loop without gaps, which the compiler turns into
    vector instructions, and spread after that. A sensor that serves several cells is converted once.
    """
    count, step = run.count, run.step
    numerator, denominator = run.numerator, run.denominator
    gain, shift, low, high, sentinel = run.gain, run.shift, run.low, run.high, np.float64(run.sentinel)
    near, part, stride = values[run.source :], image[run.word :], run.stride
    if denominator == 1 and step != 1:
        for k in range(count):
            part[k * stride] = swap(np.int32(rounded(near[k * step], gain, shift, low, high, sentinel)))
        return
    sources = count if denominator == 1 else (count - 1) * numerator // denominator + 1
    for k in range(sources):
        scratch[k] = swap(np.int32(rounded(near[k], gain, shift, low, high, sentinel)))
    if denominator == 1:
        for k in range(count):
            part[k * stride] = scratch[k]
        return
    sensor = behind = 0
    for k in range(count):
        part[k * stride] = scratch[sensor]
        behind += numerator
        next_one = behind >= denominator
        behind -= denominator * next_one
        sensor += next_one


@scalar
def source_of(run, k):
    """Position of value k of a run in the arena."""
    ahead = k * run.step if run.denominator == 1 else k * run.numerator // run.denominator
    return run.source + ahead


@scalar
def encode_long(values, image, run):
    """Integers of two and four words."""
    for k in range(run.count):
        value = values[source_of(run, k)]
        raw = run.sentinel
        if not np.isnan(value):
            raw = np.int64(rounded(value, run.gain, run.shift, run.low, run.high, 0.0))
        put(image, run.word + k * run.stride, run.words, raw)


@scalar
def encode_float(values, image, run):
    """32-bit floats; the sentinel is the NaN of the format."""
    for k in range(run.count):
        value = values[source_of(run, k)]
        raw = run.sentinel
        if not np.isnan(value):
            raw = np.int64(np.float32(value * run.gain + run.shift).view(np.uint32))
        put(image, run.word + k * run.stride, run.words, raw)


@scalar
def encode_table(values, image, run, table):
    """Enumerations by table; what the table does not know reads as the sentinel."""
    for k in range(run.count):
        value = values[source_of(run, k)]
        raw = run.sentinel
        if 0.0 <= value < run.table_size:
            raw = table[run.table + np.int64(value)]
        put(image, run.word + k * run.stride, run.words, raw)


@kernel
def encode(
    # state
    values,
    # out
    images,
    # model
    runs,
    bitfields,
    terms,
    table,
    # work
    scratch,
):
    """Write every value of every image; constants stand there already.

    Args:
        values: The arena, shape (values,).
        images: Bytes of all images, uint8, even length.
        runs: Records of :data:`bms_emulator.interfaces.modbus.runs.RUN`.
        bitfields: Records of BITFIELD.
        terms: Records of TERM.
        table: Raw values of all enumeration tables.
        scratch: Room for the values of the longest run, uint16.
    """
    image = images.view(np.uint16)
    for n in range(len(runs)):
        run = runs[n]
        if run.coding == 1:
            encode_float(values, image, run)
        elif run.coding == 2:
            encode_table(values, image, run, table)
        elif run.words == 1:
            encode_words(values, image, run, scratch)
        else:
            encode_long(values, image, run)
    for n in range(len(bitfields)):
        field = bitfields[n]
        bits = 0
        for t in range(field.term, field.term + field.terms):
            value = values[terms[t].source]
            bits |= terms[t].mask * ((value >= terms[t].low) & (value <= terms[t].high))
        put(image, field.word, 2, bits)
