"""A run of the EMS: cycles for a number of days, with or without faults, and an orderly end."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hil.ems.controller import Controller
from hil.ems.ledger import Check
from hil.ems.story import Incident, judge
from hil.ems.units import DAY

STOP_CYCLES = 60
"""Most cycles in which the containers are taken out of service at the end."""

Pace = Callable[[], Awaitable[None]]
"""Lets the time from one cycle to the next pass."""
Inject = Callable[[dict[str, Any]], Awaitable[None]]
"""Has the emulator do something wrong."""


async def run(
    controller: Controller,
    days: float,
    pace: Pace,
    incidents: Sequence[Incident] = (),
    inject: Inject | None = None,
    progress: Callable[[Controller], None] = lambda _: None,
) -> None:
    """Cycles until a number of days has passed.

    Args:
        controller: The EMS.
        days: How many.
        pace: Lets the time between two cycles pass.
        incidents: What goes wrong.
        inject: Makes it go wrong.
        progress: Called after each cycle.
    """
    waiting = sorted(incidents, key=lambda incident: incident.at)
    while controller.clock.now < days * DAY:
        while inject is not None and waiting and waiting[0].at <= controller.clock.now:
            await inject(waiting.pop(0).fault)
        await pace()
        await controller.cycle()
        progress(controller)


async def shut_down(controller: Controller, pace: Pace) -> None:
    """Take all containers out of service, and close the connections."""
    controller.stop()
    for _ in range(STOP_CYCLES):
        await pace()
        await controller.cycle()
        if controller.stopped:
            break
    controller.close()


def verdict(controller: Controller, incidents: Sequence[Incident] = ()) -> list[Check]:
    """All checks of a run."""
    past = [incident for incident in incidents if incident.at + incident.lasts < controller.clock.now]
    return [*controller.ledger.checks(controller), *judge(past, controller.events)]
