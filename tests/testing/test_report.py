"""The report: all of every record in it, nothing outside it, nothing better than it was; what was signed is found."""

import json
import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.runtime.recorder import Recorder, Signal
from bms_emulator.testing.capture import sha256_of
from bms_emulator.testing.record import (
    AlarmChange,
    CaptureFile,
    Check,
    Provenance,
    Record,
    Stimulus,
    Timing,
    Verdict,
)
from bms_emulator.testing.report import write_report
from bms_emulator.testing.report.collect import collect
from bms_emulator.testing.report.document import (
    Report,
    ReportError,
    parse_report,
    read_report,
    report_text,
    settled,
    worst,
)
from bms_emulator.testing.report.trace import Status, trace
from bms_emulator.testing.report.verify import verify
from bms_emulator.testing.report.write import drawings, write_records
from bms_emulator.testing.requirements import Requirement

VOID = {"meta", "br", "link", "img", "hr"}
SITE_HASH, FIRMWARE_HASH = "a1" * 32, "b2" * 32
COMMAND = "python -m pytest 'hil/test_protection.py::TestOver::test_voltage[3]' --seed 11"
RECORD = Record(
    name="hil/test_protection.py::TestOver::test_voltage[3]",
    objective="A cell above <3.65 V> & more opens its rack.",
    requirements=("PRO-OV-3", "PRO-LAT-1"),
    provenance=Provenance(
        "demo", SITE_HASH, "mine.so", FIRMWARE_HASH, "9.9", 11, "bench-7", "controller at 192.0.2.7", COMMAND
    ),
    started="2026-01-02T03:04:05+00:00",
    seconds=1.5,
    duration=150.0,
    timing=Timing("factor", 20.0, 0.0002, 0.0031, 0.0177, 4, 1),
    preconditions=[Check(9.0, "rack 3 is connected", "rack[3].mode", "", 4.0, 4.0, 9.0, 9.0, 4.0)],
    stimuli=[Stimulus(60.0, "fault", "rack[3].cell[41].voltage", "stuck at 3.70 V", "active at tick 600")],
    checks=[
        Check(62.0, "the rack opens in time", "rack[3].mode", "s", None, 6.0, 60.0, 66.0, 2.1, 3.9),
        Check(90.0, "no cell is hot", "rack[3].cell[*].temperature", "K", None, 328.15, 60.0, 150.0, 301.15, 27.0),
        Check(90.0, "voltage within its band", "rack[3].cell_voltage_max", "V", 2.5, 3.65, 0.0, 150.0, 3.6, 0.05),
    ],
    alarms=[
        AlarmChange(62.0, "container[1].rack[3]", "alarm", "cell_overvoltage 0 -> 3"),
        AlarmChange(62.1, "container[1].rack[3]", "state", "mode opening -> fault"),
        AlarmChange(62.1, "container[1].rack[4]", "state", "mode opening -> fault"),
    ],
)
REQUIREMENTS = {
    name: Requirement(name, f"Title {name}", f"Text of {name}.", "[U] a source", "Protection")
    for name in ("PRO-OV-3", "PRO-LAT-1", "PRO-UV-3")
}


