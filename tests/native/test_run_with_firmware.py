"""Whole runs with users' firmware in processes of their own."""

import json
import math
import os
import signal
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.firmware.contract import RackMode
from bms_emulator.firmware.native.errors import FirmwareError
from bms_emulator.firmware.native.host_errors import FirmwareProblems, FirmwareStopError
from bms_emulator.interfaces.link import Command
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime import engine, supervisor
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.firmware_memory import read_memories, write_memories
from bms_emulator.runtime.journal import Journal, JournalError, replay
from bms_emulator.runtime.options import RunOptions

SCRIPTED = Path(__file__).with_name("scripted.py")
LIBRARIES = Path(__file__).with_name("libraries")
FREE = {"mqtt.broker": "off", "mqtt.port": 0, "http.port": 0, "modbus.devices": []}
RACK = "container[1].rack[1]"


def site(library: object = f"{SCRIPTED}:Scripted", *, base: str = "cabinet", racks: str = "rack[1]", **settings):
    profile = {key: settings.pop(key) for key in ("firmware_clock", "step_ms") if key in settings}
    row = {"racks": racks, "library": str(library), **settings}
    return load_site(base, {**FREE, **profile, "user_firmware": [row]})


@pytest.fixture
def emulate():
    """Emulators of sites, closed after the test."""
    made: list[Emulator] = []

    def make(profile: SiteProfile, *arguments) -> Emulator:
        made.append(Emulator(profile, *arguments))
        return made[-1]

    yield make
    for emulator in made:
        emulator.close()


def run(emulator: Emulator, ticks: int) -> list[dict]:
    """What happened to firmware meanwhile."""
    events = []
    for _ in range(ticks):
        emulator.tick()
        events += [data for kind, _, data in emulator.take_events() if kind == "firmware"]
    return events


def actions(events: list[dict]) -> list[str]:
    return [event["action"] for event in events if event["action"] != "log"]


def faulty(fault: str, step: int = 5, **settings) -> SiteProfile:
    return site(config={"faults": {str(step): fault}}, **settings)


# decisions reach the plant and the bank


def test_a_users_firmware_closes_contactors_and_its_bank_knows_it(emulate):
    emulator = emulate(site())
    run(emulator, 5)
    assert emulator.arena["plant.racks.contactor_closed"][0].tolist() == [1.0, 0.0, 1.0]
    assert emulator.arena["firmware.bank.racks_connected"][0] == 1.0
    assert emulator.arena["firmware.racks.soc"][0] == 0.25
    status = emulator.firmware_status()[0]
    assert (status["rack"], status["name"], status["state"], status["steps"]) == (RACK, "scripted", "running", 5)


def test_cells_that_a_users_firmware_bleeds_are_bled_in_the_plant(emulate):
    emulator = emulate(faulty("bleed", step=3))
    run(emulator, 3)
    assert [n for n, bled in enumerate(emulator.arena["plant.inputs.balancing"][0]) if bled] == [7]
    run(emulator, 1)
    assert not emulator.arena["plant.inputs.balancing"][0].any()


def test_racks_of_one_container_may_run_both(emulate):
    emulator = emulate(site(base="demo", racks="rack[2,12]"))
    run(emulator, 3)
    modes = emulator.arena["firmware.racks.mode"]
    assert [n + 1 for n, mode in enumerate(modes) if mode == RackMode.CONNECTED] == [2, 12]


@pytest.mark.component
def test_a_library_in_c_runs_in_a_rack(emulate, compile_library):
    library = compile_library((LIBRARIES / "good.c").read_text(), f"-I{LIBRARIES}")
    emulator = emulate(site(library))
    run(emulator, 3)
    assert emulator.firmware_status()[0]["steps"] == 3
    assert emulator.arena["firmware.racks.heartbeat"][0] == 3.0


@pytest.mark.parametrize(("name", "steps"), [("Quick", 50), ("Slow", 1)])
def test_periods_may_be_shorter_or_longer_than_ticks(emulate, name, steps):
    emulator = emulate(site(f"{SCRIPTED}:{name}"))
    events = run(emulator, 5)
    assert actions(events) == []
    assert emulator.arena["firmware.racks.heartbeat"][0] == steps


