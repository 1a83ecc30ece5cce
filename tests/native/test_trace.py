"""Laws of traces: what was recorded is what is read, and a file that is not whole says where it ends."""

import contextlib
import json
import re
import subprocess
import sys
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.native.layout import Counts, Layout
from bms_emulator.firmware.native.recorder import Recorder
from bms_emulator.firmware.native.trace import (
    CHECKPOINT,
    CREATED,
    ERROR,
    RESET,
    Event,
    Trace,
    TraceHeader,
    recorded_inputs,
    recorded_outputs,
)
from bms_emulator.firmware.native.trace_file import TraceError, TraceWriter, read_trace, write_trace
from bms_emulator.firmware.native.trace_layout import describe_layout, read_layout
from bms_emulator.firmware.native.views import input_fields, output_fields, view

COUNTS = Counts(cells=3, temperatures=2, packs=1)
LAYOUT = Layout(COUNTS)
INPUTS = recorded_inputs(COUNTS)
OUTPUTS = recorded_outputs(COUNTS)
HEADER = TraceHeader(
    abi=1 << 16,
    rack="demo container[1].rack[1]",
    library={"file": "libbms.so", "sha256": "0" * 64},
    description={"name": "bms", "version": "1", "alarms": {"1": "cell_overvoltage"}},
    counts=COUNTS,
    config={"soc_start": 0.5},
    inputs=INPUTS,
    outputs=OUTPUTS,
    memory=1 << 28,
    blob=b"\x00eeprom\xff",
)
PERIOD = 10_000_000


def blocks():
    """Inputs and outputs as a worker has them: with gaps."""
    memory = mmap(-1, LAYOUT.size)
    return view(memory, input_fields(LAYOUT)), view(memory, output_fields(LAYOUT))


def record(recorder, inputs, outputs, steps):
    """Steps whose inputs and outputs tell their number."""
    for _ in range(steps):
        step = recorder.count
        inputs["current"]["value"] = step
        recorder.begin((step + 1) * PERIOD, PERIOD, 1)
        outputs["state"] = step
        recorder.finish()


def recorded(steps, depth=100, stream=None):
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, depth, stream)
    record(recorder, inputs, outputs, steps)
    return recorder


def assert_same(one: Trace, other: Trace):
    assert one.header == other.header
    assert one.events == other.events
    assert one.records.dtype == other.records.dtype
    assert one.records.tobytes() == other.records.tobytes()


@given(
    count=st.integers(0, 4),
    seed=st.integers(0, 9),
    events=st.lists(
        st.builds(
            Event,
            st.integers(0, 9),
            st.sampled_from([CREATED, RESET, ERROR]),
            st.text(max_size=20),
            st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=2),
            st.none() | st.binary(max_size=9),
        ),
        max_size=5,
    ),
)
@settings(max_examples=50, deadline=None)
def test_a_trace_reads_back_bit_for_bit(tmp_path_factory, count, seed, events):
    dtype = HEADER.record_dtype()
    records = np.frombuffer(np.random.default_rng(seed).bytes(count * dtype.itemsize), dtype)
    trace = Trace(HEADER, records, tuple(sorted(events, key=lambda event: event.step)))
    path = tmp_path_factory.mktemp("trace") / "a.bmstrace"
    write_trace(path, trace.header, [trace.records], trace.events)
    read = read_trace(path)
    assert_same(read, trace)
    assert read.problem is None


@pytest.mark.parametrize("dtype", [INPUTS, OUTPUTS, HEADER.record_dtype(), np.dtype("u1"), np.dtype(("<f8", (2, 3)))])
def test_a_layout_survives_json(dtype):
    assert read_layout(json.loads(json.dumps(describe_layout(dtype)))) == dtype


def test_the_last_steps_are_kept_and_they_are_in_order():
    trace = recorded(steps=250, depth=100).trace()
    assert trace.records["step"].tolist() == list(range(150, 250))
    assert trace.records["inputs"]["current"]["value"].tolist() == list(range(150, 250))
    assert trace.records["outputs"]["state"].tolist() == list(range(150, 250))
    assert trace.records["t_ns"].tolist() == [(step + 1) * PERIOD for step in range(150, 250)]
    assert trace.records["complete"].all()


