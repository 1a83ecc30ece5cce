"""Joining of racks on a live bus, and operation with one missing."""

from itertools import pairwise

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect
from hil.protections import SPECIFIED

pytestmark = pytest.mark.settings({**SMALL, "initial.rack_soc_spread_percent": 0})

PRECHARGE = 3
LIMIT = SPECIFIED.connection.join_voltage_difference_v


@pytest.mark.requirement("JOIN-1")
def test_a_rack_too_far_from_the_bus_does_not_join(rig: Rig, faults: Faults) -> None:
    """A rack whose voltage differs from the bus by more than the limit stays open and says why; the others go on."""
    faults("soc-shift", "rack[2]", shift="-42%", name="empty")
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    apart = abs(rig.get("rack[2].string_voltage") - rig.get("rack[1].string_voltage"))
    rig.verify(f"the racks are further apart than {LIMIT:g} V", apart > LIMIT, f"{apart:.1f} V")
    rig.nothing_else_trips("rack_imbalance", "rack[2].soc_*")
    rig.write({"request": "connect"})
    rig.watch("plant.rack[2].contactor[main_positive].closed", equals=False, always="end")
    rig.expect("container.racks_connected", equals=2, within="30s", hold="20s")
    rig.expect("rack[2].connect_failure", equals="outside_voltage_range")
    rig.expect("rack[2].mode", equals="standby")


@pytest.mark.requirement("JOIN-1")
def test_a_rack_within_the_limit_joins(rig: Rig, faults: Faults) -> None:
    """A rack at another state of charge, yet near the bus in voltage, joins, and no more flows than it may carry."""
    faults("soc-shift", "rack[2]", shift="-10%", name="lower")
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    apart = abs(rig.get("rack[2].string_voltage") - rig.get("rack[1].string_voltage"))
    rig.verify(f"the racks are apart, by less than {LIMIT:g} V", 0.5 < apart < LIMIT, f"{apart:.1f} V")
    rig.write({"request": "connect"})
    rated = rig.site.container.rack.rated_current_a
    rig.watch("rack[*].current", between=(f"-{rated}A", f"{rated}A"), always="end")
    rig.expect("rack[2].mode", equals="connected", within="30s", hold="30s")


@pytest.mark.requirement("JOIN-2")
def test_racks_join_one_after_the_other(rig: Rig) -> None:
    """At no time are two racks on their way to the bus, and between two of them lies the interval of the profile."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    rig.write({"request": "connect"})
    most, joined = 0, []
    while len(joined) < 3 and rig.time < 60.0:
        rig.run(0.1)
        most = max(most, int((rig.values("rack[*].mode") == PRECHARGE).sum()))
        joined += [rig.time] * (int(rig.get("container.racks_connected")) - len(joined))
    rig.verify("all racks joined", len(joined) == 3, f"{len(joined)} of them")
    rig.verify("one rack at a time", most == 1, f"{most} were on their way")
    apart = min(later - earlier for earlier, later in pairwise(joined))
    wanted = SPECIFIED.timing.join_interval_s
    rig.verify(f"between two of them are {wanted:g} s at least", apart >= wanted, f"{apart:.1f} s")


@pytest.mark.requirement("JOIN-3")
def test_a_disabled_rack_is_left_out(rig: Rig) -> None:
    """A rack that is not enabled stays open; the others connect, and the container allows their share."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    rig.write({"rack[3].enabled": False})
    rig.nothing_else_trips()
    rig.write({"request": "connect"})
    rig.expect("container.racks_connected", equals=2, within="30s", hold="20s")
    rig.expect("rack[3].mode", equals="standby")
    rated = rig.site.container.rack.rated_current_a
    rig.expect("container.discharge_current_limit", between=(f"{1.9 * rated}A", f"{2.0 * rated}A"), within="15s")


@pytest.mark.requirement("JOIN-3")
def test_the_container_goes_on_with_a_rack_missing_and_takes_it_back(rig: Rig, faults: Faults) -> None:
    """A rack that trips leaves two thirds of the limit; reset after its repair, it joins the live bus again."""
    connect(rig)
    rig.run(15.0)
    before = rig.get("container.discharge_current_limit")
    rig.nothing_else_trips("rack[2].interlock_open")
    faults("interlock-open", "rack[2]", name="plug")
    rig.expect("rack[2].mode", equals="fault", within="4s")
    rig.expect("container.racks_connected", equals=2, always="20s")
    rig.expect(
        "container.discharge_current_limit", equals=f"{before * 2 / 3}A", tolerance="2A", within="15s", hold="5s"
    )
    faults.clear()
    rig.run(3.0)
    rig.write({"alarm_reset": True})
    rig.expect("rack[2].mode", equals="connected", within="30s", hold="5s")
    rig.expect("container.discharge_current_limit", equals=f"{before}A", tolerance="2A", within="15s", hold="5s")
