"""What requests carry and what answers look like, as the OpenAPI description shows them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Value = bool | float | str
"""A number in SI, true or false, or the name of a choice."""


class Body(BaseModel):
    """A request body: what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NewValue(Body):
    """A value for one point."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": 1.5e6}, {"value": "connect"}, {"value": True}]})

    value: Value
    """Number in SI, true or false, or the name of a choice."""


class Writes(Body):
    """Values for several points, applied in one tick or not at all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "set": {
                        "pcs[1].setpoint_enabled": True,
                        "pcs[1].setpoint_mode": "watts",
                        "pcs[1].power_setpoint": -1.2e6,
                    }
                },
                {"set": {"container[1].rack[*].request": "connect"}},
            ]
        }
    )

    set: Annotated[dict[str, Value], Field(min_length=1)]
    """Values by point name or selector."""


class FastForward(Body):
    """Time by which the cells age without being simulated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 1826.25}]})

    days: Annotated[float, Field(gt=0, le=36525)]
    """Days of the duty that the battery lately saw, or of the declared one where less than a day was simulated."""


FAULT_EXAMPLES: dict[str, Any] = {
    "sensor": {
        "summary": "A cell voltage sensor sticks at 3.70 V for 30 s, from 5 s on",
        "value": {
            "kind": "stuck",
            "target": "rack[3].cell[41].voltage",
            "parameters": {"value": "3.70V"},
            "at": "+5s",
            "for": "30s",
            "name": "ov1",
        },
    },
    "pump": {
        "summary": "The coolant pump stops",
        "value": {"kind": "stop", "target": "container[1].pump", "name": "dry"},
    },
    "condition": {
        "summary": "A rack's controller hangs for 20 s once its state of charge is low",
        "value": {
            "kind": "hang",
            "target": "rack[3].controller",
            "when": "rack[3].soc < 20% for 2s",
            "for": "20s",
            "name": "low-and-dead",
        },
    },
    "several": {
        "summary": "Two faults at once, both or none, which end 30 s after they were last renewed",
        "value": [
            {"kind": "stop", "target": "container[1].pump", "lease": "30s", "name": "dry"},
            {"kind": "trip", "target": "container[1].chiller", "lease": "30s", "name": "warm"},
        ],
    },
}
"""Faults for the description of the interface."""


class Problem(BaseModel):
    """Why a request was refused."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    error: str
    """What is wrong, and what is allowed."""
    where: str
    """Which part of the request."""
    near: list[str]
    """Names that may have been meant."""


class Applied(BaseModel):
    """A change that was applied."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    tick: int
    """Tick at whose beginning it was applied."""
    time_s: float
    """Simulated time of that tick [s]."""
    result: Any = None
    """What it yields."""


class Point(BaseModel):
    """A point and its value."""

    name: str
    value: float | int | bool | str | None
    text: str | None
    unit: str
    kind: str
    source: str
    access: str
    limits: tuple[float | str | None, float | str | None] | None
    choices: dict[str, str] | None
    description: str
    tick: int
    time_s: float
