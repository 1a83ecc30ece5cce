"""Protections of a rack: thresholds, times, actions, recovery and latches of its alarms, at all of their levels."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.thresholds import Ratings, Threshold
from bms_emulator.testing.rig import Rig
from hil.bank import connect
from hil.protections import CABINET, PROTECTIONS, ROWS, SPECIFIED, Protection

EARLY = 0.15
"""By how much a time may seem shorter than it is: a period of the firmware and a half [s]."""
AGED_AT = {"cell_temperature_degc": 35}
"""Warm enough to lose as much capacity as the levels ask for."""
SHOWN = (
    "rack[1].cell_voltage_max",
    "rack[1].cell_voltage_min",
    "rack[1].temperature_max",
    "rack[1].temperature_min",
    "rack[1].string_voltage",
    "rack[1].current",
    "rack[1].charge_current_limit",
    "rack[1].discharge_current_limit",
    "rack[1].alarm_action",
    "rack[1].mode",
)
"""What the report draws."""
MODES = {"open": "fault", "lock": "safe_lock"}

pytestmark = pytest.mark.settings(CABINET)


@dataclass
class Trial:
    """An alarm of the first rack on a rig, about to be raised."""

    rig: Rig
    row: AlarmRow
    how: Protection
    is_driven: bool = False

    def __post_init__(self) -> None:
        self.limits = Threshold.of(self.row, Ratings.of(self.rig.site))
        self.level = f"rack[1].alarm[{self.row.id}].level"
        self.worse = 1.0 if self.row.when == "above" else -1.0
        if self.how.connected:
            connect(self.rig)
        else:
            self.rig.precondition("rack[1].mode", equals="standby", within="10s")
        self.rig.precondition("rack[1].alarm_level", equals=0)
        self.rig.nothing_else_trips(self.row.id, *self.how.along)
        self.how.prepare(self.rig)

    def drive(self, value: float) -> None:
        """Bring the signal to a value."""
        self.how.drive(self.rig, value)
        self.driven, self.since = value, self.rig.time

    def set_at(self, number: int) -> float:
        """Threshold of a level, and just beyond."""
        value = self.limits.set[number - 1]
        assert value is not None
        return value + self.worse * self.how.grain

    def raise_to(self, number: int) -> None:
        """Raise a level, and see it come at its threshold and in its time."""
        row, how, rig = self.row, self.how, self.rig
        value, wait = self.set_at(number), row.set_s[number - 1] or 0.0
        alone = how.delay is None and how.grain > 0.0
        if alone:
            self.drive(value - 2.0 * self.worse * how.grain)
            rig.expect(self.level, below=number, always=wait + how.lag + 1.0)
        if alone or not self.is_driven:
            self.drive(value)
            self.is_driven = True
        due = self.since + wait + (how.delay(value) if how.delay else 0.0) - rig.time
        early = EARLY if how.delay is None else max(EARLY, how.lag)
        rig.expect(self.level, at_least=number, after=max(0.0, due - early), within=due + how.lag)
        self.acts(number)

    def acts(self, number: int) -> None:
        """See that a level does what it should."""
        rig, action = self.rig, self.row.action[number - 1]
        if action in MODES:
            rig.expect("rack[1].mode", equals=MODES[action], within=SPECIFIED.timing.opening_wait_s + 1.0, hold=1.0)
            rig.expect("plant.rack[1].contactor[*].closed", equals=False, within=1.0)
            return
        rig.expect("rack[1].mode", equals="connected" if self.how.connected else "standby")
        if action == "none":
            return
        rig.expect("rack[1].alarm_action", at_least=action)
        for direction in ("charge", "discharge") if self.row.blocks == "both" else (self.row.blocks,):
            share = SPECIFIED.limits.warning_factor if action == "derate" else 0.0
            most = share * rig.site.container.rack.rated_current_a + 0.1
            rig.expect(f"rack[1].{direction}_current_limit", at_most=f"{most}A", within=1.0)

    def release(self) -> None:
        """Take the cause away."""
        for point in ("soc_reserve_min", "soc_reserve_max"):
            self.rig.write({point: 0.0 if point.endswith("min") else 1.0})
        self.rig.write({"rack[1].controller.damage": 0})
        self.rig.clear()


def trials(wanted: list[str], marks: Callable[[str], tuple[str, ...]] = lambda name: ()) -> list[object]:
    """Parameters, each with the settings of its site and with requirements, to which a function of its name adds."""
    return [
        pytest.param(
            ROWS[name],
            PROTECTIONS[name],
            id=name,
            marks=[
                pytest.mark.settings(PROTECTIONS[name].settings),
                pytest.mark.requirement(*PROTECTIONS[name].requirements, *marks(name)),
            ],
        )
        for name in wanted
    ]


def levels(name: str, *, latch: bool) -> list[int]:
    """Levels of an alarm that stand until a reset, or that go by themselves."""
    row = ROWS[name]
    return [n for n in row.used if n in PROTECTIONS[name].levels and row.latch[n - 1] == latch]


RECOVERING = [name for name in PROTECTIONS if levels(name, latch=False) and not PROTECTIONS[name].going]
"""Alarms with levels that go by themselves, where the signal falls as soon as it is driven to."""


def latch_too(name: str) -> tuple[str, ...]:
    """The requirement of latches, where an alarm has one."""
    return ("PRO-LAT-1",) if levels(name, latch=True) else ()


@pytest.mark.parametrize(("row", "how"), trials(list(PROTECTIONS), latch_too))
def test_levels_set_at_their_thresholds_in_their_times_and_act(
    rig: Rig, capture: Callable[..., None], row: AlarmRow, how: Protection
) -> None:
    """Just short of a threshold nothing sets; just beyond it the level sets in its time and acts; a latch stands."""
    trial = Trial(rig, row, how)
    capture(trial.level, *SHOWN)
    for number in sorted({*row.used}.intersection(how.levels)):
        trial.raise_to(number)
    latching = levels(row.id, latch=True)
    if not latching:
        return
    number = latching[-1]
    reset = "service_reset" if row.action[number - 1] == "lock" else "alarm_reset"
    if how.stays:
        rig.write({reset: True})
        rig.expect(trial.level, at_least=number, always=2.0)
    trial.release()
    rig.run(how.going or 0.1)
    rig.expect(trial.level, at_least=number, always=(row.clear_s[number - 1] or 0.0) + how.lag + 5.0)
    rig.write({reset: True})
    rig.expect(trial.level, equals=0, within=30.0)
    rig.expect("rack[1].mode", equals="connected" if how.connected else "standby", within=60.0)


@pytest.mark.requirement("PRO-REC-1")
@pytest.mark.parametrize(("row", "how"), trials(RECOVERING))
def test_levels_that_do_not_latch_go_beyond_their_clear_thresholds(rig: Rig, row: AlarmRow, how: Protection) -> None:
    """Between set and clear a level stands; beyond its clear threshold it goes in its time, not before."""
    trial = Trial(rig, row, how)
    passing = levels(row.id, latch=False)
    for number in passing:
        trial.drive(trial.set_at(number))
        wait = (row.set_s[number - 1] or 0.0) + (how.delay(trial.driven) if how.delay else 0.0)
        rig.precondition(trial.level, at_least=number, within=wait + how.lag)
    for number in reversed(passing):
        clear, wait = trial.limits.clear[number - 1], row.clear_s[number - 1] or 0.0
        assert clear is not None
        if rig.get(trial.level) < number:  # cleared together with the one above
            continue
        if how.grain > 0.0 and clear != trial.limits.set[number - 1]:
            trial.drive(clear + trial.worse * how.grain)
            rig.expect(trial.level, at_least=number, always=wait + how.lag + 1.0)
        trial.drive(clear - trial.worse * how.grain if how.delay is None else 0.0)
        rig.expect(trial.level, below=number, after=max(0.0, wait - EARLY), within=wait + how.lag)


@pytest.mark.requirement("PRO-DEB-1")
@pytest.mark.parametrize(
    ("row", "how"),
    trials(
        ["cell_overvoltage", "cell_undervoltage", "overcurrent_discharge", "sum_of_cells_mismatch", "rack_overvoltage"]
    ),
)
def test_a_value_beyond_its_threshold_for_less_than_its_time_raises_nothing(
    rig: Rig, row: AlarmRow, how: Protection
) -> None:
    """Three pulses beyond a threshold, each for seven tenths of its time, with breaks between them, raise no level."""
    trial = Trial(rig, row, how)
    number = row.used[0]
    wait = row.set_s[number - 1] or 0.0
    rig.watch(trial.level, equals=0, always="end")
    for _ in range(3):
        trial.drive(trial.set_at(number))
        rig.run(0.7 * wait)
        trial.drive(trial.set_at(number) - 2.0 * trial.worse * how.grain)
        rig.run(0.7 * wait)


@pytest.mark.requirement("PRO-SOH-1")
@pytest.mark.parametrize(
    ("years", "level"),
    [
        pytest.param(years, level, marks=pytest.mark.settings({"initial.age": {"years": years, **AGED_AT}}))
        for years, level in ((1, 0), (12, 1), (18, 2), (40, 3))
    ],
)
def test_an_aged_rack_warns_then_derates_then_stops(rig: Rig, years: int, level: int) -> None:
    """A rack that has lost capacity shows the level of its health in its time, and does what that level asks for."""
    row = ROWS["soh_low"]
    reached = [number for number in row.used if 100.0 * rig.get("rack[1].soh") <= (row.set[number - 1] or 0.0)]
    rig.verify(f"after {years} years the health is at level {level}", len(reached) == level, f"at {len(reached)}")
    connect(rig)
    wait = max(each or 0.0 for each in row.set_s)
    rig.expect("rack[1].alarm[soh_low].level", equals=level, within=wait + 1.0, hold=5.0)
    action = row.action[level - 1] if level else "none"
    rig.expect("rack[1].alarm_action", equals=action)
    share = {"none": 1.0, "derate": SPECIFIED.limits.warning_factor, "stop": 0.0}[action]
    wanted = share * rig.site.container.rack.rated_current_a
    rig.expect("rack[1].discharge_current_limit", equals=f"{wanted}A", tolerance="1A", within="12s", hold="2s")
