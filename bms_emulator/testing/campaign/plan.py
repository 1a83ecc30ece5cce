"""The runs of a campaign: what each does, by its number alone."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from bms_emulator import __version__
from bms_emulator.faults.engine import FaultSet
from bms_emulator.interfaces.values import reading, writes
from bms_emulator.points.catalogue import Catalogue, PointError
from bms_emulator.profile.document import Document, KeyPath, read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.shared import profile_hash
from bms_emulator.testing.campaign.model import HEALTHY, Campaign, Case, OperatingPoint
from bms_emulator.testing.scenario.load import site_of, validated
from bms_emulator.testing.tripped import unknown_alarms


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        number: Its number, from 1.
        case: Name of the case; ``healthy`` is none.
        operating_point: Name of the operating point; empty in a walk.
        seed: Seed of the emulator.
        fault_at: When the fault is added [s].
        overrides: Values in place of those of the site, by key path.
        writes: Time [s] and values of points, in order.
    """

    number: int
    case: str
    operating_point: str
    seed: int
    fault_at: float
    overrides: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[tuple[float, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Plan:
    """A campaign that is ready to run.

    Attributes:
        file: Its file, as given.
        document: What was read there.
        campaign: What stands there.
        runs: Its runs; run n is at n - 1.
        kinds: Full names of the kinds of faults of each case.
        digest: Of all that the results depend on; results of another are of another campaign.
    """

    file: str
    document: Document
    campaign: Campaign
    runs: tuple[Run, ...]
    kinds: Mapping[str, tuple[str, ...]]
    digest: str

    def case(self, run: Run) -> Case | None:
        """The case of a run."""
        return next((case for case in self.campaign.cases if case.name == run.case), None)

    def site(self, run: Run) -> SiteProfile:
        """The site of a run; without register maps, unless a fault needs them: nobody reads them."""
        return _bare(site_of(self.document, self.campaign.site, run.overrides), self.campaign)


def load_campaign(file: str) -> Plan:
    """The campaign of a file, sound and ready to run.

    Raises:
        ProfileError: Something is wrong, with all problems of all files.
    """
    document = read_document(Path(file), file)
    campaign = validated(document, Campaign)
    base = _values(campaign, campaign, document)
    site = site_of(document, campaign.site, base)
    catalogue = Catalogue(site)
    problems = _problems(document, campaign, site, catalogue)
    if problems:
        raise ProfileError(problems)
    faults = FaultSet(catalogue, site)
    kinds = {case.name: tuple(faults.preview(fault)["kind"] for fault in case.faults) for case in campaign.cases}
    if campaign.walk is not None:
        runs = _walks(campaign, base, catalogue)
        for end in (0, 1):
            site_of(document, campaign.site, base | {key: ends[end] for key, ends in campaign.walk.site.items()})
    else:
        runs = _products(campaign, base, document)
        for values in {json.dumps(run.overrides, sort_keys=True): run.overrides for run in runs}.values():
            site_of(document, campaign.site, values)
    told = [__version__, profile_hash(site), campaign.model_dump(mode="json")]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return Plan(file, document, campaign, runs, kinds, digest)


def _values(campaign: Campaign, part: Campaign | OperatingPoint, document: Document) -> dict[str, Any]:
    """Values over those of the site, by key path; files start at the folder of the campaign."""
    weather = dict(part.weather or campaign.weather)
    if isinstance(weather.get("file"), str):
        weather["file"] = str((Path(document.label).parent / weather["file"]).absolute())
    initial = {f"initial.{key}": value for key, value in {**campaign.initial, **part.initial}.items()}
    return {**campaign.set, **initial, **({"weather": weather} if weather else {})}


def _products(campaign: Campaign, base: Mapping[str, Any], document: Document) -> tuple[Run, ...]:
    points = campaign.operating_points or (OperatingPoint(name="as it starts"),)
    cases = [HEALTHY] * campaign.healthy + [case.name for case in campaign.cases]
    return tuple(
        Run(
            number,
            case,
            point.name,
            seed,
            campaign.fault_at,
            {**base, **_values(campaign, point, document)},
            ((campaign.write_at, {**campaign.write, **point.write}),),
        )
        for number, (seed, point, case) in enumerate(product(campaign.seeds, points, cases), 1)
    )


def _walks(campaign: Campaign, base: Mapping[str, Any], catalogue: Catalogue) -> tuple[Run, ...]:
    """Runs that are drawn, each from its own number, so that one can be repeated without the others."""
    walk = campaign.walk
    assert walk is not None
    bounds = {name: tuple(reading(catalogue.find(name)[0], end) for end in ends) for name, ends in walk.points.items()}
    runs = []
    for number in range(1, walk.runs + 1):
        draw = np.random.default_rng([walk.seed, number])
        case = campaign.cases[int(draw.integers(len(campaign.cases)))].name
        left = campaign.duration - campaign.fault_at
        fault_at = campaign.fault_at + float(draw.uniform(0.0, 0.5)) * left
        site = {key: round(float(draw.uniform(low, high)), 6) for key, (low, high) in walk.site.items()}
        place = {name: float(draw.uniform(low, high)) for name, (low, high) in bounds.items()}
        changes: list[tuple[float, Mapping[str, Any]]] = [(campaign.write_at, {**campaign.write, **place})]
        moments = np.arange(campaign.write_at + walk.every, campaign.duration, walk.every)
        for moment in moments.tolist():
            for name, (low, high) in bounds.items():
                step = float(draw.uniform(-walk.step, walk.step)) * (high - low)
                place[name] = min(max(place[name] + step, low), high)
            changes += [(moment, dict(place))] if place else []
        seed = int(draw.integers(1 << 31))
        runs.append(Run(number, case, "", seed, fault_at, {**base, **site}, tuple(changes)))
    return tuple(runs)


def _problems(document: Document, campaign: Campaign, site: SiteProfile, catalogue: Catalogue) -> "list[Problem]":
    """What a campaign says of points, faults and alarms, held against its site."""
    faults = FaultSet(catalogue, site)
    found: list[tuple[KeyPath, str]] = []
    walk = campaign.walk
    written: list[tuple[KeyPath, Mapping[str, Any]]] = [(("write",), campaign.write)]
    written += [(("operating_points", n, "write"), point.write) for n, point in enumerate(campaign.operating_points)]
    for end in (0, 1):
        written.append((("walk", "points"), {name: ends[end] for name, ends in (walk.points if walk else {}).items()}))
    for place, values in written:
        for point, value in values.items():
            try:
                writes(catalogue, {point: value}, catalogue.layout.size)
            except PointError as error:
                found.append(((*place, point), str(error)))
    for point, (low, high) in (walk.points if walk else {}).items():
        try:
            family, _ = catalogue.find(point)
            if family.slot.info.kind != "float" or reading(family, low) > reading(family, high):
                found.append((("walk", "points", point), "must be a point with numbers, from low to high"))
        except PointError as error:
            found.append((("walk", "points", point), str(error)))
    for key, (lowest, highest) in (walk.site if walk else {}).items():
        if lowest > highest:
            found.append((("walk", "site", key), "must be a low and a high number"))
    for n, case in enumerate(campaign.cases):
        for k, fault in enumerate(case.faults):
            try:
                faults.preview(fault)
            except ValueError as error:
                found.append((("cases", n, "faults", k), str(error)))
        found += [(("cases", n, "detected_by"), message) for message in unknown_alarms(site, case.detected_by)]
    return [document.problem(path, message) for path, message in dict.fromkeys(found)]


def _bare(site: SiteProfile, campaign: Campaign) -> SiteProfile:
    if any(fault.target.startswith("modbus") for case in campaign.cases for fault in case.faults):
        return site
    return site.model_copy(update={"modbus": site.modbus.model_copy(update={"devices": ()})})
