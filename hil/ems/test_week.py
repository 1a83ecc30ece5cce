"""The EMS through all that goes wrong in its week, within the hours of one evening, on containers of three racks."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bms_emulator.testing.served import ServedBench
from hil.ems.bench import Steps, injector, relocated, stepped_site
from hil.ems.config import Config, load
from hil.ems.controller import Controller
from hil.ems.run import run, shut_down, verdict
from hil.ems.story import INCIDENTS, within_a_day
from hil.ems.unit import State
from hil.ems.units import DAY, HOUR

CYCLE = 15.0
SHARE = 0.25
"""Of the racks, and of all that goes with them: fewer cells to compute."""
START, END = 15.25, 20.5
"""Hours of the day: in between the load exceeds the limit, then the night tariff begins."""
EVENING = within_a_day([replace(row, lasts=min(row.lasts, 1200.0)) for row in INCIDENTS], 0.5 * HOUR, 0.7 * HOUR)


@pytest.fixture
async def bench() -> AsyncIterator[ServedBench]:
    wanted = {
        "container.rack_count": 3,
        "container.rated_energy_kwh": SHARE * 5016,
        "container.pump.rated_flow_lpm": SHARE * 768,
        "load.scale": SHARE * 40,
        "pv.scale": SHARE * 40,
        "initial.time_of_day_h": START,
        "initial.soc_percent": 70,
    }
    async with stepped_site(CYCLE, wanted) as bench:
        yield bench


def commissioned(bench: ServedBench) -> Config:
    config = relocated(load(), bench, CYCLE)
    plan = replace(
        config.plan, import_limit=SHARE * config.plan.import_limit, margin=SHARE * config.plan.margin, night=(20.0, 6.0)
    )
    containers = tuple(replace(row, rated_energy=SHARE * row.rated_energy) for row in config.containers)
    return replace(config, containers=containers, plan=plan, start=START * HOUR)


@pytest.mark.timeout(400)
async def test_an_ems_shaves_peaks_keeps_limits_and_overcomes_every_fault(bench: ServedBench) -> None:
    controller = Controller(commissioned(bench))
    pace = Steps(bench, CYCLE)
    await run(controller, (END - START) * HOUR / DAY, pace, EVENING, injector(bench))

    told = "\n".join(str(event) for event in controller.events)
    for check in verdict(controller, EVENING):
        assert check.held, f"{check.name}: {check.value}\n{told}"
    check_energies(bench)

    await shut_down(controller, pace)
    assert [unit.state for unit in controller.units] == [State.STOPPED, State.STOPPED]
    assert bench.get("pcs[2].dc_breaker.closed") == 0.0


def check_energies(bench: ServedBench) -> None:
    """What the meter has counted is what load, PV and PCS have, within its accuracy."""

    def energy(name: str) -> float:
        return bench.get(name) / HOUR / 1e3

    counted = energy("meter.energy_imported") - energy("meter.energy_exported")
    delivered = sum(energy(f"pcs[{n}].energy_exported") - energy(f"pcs[{n}].energy_imported") for n in (1, 2))
    expected = energy("load.energy") - energy("pv.energy") - delivered
    assert counted == pytest.approx(expected, rel=0.015)
