"""Traces of firmware that runs in a site."""

from pathlib import Path

import pytest

from bms_emulator.firmware.native.host_options import HostOptions
from bms_emulator.firmware.native.limits import Limits
from bms_emulator.firmware.native.replay import Start, replay
from bms_emulator.firmware.native.trace import CHECKPOINT
from bms_emulator.firmware.native.trace_file import read_trace
from bms_emulator.firmware.native.trace_options import TraceOptions
from bms_emulator.firmware.native.worker import Worker
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from tests.native.small import TICK, Bench

SCRIPTED = Path(__file__).with_name("scripted.py")
FREE = {"mqtt.broker": "off", "mqtt.port": 0, "http.port": 0, "modbus.devices": []}


@pytest.fixture
def run(tmp_path):
    """Runs a cabinet with a scripted firmware; gives the emulator and what happened to the firmware."""

    def go(ticks: int, faults: dict[str, str], *, traces: bool = True, klass: str = "Scripted", **options):
        row = {"racks": "rack[1]", "library": f"{SCRIPTED}:{klass}", "config": {"faults": faults}, "step_limit_ms": 300}
        site = load_site("cabinet", {**FREE, "user_firmware": [row]})
        chosen = TraceOptions(tmp_path / "traces", **options) if traces else None
        emulator = Emulator(site, options=HostOptions(chosen))
        events = []
        for _ in range(ticks):
            emulator.tick()
            events += [data for kind, _, data in emulator.take_events() if kind == "firmware"]
        emulator.close()
        return emulator, events

    return go


def again(path: Path, klass: str = "Scripted"):
    trace = read_trace(path)

    def launch(blob: bytes | None) -> Worker:
        limits = Limits(step_time=0.3)
        return Worker(f"{SCRIPTED}:{klass}", trace.header.config, trace.header.counts, limits, blob)

    return trace, replay(trace, launch)


def test_a_run_without_a_failure_leaves_nothing(run, tmp_path):
    run(5, {})
    assert not (tmp_path / "traces").exists()


@pytest.mark.parametrize(("fault", "kind"), [("crash", "crash"), ("loop", "hang"), ("leave", "exit")])
def test_the_event_of_a_failure_names_the_trace_and_its_replay_fails_as_it_did(run, tmp_path, fault, kind):
    _, events = run(24, {"20": fault})
    [crash] = [event for event in events if event["action"] == kind]
    path = Path(crash["trace"])
    assert path == tmp_path / "traces" / "cabinet-container1-rack1-tick19.bmstrace"
    assert str(path) in crash["message"]
    trace, result = again(path)
    assert len(trace.records) == 20
    assert trace.records["complete"].tolist() == [1] * 19 + [0]
    assert trace.text("log", 0) == "reset 0, total 0\n"
    assert result.is_same
    assert (result.steps, result.error.kind) == (20, kind)


def test_nonsense_leaves_a_trace_once(run, tmp_path):
    _, events = run(40, {"20": "not_a_number", "21": "not_a_number"})
    told = [event["message"] for event in events if event["action"] == "trace"]
    assert told == [f"its last steps are in {tmp_path / 'traces' / 'cabinet-container1-rack1-tick19.bmstrace'}"]
    trace, result = again(tmp_path / "traces" / "cabinet-container1-rack1-tick19.bmstrace")
    assert "charge_current_limit" in trace.failure().message
    assert result.is_same


def test_recording_everything_goes_through_restarts_and_replays_to_the_end(run, tmp_path):
    run(60, {"20": "crash"}, everything=True)
    trace, result = again(tmp_path / "traces" / "cabinet-container1-rack1.bmstrace")
    assert trace.problem is None
    assert (trace.records["complete"] == 0).sum() == 2, "the new instance crashes at its own step 20"
    assert result.is_same
    assert result.start is Start.BEGINNING
    assert result.steps == len(trace.records)


def test_periods_shorter_than_a_tick_are_replayed_as_they_ran(run, tmp_path):
    run(20, {}, everything=True, klass="Quick")
    trace, result = again(tmp_path / "traces" / "cabinet-container1-rack1.bmstrace", "Quick")
    assert set(trace.records["periods"].tolist()) == {10}
    assert trace.records["outputs"]["heartbeat"][-1] == 200
    assert result.is_same


def test_recording_changes_nothing(run):
    plain = run(30, {"12": "complain"}, traces=False)[0].firmware_hash()
    traced = run(30, {"12": "complain"}, everything=True, steps=8)[0].firmware_hash()
    assert plain == traced


def test_a_folder_that_cannot_be_made_is_told_and_the_run_goes_on(run, tmp_path):
    (tmp_path / "traces").write_text("a file")
    emulator, events = run(12, {"5": "crash"}, everything=True)
    assert emulator.tick_count == 12
    assert any(event["action"] == "trace" and "cannot be" in event["message"] for event in events)


@pytest.mark.component
def test_a_snapshot_for_a_trace_is_waited_for_no_longer_than_its_step(library, tmp_path):
    bench = Bench(library("slow_snapshot"), tmp_path, steps=20)
    assert bench.run(10) is None, "a snapshot every five steps"
    bench.worker.begin(11 * TICK, TICK)
    assert not bench.worker.poll(0.05)
    error = bench.worker.hung()
    bench.close()
    assert error.kind == "hang"
    assert "bms_snapshot_save" in error.message
    trace = read_trace(Path(error.details["trace"]))
    assert [event.step for event in trace.events if event.kind == CHECKPOINT] == [5]
