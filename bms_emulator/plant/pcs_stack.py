"""Temperature of a PCS: a heat sink that follows the losses slowly, and semiconductors above it that follow fast.

C dT_s/dt = P_loss - G (T_s - T_ambient),    tau_j d(T_j - T_s)/dt = R P_loss - (T_j - T_s)

exact for a step of constant loss. Fans make most of G; what is left without them is natural convection.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import scalar


class StackModel(NamedTuple):
    """Constants of the temperature of a PCS, alike for all containers.

    Attributes:
        rated_loss: At rated power [W].
        heatsink_rise: Of the heat sink above ambient at rated loss [K].
        junction_rise: Of the semiconductors above the heat sink at rated loss [K].
        time_constant: Of the heat sink, fans running [s].
        junction_time_constant: Of the semiconductors above the heat sink [s].
        passive: Share of the cooling that is left without fans [1].
        derating_start: Temperature of the semiconductors from which power falls [K].
        derating_end: At which none is left [K].
    """

    rated_loss: float
    heatsink_rise: float
    junction_rise: float
    time_constant: float
    junction_time_constant: float
    passive: float
    derating_start: float
    derating_end: float


@scalar
def share_when_warm(model, temperature):
    """Share of its rating that a temperature of the semiconductors leaves [1]."""
    return min(1.0, max(0.0, (model.derating_end - temperature) / (model.derating_end - model.derating_start)))


@scalar
def warm_stack(model, heatsink_temperature, stack_temperature, ambient_temperature, loss, fan_gain, dt):
    """Temperatures of heat sink and semiconductors [K] after dt [s] of a loss [W]."""
    share = loss / model.rated_loss if model.rated_loss > 0.0 else 0.0
    cooling = model.passive + (1.0 - model.passive) * fan_gain
    settled = ambient_temperature + model.heatsink_rise * share / cooling
    heatsink = settled + (heatsink_temperature - settled) * math.exp(-dt * cooling / model.time_constant)
    rise, rise_settled = stack_temperature - heatsink_temperature, model.junction_rise * share
    return heatsink, heatsink + rise_settled + (rise - rise_settled) * math.exp(-dt / model.junction_time_constant)
