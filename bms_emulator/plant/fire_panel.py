"""Fire panel: detectors with lag and delay, latched alarms, and the fan that it starts by itself.

A detector follows what it senses with a time constant and trips when its reading has stood at its set point for a
while. Heat detectors hang in the ceiling jet, whose temperature rise over the air around it is, after Alpert (Fire
Technology 8, 1972), for a heat Q [kW], a height H and a distance r [m]:

    16.9 Q^(2/3) / H^(5/3)     within r = 0.18 H
    5.38 (Q / r)^(2/3) / H     beyond

Hydrogen or carbon monoxide starts the ventilation. Any detector is level 1; heat and smoke, or two heat detectors, or a
hand at the manual release, are level 2, after which the aerosol is released with its delay. The inhibit holds the
release back, and its delay begins anew when it lets go. All is latched until a reset, which clears only what stands no
more; the agent is gone until it is replaced. A detector that is tested shows what it reads, and one that has failed
trips no more: nothing follows from either.

What stands is first seen at the end of a tick, and time is counted from there: a delay ends in the tick that ends so
much later, whatever the tick is.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.state import Detector, DetectorState, FireLevel, Output
from bms_emulator.profile.site import SiteProfile
from bms_emulator.timing import has_lasted
from bms_emulator.units import kelvin

PPM: Final = 1e-6
RESIDUE: Final = 1e-6
"""Share of the agent that is none, so that rounding does not make the discharge a tick longer."""
TRACE: Final = 1e-9
"""Reading in clean air that is no longer told from 0 [1], [1/m]."""
GAS: Final = 1 << int(Detector.HYDROGEN) | 1 << int(Detector.CARBON_MONOXIDE)
SMOKE: Final = 1 << int(Detector.SMOKE)
HEAT: Final = 1 << int(Detector.HEAT_LOW) | 1 << int(Detector.HEAT_HIGH)
VENTILATION: Final = 1 << int(Output.VENTILATION)
NORMAL: Final = float(FireLevel.NORMAL)
WARNING: Final = float(FireLevel.WARNING)
FIRE: Final = float(FireLevel.FIRE)
AT_REST, IN_ALARM, FAILED, TESTED, TEST_ALARM = (float(state) for state in DetectorState)


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
        clean: Reading in clean, cool air [1], [1], [1/m], [K], [K].
        discharge_time: From the release until no agent is left [s].
    """

    alarm: Array
    lag: Array
    delay: Array
    range_max: Array
    low_distance: float
    high_distance: float
    height: float
    release_delay: float
    clean: Array
    discharge_time: float


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
        clean=zero,
        discharge_time=fire.discharge_s,
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


@scalar
def detector_state(tripped, above, tested, failed):
    """What the panel says of a detector that has tripped, stands above its set point, is tested, or has failed."""
    if failed:
        return FAILED
    if tested:
        return TEST_ALARM if above else TESTED
    return IN_ALARM if tripped else AT_REST


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
    manual_latched,
    sounder_on,
    discharging,
    agent_lost,
    detector_states,
    # inputs
    hydrogen,
    carbon_monoxide,
    smoke,
    jet_power,
    layer_rise,
    air_temperature,
    reset,
    acknowledge,
    manual_release,
    inhibit,
    test,
    agent_refill,
    outputs,
    # overlay
    hydrogen_added,
    carbon_monoxide_added,
    smoke_added,
    detector_hold,
    detector_failed,
    agent_leak,
    dt,
):
    """Advance all fire panels by dt [s]; zeroes reset, acknowledgement and refill.

    Shapes: (container); reading, standing, test and all that begins with detector (container, detector).
    """
    for c in range(tripped.size):
        around = air_temperature[c] + layer_rise[c]
        low = around + ceiling_jet_rise(jet_power[c], model.low_distance, model.height)
        high = around + ceiling_jet_rise(jet_power[c], model.high_distance, model.height)
        above = 0
        before, level_before = int(tripped[c]), level[c]
        bits = before
        held_back = inhibit[c] != 0.0
        level2_time[c] = level2_time[c] + dt if level[c] == FIRE and not held_back else 0.0
        gas = hydrogen[c] + hydrogen_added[c], carbon_monoxide[c] + carbon_monoxide_added[c]
        for d, sensed in enumerate((*gas, smoke[c] + smoke_added[c], low, high)):
            stood = reading[c, d] >= model.alarm[d]
            decay = math.exp(-dt / model.lag[d])
            reading[c, d] = min(decay * reading[c, d] + (1.0 - decay) * sensed, model.range_max[d])
            if sensed == 0.0 and reading[c, d] < TRACE:
                reading[c, d] = 0.0
            hold = detector_hold[c, d]
            if not math.isnan(hold):
                reading[c, d] = min(model.clean[d] + hold * (model.alarm[d] - model.clean[d]), model.range_max[d])
            watched = test[c, d] == 0.0 and detector_failed[c, d] == 0.0
            stands = reading[c, d] >= model.alarm[d]
            standing[c, d] = standing[c, d] + dt if stands and stood and watched else 0.0
            if stands and watched:
                above |= 1 << d
                if has_lasted(standing[c, d], model.delay[d], dt):
                    bits |= 1 << d
            failed = detector_failed[c, d] != 0.0
            detector_states[c, d] = detector_state(bits >> d & 1, stands, test[c, d] != 0.0, failed)
        pressed = manual_release[c] != 0.0
        if reset[c]:
            reset[c] = 0.0
            bits &= above
            manual_latched[c] = 0.0
            level[c] = gas_alarm[c] = aerosol_released[c] = level2_time[c] = 0.0
            for d in range(reading.shape[1]):
                if detector_states[c, d] == IN_ALARM and not bits >> d & 1:
                    detector_states[c, d] = AT_REST
        if pressed:
            manual_latched[c] = 1.0
        tripped[c] = bits
        level[c] = max(level[c], FIRE if manual_latched[c] else fire_level(bits))
        gas_alarm[c] = 1.0 if gas_alarm[c] or bits & GAS else 0.0
        ventilation_running[c] = 1.0 if gas_alarm[c] or int(outputs[c]) & VENTILATION else 0.0
        if level[c] == FIRE and not held_back and has_lasted(level2_time[c], model.release_delay, dt):
            if not aerosol_released[c]:
                discharging[c] = 1.0
            aerosol_released[c] = 1.0

        if acknowledge[c] or level[c] == NORMAL:
            sounder_on[c] = acknowledge[c] = 0.0
        if bits & ~before or level[c] > level_before:
            sounder_on[c] = 1.0
        lost = dt * (agent_leak[c] + (1.0 / model.discharge_time if discharging[c] else 0.0))
        agent_lost[c] += lost
        if agent_lost[c] > 1.0 - RESIDUE:
            agent_lost[c] = 1.0
            discharging[c] = 0.0
        if agent_refill[c]:
            agent_lost[c] = agent_refill[c] = 0.0
