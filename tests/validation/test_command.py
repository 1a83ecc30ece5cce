"""``bms-emulator validate``."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli import app
from bms_emulator.validation import lab, registry
from bms_emulator.validation.check import Check, Context, Finding, Row, Section


def held(_: Context) -> Iterator[Finding]:
    yield Row.close("good", 1.0, 1.0, 0.1, "V", "[D] by hand")


def failing(_: Context) -> Iterator[Finding]:
    yield Row.close("bad", 2.0, 1.0, 0.1, "V", "[D] by hand")


def raising(_: Context) -> Iterator[Finding]:
    yield from held(_)
    raise ZeroDivisionError("by nought")


def interrupted(_: Context) -> Iterator[Finding]:
    yield from held(_)
    raise KeyboardInterrupt


SECTIONS = (
    Section("fine", "Fine", (Check("fine.good", "Good", "As told.", held),)),
    Section("wrong", "Wrong", (Check("wrong.bad", "Bad", "As told.", failing),)),
    Section("broken", "Broken", (Check("broken.raises", "Raises", "As told.", raising),)),
    Section("stopped", "Stopped", (Check("stopped.now", "Now", "As told.", interrupted),)),
)


@pytest.fixture(autouse=True)
def _injected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SECTIONS", SECTIONS)
    monkeypatch.setattr(registry.select, "__defaults__", (SECTIONS,))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "new" / "report.html"


def validate(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, words)])


def test_it_ends_well_where_all_rows_held(output: Path) -> None:
    done = validate("--only", "fine", "--output", output)
    assert done.exit_code == 0
    assert "1 of 1 rows held" in done.output
    assert "good" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize("only", ["wrong", "broken", "fine,wrong"])
def test_a_row_that_failed_or_a_check_that_raised_ends_it_with_status_1(output: Path, only: str) -> None:
    done = validate("--only", only, "--output", output)
    assert done.exit_code == 1
    assert output.is_file()


def test_json_has_all_rows_and_what_was_run(output: Path) -> None:
    done = validate("--only", "fine,wrong", "--json", "--seed", "5", "--output", output)
    told = json.loads(done.stdout)
    assert (told["ok"], told["held"], told["count"], told["seed"], told["site"]) == (False, 1, 2, 5, "demo")
    assert [row["name"] for row in told["rows"]] == ["good", "bad"]
    assert len(told["profile_hash"]) == 64
    assert told["report"] == str(output)


def test_list_runs_nothing(output: Path) -> None:
    done = validate("--list", "--output", output)
    assert done.exit_code == 0
    assert "stopped.now" in done.output
    assert not output.parent.exists()
    assert [row["name"] for row in json.loads(validate("--list", "--json", "--only", "fine").stdout)] == ["fine.good"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--only", "fin"), "'fin': no such section or check; near: fine"),
        (("--output", "/proc/nowhere/report.html"), "--output /proc/nowhere/report.html"),
        (("--output", "/"), "is a folder"),
        (("--seed", "-1"), "--seed"),
    ],
)
def test_a_wrong_command_line_ends_it_with_status_2(words: tuple[str, ...], message: str) -> None:
    done = validate(*words)
    assert done.exit_code == 2
    assert message in done.output


def test_an_interrupt_leaves_no_report(output: Path) -> None:
    done = validate("--only", "stopped", "--output", output)
    assert done.exit_code == 130
    assert "no report was written" in done.output
    assert not output.exists()


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None if name == "thevenin" else name)
    done = validate("--list")
    assert done.exit_code == 2
    assert "needs thevenin" in done.output
    assert "bms-emulator[lab]" in done.output
