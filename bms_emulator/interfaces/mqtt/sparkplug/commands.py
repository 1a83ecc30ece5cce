"""Commands of a Sparkplug host: which points a message writes, or why it writes none."""

import bisect
import math
from dataclasses import dataclass

from bms_emulator.interfaces.mqtt.sparkplug.metrics import NODE, Device, MetricKind, Metrics
from bms_emulator.interfaces.mqtt.sparkplug.node import REBIRTH
from bms_emulator.interfaces.mqtt.sparkplug.schema import (
    DataType,
    Metric,
    PayloadError,
    decode,
    field_of,
    signed,
)
from bms_emulator.points.catalogue import PointError

PAYLOAD_MAX = 65_536
"""Longest command [byte]."""


class RefusedError(ValueError):
    """A command that is not to be applied; the message says where, what, and what is allowed."""


@dataclass(frozen=True)
class Wanted:
    """What a command asks for.

    Attributes:
        rebirth: Whether all births are to be published again.
        writes: Arena offsets and SI values.
    """

    rebirth: bool
    writes: list[list[float]]


class Reader:
    """Reads the commands of hosts.

    Args:
        metrics: The metrics of the site.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._devices = {device.name: device for device in metrics.devices}
        self._starts = [device.start for device in metrics.devices]

    def read(self, device_name: str, payload: bytes) -> Wanted:
        """What a command to a device, or to the node, asks for.

        Raises:
            RefusedError: All problems at once; nothing of the command is to be applied.
        """
        device = self._devices.get(device_name)
        if device is None:
            raise RefusedError(f"{device_name[:60]!r}: there is no such device")
        if len(payload) > PAYLOAD_MAX:
            raise RefusedError(f"payload of {len(payload)} bytes: must be at most {PAYLOAD_MAX}")
        try:
            metrics = decode(payload).metrics
        except PayloadError as error:
            raise RefusedError(f"payload: {error}") from None
        rebirth, writes, problems = False, [], []
        for metric in metrics:
            try:
                if device.name == NODE and metric.name == REBIRTH:
                    rebirth = rebirth or _is_true(metric)
                else:
                    writes.append(self._write(device, metric))
            except (PointError, RefusedError) as error:
                problems.append(str(error))
        if not metrics:
            problems.append("payload: names no metric")
        if problems:
            raise RefusedError("; ".join(problems[:8]))
        return Wanted(rebirth, writes)

    def _write(self, device: Device, metric: Metric) -> list[float]:
        at = self._find(device, metric)
        kind = device.kinds[at - device.start]
        if not kind.family.writable:
            raise RefusedError(f"{kind.name}: is read-only")
        return [int(self._metrics.offsets[at]), kind.family.check(_value(kind, metric))]

    def _find(self, device: Device, metric: Metric) -> int:
        """Position of a metric, which a command may name by alias, by name, or by both if they agree."""
        named = None
        if metric.name is not None:
            named = next((device.start + n for n, kind in enumerate(device.kinds) if kind.name == metric.name), None)
            if named is None:
                raise RefusedError(f"{metric.name[:60]!r}: there is no such metric to write")
        if metric.alias is None:
            if named is None:
                raise RefusedError("a metric has neither name nor alias")
            return named
        at = metric.alias - 1
        owner = self._metrics.devices[max(bisect.bisect_right(self._starts, at) - 1, 0)]
        if owner is not device or not device.start <= at < device.stop or named not in (None, at):
            raise RefusedError(f"alias {metric.alias}: is no metric of this {'device' if device.name else 'node'}")
        return at


def _value(kind: MetricKind, metric: Metric) -> float:
    """The SI value of a metric, if it has the type that the birth has told.

    Raises:
        RefusedError: It has another type, or none.
    """
    wanted = kind.datatype
    if metric.held_in is None or metric.value is None:
        raise RefusedError(f"{kind.name}: has no value, must be {wanted.name.title()}")
    if metric.datatype not in (None, wanted) or metric.held_in != field_of(wanted):
        raise RefusedError(f"{kind.name}: has another type, must be {wanted.name.title()} in {field_of(wanted)}")
    value = float(signed(metric.value, wanted))
    if math.isnan(value):
        raise RefusedError(f"{kind.name}: must be a number")
    return kind.si(value)


def _is_true(metric: Metric) -> bool:
    if metric.datatype not in (None, DataType.BOOLEAN) or metric.held_in != "boolean_value":
        raise RefusedError(f"{REBIRTH}: must be Boolean")
    return bool(metric.value)
