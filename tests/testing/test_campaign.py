"""Campaigns: every run follows from its number, and what it means follows from what was seen."""

import json
from pathlib import Path

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.testing.campaign import work
from bms_emulator.testing.campaign.page import write_results
from bms_emulator.testing.campaign.plan import Plan, load_campaign
from bms_emulator.testing.campaign.result import Outcome, Shown, judge
from bms_emulator.testing.campaign.store import LINES, Store, StoreError, read_lines
from bms_emulator.testing.campaign.summary import case_rows, coverage, held
from bms_emulator.testing.campaign.work import make_run

SHIPPED = sorted((Path(__file__).parents[2] / "hil" / "campaigns").glob("*.yaml"))
CASES = """cases:
  - name: high
    faults: [{kind: stuck, target: 'rack[1].cell[3].voltage', parameters: {value: 3.7V}}]
    detected_by: ['rack[1].cell_overvoltage']
    within: 3s
    actions: [opened]
  - name: pump
    faults: [{kind: stop, target: pump}]
"""


def plan_of(folder: Path, head: str = "", cases: str = CASES) -> Plan:
    path = folder / "small.yaml"
    path.write_text(
        "name: small\ndescription: A test.\nsite: cabinet\ninitial: {connect: true}\n"
        f"duration: 45s\nfault_at: 30s\n{head}{cases}"
    )
    return load_campaign(str(path))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, "seeds: [1, 2]\noperating_points: [{name: a}, {name: b, initial: {soc_percent: 30}}]\n")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_campaigns_are_sound_and_have_a_thousand_runs(path):
    assert len(load_campaign(str(path)).runs) == 1000
    assert path.read_text().startswith("# yaml-language-server: $schema=../../device_profiles/schema/campaigns.json\n")


def test_every_case_meets_every_operating_point_with_every_seed_once(plan):
    met = [(run.case, run.operating_point, run.seed) for run in plan.runs]
    assert len(set(met)) == len(met) == 3 * 2 * 2
    assert [run.number for run in plan.runs] == list(range(1, 13))
    assert plan.runs[3].overrides["initial.soc_percent"] == 30


def test_a_walk_stays_within_its_bounds_and_each_run_follows_from_its_number_alone(tmp_path):
    head = (
        "walk: {runs: %d, seed: 4, every: 2s, site: {initial.soc_percent: [20, 80]}, "
        "points: {'pcs[1].power_setpoint': [-50kW, 60kW]}}\n"
    )
    short, long = (plan_of(tmp_path, head % runs) for runs in (5, 30))
    assert long.runs[:5] == short.runs
    for run in long.runs:
        assert 30.0 <= run.fault_at <= 37.5
        assert 20 <= run.overrides["initial.soc_percent"] <= 80
        assert all(-50e3 <= values["pcs[1].power_setpoint"] <= 60e3 for _, values in run.writes)
    assert len({run.seed for run in long.runs}) == 30
    assert {run.case for run in long.runs} == {"high", "pump"}


def test_all_problems_are_told_at_once_with_their_lines(tmp_path):
    cases = (
        "cases:\n  - {name: a, faults: [{kind: stopp, target: pump}]}\n"
        "  - {name: b, faults: [{kind: stop, target: pump}], detected_by: [coolant_flow]}\n"
    )
    with pytest.raises(ProfileError) as caught:
        plan_of(tmp_path, "write: {container.soc: 1}\n", cases)
    assert [problem.line for problem in caught.value.problems] == [7, 9, 10]
    with pytest.raises(ProfileError, match="goes without walk"):
        plan_of(tmp_path, "seeds: [1]\nwalk: {runs: 3}\n")


def test_a_run_made_twice_is_the_same_in_every_bit(plan):
    first, second = (make_run(plan, plan.runs[1]) for _ in range(2))
    assert first.error == ""
    assert first.digest == second.digest
    assert (first.alarms, first.actions) == (second.alarms, second.actions)
    assert make_run(plan, plan.runs[7]).digest != first.digest


def test_what_a_run_shows_is_when_alarms_came_and_what_followed(plan):
    shown = make_run(plan, plan.runs[1])
    assert shown.alarms["rack[1].cell_overvoltage"] == (2.0, 3)
    assert shown.actions["opened"] == pytest.approx(2.0, abs=0.2)
    assert {"charge_zero", "derated", "all_opened"} <= set(shown.actions)
    assert shown.racks_opened == 1
    (judged,) = judge(plan, [shown])
    assert (judged.outcome, judged.alarm, judged.delay, judged.level) == (
        Outcome.DETECTED,
        "rack[1].cell_overvoltage",
        2.0,
        3,
    )


