"""``bms-emulator cell``: from files to a site that runs."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli.cell import app
from bms_emulator.profile.folders import ENVIRONMENT
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator
from tests.fitting.cycler import STANDARD, write_pulses, write_slow


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that name sound files."""
    monkeypatch.chdir(tmp_path)
    write_slow(Path("ocv.csv"), columns="charge_ah,voltage_v,direction")
    write_pulses(Path("p.csv"), STANDARD, 1e-4)
    return ["--ocv", "ocv.csv", "--pulses", "p.csv", "--to", "plant"]


def test_a_fitted_cell_runs_in_a_site(files, monkeypatch):
    code, output = run("fit", "mine", *files, "--json")
    report = json.loads(output)
    assert (code, report["profile"], report["errors"][0]["pulse_count"]) == (0, "plant/cells/mine.yaml", 16)
    assert report["capacity_ah"] == pytest.approx(100.0, rel=1e-3)
    assert report["resistance"]["tau1_s"] == pytest.approx(20.0, rel=0.1)
    monkeypatch.setenv(ENVIRONMENT, "plant")
    key = "container.rack.pack.cell"
    assert load_site("cabinet", {key: "mine"}).container.rack.pack.cell.name == "mine"
    emulator = Emulator(load_site("cabinet", {key: "mine", "container.rack.rated_current_a": 50}))
    for _ in range(20):
        emulator.tick()
    (cells,) = emulator.catalogue.select("container.rack[*].cell[*].voltage")
    assert emulator.arena.buffer[cells.offsets()] == pytest.approx(3.30, abs=0.05)


def test_every_number_of_a_fitted_profile_says_where_it_comes_from(files):
    run("fit", "mine", *files)
    text = Path("plant/cells/mine.yaml").read_text()
    assert 'capacity_ah: "[V] discharge branch of ocv.csv"' in text
    assert 'r0_mohm: "[V] fitted to 16 pulses of p.csv' in text
    assert 'activation_r0_kj_per_mol: "[U] not identifiable in p.csv; of lfp-314ah"' in text
    assert 'entropy.coefficient_uv_per_k: "[U] not measured, taken from lfp-314ah: ' in text


def test_the_fit_is_shown_with_its_errors_and_warnings(files):
    code, output = run("fit", "mine", *files)
    assert code == 0
    assert "RMS, profile" in output
    assert "warning: all pulses are at about 25 °C" in output
    assert output.endswith("plant/cells/mine.yaml: written\n")


def test_the_chart_holds_all_that_it_needs(files):
    assert run("fit", "mine", *files, "--plot", "fit.html")[0] == 0
    page = Path("fit.html").read_text()
    assert "Fit of mine" in page
    assert "Half of the hysteresis gap" in page
    assert 'src="http' not in page


def test_nothing_is_overwritten_unasked(files):
    assert run("fit", "mine", *files)[0] == 0
    code, output = run("fit", "mine", *files)
    assert code == 2
    assert "--force replaces it" in " ".join(output.replace("│", " ").split())
    assert run("fit", "mine", *files, "--force")[0] == 0


@pytest.mark.parametrize(
    ("extra", "code", "message"),
    [
        (["--like", "lfp-315ah"], 1, "no profile 'lfp-315ah' in cells/; near: lfp-314ah"),
        (["--ocv", "none.csv"], 1, "none.csv: cannot be read: No such file or directory"),
        (["--temperature", "1", "--temperature", "2"], 2, "given 2 times; once, or once for each of 1 --pulses"),
        (["--current-sign", "up"], 2, "discharge-positive"),
    ],
)
def test_what_cannot_be_used_is_refused_in_plain_words(files, extra, code, message):
    found, output = run("fit", "mine", *files, *extra)
    assert found == code
    assert message in " ".join(output.replace("│", " ").split())
    assert not Path("plant").exists()


def test_a_name_is_no_path(files):
    assert run("fit", "../mine", *files)[0] == 2


def test_a_file_of_another_sign_finds_the_same_cell(files):
    lines = [line.split(",") for line in Path("p.csv").read_text().splitlines()]
    turned = [",".join([t, str(-float(i)), *rest]) for t, i, *rest in lines[1:]]
    Path("p.csv").write_text("\n".join([",".join(lines[0]), *turned]))
    code, output = run("fit", "mine", *files, "--current-sign", "charge-positive", "--json")
    assert code == 0
    assert json.loads(output)["resistance"]["tau1_s"] == pytest.approx(20.0, rel=0.1)


def test_a_missing_package_is_named_with_its_extra(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    code, output = run("fit", "mine", *files)
    assert code == 1
    assert "needs scipy, which is not installed: pip install 'bms-emulator[lab]'" in " ".join(output.split())


def test_an_example_is_written_for_each_temperature(tmp_path, monkeypatch):
    monkeypatch.setattr("bms_emulator.fitting.example.SLOW_RATE", 2.0)
    monkeypatch.setattr("bms_emulator.fitting.example.REST", 30.0)
    code, output = run("example", str(tmp_path / "measured"), "--temperature", "0", "--temperature", "25")
    assert code == 0
    assert output.count(": written") == 3
    files = sorted(tmp_path.glob("measured/*.csv"))
    assert [file.name for file in files] == ["ocv.csv", "pulses-0degc.csv", "pulses-25degc.csv"]
    assert all(file.read_text().startswith("# Synthetic: made with the cell model of bms-emulator") for file in files)


def test_an_example_of_no_cell_is_refused(tmp_path):
    code, output = run("example", str(tmp_path), "--cell", "lfp-1ah")
    assert code == 1
    assert "no profile 'lfp-1ah' in cells/" in output
