"""What the REST interface reads and asks, as plain data; it knows nothing of HTTP but the status of a refusal."""

import difflib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bms_emulator.interfaces.components import SORTS, Components
from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.values import DEPTH_MAX, plain, read, select, too_deep, wording, writes
from bms_emulator.interfaces.web.view import event_data
from bms_emulator.points.catalogue import PointError, describe

POINTS_MAX = 10_000
"""Most points that one request reads or writes."""
EVENTS_MAX = 1000
"""Most events in one answer."""


class RefusalError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        message: What is wrong and what is allowed.
        where: Which part of the request.
        near: Names that may have been meant.
    """

    def __init__(self, status: HTTPStatus, message: str, where: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.where = where
        self.near = near


def site(link: Link) -> dict[str, Any]:
    """Names and counts of the site."""
    profile = link.catalogue.site
    container, rack = profile.container, profile.container.rack
    return {
        "name": profile.name,
        "description": profile.description,
        "container": container.name,
        "rack": rack.name,
        "pack": rack.pack.name,
        "cell": rack.pack.cell.name,
        "pcs": profile.pcs.name,
        "container_count": profile.container_count,
        "rack_count": container.rack_count,
        "pack_count": rack.pack_count,
        "pack_cell_count": rack.pack.cell_count,
        "rack_cell_count": rack.cell_count,
        "cell_count": profile.rack_count * rack.cell_count,
        "rated_energy_kwh": container.rated_energy_kwh,
        "rated_power_kw": profile.pcs.rated_power_kw,
        "cell_voltage_min_v": rack.pack.cell.voltage_min_v,
        "cell_voltage_max_v": rack.pack.cell.voltage_max_v,
        "alarms": [row.id for row in profile.firmware.alarms],
        "step_ms": profile.step_ms,
    }


def families(link: Link) -> dict[str, Any]:
    """All families of points."""
    return {"families": [describe(family) for family in link.catalogue.families.values()]}


def selected(link: Link, selector: str) -> dict[str, Any]:
    """Values of all points that a selector picks, of one tick."""
    try:
        selections = select(link.catalogue, selector, POINTS_MAX)
    except PointError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, str(error), "select", error.near) from None
    values, tick, time = read(link, selections)
    groups = []
    for selection, part in zip(selections, values, strict=True):
        family, names = selection.family, list(selection.names())
        group: dict[str, Any] = {
            "family": family.name,
            "unit": family.unit,
            "values": {name: plain(family, value) for name, value in zip(names, part.tolist(), strict=True)},
        }
        if family.slot.info.choices is not None:
            group["texts"] = {name: wording(family, value) for name, value in zip(names, part.tolist(), strict=True)}
        groups.append(group)
    return {"tick": tick, "time_s": round(time, 6), "points": groups}


def point(link: Link, name: str) -> dict[str, Any]:
    """One point and its value."""
    family, offset = _find(link, name)
    values, tick, time = link.values(slice(offset, offset + 1))
    value = float(values[0])
    return {
        **describe(family),
        "name": name,
        "value": plain(family, value),
        "text": wording(family, value),
        "tick": tick,
        "time_s": round(time, 6),
    }


class Reports:
    """What each component of a site says of itself, as its state message on MQTT does.

    Args:
        link: The running emulator.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._found: dict[str, tuple[Components, int]] = {}
        for sort in SORTS:
            components = Components(link.catalogue, sort)
            for n, index in enumerate(sort.indices(link.catalogue.site)):
                self._found[sort.topic(index)] = components, n

    def report(self, path: str) -> dict[str, Any]:
        """Report of the component at a path such as ``container/1/rack/3`` or ``meter``."""
        if path not in self._found:
            near = tuple(difflib.get_close_matches(path, self._found, 3, 0.6))
            message = f"{path}: no such component" + (f"; near: {', '.join(near)}" if near else "")
            raise RefusalError(HTTPStatus.NOT_FOUND, message, "path", near)
        components, n = self._found[path]
        values, tick, time = self._link.values(components.offsets[n])
        return {"tick": tick, "time_s": round(time, 6), **components.report(values.tolist())}


async def write_point(link: Link, origin: str, name: str, value: object) -> dict[str, Any]:
    """Write one point."""
    family, _ = _find(link, name)
    if not family.writable:
        raise RefusalError(HTTPStatus.CONFLICT, f"{name}: is read-only ({family.slot.group.source})", "name")
    return await write(link, origin, {name: value})


async def write(link: Link, origin: str, values: Mapping[str, object]) -> dict[str, Any]:
    """Write several points in one tick, or none."""
    try:
        pairs = writes(link.catalogue, values, POINTS_MAX)
    except PointError as error:
        raise RefusalError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "body", error.near) from None
    return await command(link, Command("write", origin, {"writes": pairs}), HTTPStatus.CONFLICT)


async def command(link: Link, asked: Command, refused: HTTPStatus) -> dict[str, Any]:
    """Send a command to the emulator; a refusal by it gets that status."""
    try:
        ack = await link.command(asked)
    except TimeoutError:
        message = "the emulator did not answer in time; the command may yet be applied"
        raise RefusalError(HTTPStatus.GATEWAY_TIMEOUT, message, "emulator") from None
    if not ack.accepted:
        raise RefusalError(refused, ack.message, "emulator")
    return {"tick": ack.tick, "time_s": round(ack.time, 6), "result": ack.result}


async def fast_forward(link: Link, origin: str, days: float) -> dict[str, Any]:
    """Age the cells by days that are not simulated."""
    return await command(link, Command("fast_forward", origin, {"days": days}), HTTPStatus.UNPROCESSABLE_ENTITY)


async def add_fault(
    link: Link, origin: str, fault: dict[str, Any] | list[dict[str, Any]], dry_run: bool
) -> dict[str, Any]:
    """Add a fault, or several, all or none, or say what they would hit."""
    if too_deep(fault):
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"is nested deeper than {DEPTH_MAX} levels", "body")
    asked = Command("fault_add", origin, {"fault": fault, "dry_run": dry_run})
    return await command(link, asked, HTTPStatus.UNPROCESSABLE_ENTITY)


def fault_kinds(target: str | None) -> dict[str, Any]:
    """What can be injected, or what can be injected at a target."""
    from bms_emulator.faults.registry import kinds

    try:
        return {"kinds": kinds(target)}
    except ValueError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, str(error), "target") from None


def clearing(name: str | None, match: str | None, everything: bool) -> dict[str, Any]:
    """Arguments of the command that clears faults."""
    given = [value for value in (name, match, everything or None) if value is not None]
    if len(given) != 1:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "give a name in the path, match=pattern or all=true", "query")
    if name is not None:
        return {"names": [name]}
    return {"match": match} if match is not None else {"all": True}


def events(link: Link, after: int, limit: int) -> dict[str, Any]:
    """Events after a sequence number, oldest first; ``missed`` counts those that are no longer kept."""
    found = link.events(after)
    given = found[:limit]
    return {
        "events": [event_data(event) for event in given],
        "last": given[-1].sequence if given else after,
        "more": len(found) > len(given),
        "missed": max(0, given[0].sequence - after - 1) if given else 0,
    }


def _find(link: Link, name: str) -> Any:
    try:
        select(link.catalogue, name, POINTS_MAX)
        return link.catalogue.find(name)
    except PointError as error:
        raise RefusalError(HTTPStatus.NOT_FOUND, str(error), "name", error.near) from None
