"""How late, hung and mad workers are dealt with, on a clock of the test."""

import itertools
import math
from functools import partial

import numpy as np
import pytest

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import GROUPS as CONTRACT_GROUPS
from bms_emulator.firmware.contract import (
    Action,
    Commands,
    MasterLink,
    RackMode,
    RackOrders,
    RackOutputs,
)
from bms_emulator.firmware.native import dialogue as dialogue_module
from bms_emulator.firmware.native import host as host_module
from bms_emulator.firmware.native.host import FirmwareStopError, Pace, UserFirmwareHost
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.layout import Layout as BlockLayout
from bms_emulator.firmware.native.ranges import NUMBERS, PAIRS, WORDS
from bms_emulator.firmware.native.views import output_fields
from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.state import GROUPS as SENSING_GROUPS
from bms_emulator.sensing.state import Measured
from tests.native.fake_worker import NEVER, FakeClock, FakeWorker

DT = 0.1
PATIENCE = 0.05


def largest(name: str) -> float:
    """Of a number of the outputs."""
    return NUMBERS[name]


class Bench:
    """Two racks of the demo with fake workers, stepped tick by tick."""

    def __init__(self, monkeypatch, *, realtime: bool, **settings) -> None:
        self.clock = clock = FakeClock()
        self.workers: list[FakeWorker] = []
        self.durations: dict[int, float] = {}
        fake = type("Fake", (FakeWorker,), {"made": self.workers, "clock": clock, "duration": self._duration})
        self.fake = fake
        monkeypatch.setattr(host_module, "Worker", fake)
        row = {"library": "fake.so", **settings}
        self.site = load_site("demo", {"user_firmware": [{"racks": "rack[1..2]", **row}]})
        arena = Arena(Layout(self.site.counts, CONTRACT_GROUPS | SENSING_GROUPS))
        self.measured = arena.group("measured", Measured)
        self.outputs = arena.group("firmware.racks", RackOutputs)
        self.orders = arena.group("firmware.orders", RackOrders)
        self.commands = arena.group("commands", Commands)
        self.powered = np.ones(1)
        master = arena.group("master", MasterLink)
        self.host = UserFirmwareHost(self.site, self.outputs, self.orders, self.commands, master, self.powered)
        if realtime:
            self.host.pace = Pace(clock, lambda: PATIENCE)
        self.tick = 0
        self.longest_tick = 0.0
        self.events: list[dict] = []
        self.change = lambda worker: None

    def _duration(self, worker: FakeWorker) -> float:
        self.change(worker)
        return self.durations.get(worker.pid, 0.0)

    def run(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            began = self.clock.now
            self.host.scatter(self.measured, self.tick, DT)
            self.host.gather(self.measured, self.tick, DT)
            self.longest_tick = max(self.longest_tick, self.clock.now - began)
            self.clock.now = max(self.clock.now, began + DT)
            self.tick += 1
            self.events += [
                data | {"rack": source[-2], "tick": self.tick} for _, source, data in self.host.take_events()
            ]

    def actions(self, rack: str = "1") -> list[str]:
        return [event["action"] for event in self.events if event["rack"] == rack]

    def state(self, n: int = 0) -> str:
        return self.host.status()[n]["state"]


@pytest.fixture
def bench(monkeypatch):
    return partial(Bench, monkeypatch)


def test_outputs_of_users_firmware_take_the_place_of_the_reference(bench):
    rig = bench(realtime=False)
    rig.outputs.mode.fill(RackMode.STANDBY)
    rig.outputs.cell_voltage_max.fill(3.4)
    rig.run()
    assert rig.outputs.mode[:3].tolist() == [RackMode.CONNECTED, RackMode.CONNECTED, RackMode.STANDBY]
    assert rig.outputs.contactor_command[0].tolist() == [1.0, 0.0, 1.0]
    assert rig.outputs.charge_current_limit[:3].tolist() == [10.0, 10.0, 0.0]
    assert rig.outputs.cell_voltage_max[0] == 3.4  # no firmware gives it: the reference's stays


def test_time_that_a_firmware_is_told_is_that_of_the_tick_s_end(bench):
    rig = bench(realtime=False)
    rig.run(3)
    assert rig.workers[0].begun == (300_000_000, 100_000_000, 1)


def test_in_lockstep_time_waits_for_the_slowest(bench):
    rig = bench(realtime=False)
    rig.durations = {1000: 0.9, 1001: 0.0}
    rig.run(3)
    assert [worker.steps for worker in rig.workers] == [3, 3]
    assert rig.clock.now == pytest.approx(2.7)
    assert rig.actions() == []


def test_in_real_time_a_tick_waits_for_its_patience_and_no_longer(bench):
    rig = bench(realtime=True)
    rig.durations = {1000: 0.24}
    rig.run()
    assert rig.clock.now == pytest.approx(DT)
    assert rig.state() == "late"
    rig.run(2)
    assert rig.workers[0].steps == 1, "a late worker is not stepped again"
    assert rig.workers[1].steps == 3, "the others go on"
    rig.durations = {}
    rig.run(2)
    assert rig.actions() == ["late", "answered"]
    assert rig.state() == "running"
    assert rig.workers[0].steps >= 2


def test_patience_is_shared_by_all_workers(bench):
    rig = bench(realtime=True)
    rig.durations = {1000: NEVER, 1001: NEVER}
    rig.host.scatter(rig.measured, 0, DT)
    rig.host.gather(rig.measured, 0, DT)
    assert rig.clock.now == pytest.approx(PATIENCE)


def test_the_last_outputs_hold_until_the_watchdog_bites_and_then_are_safe(bench):
    rig = bench(realtime=True, step_limit_ms=600_000)
    rig.run()
    rig.durations = {1000: NEVER}
    rig.run(4)
    assert rig.outputs.contactor_command[0].tolist() == [1.0, 0.0, 1.0]
    rig.run()
    assert rig.outputs.contactor_command[0].tolist() == [0.0, 0.0, 0.0]
    assert rig.outputs.charge_current_limit[0] == 0.0
    assert rig.outputs.mode[0] == RackMode.FAULT
    assert rig.outputs.alarm_level[0] == 3
    assert rig.outputs.contactor_command[1].tolist() == [1.0, 0.0, 1.0]
    assert rig.actions() == ["late", "safe"]
    assert rig.state() == "safe"


def test_a_worker_beyond_its_step_limit_is_killed_and_a_new_one_is_told_why(bench):
    rig = bench(realtime=True, step_limit_ms=1050)  # between two ticks, so that no rounding decides
    rig.run(3)
    rig.durations = {1000: NEVER}
    rig.run(15)
    assert rig.actions() == ["late", "safe", "hang"]
    rig.run(2)
    assert rig.actions() == ["late", "safe", "hang", "started", "running"]
    assert not rig.workers[0].alive
    assert rig.workers[2].resets == [1], "a watchdog reset"
    assert rig.state() == "running"
    assert rig.outputs.contactor_command[0].tolist() == [1.0, 0.0, 1.0]


def test_in_real_time_the_last_words_of_a_hung_worker_keep_no_tick_waiting(bench):
    rig = bench(realtime=True, step_limit_ms=200)
    rig.durations = {1000: NEVER}
    rig.run(9)
    assert rig.workers[0].was_given_up
    assert rig.clock.now == pytest.approx(9 * DT)
    assert rig.actions()[:3] == ["late", "safe", "hang"]


def test_a_worker_that_hangs_in_lockstep_is_killed_at_once(bench):
    rig = bench(realtime=False, on_failure="hold")
    rig.durations = {1000: NEVER}
    rig.run(8)
    assert rig.actions() == ["hang", "safe", "stopped"]
    assert rig.state() == "stopped"
    assert rig.host.status()[0]["pid"] is None
    assert rig.state(1) == "running"


def test_in_real_time_a_start_keeps_no_tick_waiting(bench):
    rig = bench(realtime=True, step_limit_ms=100)
    rig.durations = {1000: NEVER}
    rig.fake.start_duration = 0.35
    rig.run(6)
    assert rig.state() == "restarting"
    began = rig.clock.now
    rig.run(2)
    assert rig.clock.now == pytest.approx(began + 2 * DT)
    rig.run(5)
    assert rig.state() == "running"


def test_nonsense_is_told_once_and_not_applied(bench):
    rig = bench(realtime=False)
    rig.run()

    def nonsense(worker):
        if worker.pid == 1000:
            worker.outputs["charge_current_limit"] = float("nan")

    rig.change = nonsense
    rig.run(3)
    assert rig.actions() == ["nonsense"]
    assert "charge_current_limit" in rig.events[0]["message"]
    assert rig.outputs.charge_current_limit[0] == 10.0
    rig.change = lambda worker: None
    rig.run()
    assert rig.actions() == ["nonsense", "running"]


def test_lasting_nonsense_ends_in_a_new_process(bench):
    rig = bench(realtime=False)

    def nonsense(worker):
        worker.outputs["soc"] = 50.0 if worker.pid == 1000 else 0.5

    rig.change = nonsense
    rig.run(8)
    assert rig.actions() == ["nonsense", "safe", "started", "running"]
    assert rig.outputs.soc[0] == 0.5


def test_after_as_many_restarts_as_permitted_a_rack_stays_safe(bench):
    rig = bench(realtime=False, restart_limit=2)

    def nonsense(worker):
        worker.outputs["soc"] = 0.5 if worker.pid == 1001 else 50.0

    rig.change = nonsense
    rig.run(60)
    assert rig.actions() == ["nonsense", "safe", "started", "nonsense", "started", "nonsense", "stopped"]
    assert rig.host.status()[0]["restarts"] == 2
    assert rig.outputs.contactor_command[0].tolist() == [0.0, 0.0, 0.0]


def test_a_failure_that_must_end_the_run_ends_it_once_it_was_told(bench):
    rig = bench(realtime=False, on_failure="stop")
    rig.durations = {1000: NEVER}
    rig.run(6)
    assert rig.actions() == ["hang", "safe", "stopped"]
    with pytest.raises(FirmwareStopError, match=r"container\[1\].rack\[1\]: its firmware failed"):
        rig.run()


def test_without_supply_a_rack_is_off_and_wakes_with_its_memory(bench):
    rig = bench(realtime=False)
    rig.run(3)
    rig.powered[0] = 0.0
    rig.run(2)
    assert [worker.alive for worker in rig.workers] == [False, False]
    assert rig.outputs.contactor_command[0].tolist() == [0.0, 0.0, 0.0]
    assert rig.outputs.mode[0] == RackMode.SHUTDOWN
    assert rig.state() == "off"
    rig.powered[0] = 1.0
    rig.run(2)
    assert rig.workers[2].blob == b"3"
    assert rig.workers[2].resets == [0], "a power-on reset"
    assert rig.outputs.mode[0] == RackMode.CONNECTED
    assert rig.actions() == ["unpowered", "powered", "started"]


def test_after_a_crash_the_memory_is_that_of_the_last_minute(bench):
    rig = bench(realtime=False)
    rig.run(620)
    rig.durations = {1000: NEVER}
    rig.run(7)
    assert rig.workers[2].blob == b"600"


def test_in_lockstep_a_second_failure_in_a_row_is_followed_by_a_pause(bench):
    rig = bench(realtime=False)
    rig.change = lambda worker: worker.outputs.__setitem__("soc", 50.0)
    rig.run(30)
    starts = [event["tick"] for event in rig.events if event["rack"] == "1" and event["action"] == "started"]
    assert starts[1] - starts[0] >= 10, "a second of simulated time"


@pytest.mark.parametrize("what", ["start_duration", "reset_duration", "memory_duration"])
def test_in_real_time_no_call_to_a_worker_keeps_a_tick_waiting(bench, what):
    rig = bench(realtime=True, step_limit_ms=250, restart_limit=1000)
    rig.run(590)
    setattr(rig.fake, what, NEVER)
    rig.durations = {1000: NEVER} if what != "memory_duration" else {}
    began = rig.clock.now
    rig.run(60)
    waited = PATIENCE if rig.durations else 0.0  # a step is waited for, and the other calls are not
    assert rig.clock.now == pytest.approx(began + 60 * DT)
    assert rig.longest_tick <= waited + 1e-9
    assert rig.workers[1].steps >= 600 or what == "memory_duration"


def test_in_real_time_a_memory_is_taken_up_when_it_is_there(bench):
    rig = bench(realtime=True)
    rig.fake.memory_duration = 0.24
    rig.run(604)
    assert rig.actions() == ["late", "answered"]
    assert rig.host.memories()["container[1].rack[1]"] == b"602"
    assert rig.workers[0].steps == 602, "it was not stepped while it was asked"


def test_in_lockstep_every_call_is_waited_for(bench):
    rig = bench(realtime=False)
    rig.fake.memory_duration = rig.fake.reset_duration = 0.24
    rig.run(604)
    assert rig.workers[0].steps == 604
    assert rig.actions() == []


def test_a_firmware_that_hangs_in_its_memory_goes_safe_and_is_started_anew(bench):
    rig = bench(realtime=True, step_limit_ms=650)
    rig.run(590)
    rig.fake.memory_duration = NEVER
    rig.run(30)
    assert rig.actions()[:4] == ["late", "safe", "hang", "started"]


def test_without_supply_a_slow_memory_keeps_no_tick_waiting_and_is_there_at_the_next_start(bench):
    rig = bench(realtime=True)
    rig.run(3)
    rig.fake.memory_duration = 0.24
    rig.powered[0] = 0.0
    rig.run()
    assert rig.outputs.contactor_command[0].tolist() == [0.0, 0.0, 0.0]
    rig.powered[0] = 1.0
    rig.run()
    assert rig.state() == "off", "its last process still writes"
    rig.run(4)
    assert rig.workers[2].blob == b"3"
    assert rig.longest_tick == 0.0


def test_beside_an_engine_in_the_real_time_class_workers_come_next_but_not_while_they_are_late(bench, monkeypatch):
    given = []
    monkeypatch.setattr(host_module, "next_priority", lambda: 49)
    monkeypatch.setattr(dialogue_module, "set_priority", lambda pid, priority: given.append((pid, priority)))
    rig = bench(realtime=True)
    rig.run(2)
    assert given == [(1000, 49), (1001, 49)]
    rig.durations = {1000: 0.14}
    rig.run()
    assert given[2:] == [(1000, 0)]
    rig.durations = {}
    rig.run(3)
    assert given[3:] == [(1000, 49)]
    rig.host.pace = host_module.LOCKSTEP
    rig.run()
    assert given[4:] == [(1000, 0), (1001, 0)]


def test_an_alarm_that_the_firmware_does_not_name_counts_and_is_told_once(bench):
    rig = bench(realtime=False)

    def raise_alarms(worker):
        worker.outputs["alarm_count"] = 2 if worker.pid == 1000 else 0
        worker.outputs["alarms"][0] = (9, 2, 3, 0)
        worker.outputs["alarms"][1] = (1, 1, 3, 0)

    rig.change = raise_alarms
    rig.run(3)
    rig.change = lambda worker: worker.outputs.__setitem__("alarm_count", 0)
    rig.run()
    rig.change = raise_alarms
    rig.run(3)
    told = [event for event in rig.events if event.get("action") == "alarm"]
    assert [event["alarm"] for event in told] == ["alarm_9"]
    assert "bms_describe names no alarm" in told[0]["message"]
    assert rig.outputs.alarm_level[0] == 2
    assert rig.state() == "running"


NONSENSE = [
    *((word.name, word.largest + 1) for word in WORDS if word.kind != "any"),
    *((word.name, 0xFFFFFFFF) for word in WORDS if word.kind != "any"),
    *((name, value) for name in NUMBERS for value in (math.nan, math.inf, -math.inf, -1.0, 2.0 * largest(name))),
    *((wider, 9.0) for wider in PAIRS.values()),
    ("balancing", 2),
    ("alarms", (1, 0, 0, 0)),
    ("alarms", (1, 4, 0, 0)),
    ("alarms", (1, 1, 5000, 0)),
]


def test_every_field_of_the_outputs_is_looked_at():
    never_wrong = {"heartbeat", "log"}
    names = set(output_fields(BlockLayout(Counts(4, 4, 1)))[0].names)
    assert {name for name, _ in NONSENSE} == names - never_wrong


@pytest.mark.parametrize(("field", "value"), NONSENSE)
def test_nonsense_in_any_field_never_reaches_the_outputs_and_ends_safe(bench, field, value):
    rig = bench(realtime=False)
    rig.change = sensible
    rig.run(3)
    held = {name: array[0].copy() for name, array in vars(rig.outputs).items()}

    def nonsense(worker):
        sensible(worker)
        if worker.pid == 1000:
            worker.outputs["alarm_count"] = field == "alarms"
            worker.outputs[field].flat[3 if field == "balancing" else 0] = value

    rig.change = nonsense
    rig.run(4)
    for name, array in vars(rig.outputs).items():
        np.testing.assert_array_equal(array[0], held[name], name)
    assert rig.actions() == ["nonsense"]
    assert rig.events[0]["message"].startswith(field)
    rig.run()
    assert rig.actions() == ["nonsense", "safe"]
    assert not rig.outputs.contactor_command[0].any()
    assert not any(getattr(rig.outputs, name)[0] for name in NUMBERS if "limit" in name)
    assert all(np.isfinite(getattr(rig.outputs, name)[0]) for name in NUMBERS)


def sensible(worker) -> None:
    """Outputs that are all there and in order."""
    worker.outputs["alarm_count"] = 0
    worker.outputs["balancing"] = 0
    worker.outputs["balancing"][5] = 1
    for name in NUMBERS:
        worker.outputs[name] = 0.5 if largest(name) == 1.0 else 10.0


def test_an_order_of_one_period_reaches_a_worker_that_missed_it(bench):
    rig = bench(realtime=True)
    rig.durations = {1000: 0.15}
    rig.run()
    rig.orders.alarm_reset.fill(1.0)
    rig.run()
    rig.orders.alarm_reset.fill(0.0)
    rig.durations = {}
    rig.run(3)
    for worker in rig.workers:
        flags = [int(seen["command"]["flags"]) >> 3 & 1 for seen in worker.seen]
        assert flags.count(1) == 1


def test_the_bank_has_the_last_word_on_insulation_monitors_and_shows_its_action(bench):
    rig = bench(realtime=False)
    rig.change = lambda worker: worker.outputs.__setitem__("flags", 1 << 2)
    rig.orders.insulation_enabled[:2] = 0.0, 1.0
    rig.orders.action[:2] = Action.STOP, Action.NONE
    rig.run()
    assert rig.outputs.insulation_monitor_enabled[:2].tolist() == [0.0, 1.0]
    assert rig.outputs.alarm_action[:2].tolist() == [Action.STOP, Action.NONE]


def test_the_digest_depends_on_every_output_and_on_its_tick(bench):
    digests = set()
    for change, ticks in itertools.product((0.0, 1.0), (3, 4)):
        rig = bench(realtime=False)
        rig.change = lambda worker, value=change: worker.outputs.__setitem__("soe_charge", value)
        rig.run(ticks)
        digests.add(rig.host.digest())
    assert len(digests) == 4
    again = bench(realtime=False)
    again.run(3)
    assert again.host.digest() in digests
