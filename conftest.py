"""Shared by all tests: what a test does when an external component is absent."""

import os
import shutil
from collections.abc import Callable, Generator

import pytest

EVERYTHING_IS_HERE = any(os.environ.get(name, "") not in {"", "0", "false"} for name in ("BMS_EMULATOR_CI", "CI"))
"""Whether all external components are promised to be present, so that a skip hides a failure."""


@pytest.fixture
def require_program() -> Callable[[str], str]:
    """Path of an external program by its name; the test is skipped where it is absent."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"program {name} is not installed")
        return path

    return find


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a component test into a failure where every component is promised."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if EVERYTHING_IS_HERE and skipped and item.get_closest_marker("component"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        report.outcome = "failed"
        report.longrepr = f"skipped where all components must be present: {reason.removeprefix('Skipped: ')}"
    return report
