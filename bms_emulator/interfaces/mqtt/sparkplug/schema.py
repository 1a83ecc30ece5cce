"""The payload of Sparkplug B as a protocol buffer: the one file that knows the protobuf package.

Names, numbers and types of the fields are those of the public Sparkplug B 3.0 schema, chapter 6. The descriptor is
built from the table below; nothing is generated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "org.eclipse.tahu.protobuf"
_FILE = "sparkplug_b.proto"
_EXTENSIONS_END = 1 << 29
"""One more than the largest field number that a protocol buffer knows."""


class DataType(IntEnum):
    """Types of metrics and properties that are used here, by their number in the schema."""

    INT32 = 3
    INT64 = 4
    UINT64 = 8
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


_FIELDS = {
    DataType.INT32: "int_value",
    DataType.INT64: "long_value",
    DataType.UINT64: "long_value",
    DataType.DOUBLE: "double_value",
    DataType.BOOLEAN: "boolean_value",
    DataType.STRING: "string_value",
}
"""Field that holds a value of a type."""
_WIDTHS = {DataType.INT32: 32, DataType.INT64: 64}
"""Bits of the signed types, which travel as unsigned numbers in two's complement."""

Value = float | int | bool | str | None


class PayloadError(ValueError):
    """Bytes that are no Sparkplug B payload."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a message.

    Attributes:
        name: Its name, in births and wherever no alias is known.
        alias: The number that stands for the name.
        datatype: Type of the value; None in data, where the birth has told it.
        value: The value; None is null.
        timestamp: When the value was captured, UTC [ms].
        properties: What else is known of it, in births.
        held_in: In a received metric, the schema's field that held the value; None where none did.
    """

    name: str | None = None
    alias: int | None = None
    datatype: int | None = None
    value: Any = None
    timestamp: int | None = None
    properties: dict[str, Value] = field(default_factory=dict)
    held_in: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A received message.

    Attributes:
        metrics: Its metrics.
        timestamp: When it was sent, UTC [ms].
        seq: Its sequence number.
    """

    metrics: tuple[Metric, ...]
    timestamp: int | None
    seq: int | None


def encode(
    metrics: Sequence[Metric], types: Sequence[DataType], timestamp: int | None = None, seq: int | None = None
) -> bytes:
    """The bytes of a message.

    Args:
        metrics: Its metrics; the datatype of each is written only where the metric gives it.
        types: Type of each metric's value.
        timestamp: When it is sent, UTC [ms].
        seq: Its sequence number, 0 to 255.
    """
    payload = _PAYLOAD()
    if timestamp is not None:
        payload.timestamp = timestamp
    if seq is not None:
        payload.seq = seq
    add = payload.metrics.add
    for metric, datatype in zip(metrics, types, strict=True):
        made = add()
        if metric.name is not None:
            made.name = metric.name
        if metric.alias is not None:
            made.alias = metric.alias
        if metric.timestamp is not None:
            made.timestamp = metric.timestamp
        if metric.datatype is not None:
            made.datatype = metric.datatype
        _put(made, datatype, metric.value)
        for key, value in metric.properties.items():
            made.properties.keys.append(key)
            entry = made.properties.values.add()
            entry.type = _type_of(value)
            _put(entry, entry.type, value)
    return cast(bytes, payload.SerializeToString())


def decode(data: bytes) -> Payload:
    """The message in these bytes.

    Raises:
        PayloadError: They are no Sparkplug B payload.
    """
    payload = _PAYLOAD()
    try:
        payload.ParseFromString(data)
    except DecodeError as error:
        raise PayloadError(f"is no Sparkplug B payload ({error})") from None
    return Payload(
        tuple(_metric(metric) for metric in payload.metrics),
        payload.timestamp if payload.HasField("timestamp") else None,
        payload.seq if payload.HasField("seq") else None,
    )


def field_of(datatype: int) -> str | None:
    """The schema's field that holds values of a type; None for types that are not used here."""
    return _FIELDS.get(cast(DataType, datatype))


def _metric(message: Any) -> Metric:
    where = message.WhichOneof("value")
    properties = dict(zip(message.properties.keys, map(_value, message.properties.values), strict=False))
    return Metric(
        message.name if message.HasField("name") else None,
        message.alias if message.HasField("alias") else None,
        message.datatype if message.HasField("datatype") else None,
        None if message.is_null else _value(message),
        message.timestamp if message.HasField("timestamp") else None,
        properties,
        where,
    )


def _value(message: Any) -> Any:
    where = message.WhichOneof("value")
    if where is None:
        return None
    datatype = message.datatype if message.DESCRIPTOR.name == "Metric" else message.type
    return signed(getattr(message, where), datatype)


