"""An edge node's conversation: what it says, in which order, with which numbers. It sends nothing itself.

The rules are those of Sparkplug 3.0: one number, bdSeq, in the last will and in the births of a connection; sequence
numbers from 0 at the birth of the node to 255 and again from 0; births before data; data only of what has changed.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bms_emulator import __version__
from bms_emulator.arrays import Array
from bms_emulator.interfaces.mqtt.sparkplug.metrics import NODE, Device, Metrics
from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Metric, Value, encode
from bms_emulator.points.catalogue import Catalogue

NAMESPACE = "spBv1.0"
BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
SILENCE = (10.0, 3)
"""A device whose heartbeat stands for this simulated time [s] and so many looks is lost."""

Sent = tuple[str, bytes]
"""Topic and payload."""


class Node:
    """What an edge node says.

    Args:
        catalogue: The points of the site.
        group: Group identifier.
        name: Identifier of the edge node.
        now: Time, UTC [ms].
    """

    def __init__(self, catalogue: Catalogue, group: str, name: str, now: Callable[[], int]) -> None:
        self.metrics = Metrics(catalogue)
        self.group, self.name = group, name
        self._now = now
        self._bd_seq = -1
        self._seq = 0
        devices = self.metrics.devices
        self._told: Array = np.full(self.metrics.count, np.nan)
        self._starts = np.array([device.start for device in devices])
        self._watched = [n for n, device in enumerate(devices) if device.heartbeat is not None]
        self._beats: Array = np.full(len(devices), np.nan)
        self._moved_at: Array = np.zeros(len(devices))
        self._looks: NDArray[np.int64] = np.zeros(len(devices), np.int64)
        self._lost: NDArray[np.bool_] = np.zeros(len(devices), np.bool_)
        self._own: dict[str, Value] = {"commands/refused": 0, "commands/last_refusal": "", "version": __version__}
        self._own_changed: set[str] = set()
        beats = [device.heartbeat for device in devices if device.heartbeat is not None]
        self.offsets: NDArray[np.int64] = np.concatenate([self.metrics.offsets, np.array(beats, np.int64)])
        """Arena offsets of the values that :meth:`births` and :meth:`data` take, shape (values,)."""

    def topic(self, kind: str, device: str = NODE) -> str:
        """Topic of a kind of message, e.g. ``NBIRTH``."""
        parts = (NAMESPACE, self.group, kind, self.name)
        return "/".join(parts if device == NODE else (*parts, device))

    def connect(self) -> Sent:
        """Begin a connection: the death that is its last will."""
        self._bd_seq = (self._bd_seq + 1) % 256
        return self.death()

    def death(self) -> Sent:
        """The death of the node on this connection."""
        metric = Metric(BD_SEQ, None, DataType.INT64, self._bd_seq, self._now())
        return self.topic("NDEATH"), encode([metric], [DataType.INT64], self._now())

    def refuse(self, message: str) -> None:
        """Let the next data tell that a command was refused, and why."""
        self._own["commands/refused"] = int(self._own["commands/refused"] or 0) + 1
        self._own["commands/last_refusal"] = message
        self._own_changed |= {"commands/refused", "commands/last_refusal"}

    def births(self, values: Array, time: float) -> Iterator[Sent]:
        """The birth of the node and of every device that is not lost.

        Args:
            values: Values at :attr:`offsets`, all of one tick.
            time: Simulated time of that tick [s].
        """
        self._watch(values, time)
        self._own_changed.clear()
        self._seq = -1
        self._told[:] = values[: self.metrics.count]
        for n, device in enumerate(self.metrics.devices):
            if not self._lost[n]:
                yield self._birth(device)

    def data(self, values: Array, time: float) -> Iterator[Sent]:
        """What has changed since it was told last; deaths and births of devices that went and came back."""
        before = self._lost.copy()
        self._watch(values, time)
        now, told = values[: self.metrics.count], self._told
        band = np.maximum(self.metrics.band_absolute, self.metrics.band_relative * np.abs(told))
        with np.errstate(invalid="ignore"):  # infinity less infinity
            moved = np.abs(now - told) > band
        moved |= np.isnan(now) != np.isnan(told)
        devices = set(np.unique(np.searchsorted(self._starts, np.nonzero(moved)[0], "right") - 1).tolist())
        if self._own_changed:
            devices.add(0)
        for n in sorted(devices | set(np.nonzero(before != self._lost)[0].tolist())):
            device = self.metrics.devices[n]
            if self._lost[n]:
                if not before[n]:
                    yield self._message("DDEATH", device, [], [])
                continue
            which = slice(device.start, device.stop)
            if before[n]:
                told[which] = now[which]
                yield self._birth(device)
            else:
                changed = device.start + np.nonzero(moved[which])[0]
                told[changed] = now[changed]
                yield self._changes(device, changed.tolist())

    def _birth(self, device: Device) -> Sent:
        stamp = self._now()
        metrics: list[Metric] = []
        types: list[DataType] = []
        if device.name == NODE:
            metrics = [
                Metric(BD_SEQ, None, DataType.INT64, self._bd_seq, stamp),
                Metric(REBIRTH, None, DataType.BOOLEAN, False, stamp),
            ]
            metrics += [
                Metric(name, self._own_alias(name), _own_type(value), value, stamp) for name, value in self._own.items()
            ]
            types = [DataType(metric.datatype or 0) for metric in metrics]
        for kind, value, alias in zip(
            device.kinds,
            self._told[device.start : device.stop].tolist(),
            range(device.start + 1, device.stop + 1),
            strict=True,
        ):
            metrics.append(Metric(kind.name, alias, kind.datatype, kind.told(value), stamp, kind.properties))
            types.append(kind.datatype)
        return self._message("NBIRTH" if device.name == NODE else "DBIRTH", device, metrics, types)

    def _changes(self, device: Device, changed: list[int]) -> Sent:
        stamp = self._now()
        kinds = [device.kinds[at - device.start] for at in changed]
        metrics = [
            Metric(None, at + 1, None, kind.told(float(self._told[at])), stamp)
            for at, kind in zip(changed, kinds, strict=True)
        ]
        types = [kind.datatype for kind in kinds]
        if device.name == NODE:
            for name in sorted(self._own_changed):
                metrics.append(Metric(None, self._own_alias(name), None, self._own[name], stamp))
                types.append(_own_type(self._own[name]))
            self._own_changed.clear()
        return self._message("NDATA" if device.name == NODE else "DDATA", device, metrics, types)

    def _message(self, kind: str, device: Device, metrics: list[Metric], types: list[DataType]) -> Sent:
        self._seq = (self._seq + 1) % 256
        return self.topic(kind, device.name), encode(metrics, types, self._now(), self._seq)

    def _own_alias(self, name: str) -> int:
        """Aliases of the node's own metrics follow those of the points."""
        return self.metrics.count + 1 + list(self._own).index(name)

    def _watch(self, values: Array, time: float) -> None:
        """Look which devices are alive: a heartbeat that stands while time goes on is that of a lost one."""
        which = self._watched
        beats = values[self.metrics.count :]
        moved = beats != self._beats[which]
        self._moved_at[which] = np.where(moved, time, self._moved_at[which])
        self._looks[which] = np.where(moved, 0, self._looks[which] + 1)
        self._beats[which] = beats
        seconds, looks = SILENCE
        self._lost[which] = (self._looks[which] >= looks) & (time - self._moved_at[which] >= seconds)


def _own_type(value: Value) -> DataType:
    return DataType.STRING if isinstance(value, str) else DataType.INT64
