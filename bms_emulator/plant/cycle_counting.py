"""Cycles of the racks, counted while they happen, and the stress that they are for the cells.

Cycles are counted on the charge of the rack by the rainflow rule. In a mechanism with exponent n (see
:mod:`bms_emulator.plant.ageing`) a half cycle of depth D is worth G(D) D / 2 with G = g^(1/n), and every look at the
current adds what the open half cycle is worth more than before. So nothing waits for a cycle to end.
"""

import math

from bms_emulator.jit import kernel, scalar
from bms_emulator.units import SECONDS_PER_HOUR

SECONDS_PER_DAY = 24.0 * SECONDS_PER_HOUR
MEMORY = 7.0 * SECONDS_PER_DAY
"""Time after which a past day counts 1/e in what is known of the duty [s]."""

TIME, CYCLES, CHARGING = range(3)
"""What drives a mechanism."""
DRIVERS = {"time": TIME, "cycles": CYCLES, "charging": CHARGING}
"""The same by the names that the laws give."""


@scalar
def power(base, exponent):
    """base^exponent; roots, squares and the number itself, which most laws ask for, without a logarithm."""
    if exponent == 1.0:
        return base
    if exponent == 0.5:
        return math.sqrt(base)
    if exponent == 2.0:
        return base * base
    return base**exponent


@scalar
def cycle_factor(factor, exponent, depth, rate):
    """G = g^(1/n) of a mechanism for cycles of a depth [1] at a rate [1/h]; g as in the laws, never below 0."""
    cube = (depth - factor[5]) ** 3
    share = max(0.0, factor[0] + factor[1] * rate) * (factor[3] + factor[4] * cube) + factor[6] * depth
    return power(max(0.0, share) * math.exp(factor[2] * (rate - 1.0)), 1.0 / exponent)


@scalar
def add_half_cycle(driver, exponent, factor, stress, depth_before, depth, rate, charging):
    """Add to the stress of each cycling mechanism what an open half cycle gained in depth; stress (mechanism)."""
    for m in range(stress.size):
        kind = int(driver[m])
        if kind == TIME or (kind == CHARGING and not charging):
            continue
        # what is counted in charging only gets there what others get in both directions
        share = 1.0 if kind == CHARGING else 0.5
        reached = cycle_factor(factor[m], exponent[m], depth, rate) * depth
        before = cycle_factor(factor[m], exponent[m], depth_before, rate) * depth_before
        stress[m] += share * max(0.0, reached - before)


@scalar
def count_cycles(driver, exponent, factor, stress, turns, turn_count, position, moved, rate):
    """Follow the charge of a rack and add the stress of its cycles; returns how many turning points are remembered.

    The rule is rainflow counting as it happens: turning points stay on a stack until the charge passes the one before
    the last. Then the cycle between the two is closed and forgotten, and the greater one goes on at the depth at which
    it was interrupted. Where the stack is full, the oldest point is forgotten.

    Args:
        driver: What drives each mechanism, shape (mechanism).
        exponent: n of each mechanism [1], shape (mechanism).
        factor: Coefficients of the factor of depth and rate, shape (mechanism, 7).
        stress: Stress of each mechanism so far, shape (mechanism).
        turns: Turning points [1], shape (turn).
        turn_count: How many of them are in use.
        position: Charge drawn from the rack before the step, relative to its capacity [1].
        moved: What the step draws [1].
        rate: Of the current [1/h].
    """
    end = position + moved
    charging = moved < 0.0
    if turn_count == 0:
        turns[0] = position
        turn_count = 1
    base = turns[turn_count - 1]
    if position != base and (position > base) != (moved > 0.0):
        if turn_count == turns.size:
            for j in range(1, turn_count):
                turns[j - 1] = turns[j]
            turn_count -= 1
        turns[turn_count] = position
        turn_count += 1
        base = position
    start = position
    while turn_count >= 2:
        outer = turns[turn_count - 2]
        if abs(end - base) < abs(outer - base):
            break
        add_half_cycle(driver, exponent, factor, stress, abs(start - base), abs(outer - base), rate, charging)
        start = outer
        if turn_count == 2:
            turns[0] = base
            turn_count = 1
        else:
            turn_count -= 2
            base = turns[turn_count - 1]
    add_half_cycle(driver, exponent, factor, stress, abs(start - base), abs(end - base), rate, charging)
    return turn_count


@kernel
def meter_stress(
    # model
    driver,
    exponent,
    factor,
    nominal_capacity,
    # state
    age,
    position,
    turns,
    turn_count,
    stress,
    equivalent_cycles,
    window_cycles,
    window_time,
    # inputs
    current,
    soh_mean,
    elapsed,
):
    """Add what `elapsed` seconds [s] of the present currents mean to the racks.

    Shapes: driver, exponent (mechanism); factor (mechanism, 7); nominal_capacity [A s]; age [s] (container);
    turns [1] (rack, turn); stress (mechanism, rack); all others (rack).
    """
    kept = math.exp(-elapsed / MEMORY)
    for c in range(age.size):
        age[c] += elapsed
    for r in range(current.size):
        for m in range(stress.shape[0]):
            if int(driver[m]) == TIME:
                stress[m, r] += elapsed
        capacity = soh_mean[r] * nominal_capacity
        moved = current[r] * elapsed / capacity
        cycles = 0.5 * abs(moved)
        window_cycles[r] = kept * window_cycles[r] + cycles
        window_time[r] = kept * window_time[r] + elapsed
        if moved != 0.0:
            equivalent_cycles[r] += cycles
            rate = abs(current[r]) / capacity * SECONDS_PER_HOUR
            turn_count[r] = count_cycles(
                driver, exponent, factor, stress[:, r], turns[r], int(turn_count[r]), position[r], moved, rate
            )
            position[r] += moved
