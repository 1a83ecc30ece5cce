"""Every alarm of every shipped set: its cause raises it, with its source, and it goes when its cause has gone."""

import math

import pytest

from bms_emulator.firmware.contract import Action
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.signals import SIGNALS
from tests.firmware.stimuli import SETTLING, STIMULI
from tests.firmware.supervision_rig import RACK, SupervisionRig, three_racks

SETS = ("default", "strict", "lax")
ROWS = [(name, row) for name in SETS for row in three_racks(name).firmware.alarms]
IDS = [f"{name}-{row.id}" for name, row in ROWS]


def beyond(row: AlarmRow) -> float:
    """A value of the signal [SI] well beyond its most severe level."""
    level = row.set[row.used[-1] - 1]
    assert level is not None
    margin = max(0.03 * abs(level), 0.03)
    return row.watched.si(level + margin if row.when == "above" else level - margin)


def test_every_signal_has_a_stimulus() -> None:
    assert STIMULI.keys() == SIGNALS.keys()


def test_healthy_measurements_raise_nothing() -> None:
    for name in SETS:
        rig = SupervisionRig(three_racks(name), dt=0.5)
        rig.run(600.0)
        assert rig.raised() == {}


@pytest.mark.parametrize(("name", "row"), ROWS, ids=IDS)
def test_a_cause_raises_its_alarm_which_tells_its_source_and_ends_after_it(name: str, row: AlarmRow) -> None:
    rig = SupervisionRig(three_racks(name), dt=0.5)
    rig.step()
    top = row.used[-1]
    wait = row.set_s[top - 1]
    assert wait is not None
    if row.trips_while != "always":
        rig.send(1, 0, 1)
        rig.measured.current.fill(-20.0 if row.trips_while == "charging" else 20.0)
        rig.measured.current_second[...] = rig.measured.current
    begin = rig.elapsed
    source = 0
    for _ in range(round((wait + SETTLING.get(row.signal, 0.0)) / rig.dt) + 1):
        source = STIMULI[row.signal](rig, beyond(row))
        rig.step()
        if rig.alarm("level", row.id) == top:
            break
    assert rig.alarm("level", row.id) == top
    assert rig.alarm("source", row.id) == source
    assert rig.alarm("count", row.id) == 1
    assert begin <= rig.alarm("first_time", row.id) <= rig.alarm("last_time", row.id) < rig.elapsed
    action = Action[row.action[top - 1].upper()]
    if row.scope == "container":
        assert (rig.orders.action >= action).all()
    else:
        rig.step()
        assert rig.racks.alarm_action[RACK] >= action
        assert math.isnan(rig.racks.alarm_first_time[0, [r.id for r in rig.site.firmware.rack_alarms].index(row.id)])

    fresh = SupervisionRig(three_racks(name))
    for field in vars(rig.measured):
        getattr(rig.measured, field)[...] = getattr(fresh.measured, field)
    for field in ("soc", "soh", "connected", "contactor_command"):
        getattr(rig.racks, field)[...] = getattr(fresh.racks, field)
    rig.beating.fill(1.0)
    rig.bank.master_lost.fill(0.0)
    rig.private.master_gone.fill(0.0)
    for _ in range(round((max(t or 0.0 for t in row.clear_s) + SETTLING.get(row.signal, 0.0)) / rig.dt) + 2):
        rig.step()
    assert bool(rig.alarm("level", row.id)) == any(row.latch[n - 1] for n in row.used)
    rig.commands.service_reset.fill(1.0)
    rig.step()
    assert rig.alarm("level", row.id) == 0
