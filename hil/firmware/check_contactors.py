"""Requirements of the contactor sequence."""

from hil.firmware.plant import MAINS
from hil.firmware.requirement import requirement
from hil.firmware.rig import CommandFlag, Contactor, DigitalInput, RackMode, Request, Rig

FINE = 0.01
"""One period of the firmware [s]."""
PRECHARGE_LIMIT = 5.5
"""Longest time for which the precharge resistor may be in the circuit [s]."""


@requirement
def check_sequence_of_closing(rig: Rig) -> None:
    """FW-CT-1: Minus, precharge, then plus once the link is within 20 V of the string, then precharge off."""
    rig.run(1.0)
    rig.request = Request.CONNECT
    seen = [rig.command]
    while rig.state != RackMode.CONNECTED:
        assert rig.time < 10.0, rig.report()
        rig.step()
        if rig.command != seen[-1]:
            seen.append(rig.command)
            if rig.command == MAINS | Contactor.PRECHARGE:
                assert abs(rig.plant.string_voltage - rig.plant.link) <= 20.0, "plus closes on a charged link"
    steps = [Contactor(0), Contactor.NEGATIVE, Contactor.NEGATIVE | Contactor.PRECHARGE]
    assert seen == [*steps, MAINS | Contactor.PRECHARGE, MAINS], seen


@requirement
def check_precharge_gives_up(rig: Rig) -> None:
    """FW-CT-2: A link that does not charge is tried three times for 5 s, with 10 s between, and then it is a fault."""
    rig.plant.is_shorted = True
    rig.request = Request.CONNECT
    tries, on_for = 0, 0.0
    while rig.state != RackMode.FAULT:
        assert rig.time < 60.0, f"the third failure is a fault\n{rig.report()}"
        was_on = Contactor.PRECHARGE in rig.command
        rig.step()
        is_on = Contactor.PRECHARGE in rig.command
        tries += is_on and not was_on
        on_for = on_for + 0.1 if is_on else 0.0
        assert on_for <= PRECHARGE_LIMIT, f"precharge gives up: its resistor is on for {on_for:.1f} s"
        assert Contactor.POSITIVE not in rig.command, "plus never closes on a link that is not charged"
    assert tries == 3, tries
    rig.step()
    assert rig.alarms == {"precharge_timeout": 3}, rig.report()


@requirement
def check_a_contactor_that_does_not_close(rig: Rig) -> None:
    """FW-CT-3: A main contactor that does not close is a fault within 0.3 s, and all are released."""
    rig.plant.stuck = Contactor.POSITIVE
    rig.request = Request.CONNECT
    rig.wait(lambda: Contactor.POSITIVE in rig.command, 10.0, "plus is told to close")
    rig.wait(lambda: rig.state == RackMode.FAULT, 0.4, "feedback that differs from the command is a fault", FINE)
    assert not rig.command
    assert rig.alarms == {"contactor_positive_stuck_open": 3}, rig.report()
    assert rig.source("contactor_positive_stuck_open") == 2


@requirement
def check_a_welded_contactor(rig: Rig) -> None:
    """FW-CT-4: A contactor that does not open is a fault that no reset clears."""
    rig.connect()
    rig.plant.welded = Contactor.NEGATIVE
    rig.request = Request.DISCONNECT
    rig.wait(lambda: rig.alarms.get("contactor_negative_welded") == 3, 3.0, "a welded contactor is found")
    assert rig.source("contactor_negative_welded") == 0
    rig.reset_alarms()
    rig.request = Request.CONNECT
    rig.run(2.0)
    assert rig.state == RackMode.FAULT, rig.report()


@requirement
def check_opening_without_load(rig: Rig) -> None:
    """FW-CT-5: Before it opens the rack asks for no current, and opens when it has gone."""
    rig.connect()
    rig.plant.demand = 100.0
    rig.run(1.0)
    rig.request = Request.DISCONNECT
    rig.wait(lambda: not rig.command, 1.0, "the rack opens")
    assert abs(rig.plant.current) <= 10.0, f"opened under {rig.plant.current} A"
    rig.step()
    assert rig.state == RackMode.STANDBY, rig.report()


@requirement
def check_opening_under_load(rig: Rig) -> None:
    """FW-CT-6: Current that does not go is waited for 2 s, not longer."""
    rig.connect()
    rig.plant.obeys = False
    rig.plant.demand = 100.0
    rig.run(1.0)
    rig.request = Request.DISCONNECT
    waited = rig.wait(lambda: not rig.command, 2.5, "the rack opens under load")
    assert waited >= 1.5, f"waited {waited:.1f} s only"


@requirement
def check_emergency_stop(rig: Rig) -> None:
    """FW-ES-1: Emergency stop and fire open the rack at once, under load, and keep it open."""
    for cause in (DigitalInput.EMERGENCY_STOP, DigitalInput.FIRE):
        rig.connect()
        rig.plant.obeys = False
        rig.plant.demand = 100.0
        rig.run(0.5)
        rig.digital |= cause
        rig.wait(lambda: not rig.command, 0.03, f"{cause.name} opens at once", FINE)
        rig.reset_alarms()
        assert rig.state == RackMode.EMERGENCY, rig.report()
        rig.digital &= ~cause
        rig.run(1.0)
        assert rig.state == RackMode.EMERGENCY, rig.report()
        rig.plant.demand = 0.0
        rig.reset_alarms()


@requirement
def check_the_bank_opens_the_rack(rig: Rig) -> None:
    """FW-CT-7: The rack follows its bank controller: open, open at once, maintenance, not enabled, master gone."""
    for action in (3, 4):
        rig.connect()
        rig.bank_action = action
        rig.wait(lambda: not rig.command, 0.3, f"action {action} of the bank opens the rack")
        rig.bank_action = 0
    usual = rig.flags
    for flags in (usual | CommandFlag.MAINTENANCE, usual & ~CommandFlag.ENABLED, usual | CommandFlag.MASTER_GONE):
        rig.connect()
        rig.flags = flags
        rig.wait(lambda: not rig.command, 0.3, f"{flags!r} opens the rack")
        rig.flags = usual


@requirement
def check_joining_needs_permission(rig: Rig) -> None:
    """FW-CT-8: Without permission to join, the rack is ready and waits."""
    rig.flags &= ~CommandFlag.JOIN_PERMITTED
    rig.request = Request.CONNECT
    rig.run(3.0)
    assert rig.is_ready
    assert not rig.command
    rig.flags |= CommandFlag.JOIN_PERMITTED
    rig.connect()
