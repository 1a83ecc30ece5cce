"""What a firmware may not do, and what becomes of it when it does."""

import contextlib
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.sandbox import forbid_calls
from bms_emulator.firmware.native.system_calls import forbidden_calls
from bms_emulator.firmware.native.worker import Limits, Worker

COUNTS = Counts(16, 8, 1)
Library = Callable[..., str]

watched = pytest.mark.skipif(not forbidden_calls(platform.machine()), reason="system calls of this machine not known")


def run(path: str) -> None:
    with Worker(path, {}, COUNTS) as worker:
        worker.begin(1, 1)
        worker.finish()


def children() -> set[int]:
    """Processes that this one started, zombies too."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


@watched
@pytest.mark.component
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("forks", r"forks.so: in bms_step: called fork, which a firmware may not; at forks.so\+\w+ \(bms_step"),
        ("constructor_forks", r"in loading: called fork, which a firmware may not"),
        ("runs_program", r"started a program, which a firmware may not"),
        ("thread", r"started a thread, which a firmware may not: drive your tasks from bms_step"),
        ("network", r"called socket, which a firmware may not: it must not use the network"),
        ("kills", r"called kill, which a firmware may not: it must not send signals"),
        ("writes_file", r"called openat, which a firmware may not: it must not write files"),
    ],
)
def test_what_a_firmware_may_not_do_ends_it_with_the_name_of_the_call(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    path, before = library(name), children()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FirmwareError, match=message) as caught:
        run(path)
    assert caught.value.kind == "forbidden"
    assert children() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.component
def test_a_firmware_that_allocates_without_end_is_ended_for_it(library: Library) -> None:
    limits = Limits(memory=64 << 20, step_time=10.0)
    with Worker(library("allocates"), {}, COUNTS, limits) as worker:
        worker.begin(1, 1)
        with pytest.raises(FirmwareError, match="more memory than a firmware may have") as caught:
            worker.finish()
    assert caught.value.kind == "memory"
    assert not worker.alive


@pytest.mark.component
def test_nothing_is_left_open_after_many_workers(library: Library) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    run(library("good"))
    before = descriptors()
    for name in ("good", "null_pointer", "good"):
        with contextlib.suppress(FirmwareError):
            run(library(name))
    assert descriptors() == before


def test_a_machine_that_cannot_be_watched_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert forbid_calls() == "system calls are not watched: no table of them for riscv64"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_on_every_known_machine_each_kind_of_harm_is_forbidden(machine: str) -> None:
    calls = forbidden_calls(machine).values()
    names = [call.name for call in calls]
    assert len(set(names)) == len(names)
    assert {"clone", "clone3", "execve", "socket", "connect", "openat", "unlinkat", "tgkill", "ptrace"} <= set(names)
