"""``bms-emulator age`` and ``fast-forward``."""

import json

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli import age as module
from bms_emulator.cli import app
from bms_emulator.cli.client import ClientError


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_the_table_has_a_row_for_every_year():
    done = run("age", "cabinet", "--years", "3")
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines() if line.split() and line.split()[0].isdigit()]
    assert [row[0] for row in rows] == ["0", "1", "2", "3"]
    assert [float(part.rstrip("%")) for part in rows[0][1:4]] == pytest.approx([98.5] * 3, abs=0.25)


def test_options_describe_the_duty():
    def soh(*words: str) -> float:
        done = run("age", "cabinet", "--years", "10", "--json", *words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["years"][-1]["soh_mean"]

    assert soh("--cycles", "0.5") > soh() > soh("--cycles", "2")
    assert soh("--temperature", "20") > soh("--temperature", "45")
    assert soh("--climate", "5") > soh("--climate", "45")
    assert soh("--depth", "40") > soh("--depth", "90")
    assert soh("--set", "container.rack.pack.cell.ageing.cycle_scale=0") > soh()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["age", "nowhere"], "nowhere"),
        (["age", "cabinet", "--cycles", "30"], "initial.age.cycles_per_day"),
        (["age", "cabinet", "--climate", "200"], "initial.age.climate_degc"),
        (["age", "cabinet", "--set", "container.rack.pack.cell.ageing.model=guess"], "naumann"),
        (["age", "cabinet", "--years", "0"], "--years"),
        (["fast-forward"], "--years"),
        (["fast-forward", "--years", "1", "--days", "2"], "--years"),
    ],
)
def test_what_is_wrong_is_refused_with_exit_code_2(words: list[str], message: str):
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.output


ANSWER = {
    "tick": 42,
    "time_s": 4.2,
    "result": {
        "days": 1826.25,
        "duty": "declared",
        "before": {"soh_mean": 0.985, "soh_min": 0.985, "resistance_growth_mean": 1.0, "age_years": 0.0}
        | {"equivalent_cycles": 0.0},
        "after": {"soh_mean": 0.86, "soh_min": 0.85, "resistance_growth_mean": 1.125, "age_years": 5.0}
        | {"equivalent_cycles": 1643.6},
    },
}


class Answering:
    """A client whose emulator always answers alike."""

    asked: tuple[str, object]

    def __init__(self, url: str, token: str | None) -> None:
        pass

    def post(self, path: str, body: object) -> object:
        Answering.asked = path, body
        return ANSWER


class Silent(Answering):
    def post(self, path: str, body: object) -> object:
        raise ClientError("no emulator answers")


def test_years_are_asked_for_in_days_and_told_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "Client", Answering)
    done = run("fast-forward", "--years", "5")
    assert done.exit_code == 0, done.output
    assert Answering.asked == ("/api/fast-forward", {"days": 1826.25})
    assert "98.50% -> 86.00%" in done.stdout
    assert "+12.5%" in done.stdout
    assert json.loads(run("fast-forward", "--days", "3", "--json").stdout) == ANSWER


def test_a_refusal_ends_with_exit_code_1(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "Client", Silent)
    done = run("fast-forward", "--days", "3")
    assert done.exit_code == 1
    assert "no emulator answers" in done.output