# what is refused before the start


@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("nothing.so", r"rack\[1\]: .*nothing.so"),
        (f"{SCRIPTED}:Nobody", "has no class Nobody"),
        (f"{SCRIPTED}:Odd", "its period, 70 ms, neither divides a tick, 100 ms, nor is a multiple"),
        (f"{SCRIPTED}:Hasty", "watchdog time is shorter than the period"),
    ],
)
def test_a_firmware_that_cannot_be_run_is_a_problem_before_the_start(library, message):
    with pytest.raises(FirmwareProblems, match=message):
        Emulator(site(library))


def test_all_firmware_that_cannot_be_run_is_told_at_once():
    rows = [
        {"racks": "rack[1..2]", "library": "/nowhere/one.so"},
        {"racks": "rack[3]", "library": f"{SCRIPTED}:Odd"},
        {"racks": "rack[4]", "library": f"{SCRIPTED}:Scripted"},
    ]
    with pytest.raises(FirmwareProblems) as caught:
        Emulator(load_site("demo", {**FREE, "user_firmware": rows}))
    assert len(caught.value.messages) == 2
    assert any(message.startswith(f"{RACK} and 1 more: ") for message in caught.value.messages)


@pytest.mark.parametrize(
    ("racks", "message"),
    [
        ("rak[1]", r"must be rack\[1\]"),
        ("rack[2]", r"rack\[2\] does not exist; there is 1 to 1"),
        ("container[2].rack[1]", r"container\[2\] does not exist"),
        ("rack[1],rack[1]", r"must be rack\[1\]"),
    ],
)
def test_racks_that_are_not_there_are_a_problem_of_the_profile(racks, message):
    with pytest.raises(ProfileError, match=message):
        site(racks=racks)


def test_a_rack_has_one_firmware():
    rows = [{"racks": racks, "library": "x.so"} for racks in ("rack[1..3]", "rack[3]")]
    with pytest.raises(ProfileError, match=r"container\[1\].rack\[3\] stands in user_firmware.0 already"):
        load_site("demo", {"user_firmware": rows})


def test_the_command_line_refuses_what_cannot_be_run(tmp_path):
    ports = ["--modbus-port", "0", "--http-port", "0", "--mqtt", "off", "--duration", "1s", "--json"]
    missing = CliRunner().invoke(app, ["run", "cabinet", *ports, "--firmware", f"rack[1]={tmp_path}/none.so"])
    assert missing.exit_code == 2
    assert "none.so" in missing.output
    for words in (["--firmware", "rack[1]"], ["--firmware-config", "rack[1]=x.json"], ["--firmware", "rack[9]=x.so"]):
        assert CliRunner().invoke(app, ["run", "cabinet", *ports, *words]).exit_code == 2


# what goes wrong in the course of a run


@pytest.mark.parametrize(
    ("fault", "action"),
    [("crash", "crash"), ("raise_error", "crash"), ("leave", "exit"), ("loop", "hang")],
)
def test_a_firmware_that_dies_is_safe_after_its_watchdog_time_and_started_anew(emulate, fault, action):
    emulator = emulate(faulty(fault, step_limit_ms=200))
    events = run(emulator, 8)
    assert actions(events) == [action]
    assert emulator.arena["firmware.racks.contactor_command"][0].tolist() == [1.0, 0.0, 1.0], "the last outputs hold"
    assert emulator.firmware_status()[0]["state"] == "failed"
    events += run(emulator, 1)
    assert emulator.arena["firmware.racks.contactor_command"][0].tolist() == [0.0, 0.0, 0.0]
    events += run(emulator, 2)
    assert actions(events) == [action, "safe", "started", "running"]
    assert "reset 0, total 0" in events[0].get("text", "")
    assert any(event.get("text", "").startswith("reset 1") for event in events), "a watchdog reset"
    assert emulator.arena["firmware.racks.contactor_command"][0].tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(("fault", "action"), [("complain", "error_code"), ("not_a_number", "nonsense")])
