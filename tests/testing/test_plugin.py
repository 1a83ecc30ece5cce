"""The plugin of pytest: records, verdicts, markers, skips, clean-up."""

import importlib.util
from pathlib import Path

import pytest

from bms_emulator.testing.record import Record, Verdict
from bms_emulator.testing.report.document import read_report

pytest_plugins = "pytester"

PLUGIN = ("-p", "bms_emulator.testing.plugin")
RIG = """
name: small
description: A cabinet.
site: cabinet
under_test: {reference_firmware: {}}
"""
REAL = """
name: real
description: A battery that is not there.
site: cabinet
under_test: {bms: {modbus: {map: sunspec-battery, host: 127.0.0.1, port: 1, timeout_s: 0.1}}}
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """A project with two rigs."""
    rigs = pytester.mkdir("rigs")
    (rigs / "small.yaml").write_text(RIG)
    (rigs / "real.yaml").write_text(REAL)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    return pytester.path


def run(pytester: pytest.Pytester, text: str, *options: str, rig: str = "small") -> dict[str, Record]:
    """Run tests on a rig; their records by name."""
    pytester.makepyfile(test_it=text)
    pytester.runpytest_inprocess(*PLUGIN, "--rig", rig, "--report", "report", *options)
    return {
        record.name.rpartition("::")[2]: record for record in read_report(pytester.path / "report/report.json").records
    }


@pytest.mark.usefixtures("folder")
def test_verdicts_follow_from_checks_preconditions_and_exceptions(pytester: pytest.Pytester) -> None:
    records = run(
        pytester,
        """
        import pytest
        from bms_emulator.testing.drivers.driver import NotOfferedError

        def test_holds(rig): rig.expect("rack[1].soc", between=(0.1, 0.9))
        def test_fails(rig): rig.expect("rack[1].soc", above=0.99)
        def test_asserts(rig): assert rig.get("rack[1].soc") > 0.99
        def test_unprepared(rig): rig.precondition("rack[1].mode", equals="connected")
        def test_refused(rig): rig.write({"nonsense": 1})
        def test_broken(rig): {}["nonsense"]
        def test_late(rig): rig.watch("rack[1].soc", never="end", above=0.1)
        def test_open(rig): rig.watch("rack[1].soc", always="10s", above=0.1)
        def test_tripped(rig, faults):
            rig.nothing_else_trips("cell_undervoltage")
            faults("stuck", "rack[1].cell[2].voltage", value="3.70V")
            rig.run(5.0)
        def test_not_offered(rig): raise NotOfferedError("no")
        """,
    )
    verdicts = {name.removeprefix("test_"): str(record.verdict) for name, record in records.items()}
    assert verdicts == {
        "holds": "passed",
        "fails": "failed",
        "asserts": "failed",
        "unprepared": "inconclusive",
        "refused": "rig error",
        "broken": "rig error",
        "late": "failed",
        "open": "inconclusive",
        "tripped": "failed",
        "not_offered": "skipped",
    }
    assert records["test_not_offered"].reason.endswith("no")
    assert "cell_overvoltage" in records["test_tripped"].reason


@pytest.mark.usefixtures("folder")
def test_a_record_says_what_was_done_measured_and_told(pytester: pytest.Pytester) -> None:
    records = run(
        pytester,
        '''
        import pytest

        @pytest.mark.requirement("PRO-OV-1", "PRO-OV-2")
        @pytest.mark.settings({"initial.soc_percent": 60})
        def test_overvoltage(rig, faults, capture, site):
            """A cell above its limit is told of.

            Further words.
            """
            assert site.initial.soc_percent == 60
            capture("rack[1].cell[1..3].voltage", period=0.5)
            rig.precondition("rack[1].soc", between=(0.55, 0.65))
            rig.write({"soc_reserve_min": "10%"})
            name = faults("stuck", "rack[1].cell[2].voltage", value="3.70V", name="ov")
            rig.expect("rack[1].alarm[cell_overvoltage].level", at_least=3, within="5s")
            assert faults.clear() == [name] == ["ov"]
        ''',
    )
    record = records["test_overvoltage"]
    assert record.verdict is Verdict.PASSED
    assert record.objective == "A cell above its limit is told of."
    assert record.requirements == ("PRO-OV-1", "PRO-OV-2")
    assert [stimulus.kind for stimulus in record.stimuli] == ["write", "fault", "clear"]
    assert record.stimuli[0].actual == "0.1"
    assert len(record.preconditions) == len(record.checks) == 1
    assert record.checks[0].margin is not None
    assert any("cell_overvoltage 0 -> " in change.what for change in record.alarms)
    assert record.capture is not None
    assert (pytester.path / "report" / record.capture.path).is_file()
    assert record.provenance.site == "cabinet"
    assert record.provenance.under_test == "reference firmware"
    assert record.provenance.command == "pytest test_it.py::test_overvoltage --rig small"
    assert record.duration > 1.0


@pytest.mark.usefixtures("folder")
def test_a_served_rig_is_reached_over_the_network_and_others_take_their_turns(pytester: pytest.Pytester) -> None:
    records = run(
        pytester,
        """
        async def test_served(served_rig, client, faults):
            turns = []
            async def act(): turns.append(round(served_rig.time, 3))
            served_rig.every(10.0, act)
            answer = await client.read_holding_registers(40000, count=2)
            assert answer.registers[0] == 0x5375
            await served_rig.run(25.0)
            assert turns == [0.1, 10.1, 20.1]
            faults("stuck", "rack[1].cell[2].voltage", value="3.70V")
            await served_rig.expect("rack[1].alarm[cell_overvoltage].level", at_least=3, within="5s")
            await served_rig.precondition("rack[1].soc", above=0.1)
        """,
    )
    assert records["test_served"].verdict is Verdict.PASSED, records["test_served"].details


@pytest.mark.usefixtures("folder")
def test_a_rig_that_does_not_answer_is_a_rig_error_and_one_that_cannot_is_a_skip(pytester: pytest.Pytester) -> None:
    text = """
    import pytest

    def test_any(rig): pass

    @pytest.mark.settings({"initial.soc_percent": 60})
    def test_settings(rig): pass

    async def test_served(served_rig): pass

    @pytest.mark.rig("small")
    def test_other(rig): pass
    """
    records = run(pytester, text, rig="real")
    assert {name: str(record.verdict) for name, record in records.items()} == {
        "test_any": "rig error",
        "test_settings": "skipped",
        "test_served": "skipped",
        "test_other": "skipped",
    }
    assert "127.0.0.1:1" in records["test_any"].reason


@pytest.mark.usefixtures("folder")
def test_a_clock_that_was_late_makes_a_test_inconclusive(pytester: pytest.Pytester) -> None:
    (pytester.path / "rigs/tied.yaml").write_text(
        RIG.replace("small", "tied") + "speed: 20\nlateness_max_s: 0.000000001\n"
    )
    records = run(
        pytester,
        """
        async def test_tied(served_rig):
            await served_rig.run(2.0)
        """,
        rig="tied",
    )
    assert records["test_tied"].verdict is Verdict.INCONCLUSIVE
    assert records["test_tied"].timing.mode == "factor"
    assert "time was not kept" in records["test_tied"].reason


@pytest.mark.usefixtures("folder")
def test_faults_and_firmware_end_with_a_test_that_fails(pytester: pytest.Pytester) -> None:
    run(
        pytester,
        """
        SEEN = []

        def test_fails(rig, faults):
            SEEN.append(rig)
            faults("stuck", "rack[1].cell[2].voltage", value="3.70V")
            assert False

        def test_afterwards(rig):
            assert SEEN[0].driver.bench.emulator.faults() == []
            assert rig.driver is not SEEN[0].driver
        """,
    )
    report = read_report(pytester.path / "report/report.json")
    assert [str(record.verdict) for record in report.records] == ["failed", "passed"]


@pytest.mark.usefixtures("folder")
def test_an_unknown_rig_is_an_error_of_usage_with_neighbours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(rig): pass")
    result = pytester.runpytest_inprocess(*PLUGIN, "--rig", "smal")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no rig 'smal'; near: small*"])


@pytest.mark.usefixtures("folder")
def test_a_test_without_a_rig_leaves_no_record_unless_it_names_a_requirement(pytester: pytest.Pytester) -> None:
    records = run(
        pytester,
        """
        import pytest

        def test_plain(): pass

        @pytest.mark.requirement("DOC-1")
        def test_named(): pass
        """,
    )
    assert list(records) == ["test_named"]


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")
@pytest.mark.usefixtures("folder")
def test_records_of_all_workers_are_in_one_report_also_of_one_that_died(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import os
        import pytest

        @pytest.mark.requirement("A-1")
        def test_one(): pass

        @pytest.mark.requirement("A-2")
        def test_two(): pass

        @pytest.mark.requirement("A-3")
        def test_dies(): os._exit(3)
        """
    )
    options = ("--report", "report", "-n", "2", "--max-worker-restart", "0")
    pytester.runpytest_subprocess(*PLUGIN, "--rig", "small", *options)
    records = read_report(pytester.path / "report/report.json").records
    verdicts = {record.name.rpartition("::")[2]: str(record.verdict) for record in records}
    assert verdicts == {"test_one": "passed", "test_two": "passed", "test_dies": "rig error"}
    assert not list((pytester.path / "report").glob("records*.json"))


@pytest.mark.usefixtures("folder")
def test_wrong_requirements_are_told_before_any_test_runs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_it(): raise AssertionError('it ran')")
    (pytester.path / "wrong.yaml").write_text("PRO-OV-3:\n  title: Overvoltage\n")
    result = pytester.runpytest_inprocess(*PLUGIN, "--report", "report", "--requirements", "wrong.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*wrong.yaml:1: PRO-OV-3: unknown key*"])
