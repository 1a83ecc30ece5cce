"""Requirements of protection: thresholds, times, sources, latch."""

from hil.firmware.plant import CELLS, RATED_CURRENT, TEMPERATURES, ZERO_DEGC
from hil.firmware.requirement import requirement
from hil.firmware.rig import RackMode, Rig

TRIP = 3
UNLOADING = 2.5
"""Longest time from a trip to open contactors [s]."""


def expect_trip(rig: Rig, alarm: str, within: float) -> None:
    """The alarm trips within the time [s], and opens the rack."""
    rig.wait(lambda: rig.alarms.get(alarm) == TRIP, within, f"{alarm} trips")
    rig.wait(lambda: rig.state == RackMode.FAULT and not rig.command, UNLOADING, f"{alarm} opens the rack")


def expect_no_trip(rig: Rig, duration: float, why: str) -> None:
    """Nothing trips for a time [s], and the rack stays on the bus."""
    rig.run(duration)
    assert TRIP not in rig.alarms.values(), f"{why}\n{rig.report()}"
    assert rig.state == RackMode.CONNECTED, f"{why}\n{rig.report()}"


@requirement
def check_overvoltage_of_any_cell(rig: Rig) -> None:
    """FW-OV-1: A cell above 3.65 V for 2 s trips and is named, whichever it is."""
    for cell in (0, CELLS // 2, CELLS - 1):
        rig.connect()
        rig.plant.cell_voltage[cell] = 3.70
        what = f"overvoltage of cell {cell + 1} of {CELLS} trips"
        rig.wait(lambda: rig.alarms.get("cell_overvoltage") == TRIP, 2.5, what)
        assert rig.source("cell_overvoltage") == cell, f"cell {cell + 1} is named: {rig.source('cell_overvoltage')}"
        rig.wait(lambda: rig.state == RackMode.FAULT and not rig.command, UNLOADING, "the rack opens")
        rig.plant.cell_voltage[cell] = 3.295
        rig.run(6.0)
        rig.reset_alarms()


@requirement
def check_a_spike_is_no_overvoltage(rig: Rig) -> None:
    """FW-OV-2: Over- and undervoltage shorter than their times trip nothing."""
    rig.connect()
    for voltage, duration in ((3.70, 1.5), (2.40, 0.5)):
        rig.plant.cell_voltage[7] = voltage
        expect_no_trip(rig, duration, f"{voltage} V for {duration} s is a spike and trips nothing")
        rig.plant.cell_voltage[7] = 3.295
        expect_no_trip(rig, 2.0, f"a spike of {voltage} V has no effect when it is over")


@requirement
def check_levels_of_overvoltage(rig: Rig) -> None:
    """FW-OV-3: 3.57 V warns, 3.62 V forbids charging and not discharging; both clear by themselves."""
    rig.connect()
    for voltage, level in ((3.57, 1), (3.62, 2)):
        rig.plant.cell_voltage[:] = voltage
        rig.run(8.0)
        assert rig.alarms == {"cell_overvoltage": level}, rig.report()
    charge, discharge = rig.limits
    assert charge == 0.0
    assert discharge > 0.0
    rig.plant.cell_voltage[:] = 3.3
    rig.wait(lambda: not rig.alarms, 6.0, "warnings clear when their cause has gone")


@requirement
def check_undervoltage(rig: Rig) -> None:
    """FW-UV-1: A cell below 2.50 V for 1 s trips."""
    rig.connect()
    rig.plant.cell_voltage[CELLS - 1] = 2.45
    expect_trip(rig, "cell_undervoltage", 1.5)
    assert rig.source("cell_undervoltage") == CELLS - 1


@requirement
def check_voltage_spread(rig: Rig) -> None:
    """FW-SP-1: More than 0.5 V between two cells for 5 s trips."""
    rig.connect()
    rig.plant.cell_voltage[3] = 2.95
    rig.plant.cell_voltage[4] = 3.50
    expect_trip(rig, "cell_voltage_spread", 5.5)


@requirement
def check_charging_in_the_heat(rig: Rig) -> None:
    """FW-OT-1: Charging with a sensor above 55 °C for 2 s trips."""
    rig.connect()
    rig.plant.temperature[:] = ZERO_DEGC + 48.0
    rig.plant.temperature[0] = ZERO_DEGC + 56.0
    expect_no_trip(rig, 4.0, "without charging 56 °C do not trip")
    rig.plant.obeys = False
    rig.plant.demand = -50.0
    rig.wait(lambda: rig.alarms.get("overtemperature_charge") == TRIP, 2.5, "charging at 56 °C trips")


@requirement
def check_overtemperature(rig: Rig) -> None:
    """FW-OT-2: A sensor above 60 °C for 2 s trips, whatever the current, the last sensor too."""
    rig.connect()
    rig.plant.temperature[:] = ZERO_DEGC + 48.0
    rig.plant.temperature[TEMPERATURES - 1] = ZERO_DEGC + 61.0
    expect_trip(rig, "overtemperature_discharge", 2.5)


@requirement
def check_charging_in_the_cold(rig: Rig) -> None:
    """FW-UT-1: Charging at -5 °C trips as undertemperature, and as nothing else."""
    rig.connect()
    rig.plant.obeys = False
    rig.plant.demand = -50.0
    rig.plant.temperature[:] = ZERO_DEGC - 5.0
    rig.wait(lambda: TRIP in rig.alarms.values(), 2.5, "charging at -5 °C trips")
    tripped = [name for name, level in rig.alarms.items() if level == TRIP]
    assert tripped == ["undertemperature_charge"], f"-5 °C is cold, and not {tripped}"


@requirement
def check_standing_in_the_cold(rig: Rig) -> None:
    """FW-UT-2: At -5 °C a rack may discharge, may not charge, and stays on the bus."""
    rig.connect()
    rig.plant.temperature[:] = ZERO_DEGC - 5.0
    expect_no_trip(rig, 8.0, "a cold rack without current does not trip")
    charge, discharge = rig.limits
    assert charge == 0.0
    assert discharge > 0.0


@requirement
def check_overcurrent(rig: Rig) -> None:
    """FW-OC-1: 1.3 times the rated current for 2 s trips in its own direction."""
    for sign, alarm in ((1.0, "overcurrent_discharge"), (-1.0, "overcurrent_charge")):
        rig.connect()
        rig.plant.obeys = False
        rig.plant.demand = sign * 1.3 * RATED_CURRENT
        rig.wait(lambda: TRIP in rig.alarms.values(), 2.5, f"{alarm} trips")
        tripped = [name for name, level in rig.alarms.items() if level == TRIP]
        assert tripped == [alarm], f"{sign * 1.3:+.1f} times the rated current is {alarm}, and not {tripped}"
        rig.wait(lambda: not rig.command, UNLOADING, f"{alarm} opens the rack")
        rig.plant.demand = 0.0
        rig.run(6.0)
        rig.reset_alarms()


@requirement
def check_stale_cell_voltages(rig: Rig) -> None:
    """FW-ST-1: Cell voltages that stand still stop the current within 0.5 s, and open the rack after 5 s."""
    rig.connect()
    assert min(rig.limits) > 0.0, rig.report()
    rig.cell_age[40:60] = 0.3
    for _ in range(5):
        rig.step()
        rig.cell_age[40:60] += 0.1
    assert rig.limits == (0.0, 0.0), f"old cell voltages are not trusted: limits {rig.limits}"
    rig.wait(lambda: rig.state == RackMode.FAULT, 5.0 + UNLOADING, "a rack that is blind opens")


@requirement
def check_a_short_gap_in_measurements(rig: Rig) -> None:
    """FW-ST-2: After a gap of 1 s in the current the rack is still on the bus, and its limits come back."""
    rig.connect()
    rig.current_age = 0.4
    rig.run(1.0)
    assert rig.limits == (0.0, 0.0), rig.report()
    rig.current_age = 0.0
    rig.wait(lambda: min(rig.limits) > 0.0, 2.0, "limits come back")
    assert rig.state == RackMode.CONNECTED, rig.report()


@requirement
def check_a_reset_needs_the_cause_gone(rig: Rig) -> None:
    """FW-AL-1: A trip stays while its cause stands, whatever is reset."""
    rig.connect()
    rig.plant.cell_voltage[12] = 3.70
    expect_trip(rig, "cell_overvoltage", 2.5)
    rig.reset_alarms()
    assert rig.alarms.get("cell_overvoltage") == TRIP, (
        f"a reset cannot clear an alarm whose cause stands\n{rig.report()}"
    )
    assert rig.state == RackMode.FAULT, rig.report()


@requirement
def check_a_trip_waits_for_its_reset(rig: Rig) -> None:
    """FW-AL-2: A trip whose cause has gone stays until its reset, and then the rack may connect again."""
    rig.connect()
    rig.plant.cell_voltage[12] = 3.70
    expect_trip(rig, "cell_overvoltage", 2.5)
    rig.plant.cell_voltage[12] = 3.295
    rig.run(20.0)
    assert rig.state == RackMode.FAULT, f"only a reset releases the rack\n{rig.report()}"
    rig.reset_alarms()
    assert "cell_overvoltage" not in rig.alarms, rig.report()
    rig.connect()