def signed(value: Any, datatype: int) -> Any:
    """A value as its type means it: the signed types arrive in two's complement."""
    width = _WIDTHS.get(cast(DataType, datatype))
    if width is None or not isinstance(value, int):
        return value
    return value - (1 << width) if value >> (width - 1) & 1 else value


def _put(message: Any, datatype: int, value: Value) -> None:
    if value is None:
        message.is_null = True
        return
    width = _WIDTHS.get(cast(DataType, datatype))
    setattr(
        message, _FIELDS[cast(DataType, datatype)], value if width is None else cast(int, value) & ((1 << width) - 1)
    )


def _type_of(value: Value) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOLEAN
    if isinstance(value, int):
        return DataType.INT64
    return DataType.DOUBLE if isinstance(value, float) else DataType.STRING


_VALUES = "uint32 int_value, uint64 long_value, float float_value, double double_value, bool boolean_value, "
"""What every ``oneof value`` begins with; the string follows."""

_SCHEMA: dict[str, tuple[str, str, int]] = {
    "Payload": ("uint64 timestamp, *Metric metrics, uint64 seq, string uuid, bytes body", "", 6),
    "Metric": (
        "string name, uint64 alias, uint64 timestamp, uint32 datatype, bool is_historical, bool is_transient, "
        "bool is_null, MetaData metadata, PropertySet properties",
        _VALUES + "string string_value, bytes bytes_value, DataSet dataset_value, Template template_value, "
        "Metric.MetricValueExtension extension_value",
        0,
    ),
    "Metric.MetricValueExtension": ("", "", 1),
    "MetaData": (
        "bool is_multi_part, string content_type, uint64 size, uint64 seq, string file_name, string file_type, "
        "string md5, string description",
        "",
        9,
    ),
    "PropertySet": ("*string keys, *PropertyValue values", "", 3),
    "PropertySetList": ("*PropertySet propertyset", "", 2),
    "PropertyValue": (
        "uint32 type, bool is_null",
        _VALUES + "string string_value, PropertySet propertyset_value, PropertySetList propertysets_value, "
        "PropertyValue.PropertyValueExtension extension_value",
        0,
    ),
    "PropertyValue.PropertyValueExtension": ("", "", 1),
    "DataSet": ("uint64 num_of_columns, *string columns, *uint32 types, *DataSet.Row rows", "", 5),
    "DataSet.Row": ("*DataSet.DataSetValue elements", "", 2),
    "DataSet.DataSetValue": (
        "",
        _VALUES + "string string_value, DataSet.DataSetValue.DataSetValueExtension extension_value",
        0,
    ),
    "DataSet.DataSetValue.DataSetValueExtension": ("", "", 1),
    "Template": (
        "string version, *Metric metrics, *Template.Parameter parameters, string template_ref, bool is_definition",
        "",
        6,
    ),
    "Template.Parameter": (
        "string name, uint32 type",
        _VALUES + "string string_value, Template.Parameter.ParameterValueExtension extension_value",
        0,
    ),
    "Template.Parameter.ParameterValueExtension": ("", "", 1),
}
"""Messages by name within ``Payload``: their fields, the fields of their ``oneof value``, the number at which
extensions begin (0: none). Fields are numbered from 1 in their order; a star marks repeated ones."""

_SCALARS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def _message_class() -> type[Message]:
    """The class of ``Payload``, in a pool of its own, so that another copy of the schema does no harm."""
    file = FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto2")
    made: dict[str, DescriptorProto] = {}
    for path, (plain, chosen, extensions) in _SCHEMA.items():
        *parents, name = path.split(".") if path == "Payload" else ["Payload", *path.split(".")]
        holder = made[".".join(parents)].nested_type if parents else file.message_type
        message = made[".".join([*parents, name])] = holder.add(name=name)
        fields = [(text, False) for text in plain.split(", ") if text]
        fields += [(text, True) for text in chosen.split(", ") if text]
        if chosen:
            message.oneof_decl.add(name="value")
        for number, (text, in_oneof) in enumerate(fields, 1):
            _add_field(message, number, text, in_oneof)
        if extensions:
            message.extension_range.add(start=extensions, end=_EXTENSIONS_END)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


def _add_field(message: DescriptorProto, number: int, text: str, in_oneof: bool) -> None:
    kind, name = text.split(" ")
    made = message.field.add(name=name, number=number)
    repeated = kind.startswith("*")
    made.label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    if kind in _SCALARS:
        made.type = _SCALARS[kind]
    else:
        made.type = FieldDescriptorProto.TYPE_MESSAGE
        made.type_name = f".{_PACKAGE}.Payload.{kind}"
    if in_oneof:
        made.oneof_index = 0


_PAYLOAD: Any = _message_class()
