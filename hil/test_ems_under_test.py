"""The device under test is an EMS: it starts, runs and stops two containers, and leaves alone one that has failed.

The EMS is the one in hil/ems; one's own would be started by the rig, or take its turns in the same way.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bms_emulator.testing.rig import ServedRig
from hil.ems.bench import relocated
from hil.ems.config import load
from hil.ems.controller import Controller

CYCLE = 15.0
"""Of the EMS [s]."""
SMALL = {
    "container.rack_count": 3,
    "container.rated_energy_kwh": 1254,
    "container.pump.rated_flow_lpm": 192,
    "load.scale": 10,
    "pv.scale": 10,
    "initial.time_of_day_h": 22.5,
}
"""Containers of three racks, at night, when the EMS charges."""

pytestmark = [pytest.mark.rig("ems-under-test"), pytest.mark.settings(SMALL)]


@pytest.fixture
async def ems(served_rig: ServedRig) -> AsyncIterator[Controller]:
    """The EMS at work on the rig."""
    config = relocated(load(), served_rig.bench, CYCLE)
    containers = tuple(replace(row, rated_energy=row.rated_energy / 4) for row in config.containers)
    ems = Controller(replace(config, containers=containers, start=22.5 * 3600.0))
    served_rig.every(CYCLE, ems.cycle)
    yield ems
    ems.close()


@pytest.mark.requirement("EMS-START-1", "EMS-STOP-1")
async def test_an_ems_takes_containers_into_service_and_out_again(served_rig: ServedRig, ems: Controller) -> None:
    """The EMS connects all racks, charges at night, and takes the racks off the bus when it is told to stop."""
    await served_rig.precondition("container[*].rack[*].mode", equals="standby", within="60s")
    served_rig.nothing_else_trips()
    await served_rig.expect("container[*].rack[*].mode", equals="connected", within="10min")
    await served_rig.expect("pcs[*].power", below="-10kW", within="10min", hold="60s")
    served_rig.stimulus("command", "EMS", "stop")
    ems.stop()
    await served_rig.expect("container[*].rack[*].mode", equals="standby", within="15min")


@pytest.mark.requirement("EMS-FAULT-1")
async def test_an_ems_goes_on_with_one_container_when_the_other_is_stopped(
    served_rig: ServedRig, ems: Controller
) -> None:
    """After an emergency stop of one container the EMS asks its PCS for no power, and goes on with the other one."""
    await served_rig.precondition("pcs[*].power", below="-10kW", within="20min", hold="60s")
    served_rig.write({"container[1].emergency_stop.pressed": True})
    await served_rig.expect("container[1].rack[*].mode", equals="emergency", within="10s")
    served_rig.watch("container[2].rack[*].mode", equals="connected", always="end")
    await served_rig.expect("pcs[1].power_setpoint", between=("-1kW", "1kW"), within="2min", hold="5min")
    await served_rig.expect("pcs[2].power", below="-10kW")