def test_a_step_without_an_answer_is_the_last_record_and_has_its_inputs():
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 100)
    record(recorder, inputs, outputs, 7)
    inputs["current"]["value"] = 666.0
    recorder.begin(8 * PERIOD, PERIOD, 1)
    recorder.error("crash", "the firmware crashed", {"signal": "SIGSEGV"})
    trace = recorder.trace()
    assert trace.records["inputs"]["current"]["value"][-1] == 666.0
    assert trace.records["complete"].tolist() == [1] * 7 + [0]
    assert trace.failure() == Event(7, ERROR, "the firmware crashed", {"kind": "crash", "signal": "SIGSEGV"})


@pytest.mark.parametrize("steps", [1, 24, 25, 26, 100, 101, 333])
def test_a_stream_has_every_step_whatever_the_memory(tmp_path, steps):
    path = tmp_path / "new" / "all.bmstrace"
    recorder = recorded(steps, depth=100, stream=path)
    recorder.event(RESET, details={"kind": 1})
    recorder.close()
    trace = read_trace(path)
    assert trace.problem is None
    assert trace.records["step"].tolist() == list(range(steps))
    assert trace.records["outputs"]["state"].tolist() == list(range(steps))
    assert trace.events == (Event(steps, RESET, "", {"kind": 1}),)


def test_a_stream_has_the_failure_even_where_it_was_never_ended(tmp_path):
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 100, tmp_path / "all.bmstrace")
    record(recorder, inputs, outputs, 30)
    recorder.begin(31 * PERIOD, PERIOD, 1)
    recorder.error("hang", "hung")
    record(recorder, inputs, outputs, 3)
    recorder.close()
    trace = read_trace(tmp_path / "all.bmstrace")
    assert trace.records["step"].tolist() == list(range(34))
    assert trace.records["complete"].tolist() == [1] * 30 + [0] + [1] * 3
    assert trace.failure() == Event(30, ERROR, "hung", {"kind": "hang"})


def test_the_persistent_memory_in_the_header_is_that_of_the_first_recorded_step():
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 20)
    record(recorder, inputs, outputs, 5)
    recorder.event(CREATED, "again", data=b"second")
    record(recorder, inputs, outputs, 10)
    assert recorder.trace().header.blob == HEADER.blob
    record(recorder, inputs, outputs, 30)
    assert recorder.trace().header.blob == b"second"
    recorder.event(RESET)  # old events are forgotten now
    assert recorder.trace().header.blob == b"second"


def test_texts_belong_to_their_step():
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 20)
    for step in range(30):
        recorder.begin(step, PERIOD, 1)
        recorder.finish(f"log {step}\n" if step % 2 else "", "printed" if step == 9 else "")
    trace = recorder.trace()
    assert [trace.text("log", step) for step in (10, 11, 29)] == ["", "log 11\n", "log 29\n"]
    assert not trace.text("log", 9), "its step is forgotten"


def test_a_checkpoint_is_due_often_enough_that_one_is_always_kept():
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 40)
    for step in range(200):
        is_due = recorder.checkpoint_due()
        record(recorder, inputs, outputs, 1)
        if is_due:
            recorder.checkpoint(str(step).encode())
        kept = [event for event in recorder.trace().events if event.kind == CHECKPOINT]
        assert step < 40 or 0 <= kept[0].step - recorder.trace().first_step <= 10
        assert all(event.data == str(event.step).encode() for event in kept)


def test_every_byte_of_the_fields_is_recorded():
    inputs, outputs = blocks()
    rng = np.random.default_rng(8)
    for block in (inputs, outputs):
        block.reshape(1).view(np.uint8)[:] = rng.integers(0, 256, block.dtype.itemsize, dtype=np.uint8)
    recorder = Recorder(HEADER, inputs, outputs, 4)
    recorder.begin(PERIOD, PERIOD, 1)
    recorder.finish()
    record_ = recorder.trace().records[0]
    for side, block in (("inputs", inputs), ("outputs", outputs)):
        for name in record_[side].dtype.names:
            assert record_[side][name].tobytes() == block[name].tobytes(), name


def test_dumps_do_not_overwrite_each_other_and_make_their_folder(tmp_path):
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 100)
    folder = tmp_path / "traces"
    paths = []
    for _ in range(3):
        record(recorder, inputs, outputs, 3)
        paths.append(recorder.dump(folder, "demo-rack1-tick3"))
    recorder.close()
    assert len(set(paths)) == 3
    assert sorted(folder.iterdir()) == sorted(paths)
    assert paths[0].name == "demo-rack1-tick3.bmstrace"
    assert [read_trace(path).records["step"].tolist() for path in paths] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_a_new_worker_with_another_layout_is_refused():
    inputs, outputs = blocks()
    with pytest.raises(ValueError, match="layout"):
        Recorder(HEADER, outputs, inputs)