def test_a_step_that_makes_no_sense_is_told_and_its_outputs_are_not_taken(emulate, fault, action):
    emulator = emulate(faulty(fault))
    events = run(emulator, 5)
    assert actions(events) == [action]
    assert emulator.arena["firmware.racks.charge_current_limit"][0] == 10.0
    assert emulator.arena["firmware.racks.heartbeat"][0] == 4.0
    assert actions(run(emulator, 1)) == ["running"]


def test_a_crash_tells_its_signal_and_where(emulate):
    emulator = emulate(faulty("crash"))
    crash = next(event for event in run(emulator, 6) if event["action"] == "crash")
    assert crash["signal"] == "SIGSEGV"
    assert "SIGSEGV" in crash["message"]
    assert crash["backtrace"]


def test_a_failure_may_end_the_run(emulate):
    emulator = emulate(faulty("leave", on_failure="stop"))
    with pytest.raises(FirmwareStopError, match="its firmware failed"):
        run(emulator, 20)


def test_other_racks_do_not_notice(emulate):
    emulator = emulate(
        load_site(
            "demo",
            FREE
            | {
                "user_firmware": [
                    {"racks": "rack[1]", "library": f"{SCRIPTED}:Scripted", "config": {"faults": {"always": "leave"}}},
                    {"racks": "rack[2]", "library": f"{SCRIPTED}:Scripted"},
                ]
            },
        )
    )
    run(emulator, 10)
    assert emulator.arena["firmware.racks.heartbeat"][1] == 10.0


def test_what_it_writes_is_told_but_not_without_end(emulate):
    emulator = emulate(site(config={"faults": {"always": "chatter"}}))
    texts = [event["text"] for event in run(emulator, 21) if event["action"] == "log"]
    assert texts[0] == "reset 0, total 0"
    assert texts.count("line 0") < 21
    assert any("more lines in a second were left out" in text for text in texts)
    assert len(texts) < 70


# alarms


def test_alarms_become_points_and_events(emulate):
    emulator = emulate(faulty("alarm", step=2))
    told = []
    for _ in range(3):
        emulator.tick()
        told += [(source, data) for kind, source, data in emulator.take_events() if kind == "alarm"]
    assert (RACK, {"alarm": "own_alarm", "level": 1, "previous": 0}) in told
    assert (RACK, {"alarm": "cell_overvoltage", "level": 2, "previous": 0}) in told
    ids = [row.id for row in emulator.site.firmware.rack_alarms]
    at = ids.index("cell_overvoltage")
    assert emulator.arena["firmware.racks.alarm_source"][0, at] == 5.0
    assert emulator.arena["firmware.racks.alarm_count"][0, at] == 1.0


# what is kept


def test_a_restart_gives_back_the_persistent_memory(emulate):
    emulator = emulate(faulty("complain", step=3), 0, {RACK: (41).to_bytes(8, "little")})
    run(emulator, 2)
    assert emulator.arena["firmware.racks.soe_charge"][0] == 41.0
    assert emulator.firmware_memories() == {RACK: (43).to_bytes(8, "little")}


def test_persistent_memory_goes_to_files_and_comes_back(tmp_path):
    profile = site(persistent=str(tmp_path / "memory"))
    assert read_memories(profile) == {}
    write_memories(profile, {RACK: b"first"})
    write_memories(profile, {RACK: b"second"})
    assert read_memories(profile) == {RACK: b"second"}
    assert [path.name for path in (tmp_path / "memory").iterdir()] == ["container-1-rack-1.bin"]


def test_a_snapshot_brings_a_firmware_back(emulate):
    emulator = emulate(site())
    run(emulator, 3)
    states = emulator.save_firmware()
    run(emulator, 2)
    emulator.load_firmware(states)
    run(emulator, 1)
    assert emulator.arena["firmware.racks.heartbeat"][0] == 4.0


@pytest.mark.component
def test_a_firmware_without_snapshots_says_so(emulate, compile_library):
    library = compile_library((LIBRARIES / "remembers.c").read_text(), f"-I{LIBRARIES}")
    emulator = emulate(site(library))
    with pytest.raises(FirmwareError, match="snapshot"):
        emulator.save_firmware()


