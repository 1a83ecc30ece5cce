"""Scenarios do what their files say, when they say it, and tell what was seen."""

from pathlib import Path

import pytest

from bms_emulator.interfaces.link import Event
from bms_emulator.profile.document import read_document
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.testing.provenance import provenance_of
from bms_emulator.testing.record import Record, Timing, Verdict
from bms_emulator.testing.scenario.load import Prepared, load_scenario
from bms_emulator.testing.scenario.run import run_stepped
from bms_emulator.testing.scenario.runner import Runner
from tests.testing.fake_driver import FakeDriver

SHIPPED = sorted((Path(__file__).parents[2] / "hil" / "scenarios").glob("*.yaml"))


def prepared(folder: Path, steps: str, head: str = "") -> Prepared:
    path = folder / "test.yaml"
    path.write_text(f"name: test\ndescription: A test.\nsite: cabinet\n{head}steps:\n{steps}")
    return load_scenario(str(path))


def run(scenario: Prepared, **laws: object) -> tuple[Record, FakeDriver]:
    driver = FakeDriver(scenario.catalogue, **laws)  # type: ignore[arg-type]
    return Runner(scenario, driver, provenance_of(scenario.site, 1, "fake", "none")).run(), driver


def problems(folder: Path, steps: str, head: str = "") -> list[str]:
    with pytest.raises(ProfileError) as caught:
        prepared(folder, steps, head)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_are_sound_and_say_where_their_schema_is(path):
    assert load_scenario(str(path)).scenario.steps
    assert path.read_text().startswith("# yaml-language-server: $schema=../../device_profiles/schema/scenarios.json\n")


def test_steps_follow_each_other_when_what_they_expect_is_decided(tmp_path):
    scenario = prepared(
        tmp_path,
        "  - {name: a, write: {container.alarm_reset: 1}, expect: [{point: 'rack[1].soc', above: 0.5, within: 5s}]}\n"
        "  - {name: b, lasts: 2s, write: {container.alarm_reset: 0}}\n"
        "  - {name: c, write: {container.service_reset: 1}}\n",
    )
    record, driver = run(scenario, **{"rack[1].soc": lambda t: t})
    assert record.verdict is Verdict.PASSED
    assert [time for time, *_ in driver.done] == pytest.approx([0.0, 0.6, 2.6])
    assert [stimulus.time for stimulus in record.stimuli] == pytest.approx([0.0, 0.6, 2.6])


def test_a_step_with_a_time_does_not_wait_for_what_the_one_before_expects(tmp_path):
    scenario = prepared(
        tmp_path,
        "  - {name: a, expect: [{point: 'rack[1].soc', above: 0.5, within: 9s}]}\n"
        "  - {name: b, at: 2s, write: {container.alarm_reset: 1}}\n",
    )
    record, driver = run(scenario, **{"rack[1].soc": lambda t: t / 10})
    assert driver.done[0][0] == pytest.approx(2.0)
    assert record.verdict is Verdict.PASSED
    assert record.checks[0].measured == pytest.approx(5.1)


def test_a_step_with_a_condition_waits_for_it(tmp_path):
    scenario = prepared(
        tmp_path, "  - {name: a, when: 'rack[1].soc > 30% for 1s', write: {container.alarm_reset: 1}}\n"
    )
    _, driver = run(scenario, **{"rack[1].soc": lambda t: t / 10})
    assert driver.done[0][0] == pytest.approx(4.1)


def test_a_condition_that_does_not_come_proves_nothing(tmp_path):
    scenario = prepared(tmp_path, "  - {name: a, when: 'rack[1].soc > 30%', timeout: 5s}\n")
    record, driver = run(scenario)
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "was not met within 5 s" in record.reason
    assert driver.since == pytest.approx(5.0)


def test_what_is_given_must_hold_or_the_rest_proves_nothing(tmp_path):
    scenario = prepared(
        tmp_path,
        "  - {name: a, given: [{point: 'rack[1].soc', above: 0.5}], write: {container.alarm_reset: 1}}\n",
    )
    record, driver = run(scenario)
    assert record.verdict is Verdict.INCONCLUSIVE
    assert record.preconditions[0].verdict is Verdict.FAILED
    assert driver.done == []


def test_faults_are_cleared_at_the_end_whatever_happens(tmp_path):
    scenario = prepared(
        tmp_path,
        "  - {name: a, faults: [{kind: stop, target: pump, name: p}]}\n"
        "  - {name: b, expect: [{point: 'rack[1].soc', above: 0.5}]}\n",
    )
    record, driver = run(scenario)
    assert record.verdict is Verdict.FAILED
    assert driver.faults == set()


def test_a_refusal_is_an_error_of_the_rig(tmp_path, monkeypatch):
    scenario = prepared(tmp_path, "  - {name: a, write: {container.alarm_reset: 1}}\n")
    monkeypatch.setitem(scenario.scenario.steps[0].write, "container.alarm_reset", "refused")
    assert run(scenario)[0].verdict is Verdict.RIG_ERROR


