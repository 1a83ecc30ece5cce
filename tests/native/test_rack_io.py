"""Measurements become structs, structs become outputs, and nothing is lost or made up on the way."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import GROUPS as CONTRACT_GROUPS
from bms_emulator.firmware.contract import (
    Action,
    Commands,
    ConnectFailure,
    MasterLink,
    RackMode,
    RackOrders,
    RackOutputs,
)
from bms_emulator.firmware.native.layout import Counts
from bms_emulator.firmware.native.layout import Layout as BlockLayout
from bms_emulator.firmware.native.output_block import OutputBlock
from bms_emulator.firmware.native.problems import problems
from bms_emulator.firmware.native.rack_inputs import SCALARS, InputBlock, InputWriter
from bms_emulator.firmware.native.rack_outputs import HeldOutputs
from bms_emulator.firmware.native.views import input_fields, output_fields
from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.state import GROUPS as SENSING_GROUPS
from bms_emulator.sensing.state import Measured

RACKS = np.array([2, 0, 15], np.int64)
"""Racks with a user's firmware, of two containers with 12 racks each."""
RACK = 2
ALARM_IDS = ("cell_overvoltage", "cell_undervoltage")
NAMES = {7: "cell_overvoltage", 9: "own_alarm"}
ESTIMATES = ("soc", "soh", "soe_charge", "soe_discharge")
WORD_FIELDS = (
    "alarm_count",
    "log_length",
    "contactor_command",
    "flags",
    "state",
    "heartbeat",
    "chiller_request",
    "connect_failure",
)
LIMITS = tuple(
    "_".join((side, what, "limit")) + span
    for side, what, span in itertools.product(("charge", "discharge"), ("current", "power"), ("", "_60s"))
)
LONG_AGO = 2**32 - 1


class Rig:
    """Arrays of a site, and the blocks of one worker."""

    def __init__(self, site) -> None:
        counts = site.counts | {"alarm": len(ALARM_IDS)}
        arena = Arena(Layout(counts, CONTRACT_GROUPS | SENSING_GROUPS))
        self.measured = arena.group("measured", Measured)
        self.commands = arena.group("commands", Commands)
        self.master = arena.group("master", MasterLink)
        self.orders = arena.group("firmware.orders", RackOrders)
        self.racks = arena.group("firmware.racks", RackOutputs)
        rack = site.container.rack
        layout = BlockLayout(Counts(rack.cell_count, rack.sensor_count, rack.pack_count))
        self.inputs = np.zeros((), input_fields(layout)[0])
        self.outputs = np.zeros((), output_fields(layout)[0])
        self.writer = InputWriter(RACKS, site.container.rack_count)
        self.held = HeldOutputs(RACKS, self.racks, ALARM_IDS, open_current=5.0)

    def fill(self, n: int = 0) -> None:
        self.writer.collect(self.measured, self.orders, self.commands, self.master)
        self.writer.write(n, InputBlock.of(self.inputs), self.measured)

    def take(self, n: int = 0, current: float = 0.0, time: float = 1.0) -> dict[str, int]:
        unknown = self.held.take(n, OutputBlock.of(self.outputs), NAMES, current, time)
        self.held.write(self.racks, self.orders)
        return unknown

    def alarm(self, *rows) -> None:
        self.outputs["alarm_count"] = len(rows)
        for k, row in enumerate(rows):
            self.outputs["alarms"][k] = (*row, 0)


@pytest.fixture(scope="module")
def site():
    return load_site("demo", {"container_count": 2})


@pytest.fixture
def rig(site):
    return Rig(site)


@pytest.fixture(scope="module")
def shared_rig(site):
    return Rig(site)


def test_every_cell_comes_with_its_voltage_validity_and_the_age_of_its_pack(rig):
    measured = rig.measured
    measured.cell_voltage[RACK] = 3.0 + np.arange(measured.cell_voltage.shape[1]) / 1000
    measured.cell_voltage[RACK, 5] = math.nan
    measured.cell_voltage_age[RACK] = 0.1 * np.arange(measured.cell_voltage_age.shape[1])
    rig.fill()
    cells = rig.inputs["cell_voltages"]
    np.testing.assert_array_equal(cells["value"], measured.cell_voltage[RACK])
    assert np.flatnonzero(cells["valid"] == 0).tolist() == [5]
    per_pack = len(cells) // measured.cell_voltage_age.shape[1]
    assert cells["age_ms"].reshape(-1, per_pack).max(axis=1).tolist() == [
        100 * p for p in range(measured.cell_voltage_age.shape[1])
    ]


@given(age=st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=60, deadline=None)
def test_an_age_is_told_in_ms_or_as_long_ago(site, age):
    rig = Rig(site)
    rig.measured.temperature_age.fill(age)
    rig.fill()
    told = int(rig.inputs["temperatures"]["age_ms"][0])
    known = age * 1000 < 4.29e9
    assert told == (pytest.approx(max(0.0, age) * 1000, abs=0.5001) if known else LONG_AGO)


