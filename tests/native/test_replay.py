"""Laws of replays: the same library answers the same, and another one is caught at the first step that differs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bms_emulator.firmware.native.compare import compare
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.replay import Start, replay
from bms_emulator.firmware.native.trace import recorded_outputs
from bms_emulator.firmware.native.trace_file import read_trace
from bms_emulator.firmware.native.worker import Worker
from tests.native.small import COUNTS, SOURCE, Bench, changed

CRASH = changed("if (now.steps == 25) *(volatile int *)8 = 1;")
FILE = "demo-container1-rack1.bmstrace"


def launcher(library: Path):
    return lambda blob: Worker(str(library), {"key": 1}, COUNTS, blob=blob)


def record_all(library: Path, folder: Path, steps: int):
    """A trace of all steps."""
    bench = Bench(library, folder, everything=True)
    bench.run(steps)
    bench.close()
    return read_trace(folder / FILE)


@pytest.fixture
def good(compile_library) -> Path:
    return compile_library(SOURCE)


def test_the_same_library_replays_without_a_difference(good, tmp_path):
    trace = record_all(good, tmp_path, 40)
    result = replay(trace, launcher(good))
    assert result.is_same
    assert (result.start, result.first, result.steps) == (Start.BEGINNING, 0, 40)


@pytest.mark.parametrize(
    ("statement", "field", "recorded", "now"),
    [
        ("if (now.steps == 18) out->soc += 1e-16 * 4;", "soc", None, None),
        ("if (now.steps == 18) out->balancing[7] = 1;", "balancing[7]", 0, 1),
        ("if (now.steps == 18) out->state = BMS_STATE_FAULT;", "state", 4, 6),
        ("if (now.steps >= 18) out->log_length = 0;", "log", "step 20\n", ""),
        ("if (now.steps == 18) { out->alarms[0].id = 3; out->alarm_count = 1; }", "alarm_count", 0, 1),
        ("if (now.steps == 18) out->soh = NAN;", "soh", 1.0, None),
        ("if (now.steps == 18) abort();", "failure", "none", "crash"),
        ("if (now.steps == 18) return 9;", "failure", "none", "error_code"),
    ],
)
def test_a_changed_library_is_stopped_at_its_first_difference(
    compile_library, good, tmp_path, statement, field, recorded, now
):
    trace = record_all(good, tmp_path, 30)
    result = replay(trace, launcher(compile_library(SOURCE, changed(statement))))
    assert not result.is_same
    assert trace.records["step"][result.index] == (19 if field == "log" else 17)
    assert result.steps == result.index + 1
    difference = result.differences[0]
    assert difference.field == field
    assert recorded is None or difference.recorded == recorded
    assert now is None or difference.now == now
    assert (result.error is None) == (field != "failure")


def test_what_may_differ_does_not_stop_a_replay(compile_library, good, tmp_path):
    trace = record_all(good, tmp_path, 30)
    other = launcher(compile_library(SOURCE, changed("out->soc += 1e-6; out->heartbeat = 1; out->log_length = 0;")))
    assert not replay(trace, other, tolerance=2e-6).is_same
    assert not replay(trace, other, ignored=frozenset({"heartbeat", "log"})).is_same
    assert replay(trace, other, tolerance=2e-6, ignored=frozenset({"heartbeat", "log"})).is_same


def test_a_crash_leaves_a_trace_that_ends_with_the_inputs_that_killed_it(compile_library, good, tmp_path):
    bad = compile_library(SOURCE, CRASH)
    bench = Bench(bad, tmp_path)
    error = bench.run(99)
    bench.close()
    assert error.kind == "crash"
    assert Path(error.details["trace"]).name == "demo-container1-rack1-tick24.bmstrace"
    trace = read_trace(Path(error.details["trace"]))
    assert trace.problem is None
    assert trace.records["step"].tolist() == list(range(25))
    assert trace.records["complete"].tolist() == [1] * 24 + [0]
    assert trace.records["inputs"]["current"]["value"][-1] == 124.0
    assert trace.failure().step == 24
    assert trace.failure().details["kind"] == "crash"
    assert trace.text("log", 19) == "step 20\n"

    again = replay(trace, launcher(bad))
    assert again.is_same
    assert again.steps == 25
    assert again.error.kind == "crash"
    assert again.error.details["signal"] == error.details["signal"]

    cured = replay(trace, launcher(good))
    assert [(d.field, d.recorded, d.now) for d in cured.differences] == [("failure", "crash", "none")]
    assert cured.index == 24


def test_a_trace_of_a_good_run_stops_the_replay_at_the_crash_of_a_bad_one(compile_library, good, tmp_path):
    trace = record_all(good, tmp_path, 40)
    result = replay(trace, launcher(compile_library(SOURCE, CRASH)))
    assert (result.index, result.error.kind) == (24, "crash")


def test_a_replay_stops_where_it_is_told_to(good, tmp_path):
    trace = record_all(good, tmp_path, 30)
    assert replay(trace, launcher(good), until=9).steps == 10
    assert replay(trace, launcher(good), until=999).steps == 30


def test_a_ring_that_begins_late_is_replayed_from_its_snapshot(compile_library, tmp_path):
    bad = compile_library(SOURCE, changed("if (now.steps == 150) *(volatile int *)8 = 1;"), "-DSNAPSHOTS")
    bench = Bench(bad, tmp_path, steps=40)
    path = Path(bench.run(200).details["trace"])
    bench.close()
    trace = read_trace(path)
    assert trace.first_step == 110
    result = replay(trace, launcher(bad))
    assert result.start is Start.CHECKPOINT
    assert 110 <= result.first <= 120
    assert result.is_same
    assert result.error.kind == "crash"


def test_a_ring_that_begins_late_without_a_snapshot_says_that_its_past_is_not_known(compile_library, good, tmp_path):
    bad = compile_library(SOURCE, changed("if (now.steps == 150) *(volatile int *)8 = 1;"))
    bench = Bench(bad, tmp_path, steps=40)
    path = Path(bench.run(200).details["trace"])
    bench.close()
    result = replay(read_trace(path), launcher(good), ignored=frozenset({"heartbeat", "soc", "log"}))
    assert (result.start, result.first, result.steps) == (Start.MIDDLE, 110, 40)
    assert result.differences[0].field == "failure"


def test_snapshots_of_another_library_are_not_believed(compile_library, good, tmp_path):
    """It refuses them, and the replay goes from the middle."""
    crash = changed("if (now.steps == 150) *(volatile int *)8 = 1;")
    bench = Bench(compile_library(SOURCE, crash, "-DSNAPSHOTS"), tmp_path, steps=40)
    path = Path(bench.run(200).details["trace"])
    bench.close()
    other = compile_library(SOURCE.replace("{ uint64_t steps;", "{ uint64_t more, steps;"), "-DSNAPSHOTS")
    assert replay(read_trace(path), launcher(other)).start is Start.MIDDLE


def test_a_restart_with_its_persistent_memory_is_part_of_a_replay(good, tmp_path):
    bench = Bench(good, tmp_path, everything=True)
    bench.run(20)
    blob = bench.worker.persistent()
    bench.worker.kill()
    bench.start(blob)
    bench.run(20)
    bench.worker.reset(1)
    bench.run(5)
    bench.close()
    trace = read_trace(tmp_path / FILE)
    assert trace.records["outputs"]["heartbeat"].tolist() == [*range(1, 21), *range(1, 21), *range(1, 6)]
    result = replay(trace, launcher(good))
    assert result.is_same
    assert result.steps == 45


def test_a_firmware_that_fails_and_lives_is_dumped_once_and_replays_on(compile_library, tmp_path):
    library = compile_library(SOURCE, changed("if (now.steps >= 10 && now.steps < 15) return 3;"))
    bench = Bench(library, tmp_path / "some", everything=True)
    errors = [bench.run(1) for _ in range(30)]
    bench.close()
    assert [error is not None for error in errors] == [False] * 9 + [True] * 5 + [False] * 16
    assert [error.details.get("trace") is not None for error in errors[9:14]] == [True] + [False] * 4
    trace = read_trace(tmp_path / "some" / FILE)
    result = replay(trace, launcher(library))
    assert result.is_same
    assert result.steps == 30


def test_a_library_that_cannot_be_loaded_is_an_error(good, tmp_path):
    trace = record_all(good, tmp_path, 3)
    (tmp_path / "no.so").write_bytes(b"no library")
    with pytest.raises(FirmwareError):
        replay(trace, launcher(tmp_path / "no.so"))


# comparing


def outputs(seed: int):
    record = np.zeros((), recorded_outputs(COUNTS))
    for name in ("soc", "soh", "soe_charge"):
        record[name] = np.random.default_rng(seed).normal()
    return record


@given(st.integers(0, 50))
def test_nothing_differs_from_itself_even_where_it_is_no_number(seed):
    record = outputs(seed)
    record["soc"] = np.nan
    assert compare(record, record.copy()) == []
    assert compare(record, record.copy(), tolerance=1.0) == []


@given(st.integers(0, 50), st.floats(0.0, 1e3), st.floats(-1e3, 1e3))
def test_doubles_within_the_tolerance_are_the_same(seed, tolerance, error):
    one, other = outputs(seed), outputs(seed)
    other["soc"] = one["soc"] + error
    off = abs(float(one["soc"]) - float(other["soc"]))
    expected = one["soc"].tobytes() != other["soc"].tobytes() and not (off <= tolerance and tolerance > 0.0)
    assert [d.field for d in compare(one, other, tolerance)] == (["soc"] if expected else [])


def test_alarms_behind_the_last_one_do_not_count():
    one, other = outputs(1), outputs(1)
    other["alarms"]["id"][3:] = 9
    one["alarm_count"] = other["alarm_count"] = 3
    assert compare(one, other) == []
    one["alarm_count"] = other["alarm_count"] = 4
    assert [d.field for d in compare(one, other)] == ["alarms.id[3]"]