# determinism


def stepped(profile: SiteProfile, ticks: int) -> str | None:
    emulator = Emulator(profile)
    run(emulator, ticks)
    emulator.close()
    return emulator.firmware_hash()


def test_a_worker_that_stands_still_for_a_while_changes_nothing(emulate):
    emulator = emulate(site())
    run(emulator, 5)
    pid = emulator.firmware_status()[0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(0.3, os.kill, (pid, signal.SIGCONT))
    timer.start()
    assert actions(run(emulator, 15)) == []
    timer.join()
    assert emulator.firmware_hash() == stepped(site(), 20)


def test_a_run_with_crashes_and_restarts_repeats():
    profile = faulty("leave", step=4)
    assert stepped(profile, 40) == stepped(profile, 40)


@pytest.mark.parametrize("speed", [1.0, 50.0, math.inf])
def test_a_run_in_lockstep_gives_the_same_hash_at_any_speed(speed):
    profile = site(firmware_clock="lockstep", step_ms=50)
    roles = (supervisor.Role("engine", engine.main, vital=True),)
    told: dict[str, dict] = {}
    options = RunOptions(speed=speed, duration=0.5)
    assert supervisor.run(profile, options, told.setdefault, roles) == 0
    assert told["finished"]["firmware_hash"] == stepped(profile, 10)


def test_a_run_whose_firmware_must_not_fail_fails_with_it(tmp_path):
    profile = faulty("leave", on_failure="stop", persistent=str(tmp_path), step_ms=100)
    roles = (supervisor.Role("engine", engine.main, vital=True),)
    told: dict[str, dict] = {}
    options = RunOptions(speed=math.inf, duration=3.0)
    assert supervisor.run(profile, options, told.setdefault, roles) == 1
    assert "its firmware failed" in told["failed"]["message"]


def test_a_memory_that_cannot_be_read_at_the_end_is_told():
    roles = (supervisor.Role("engine", engine.main, vital=True),)
    told: list[tuple[str, dict]] = []
    options = RunOptions(speed=math.inf, duration=0.3)
    profile = site(f"{SCRIPTED}:Forgetful", step_ms=100)
    assert supervisor.run(profile, options, lambda kind, data: told.append((kind, data)), roles) == 0
    [warning] = [data["message"] for kind, data in told if kind == "warning"]
    assert RACK in warning
    assert "no memory" in warning


# journal


@pytest.fixture
def journal(tmp_path, emulate):
    library = tmp_path / "own.py"
    library.write_text(SCRIPTED.read_text())
    profile = site(f"{library}:Scripted")
    memories = {RACK: (5).to_bytes(8, "little")}
    emulator = emulate(profile, 3, memories)
    path = tmp_path / "journal.jsonl"
    with Journal(path, profile, 3, memories) as written:
        run(emulator, 5)
        _, at = emulator.catalogue.find("request")
        command = Command("write", "test", {"writes": [[at, 1.0]]})
        written.record(command, emulator.apply(command))
        run(emulator, 5)
        written.end(emulator)
    return path, library, emulator


def test_a_replay_runs_the_same_library_with_the_same_memory(journal):
    path, _, emulator = journal
    again = replay(path)
    again.close()
    assert again.firmware_hash() == emulator.firmware_hash()


def test_a_replay_with_another_library_is_refused(journal):
    path, library, _ = journal
    library.write_text(library.read_text() + "\n")
    with pytest.raises(JournalError, match=r"rack\[1\]: .*own.py is not the file of the run"):
        replay(path)
    library.unlink()
    with pytest.raises(JournalError, match=r"own.py is missing"):
        replay(path)


def test_a_replay_that_differs_says_that_lateness_does_not_repeat(journal):
    path, _, _ = journal
    *lines, last = path.read_text().splitlines()
    end = json.loads(last) | {"firmware": "0" * 32, "lates": 2}
    path.write_text("\n".join([*lines, json.dumps(end)]))
    with pytest.raises(JournalError, match="decided otherwise than in the run; its firmware was late 2 times"):
        replay(path)
