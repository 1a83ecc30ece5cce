"""Requirements: checks of a firmware on the bench, each with an id by which reports and people name it."""

from collections.abc import Callable

from hil.firmware.rig import Rig

Check = Callable[[Rig], None]
"""Runs a rig; AssertionError where the firmware does not do what it should."""
REQUIREMENTS: dict[str, Check] = {}
"""All checks by their id."""


def requirement(check: Check) -> Check:
    """Enter a check under the id with which its docstring begins: ``FW-OV-1: text``."""
    name, colon, _ = (check.__doc__ or "").partition(":")
    assert colon, f"{check.__name__}: its docstring begins with no id"
    assert name not in REQUIREMENTS, f"{name} is there twice"
    REQUIREMENTS[name] = check
    return check
