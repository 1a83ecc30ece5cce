"""A real battery on MQTT: each point is a field of a JSON message, or a message of its own."""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.interfaces.modbus.conversion import Conversion, conversion
from bms_emulator.interfaces.mqtt.subscriber import Subscriber
from bms_emulator.points.catalogue import Catalogue, Family, PointError
from bms_emulator.profile.site import Mqtt
from bms_emulator.testing.rigs.under_test import Signal


@dataclass(frozen=True)
class _Place:
    """Where a point stands."""

    topic: str
    field: tuple[str, ...]
    line: Conversion
    names: dict[str, float]

    def value(self, payload: bytes) -> float:
        """The value of a message in SI; NaN where it has none."""
        try:
            found: Any = json.loads(payload)
            for key in self.field:
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (ValueError, LookupError, TypeError):
            return math.nan
        if isinstance(found, str):
            return self.names.get(found.lower(), math.nan)
        return self.line.value(float(found)) if isinstance(found, int | float) else math.nan


class MqttWire:
    """Points in messages.

    Args:
        catalogue: Points of the site.
        options: The broker.
        signals: Where points stand.
        stale: Age at which a message counts no more [s].

    Raises:
        ValueError: A signal names no point, or a unit that it cannot be in; all problems at once.
        SubscriberError: The broker cannot be reached.
    """

    def __init__(self, catalogue: Catalogue, options: Mqtt, signals: Sequence[Signal], stale: float) -> None:
        self._stale = stale
        self._places: dict[int, _Place] = {}
        self._orders: dict[int, _Place] = {}
        wrong = []
        for signal in signals:
            try:
                self._add(catalogue, signal)
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("; ".join(wrong))
        self.place = options.broker
        self._client = Subscriber(options, (place.topic for place in self._places.values()))

    def readable(self) -> NDArray[np.int64]:
        """Points that have a topic."""
        return np.array(sorted(self._places), np.int64)

    def read(self, offsets: NDArray[np.int64]) -> Array:
        """Values of the last messages; NaN where none has come, or the last is stale."""
        return np.array([self._value(self._places[int(offset)]) for offset in offsets])

    def write(self, offset: int, value: float) -> bool:
        """Send a value. SubscriberError: the broker does not take it."""
        place = self._orders.get(offset)
        if place is None:
            return False
        told: Any = place.line.raw(value)
        told = int(told) if float(told).is_integer() else told
        for key in reversed(place.field):
            told = {key: told}
        self._client.publish(place.topic, json.dumps(told))
        return True

    def close(self) -> None:
        """Leave the broker."""
        self._client.close()

    def _value(self, place: _Place) -> float:
        last = self._client.last(place.topic)
        return math.nan if last is None or last[0] > self._stale else place.value(last[1])

    def _add(self, catalogue: Catalogue, signal: Signal) -> None:
        [selection] = catalogue.select(signal.point)
        family = selection.family
        line = conversion(family.slot.info.unit, signal.unit, signal.scale, signal.offset, negate=signal.negate)
        names = {text.lower(): float(number) for number, text in (family.slot.info.choices or {}).items()}
        for index, offset in zip(itertools.product(*selection.indices), selection.offsets(), strict=True):
            numbers = _numbers(family, index)
            try:
                topic = signal.topic.format(**numbers)
                field = tuple(part for part in signal.field.format(**numbers).split(".") if part)
            except (KeyError, IndexError, ValueError):
                allowed = ", ".join(f"{{{name}}}" for name in numbers)
                raise PointError(f"{signal.topic}, {signal.field}: allowed placeholders are {allowed}") from None
            place = _Place(topic, field, line, names)
            if signal.access != "w":
                self._places[int(offset)] = place
            if signal.access != "r":
                if not family.writable:
                    raise PointError(f"{signal.point}: access = {signal.access!r}: cannot be written")
                self._orders[int(offset)] = place


def _numbers(family: Family, index: tuple[int, ...]) -> dict[str, str]:
    """What placeholders stand for: the number or name on each axis, and the number counted from 0."""
    numbers = {}
    for axis, i in zip(family.axes, index, strict=True):
        numbers[axis.name] = axis.labels[i] if axis.labels else str(i + 1)
        numbers[f"{axis.name}0"] = str(i)
    return numbers