def test_every_measurement_of_a_rack_and_of_its_container_finds_its_field(rig):
    for k, name in enumerate(SCALARS):
        values = getattr(rig.measured, name)
        values[...] = 100.0 * k + np.arange(len(values))
    rig.measured.dew_point[1] = math.nan
    rig.fill(2)
    for k, name in enumerate(SCALARS):
        place = 15 if len(getattr(rig.measured, name)) > 2 else 1
        found = rig.inputs[name]
        if name == "dew_point":
            assert math.isnan(found["value"])
            assert found["valid"] == 0
        else:
            assert (found["value"], found["valid"]) == (100.0 * k + place, 1)


@pytest.mark.parametrize(
    ("name", "value", "bits"),
    [
        ("fuse_feedback", 1, 1 << 0),
        ("breaker_feedback", 1, 1 << 1),
        ("interlock_closed", 1, 1 << 2),
        ("emergency_stop", 1, 1 << 3),
        ("door_open", 1, 1 << 4),
        ("water", 1, 1 << 5),
        ("fire_detectors", 0b00100, 1 << 6),
        ("fire_detectors", 0b01000, 1 << 7),
        ("fire_detectors", 0b10000, 1 << 7),
        ("fire_detectors", 0b00010, 1 << 8),
        ("fire_level", 1, 0),
        ("fire_level", 2, 1 << 9),
        ("chiller_fault", 1, 1 << 10),
        ("chiller_fault", math.nan, 0),
    ],
)
def test_every_contact_has_its_bit(rig, name, value, bits):
    for contact in ("fuse_feedback", "breaker_feedback", "interlock_closed"):
        getattr(rig.measured, contact).fill(0.0)
    getattr(rig.measured, name).fill(value)
    rig.fill()
    assert rig.inputs["digital_inputs"] == bits


def test_feedback_of_contactors_are_bits(rig):
    rig.measured.contactor_feedback[RACK] = 1.0, 0.0, 1.0
    rig.fill()
    assert rig.inputs["contactor_feedback"] == 0b101


@pytest.mark.parametrize(
    ("name", "bit"),
    [
        ("enabled", 0),
        ("join_permitted", 1),
        ("maintenance", 2),
        ("alarm_reset", 3),
        ("service_reset", 4),
        ("balancing_enabled", 5),
        ("master_lost", 6),
        ("master_gone", 7),
    ],
)
def test_every_order_has_its_flag(rig, name, bit):
    for order in ("enabled", "balancing_enabled"):
        getattr(rig.orders, order).fill(0.0)
    getattr(rig.orders, name)[RACK] = 1.0
    rig.fill()
    assert rig.inputs["command"]["flags"] == 1 << bit


def test_a_command_carries_what_master_and_bank_ask(rig):
    rig.orders.request[RACK], rig.orders.action[RACK] = 1.0, Action.LOCK
    rig.commands.heartbeat_master[0] = 4711
    rig.commands.soc_reserve_min[0], rig.commands.soc_reserve_max[0] = 0.1, 0.9
    rig.master.sequence[0], rig.master.age[0] = 12, 3.5
    rig.fill()
    command = rig.inputs["command"]
    told = [command[name].item() for name in ("sequence", "age_ms", "request", "heartbeat", "bank_action")]
    assert told == [12, 3500, 1, 4711, 4]
    assert (command["soc_min"], command["soc_max"]) == (0.1, 0.9)


def test_every_limit_and_estimate_arrives(rig):
    names = [*LIMITS, *ESTIMATES]
    for k, name in enumerate(names):
        rig.outputs[name] = 0.01 * (k + 1)
    rig.take()
    assert {name: getattr(rig.racks, name)[RACK] for name in names} == {
        name: 0.01 * (k + 1) for k, name in enumerate(names)
    }


def test_states_flags_and_commands_arrive_and_no_other_rack_is_touched(rig):
    out = rig.outputs
    out["state"], out["contactor_command"], out["flags"] = RackMode.PRECHARGE, 0b011, 0b1011
    out["heartbeat"], out["chiller_request"], out["connect_failure"] = 70_000, 2, ConnectFailure.GROUND_FAULT
    out["balancing"][[3, 8]] = 1
    before = {name: array.copy() for name, array in vars(rig.racks).items()}
    rig.take()
    racks = rig.racks
    assert racks.mode[RACK] == RackMode.PRECHARGE
    assert racks.contactor_command[RACK].tolist() == [1.0, 1.0, 0.0]
    assert (racks.ready[RACK], racks.breaker_trip[RACK], racks.alarm_latched[RACK]) == (1.0, 1.0, 1.0)
    assert racks.heartbeat[RACK] == 70_000 - 65_536
    assert racks.chiller_request[RACK] == 2
    assert racks.connect_failure[RACK] == ConnectFailure.GROUND_FAULT
    assert np.flatnonzero(racks.balancing[RACK]).tolist() == [3, 8]
    assert racks.balancing_count[RACK] == 2
    others = [r for r in range(24) if r not in RACKS]
    for name, array in vars(racks).items():
        np.testing.assert_array_equal(array[others], before[name][others])


