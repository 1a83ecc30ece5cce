"""A firmware in a process of its own: what goes in, what comes out, and what is left of it."""

import ctypes
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bms_emulator.firmware.native import abi
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.resting import fill
from bms_emulator.firmware.native.worker import Limits, Worker

pytestmark = pytest.mark.component

COUNTS = Counts(416, 208, 8)
PERIOD = 100_000_000
LONG_AGO = 0xFFFFFFFF

Library = Callable[..., str]


def step(worker: Worker, periods: int = 1, t_ns: int = PERIOD) -> str:
    worker.begin(t_ns, PERIOD, periods)
    return worker.finish().log


def run(worker: Worker) -> None:
    for _ in range(5):
        step(worker)


def is_gone(pid: int) -> bool:
    """Neither running nor a zombie."""
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("bms_measurement", abi.Measurement),
        ("bms_command", abi.Command),
        ("bms_inputs", abi.Inputs),
        ("bms_alarm", abi.Alarm),
        ("bms_outputs", abi.Outputs),
    ],
)
def test_structs_lie_in_memory_as_the_header_says(compile_library, name: str, struct: type[ctypes.Structure]) -> None:
    fields = [row[0] for row in struct._fields_]
    offsets = ", ".join(f"offsetof({name}, {field})" for field in fields)
    source = f'#include "bms_firmware.h"\nsize_t layout[] = {{{offsets}, sizeof({name})}};\n'
    layout = (ctypes.c_size_t * (len(fields) + 1)).in_dll(ctypes.CDLL(str(compile_library(source))), "layout")
    assert list(layout) == [*(getattr(struct, field).offset for field in fields), ctypes.sizeof(struct)]


def test_a_firmware_sees_what_was_put_in_and_its_answers_come_back(library: Library) -> None:
    with Worker(library("echo"), {}, COUNTS) as worker:
        fill(worker.inputs)
        worker.inputs["current"]["value"] = 12.5
        worker.inputs["cell_voltages"]["value"][415] = 3.45
        worker.inputs["cell_voltages"]["age_ms"] = 17
        worker.inputs["temperatures"]["value"][207] = 310.0
        worker.inputs["cmu_faults"][7] = 5
        worker.inputs["command"]["age_ms"] = 1234
        worker.inputs["command"]["soc_max"] = 0.9
        log = step(worker, t_ns=123_000_000)
        outputs = worker.outputs
        assert outputs["charge_current_limit"] == 12.5
        assert outputs["discharge_current_limit"] == 3.45
        assert outputs["charge_power_limit"] == 17
        assert outputs["discharge_power_limit"] == 310.0
        assert outputs["charge_power_limit_60s"] == 1234
        assert outputs["discharge_power_limit_60s"] == 123e6
        assert outputs["soe_charge"] == 0.9
        assert outputs["soe_discharge"] == 5
        assert np.flatnonzero(outputs["balancing"]).tolist() == [415]
        assert outputs["alarms"][0].tolist() == (7, 1, abi.NO_SOURCE, 0)
        assert log == "at 17\n"


def test_between_periods_of_a_step_ages_grow_and_pulses_fall_and_afterwards_all_is_as_given(library: Library) -> None:
    with Worker(library("echo"), {}, COUNTS) as worker:
        fill(worker.inputs)
        worker.inputs["cell_voltages"]["age_ms"] = 30
        worker.inputs["cell_voltages"]["age_ms"][5] = LONG_AGO
        worker.inputs["command"]["flags"] = abi.CommandFlag.ENABLED | abi.CommandFlag.ALARM_RESET
        given = worker.inputs.copy()
        assert step(worker, periods=3) == "at 30\nat 130\nat 230\n"
        assert worker.outputs["flags"] == abi.CommandFlag.ENABLED
        assert worker.outputs["charge_power_limit"] == 230
        assert worker.outputs["charge_power_limit_60s"] == 200
        assert all((worker.inputs[name] == given[name]).all() for name in given.dtype.names)


def test_an_age_that_is_long_ago_stays_so(library: Library) -> None:
    with Worker(library("echo"), {}, COUNTS) as worker:
        worker.inputs["cell_voltages"]["age_ms"][0] = LONG_AGO
        step(worker, periods=4)
        assert worker.outputs["charge_power_limit"] == LONG_AGO


