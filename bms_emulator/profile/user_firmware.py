"""Which racks of a site run a user's own firmware, and what happens when it fails."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from bms_emulator.profile.base import Broken, Integer, Positive, Section, Text

OnFailure = Literal["restart", "stop", "hold"]

_SELECTOR = re.compile(r"(container\[(?P<container>[^\]]*)\]\.)?rack\[(?P<rack>[^\]]*)\]")
_MODULE_CLASS = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_SHAPE = (
    "must be rack[1], rack[1..3], rack[1,3] or rack[*], where there are several containers with container[2]. first"
)


class UserFirmware(Section):
    """A firmware that takes the place of the reference firmware in some racks, each with an instance of its own."""

    racks: Text
    """Racks that run it: ``rack[1]``, ``rack[1..3]``, ``container[2].rack[*]``."""
    library: Text
    """Shared library, or a Python class as ``file.py:Class`` or ``package.module:Class``; the path starts at the folder
    of the site's file."""
    config: dict[str, Any] = Field(default_factory=dict)
    """What the firmware is told when it is made, beside the counts and ratings of its rack."""
    on_failure: OnFailure = "restart"
    """What follows once a failed firmware's outputs have gone safe: a new process, the end of the run, or nothing."""
    restart_limit: Annotated[Integer, Field(ge=0, le=1_000_000)] = 5
    """New processes that a rack gets in a run; after them it stays safe."""
    step_limit_ms: Annotated[Integer, Field(ge=1, le=600_000)] = 1000
    """Real time that one step may take; beyond it the firmware counts as hung."""
    memory_mib: Annotated[Integer, Field(ge=16, le=65536)] = 512
    """Memory that its process may take."""
    persistent: Text | None = None
    """Folder that keeps its persistent memory from run to run; its path starts at the folder of the site's file."""
    watchdog_s: Positive | None = None
    """Silence after which its outputs go safe; as the firmware itself says where not given."""


def rack_numbers(selector: str, container_count: int, rack_count: int) -> tuple[int, ...]:
    """Racks that a selector picks, counted from 0 over all containers.

    Args:
        selector: ``rack[1]``, ``rack[1..3]``, ``rack[1,3]``, ``rack[*]``, each perhaps after ``container[...].``.
        container_count: Containers of the site.
        rack_count: Racks of a container.

    Raises:
        ValueError: It picks none; the message says what is allowed.
    """
    match = _SELECTOR.fullmatch(selector.strip())
    if match is None:
        raise ValueError(_SHAPE)
    if match["container"] is None and container_count > 1:
        raise ValueError(f"needs a container: container[1..{container_count}].{selector.strip()}")
    containers = _chosen("container", match["container"] or "1", container_count)
    racks = _chosen("rack", match["rack"], rack_count)
    return tuple(container * rack_count + rack for container in containers for rack in racks)


def rack_name(rack: int, rack_count: int) -> str:
    """Name of a rack counted from 0 over all containers: ``container[1].rack[3]``. rack_count: racks of a container."""
    container, within = divmod(rack, rack_count)
    return f"container[{container + 1}].rack[{within + 1}]"


def is_module_class(library: str) -> bool:
    """Whether a library is a class of an importable module, and no file."""
    return _MODULE_CLASS.fullmatch(library) is not None and ".py:" not in library


def assignment_problems(rows: Sequence[UserFirmware], container_count: int, rack_count: int) -> Iterator[Broken]:
    """What is wrong with the racks of several rows: selectors that pick none, racks that stand in two rows."""
    taken: dict[int, int] = {}
    for index, row in enumerate(rows):
        try:
            numbers = rack_numbers(row.racks, container_count, rack_count)
        except ValueError as error:
            yield f"user_firmware.{index}.racks", str(error)
            continue
        for number in numbers:
            if number in taken:
                name = rack_name(number, rack_count)
                yield f"user_firmware.{index}.racks", f"{name} stands in user_firmware.{taken[number]} already"
                break
        taken |= {number: index for number in numbers if number not in taken}


def _chosen(axis: str, text: str, count: int) -> tuple[int, ...]:
    if text.strip() == "*":
        return tuple(range(count))
    chosen: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        low = _position(axis, first, count)
        high = _position(axis, last, count) if dots else low
        if high < low:
            raise ValueError(f"{axis}[{part.strip()}] runs backwards")
        chosen += [i for i in range(low, high + 1) if i not in chosen]
    return tuple(chosen)


def _position(axis: str, text: str, count: int) -> int:
    text = text.strip()
    if text.isdecimal() and 1 <= int(text) <= count:
        return int(text) - 1
    raise ValueError(f"{axis}[{text}] does not exist; there {'is' if count == 1 else 'are'} 1 to {count}")
