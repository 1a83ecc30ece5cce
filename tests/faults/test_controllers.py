"""Faults of controllers, their supply, clocks and masters, seen from outside, and that clearing them restores."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bms_emulator.faults.kind import KINDS, Blow, ClockFault, FirmwareFault, MasterFault
from bms_emulator.faults.registry import kinds
from bms_emulator.testing.bench import Bench, RefusedError

RACK, BANK, MASTER = "rack[1].controller", "container[1].controller", "container[1].master"
CONNECTED = 4.0


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A cabinet that is connected."""
    with Bench("cabinet", seed=1) as bench:
        bench.write({"container[1].request": "connect"})
        bench.run(25.0)
        assert bench.get("rack[1].mode") == CONNECTED
        yield bench


def counts(bench: Bench, point: str, seconds: float = 3.0) -> float:
    before = bench.get(point)
    bench.run(seconds)
    return bench.get(point) - before


def told(bench: Bench, kind: str) -> list[dict[str, Any]]:
    return [event.data for event in bench.events() if event.kind == kind]


@pytest.mark.parametrize(
    ("kind", "target"), [("hang", "controller"), ("heartbeat-lost", "master"), ("smoke", "enclosure")]
)
def test_what_belongs_to_the_container_is_found_without_its_name(bench: Bench, kind: str, target: str) -> None:
    assert bench.fault(kind, target, "f")["hits"] == ["container[1]"]


def test_a_crash_opens_the_rack_and_after_its_time_the_controller_starts_by_itself(bench: Bench) -> None:
    bench.fault("crash", RACK, "c", restart="3s")
    bench.run(1.0)
    assert not bench.values("rack[1].contactor[*].feedback").any()
    assert bench.get("rack[1].discharge_current_limit") == 0.0
    assert counts(bench, "rack[1].heartbeat", 1.0) == 0.0
    bench.run(3.0)
    assert counts(bench, "rack[1].heartbeat") == 3.0
    bench.run(20.0)
    assert bench.get("rack[1].mode") == CONNECTED
    assert [event["action"] for event in told(bench, "fault")] == ["added", "began", "ended"]


def test_a_power_cycle_of_the_bank_controller_alone_forgets_what_masters_asked(bench: Bench) -> None:
    bench.fault("power-cycle", BANK, off="2s")
    bench.run(1.0)
    assert counts(bench, "container[1].heartbeat", 0.5) == 0.0
    bench.run(2.0)
    assert counts(bench, "container[1].heartbeat") == 3.0
    assert bench.get("container[1].request") == 0.0


def test_a_reset_loop_never_lets_the_rack_connect_for_good(bench: Bench) -> None:
    bench.fault("reset-loop", RACK, "l", every="5s", off="1s")
    for _ in range(3):
        bench.run(0.5)
        assert not bench.values("rack[1].contactor[*].feedback").any()
        bench.run(4.5)
    bench.clear("l")
    bench.run(25.0)
    assert bench.get("rack[1].mode") == CONNECTED
    with pytest.raises(RefusedError, match="must be < every"):
        bench.fault("reset-loop", RACK, every="1s", off="2s")


@pytest.mark.parametrize(("target", "heartbeat"), [(RACK, "rack[1].heartbeat"), (BANK, "container[1].heartbeat")])
def test_a_hang_freezes_a_controller_and_afterwards_it_goes_on(bench: Bench, target: str, heartbeat: str) -> None:
    bench.fault("hang", target, "h")
    bench.run(0.5)
    assert counts(bench, heartbeat) == 0.0
    bench.write({"container[1].request": "disconnect"})
    bench.run(2.0)
    assert bench.get("rack[1].mode") == CONNECTED
    bench.clear("h")
    bench.run(5.0)
    assert bench.get("rack[1].mode") != CONNECTED
    assert counts(bench, heartbeat) == 3.0


def test_a_slow_controller_does_a_share_of_its_periods(bench: Bench) -> None:
    bench.fault("slow", RACK, "s", every=5)
    assert counts(bench, "rack[1].heartbeat", 10.0) == 2.0
    bench.clear("s")
    assert counts(bench, "rack[1].heartbeat", 10.0) == 10.0


def test_a_wrong_charge_is_shown_and_acted_upon_and_the_true_one_counts_on_underneath(bench: Bench) -> None:
    with Bench("cabinet", seed=1) as other:
        other.write({"container[1].request": "connect"})
        other.run(25.0)
        bench.fault("soc-wrong", RACK, "w", offset="-45%")
        for each in (bench, other):
            each.run(10.0)
        assert bench.get("rack[1].soc") == pytest.approx(other.get("rack[1].soc") - 0.45, abs=1e-9)
        assert bench.get("rack[1].alarm_level") > other.get("rack[1].alarm_level")
        bench.clear("w")
        for each in (bench, other):
            each.run(1.0)
        assert bench.get("rack[1].soc") == other.get("rack[1].soc")