class Reader(HTMLParser):
    """Elements in their nesting, texts, identifiers and addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "data", "xlink:href")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def write_capture(folder: Path, rows: int = 300) -> CaptureFile:
    """A capture of a mode, a voltage with a gap, and forty temperatures."""
    path = folder / "captures" / "c.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rack = "container[1].rack[3]"
    signals = [
        Signal(f"{rack}.mode", "", "enum", {4: "connected", 6: "fault"}),
        Signal(f"{rack}.cell_voltage_max", "V"),
        *(Signal(f"{rack}.cell[{n}].temperature", "K") for n in range(1, 41)),
    ]
    with Recorder(path, signals, {"site": "demo"}) as writing:
        for n in range(rows):
            time = 150.0 * n / rows
            voltage = np.nan if 100.0 < time < 110.0 else 3.3 + 0.3 * (time > 60.0)
            writing.add(time, n, np.array([6.0 if time > 62.0 else 4.0, voltage, *(298.0 + np.sin(n + np.arange(40)))]))
    return CaptureFile("captures/c.parquet", sha256_of(path), rows, tuple(signal.name for signal in signals))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    records = [
        replace(RECORD, capture=write_capture(made)),
        replace(RECORD, name="weak", verdict=Verdict.FAILED, reason="it <stayed> closed", details="Traceback & more"),
        replace(RECORD, name="late", verdict=Verdict.INCONCLUSIVE, reason="the clock was bad", requirements=("X-1",)),
        replace(RECORD, name="lost", verdict=Verdict.RIG_ERROR, reason="no connection\x00", checks=[], alarms=[]),
        replace(RECORD, name="left", verdict=Verdict.SKIPPED, reason="no serial line", requirements=()),
    ]
    write_report(records, made, REQUIREMENTS)
    return made


@pytest.fixture(scope="module")
def read(folder: Path) -> Reader:
    return Reader((folder / "report.html").read_text(encoding="utf-8"))


def test_every_element_is_closed_and_every_link_leads_somewhere(read: Reader) -> None:
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert {address.removeprefix("#") for address in read.addresses} <= set(read.ids)


def test_the_page_needs_neither_script_nor_network(folder: Path, read: Reader) -> None:
    assert all(address.startswith("#") for address in read.addresses)
    page = (folder / "report.html").read_text()
    assert "script" not in read.tags
    assert "://" not in page
    assert "@import" not in page


@pytest.mark.parametrize(
    "text",
    [
        RECORD.objective,
        "rack 3 is connected",
        "stuck at 3.70 V",
        "active at tick 600",
        "≤ 328.15 K (55 °C)",
        "301.15 K (28 °C)",
        "27 K",
        "2.5 V to 3.65 V",
        "60 s to 66 s",
        "3.9 s",
        "it <stayed> closed",
        "Traceback & more",
        "rack[3]: cell_overvoltage 0 → 3",
        "rack[3] and 1 more: mode opening → fault",
        SITE_HASH,
        FIRMWARE_HASH,
        "bms-emulator 9.9, seed 11",
        "factor ×20; lateness median 0.2 ms, p99 3.1 ms, max 17.7 ms; 4 overruns, 1 ticks skipped",
        "captures/c.parquet, 300 rows of 42 signals",
        "controller at 192.0.2.7",
        "bench-7",
        COMMAND,
        "Text of PRO-UV-3.",
        "no test",
        "Not in the list of requirements",
        "1 of 5 tests passed",
    ],
)
def test_the_page_says_all_that_a_record_holds(read: Reader, text: str) -> None:
    assert text in " ".join(" ".join(read.texts).split())


def test_the_plot_shows_stimuli_curves_limits_and_alarms(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    drawn = page[page.index("<svg") : page.index("</svg>")]
    for part in ('class="stimulus"', 'class="c c0"', 'class="range c0"', 'class="limit good"', 'class="window good"'):
        assert part in drawn
    assert 'class="alarm level3"' in drawn
    assert ">connected<" in drawn
    assert "rack.cell.temperature, 40 points, least to greatest" in drawn
    voltage = next(path for path in re.findall(r'class="c c0" d="([^"]+)"', drawn) if path.count("L") > 50)
    assert voltage.count("M") == 2  # a gap where nothing valid was measured


def test_a_capture_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    lost = replace(RECORD, capture=CaptureFile("captures/lost.parquet", "0" * 64, 1, ("a",)))
    page = write_report([lost], tmp_path)
    assert "The capture cannot be drawn." in page.read_text()


def test_the_digest_on_the_page_is_that_of_the_data(folder: Path, read: Reader) -> None:
    digest = sha256_of(folder / "report.json")
    assert digest in "".join("".join(read.texts).split())


def test_junit_tells_requirements_and_never_counts_what_proves_nothing_as_a_pass(folder: Path) -> None:
    root = ElementTree.parse(folder / "junit.xml").getroot()
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "1",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    first = cases["test_voltage[3]"]
    assert first.get("classname") == "hil.test_protection.TestOver"
    named = [(item.get("name"), item.get("value")) for item in first.iter("property")]
    assert [value for name, value in named if name == "requirement"] == ["PRO-OV-3", "PRO-LAT-1"]
    assert ("repeat", COMMAND) in named
    assert [child.tag for child in first] == ["properties", "system-out"]
    assert [(cases[name][1].tag, cases[name][1].get("type")) for name in ("weak", "late", "lost", "left")] == [
        ("failure", "failed"),
        ("error", "inconclusive"),
        ("error", "rig error"),
        ("skipped", None),
    ]
    assert cases["lost"][1].get("message") == "no connection\ufffd"


def test_the_format_of_the_data_is_the_one_that_programs_know(folder: Path) -> None:
    data = json.loads((folder / "report.json").read_text())
    assert list(data) == ["format", "emulator", "created", "records", "requirements"]
    assert data["format"] == 1
    assert list(data["records"][0]) == [
        "name", "objective", "requirements", "provenance", "started", "seconds", "duration", "timing", "preconditions",
        "stimuli", "checks", "alarms", "capture", "verdict", "reason", "details",
    ]  # fmt: skip
    assert list(data["requirements"][0]) == ["id", "title", "text", "source", "area"]


texts = st.text(string.printable + "<&\"'é→", max_size=20)
numbers = st.none() | st.floats(allow_nan=False)
checks = st.builds(
    Check, st.floats(0, 1e6), texts, texts, texts, *[numbers] * 6, st.sampled_from(list(Verdict)), texts
)  # fmt: skip
records = st.builds(
    replace,
    st.just(RECORD),
    name=texts,
    objective=texts,
    requirements=st.lists(st.sampled_from(["PRO-OV-3", "PRO-UV-3", "X-1"]), max_size=3).map(tuple),
    preconditions=st.lists(checks, max_size=2),
    checks=st.lists(checks, max_size=3),
    verdict=st.sampled_from(list(Verdict)),
    reason=texts,
)


@given(st.lists(records, max_size=4))
def test_data_read_back_is_what_was_written(made: list[Record]) -> None:
    report = Report("1.0", "2026-01-01T00:00:00+00:00", made, list(REQUIREMENTS.values()))
    assert parse_report(report_text(report), "r") == report


@given(records)
def test_no_record_is_reported_better_than_its_checks(record: Record) -> None:
    shown = settled(record).verdict
    bad = [check.verdict for check in record.checks if check.verdict is not Verdict.SKIPPED]
    assert worst([shown, record.verdict, *bad]) is shown
    if any(check.verdict not in (Verdict.PASSED, Verdict.SKIPPED) for check in record.preconditions):
        assert shown not in (Verdict.PASSED, Verdict.SKIPPED)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_report_of_any_records_can_be_drawn(folder: Path, data: st.DataObject) -> None:
    """Also of numbers that make no sense: a test that went wrong must not take the report with it."""
    captured = read_report(folder / "report.json").records[0].capture
    points = st.sampled_from(RECORD.checks).map(lambda check: (check.point, check.unit))
    judged = st.builds(lambda check, point: replace(check, point=point[0], unit=point[1]), checks, points)
    changes = st.builds(AlarmChange, st.floats(0, 1e6), texts, st.sampled_from(["alarm", "state"]), texts)
    drawn = st.builds(
        replace,
        records,
        checks=st.lists(judged, max_size=3),
        alarms=st.lists(changes, max_size=4),
        capture=st.sampled_from([captured, None]),
    )
    report = Report("1.0", "", [data.draw(drawn)])
    made = drawings(report_text(report).encode(), folder)
    assert Reader(made["report.html"]).open == []
    ElementTree.fromstring(made["junit.xml"])
    for part in re.findall(r"<svg.*?</svg>", made["report.html"], re.DOTALL):
        assert "nan" not in re.sub(r">[^<]*<", "><", part)


def test_a_verdict_that_its_checks_contradict_is_reported_with_the_reason(tmp_path: Path) -> None:
    broken = replace(RECORD.checks[0], verdict=Verdict.FAILED, reason="it came late")
    write_report([replace(RECORD, checks=[broken])], tmp_path)
    (record,) = read_report(tmp_path / "report.json").records
    assert (record.verdict, record.reason) == (Verdict.FAILED, "the rack opens in time: it came late")


@given(st.lists(records, max_size=6))
def test_a_requirement_is_verified_only_by_tests_that_all_passed(made: list[Record]) -> None:
    traced = {item.requirement.id: item for item in trace(made, list(REQUIREMENTS.values()))}
    assert set(REQUIREMENTS) <= set(traced)
    for name, item in traced.items():
        assert item.tests == tuple(n for n, record in enumerate(made) if name in record.requirements)
        verdicts = {made[n].verdict for n in item.tests}
        verified = Verdict.PASSED in verdicts and verdicts <= {Verdict.PASSED, Verdict.SKIPPED}
        assert (item.status is Status.VERIFIED) is verified
        assert (item.status is Status.UNTESTED) is (not verdicts)
        assert (item.status is Status.NOT_MET) is (Verdict.FAILED in verdicts)
        assert item.listed is (name in REQUIREMENTS)


@given(st.lists(records, max_size=6))
def test_a_report_holds_only_where_something_passed_and_nothing_did_worse_than_to_be_skipped(
    made: list[Record],
) -> None:
    verdicts = {record.verdict for record in made}
    report = Report("1.0", "", made)
    assert report.held is (Verdict.PASSED in verdicts and report.verdict in (Verdict.PASSED, Verdict.SKIPPED))


def test_a_report_nobody_touched_is_verified(folder: Path) -> None:
    digest = sha256_of(folder / "report.json")
    spaced = " ".join(digest[n : n + 8] for n in range(0, 64, 8)).upper()
    findings = verify(folder, spaced)
    assert [finding.file for finding in findings] == ["report.json", "captures/c.parquet", "report.html", "junit.xml"]
    assert all(finding.ok for finding in findings)


@pytest.mark.parametrize("name", ["report.html", "junit.xml", "captures/c.parquet"])
def test_a_file_that_was_touched_is_found(tmp_path: Path, name: str) -> None:
    write_report([replace(RECORD, capture=write_capture(tmp_path))], tmp_path)
    file = tmp_path / name
    file.write_bytes(file.read_bytes().replace(b"3", b"2", 1))
    assert name in [finding.file for finding in verify(tmp_path) if not finding.ok]
    file.unlink()
    assert name in [finding.file for finding in verify(tmp_path) if not finding.ok]


def test_a_report_that_was_written_anew_is_not_what_was_signed(tmp_path: Path) -> None:
    write_report([replace(RECORD, verdict=Verdict.FAILED)], tmp_path)
    signed = sha256_of(tmp_path / "report.json")
    write_report([RECORD], tmp_path)
    assert all(finding.ok for finding in verify(tmp_path))
    assert [finding.file for finding in verify(tmp_path, signed) if not finding.ok] == ["report.json"]


def test_what_another_version_drew_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report([RECORD], tmp_path)
    monkeypatch.setattr("bms_emulator.testing.report.verify.__version__", "0.0.0")
    assert verify(tmp_path)[-1].text.startswith("not compared: drawn by version")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "is no report of tests"),
        ('{"format": 2, "records": []}', "is of format 2; this program reads format 1"),
        ('{"format": 1, "records": [], "emulator": 3}', "emulator: Input should be a valid string"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ReportError, match=told):
        verify(tmp_path)


def test_a_digest_of_a_wrong_length_is_refused(folder: Path) -> None:
    with pytest.raises(ReportError, match="a SHA-256 has 64 hexadecimal digits; this has 4 characters"):
        verify(folder, "12ab")


def test_parts_are_put_together_with_their_captures_and_the_last_run_counts(tmp_path: Path) -> None:
    one, two, both = tmp_path / "one", tmp_path / "two", tmp_path / "both"
    later = replace(RECORD, started="2026-01-02T05:00:00+01:00", verdict=Verdict.FAILED)
    earlier = replace(RECORD, started="2026-01-02T04:30:00+01:00")
    write_report([later, replace(RECORD, name="a", capture=write_capture(one))], one, REQUIREMENTS)
    write_records([earlier], two / "records-1.json")
    write_records([replace(RECORD, name="b")], two / "records-2.json")
    _, report = collect([one, two], both)
    assert {record.name: record.verdict for record in report.records} == {
        RECORD.name: Verdict.FAILED,
        "a": Verdict.PASSED,
        "b": Verdict.PASSED,
    }
    assert [item.id for item in report.requirements] == list(REQUIREMENTS)
    assert all(finding.ok for finding in verify(both))


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"has neither records\*\.json nor report\.json"):
        collect([tmp_path], tmp_path)
    with pytest.raises(ReportError, match="there is no such folder"):
        collect([tmp_path / "nowhere"], tmp_path)


def test_sixty_tests_with_captures_of_hours_stay_below_five_megabytes(tmp_path: Path) -> None:
    capture = write_capture(tmp_path, 4000)
    page = write_report([replace(RECORD, name=f"test {n}", capture=capture) for n in range(60)], tmp_path, REQUIREMENTS)
    assert page.stat().st_size < 5e6
