"""Commands of an EMS: out of range, read-only, contradictory, too many."""

import pytest

from bms_emulator.testing.bench import RefusedError
from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect, deliver
from hil.protections import ROWS

pytestmark = [pytest.mark.settings(SMALL), pytest.mark.rig("reference")]


def refused(rig: Rig, point: str, value: object) -> None:
    """Write a value that must not be taken, and see that it was not."""
    before = rig.get(point)
    try:
        rig.write({point: value})
    except RefusedError as error:
        reason = str(error)
    else:
        reason = ""
    rig.stimulus("write", point, str(value), reason)
    named = point.replace("[1]", "") in reason
    rig.verify(
        f"writing {value} to {point} is refused, and the reason names the point", named, reason or "it was taken"
    )
    rig.run(1.0)
    after = rig.get(point)
    rig.verify(f"{point} is as it was", after == before, f"it is {after:g} instead of {before:g}")


@pytest.mark.requirement("EMS-1")
@pytest.mark.parametrize(
    ("point", "value"),
    [
        ("soc_reserve_max", 1.2),
        ("soc_reserve_min", -0.1),
        ("request", 7),
        ("operation", "explode"),
        ("master_timeout", -1.0),
        ("pcs[1].power_setpoint", 1e9),
        ("pcs[1].power_setpoint", float("nan")),
        ("charge_current_max", "200V"),
    ],
)
def test_a_value_out_of_range_is_refused_and_never_followed(rig: Rig, point: str, value: object) -> None:
    """A value that a point cannot have, in size, kind or unit, is refused; point and power stay as they were."""
    deliver(rig, 600e3)
    rig.nothing_else_trips()
    rig.watch("pcs[1].power", equals="600kW", tolerance="20kW", always="end")
    refused(rig, point, value)
    rig.expect("rack[*].mode", equals="connected", always="5s")


@pytest.mark.requirement("EMS-4")
@pytest.mark.parametrize(
    ("point", "value"),
    [
        ("rack[1].soc", 0.9),
        ("rack[1].mode", "connected"),
        ("rack[1].cell[1].voltage", 3.3),
        ("container.discharge_current_limit", 1e4),
        ("rack[1].contactor[main_positive].command", True),
        ("rack[1].alarm[cell_overvoltage].level", 0),
        ("plant.rack[1].contactor[main_positive].closed", True),
    ],
)
def test_what_the_bms_measures_or_decides_cannot_be_written(rig: Rig, point: str, value: object) -> None:
    """A write to a measurement, a decision or the truth is refused; nothing closes, nothing changes."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    rig.nothing_else_trips()
    rig.watch("plant.rack[*].contactor[*].closed", equals=False, always="end")
    try:
        rig.write({point: value})
    except RefusedError as error:
        rig.stimulus("write", point, str(value), str(error))
    else:
        rig.verify(f"a write to {point} is refused", holds=False, reason="it was taken")
    rig.expect("rack[*].mode", equals="standby", always="5s")


@pytest.mark.requirement("EMS-1")
def test_of_values_that_are_written_together_one_that_is_wrong_refuses_all(rig: Rig) -> None:
    """A request to connect beside a reserve out of range is not taken either."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    try:
        rig.write({"request": "connect", "soc_reserve_max": 2.0})
    except RefusedError as error:
        rig.stimulus("write", "request, soc_reserve_max", "connect, 2", str(error))
    rig.expect("request", equals="none")
    rig.expect("rack[*].mode", equals="standby", always="20s")


@pytest.mark.requirement("EMS-2")
def test_a_disconnect_of_all_wins_over_a_connect_of_one(rig: Rig) -> None:
    """Written together, the container's disconnect opens all racks, also the one that is asked to connect."""
    connect(rig)
    rig.nothing_else_trips()
    rig.write({"request": "disconnect", "rack[2].request": "connect"})
    rig.expect("rack[*].mode", equals="standby", within="10s", hold="30s")


@pytest.mark.requirement("EMS-2")
def test_two_masters_that_contradict_each_other_harm_nothing(rig: Rig, faults: Faults) -> None:
    """While one asks to connect and the other to disconnect, nothing opens under load; afterwards a request holds."""
    deliver(rig, 600e3)
    rig.nothing_else_trips()
    faults("contradiction", "master", every="3s", name="two")
    rig.run(30.0)
    faults.clear()
    rig.expect("rack[*].openings_under_load", equals=0)
    rig.write({"request": "disconnect"})
    rig.expect("rack[*].mode", equals="standby", within="15s", hold="10s")
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="connected", within="60s", hold="5s")


@pytest.mark.requirement("EMS-2")
def test_a_request_while_control_is_local_is_taken_back(rig: Rig) -> None:
    """On site, with control local, a master's request does nothing, nor does it when control is given back."""
    rig.precondition("rack[*].mode", equals="standby", within="10s")
    rig.write({"control": "local"})
    rig.run(1.0)
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="standby", always="10s")
    rig.write({"control": "remote"})
    rig.expect("rack[*].mode", equals="standby", always="10s")
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="connected", within="60s")


@pytest.mark.requirement("EMS-2")
def test_a_rack_with_a_fault_does_not_connect_however_often_it_is_asked_to(rig: Rig, faults: Faults) -> None:
    """Requests without a reset leave a tripped rack open, also when its cause has gone."""
    connect(rig)
    faults("interlock-open", "rack[2]", name="plug")
    rig.precondition("rack[2].mode", equals="fault", within="5s")
    faults.clear()
    rig.run(5.0)
    rig.watch("rack[2].mode", equals="fault", always="end")
    for request in ("disconnect", "connect", "none", "connect"):
        rig.write({"rack[2].request": request})
        rig.run(5.0)
    rig.expect("plant.rack[2].contactor[main_positive].closed", equals=False)


@pytest.mark.requirement("EMS-3")
def test_a_flood_of_commands_delays_no_protection(rig: Rig, faults: Faults) -> None:
    """While a master writes in every tick, an overvoltage trips in its time as it does otherwise."""
    connect(rig)
    faults("flood", "master", name="flood")
    rig.run(5.0)
    row = ROWS["cell_overvoltage"]
    wait = row.set_s[2] or 0.0
    faults("stuck", "rack[1].cell[41].voltage", value=f"{row.set[2]}V", name="ov")
    rig.expect("rack[1].alarm[cell_overvoltage].level", equals=3, after=wait - 0.15, within=wait + 0.5)
    rig.expect("rack[1].mode", equals="fault", within="3s")