def test_a_jump_of_the_charge_is_over_at_once_and_stays(bench: Bench) -> None:
    before = bench.get("rack[1].soc")
    bench.fault("soc-jump", RACK, "j", change="10%")
    bench.run(0.5)
    assert bench.get("rack[1].soc") == pytest.approx(before + 0.1, abs=1e-4)
    with pytest.raises(RefusedError, match="no such fault"):
        bench.clear("j")
    assert any(event["action"] == "struck" for event in told(bench, "fault"))


def test_a_flipped_bit_is_the_seeds_choice(bench: Bench) -> None:
    for seed in (7, 7, 8):
        bench.fault("bit-flip", RACK, seed=seed)
        bench.run(0.2)
    first, again, other = (event["text"] for event in told(bench, "fault") if event["action"] == "struck")
    assert first.split(":")[0] == again.split(":")[0] != other.split(":")[0]


def test_frozen_limits_stand_still_and_the_true_ones_show_again(bench: Bench) -> None:
    limit = bench.get("rack[1].discharge_current_limit")
    assert limit > 0.0
    bench.fault("limits-frozen", RACK, "f")
    bench.run(0.2)
    bench.write({"container[1].request": "disconnect"})
    bench.run(5.0)
    assert bench.get("rack[1].discharge_current_limit") == limit
    assert bench.get("rack[1].mode") != CONNECTED
    bench.clear("f")
    bench.run(0.2)
    assert bench.get("rack[1].discharge_current_limit") == 0.0


def test_frozen_data_come_with_a_live_heartbeat(bench: Bench) -> None:
    bench.fault("data-frozen", RACK, "f")
    bench.run(0.2)
    voltage = bench.get("rack[1].cell_voltage_avg")
    bench.fault("offset", "rack[1].cell[*].voltage", "o", offset="50mV")
    assert counts(bench, "rack[1].heartbeat", 5.0) == 5.0
    assert bench.get("rack[1].cell_voltage_avg") == voltage
    bench.clear("f")
    bench.run(1.0)
    assert bench.get("rack[1].cell_voltage_avg") == pytest.approx(voltage + 0.05, abs=2e-3)


def test_a_frozen_heartbeat_comes_with_live_data_and_shows_its_true_count_again(bench: Bench) -> None:
    before = bench.get("rack[1].heartbeat")
    bench.fault("heartbeat-frozen", RACK, "f")
    bench.fault("offset", "rack[1].cell[*].voltage", "o", offset="50mV")
    voltage = bench.get("rack[1].cell_voltage_avg")
    bench.run(5.0)
    assert bench.get("rack[1].heartbeat") == before
    assert bench.get("rack[1].cell_voltage_avg") > voltage + 0.04
    bench.clear("f")
    bench.run(0.1)
    assert bench.get("rack[1].heartbeat") - before == pytest.approx(5.0, abs=1.0)


def test_ignored_commands_have_no_effect_then_nor_afterwards_until_asked_again(bench: Bench) -> None:
    bench.fault("commands-ignored", BANK, "i")
    bench.run(0.1)
    bench.write({"container[1].request": "disconnect"})
    bench.run(3.0)
    bench.clear("i")
    bench.run(3.0)
    assert bench.get("rack[1].mode") == CONNECTED
    bench.write({"container[1].request": "connect"})
    bench.run(0.1)
    bench.write({"container[1].request": "disconnect"})
    bench.run(5.0)
    assert bench.get("rack[1].mode") != CONNECTED


def test_late_commands_take_effect_after_the_delay(bench: Bench) -> None:
    bench.fault("commands-late", BANK, "l", delay="3s")
    bench.run(0.1)
    bench.write({"container[1].request": "disconnect"})
    bench.run(2.9)
    assert bench.get("rack[1].mode") == CONNECTED
    bench.run(4.0)
    assert bench.get("rack[1].mode") != CONNECTED


def test_a_command_that_is_under_way_when_the_delay_ends_counts(bench: Bench) -> None:
    bench.fault("commands-late", BANK, "l", delay="1h")
    bench.run(0.1)
    bench.write({"container[1].request": "disconnect"})
    bench.run(1.0)
    bench.clear("l")
    bench.run(5.0)
    assert bench.get("rack[1].mode") != CONNECTED


def test_a_repeated_command_acts_again_whatever_was_asked_in_between(bench: Bench) -> None:
    bench.fault("commands-repeated", BANK, "r", after="5s")
    bench.run(0.1)
    bench.write({"container[1].request": "disconnect"})
    bench.run(4.0)
    bench.write({"container[1].request": "connect"})
    bench.run(4.7)
    assert not bench.values("rack[1].contactor[*].feedback").any()  # disconnected once more
    bench.run(20.0)
    assert bench.get("rack[1].mode") == CONNECTED  # connected once more


