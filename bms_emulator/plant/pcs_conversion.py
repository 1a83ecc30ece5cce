"""Conversion between AC and DC: what a PCS loses on the way.

P_dc = P_ac + standby + k1 s + k2 s^2 / P_rated,    s = S / v        positive in discharge, in both directions

Losses follow the AC current: s is the apparent power S that would flow with the same current at rated voltage, v the
voltage of the grid relative to rated.
"""

import math

from bms_emulator.jit import scalar

LEAST_VOLTAGE = 0.05
"""Grid voltage below which currents are taken to be those at it, relative to rated [1]."""

ITERATIONS = 8
"""Most steps of Newton's method: convex from above, so that four are enough from anywhere."""


@scalar
def magnitude(power, reactive_power):
    """Apparent power [VA] of active [W] and reactive power [var]."""
    return abs(power) if reactive_power == 0.0 else math.sqrt(power * power + reactive_power * reactive_power)


@scalar
def loss_of(model, apparent_power, grid_voltage):
    """Loss at an apparent power [W]."""
    stress = apparent_power / max(grid_voltage, LEAST_VOLTAGE)
    return (
        model.standby_loss
        + model.proportional_loss * stress
        + model.quadratic_loss * stress * stress / model.rated_power
    )


@scalar
def dc_power_of(model, ac_power, reactive_power=0.0, grid_voltage=1.0):
    """DC power that belongs to an AC power [W]."""
    return ac_power + loss_of(model, magnitude(ac_power, reactive_power), grid_voltage)


@scalar
def ac_power_of(model, dc_power, reactive_power=0.0, grid_voltage=1.0):
    """AC power that belongs to a DC power [W], the inverse of `dc_power_of`.

    Without reactive power it is one quadratic for each direction; with it Newton's method starts above the root of a
    convex and rising function.
    """
    voltage = max(grid_voltage, LEAST_VOLTAGE)
    proportional = model.proportional_loss / voltage
    quadratic = model.quadratic_loss / (model.rated_power * voltage * voltage)
    net = dc_power - model.standby_loss
    if reactive_power == 0.0:
        linear = 1.0 + math.copysign(proportional, net)
        return 2.0 * net / (linear + math.sqrt(max(0.0, linear * linear + 4.0 * quadratic * net)))
    net -= quadratic * reactive_power * reactive_power
    power = net
    for _ in range(ITERATIONS):
        apparent = magnitude(power, reactive_power)
        excess = power + proportional * apparent + quadratic * power * power - net
        before = power
        direction = power / apparent if apparent > 0.0 else 0.0
        power -= excess / (1.0 + proportional * direction + 2.0 * quadratic * power)
        if power == before:
            break
    return power


@scalar
def settle_powers(model, dc_power, reactive_power, apparent_limit, grid_voltage):
    """AC active [W] and reactive power [var] of a DC power: as planned, or on the circle where that would leave it."""
    power = ac_power_of(model, dc_power, reactive_power, grid_voltage)
    if magnitude(power, reactive_power) <= apparent_limit or reactive_power == 0.0:
        return power, reactive_power
    power = dc_power - loss_of(model, apparent_limit, grid_voltage)
    rest = apparent_limit * apparent_limit - power * power
    if rest <= 0.0:
        return ac_power_of(model, dc_power, 0.0, grid_voltage), 0.0
    return power, math.copysign(math.sqrt(rest), reactive_power)