def test_the_revision_of_balancing_changes_with_its_cells_and_only_then(rig):
    revisions = []
    for cells in ([], [3], [3], [4], [], []):
        rig.outputs["balancing"] = 0
        rig.outputs["balancing"][cells] = 1
        rig.take()
        revisions.append(rig.racks.balancing_revision[RACK])
    assert revisions == [0.0, 1.0, 1.0, 2.0, 3.0, 3.0]
    rig.outputs["balancing"][3] = 1
    rig.take()
    rig.held.make_safe(0, 0.0)
    rig.held.write(rig.racks, rig.orders)
    assert rig.racks.balancing_revision[RACK] == 5.0


@pytest.mark.parametrize(
    ("state", "contactors", "connected"),
    [
        (RackMode.CONNECTED, 0b101, 1.0),
        (RackMode.OPENING, 0b101, 1.0),
        (RackMode.OPENING, 0b000, 0.0),
        (RackMode.PRECHARGE, 0b111, 0.0),
    ],
)
def test_a_rack_is_connected_until_its_opening_has_opened_it(rig, state, contactors, connected):
    rig.outputs["state"], rig.outputs["contactor_command"] = state, contactors
    rig.take()
    assert rig.racks.connected[RACK] == connected


def test_an_alarm_of_the_profile_has_level_source_times_and_count(rig):
    racks = rig.racks
    rig.alarm((7, 1, 40))
    assert rig.take(time=1.0) == {}
    rig.alarm((7, 2, 41), (7, 1, 3))
    rig.take(time=2.0)
    rig.take(time=3.0)
    assert (racks.alarm[RACK, 0], racks.alarm_source[RACK, 0]) == (2.0, 42.0)
    assert (racks.alarm_first_time[RACK, 0], racks.alarm_last_time[RACK, 0]) == (1.0, 2.0)
    assert racks.alarm_count[RACK, 0] == 2
    assert racks.alarm_level[RACK] == 2
    assert racks.alarm_action[RACK] == Action.STOP
    rig.alarm()
    rig.take(time=4.0)
    assert (racks.alarm[RACK, 0], racks.alarm_level[RACK], racks.alarm_count[RACK, 0]) == (0.0, 0.0, 2.0)
    assert math.isnan(racks.alarm_first_time[RACK, 1])


def test_an_alarm_that_the_profile_does_not_know_counts_all_the_same(rig):
    rig.alarm((9, 3, 2**32 - 1), (7, 1, 2**32 - 1))
    assert rig.take() == {"own_alarm": 3}
    assert rig.racks.alarm_level[RACK] == 3
    assert rig.racks.alarm_source[RACK, 0] == 0.0


def test_opening_under_load_is_counted_where_current_flowed(rig):
    for contactors, current in ((0b101, 0.0), (0, 1.0), (0b101, 0.0), (0, -30.0), (0, -30.0)):
        rig.outputs["contactor_command"] = contactors
        rig.take(current=current)
    assert rig.racks.openings_under_load[RACK] == 1


@given(
    field=st.sampled_from([*WORD_FIELDS, *ESTIMATES, *LIMITS]),
    value=st.one_of(st.integers(0, 300), st.floats(-2.0, 2.0), st.sampled_from([math.nan, math.inf, 1e13])),
    cell=st.integers(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_the_quick_look_at_outputs_passes_nothing_that_is_wrong(shared_rig, field, value, cell):
    out = shared_rig.outputs
    out[...] = np.zeros((), out.dtype)
    out["charge_current_limit_60s"] = out["discharge_power_limit_60s"] = 1.0
    out["balancing"][7] = cell
    is_word = out.dtype[field].kind == "u"
    out[field] = int(value) if is_word and 0 <= value < 1e9 else 0 if is_word else value
    if OutputBlock.of(out).is_plain():
        assert problems(out, NAMES) == []


def test_the_quick_look_passes_ordinary_outputs(rig):
    assert OutputBlock.of(rig.outputs).is_plain()


def test_safe_outputs_open_and_permit_nothing_but_keep_the_estimates(rig):
    out = rig.outputs
    out["state"], out["contactor_command"], out["flags"] = RackMode.CONNECTED, 0b101, 0b0111
    out["charge_current_limit"] = out["discharge_power_limit_60s"] = 10.0
    out["soc"], out["balancing"][0], out["chiller_request"] = 0.7, 1, 2
    rig.take()
    rig.held.make_safe(0, 20.0)
    rig.held.write(rig.racks, rig.orders)
    racks = rig.racks
    assert not racks.contactor_command[RACK].any()
    assert not racks.balancing[RACK].any()
    for name in vars(racks):
        if "limit" in name or name in ("connected", "ready", "breaker_trip", "balancing_count"):
            assert getattr(racks, name)[RACK] == 0.0
    assert math.isnan(racks.chiller_request[RACK])
    assert (racks.mode[RACK], racks.alarm_level[RACK], racks.alarm_action[RACK]) == (RackMode.FAULT, 3, Action.OPEN)
    assert racks.openings_under_load[RACK] == 1
    assert racks.soc[RACK] == 0.7
