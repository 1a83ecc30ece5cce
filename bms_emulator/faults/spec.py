"""The specification of a fault: the same for command line, API, scenario and test."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from bms_emulator.faults.quantity import TIME, quantity
from bms_emulator.faults.shape import Duration, Periodic, Pulse, Ramp, Random, Shape, Step


class FaultError(ValueError):
    """A fault that is refused. The message says where, what, what is allowed and what is near."""


def _delay(value: object) -> float:
    if isinstance(value, str) and value.strip()[:1].isalpha():
        raise ValueError(f"{value!r}: is no delay; write one such as '+5s', and a condition under 'when'")
    delay = quantity(value, TIME)
    if delay < 0.0:
        raise ValueError(f"{value!r} lies in the past; write the delay after acceptance, such as '+5s'")
    return delay


class FaultSpec(BaseModel):
    """A fault: what happens, where, how strongly over time, and when. Times are simulated times.

    It begins a delay after it was accepted, or after its condition was met where it has one. It ends when its time or
    its shape is over, when it is cleared, or when its lease has run out, whichever comes first.

    Example:
        ``{"kind": "stuck", "target": "rack[3].cell[41].voltage", "parameters": {"value": "3.70V"}, "at": "+5s",
        "for": "30s", "name": "ov1"}``
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    kind: Annotated[str, Field(min_length=1)]
    """What happens: a word that the target understands (``stop``), or the full name of the kind (``pump-stop``)."""
    target: Annotated[str, Field(min_length=1)]
    """Selector of measured points, components or connections."""
    parameters: dict[str, str | float] = {}
    """Settings of the kind: SI numbers, or texts with units."""
    shape: Shape = Step()
    """Strength over time."""
    at: Annotated[float, BeforeValidator(_delay)] = 0.0
    """Delay from acceptance, or from the moment when the condition is met, to the beginning [s]."""
    when: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Condition that it waits for, ``rack[3].soc < 20%`` or ``rack[*].temperature_max > 45degC for 10s``; where not
    given it begins at once."""
    rearm: bool = False
    """Whether it waits anew once it has ended: until the condition has failed and is met again."""
    duration: Annotated[Duration | None, Field(alias="for")] = None
    """Time from beginning to end [s]; written ``for``; until cleared where not given."""
    lease: Duration | None = None
    """Time from acceptance or the last renewal after which it ends by itself [s]; no end where not given."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    """Unique name; a fault of the same name is replaced. Made from kind and number where not given."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Seed of random shapes and jitter; the fault's number where not given."""

    @model_validator(mode="after")
    def _waits(self) -> "FaultSpec":
        if self.rearm and self.when is None:
            raise ValueError("rearm: needs a condition to wait for; give 'when'")
        return self

    @classmethod
    def read(cls, data: "FaultSpec | Mapping[str, Any]") -> "FaultSpec":
        """The specification that plain data describe.

        Raises:
            FaultError: With all problems of the data.
        """
        if isinstance(data, FaultSpec):
            return data
        try:
            return cls.model_validate(dict(data) if isinstance(data, Mapping) else data)
        except ValidationError as error:
            raise FaultError(problems(error, "fault", _KEYS)) from None

    def dump(self) -> dict[str, Any]:
        """The specification as plain data, as :meth:`read` takes it."""
        return self.model_dump(by_alias=True, exclude_none=True)


FORMS = {form.model_fields["form"].default: form for form in (Step, Ramp, Pulse, Periodic, Random)}
"""Every shape by its form."""

_KEYS: dict[tuple[str | int, ...], list[str]] = {
    (): [field.alias or name for name, field in FaultSpec.model_fields.items()],
    **{("shape", form): list(shape.model_fields) for form, shape in FORMS.items()},
}

_BOUNDS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}


def near(word: str, allowed: Iterable[str]) -> str:
    """What is near a wrong word and what is allowed, as the end of a message."""
    allowed = list(allowed)
    close = difflib.get_close_matches(word, allowed, 2, 0.5)
    return (f"; near: {', '.join(close)}" if close else "") + f"; allowed: {', '.join(allowed) or 'none'}"


def problems(error: ValidationError, where: str, keys: Mapping[tuple[str | int, ...], Iterable[str]]) -> str:
    """All problems of a failed validation in one line: where, what, what is allowed, what is near.

    Args:
        error: The failed validation.
        where: What was validated.
        keys: Allowed keys by path.
    """
    return f"{where}: " + "; ".join(_problem(item, keys) for item in error.errors())


def _problem(item: ErrorDetails, keys: Mapping[tuple[str | int, ...], Iterable[str]]) -> str:
    path, given, context = ".".join(map(str, item["loc"])) or "it", item["input"], item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"{path}: unknown{near(str(item['loc'][-1]), keys[item['loc'][:-1]])}"
        case "missing":
            return f"{path}: is required"
        case "union_tag_invalid":
            return f"{path}.form: {context['tag']!r} is unknown{near(context['tag'], FORMS)}"
        case "value_error":
            return f"{path}: {context['error']}"
        case kind if kind in _BOUNDS:
            name, sign = _BOUNDS[kind]
            return f"{path} = {given!r}: must be {sign} {context[name]:g}"
    return f"{path} = {given!r}: {item['msg'][0].lower()}{item['msg'][1:]}"
