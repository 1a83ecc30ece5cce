"""Hourly weather from CSV files."""

from pathlib import Path

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import shipped_folder
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.weather import read_hourly


def write(folder: Path, text: str) -> Path:
    file = folder / "air.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    "text",
    [
        "hour,temperature_degc\n0,1.5\n1,-2\n",
        "temperature_degc\n1.5\n-2\n",
        "# made by hand\n\n0, 1.5\r\n1 ,-2",
        "\ufeff1.5\n-2\n",
    ],
    ids=["columns", "column", "no heading", "mark of order"],
)
def test_values_are_read_in_one_or_two_columns(tmp_path: Path, text: str) -> None:
    assert read_hourly(write(tmp_path, text)) == (1.5, -2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\n2,1\n", r"air.csv:2: hour = 2: must be 1, the hours after midnight"),
        ("hour,temperature_degc\n0,99\n", r"air.csv:2: temperature_degc = 99: must be a number from -60 to 60"),
        ("1\nnan\n", r"air.csv:2: temperature_degc = nan: must be a number"),
        ("1\nhour,temperature_degc\n", r"air.csv:2: hour = hour: must be 1"),
        ("hour,temp\n0,1\n", r"air.csv:1: hour = hour: must be 0"),
        ("0,1,2\n", r"air.csv:1: has 3 columns: must be hour,temperature_degc or temperature_degc alone"),
        ("# nothing\n", r"air.csv: holds no temperature"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        read_hourly(write(tmp_path, text))


def test_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "air.csv").write_bytes(b"1\n\xff\n")
    with pytest.raises(ProfileError, match=r"air.csv:2: must be UTF-8 text"):
        read_hourly(tmp_path / "air.csv")
    with pytest.raises(ProfileError, match=r"none.csv: cannot be read: No such file"):
        read_hourly(tmp_path / "none.csv")


def test_only_some_of_very_many_problems_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        read_hourly(write(tmp_path, "x\n" * 1000))
    assert len(caught.value.problems) == 10


@pytest.mark.parametrize("name", sorted(file.stem for file in (shipped_folder() / "weather").glob("*.csv")))
def test_shipped_weather_serves_a_site(name: str) -> None:
    site = load_site("demo", {"weather": {"file": f"../weather/{name}.csv"}})
    assert len(site.weather.series_degc) == 168
    assert "[D] Synthetic" in (shipped_folder() / "weather" / f"{name}.csv").read_text()


def test_path_starts_at_the_folder_of_the_site(tmp_path: Path) -> None:
    write(tmp_path, "-5\n5\n")
    text = (shipped_folder() / "sites/demo.yaml").read_text()
    weather = text[text.index("weather:") : text.index("initial:")]
    (tmp_path / "demo.yaml").write_text(text.replace(weather, "weather:\n  file: air.csv\n\n"))
    assert load_site(str(tmp_path / "demo.yaml")).weather.hourly_degc == (-5.0, 5.0)


def test_bad_file_is_told_at_the_site_and_in_itself(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_site("demo", {"weather": {"file": str(write(tmp_path, "1\nx\n"))}}, origin="--set")
    first, second = map(str, sorted(caught.value.problems, key=lambda problem: problem.file != "--set"))
    assert first.startswith("--set: weather.file")
    assert second.endswith("air.csv:2: temperature_degc = x: must be a number from -60 to 60")


@pytest.mark.parametrize(
    ("weather", "message"),
    [
        ({}, "weather.mean_degc = null: must be the only one of mean_degc, file, hourly_degc; there is none"),
        ({"mean_degc": 5, "hourly_degc": [1]}, "there are mean_degc and hourly_degc"),
        ({"hourly_degc": [1], "swing_k": 3}, "weather.swing_k = 3: goes with mean_degc"),
        ({"hourly_degc": []}, "weather.hourly_degc"),
        ({"hourly_degc": [1, 70]}, "weather.hourly_degc.1 = 70: must be <= 60"),
    ],
)
def test_there_is_one_weather(weather: dict[str, object], message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_site("demo", {"weather": weather})
    assert message in str(caught.value)
