"""Commands that arrive by MQTT: what they may say, and the answer that each gets.

A command is never trusted: whatever arrives, there is an answer that says what is wrong and what is allowed, and the
emulator is undisturbed.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bms_emulator.interfaces.link import Command, Link
from bms_emulator.interfaces.values import DEPTH_MAX, SELECTOR_LENGTH_MAX, plain, read, select, too_deep, writes
from bms_emulator.points.catalogue import PointError

PAYLOAD_MAX = 65_536
"""Longest command [byte]."""
POINTS_MAX = 10_000
"""Most points that one command reads or writes."""
REMEMBERED = 1024
"""Ids whose answers are kept, so that a command that is sent again is answered again and not applied again."""

_SHAPES = (
    '{"id": "1", "set": {"pcs[1].power_setpoint": 1e6}}, '
    '{"id": "2", "get": "container[1].rack[3].cell[*].voltage"}, '
    '{"id": "3", "fault": {"add": {...}}}, {"id": "4", "fault": {"clear": {"names": ["ov1"]}}} '
    'or {"id": "5", "fast_forward": {"days": 30}}'
)

_OPERATIONS = ("set", "get", "fault", "fast_forward")

Scalar = bool | float | str
Selector = Annotated[str, Field(min_length=1, max_length=SELECTOR_LENGTH_MAX)]


class CommandError(ValueError):
    """A payload that is no command; the message says what is wrong and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FaultClear(_Part):
    """Which faults to clear."""

    names: list[str] | None = None
    match: str | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError('must have one of "names": [...], "match": "rack[3]*" and "all": true')
        return self


class FaultRenewal(_Part):
    """Whose leases to begin anew."""

    names: Annotated[list[str], Field(min_length=1)]


class FaultChange(_Part):
    """Add faults, all or none, clear some, or begin leases anew."""

    add: dict[str, Any] | Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    clear: FaultClear | None = None
    renew: FaultRenewal | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(part is not None for part in (self.add, self.clear, self.renew)) != 1:
            raise ValueError('must have one of "add", "clear" and "renew"')
        return self


class FastForward(_Part):
    """Age the cells by days that are not simulated."""

    days: Annotated[float, Field(gt=0)]


