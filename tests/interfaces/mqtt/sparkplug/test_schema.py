import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Metric, PayloadError, decode, encode


def test_bytes_are_those_of_the_public_schema() -> None:
    # by hand: timestamp (1), metrics (2): name (1), alias (2), timestamp (3), datatype (4), double (13); seq (3)
    metric = bytes([0x0A, 1, ord("a"), 0x10, 7, 0x18, 5, 0x20, 10, 0x69, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F])
    expected = bytes([0x08, 9, 0x12, len(metric)]) + metric + bytes([0x18, 0xFF, 0x01])
    assert encode([Metric("a", 7, DataType.DOUBLE, 1.5, 5)], [DataType.DOUBLE], 9, 255) == expected


def test_null_says_so_and_carries_no_value() -> None:
    data = encode([Metric(None, 1)], [DataType.DOUBLE])
    assert data == bytes([0x12, 4, 0x10, 1, 0x38, 1])
    assert (decode(data).metrics[0].value, decode(data).metrics[0].held_in) == (None, None)


@given(
    st.sampled_from([(DataType.INT32, 31), (DataType.INT64, 63)]).flatmap(
        lambda kind: st.tuples(st.just(kind[0]), st.integers(-(2 ** kind[1]), 2 ** kind[1] - 1))
    )
)
def test_signed_numbers_return_as_they_went(sent: tuple[DataType, int]) -> None:
    datatype, value = sent
    assert decode(encode([Metric("n", 1, datatype, value)], [datatype])).metrics[0].value == value


def test_properties_return_with_their_types() -> None:
    told = {"engUnit": "V", "engLow": -1.5, "count": -3, "writable": True}
    data = encode([Metric("n", 1, DataType.DOUBLE, 0.0, properties=dict(told))], [DataType.DOUBLE])
    assert decode(data).metrics[0].properties == told


@pytest.mark.parametrize("data", [b"\xff", b"\x12\x05\x08", b"\x08"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PayloadError, match="no Sparkplug B payload"):
        decode(data)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    with contextlib.suppress(PayloadError):
        decode(data)
