"""Files of measurements: found by name, and every problem told with its place."""

from pathlib import Path

import numpy as np
import pytest

from bms_emulator.fitting.measurements import MeasurementError
from bms_emulator.fitting.records import read_open_circuit, read_pulses
from tests.fitting.cycler import STANDARD, pulse_lines, write_slow


@pytest.fixture
def lines() -> list[str]:
    return pulse_lines(STANDARD[:1])


def read(tmp_path: Path, lines: list[str], temperature: float | None = None):
    file = tmp_path / "pulses.csv"
    file.write_text("\n".join(lines) + "\n")
    return read_pulses(file, 1.0, temperature, 1.0)


def problems(tmp_path: Path, lines: list[str]) -> list[str]:
    with pytest.raises(MeasurementError) as caught:
        read(tmp_path, lines)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "header",
    [
        "Test Time (s), Current (A), Voltage (V), Temperature (C)",
        "time_s,I [A],U [V],T_degC",
        "elapsed_s,current_a,cell_voltage_v,temperature_degc",
    ],
)
def test_columns_are_found_however_a_cycler_writes_them(tmp_path, lines, header):
    assert read(tmp_path, [header, *lines[1:]]).voltage == pytest.approx(read(tmp_path, lines).voltage)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_comments_and_empty_lines_change_nothing(tmp_path, lines, separator):
    spaced = ["# a note", "", *(line.replace(",", separator) for line in lines), ""]
    record = read(tmp_path, spaced)
    assert record.note == "a note"
    assert record.time == pytest.approx(read(tmp_path, lines).time)


def test_units_in_names_are_converted(tmp_path, lines):
    rows = [line.split(",") for line in lines[1:]]
    scaled = ["time_min,current_ma,voltage_mv,temperature_degc"]
    scaled += [f"{float(t) / 60},{float(i) * 1e3},{float(u) * 1e3},{k}" for t, i, u, k in rows]
    one, other = read(tmp_path, scaled), read(tmp_path, lines)
    for key in ("time", "current", "voltage", "temperature"):
        assert getattr(one, key) == pytest.approx(getattr(other, key))
    assert np.unique(one.temperature) == pytest.approx([298.15])


def test_the_sign_of_the_current_is_an_option(tmp_path, lines):
    file = tmp_path / "p.csv"
    file.write_text("\n".join(lines))
    one, other = (read_pulses(file, sign, None, 1.0) for sign in (1.0, -1.0))
    assert (one.current == -other.current).all()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("time_s,curent_a,voltage_v", "pulses.csv:1: no column current_a"),
        ("time_s,curent_a,voltage_v", "near: curent_a"),
        ("time,current_a,voltage_v", "no column time_s (also known as test_time_s"),
        ("time_s,current_a,voltage", "near: voltage"),
        ("time_s,current_a,voltage_v,u_v", "u_v: says the same as column voltage_v; leave one out"),
    ],
)
def test_a_missing_column_is_named_with_what_is_near(tmp_path, header, message):
    rows = [",".join(["1"] * (header.count(",") + 1))] * 40
    assert message in problems(tmp_path, [header, *rows])[0]


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        (2, "oops", "pulses.csv:6: voltage_v: 'oops' is no number"),
        (2, "nan", "pulses.csv:6: voltage_v: 'nan': must be a finite number"),
        (1, "inf", "pulses.csv:6: current_a: 'inf': must be a finite number"),
        (1, "", "pulses.csv:6: current_a: '' is no number"),
        (0, "1", "pulses.csv:6: time_s = "),
    ],
)
def test_a_bad_value_is_told_with_its_line_and_column(tmp_path, lines, column, text, message):
    fields = lines[5].split(",")
    fields[column] = text
    assert message in problems(tmp_path, [*lines[:5], ",".join(fields), *lines[6:]])[0]


def test_a_decimal_comma_is_recognised(tmp_path, lines):
    semicolons = [line.replace(",", ";").replace(".", ",") for line in lines]
    assert "write decimals with a point" in problems(tmp_path, semicolons)[0]


def test_all_bad_values_are_told_up_to_a_count(tmp_path, lines):
    bad = [lines[0], *(line.replace("25.0", "warm") for line in lines[1:])]
    told = problems(tmp_path, bad)
    assert len(told) == 21
    assert told[-1].endswith(f"and {len(lines) - 21} more")


def test_a_row_of_another_length_is_told(tmp_path, lines):
    assert problems(tmp_path, [*lines[:9], "1,2", *lines[9:]]) == [
        "pulses.csv:10: has 2 values, the first line names 4 columns"
    ]


def test_too_few_rows_are_refused(tmp_path, lines):
    assert problems(tmp_path, lines[:9]) == ["pulses.csv: has 8 rows, must have at least 30"]


def test_an_empty_file_and_one_that_is_not_there_are_refused(tmp_path):
    assert "is empty" in problems(tmp_path, [])[0]
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_pulses(tmp_path / "none.csv", 1.0, None, 1.0)


def test_a_test_without_temperature_needs_it_from_outside(tmp_path, lines):
    bare = [line.rpartition(",")[0] for line in lines]
    assert "--temperature" in problems(tmp_path, bare)[0]
    assert read(tmp_path, bare, 10.0).temperature == pytest.approx(np.full(len(lines) - 1, 283.15))


def test_slow_branches_may_be_given_over_charge_or_state_of_charge(tmp_path):
    by_soc = read_open_circuit(write_slow(tmp_path / "a.csv"))
    by_charge = read_open_circuit(write_slow(tmp_path / "b.csv", columns="charge_ah,voltage_v,direction"))
    assert by_soc.capacity is None
    assert by_charge.capacity == pytest.approx(100 * 3600.0)
    for branch in ("charge", "discharge"):
        one, other = getattr(by_soc, branch), getattr(by_charge, branch)
        assert one.soc == pytest.approx(other.soc, abs=1e-5)
        assert one.voltage == pytest.approx(other.voltage)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",discharge", ",sideways", "direction: 'sideways': must be one of charge, chg, discharge"),
        (",discharge", ",charge", "has 0 rows of direction discharge"),
        ("soc,", "fullness,", "no column soc, soc_percent or charge_ah"),
        ("0.500000,", "50,", "soc = 50: must lie between 0 and 1; a column in percent is named soc_percent"),
    ],
)
def test_slow_branches_that_cannot_be_used_are_refused(tmp_path, old, new, message):
    file = write_slow(tmp_path / "ocv.csv")
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(MeasurementError) as caught:
        read_open_circuit(file)
    assert message in str(caught.value)


def test_a_branch_that_covers_half_is_refused(tmp_path):
    file = write_slow(tmp_path / "ocv.csv")
    kept = [line for line in file.read_text().splitlines() if not line.startswith(("0.0", "0.1"))]
    file.write_text("\n".join(kept))
    with pytest.raises(MeasurementError, match=r"covers soc 0\.200 to 1\.000, must cover 0 to 1"):
        read_open_circuit(file)


def test_branches_of_different_charge_are_refused(tmp_path):
    file = write_slow(tmp_path / "ocv.csv", columns="charge_ah,voltage_v,direction")
    lines = file.read_text().splitlines()
    kept = [
        line for line in lines if not (line.endswith(",charge") and line.startswith(("96", "97", "98", "99", "100")))
    ]
    file.write_text("\n".join(kept))
    with pytest.raises(MeasurementError, match=r"charge of 95\.9 Ah and discharge of 100 Ah differ by more than 2%"):
        read_open_circuit(file)