def test_a_run_that_cannot_be_made_is_told_and_concerns_no_other(plan, monkeypatch):
    def refuse(self: object, run: object) -> None:
        raise ValueError("no site")

    monkeypatch.setattr(Plan, "site", refuse)
    monkeypatch.setattr(work, "_sites", {})
    assert work.make_run(plan, plan.runs[2]).error == "ValueError: no site"


OVER = "rack[1].cell_overvoltage"


@pytest.mark.parametrize(
    ("alarms", "actions", "twin", "outcome"),
    [
        ({OVER: (2.0, 3)}, {"opened": 2.0}, {}, Outcome.DETECTED),
        ({OVER: (9.0, 3)}, {"opened": 2.0}, {}, Outcome.LATE),
        ({OVER: (2.0, 3)}, {}, {}, Outcome.NO_ACTION),
        ({"rack[1].soc_low": (2.0, 3)}, {"opened": 2.0}, {}, Outcome.MISSED),
        ({OVER: (-2.0, 3)}, {"opened": 2.0}, {}, Outcome.MISSED),
        ({OVER: (2.0, 3)}, {"opened": 2.0}, {OVER: (2.0, 3)}, Outcome.MISSED),
        ({OVER: (2.0, 3)}, {"opened": 2.0}, {OVER: (2.0, 1)}, Outcome.DETECTED),
        ({}, {}, {}, Outcome.MISSED),
    ],
)
def test_a_fault_is_detected_by_its_alarm_in_its_time_with_its_action(plan, alarms, actions, twin, outcome):
    healthy, run = Shown(1, alarms=twin), Shown(2, alarms=alarms, actions=actions)
    assert judge(plan, [healthy, run])[1].outcome is outcome


def test_an_alarm_without_a_fault_is_a_false_one(plan):
    assert [one.outcome for one in judge(plan, [Shown(1), Shown(4, alarms={OVER: (1.0, 1)})])] == [
        Outcome.QUIET,
        Outcome.FALSE_ALARM,
    ]


def test_the_matrix_counts_the_runs_of_a_kind_in_which_an_alarm_rose(plan):
    shown = [Shown(n, alarms={OVER: (2.0, 3)}, actions={"opened": 2.0}) for n in (2, 5)] + [Shown(3)]
    matrix = coverage(plan, judge(plan, shown))
    assert matrix.kinds == ("sensor-stuck", "pump-stop")
    assert (matrix.alarms, matrix.runs, matrix.counts) == (("cell_overvoltage",), (2, 1), ((2,), (0,)))
    rows = {row.case: row for row in case_rows(plan, judge(plan, shown))}
    assert (rows["high"].good, rows["high"].delay_median, rows["pump"].good) == (2, 2.0, 0)
    assert not held(judge(plan, shown))


def test_results_are_kept_line_by_line_and_one_that_was_cut_off_is_made_again(plan, tmp_path):
    with Store(tmp_path, plan) as store:
        for number in (3, 1, 2):
            store.add(Shown(number, alarms={OVER: (1.5, 2)}))
    path = tmp_path / LINES
    path.write_bytes(path.read_bytes()[:-20])
    with Store(tmp_path, plan) as store:
        assert sorted(store.shown) == [1, 3]
        assert store.shown[3].alarms == {OVER: (1.5, 2)}
        assert store.missing(plan) == [2, *range(4, 13)]
        store.add(Shown(2))
    assert sorted(read_lines(path)[1]) == [1, 2, 3]


def test_results_of_another_campaign_are_not_mixed_in(plan, tmp_path):
    with Store(tmp_path, plan) as store:
        store.add(Shown(1))
    other = plan_of(tmp_path, "seeds: [1, 3]\n")
    with pytest.raises(StoreError, match="another campaign"):
        Store(tmp_path, other)
    with Store(tmp_path, other, fresh=True) as store:
        assert store.shown == {}
    (tmp_path / LINES).write_text("{}\n")
    with pytest.raises(StoreError, match="holds no results"):
        Store(tmp_path, other)


def test_results_are_written_as_table_data_and_page(plan, tmp_path):
    judged = judge(plan, [Shown(1), Shown(2), Shown(3, error="<b>broken</b>")])
    table, data, page = write_results(plan, judged, tmp_path)
    assert table.read_text().splitlines()[0].startswith("run,case,operating_point,seed")
    told = json.loads(data.read_text())
    assert (told["made"], told["planned"], told["ok"]) == (3, 12, False)
    assert told["outcomes"] == {"quiet": 1, "missed": 1, "error": 1}
    html = page.read_text()
    assert "campaign run" in html
    assert "--only 2" in html
    assert "<b>broken" not in html
    assert "http" not in html.replace("http-equiv", "")
