"""``bms-emulator fault`` against the emulator's web server."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from bms_emulator.cli.fault import app
from tests.cli.fault_server import TIME, TOKEN, FaultLink, serve


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def started() -> Iterator[FaultLink]:
    with serve() as server:
        yield server


@pytest.fixture
def server(started: FaultLink, monkeypatch: pytest.MonkeyPatch) -> FaultLink:
    monkeypatch.setenv("BMS_EMULATOR_URL", started.url)
    monkeypatch.setenv("BMS_EMULATOR_TOKEN", TOKEN)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # a proxy must not come between
    started.faults.clear(everything=True)
    return started


def fault(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_add_prints_when_and_where_the_fault_is_active(server):
    done = fault("add", "rack[3].cell[41]", "internal-short", "--resistance", "0.5ohm", "--name", "s1")
    assert done.exit_code == 0
    assert "s1: cell-internal-short on rack[3].cell[41] resistance=0.5: active from tick 42, 4.200 s" in done.output
    assert "container[1].rack[3].cell[41]" in done.output


def test_add_takes_parameters_anywhere_and_negative_ones(server):
    done = fault("add", "--offset", "-30mV", "rack[3].cell[41].voltage", "--at=+5s", "offset", "--for", "30s", "--json")
    assert done.exit_code == 0, done.output
    added = json.loads(done.output)["result"]
    assert added["parameters"] == {"offset": -0.03}
    assert (added["begin"], added["end"]) == (TIME + 5, TIME + 35)
    assert fault("add", "rack[1].current", "gain", "--gain=-1").exit_code == 0
    assert fault("add", "rack[1].current", "drift", "--rate", "-1mA/h").exit_code == 0


def test_a_pending_fault_says_when_it_begins(server):
    done = fault("add", "pump", "stop", "--ramp", "10s", "--at", "5s", "--name", "p")
    assert "accepted at tick 42, begins at 9.200 s" in done.output


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ([], {"form": "step"}),
        (["--ramp", "10s"], {"form": "ramp", "duration": 10.0}),
        (["--pulse", "3", "--width", "2s", "--gap", "1s"], {"form": "pulse", "count": 3, "width": 2.0, "gap": 1.0}),
        (["--period", "10s", "--duty", "20%"], {"form": "periodic", "period": 10.0, "duty": 0.2}),
        (["--random", "6/min", "--width", "1s"], {"form": "random", "rate": 0.1, "width": 1.0}),
    ],
)
def test_options_describe_the_shape(server, options, shape):
    assert fault("add", "pump", "stop", "--name", "p", *options).exit_code == 0
    assert server.faults.listing()[0]["shape"] == shape


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "pump", "stop", "--ramp", "1s", "--period", "2s"], "one shape only"),
        (["add", "pump", "stop", "--gap", "1s"], "--gap: needs --pulse"),
        (["add", "pump", "stop", "--dryrun"], "--dryrun: needs a value; near: --dry-run"),
        (["add", "pump"], "kind"),
        (["clear"], "one of them"),
        (["clear", "a", "--all"], "one of them"),
    ],
)
def test_wrong_usage_is_exit_code_2(server, words, message):
    done = fault(*words)
    assert done.exit_code == 2
    assert message in done.output.lower()
    assert server.faults.listing() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "pumpp", "stop"], "near: pump"),
        (["add", "pump", "slow", "--sped", "0.5"], "speed: is required; sped: unknown; near: speed"),
        (["clear", "nobody"], "nobody: no such fault"),
        (["explain", "nobody"], "nobody: no such fault"),
        (["kinds", "pumpp"], "near: pump"),
    ],
)
def test_a_refusal_is_exit_code_1_and_shows_what_the_emulator_says(server, words, message):
    done = fault(*words)
    assert done.exit_code == 1
    assert message in done.output


def test_a_dry_run_shows_what_would_be_hit_and_adds_nothing(server):
    done = fault("add", "rack[*].contactor[main_positive]", "welded", "--dry-run")
    assert "would hit container[1].rack[1].contactor[main_positive]" in done.output
    assert "and 4 more" in done.output
    assert server.faults.listing() == []


def test_list_explain_and_clear(server):
    assert "no faults" in fault("list").output
    fault("add", "rack[3].contactor[main_positive]", "welded", "--name", "w")
    fault("add", "rack[1].current", "stuck", "--value", "10A", "--name", "i", "--for", "10s")
    listed = fault("list").output
    assert "rack[3].contactor[main_positive]" in listed
    assert "value=10.0" in listed
    assert [row["name"] for row in json.loads(fault("list", "--json").output)] == ["w", "i"]
    told = fault("explain", "i").output
    assert all(text in told for text in ("sensor-stuck", "14.200 s", "expected", "A good BMS"))
    assert json.loads(fault("explain", "w", "--json").output)["expected"]
    assert fault("clear", "--match", "rack[3]*").output.strip() == "cleared: w"
    assert json.loads(fault("clear", "--all", "--json").output)["cleared"] == ["i"]
    assert fault("clear", "--all").output.strip() == "nothing to clear"


def test_kinds_need_no_emulator():
    everything = fault("kinds").output
    assert "rack[*].contactor[*]" in everything
    assert "a measured point" in everything
    rows = json.loads(fault("kinds", "rack[3].cell[41].voltage", "--json").output)
    assert {"stuck", "open", "offset"} <= {row["word"] for row in rows}


def test_help_shows_examples():
    assert "internal-short --resistance 0.5ohm" in fault("add", "--help").output
    assert "clear --match" in fault("clear", "--help").output


def test_a_fault_waits_for_its_condition(server):
    done = fault("add", "rack[3].controller", "hang", "--when", "rack[3].soc < 20% for 2s", "--for", "5s", "--rearm")
    assert "accepted at tick 42, waits for rack[3].soc < 20% for 2s" in done.output, done.output
    (listed,) = json.loads(fault("list", "--json").output)
    assert (listed["phase"], listed["begin"]) == ("waiting", None)
    assert "waiting" in fault("list").output
    assert "rack[3].soc < 20% for 2s" in fault("explain", listed["name"]).output


def test_a_held_fault_is_renewed_until_the_command_is_interrupted_then_cleared(server, monkeypatch):
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        assert server.faults.listing()
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("bms_emulator.cli.fault_lease.time.sleep", sleep)
    server.renewed.clear()
    done = fault("add", "pump", "stop", "--hold", "--name", "p")
    assert done.exit_code == 0, done.output
    assert "cleared: p" in done.output
    assert server.renewed == ["p", "p"]
    assert waits == pytest.approx([10.0] * 3)
    assert server.faults.listing() == []


def test_a_held_fault_that_has_gone_ends_the_command_with_an_error(server, monkeypatch):
    monkeypatch.setattr("bms_emulator.cli.fault_lease.time.sleep", lambda _: server.faults.clear(everything=True))
    done = fault("add", "pump", "stop", "--hold", "--name", "p")
    assert done.exit_code == 1
    assert "p: is held no more: p: no such fault" in done.output


def test_a_lease_is_renewed_by_hand(server):
    fault("add", "pump", "stop", "--lease", "30s", "--name", "p")
    assert fault("renew", "p").output.strip() == "renewed: p"
    assert "p: has no lease" not in fault("explain", "p").output
    assert fault("renew", "q").exit_code == 1


def test_a_file_of_faults_is_added_whole_or_not_at_all(server, tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text(
        "- {target: pump, kind: stop, name: a, for: 30s}\n"
        "- target: 'rack[3].current'\n  kind: drift\n  parameters: {rate: 2A/h}\n  name: b\n"
    )
    done = fault("load", str(file))
    assert done.exit_code == 0, done.output
    assert [row["name"] for row in server.faults.listing()] == ["a", "b"]
    server.faults.clear(everything=True)
    file.write_text("- {target: pump, kind: stop}\n- {target: pump, kind: stop, fro: 3s}\n")
    done = fault("load", str(file))
    assert done.exit_code == 1
    assert "faults.yaml:2" in done.output
    assert "near: for" in done.output
    file.write_text("- {target: pump, kind: stop}\n- {target: pump, kind: stopp}\n")
    assert "fault 2 of 2" in fault("load", str(file)).output
    assert server.faults.listing() == []


def test_the_full_list_of_kinds_says_what_a_bms_should_do():
    told = fault("kinds", "rack[3].controller", "--full").output
    assert "controller-crash: The firmware crashes" in told
    assert all(text in told for text in ("--restart", "changes", "expected", "default 10.0"))