def test_an_alarm_that_was_not_named_fails_the_scenario(tmp_path):
    rise = Event(1, 5, 1000.4, "alarm", "container[1]", {"alarm": "fire", "level": 2, "previous": 0})
    for head, verdict in (("", Verdict.FAILED), ("may_trip: [fire]\n", Verdict.PASSED)):
        scenario = prepared(tmp_path, "  - {name: a, lasts: 1s}\n", head)
        driver = FakeDriver(scenario.catalogue)
        runner = Runner(scenario, driver, provenance_of(scenario.site, 1, "fake", "none"))
        driver.told.append(rise)
        record = runner.run()
        assert record.verdict is verdict
        assert record.alarms[0].time == pytest.approx(0.4)


def test_a_clock_that_was_bad_proves_nothing(tmp_path):
    scenario = prepared(tmp_path, "  - {name: a, lasts: 1s}\n")
    driver = FakeDriver(scenario.catalogue)
    driver.kept = Timing("real time", 1.0, 0.01, 0.5, 0.9)
    record = Runner(scenario, driver, provenance_of(scenario.site, 1, "fake", "none")).run()
    assert record.verdict is Verdict.INCONCLUSIVE
    assert "time was not kept" in record.reason


def test_a_series_is_played_from_the_beginning_of_its_step(tmp_path):
    (tmp_path / "day.csv").write_text("time_s,container[1].heartbeat_master\n0,1\n0.5,2\n2,3\n")
    scenario = prepared(tmp_path, "  - {name: a, lasts: 1s}\n  - {name: b, play: day.csv, lasts: 3s}\n")
    _, driver = run(scenario)
    assert [(time, *told.values()) for time, _, told in driver.done] == [(1.0, 1.0), (1.5, 2.0), (3.0, 3.0)]


def test_all_problems_are_told_at_once_with_their_lines(tmp_path):
    (tmp_path / "day.csv").write_text("time_s,rack[1].soc\n0,1\n")
    told = problems(
        tmp_path,
        "  - name: a\n    when: rack[1].socc > 1\n    write:\n      container.alarm_reset: maybe\n"
        "    faults:\n      - {kind: stopp, target: pump}\n    clear: [nothing]\n    play: day.csv\n"
        "    expect:\n      - {point: 'rack[1].mode', equals: open}\n",
        "may_trip: [fir]\n",
    )
    lines = {int(line.split(":")[1]): line for line in told if line.startswith("test.yaml")}
    assert sorted(lines) == [4, 7, 9, 11, 12, 15]
    assert "near: fire" in lines[4]
    assert any("day.csv" in line and "read-only" in line for line in told)


def test_values_of_the_site_are_checked_at_the_line_that_sets_them(tmp_path):
    head = "initial: {connect: true}\nset:\n  container.rack.rated_current_a: -5\nweather:\n  mean_degc: 99\n"
    told = problems(tmp_path, "  - {name: a}\n", head)
    assert [line.split(":")[1] for line in told] == ["6", "8"]
    assert problems(tmp_path, "  - {name: a}\n", "initial: {soc: 5}\n")[0].startswith(
        "test.yaml:4: initial.soc: unknown"
    )


def test_keys_that_there_are_not_are_told_with_what_is_near(tmp_path):
    (told,) = problems(tmp_path, "  - {name: a, expct: []}\n")
    assert "steps.0.expct: unknown key; near: expect" in told


def test_the_schema_completes_what_a_scenario_may_hold():
    schema = read_document(Path(__file__).parents[2] / "device_profiles" / "schema" / "scenarios.json").data
    assert {"site", "steps", "may_trip"} <= set(schema["properties"])
    assert schema["$defs"]["Expectation"]["properties"]["hold"]["type"] == ["number", "string"]


def test_the_same_seed_gives_the_same_record(tmp_path):
    steps = (
        "  - {name: a, expect: [{point: 'rack[1].mode', equals: connected, within: 60s}]}\n"
        "  - name: b\n    faults: [{kind: stuck, target: 'rack[1].cell[3].voltage', parameters: {value: 3.7V}}]\n"
        "    expect: [{point: 'rack[1].alarm[cell_overvoltage].level', equals: 3, within: 5s}]\n"
    )
    scenario = prepared(tmp_path, steps, "initial: {connect: true}\nmay_trip: ['rack[1].*']\n")
    first, second = (run_stepped(scenario) for _ in range(2))
    assert first.verdict is Verdict.PASSED, first.reason
    assert (first.checks, first.alarms, first.stimuli) == (second.checks, second.alarms, second.stimuli)
    assert first.provenance.command == f"bms-emulator scenario run {tmp_path}/test.yaml"
    assert first.provenance.site == load_site("cabinet").name
