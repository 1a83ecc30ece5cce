"""Recordings: values of points over time in a Parquet file, written as they come and read back by column.

A file has a column ``time`` [s], a column ``tick``, and a float64 column for each signal; NaN is invalid. Unit, kind
and choices stand in the metadata of each column, what was recorded in those of the file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np

from bms_emulator.arrays import Array

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # it is an extra
    pa = pq = None

TIME: Final = "time"
TICK: Final = "tick"
_KEY: Final = b"bms_emulator"
_FORMAT: Final = 1
_GROUP_VALUES: Final = 1 << 19
"""Values that are kept in memory before a row group is written: 4 MiB."""
_GROUP_ROWS: Final = 1 << 14


class RecordingError(ValueError):
    """A recording that cannot be written or read. The message says which and why."""


@dataclass(frozen=True)
class Signal:
    """A column of a recording.

    Attributes:
        name: Name of the point.
        unit: SI unit, empty for counts, flags and enumerations.
        kind: How a value is to be read.
        choices: Names of the values of an enumeration, or of the bits of a bitfield.
    """

    name: str
    unit: str = ""
    kind: Literal["float", "integer", "boolean", "enum", "bitfield"] = "float"
    choices: Mapping[int, str] = field(default_factory=dict)


class Recorder:
    """Writes a recording; a context manager.

    Args:
        path: File; an existing one is replaced.
        signals: Columns.
        about: What is recorded, as plain data.

    Raises:
        RecordingError: pyarrow is not installed, or there is nothing to record.
    """

    def __init__(self, path: Path, signals: Sequence[Signal], about: Mapping[str, Any]) -> None:
        _require_arrow()
        if not signals:
            raise RecordingError(f"{path}: no signals to record")
        self.rows = 0
        self._count = len(signals)
        columns = [pa.field(TIME, pa.float64(), False, {"unit": "s"}), pa.field(TICK, pa.int64(), False)]
        columns += [pa.field(signal.name, pa.float64(), False, _metadata(signal)) for signal in signals]
        head = {"format": _FORMAT, **about}
        self._schema = pa.schema(columns, {_KEY: json.dumps(head, sort_keys=True)})
        room = max(1, min(_GROUP_ROWS, _GROUP_VALUES // (self._count + 2)))
        self._times: Array = np.empty(room)
        self._ticks = np.empty(room, np.int64)
        self._values: Array = np.empty((self._count, room))
        self._used = 0
        try:
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=False)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written: {error.strerror or error}") from error

    def add(self, time: float, tick: int, values: Array) -> None:
        """Write a row.

        Args:
            time: Simulated time [s].
            tick: Tick.
            values: Values of the signals, NaN where invalid, shape (signals,).
        """
        at = self._used
        self._times[at], self._ticks[at], self._values[:, at] = time, tick, values
        self._used += 1
        self.rows += 1
        if self._used == self._times.size:
            self._flush()

    def close(self) -> None:
        """Write what is left; the file is whole only then. A second time changes nothing."""
        self._flush()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _flush(self) -> None:
        if self._used:
            columns = [self._times[: self._used], self._ticks[: self._used], *self._values[:, : self._used]]
            batch = pa.record_batch([pa.array(column) for column in columns], schema=self._schema)
            self._writer.write_batch(batch)
            self._used = 0


class Recording:
    """A recording that was written.

    Args:
        path: File.

    Attributes:
        about: What was recorded, as plain data.
        signals: Columns but for time and tick.
        rows: Number of samples.

    Raises:
        RecordingError: pyarrow is not installed, or the file is no recording.
    """

    def __init__(self, path: Path) -> None:
        _require_arrow()
        self._path = path
        try:
            with path.open("rb") as stream, pq.ParquetFile(stream) as file:
                schema, self.rows = file.schema_arrow, int(file.metadata.num_rows)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror or error}") from error
        except pa.ArrowInvalid:
            raise RecordingError(f"{path}: is no Parquet file, or was not written to its end") from None
        about = json.loads((schema.metadata or {}).get(_KEY, "null"))
        if not isinstance(about, dict) or about.pop("format", None) != _FORMAT:
            raise RecordingError(f"{path}: is no recording of format {_FORMAT}")
        self.about: dict[str, Any] = about
        self.signals = [_signal(column) for column in schema if column.name not in (TIME, TICK)]

    def read(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Times [s], shape (samples,), and values of some signals, shape (signals, samples)."""
        blocks = list(self.blocks(names))
        if not blocks:
            return np.empty(0), np.empty((len(names), 0))
        return np.concatenate([time for time, _ in blocks]), np.concatenate([values for _, values in blocks], axis=1)

    def blocks(self, names: Sequence[str] | None = None) -> Iterator[tuple[Array, Array]]:
        """The same piece by piece, for all signals where none is named; no more than a piece is in memory.

        Raises:
            RecordingError: A signal was not recorded, or the file is damaged.
        """
        known = [signal.name for signal in self.signals]
        wanted = known if names is None else list(names)
        if unknown := sorted(set(wanted) - set(known)):
            raise RecordingError(f"{self._path}: {', '.join(unknown)}: not recorded")
        with pq.ParquetFile(self._path) as file:
            for group in range(file.num_row_groups):
                try:
                    table = file.read_row_group(group, [TIME, *wanted])
                except (OSError, pa.ArrowException) as error:
                    raise RecordingError(f"{self._path}: is damaged: {error}") from error
                columns = [table.column(name).to_numpy() for name in wanted]
                yield table.column(TIME).to_numpy(), np.array(columns).reshape(len(wanted), table.num_rows)


def _require_arrow() -> None:
    if pq is None:
        raise RecordingError("recordings need pyarrow; install the extra: pip install 'bms-emulator[record]'")


def _metadata(signal: Signal) -> dict[str, str]:
    told = {key: item for key, item in asdict(signal).items() if key != "name" and item}
    return {key: item if isinstance(item, str) else json.dumps(item) for key, item in told.items()}


def _signal(column: Any) -> Signal:
    told = {key.decode(): item.decode() for key, item in (column.metadata or {}).items()}
    choices = {int(number): name for number, name in json.loads(told.get("choices", "{}")).items()}
    return Signal(column.name, told.get("unit", ""), told.get("kind", "float"), choices)