def test_outputs_that_a_firmware_does_not_write_are_zero(library: Library) -> None:
    with Worker(library("echo"), {}, COUNTS) as echo, Worker(library("good"), {}, COUNTS) as good:
        step(echo)
        step(good)
        good.outputs["balancing"] = 1
        good.outputs["charge_current_limit"] = 300.0
        step(good)
        assert not good.outputs["balancing"].any()
        assert good.outputs["charge_current_limit"] == 0.0
        assert good.outputs["contactor_command"] == 0


def test_persistent_memory_reaches_the_next_instance(library: Library) -> None:
    with Worker(library("good"), {}, COUNTS) as worker:
        worker.inputs["current"]["value"] = 1e6
        step(worker)
        memory = worker.persistent()
        soc = worker.outputs["soc"].item()
    with Worker(library("good"), {}, COUNTS, blob=memory) as worker:
        step(worker)
        assert worker.outputs["soc"] == soc


def test_large_persistent_memory_survives_the_way(library: Library) -> None:
    blob = os.urandom(1_000_000)
    with Worker(library("large_memory"), {}, COUNTS, blob=blob) as worker:
        assert worker.persistent() == blob


def test_from_a_snapshot_a_firmware_goes_on_as_it_did(library: Library) -> None:
    with Worker(library("good"), {}, COUNTS) as worker:
        assert worker.description.has_snapshot
        worker.inputs["current"]["value"] = 1e6
        step(worker)
        state = worker.save()
        step(worker)
        first = (worker.outputs["soc"].item(), worker.outputs["heartbeat"].item())
        step(worker)
        assert worker.outputs["soc"] != first[0]
        worker.load(state)
        step(worker)
        assert (worker.outputs["soc"], worker.outputs["heartbeat"]) == first


def test_a_firmware_without_snapshots_says_so(library: Library) -> None:
    with Worker(library("echo"), {}, COUNTS) as worker:
        assert not worker.description.has_snapshot
        with pytest.raises(FirmwareError, match="offers no snapshots"):
            worker.save()
        step(worker)


def test_a_reset_lets_the_state_start_anew(library: Library) -> None:
    with Worker(library("good"), {}, COUNTS) as worker:
        step(worker)
        step(worker)
        worker.reset(abi.Reset.WATCHDOG)
        step(worker)
        assert worker.outputs["heartbeat"] == 1


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("error_code", "error_code", r"bms_step returned the error -42"),
        ("struct_size", "struct_size", r"bms_outputs has 96 bytes; in version 1.0 it has 168"),
        ("balancing_before", "bounds", r"wrote in front of balancing"),
        ("replaces_log", "bounds", r"changed a count, a capacity or a pointer"),
    ],
)
def test_a_firmware_that_errs_in_a_step_is_told_and_lives(library: Library, name: str, kind: str, message: str) -> None:
    with Worker(library(name), {}, COUNTS) as worker:
        for _ in range(2):
            with pytest.raises(FirmwareError, match=message) as caught:
                step(worker)
            assert caught.value.kind == kind
            assert worker.alive


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        (
            "null_pointer",
            "crash",
            r"bms_step with SIGSEGV: followed a NULL pointer .*null_pointer.so\+0x\w+ \(bms_step",
        ),
        ("balancing_beyond", "crash", r"beyond balancing: balancing\[416\], it has 416 elements; at "),
        ("reads_beyond", "crash", r"beyond cell_voltages: cell_voltages\[416\]"),
        ("writes_inputs", "crash", r"inputs, which are read only: cell_voltages\[3\]"),
        ("wild_pointer", "crash", r"address 0x123456789000, where nothing is"),
        ("overflows_stack", "crash", r"stack overflow"),
        ("asserts", "crash", r"SIGABRT"),
        ("exits", "exit", r"ended its process with status 0; a firmware may not call exit\(\); it said: good bye"),
        ("loops", "hang", r"no answer within the time limit: it was in bms_step; at loops.so\+"),
    ],
)
def test_a_firmware_that_dies_tells_why_and_leaves_nothing_behind(
    library: Library, name: str, kind: str, message: str
) -> None:
    worker = Worker(library(name), {}, COUNTS, Limits(step_time=0.3 if kind == "hang" else 10.0))
    with pytest.raises(FirmwareError, match=message) as caught:
        run(worker)
    assert caught.value.kind == kind
    assert not worker.alive
    assert is_gone(worker.pid)
    with pytest.raises(FirmwareError, match="has ended"):
        step(worker)
    worker.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("memory_beyond", r"crashed in bms_persistent .*: wrote beyond its buffer: byte 65536 of 65536"),
        ("memory_before", r"bms_persistent: wrote in front of its buffer"),
        ("snapshot_beyond", r"crashed in bms_snapshot_load .*: read beyond its buffer: byte 24 of 24"),
    ],
)
def test_a_firmware_that_leaves_the_buffer_of_a_call_is_caught(library: Library, name: str, message: str) -> None:
    with Worker(library(name), {}, COUNTS) as worker, pytest.raises(FirmwareError, match=message):
        worker.load(worker.save()) if name.startswith("snapshot") else worker.persistent()


