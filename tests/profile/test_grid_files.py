"""Load and PV from CSV files, and the sections of a site that name them."""

from pathlib import Path

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import shipped_folder
from bms_emulator.profile.grid import LOAD_COLUMNS, PV_COLUMNS
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.table import read_columns


def write(folder: Path, text: str) -> Path:
    file = folder / "load.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    "text",
    [
        "hour,power_kw\n0,1.5\n0.25,-2\n",
        "# a bakery\n\nhour, power_kw\r\n0, 1.5\r\n0.25 ,-2",
        "\ufeffpower_kw,time_s\n1.5,0\n-2,900\n",
        "time,power_kw\n00:00,1.5\n00:15,-2\n",
        "time,power_kw\n2024-06-01 00:00:00,1.5\n2024-06-01T00:15,-2\n",
    ],
    ids=["hour", "comments", "seconds, turned round", "time of day", "dates"],
)
def test_times_are_read_in_each_way_of_writing_them(tmp_path: Path, text: str) -> None:
    assert read_columns(write(tmp_path, text), LOAD_COLUMNS) == {"time_s": (0.0, 900.0), "power_kw": (1.5, -2.0)}


def test_dates_count_from_midnight_of_the_first_day(tmp_path: Path) -> None:
    text = "time,power_kw\n2024-12-31 18:00,1\n2025-01-01 06:00,2\n"
    assert read_columns(write(tmp_path, text), LOAD_COLUMNS)["time_s"] == (64800.0, 108000.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hour,reactive_kvar\n0,1\n", r"load.csv:1: power_kw: is missing in the heading"),
        ("power_kw\n1\n", r"load.csv:1: the heading must name one column of times: hour, time_s, time"),
        ("hour,time_s,power_kw\n0,0,1\n", r"load.csv:1: the heading must name one column of times"),
        ("hour,powr_kw\n0,1\n", r"load.csv:1: powr_kw: is no column of this table; near: power_kw"),
        ("hour,power_kw,power_kw\n0,1,1\n", r"load.csv:1: power_kw: stands twice"),
        ("hour,power_kw\n0,1\n1,x\n", r"load.csv:3: power_kw = x: must be a number from 0 on"),
        ("hour,power_kw\n0,-1\n", r"load.csv:2: power_kw = -1: must be a number from 0 on"),
        ("hour,power_kw\n0,nan\n", r"load.csv:2: power_kw = nan: must be a number"),
        ("hour,power_kw\n0,1e999\n", r"load.csv:2: power_kw = 1e999: must be a number"),
        ("hour,power_kw\n0,1\n2,1\n1,1\n", r"load.csv:4: hour = 1: must come after the time of the line before"),
        ("hour,power_kw\n0,1\n0,1\n", r"load.csv:3: hour = 0: must come after"),
        ("hour,power_kw\nx,1\n", r"load.csv:2: hour = x: must be the hours after midnight"),
        ("hour,power_kw\n-1,1\n", r"load.csv:2: hour = -1: must be the hours after midnight"),
        ("time,power_kw\n25:00,1\n", r"load.csv:2: time = 25:00: must be a time such as 15:30"),
        ("hour,power_kw\n0\n", r"load.csv:2: has 1 columns: must be 2, as the heading"),
        ("hour,power_kw\n", r"load.csv: holds no values"),
        ("", r"load.csv: the heading must name one column of times"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        read_columns(write(tmp_path, text), PV_COLUMNS)


def test_all_problems_of_a_file_are_told_at_once_the_first_ten_at_most(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        read_columns(write(tmp_path, "hour,power_kw\n0,x\n0,1\n"), LOAD_COLUMNS)
    assert [problem.line for problem in caught.value.problems] == [2, 3]
    with pytest.raises(ProfileError) as caught:
        read_columns(write(tmp_path, "hour,power_kw\n" + "x,x\n" * 1000), LOAD_COLUMNS)
    assert len(caught.value.problems) == 10


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"load": {}}, "load.power_kw = null: must be the only one of power_kw, file, series; there is none"),
        ({"load": {"power_kw": 1, "file": "x.csv"}}, "there are power_kw and file"),
        ({"load": {"power_kw": 1, "scale": -1}}, "load.scale = -1"),
        ({"load": {"power_kw": 1, "phase_shares_percent": [50, 50, 10]}}, "must add up to 100; they add up to 110"),
        ({"pv": {"power_kw": -1}}, "pv.power_kw = -1: must be >= 0"),
        ({"pv": {"series": {"time_s": [0, 0], "power_kw": [1, 2]}}}, "pv.series.time_s .*must increase"),
        ({"pv": {"series": {"time_s": [0, 1], "power_kw": [1]}}}, "pv.series.power_kw .*must have 2 values"),
        ({"grid.voltage_v": 0}, "grid.voltage_v = 0"),
        ({"meter.reversed_phases": ["d"]}, "meter.reversed_phases"),
    ],
)
def test_sections_of_a_site_hold_their_laws(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_site("demo", overrides)


def test_bad_file_is_told_at_the_site_and_in_itself(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_site("demo", {"load": {"file": str(write(tmp_path, "hour,power_kw\n0,x\n"))}}, origin="--set")
    first, second = map(str, sorted(caught.value.problems, key=lambda problem: problem.file != "--set"))
    assert first.startswith("--set: load.file")
    assert second.endswith("load.csv:2: power_kw = x: must be a number")


def test_site_without_load_and_pv_has_none() -> None:
    site = load_site("demo")
    assert site.load.values.power_kw == site.pv.values.power_kw == (0.0,)


@pytest.mark.parametrize(("folder", "columns"), [("loads", LOAD_COLUMNS), ("pv", PV_COLUMNS)])
def test_shipped_weeks_are_weeks(folder: str, columns: dict[str, object]) -> None:
    for file in (shipped_folder() / folder).glob("*-week.csv"):
        read = read_columns(file, columns)  # type: ignore[arg-type]
        assert len(read["time_s"]) == 672
        assert 2.0 * read["time_s"][-1] - read["time_s"][-2] == 7 * 86400.0
        assert "[D] Synthetic, by formula" in file.read_text()
