"""The report of a test run: HTML to read and sign, JUnit XML for a CI server, JSON for programs."""

from bms_emulator.testing.report.write import write_report

__all__ = ["write_report"]
