"""One string as the DC bus sees it: a source on each side of a gap in which no current flows.

While it discharges, a string is a source E_d with a resistance R_d; while it charges, E_c >= E_d with R_c. Between the
two the hysteresis of its cells holds like dry friction: the voltage may move and no current follows.

    i = (E_d - V) / R_d    V < E_d
    i = 0                  E_d <= V <= E_c
    i = (E_c - V) / R_c    V > E_c

The resistance of the path between the string and the common node of the racks comes on top of R_d and R_c.
"""

import math
from typing import NamedTuple

from bms_emulator.arrays import Array
from bms_emulator.jit import scalar
from bms_emulator.plant.contactor import path_resistance

SLACK = 1e-9
"""How far a voltage may lie on the wrong side of a source before the string changes sides [V]: above rounding."""

LEAST_RESISTANCE = 1e-6
"""Least resistance of a string with its path [Ohm]; a smaller one is taken for this."""


class Strings(NamedTuple):
    """The strings of one container, arrays of shape (rack).

    Attributes:
        current: Of the last solution [A].
        discharge_source_voltage: [V].
        discharge_resistance: [Ohm].
        charge_source_voltage: [V]; one below that of discharge is taken for it.
        charge_resistance: [Ohm].
        contactor_closed: Shape (rack, contactor).
        fuse_closed: 1 while the fuse conducts.
        breaker_closed: 1 while the breaker conducts.
        string_closed: 1 while all modules conduct.
        loose_resistance: What a loose terminal has more than a sound one [Ohm].
        precharge_gain: Factor on the precharge resistance [1].
        wiring_resistance: Cables, fuse and contactors of each [Ohm].
        precharge_resistance: [Ohm].
    """

    current: Array
    discharge_source_voltage: Array
    discharge_resistance: Array
    charge_source_voltage: Array
    charge_resistance: Array
    contactor_closed: Array
    fuse_closed: Array
    breaker_closed: Array
    string_closed: Array
    loose_resistance: Array
    precharge_gain: Array
    wiring_resistance: float
    precharge_resistance: float


@scalar
def feasible_power(source_voltage, resistance):
    """Largest power that a source gives through its resistance [W]."""
    return max(source_voltage, 0.0) ** 2 / (4.0 * resistance)


@scalar
def current_of_power(source_voltage, resistance, power):
    """Current of a source that delivers `power` [A], the smaller root of R I^2 - E I + P = 0, free of cancellation.

    `power` must not exceed the feasible power.
    """
    if power == 0.0:
        return 0.0
    root = math.sqrt(max(0.0, source_voltage * source_voltage - 4.0 * resistance * power))
    if source_voltage > 0.0:
        return 2.0 * power / (source_voltage + root)
    return (source_voltage - root) / (2.0 * resistance)


@scalar
def path_of(strings, r):
    """Resistance from string `r` to the common node [Ohm], infinite where it is open."""
    return path_resistance(
        strings.contactor_closed[r],
        strings.fuse_closed[r] * strings.breaker_closed[r] * strings.string_closed[r],
        strings.wiring_resistance + strings.loose_resistance[r],
        strings.precharge_gain[r] * strings.precharge_resistance,
    )


@scalar
def side_of(current, otherwise):
    """Side on which a string with this current was: 1 discharging, -1 charging; `otherwise` where there was none."""
    if current == 0.0:
        return otherwise
    return 1.0 if current > 0.0 else -1.0


@scalar
def side_at(side, discharge_source_voltage, charge_source_voltage, voltage):
    """Side on which a string is at a voltage: 1 discharging, -1 charging, 0 neither; it stays where it may."""
    if voltage < discharge_source_voltage + (SLACK if side > 0.0 else -SLACK):
        return 1.0
    if voltage > charge_source_voltage - (SLACK if side < 0.0 else -SLACK):
        return -1.0
    return 0.0


@scalar
def line(strings, r, side, path):
    """Conductance [S] and source voltage [V] of string `r` on a side; it conducts nothing where it is on neither.

    `path` is the resistance between the string and the common node [Ohm].
    """
    if side > 0.0:
        resistance, source_voltage = strings.discharge_resistance[r], strings.discharge_source_voltage[r]
    else:
        resistance = strings.charge_resistance[r]
        source_voltage = max(strings.charge_source_voltage[r], strings.discharge_source_voltage[r])
    return (0.0 if side == 0.0 else 1.0 / max(resistance + path, LEAST_RESISTANCE)), source_voltage


@scalar
def on_either_side(strings):
    """Conductance [S] and short-circuit current [A] of all strings in discharge, then those of all in charge."""
    giving = giving_current = taking = taking_current = 0.0
    for r in range(strings.current.size):
        path = path_of(strings, r)
        conductance, source_voltage = line(strings, r, 1.0, path)
        giving += conductance
        giving_current += conductance * source_voltage
        conductance, source_voltage = line(strings, r, -1.0, path)
        taking += conductance
        taking_current += conductance * source_voltage
    return (giving, giving_current), (taking, taking_current)


@scalar
def as_they_were(strings, otherwise):
    """All strings in parallel, each on the side of its current: conductance [S], short-circuit current [A].

    A string without a current is on the side `otherwise`.
    """
    conductance_sum = current_sum = 0.0
    for r in range(strings.current.size):
        conductance, source_voltage = line(strings, r, side_of(strings.current[r], otherwise), path_of(strings, r))
        conductance_sum += conductance
        current_sum += conductance * source_voltage
    return conductance_sum, current_sum


@scalar
def share_out(strings, otherwise, voltage):
    """Set the current of every string to that at a voltage of the common node.

    Returns:
        Sum of the currents [A], and whether every string is on the side on which it was.
    """
    total, same = 0.0, True
    for r in range(strings.current.size):
        discharging = strings.discharge_source_voltage[r]
        charging = max(strings.charge_source_voltage[r], discharging)
        before = side_of(strings.current[r], otherwise)
        side = side_at(before, discharging, charging, voltage)
        path = path_of(strings, r)
        conductance, source_voltage = line(strings, r, side, path)
        # a difference within the slack is rounding, and no current against the side
        strings.current[r] = side * conductance * max(0.0, side * (source_voltage - voltage))
        total += strings.current[r]
        same = same and (side == before or path == math.inf)
    return total, same


@scalar
def float_strings(floating_voltage, strings, bus_voltage):
    """What stands at the terminals of strings that are open inside [V]: that of the bus where they are joined to it."""
    for r in range(floating_voltage.size):
        if strings.string_closed[r] == 0.0:
            joined = path_resistance(
                strings.contactor_closed[r], strings.fuse_closed[r] * strings.breaker_closed[r], 0.0, 0.0
            )
            floating_voltage[r] = bus_voltage if joined == 0.0 else 0.0
