"""Who joins the bus: one at a time, each in its turn, also beside racks whose controllers are somebody else's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.firmware.contract import RackMode, Request
from tests.firmware.rig import STRING_VOLTAGE, Rig


class Stranger:
    """A controller of the first racks that says it is ready and shows what the test wants."""

    def __init__(self, rig: Rig, count: int = 1) -> None:
        self.rig, self.count, self.mode = rig, count, RackMode.STANDBY
        self.ready, self.connected = 1.0, 0.0
        self.permitted: list[float] = []
        rig.between = self.act

    def act(self) -> None:
        racks, own = self.rig.racks, slice(self.count)
        self.permitted.append(float(self.rig.orders.join_permitted[0]))
        racks.mode[own], racks.ready[own], racks.connected[own] = self.mode, self.ready, self.connected
        racks.contactor_command[own] = 0.0
        racks.connect_failure[own] = 0.0


def permit_starts(rig: Rig, duration: float) -> list[tuple[int, float]]:
    """Racks that got the permit, and when [s]."""
    starts, before = [], np.zeros_like(rig.orders.join_permitted)
    for n in range(round(duration / rig.dt)):
        rig.step()
        starts += [(int(r), n * rig.dt) for r in np.flatnonzero(rig.orders.join_permitted > before)]
        before = rig.orders.join_permitted.copy()
    return starts


def test_at_most_one_rack_of_a_container_holds_the_permit() -> None:
    rig = Rig({"container_count": 2}).ready()
    rig.commands.request[...] = Request.CONNECT
    for _ in range(100):
        rig.step()
        assert rig.orders.join_permitted.reshape(2, 3).sum(axis=1).max() <= 1.0
    assert rig.racks.connected.all()
    assert not rig.orders.join_permitted.any()


happenings = st.lists(
    st.tuples(st.sampled_from(["request", "rack_request", "fuse", "apart", "reset"]), st.integers(0, 2)), max_size=15
)


@settings(max_examples=30, deadline=None)
@given(happenings)
def test_whatever_happens_one_rack_precharges_at_a_time_and_none_joins_from_afar(story: list[tuple[str, int]]) -> None:
    rig = Rig({"firmware.timing.self_test_s": 0.1, "firmware.timing.join_interval_s": 0.1}).ready()
    rig.commands.request[...] = Request.CONNECT
    for happening, which in story:
        if happening == "request":
            rig.commands.request[...] = which
        elif happening == "rack_request":
            rig.commands.rack_request[which] = (rig.commands.rack_request[which] + 1.0) % 3.0
        elif happening == "fuse":
            rig.measured.fuse_feedback[which] = 1.0 - rig.measured.fuse_feedback[which]
        elif happening == "apart" and not rig.racks.contactor_command[which].any():
            rig.measured.string_voltage[which] += 20.0
        elif happening == "reset":
            rig.commands.alarm_reset[...] = 1.0
        for _ in range(7):
            live, before = rig.racks.connected.any(), rig.racks.mode == RackMode.PRECHARGE
            rig.step()
            precharging = rig.racks.mode == RackMode.PRECHARGE
            assert precharging.sum() <= 1
            apart = np.abs(rig.measured.string_voltage - rig.measured.link_voltage) > 10.0
            assert not (live and (precharging & ~before & apart).any())


def test_a_rack_that_never_answers_delays_the_others_by_no_more_than_its_time() -> None:
    rig = Rig()
    Stranger(rig)
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    starts = permit_starts(rig, 40.0)
    assert [rack for rack, _ in starts][:4] == [0, 1, 2, 0]
    assert starts[1][1] - starts[0][1] == pytest.approx(15.0, abs=0.11)
    assert rig.racks.connected.tolist() == [0, 1, 1]


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_turns_come_after_the_same_seconds_whatever_the_step(dt: float) -> None:
    rig = Rig({"container.rack_count": 2, "container.pump.rated_flow_lpm": 80}, dt=dt)
    Stranger(rig, 2)
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    starts = permit_starts(rig, 31.0)
    assert [when for _, when in starts] == pytest.approx([0.0, 15.0, 30.0], abs=1.001 * dt)


def test_a_rack_keeps_the_permit_through_its_precharge_and_loses_it_once_connected() -> None:
    rig = Rig()
    stranger = Stranger(rig)
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    rig.step()
    assert stranger.permitted[-1] == 1.0
    stranger.mode, stranger.ready = RackMode.PRECHARGE, 0.0
    rig.run(5.0)
    assert stranger.permitted[-1] == 1.0
    assert not rig.racks.connected.any()
    stranger.mode, stranger.connected = RackMode.CONNECTED, 1.0
    rig.measured.link_voltage[...] = STRING_VOLTAGE
    rig.run(0.2)
    assert stranger.permitted[-1] == 0.0
    rig.run(10.0)
    assert rig.racks.connected.all()


def test_a_rack_that_gives_up_hands_the_permit_on_at_once() -> None:
    rig = Rig()
    stranger = Stranger(rig)
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    rig.run(0.5)
    stranger.mode, stranger.ready = RackMode.FAULT, 0.0
    rig.run(0.3)
    assert rig.orders.join_permitted.tolist() == [0, 1, 0]


def test_a_permit_is_taken_back_when_the_request_is() -> None:
    rig = Rig()
    stranger = Stranger(rig)
    rig.ready()
    rig.commands.request[...] = Request.CONNECT
    rig.step()
    rig.commands.request[...] = Request.DISCONNECT
    rig.step()
    assert stranger.permitted[-2:] == [1.0, 0.0]


def test_a_reference_rack_that_loses_its_permit_opens_again() -> None:
    rig = Rig({"firmware.timing.join_timeout_s": 2}).ready()
    rig.link_follows = False
    rig.commands.rack_request[1] = Request.CONNECT
    rig.run(1.0)
    assert rig.mode(1) == RackMode.PRECHARGE
    assert rig.until_mode(RackMode.OPENING, 1) == pytest.approx(1.0, abs=0.2)
    assert not rig.racks.contactor_command.any()


def test_ready_tells_that_nothing_but_the_permit_is_missing() -> None:
    rig = Rig()
    rig.step()
    assert not rig.racks.ready.any(), "the self-test is not done"
    rig.ready()
    assert rig.racks.ready.all()
    rig.commands.rack_enabled[0] = 0.0
    rig.commands.rack_maintenance[1] = 1.0
    rig.step(2)
    assert rig.racks.ready.tolist() == [0, 0, 1]
    rig.commands.request[...] = Request.CONNECT
    rig.run(5.0)
    assert rig.racks.connected.tolist() == [0, 0, 1]
    assert rig.racks.ready.tolist() == [0, 0, 0]


def test_the_bank_goes_on_with_the_racks_that_are_left() -> None:
    rig = Rig().connected()
    rig.measured.fuse_feedback[1] = 0.0
    rig.run(5.0)
    assert rig.racks.connected.tolist() == [1, 0, 1]


def test_all_racks_open_where_too_few_sound_ones_are_left_and_come_back_with_them() -> None:
    rig = Rig({"firmware.connection.rack_count_min": 3}).connected()
    rig.measured.fuse_feedback[1] = 0.0
    rig.run(1.0)
    assert rig.racks.connected.tolist() == [0, 0, 0]
    assert [rig.mode(r) for r in range(3)] == [RackMode.STANDBY, RackMode.FAULT, RackMode.STANDBY]
    rig.run(20.0)
    assert rig.racks.connected.tolist() == [0, 0, 0]
    rig.measured.fuse_feedback[1] = 1.0
    rig.reset()
    rig.run(20.0)
    assert rig.racks.connected.tolist() == [1, 1, 1]


def test_racks_that_were_taken_out_on_purpose_do_not_stop_the_others() -> None:
    rig = Rig({"firmware.connection.rack_count_min": 3}).connected()
    rig.commands.rack_enabled[1] = 0.0
    rig.run(5.0)
    assert rig.racks.connected.tolist() == [1, 0, 1]
