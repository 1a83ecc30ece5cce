"""Requirements of estimates, limits and balancing."""

from hil.firmware.plant import RATED_CAPACITY, RATED_CURRENT, ZERO_DEGC
from hil.firmware.requirement import requirement
from hil.firmware.rig import CommandFlag, RackMode, Rig

SETTLED = 0.5
"""Time after which limits have followed [s]."""


def moved(duration: float, current: float) -> float:
    """Share of the capacity that a current [A] moves in a time [s]."""
    return current * duration / (RATED_CAPACITY * 3600.0)


@requirement
def check_soc_follows_the_charge(rig: Rig) -> None:
    """FW-SOC-1: Discharging lowers the state of charge by the charge that flowed, charging raises it."""
    rig.connect()
    for current in (150.0, -150.0):
        before = rig.soc
        rig.plant.demand = current
        rig.run(60.0)
        rig.plant.demand = 0.0
        rig.run(0.2)
        change, expected = rig.soc - before, -moved(60.0, current)
        assert abs(change - expected) < 1e-5, f"{current:+.0f} A for 60 s move {expected:+.5f}, and not {change:+.5f}"


@requirement
def check_soc_survives_a_reboot(rig: Rig) -> None:
    """FW-SOC-2: After the power was away, the state of charge is the one of before."""
    rig.connect()
    rig.plant.demand = 150.0
    rig.run(120.0)
    before = rig.soc
    rig.plant.demand = 0.0
    rig.plant.cell_voltage[:] = 3.31  # of cells that do not rest
    rig.reboot()
    rig.run(2.0)
    assert abs(rig.soc - before) < 1e-4, f"state of charge was {before:.4f} and is {rig.soc:.4f} after a reboot"


@requirement
def check_soc_of_the_first_start(rig: Rig) -> None:
    """FW-SOC-3: Without persistent memory, resting cells at 3.16 V are nearly empty, at 3.40 V full."""
    rig.plant.cell_voltage[:] = 3.16
    rig.run(1.0)
    assert 0.05 < rig.soc < 0.12, rig.soc


@requirement
def check_limits_follow_voltage(rig: Rig) -> None:
    """FW-LIM-1: Towards full the charge limit falls to 0, towards empty the discharge limit, and both come back."""
    rig.connect()
    assert rig.limits == (RATED_CURRENT, RATED_CURRENT), f"at 3.295 V and 25 °C limits are rated: {rig.limits}"
    for voltage, charge, discharge in ((3.50, 0.5, 1.0), (3.545, 0.0, 1.0), (2.96, 1.0, 0.5), (3.295, 1.0, 1.0)):
        rig.plant.cell_voltage[:] = voltage
        rig.run(SETTLED)
        wanted = charge * RATED_CURRENT, discharge * RATED_CURRENT
        near = all(abs(is_ - should) < 0.02 * RATED_CURRENT for is_, should in zip(rig.limits, wanted, strict=True))
        assert near, f"limits at {voltage} V are {rig.limits}, and should be {wanted}"


@requirement
def check_limits_follow_temperature(rig: Rig) -> None:
    """FW-LIM-2: In the cold charging is limited first; in the heat both directions are."""
    rig.connect()
    seen = {}
    for celsius in (-8.0, 4.0, 10.0, 25.0, 48.0):
        rig.plant.temperature[:] = ZERO_DEGC + celsius
        rig.run(SETTLED)
        seen[celsius] = rig.limits
    assert seen[-8.0][0] == 0.0 < seen[-8.0][1], seen
    assert seen[-8.0][0] < seen[4.0][0] < seen[10.0][0] < seen[25.0][0] == RATED_CURRENT, seen
    assert max(seen[48.0]) < RATED_CURRENT, seen


@requirement
def check_limits_of_reserves_and_masters(rig: Rig) -> None:
    """FW-LIM-3: At a reserve its direction is forbidden; without a master, or by the bank, both are."""
    rig.connect()
    rig.reserves = (rig.soc + 0.01, 1.0)
    rig.run(SETTLED)
    assert rig.limits == (RATED_CURRENT, 0.0)
    rig.reserves = (0.0, rig.soc - 0.01)
    rig.run(SETTLED)
    assert rig.limits == (0.0, RATED_CURRENT)
    rig.reserves = (0.0, 1.0)
    rig.flags |= CommandFlag.MASTER_LOST
    rig.run(SETTLED)
    assert rig.limits == (0.0, 0.0)
    rig.flags &= ~CommandFlag.MASTER_LOST
    rig.bank_action = 2
    rig.run(SETTLED)
    assert rig.limits == (0.0, 0.0)
    assert rig.state == RackMode.CONNECTED


@requirement
def check_balancing(rig: Rig) -> None:
    """FW-BAL-1: Near full, cells well above the lowest are bled, others are not, and none where it is forbidden."""
    rig.run(1.0)
    rig.plant.cell_voltage[:] = 3.40
    rig.plant.cell_voltage[[5, 17]] = 3.42
    rig.run(SETTLED)
    assert rig.balancing == [5, 17]
    rig.flags &= ~CommandFlag.BALANCING_ENABLED
    rig.run(SETTLED)
    assert rig.balancing == []
    rig.flags |= CommandFlag.BALANCING_ENABLED
    rig.plant.cell_voltage -= 0.12
    rig.run(SETTLED)
    assert rig.balancing == [], "in the flat part of the curve a voltage says nothing"


@requirement
def check_heartbeat(rig: Rig) -> None:
    """FW-HB-1: The heartbeat changes within every second."""
    for _ in range(5):
        before = rig.heartbeat
        rig.run(1.0)
        assert rig.heartbeat != before


@requirement
def check_snapshot(rig: Rig) -> None:
    """FW-SN-1: From a snapshot, where the firmware offers one, the same inputs give the same outputs."""
    if not rig.has_snapshot:
        return
    rig.connect()
    rig.plant.demand = 80.0
    rig.run(5.0)
    snapshot = rig.save()
    seen = []
    for _ in range(2):
        rig.load(snapshot)
        rig.plant.cell_voltage[3] = 3.70
        rig.run(3.0)
        seen.append((rig.state, rig.limits, rig.soc, rig.alarms, rig.heartbeat))
    assert seen[0] == seen[1]
