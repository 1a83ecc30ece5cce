"""Precharge of the DC link before a main contactor closes."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.protections import CABINET, SPECIFIED

pytestmark = pytest.mark.settings(CABINET)

TIMING, CONNECTION = SPECIFIED.timing, SPECIFIED.connection
FAULT = 6
MAIN = "plant.rack[1].contactor[main_positive].closed"


def difference(rig: Rig) -> float:
    """Voltage that the main contactor would close onto [V]."""
    return abs(rig.get("rack[1].link_voltage") - rig.get("rack[1].string_voltage"))


@pytest.mark.requirement("PRE-1", "PRE-3")
@pytest.mark.parametrize("kind", [None, "precharge-shorted"], ids=["sound", "resistor shorted"])
def test_the_main_contactor_closes_onto_a_charged_link_only(rig: Rig, faults: Faults, kind: str | None) -> None:
    """Before the main contactor closes, the link has come within the allowed difference to the string."""
    rig.precondition("rack[1].mode", equals="standby", within="10s")
    rig.nothing_else_trips()
    if kind:
        faults(kind, "rack[1]", name="defect")
    rig.write({"request": "connect"})
    differences = []
    while not rig.get(MAIN) and rig.time < 60.0:
        differences.append(difference(rig))
        rig.run(0.1)
    allowed = max(
        CONNECTION.precharge_done_v, CONNECTION.precharge_done_percent / 100.0 * rig.get("rack[1].string_voltage")
    )
    rig.verify("the link was dead at first", max(differences) > 10.0 * allowed, f"{max(differences):.1f} V")
    rig.verify(
        f"the main contactor closed at a difference below {allowed:.1f} V",
        differences[-1] < allowed,
        f"it was {differences[-1]:.1f} V",
    )
    rig.expect("rack[1].mode", equals="connected", within="2s", hold="10s")


@pytest.mark.requirement("PRE-2", "PRE-3")
@pytest.mark.parametrize(
    ("kind", "target", "settings"),
    [("precharge-open", "rack[1]", {}), ("extra-capacitance", "pcs[1]", {"capacitance": "1F"})],
    ids=["resistor open", "too much capacitance"],
)
def test_a_precharge_that_does_not_end_is_given_up(
    rig: Rig, faults: Faults, kind: str, target: str, settings: dict[str, str]
) -> None:
    """Each try ends in its time; after as many as the profile says the rack is faulted, and it never closed."""
    rig.precondition("rack[1].mode", equals="standby", within="10s")
    rig.nothing_else_trips("rack[1].precharge_timeout", "rack[1].precharge_overcurrent")
    faults(kind, target, name="defect", **settings)
    rig.watch(MAIN, equals=False, always="end")
    rig.write({"request": "connect"})
    begin = rig.time
    tries = 0
    while rig.get("rack[1].mode") != FAULT and rig.time < begin + 120.0:
        rig.expect("rack[1].mode", equals="precharge", within=TIMING.precharge_pause_s + 3.0)
        tries += 1
        left = {"point": "rack[1].mode", "at_most": "standby"} if tries < TIMING.precharge_tries else {}
        rig.expect(
            **(left or {"point": "rack[1].mode", "equals": "fault"}),
            after=TIMING.precharge_timeout_s - 1.0,
            within=TIMING.precharge_timeout_s + 1.5,
        )
    rig.verify(f"there were {TIMING.precharge_tries} tries", tries == TIMING.precharge_tries, f"there were {tries}")
    rig.expect("rack[1].connect_failure", equals="precharge_failure")
    rig.expect("rack[1].mode", equals="fault", always="30s")
