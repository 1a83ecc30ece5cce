"""What a run says of itself: a line while it goes on, a text and data at its end."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hil.ems.controller import Controller, moment
from hil.ems.ledger import Check
from hil.ems.units import HOUR, KILO


def line(controller: Controller) -> str:
    """Where a run stands."""
    units = "; ".join(
        f"{unit.name} {unit.state.value} {unit.pcs['power'] / KILO:.0f} kW, SOC {100 * unit.battery['soc']:.1f} %"
        for unit in controller.units
    )
    return f"{moment(controller.clock.now)}  grid {controller.meter.imported / KILO:.0f} kW; {units}"


def as_text(controller: Controller, checks: Sequence[Check]) -> str:
    """The report for people."""
    rows = ["", "day  import  export  charged  discharged  [kWh]   highest import  without batteries  [kW]   out [h]"]
    for n, day in enumerate(controller.ledger.days, 1):
        energies = (day.imported, day.exported, day.charged, day.discharged)
        columns = [f"{energy / KILO / HOUR:{width}.0f}" for energy, width in zip(energies, (8, 8, 9, 12), strict=True)]
        powers = f"{day.import_max / KILO:21.0f}{day.demand_max / KILO:19.0f}"
        rows.append(f"{n:3d}{''.join(columns)}{powers}{day.out_of_service / HOUR:16.2f}")
    links = [device.link for device in controller.devices]
    rows += [
        "",
        f"{sum(link.requests for link in links)} requests, {sum(link.errors for link in links)} unanswered, "
        f"{sum(link.connects for link in links)} connections, {moment(controller.clock.now)} simulated",
        "",
        *(f"{'ok  ' if check.held else 'FAIL'}  {check.name}: {check.value}" for check in checks),
    ]
    return "\n".join(rows)


def as_json(controller: Controller, checks: Sequence[Check]) -> dict[str, Any]:
    """The report for programs, in SI."""
    return {
        "seconds": controller.clock.now,
        "days": [asdict(day) for day in controller.ledger.days],
        "events": [asdict(event) for event in controller.events],
        "links": {
            device.name: {
                "requests": device.link.requests,
                "errors": device.link.errors,
                "connects": device.link.connects,
            }
            for device in controller.devices
        },
        "checks": [asdict(check) for check in checks],
    }