def test_a_wrong_threshold_raises_the_alarm_and_what_was_configured_comes_back(bench: Bench) -> None:
    point = "rack[1].threshold.cell_overvoltage.set[1]"
    configured = bench.get(point)
    bench.fault("configuration-wrong", RACK, "w", alarm="cell_overvoltage", level=1, value="3.0V")
    bench.run(5.0)
    assert (bench.get(point), bench.get("rack[1].alarm[cell_overvoltage].level")) == (3.0, 1.0)
    bench.clear("w")
    bench.run(20.0)
    assert (bench.get(point), bench.get("rack[1].alarm[cell_overvoltage].level")) == (configured, 0.0)
    bench.fault("configuration-wrong", RACK, "w", alarm="cell_overvoltage", level=1, value="3.0V")
    bench.run(1.0)
    bench.write({point: 3.58})
    bench.run(1.0)
    assert bench.get(point) == 3.0
    bench.clear("w")
    bench.run(0.1)
    assert bench.get(point) == 3.58
    for settings, message in (
        ({"alarm": "cell_overvoltag", "level": 1, "value": 3}, "near: cell_overvoltage"),
        ({"alarm": "cell_overvoltage", "level": 1, "value": "3A"}, "'A' is no unit of voltage"),
        ({"alarm": "cell_overvoltage", "level": 1, "value": 300}, "must be from"),
    ):
        with pytest.raises(RefusedError, match=message):
            bench.fault("configuration-wrong", RACK, **settings)


def test_wrong_clocks_show_in_time_stamps_only(bench: Bench) -> None:
    bench.fault("clock-jump", RACK, "j", by="-1h")
    bench.fault("clock-drift", BANK, "d", rate="10s/min")
    bench.run(10.0)
    bench.fault("configuration-wrong", RACK, "w", alarm="cell_overvoltage", level=1, value="3.0V")
    bench.run(5.0)
    stamp = bench.get("rack[1].alarm[cell_overvoltage].last_time")
    assert stamp == pytest.approx(bench.time - 3600.0, abs=6.0)
    newest = int(bench.get("container[1].log.count")) - 1
    assert bench.values("container[1].log[*].time")[newest] == pytest.approx(bench.time - 1.0, abs=3.5)


@pytest.mark.parametrize(("kind", "target"), [("dip", "container[1].supply"), ("loss", "container[1].ups")])
def test_without_voltage_contactors_fall_and_controllers_start_anew(bench: Bench, kind: str, target: str) -> None:
    settings = {"voltage": "8V"} if kind == "dip" else {}
    bench.fault(kind, target, "v", **settings)
    bench.run(1.0)
    assert bench.get("plant.container[1].supply.bus_voltage") == (8.0 if settings else 0.0)
    assert not bench.values("rack[1].contactor[*].feedback").any()
    bench.clear("v")
    bench.run(5.0)
    assert bench.get("plant.container[1].supply.bus_voltage") == 24.0
    assert counts(bench, "container[1].heartbeat") == 3.0


def test_the_battery_carries_a_failed_supply(bench: Bench) -> None:
    bench.fault("failure", "container[1].supply", "s")
    bench.run(5.0)
    assert (bench.get("container[1].ups.on_battery"), bench.get("rack[1].mode")) == (1.0, CONNECTED)
    bench.clear("s")
    bench.run(1.0)
    assert bench.get("container[1].ups.on_battery") == 0.0


def test_a_full_storage_takes_no_log_entry(bench: Bench) -> None:
    bench.fault("storage-full", BANK, "f")
    bench.run(0.1)
    before = bench.get("container[1].log.count")
    bench.write({"container[1].request": "disconnect"})
    bench.run(5.0)
    assert bench.get("container[1].log.count") == before
    bench.clear("f")
    bench.write({"container[1].request": "connect"})
    bench.run(5.0)
    assert bench.get("container[1].log.count") > before


def test_corrupt_storage_loses_the_charge_at_the_next_start(bench: Bench) -> None:
    bench.fault("soc-jump", RACK, change="20%")
    bench.run(0.2)
    bench.fault("storage-corrupt", RACK, "c")
    bench.run(2.0)
    assert bench.get("rack[1].alarm[persistent_memory].level") > 0.0
    bench.fault("power-cycle", RACK, off="1s")
    bench.run(3.0)
    assert bench.get("rack[1].soc") == pytest.approx(0.48, abs=0.1)
    bench.clear("c")
    bench.fault("soc-jump", RACK, change="20%")
    bench.run(0.2)
    bench.fault("power-cycle", RACK, off="1s")
    bench.run(3.0)
    assert bench.get("rack[1].soc") == pytest.approx(0.68, abs=0.1)


