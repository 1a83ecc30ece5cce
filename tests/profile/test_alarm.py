"""Alarm rows of a firmware profile: what is allowed in them, and what they say of themselves."""

from typing import Any

import pytest
from pydantic import ValidationError

from bms_emulator.firmware.contract import Action
from bms_emulator.profile.alarm import ACTIONS, AlarmRow
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import load_profile, load_site
from bms_emulator.profile.signals import CONTAINER_SIGNALS, RACK_SIGNALS, SIGNALS
from bms_emulator.profile.wording import findings

ROW: dict[str, Any] = {
    "id": "example",
    "signal": "cell_voltage_max_v",
    "when": "above",
    "set": (3.5, 3.6, 3.7),
    "set_s": (1.0, 1.0, 1.0),
    "clear": (3.4, 3.5, 3.6),
    "clear_s": (1.0, 1.0, 1.0),
    "blocks": "charge",
}
SETS = tuple(Folders((shipped_folder(),)).list("firmware"))


def problems(**changes: Any) -> list[str]:
    """What is wrong with a row."""
    try:
        AlarmRow.model_validate(ROW | changes)
    except ValidationError as error:
        return [f"{'.'.join(map(str, path))}: {message}" for path, _, message in findings(error, AlarmRow)]
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scope": "cell"},
        {
            "set": (None, None, 3.7),
            "set_s": (None, None, 1.0),
            "clear": (None, None, 3.6),
            "clear_s": (None, None, 1.0),
        },
        {"set": (3.5, 3.5, 3.5), "clear": (3.4, 3.4, 3.5)},
        {"action": ("none", "none", "lock")},
        {"latch": (True, True, False)},
        {"when": "below", "set": (3.5, 3.4, 3.3), "clear": (3.5, 3.5, 3.5)},
    ],
)
def test_what_may_stand_in_a_row(changes: dict[str, Any]) -> None:
    assert problems(**changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"signal": "cell_voltage_mx_v"}, "signal: no such signal; near: cell_voltage_max_v, "),
        ({"scope": "rack"}, "scope: must be cell, as the signal cell_voltage_max_v is"),
        ({"signal": "water", "scope": "rack"}, "scope: must be container, as the signal water is"),
        ({"set": (3.6, 3.5, 3.7)}, "set: levels must get more severe from the first to the third"),
        ({"set": (3.6, None, 3.5)}, "set: levels must get more severe from the first to the third"),
        ({"clear": (3.4, 3.61, 3.6)}, "clear: level 2 must be <= 3.6, where it sets"),
        ({"set": (3.5, None, 3.7)}, "clear: level 2 must be null, as set is"),
        ({"set_s": (1.0, None, 1.0)}, "set_s: level 2 must be a number, as the level is used"),
        ({"set": (None, None, None)}, "set: at least one level must be used"),
        ({"action": ("stop", "derate", "open")}, "action: must not get milder from the first to the third"),
        ({"action": ("none", "none", "explode")}, "action.2: must be one of: 'none', 'derate', 'stop', 'open', "),
        ({"action": ("none", "lock", "lock")}, "latch: level 2 must be true, as its action is lock"),
        ({"latch": (True, True)}, "latch: has too few items"),
        ({"set": (3.5, "high", 3.7)}, "set.1: must be a number"),
        ({"signal": "water", "trips_while": "charging"}, "trips_while: must be always"),
        ({"trips_while": "sleeping"}, "trips_while: must be one of: 'always', 'charging' or 'discharging'"),
        ({"actoin": ()}, "actoin: unknown key; near: action"),
    ],
)
def test_what_may_not(changes: dict[str, Any], expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems(**changes)), problems(**changes)


def test_a_scope_that_is_left_out_is_that_of_the_signal() -> None:
    for name, signal in SIGNALS.items():
        assert AlarmRow.model_validate(ROW | {"signal": name}).scope == signal.scope


def test_the_words_of_actions_are_those_of_the_contract() -> None:
    assert tuple(action.name.lower() for action in Action) == ACTIONS


def test_every_signal_belongs_to_racks_or_containers_and_its_name_tells_its_unit() -> None:
    assert set(RACK_SIGNALS) | set(CONTAINER_SIGNALS) == SIGNALS.keys()
    assert not set(RACK_SIGNALS) & set(CONTAINER_SIGNALS)
    for name, signal in SIGNALS.items():
        suffix = signal.unit.name.lower()
        assert suffix == "one" or name.endswith("_" + suffix)


@pytest.mark.parametrize("name", SETS)
def test_every_shipped_set_has_the_same_alarms_over_the_same_signals(name: str) -> None:
    def alarms(profile: str) -> list[tuple[str, str]]:
        return [(row.id, row.signal) for row in load_site("demo", {"firmware": profile}).firmware.alarms]

    assert alarms(name) == alarms("default")
    assert len(alarms(name)) >= 60
    assert {signal for _, signal in alarms(name)} == SIGNALS.keys(), "every signal is watched"


def test_strict_is_nowhere_milder_and_lax_nowhere_stricter_than_default() -> None:
    rows = {name: {row.id: row for row in load_site("demo", {"firmware": name}).firmware.alarms} for name in SETS}
    for milder, stricter in (("default", "strict"), ("lax", "default")):
        for alarm, row in rows[stricter].items():
            other = rows[milder][alarm]
            sign = 1.0 if row.when == "above" else -1.0
            for mild, strict in zip(other.set, row.set, strict=True):
                assert mild is None or (strict is not None and sign * strict <= sign * mild), alarm


@pytest.mark.parametrize(("name", "actions"), [("default", "stop"), ("strict", "open"), ("lax", "none")])
def test_sets_differ_in_what_stale_data_does_at_once(name: str, actions: str) -> None:
    firmware = load_profile("firmware", name)
    rows = [row for row in firmware.alarms if row.id.startswith("stale_")]  # type: ignore[attr-defined]
    assert len(rows) == 3
    for row in rows:
        soon = [number for number in row.used if row.set[number - 1] <= 2.0]
        assert row.action[soon[-1] - 1] == actions


@pytest.mark.parametrize("name", SETS)
def test_sets_differ_in_nothing_but_alarms_and_their_signals(name: str) -> None:
    own = {"name", "description", "alarms", "signals"}
    profile, default = load_profile("firmware", name), load_profile("firmware", "default")
    assert profile.model_dump(exclude=own) == default.model_dump(exclude=own)
