"""Fire panel: detectors with lag and delay, latched alarms, and the fan that it starts by itself.

A detector follows what it senses with a time constant and trips when its reading has stood at its set point for a
while. Heat detectors hang in the ceiling jet, whose temperature rise over the air around it is, after Alpert (Fire
Technology 8, 1972), for a heat Q [kW], a height H and a distance r [m]:

    16.9 Q^(2/3) / H^(5/3)     within r = 0.18 H
    5.38 (Q / r)^(2/3) / H     beyond

Hydrogen or carbon monoxide starts the ventilation. Any detector is level 1; heat and smoke, or two heat detectors, are
level 2, after which the aerosol is released. All is latched until a reset.

What stands is first seen at the end of a tick, and time is counted from there: a delay ends in the tick that ends so
much later, whatever the tick is.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.schedule import has_lasted
from bms_emulator.plant.state import Detector, FireLevel
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import kelvin

PPM: Final = 1e-6
TRACE: Final = 1e-9
"""Reading in clean air that is no longer told from 0 [1], [1/m]."""
GAS: Final = 1 << int(Detector.HYDROGEN) | 1 << int(Detector.CARBON_MONOXIDE)
SMOKE: Final = 1 << int(Detector.SMOKE)
HEAT: Final = 1 << int(Detector.HEAT_LOW) | 1 << int(Detector.HEAT_HIGH)
NORMAL: Final = float(FireLevel.NORMAL)
WARNING: Final = float(FireLevel.WARNING)
FIRE: Final = float(FireLevel.FIRE)


class PanelModel(NamedTuple):
    """Constants of a fire panel; arrays by detector.

    Attributes:
        alarm: Set point [1], [1], [1/m], [K], [K].
        lag: Time constant [s].
        delay: Time at the set point before it trips [s].
        range_max: Highest reading, in units of the set point.
        low_distance: Of the lower heat detector from the axis of a jet [m].
        high_distance: Of the higher one [m].
        height: Ceiling above the mouth of a jet [m].
        release_delay: From level 2 to the release of the aerosol [s].
    """

    alarm: Array
    lag: Array
    delay: Array
    range_max: Array
    low_distance: float
    high_distance: float
    height: float
    release_delay: float


def build_panel_model(site: SiteProfile) -> PanelModel:
    """Constants of the fire panels of a site."""
    fire, ventilation = site.container.fire, site.container.ventilation
    rows = (fire.hydrogen_ppm, fire.carbon_monoxide_ppm, fire.smoke_per_m, fire.heat_low_degc, fire.heat_high_degc)
    scale, zero = np.array([PPM, PPM, 1.0, 1.0, 1.0]), np.array([0.0, 0.0, 0.0, kelvin(0.0), kelvin(0.0)])
    return PanelModel(
        alarm=zero + scale * np.array([row.alarm for row in rows]),
        lag=np.array([row.lag_s for row in rows]),
        delay=np.array([row.delay_s for row in rows]),
        range_max=zero + scale * np.array([row.range_max for row in rows]),
        low_distance=fire.heat_low_degc.distance_m,
        high_distance=fire.heat_high_degc.distance_m,
        height=ventilation.ceiling_height_m,
        release_delay=fire.release_delay_s,
    )


@scalar
def ceiling_jet_rise(power, distance, height):
    """Temperature rise of a ceiling jet [K] after Alpert; heat [W], distance from its axis and height [m]."""
    if distance <= 0.18 * height:
        return 16.9 * (power / 1e3) ** (2.0 / 3.0) / height ** (5.0 / 3.0)
    return 5.38 * (power / 1e3 / distance) ** (2.0 / 3.0) / height


@scalar
def fire_level(tripped):
    """Level of an alarm from the bits of the detectors that have tripped."""
    heat = tripped & HEAT
    if heat == HEAT or (heat and tripped & SMOKE):
        return FIRE
    return WARNING if tripped else NORMAL


@kernel
def step_panels(
    # model
    model,
    # state
    reading,
    standing,
    tripped,
    level,
    level2_time,
    gas_alarm,
    ventilation_running,
    aerosol_released,
    # inputs
    hydrogen,
    carbon_monoxide,
    smoke,
    jet_power,
    layer_rise,
    air_temperature,
    reset,
    dt,
):
    """Advance all fire panels by dt [s]; zeroes the reset.

    Shapes: (container); reading, standing (container, detector).
    """
    for c in range(tripped.size):
        around = air_temperature[c] + layer_rise[c]
        low = around + ceiling_jet_rise(jet_power[c], model.low_distance, model.height)
        high = around + ceiling_jet_rise(jet_power[c], model.high_distance, model.height)
        above = 0
        bits = int(tripped[c])
        level2_time[c] = level2_time[c] + dt if level[c] == FIRE else 0.0
        for d, sensed in enumerate((hydrogen[c], carbon_monoxide[c], smoke[c], low, high)):
            stood = reading[c, d] >= model.alarm[d]
            decay = math.exp(-dt / model.lag[d])
            reading[c, d] = min(decay * reading[c, d] + (1.0 - decay) * sensed, model.range_max[d])
            if sensed == 0.0 and reading[c, d] < TRACE:
                reading[c, d] = 0.0
            if reading[c, d] < model.alarm[d]:
                standing[c, d] = 0.0
                continue
            above |= 1 << d
            standing[c, d] = standing[c, d] + dt if stood else 0.0
            if has_lasted(standing[c, d], model.delay[d], dt):
                bits |= 1 << d
        if reset[c]:
            reset[c] = 0.0
            bits &= above
            level[c] = gas_alarm[c] = aerosol_released[c] = level2_time[c] = 0.0
        tripped[c] = bits
        level[c] = max(level[c], fire_level(bits))
        gas_alarm[c] = 1.0 if gas_alarm[c] or bits & GAS else 0.0
        ventilation_running[c] = gas_alarm[c]
        if level[c] == FIRE and has_lasted(level2_time[c], model.release_delay, dt):
            aerosol_released[c] = 1.0