def test_a_description_that_leaves_its_buffer_is_caught(library: Library) -> None:
    with pytest.raises(FirmwareError, match=r"crashed in bms_describe .*: wrote beyond its buffer: byte 4096 of 4096"):
        Worker(library("describes_beyond"), {}, COUNTS)


def test_a_crash_tells_its_place(library: Library) -> None:
    with Worker(library("asserts"), {}, COUNTS) as worker, pytest.raises(FirmwareError) as caught:
        run(worker)
    details = caught.value.details
    assert (details["call"], details["signal"], details["period"]) == ("bms_step", "SIGABRT", 0)
    assert "abort" in details["backtrace"]
    assert "bms.steps < 3" in details["printed"]
    assert any(frame["symbol"].startswith("bms_step") for frame in details["frames"])


def test_a_flood_of_text_is_cut_and_nobody_waits(library: Library) -> None:
    with Worker(library("prints"), {}, COUNTS, Limits(printed=1000, step_time=10.0)) as worker:
        worker.begin(PERIOD, PERIOD)
        printed = worker.finish().printed
        assert printed.startswith("step 1 line 0 of very much text\n")
        assert len(printed) < 1100
        assert "bytes more" in printed


def test_several_workers_run_at_the_same_time(library: Library) -> None:
    workers = [Worker(library("good"), {}, COUNTS, wait=False) for _ in range(3)]
    try:
        for worker in workers:
            worker.finish()
        for number, worker in enumerate(workers):
            worker.inputs["current"]["value"] = 1e6 * number
            worker.begin(PERIOD, PERIOD)
        for worker in workers:
            assert worker.poll(10.0)
            worker.finish()
        assert [worker.outputs["soc"].item() for worker in workers] == pytest.approx([0.5, 0.4, 0.3])
    finally:
        for worker in workers:
            worker.close()


def test_a_worker_outlives_the_thread_that_started_it(library: Library) -> None:
    workers: list[Worker] = []
    thread = threading.Thread(target=lambda: workers.append(Worker(library("good"), {}, COUNTS)))
    thread.start()
    thread.join()
    with workers[0] as worker:
        step(worker)
        assert worker.outputs["soc"] == 0.5


def test_a_worker_ends_with_the_emulator_even_in_an_endless_loop(library: Library) -> None:
    program = (
        "import os, sys; from bms_emulator.firmware.native.worker import Worker;"
        "from bms_emulator.firmware.native.layout import Counts;"
        f"w = Worker({library('loops')!r}, {{}}, Counts(4, 4, 1)); w.begin(1, 1); print(w.pid, flush=True);"
        "sys.stdin.read(); os._exit(0)"
    )
    emulator = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert emulator.stdin is not None
    assert emulator.stdout is not None
    with emulator:
        handle = os.pidfd_open(int(emulator.stdout.readline()))
        try:
            assert not select.select([handle], [], [], 0.0)[0]
            emulator.stdin.close()
            assert select.select([handle], [], [], 10.0)[0]
        finally:
            os.close(handle)


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_closed_worker_is_gone(library: Library, is_asked: bool) -> None:
    worker = Worker(library("good"), {}, COUNTS)
    if is_asked:
        worker.begin(PERIOD, PERIOD)
    worker.close()
    worker.close()
    assert is_gone(worker.pid)
