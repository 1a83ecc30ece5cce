"""Every shipped site runs: it closes its contactors and gives power, and all that it shows is a number."""

from typing import Any

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode
from bms_emulator.interfaces.link import Command
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.emulator import Emulator

SITES = tuple(Folders((shipped_folder(),)).list("sites"))
TICKS = 200
JOINING_TICKS = 1200
"""Self-test, precharge of the first rack, then the others one by one, within two minutes."""


class Site:
    """A shipped site that is asked for a tenth of its power."""

    def __init__(self, name: str) -> None:
        self.profile = load_site(name)
        self.emulator = Emulator(self.profile, seed=3)
        self.power = self.profile.pcs.rated_power_kw * 1e2
        asked = {
            f"{component}[{n}].{command}": value
            for n in range(1, self.profile.container_count + 1)
            for component, command, value in (
                ("container", "request", 1.0),
                ("pcs", "setpoint_enabled", 1.0),
                ("pcs", "setpoint_mode", 1.0),
                ("pcs", "power_setpoint", self.power),
            )
        }
        writes = [[self.emulator.catalogue.find(point)[1], value] for point, value in asked.items()]
        assert self.emulator.apply(Command("write", "test", {"writes": writes})).accepted

    def get(self, selector: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        (selection,) = self.emulator.catalogue.select(selector)
        return self.emulator.arena.buffer[selection.offsets()].copy()

    def join(self) -> None:
        for _ in range(JOINING_TICKS):
            self.emulator.tick()
            if (self.get("container[*].rack[*].mode") == RackMode.CONNECTED).all():
                return
        raise AssertionError(f"modes {self.get('container[*].rack[*].mode')} after {self.emulator.time} s")


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.param)


FINITE = (
    "container[*].rack[*].cell[*].voltage",
    "container[*].rack[*].temperature_sensor[*].temperature",
    "container[*].rack[*].current",
    "container[*].rack[*].soc",
    "container[*].rack[*].soh",
    "container[*].voltage",
    "container[*].chiller.setpoint",
    "container[*].charge_power_limit",
    "container[*].discharge_power_limit",
    "pcs[*].power",
)
"""What everybody reads."""


def test_a_shipped_site_connects_its_racks_and_gives_the_power_that_is_asked(site: Site) -> None:
    site.join()
    for _ in range(TICKS):
        site.emulator.tick()
    assert site.get("pcs[*].power") == pytest.approx(site.power, rel=0.01)
    for selector in ("container[*].alarm[*].count", "container[*].rack[*].alarm[*].count"):
        assert site.get(selector).max() == 0, "a healthy site raises no alarm"
    for selector in FINITE:
        values = site.get(selector)
        assert values.size
        assert np.isfinite(values).all(), selector
    container, cell = site.profile.container, site.profile.container.rack.pack.cell
    assert container.operating_voltage_min_v < site.get("container[*].voltage")[0] < container.operating_voltage_max_v
    voltage = site.get("container[*].rack[*].cell[*].voltage")
    assert cell.voltage_min_v < voltage.min() <= voltage.max() < cell.voltage_max_v
