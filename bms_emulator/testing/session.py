"""A run of pytest with rigs: the rig that was asked for, records of tests, and the report at the end."""

import os
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bms_emulator.profile.site import SiteProfile
    from bms_emulator.testing.record import Record
    from bms_emulator.testing.requirements import Requirement
    from bms_emulator.testing.rig import Conduct
    from bms_emulator.testing.rigs.rig_file import RigFile

CONDUCT: "pytest.StashKey[Conduct]" = pytest.StashKey()
"""The rig of an item."""
DEFAULT = "reference"
FOLDERS = ("hil/rigs", "rigs")
"""Where rig files are searched for, below the root folder of the tests."""
VERDICT = "verdict"
"""Property of a test's report in which its verdict travels to who counts."""


class Session:
    """Hooks of a run, in the process that runs tests and in the one that only counts them.

    Args:
        config: Configuration of the run.

    Attributes:
        folder: Folder of the report; None where none is wanted.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        report = config.getoption("report")
        self.folder = None if report is None else Path(config.invocation_params.dir) / report
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._worker = "main" if worker is None else str(worker["workerid"])
        self._is_worker = worker is not None
        self._rigs: dict[str, RigFile] = {}
        self._sites: dict[tuple[str, str], SiteProfile] = {}
        self._count = 0
        self._verdicts: Counter[str] = Counter()
        self._page: Path | None = None
        self._requirements: Mapping[str, Requirement] | None = None

    def rig_name(self, item: pytest.Item | None = None) -> str:
        """The rig that was asked for; of a test that is made for one, where none was, that one."""
        asked = self._config.getoption("rig")
        mark = item.get_closest_marker("rig") if item is not None else None
        return str(asked) if asked is not None else str(mark.args[0]) if mark is not None else DEFAULT

    def rig_file(self, item: pytest.Item | None = None) -> "RigFile":
        """The rig of that name.

        Raises:
            UsageError: There is none, or it is wrong.
            NotOfferedError: The test is made for another one.
        """
        from bms_emulator.profile.errors import ProfileError
        from bms_emulator.testing.drivers.driver import NotOfferedError
        from bms_emulator.testing.rigs.rig_file import find_rig

        name = self.rig_name(item)
        if name not in self._rigs:
            try:
                self._rigs[name] = find_rig(name, [self._config.rootpath / folder for folder in FOLDERS])
            except ProfileError as error:
                raise pytest.UsageError(f"--rig {name}: {error}") from None
        rig = self._rigs[name]
        mark = item.get_closest_marker("rig") if item is not None else None
        if mark is not None and rig.name not in mark.args:
            raise NotOfferedError(f"the test is made for rig {' or '.join(mark.args)}, not for {rig.name}")
        return rig

    def site(self, item: pytest.Item) -> "SiteProfile":
        """The site of the rig with the settings of a test.

        Raises:
            NotOfferedError: The test has settings, and the site is real.
            ProfileError: They are wrong.
        """
        from bms_emulator.testing.drivers.driver import NotOfferedError

        wanted: dict[str, Any] = {}
        for mark in reversed(list(item.iter_markers("settings"))):
            wanted |= dict(*mark.args, **mark.kwargs)
        rig = self.rig_file(item)
        if wanted and rig.under_test.bms is not None:
            raise NotOfferedError(f"nobody can set {', '.join(wanted)} of a {rig.under_test}")
        key = rig.name, repr(sorted(wanted.items(), key=lambda pair: pair[0]))
        if key not in self._sites:
            self._sites[key] = rig.load_site(wanted)
        return self._sites[key]

    def begin(self, item: pytest.Item) -> "Record":
        """The record of a test."""
        from bms_emulator.testing.keeping import RECORD, begin

        return item.stash[RECORD] if RECORD in item.stash else begin(item, self.rig_name(item))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Read the requirements, and remove what a run that crashed has left behind."""
        if self._is_worker:
            return
        named = self._config.getoption("requirements")
        if named is not None:
            self._requirements = _requirements(named)
        if self.folder is not None:
            from bms_emulator.testing.keeping import remove

            remove(self.folder)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a record; skip a test that asks the rig for what it cannot do."""
        if item.get_closest_marker("requirement") is not None:
            self.begin(item)
        try:
            return (yield)
        except Exception as error:
            _skip_what_is_not_offered(item, error)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge at the end of a test what is still open, and whether time was kept."""
        try:
            result = yield
            if (conduct := item.stash.get(CONDUCT, None)) is not None:
                from bms_emulator.testing.holding import check_timing

                conduct.judge()
                check_timing(conduct, self.rig_file(item))
        except Exception as error:
            _skip_what_is_not_offered(item, error)
            raise
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Settle the record by how a phase has ended; keep it when the last one has."""
        report = yield
        record = _record_of(item)
        if record is not None:
            from bms_emulator.testing.keeping import keep, part, settle

            settle(record, call, report.longreprtext if report.failed else "")
            if report.when == "teardown":
                report.user_properties.append((VERDICT, str(record.verdict)))
                if self.folder is not None:
                    self._count += 1
                    keep(record, part(self.folder, self._worker, self._count))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count verdicts; keep a record of a test whose process has ended, of which nobody else tells."""
        if self._is_worker:
            return
        if report.when == "teardown":
            self._verdicts.update(str(value) for name, value in report.user_properties if name == VERDICT)
        elif report.when not in ("setup", "call"):
            self._verdicts["rig error"] += 1
            if self.folder is not None:
                from bms_emulator.testing.keeping import crashed, keep, part

                self._count += 1
                reason = "the process that ran the test has ended"
                keep(crashed(report.nodeid, self.rig_name(), reason), part(self.folder, "crash", self._count))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the report of all records."""
        if self.folder is None or self._is_worker:
            return
        from bms_emulator.testing.keeping import merged, remove
        from bms_emulator.testing.report import write_report

        self._page = write_report(merged(self.folder), self.folder, self._requirements)
        remove(self.folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """How many tests ended how, and where the report is."""
        if self._verdicts:
            counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self._verdicts.items()))
            terminalreporter.write_line(f"hardware in the loop: {counts}")
        if self._page is not None:
            terminalreporter.write_line(f"report: {os.path.relpath(self._page, self._config.invocation_params.dir)}")


def _requirements(path: str) -> "Mapping[str, Requirement]":
    from bms_emulator.profile.errors import ProfileError
    from bms_emulator.testing.requirements import load_requirements

    try:
        return load_requirements(Path(path))
    except ProfileError as error:
        raise pytest.UsageError(f"--requirements {path}: {error}") from None


def _record_of(item: pytest.Item) -> "Record | None":
    from bms_emulator.testing.keeping import RECORD

    return item.stash.get(RECORD, None)


def _skip_what_is_not_offered(item: pytest.Item, error: Exception) -> None:
    """Skip a test with a rig where the rig cannot do something."""
    if _record_of(item) is not None:
        from bms_emulator.testing.drivers.driver import NotOfferedError

        if isinstance(error, NotOfferedError):
            pytest.skip(str(error))
