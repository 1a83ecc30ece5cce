"""Captures: rows at a period, whole and the same again, from stepped and from running emulators."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bms_emulator import __version__
from bms_emulator.points.catalogue import PointError
from bms_emulator.runtime import recorder
from bms_emulator.runtime.recorder import Recorder, Recording, RecordingError, Signal
from bms_emulator.runtime.shared import profile_hash
from bms_emulator.testing.bench import Bench
from bms_emulator.testing.capture import Capture, Reading, capture_running, capture_stepped

SELECTORS = ("rack[*].soc", "rack[1].mode", "rack[1].cell[1..3].voltage", "rack[1].cell[2].voltage")
SIGNALS = [Signal("a", "V"), Signal("b", "", "enum", {0: "off", 1: "on"})]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench("cabinet", seed=5) as made:
        yield made


def recorded(bench: Bench, path: Path, period: float = 0.5) -> dict[float, list[float]]:
    """Values seen tick by tick while a capture is written."""
    seen: dict[float, list[float]] = {}
    with capture_stepped(bench.link, SELECTORS, path, period, 5) as capture:
        names = capture.file
        bench.link.after_tick.append(lambda time: seen.update({round(time, 6): values_of(bench)}))
        bench.run(2.0)
        bench.write({"container.request": "connect"})
        bench.run(1.2)
    assert names().rows == Recording(path).rows
    return seen


def values_of(bench: Bench) -> list[float]:
    soc = bench.values("rack[*].soc").tolist()
    return [*soc, bench.get("rack[1].mode"), *bench.values("rack[1].cell[1..3].voltage").tolist()]


def test_a_capture_holds_what_the_emulator_had_at_every_period(bench: Bench, tmp_path: Path) -> None:
    seen = recorded(bench, tmp_path / "c.parquet")
    recording = Recording(tmp_path / "c.parquet")
    times, values = recording.read([signal.name for signal in recording.signals])
    assert times.round(6).tolist() == [0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    for time, row in zip(times.round(6).tolist(), values.T, strict=True):
        np.testing.assert_array_equal(row, seen[time])


def test_a_signal_that_two_selectors_pick_is_recorded_once(bench: Bench, tmp_path: Path) -> None:
    recorded(bench, tmp_path / "c.parquet")
    names = [signal.name for signal in Recording(tmp_path / "c.parquet").signals]
    assert len(names) == len(set(names))


def test_columns_say_what_they_are_and_the_file_what_was_run(bench: Bench, tmp_path: Path) -> None:
    recorded(bench, tmp_path / "c.parquet")
    recording = Recording(tmp_path / "c.parquet")
    signals = {signal.name: signal for signal in recording.signals}
    assert signals["container[1].rack[1].cell[1].voltage"].unit == "V"
    assert signals["container[1].rack[1].mode"].choices[4] == "connected"
    about = recording.about
    assert (about["site"], about["seed"], about["emulator"]) == ("cabinet", 5, __version__)
    assert about["profile_hash"] == profile_hash(bench.emulator.site)


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        with Bench("cabinet", seed=5) as bench:
            recorded(bench, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_what_is_kept_of_a_capture_is_its_path_from_the_report_and_its_digest(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "captures" / "c.parquet"
    with capture_stepped(bench.link, ["rack[1].soc"], path) as capture:
        bench.run(3.0)
    kept = capture.file(tmp_path)
    assert kept.path == "captures/c.parquet"
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (kept.rows, kept.signals) == (4, ("container[1].rack[1].soc",))


def test_a_capture_that_an_error_ends_is_whole_and_no_longer_looks(bench: Bench, tmp_path: Path) -> None:
    def fail() -> None:
        with capture_stepped(bench.link, ["rack[1].soc"], tmp_path / "c"):
            bench.run(1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert bench.link.after_tick == []
    assert Recording(tmp_path / "c").rows == 2


def test_rows_are_written_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_GROUP_VALUES", 40)
    with Recorder(tmp_path / "c", SIGNALS, {}) as writing:
        for n in range(25):
            writing.add(float(n), n, np.array([n, np.nan]))
    assert pq.ParquetFile(tmp_path / "c").num_row_groups == 3
    blocks = list(Recording(tmp_path / "c").blocks(["a"]))
    assert [len(time) for time, _ in blocks] == [10, 10, 5]
    times, values = Recording(tmp_path / "c").read(["b", "a"])
    assert times.tolist() == values[1].tolist() == list(range(25))
    assert np.isnan(values[0]).all()


def readings(*times: float) -> Iterator[Reading]:
    for time in times:
        yield np.array([time, 1.0]), round(10 * time), time


def test_a_running_emulator_is_recorded_when_a_period_has_passed_and_what_is_missed_is_counted(tmp_path: Path) -> None:
    found = readings(0.3, 0.9, 1.1, 1.2, 4.5, 5.0)
    capture = Capture(tmp_path / "c", SIGNALS, lambda: next(found), 1.0, {})
    for _ in range(6):
        capture.look()
    capture.close()
    assert Recording(tmp_path / "c").read(["a"])[0].tolist() == [0.3, 1.1, 4.5, 5.0]
    assert capture.missed == 2


def test_time_that_runs_back_ends_a_capture_with_an_error(tmp_path: Path) -> None:
    found = readings(7.0, 2.0)
    capture = Capture(tmp_path / "c", SIGNALS, lambda: next(found), 1.0, {})
    capture.look()
    with pytest.raises(RecordingError, match="time ran back from 7 s to 2 s"):
        capture.look()
    capture.close()


def test_a_running_emulator_is_recorded_in_a_thread_of_its_own(tmp_path: Path) -> None:
    time, enough = 0.0, threading.Event()

    def read() -> Reading:
        nonlocal time
        time += 0.4
        if time > 10.0:
            enough.set()
        return np.array([time, 0.0]), round(10 * time), time

    with capture_running(read, SIGNALS, tmp_path / "c", {"site": "s"}, 1.0, interval=0.0):
        assert enough.wait(30.0)
    times = Recording(tmp_path / "c").read(["a"])[0]
    assert np.diff(times).min() > 0.7
    assert np.floor(times[:9] + 1e-6).tolist() == list(range(9))


def test_what_keeps_a_running_emulator_from_being_recorded_is_told(tmp_path: Path) -> None:
    def read() -> Reading:
        raise ConnectionError("nobody answers")

    with (
        pytest.raises(RecordingError, match="c: capture ended early: nobody answers"),
        capture_running(read, SIGNALS, tmp_path / "c", {}),
    ):
        pass


def test_what_cannot_be_recorded_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(PointError, match="no such point"), capture_stepped(bench.link, ["rack[1].sok"], tmp_path / "c"):
        pass
    with pytest.raises(RecordingError, match="period 0 s: must be > 0"):
        Capture(tmp_path / "c", SIGNALS, lambda: next(readings(0.0)), 0.0, {})
    with pytest.raises(RecordingError, match="no signals to record"):
        Recorder(tmp_path / "c", [], {})


def test_what_is_no_capture_is_told_from_one(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("time,value")
    with pytest.raises(RecordingError, match="is no Parquet file, or was not written to its end"):
        Recording(tmp_path / "text")
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        Recording(tmp_path / "nothing")
    with Recorder(tmp_path / "c", SIGNALS, {}):
        pass
    with pytest.raises(RecordingError, match="z: not recorded"):
        list(Recording(tmp_path / "c").blocks(["z"]))


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "pq", None)
    with pytest.raises(RecordingError, match=r"pip install 'bms-emulator\[record\]'"):
        Recorder(tmp_path / "c", SIGNALS, {})
