"""Faults of users' firmware: what its host can do to it, and what is refused."""

import pytest

from bms_emulator.arrays import Arena, Layout
from bms_emulator.faults.engine import FaultError, FaultSet
from bms_emulator.firmware.contract import ControllerOverlay, Off, RackMode
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from tests.native.test_host import Bench


@pytest.fixture
def rig(monkeypatch) -> Bench:
    """Two racks with fake workers in lockstep."""
    return Bench(monkeypatch, realtime=False)


@pytest.fixture
def overlay(rig: Bench) -> ControllerOverlay:
    return Arena(Layout(rig.site.counts, {"overlay": ControllerOverlay})).group("overlay", ControllerOverlay)


def bend(rig: Bench, overlay: ControllerOverlay, name: str, value: float) -> None:
    """Bend the first rack."""
    getattr(overlay, name)[0] = value
    rig.host.bend(overlay)


def test_a_crash_ends_the_process_and_a_new_one_starts_when_the_fault_is_over(rig, overlay) -> None:
    rig.run(5)
    bend(rig, overlay, "rack_off", float(Off.CRASHED))
    rig.run(30)
    assert rig.actions()[:2] == ["crash", "safe"]
    assert not rig.workers[0].alive
    assert rig.outputs.contactor_command[0].tolist() == [0.0, 0.0, 0.0]
    assert rig.outputs.mode[1] == RackMode.CONNECTED
    bend(rig, overlay, "rack_off", 0.0)
    rig.run(5)
    assert "started" in rig.actions()
    assert rig.outputs.mode[0] == RackMode.CONNECTED


def test_a_firmware_that_is_not_stepped_goes_safe_by_its_watchdog_and_comes_back(rig, overlay) -> None:
    rig.run(5)
    bend(rig, overlay, "rack_halted", 1.0)
    rig.run(30)
    assert "safe" in rig.actions()
    assert rig.outputs.mode[0] != RackMode.CONNECTED
    bend(rig, overlay, "rack_halted", 0.0)
    rig.run(5)
    assert rig.outputs.mode[0] == RackMode.CONNECTED


def test_a_slow_firmware_is_stepped_in_a_share_of_the_ticks(rig, overlay) -> None:
    bend(rig, overlay, "rack_divider", 2.0)
    rig.run(20)
    assert (rig.host.status()[0]["steps"], rig.host.status()[1]["steps"]) == (10, 20)


def test_a_power_cycle_takes_the_supply_of_one_rack_alone(rig, overlay) -> None:
    rig.run(3)
    bend(rig, overlay, "rack_off", float(Off.UNPOWERED))
    rig.run(3)
    assert (rig.host.status()[0]["state"], rig.workers[1].alive) == ("off", True)
    bend(rig, overlay, "rack_off", 0.0)
    rig.run(3)
    assert rig.actions() == ["unpowered", "powered", "started"]


def test_what_reaches_into_memory_is_refused_with_the_reason_and_what_is_allowed() -> None:
    rows = [{"racks": "rack[2]", "library": "x.py:X"}]
    site = load_site("demo", {"user_firmware": rows})
    faults = FaultSet(Catalogue(site), site)
    spec = {"kind": "soc-wrong", "target": "rack[*].controller", "parameters": {"offset": 0.1}}
    with pytest.raises(FaultError, match=r"rack\[2\] runs a user's firmware, .* allowed: crash, .*hang, slow"):
        faults.add(spec, 0.0)
    faults.add(spec | {"target": "rack[1].controller"}, 0.0)
    faults.add({"kind": "hang", "target": "rack[2].controller"}, 0.0)