class Request(_Part):
    """A command as it arrives."""

    id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    set: dict[Selector, Scalar] | None = None
    fault: FaultChange | None = None
    get: Selector | None = None
    fast_forward: FastForward | None = None
    timestamp: float | None = None
    """When it was sent, Unix time [s]."""
    expires_s: Annotated[float, Field(gt=0)] | None = None
    """Time after ``timestamp`` at which it is no longer to be applied [s]."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in _OPERATIONS if getattr(self, name) is not None]
        if len(given) != 1:
            allowed = ", ".join(f'"{name}"' for name in _OPERATIONS)
            raise ValueError(f"must have one of {allowed}, has {' and '.join(given) or 'none'}")
        if self.set is not None and not self.set:
            raise ValueError("set: names no point")
        if self.expires_s is not None and self.timestamp is None:
            raise ValueError('"expires_s" needs "timestamp", the Unix time at which the command was sent')
        return self


def parse(payload: bytes) -> Request:
    """The command in a payload.

    Raises:
        CommandError: It is none.
    """
    if len(payload) > PAYLOAD_MAX:
        raise CommandError(f"payload of {len(payload)} bytes: must be at most {PAYLOAD_MAX}")
    try:
        data = json.loads(payload.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"payload: is no JSON text in UTF-8 ({error}); allowed: {_SHAPES}") from None
    if not isinstance(data, dict):
        raise CommandError(f"payload: must be a JSON object; allowed: {_SHAPES}")
    if too_deep(data):
        raise CommandError(f"payload: is nested deeper than {DEPTH_MAX} levels; allowed: {_SHAPES}")
    try:
        return Request.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(_problem(entry) for entry in error.errors(include_url=False)[:8])
        raise CommandError(f"{problems}; allowed: {_SHAPES}") from None


class Commander:
    """Answers commands, each id once.

    Args:
        link: The running emulator.
        now: Unix time [s], for the expiry of commands.
    """

    def __init__(self, link: Link, now: Callable[[], float]) -> None:
        self._link = link
        self._now = now
        self._answers: OrderedDict[str, tuple[bytes, dict[str, Any]]] = OrderedDict()

    async def answer(self, payload: bytes, retained: bool = False) -> dict[str, Any]:
        """Apply a command, if it is one and is to be applied, and say what became of it; never raises on bad input."""
        try:
            request = parse(payload)
        except CommandError as error:
            return self._refusal(_id_of(payload), str(error))
        if retained:
            return self._refusal(request.id, "retained commands are never applied; send it without the retain flag")
        if request.id is None:
            return await self._act(request)

        said = _digest(request)
        if request.id in self._answers:
            first, answer = self._answers[request.id]
            if first != said:
                return self._refusal(request.id, "this id was used by another command; give each command its own")
            return {**answer, "repeated": True}
        answer = await self._act(request)
        if request.get is None:
            self._answers[request.id] = said, answer
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return answer

    async def _act(self, request: Request) -> dict[str, Any]:
        if request.expires_s is not None and request.timestamp is not None:
            late = self._now() - request.timestamp - request.expires_s
            if late > 0:
                return self._refusal(request.id, f"expired {late:.3g} s ago")
        try:
            return self._values(request) if request.get is not None else await self._change(request)
        except PointError as error:
            return self._refusal(request.id, str(error))
        except TimeoutError:
            return self._refusal(request.id, "the emulator did not answer in time; the command may yet be applied")

    async def _change(self, request: Request) -> dict[str, Any]:
        command: tuple[str, dict[str, Any]]
        if request.set is not None:
            command = ("write", {"writes": writes(self._link.catalogue, request.set, POINTS_MAX)})
        elif request.fast_forward is not None:
            command = ("fast_forward", {"days": request.fast_forward.days})
        else:
            assert request.fault is not None  # a request has one of the operations
            change = request.fault
            if change.add is not None:
                command = ("fault_add", {"fault": change.add})
            elif change.renew is not None:
                command = ("fault_renew", change.renew.model_dump())
            else:
                assert change.clear is not None  # a change has one of the three
                command = ("fault_clear", change.clear.model_dump(exclude_unset=True))
        origin = f"mqtt:{request.id}" if request.id else "mqtt"
        ack = await self._link.command(Command(command[0], origin, command[1]))
        answer = _answer(request.id, ack.accepted, ack.tick, ack.time, ack.message)
        return answer if ack.result is None else {**answer, "result": ack.result}

    def _values(self, request: Request) -> dict[str, Any]:
        assert request.get is not None  # the caller has looked
        selections = select(self._link.catalogue, request.get, POINTS_MAX)
        truths = [s.family.name for s in selections if s.family.slot.group.source == "plant"]
        if truths:
            raise PointError(f"{truths[0]}: is the truth of the plant, which no device could tell by MQTT")
        values, tick, time = read(self._link, selections)
        points = [
            {
                "name": selection.family.name,
                "unit": selection.family.unit,
                "values": [plain(selection.family, value) for value in part.tolist()],
            }
            for selection, part in zip(selections, values, strict=True)
        ]
        return {**_answer(request.id, True, tick, time, ""), "points": points}

    def _refusal(self, request_id: str | None, message: str) -> dict[str, Any]:
        _, tick, time = self._link.values(slice(0, 0))
        return _answer(request_id, False, tick, time, message)


def _answer(request_id: str | None, accepted: bool, tick: int, time: float, message: str) -> dict[str, Any]:
    return {"id": request_id, "accepted": accepted, "tick": tick, "time_s": round(time, 6), "message": message}


def _id_of(payload: bytes) -> str | None:
    """The id of a malformed command, if that can be made out, so that its sender knows the answer."""
    try:
        data = json.loads(payload[:PAYLOAD_MAX].decode())
    except (ValueError, RecursionError):
        return None
    found = data.get("id") if isinstance(data, dict) else None
    return found[:128] if isinstance(found, str) else None


def _digest(request: Request) -> bytes:
    """What the command asks, whenever it was sent."""
    asked = request.model_dump(include=set(_OPERATIONS))
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _problem(entry: Any) -> str:
    where = ".".join(str(part)[:60] for part in entry["loc"] if part not in ("bool", "float", "str"))
    message = entry["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
