"""Alarm rows of a firmware profile, and the settings of the signals that they watch."""

import difflib
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from bms_emulator.profile.base import Broken, NonNegative, Number, Positive, Section
from bms_emulator.profile.signals import SIGNALS, Scope, Signal

Action = Literal["none", "derate", "stop", "open", "emergency", "lock"]
"""What a level does, the mildest first; the words of :class:`bms_emulator.firmware.contract.Action`."""

ACTIONS: tuple[Action, ...] = ("none", "derate", "stop", "open", "emergency", "lock")


def _known(name: str) -> str:
    if name not in SIGNALS:
        close = difflib.get_close_matches(name, SIGNALS, n=3)
        raise ValueError(f"no such signal{'; near: ' if close else ''}{', '.join(close)}")
    return name


Levels = tuple[Number | None, Number | None, Number | None]
Times = tuple[NonNegative | None, NonNegative | None, NonNegative | None]


class AlarmRow(Section):
    """One alarm: a signal against up to three levels, with time-based setting and clearing."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    """Name of the alarm in points and messages."""
    signal: Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(SIGNALS)})]
    """What is watched."""
    scope: Scope
    """What its source is: that of the signal, which may be left out."""
    when: Literal["above", "below"]
    """Which side of the levels is wrong."""
    set: Levels
    """Levels from the mildest to the most severe; null where a level is not used."""
    set_s: Times
    """Time that each level must be reached before it sets."""
    clear: Levels
    """Levels at which they clear; between set and clear they hold."""
    clear_s: Times
    """Time that each level must be clear before it clears."""
    blocks: Literal["charge", "discharge", "both"]
    """Which direction the actions derate and stop concern."""
    action: tuple[Action, Action, Action] = ("derate", "stop", "open")
    """What each level does to the rack, or to all racks where the scope is the container."""
    latch: tuple[bool, bool, bool] = (False, False, True)
    """Whether each level stands until a reset."""
    trips_while: Literal["always", "charging", "discharging"] = "always"
    """Current at which the third level may set: cold cells, say, are harmed by nothing else."""

    @model_validator(mode="before")
    @classmethod
    def _take_scope(cls, content: Any) -> Any:
        """A scope that is left out is that of the signal."""
        if isinstance(content, dict) and "scope" not in content:
            signal = SIGNALS.get(str(content.get("signal")))
            return {**content, "scope": signal.scope if signal else "rack"}
        return content

    @property
    def watched(self) -> Signal:
        """The signal."""
        return SIGNALS[self.signal]

    @property
    def used(self) -> tuple[int, ...]:
        """Numbers of the levels that are used, from 1."""
        return tuple(n for n, level in enumerate(self.set, 1) if level is not None)

    def broken_laws(self) -> Iterator[Broken]:
        """Levels get more severe, none clears where it sets, and what locks waits for its reset."""
        if self.scope != self.watched.scope:
            yield "scope", f"must be {self.watched.scope}, as the signal {self.signal} is"
        if self.scope == "container" and self.trips_while != "always":
            yield "trips_while", "must be always, as a container has no current of its own"
        if not self.used:
            yield "set", "at least one level must be used"
        sign = 1.0 if self.when == "above" else -1.0
        rising = [sign * level for level in self.set if level is not None]
        if sorted(rising) != rising:
            yield "set", "levels must get more severe from the first to the third"
        for key in ("clear", "set_s", "clear_s"):
            for number, (level, other) in enumerate(zip(self.set, getattr(self, key), strict=True), 1):
                if (level is None) != (other is None):
                    state = "null, as set is" if level is None else "a number, as the level is used"
                    yield key, f"level {number} must be {state}"
        for number, (level, clear) in enumerate(zip(self.set, self.clear, strict=True), 1):
            if level is not None and clear is not None and sign * clear > sign * level:
                side = "<=" if self.when == "above" else ">="
                yield "clear", f"level {number} must be {side} {level:g}, where it sets"
        ranks = [ACTIONS.index(self.action[number - 1]) for number in self.used]
        if any(milder > stronger for milder, stronger in pairwise(ranks)):
            yield "action", "must not get milder from the first to the third"
        for number in self.used:
            if self.action[number - 1] == "lock" and not self.latch[number - 1]:
                yield "latch", f"level {number} must be true, as its action is lock"


class SignalSettings(Section):
    """How signals are made of measurements."""

    voltage_rate_window_s: Annotated[Positive, Field(ge=1)]
    """Time constant of the filtered rate of cell voltages."""
    temperature_rise_window_s: Annotated[Positive, Field(ge=1)]
    """Time constant of the filtered rise of temperature."""
    current_mean_window_s: Annotated[Positive, Field(ge=1)]
    """Time constant of the mean that stands for continuous current."""
    soc_jump_window_s: Annotated[Positive, Field(ge=1)]
    """Time constant with which moves of the state of charge that no current explains are forgotten."""
    flowing_current_c: Positive
    """Current from which on it counts as charging or discharging, in C."""
    conducting_current_a: Positive
    """Current from which on contactors must be conducting."""
    contact_voltage_v: Positive
    """Voltage across closed contactors from which on they do not conduct."""
    runaway_rise_k_per_min: Positive
    """Rise of temperature that is a sign of thermal runaway."""
    runaway_fall_v_per_s: Positive
    """Fall of the lowest cell voltage that is a sign of thermal runaway."""
    runaway_hold_s: NonNegative
    """How long these two signs are remembered."""
    leak_pressure_percent: Annotated[Number, Field(gt=0, le=100)]
    """Pump pressure, relative to the rated head, below which water on the floor is a sign of a leak."""
