"""Scenarios from files: every problem of every file reported at once, with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bms_emulator.faults.condition import Condition, read_condition
from bms_emulator.faults.engine import FaultSet
from bms_emulator.faults.spec import near
from bms_emulator.interfaces.values import writes
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.base import Profile
from bms_emulator.profile.document import Document, KeyPath, read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.loader import is_path, load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.wording import findings
from bms_emulator.testing.scenario.model import Scenario, Step
from bms_emulator.testing.scenario.series import Series, read_series
from bms_emulator.testing.tripped import unknown_alarms

P = TypeVar("P", bound=Profile)

_ORIGIN = "scenario"
"""What the values that a scenario sets are called while its site is loaded."""


@dataclass(frozen=True)
class Prepared:
    """A scenario with all that it names.

    Attributes:
        file: Its file, as given.
        scenario: What stands there.
        site: Its site, with its values.
        catalogue: The points of the site.
        conditions: What steps wait for, by number of the step from 0.
        series: What steps play, by number of the step from 0.
    """

    file: str
    scenario: Scenario
    site: SiteProfile
    catalogue: Catalogue
    conditions: Mapping[int, Condition] = field(default_factory=dict)
    series: Mapping[int, Series] = field(default_factory=dict)


def load_scenario(file: str) -> Prepared:
    """The scenario of a file, sound and ready to run.

    Raises:
        ProfileError: Something is wrong, with all problems of all files.
    """
    document = read_document(Path(file), file)
    scenario = validated(document, Scenario)
    site = site_of(document, scenario.site, overrides(scenario, Path(file).parent))
    return _Check(document, scenario, site).prepared(file)


def overrides(scenario: Scenario, folder: Path) -> dict[str, Any]:
    """Values that a scenario sets over those of its site, by key path; files start at a folder."""
    weather = dict(scenario.weather)
    if isinstance(weather.get("file"), str):
        weather["file"] = str((folder / weather["file"]).absolute())
    initial = {f"initial.{key}": value for key, value in scenario.initial.items()}
    return {**scenario.set, **initial, **({"weather": weather} if weather else {})}


def site_of(document: Document, site: str, values: Mapping[str, Any]) -> SiteProfile:
    """The site that a document names, with the values that it sets.

    Raises:
        ProfileError: With problems at the lines of the document that are to blame.
    """
    name = str(Path(document.label).parent / site) if is_path(site) else site
    try:
        return load_site(name, values, origin=_ORIGIN)
    except ProfileError as error:
        raise ProfileError(_placed(problem, document, name) for problem in error.problems) from None


def _placed(problem: Problem, document: Document, site: str) -> Problem:
    """A problem of a site at the line of the document that set the value, or that named the site."""
    if problem.file == _ORIGIN:
        parts = problem.path.split(".")
        whole: list[KeyPath] = [("set", ".".join(parts[:n])) for n in range(len(parts), 0, -1)]
        whole += [tuple(parts[:n]) for n in range(len(parts), 0, -1)]
        path = next((path for path in whole if path in document.lines), ())
        at = document.problem(path, problem.message, problem.value)
        return Problem(at.file, at.line, problem.path, at.message, at.value)
    if problem.line == 0 and problem.file in (site, ""):
        return document.problem(("site",), problem.message, site)
    return problem


def validated(document: Document, model: type[P]) -> P:
    """What a document holds.

    Raises:
        ProfileError: It is no sound document of this kind, or its name is not that of its file.
    """
    if not isinstance(document.data, dict):
        raise ProfileError([*document.problems, document.problem((), "must be a mapping of keys to values")])
    problems = list(document.problems)
    name, stem = document.data.get("name"), Path(document.label).stem
    if isinstance(name, str) and name != stem:
        problems.append(document.problem(("name",), f"must be {stem}, the name of the file", name))
    try:
        read = model.model_validate(document.data)
    except ValidationError as error:
        found = [document.problem(path, message, value) for path, value, message in findings(error, model)]
        raise ProfileError([*problems, *found]) from None
    if problems:
        raise ProfileError(problems)
    return read


class _Check:
    """What a scenario says of points, faults and alarms, held against its site."""

    def __init__(self, document: Document, scenario: Scenario, site: SiteProfile) -> None:
        self._document, self._scenario, self._site = document, scenario, site
        self._catalogue = Catalogue(site)
        self._faults = FaultSet(self._catalogue, site)
        self._known: set[str] = set()
        self._problems: list[Problem] = []
        self._conditions: dict[int, Condition] = {}
        self._series: dict[int, Series] = {}

    def prepared(self, file: str) -> Prepared:
        """The scenario, ready to run. ProfileError: Something is wrong."""
        scenario = self._scenario
        for path, message in self._of_scenario():
            self._problems.append(self._document.problem(path, message))
        for n, step in enumerate(scenario.steps):
            for path, message in self._of_step(n, step):
                self._problems.append(self._document.problem(("steps", n, *path), message))
        if self._problems:
            raise ProfileError(self._problems)
        return Prepared(file, scenario, self._site, self._catalogue, self._conditions, self._series)

    def _of_scenario(self) -> Iterator[tuple[KeyPath, str]]:
        for n, alarm in enumerate(self._scenario.may_trip):
            for message in unknown_alarms(self._site, [alarm]):
                yield ("may_trip", n), message
        for n, selector in enumerate(self._scenario.record.points if self._scenario.record else ()):
            try:
                self._catalogue.select(selector)
            except ValueError as error:
                yield ("record", "points", n), str(error)

    def _of_step(self, number: int, step: Step) -> Iterator[tuple[KeyPath, str]]:
        for key in ("given", "expect"):
            for n, expectation in enumerate(getattr(step, key)):
                try:
                    expectation.watch(self._catalogue)
                except ValueError as error:
                    yield (key, n), str(error)
        if step.when is not None:
            try:
                self._conditions[number] = read_condition(step.when, self._catalogue)
            except ValueError as error:
                yield ("when",), str(error).removeprefix("when: ")
        for n, name in enumerate(() if step.clear == "all" else step.clear):
            if name not in self._known:
                yield ("clear", n), f"{name!r}: no step before adds a fault of this name{near(name, self._known)}"
        for point, value in step.write.items():
            try:
                writes(self._catalogue, {point: value}, self._catalogue.layout.size)
            except ValueError as error:
                yield ("write", point), str(error)
        for n, fault in enumerate(step.faults):
            try:
                self._faults.preview(fault)
            except ValueError as error:
                yield ("faults", n), str(error)
            self._known |= {fault.name} if fault.name else set()
        if step.play is not None:
            path = Path(self._document.label).parent / step.play
            self._series[number], problems = read_series(path, str(path), self._catalogue)
            self._problems += problems