@pytest.mark.parametrize("kind", ["heartbeat-lost", "heartbeat-stale"])
def test_a_missing_heartbeat_takes_the_limits_and_its_return_gives_them_back(bench: Bench, kind: str) -> None:
    bench.write({"container[1].master_timeout": 5.0, "container[1].master_open_delay": 0.0})
    bench.run(1.0)
    bench.fault(kind, MASTER, "h")
    bench.run(4.0)
    assert bench.get("container[1].master_lost") == 0.0
    bench.run(2.0)
    assert (bench.get("container[1].master_lost"), bench.get("container[1].discharge_current_limit")) == (1.0, 0.0)
    assert (bench.get("container[1].master.age") < 1.5) is (kind == "heartbeat-stale")
    bench.clear("h")
    bench.run(2.0)
    assert bench.get("container[1].master_lost") == 0.0
    assert bench.get("container[1].discharge_current_limit") > 0.0


def test_a_flood_writes_as_often_as_it_says_and_changes_nothing(bench: Bench) -> None:
    before = bench.get("container[1].master.sequence")
    bench.fault("flood", MASTER, "f", rate="50/s")
    bench.run(10.0)
    assert bench.get("container[1].master.sequence") - before == pytest.approx(500.0, abs=6.0)
    assert bench.get("rack[1].mode") == CONNECTED
    bench.clear("f")
    assert counts(bench, "container[1].master.sequence") == 0.0
    with pytest.raises(RefusedError, match="no such point"):
        bench.fault("flood", MASTER, point="reqest")


def test_contradicting_masters_move_the_rack_and_stop_when_cleared(bench: Bench) -> None:
    bench.fault("contradiction", MASTER, "c", every="2s")
    seen = set()
    for _ in range(10):
        bench.run(1.0)
        seen.add(bench.get("container[1].request"))
    assert seen == {1.0, 2.0}
    bench.clear("c")
    bench.run(1.0)
    assert counts(bench, "container[1].master.sequence") == 0.0


def test_a_value_out_of_range_is_refused_and_told_each_time(bench: Bench) -> None:
    before = bench.get("container[1].soc_reserve_max")
    bench.fault("out-of-range", MASTER, "o")
    bench.run(3.0)
    refusals = [event for event in told(bench, "command") if "must be from" in event.get("refused", "")]
    assert len(refusals) in (3, 4)
    assert bench.get("container[1].soc_reserve_max") == before


def test_a_defect_raises_its_alarm_and_goes_with_the_fault(bench: Bench) -> None:
    bench.fault("defect", RACK, "d", what="clock")
    bench.run(5.0)
    assert bench.get("rack[1].alarm[clock].level") > 0.0
    bench.clear("d")
    bench.run(20.0)
    assert bench.get("rack[1].alarm[clock].level") == 0.0


@pytest.mark.parametrize("kind", ["overrun", "jitter", "pause"])
def test_faults_of_the_loop_are_refused_where_time_is_stepped(bench: Bench, kind: str) -> None:
    with pytest.raises(RefusedError, match="time is stepped here"):
        bench.fault(kind, "emulator", time="10ms")


def test_a_run_with_faults_of_controllers_repeats_bit_for_bit() -> None:
    def run() -> bytes:
        with Bench("cabinet", seed=3) as bench:
            bench.write({"container[1].request": "connect"})
            bench.fault("bit-flip", RACK, shape={"form": "random", "rate": "0.2/s", "width": "1s"})
            bench.fault("commands-late", BANK, delay="1s")
            bench.fault("contradiction", MASTER, every="7s")
            bench.fault("clock-drift", RACK, rate="1s/min")
            bench.run(40.0)
            return bench.emulator.arena.buffer.tobytes()

    assert run() == run()


def test_faults_that_are_over_leave_controllers_as_if_they_had_never_been() -> None:
    """Those that bend only what is published, and all at once."""

    def run(faults: bool) -> np.ndarray:
        with Bench("cabinet", seed=3) as bench:
            bench.write({"container[1].request": "connect"})
            bench.run(5.0)
            for n, kind in enumerate(("limits-frozen", "data-frozen", "heartbeat-frozen") if faults else ()):
                bench.fault(kind, RACK, f"f{n}")
            if faults:
                bench.fault("soc-wrong", RACK, "w", offset="1%")
            bench.run(1.0)
            if faults:
                bench.clear()
            bench.run(1.0)
            return bench.values("container[1].rack[1].*")

    assert np.array_equal(run(True), run(False), equal_nan=True)


def test_every_kind_of_these_families_says_what_it_changes_and_what_is_expected() -> None:
    ours = [n for n, k in KINDS.items() if issubclass(k, FirmwareFault | Blow | MasterFault | ClockFault)]
    assert len(ours) >= 28
    for row in kinds():
        assert all(row[key] for key in ("description", "changes", "expected"))
