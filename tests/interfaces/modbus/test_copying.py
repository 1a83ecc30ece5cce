"""Devices that differ in nothing but the container they show are copies of the first, to the last bit."""

from typing import Any

import pytest

from bms_emulator.interfaces.modbus import copying
from bms_emulator.interfaces.modbus.plan import ModbusPlan, compile_maps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import load_site

CONTAINERS = 4
SITES = sorted(Folders((shipped_folder(),)).list("sites"))


def each(name: str, port: int, **more: Any) -> dict[str, Any]:
    return {"map": name, "each": "container", "port": port, "port_step": 30, "unit": 1, **more}


def plan_of(*devices: dict[str, Any], site: str = "demo") -> ModbusPlan:
    loaded = load_site(site, {"container_count": CONTAINERS, "modbus.devices": list(devices)})
    return compile_maps(loaded, Catalogue(loaded))


def slow_plan_of(monkeypatch: pytest.MonkeyPatch, *devices: dict[str, Any], site: str = "demo") -> ModbusPlan:
    """The same without a single copy."""
    with monkeypatch.context() as patched:
        patched.setattr(copying.Compiler, "_keeps_alike", lambda *_: False)
        return plan_of(*devices, site=site)


def assert_equal(fast: ModbusPlan, slow: ModbusPlan) -> None:
    assert fast.template == slow.template
    assert fast.devices == slow.devices
    for own, other in zip((*fast.arrays, *fast.kept), (*slow.arrays, *slow.kept), strict=True):
        assert own.dtype == other.dtype
        assert own.tobytes() == other.tobytes()


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Containers whose devices were made by moving the first, those that only prove that included."""
    made: list[int] = []
    copy = copying.Compiler._copy

    def counted(self: copying.Compiler, name: str, device: Any, start: int) -> copying.Compiled:
        made.append(device.container)
        return copy(self, name, device, start)

    monkeypatch.setattr(copying.Compiler, "_copy", counted)
    return made


@pytest.mark.parametrize("site", SITES)
def test_copies_equal_what_is_compiled(monkeypatch: pytest.MonkeyPatch, copies: list[int], site: str) -> None:
    maps = dict.fromkeys(device.map for device in load_site(site).modbus.devices)
    devices = [each(name, 20000 + 1000 * n) for n, name in enumerate(maps)]
    fast = plan_of(*devices, site=site)
    assert copies == [2, 3, 4] * len(devices)
    assert_equal(fast, slow_plan_of(monkeypatch, *devices, site=site))


def test_copies_stand_beside_each_other_and_in_any_order(monkeypatch: pytest.MonkeyPatch, copies: list[int]) -> None:
    last_first = [{"map": "sunspec-battery", "container": n, "port": 31000 + n, "read_limit": 9} for n in (4, 2, 1, 3)]
    devices = [*last_first, each("container-mbmu", 20000), each("sunspec-battery", 25000), each("scu-float", 30000)]
    fast = plan_of(*devices)
    assert len(copies) > 3 * (CONTAINERS - 1)
    assert_equal(fast, slow_plan_of(monkeypatch, *devices))


def test_a_container_that_keeps_its_values_elsewhere_is_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    another = {"map": "pile-sleepwake", "container": 3, "port": 31000}
    devices = [another, each("container-mbmu", 20000)]
    assert_equal(plan_of(*devices), slow_plan_of(monkeypatch, *devices))


def test_what_is_wrong_with_a_map_is_told_of_copies_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = each("sunspec-battery", 20000, port_step=0, unit_step=5)  # units of two containers meet
    told = []
    for make in (lambda: plan_of(wrong), lambda: slow_plan_of(monkeypatch, wrong)):
        with pytest.raises(ProfileError) as caught:
            make()
        told.append(caught.value.problems)
    assert told[0] == told[1]