def test_the_reader_in_the_documentation_reads_a_trace(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "explanation" / "firmware-traces.md"
    [program] = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    recorder = recorded(5, stream=tmp_path / "all.bmstrace")
    recorder.close()
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "all.bmstrace"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["0.03 2.0 2", "0.04 3.0 3", "0.05 4.0 4"]


# what is wrong with a file


@pytest.fixture
def whole(tmp_path) -> Path:
    """A trace of 600 steps in three chunks."""
    rng = np.random.default_rng(5)
    records = np.zeros(600, HEADER.record_dtype())
    records["step"] = np.arange(600)
    records["inputs"]["current"]["value"] = rng.normal(size=600)
    path = tmp_path / "whole.bmstrace"
    write_trace(path, HEADER, [records[:7], records[7:]], [Event(0, RESET)])
    return path


@given(share=st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_a_truncated_trace_is_read_to_its_last_whole_step_and_says_where_it_ends(whole_bytes, share):
    path, content = whole_bytes
    length = round(share * (len(content) - 1))
    path.write_bytes(content[:length])
    if length < content.index(b"\n") + 1 + 16:
        with pytest.raises(TraceError, match=path.name):
            read_trace(path)
        return
    trace = read_trace(path)
    assert trace.problem is not None
    assert f"{len(trace.records)} whole steps" in trace.problem
    assert "byte" in trace.problem
    assert trace.records["step"].tolist() == list(range(len(trace.records)))


@pytest.fixture(scope="module")
def whole_bytes(tmp_path_factory):
    records = np.zeros(600, HEADER.record_dtype())
    records["step"] = np.arange(600)
    records["inputs"]["current"]["value"] = np.random.default_rng(5).normal(size=600)
    path = tmp_path_factory.mktemp("trace") / "cut.bmstrace"
    write_trace(path, HEADER, [records], [])
    return path, path.read_bytes()


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_flipped_bit_goes_unnoticed(whole_bytes, data):
    path, content = whole_bytes
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = bytearray(content)
    flipped[place] ^= 1 << bit
    path.write_bytes(flipped)
    if place <= content.index(b"\n"):
        with pytest.raises(TraceError, match=path.name):
            read_trace(path)
        return
    with contextlib.suppress(TraceError):  # of a flip in the first chunk's head
        trace = read_trace(path)
        assert trace.records["step"].tolist() == list(range(len(trace.records)))
        assert len(trace.records) == 600 or trace.problem is not None


def test_a_truncated_chunk_gives_its_whole_steps(whole):
    content = whole.read_bytes()
    whole.write_bytes(content[:-200])
    trace = read_trace(whole)
    assert 500 < len(trace.records) < 600
    assert "the file ends in this chunk" in trace.problem


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a trace"),
        (b"\x7fELF\x02\x01\x01", "is not a trace"),
        (b"{}\n", "is not a trace"),
        (b"[1]\n", "is not a trace"),
        (b'{"format": "bmstrace", "version": 9}\n', "version 9"),
        (b'{"format": "bmstrace", "version": 1}\n', "ends after its header"),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(tmp_path, content, message):
    path = tmp_path / "x.bmstrace"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=message):
        read_trace(path)


def test_a_dump_that_cannot_be_written_is_told(tmp_path):
    inputs, outputs = blocks()
    told = []
    recorder = Recorder(HEADER, inputs, outputs, 8, tell=told.append)
    record(recorder, inputs, outputs, 1)
    (tmp_path / "file").write_text("no folder")
    recorder.dump(tmp_path / "file" / "traces", "x")
    recorder.close()
    assert len(told) == 1
    assert "the trace cannot be written: Not a directory" in told[0]


def test_the_loop_goes_on_where_the_disk_is_full(monkeypatch, tmp_path):
    def full(writer, records):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TraceWriter, "steps", full)
    told = []
    inputs, outputs = blocks()
    recorder = Recorder(HEADER, inputs, outputs, 8, tmp_path / "all.bmstrace", told.append)
    record(recorder, inputs, outputs, 100)
    recorder.close()
    assert told == [f"{tmp_path / 'all.bmstrace'}: the trace ends here: No space left on device"]
    assert len(recorder.trace().records) == 8
