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
def encode_words(values, image, run, source, word, scratch):
    """Integers of one word: nearly all there is.

    Values that stand side by side in the arena are converted in a loop without gaps, which the compiler turns into
    vector instructions, and spread after that. A sensor that serves several cells is converted once. Positions are
    unsigned, which spares the check for counting from the end.
    """
    gain, shift, low, high, sentinel = run.gain, run.shift, run.low, run.high, np.float64(run.sentinel)
    at, near, stride = np.uint64(word), np.uint64(source), np.uint64(run.stride)
    if run.denominator == 1 and run.step != 1:
        for _ in range(run.count):
            image[at] = swap(np.int32(rounded(values[near], gain, shift, low, high, sentinel)))
            at += stride
            near += np.uint64(run.step)
        return
    sources = run.count if run.denominator == 1 else (run.count - 1) * run.numerator // run.denominator + 1
    for k in range(np.uint64(sources)):
        scratch[k] = swap(np.int32(rounded(values[near + k], gain, shift, low, high, sentinel)))
    if run.denominator == 1:
        for k in range(np.uint64(run.count)):
            image[at] = scratch[k]
            at += stride
        return
    # k * numerator // denominator in fixed point, exact as long as k * denominator < 2^32
    rate = np.uint64((run.numerator << 32) // run.denominator + 1)
    for k in range(np.uint64(run.count)):
        image[at] = scratch[(k * rate) >> np.uint64(32)]
        at += stride


@scalar
def further(run, k):
    """Positions from value 0 to value k of a run in the arena."""
    return k * run.step if run.denominator == 1 else k * run.numerator // run.denominator


@scalar
def encode_long(values, image, run, source, word):
    """Integers of two and four words."""
    for k in range(run.count):
        value = values[source + further(run, k)]
        raw = run.sentinel
        if not np.isnan(value):
            raw = np.int64(rounded(value, run.gain, run.shift, run.low, run.high, 0.0))
        put(image, word + k * run.stride, run.words, raw)


@scalar
def encode_float(values, image, run, source, word):
    """32-bit floats; the sentinel is the NaN of the format."""
    for k in range(run.count):
        value = values[source + further(run, k)]
        raw = run.sentinel
        if not np.isnan(value):
            raw = np.int64(np.float32(value * run.gain + run.shift).view(np.uint32))
        put(image, word + k * run.stride, run.words, raw)


@scalar
def encode_table(values, image, run, source, word, table):
    """Enumerations by table; what the table does not know reads as the sentinel."""
    for k in range(run.count):
        value = values[source + further(run, k)]
        raw = run.sentinel
        if 0.0 <= value < run.table_size:
            raw = table[run.table + np.int64(value)]
        put(image, word + k * run.stride, run.words, raw)


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
        for repeat in range(run.repeats):
            source, word = run.source + repeat * run.repeat_step, run.word + repeat * run.repeat_stride
            if run.coding == 1:
                encode_float(values, image, run, source, word)
            elif run.coding == 2:
                encode_table(values, image, run, source, word, table)
            elif run.words == 1:
                encode_words(values, image, run, source, word, scratch)
            else:
                encode_long(values, image, run, source, word)
    for n in range(len(bitfields)):
        field = bitfields[n]
        for repeat in range(field.repeats):
            bits = 0
            for t in range(field.term, field.term + field.terms):
                value = values[terms[t].source + repeat * terms[t].step]
                bits |= terms[t].mask * ((value >= terms[t].low) & (value <= terms[t].high))
            put(image, field.word + repeat * field.stride, 2, bits)
