"""The report as JUnit XML, as Jenkins and GitLab take it.

Requirement ids are properties of a test case. JUnit knows no inconclusive: that and errors of the rig are errors, told
apart by their type, so that neither is ever counted as a pass.
"""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bms_emulator.testing.record import Record, Verdict
from bms_emulator.testing.report.document import Report

_ELEMENT: Final = {
    Verdict.FAILED: "failure",
    Verdict.RIG_ERROR: "error",
    Verdict.INCONCLUSIVE: "error",
    Verdict.SKIPPED: "skipped",
}
_COUNTED: Final = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, digest: str) -> str:
    """The report as JUnit XML.

    Args:
        report: The report.
        digest: SHA-256 of its JSON.
    """
    totals = _totals(report.records)
    root = Element("testsuites", {"name": "bms-emulator", **totals})
    suites: dict[str, list[Record]] = {}
    for record in report.records:
        suites.setdefault(_names(record)[0], []).append(record)
    for name, records in suites.items():
        suite = SubElement(
            root, "testsuite", {"name": name, **_totals(records), "timestamp": _clean(records[0].started)}
        )
        _properties(suite, [("report.sha256", digest), ("emulator", report.emulator)])
        for record in records:
            _case(suite, record)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, record: Record) -> None:
    group, name = _names(record)
    case = SubElement(suite, "testcase", {"classname": group, "name": name, "time": f"{record.seconds:.3f}"})
    found = record.provenance
    rows = [("requirement", item) for item in record.requirements]
    rows += [("objective", record.objective), ("verdict", record.verdict), ("under_test", found.under_test)]
    rows += [("site", found.site), ("profile_hash", found.profile_hash), ("firmware_hash", found.firmware_hash)]
    rows += [("seed", str(found.seed)), ("repeat", found.command)]
    _properties(case, rows)
    if (kind := _ELEMENT.get(record.verdict)) is not None:
        told = {"message": _clean(record.reason or record.verdict)}
        typed = {} if kind == "skipped" else {"type": record.verdict.value}
        SubElement(case, kind, {**told, **typed}).text = _clean(record.details or record.reason)
    if record.capture is not None:
        SubElement(case, "system-out").text = f"[[ATTACHMENT|{_clean(record.capture.path)}]]"


def _properties(parent: Element, rows: Sequence[tuple[str, str]]) -> None:
    properties = SubElement(parent, "properties")
    for name, text in rows:
        SubElement(properties, "property", {"name": name, "value": _clean(text)})


def _names(record: Record) -> tuple[str, str]:
    """Group and name of a test: ``hil/test_x.py::TestY::test_z`` is ``test_z`` of ``hil.test_x.TestY``."""
    path, colons, rest = record.name.partition("::")
    if not colons:
        return "tests", _clean(record.name)
    head, bracket, parameters = rest.partition("[")
    *classes, name = head.split("::")
    group = ".".join([path.removesuffix(".py").replace("/", "."), *classes])
    return _clean(group), _clean(name + bracket + parameters)


def _totals(records: Sequence[Record]) -> dict[str, str]:
    ended = [_ELEMENT.get(record.verdict) for record in records]
    counts = {name: str(ended.count(element)) for name, element in _COUNTED.items()}
    return {"tests": str(len(records)), **counts, "time": f"{sum(record.seconds for record in records):.3f}"}


def _clean(text: str) -> str:
    """Text without what XML cannot hold, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
