"""Runs of a campaign, each ten simulated minutes of one container at a tick of 100 ms, in one process."""

import statistics
import time
from pathlib import Path

from bms_emulator.testing.campaign.plan import load_campaign
from bms_emulator.testing.campaign.work import make_run

CAMPAIGN = Path(__file__).parent.parent / "hil" / "campaigns" / "random-walk.yaml"
RUNS = 9
WANTED = 50.0
"""1,000 runs in ten minutes on two cores, as runs per minute and core."""


def rows() -> list[tuple[str, str]]:
    plan = load_campaign(str(CAMPAIGN))
    make_run(plan, plan.runs[0])  # compiles, or loads what is compiled
    wall, used = [], []
    for run in plan.runs[1 : 1 + RUNS]:
        started, began = time.perf_counter(), time.process_time()
        shown = make_run(plan, run)
        wall.append(time.perf_counter() - started)
        used.append(time.process_time() - began)
        if shown.error:
            return [("campaign, runs of 10 min", shown.error)]
    seconds, cpu = statistics.median(wall), statistics.median(used)
    return [
        (f"campaign, runs of 10 min per minute and core (aim {WANTED:.0f})", f"{60.0 / seconds:.0f}"),
        ("campaign, one run of 6,000 ticks", f"{seconds:.2f} s, {cpu:.2f} s of processor time"),
        ("campaign, 1,000 runs on two cores", f"{1000.0 * seconds / 2.0 / 60.0:.1f} min"),
    ]
