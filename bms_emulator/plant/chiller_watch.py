"""What a chiller knows of itself: filling, alarms, counters.

A leak empties the expansion vessel, whose filling is the pressure of the loop at rest; the make-up pump fills it again
as long as its tank has something. What circulates is the same with an empty vessel.

The cause of an alarm is first seen at the end of a tick, and time is counted from there. An alarm goes with its cause,
but one that latches waits for a reset that finds its cause gone.
"""

from typing import Final, NamedTuple

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.chiller import COOLING, FAN, STANDBY
from bms_emulator.plant.chiller_control import LOCKING
from bms_emulator.plant.coolant import CoolantModel
from bms_emulator.plant.hydraulics import litres_per_minute
from bms_emulator.plant.state import ChillerAlarm, ChillerFault, FaultLevel
from bms_emulator.profile.site import SiteProfile
from bms_emulator.timing import has_lasted
from bms_emulator.units import kelvin

STOPPING: Final = LOCKING | 1 << int(ChillerAlarm.TRIP)
LATCHING: Final = 1 << int(ChillerAlarm.COOLANT_PRESSURE_LOW)
ABSENT: Final = -1.0
SENSOR: Final = 1 << int(ChillerFault.TEMPERATURE_SENSOR)
NONE, ALARM, STOP = (float(level) for level in FaultLevel)


class WatchModel(NamedTuple):
    """Constants of filling and alarms of a chiller; pressures are above atmosphere.

    Attributes:
        delay: How long the cause of each alarm must stand [s], shape (alarm,).
        cut_out_ambient: Ambient temperature above which the condenser's pressure is too high [K].
        supply_min: Coldest supply [K].
        supply_max: Hottest supply [K].
        flow_min: Least flow while the pump is to run [kg/s].
        pressure_min: Least pressure at rest [Pa].
        pressure_max: Highest supply pressure [Pa].
        level_min: Least filling of the tank [1].
        static_pressure: At rest with a full vessel [Pa].
        vessel_mass: Coolant in a full vessel [kg].
        tank_mass: Coolant in a full tank [kg].
        make_up_flow: Of the make-up pump [kg/s].
        make_up_pressure: At which it starts [Pa].
    """

    delay: Array
    cut_out_ambient: float
    supply_min: float
    supply_max: float
    flow_min: float
    pressure_min: float
    pressure_max: float
    level_min: float
    static_pressure: float
    vessel_mass: float
    tank_mass: float
    make_up_flow: float
    make_up_pressure: float


def build_watch_model(site: SiteProfile, coolant: CoolantModel) -> WatchModel:
    """Constants of filling and alarms of a site's chillers."""
    chiller, density = site.container.chiller, coolant.rated_density
    limits, filling = chiller.protection, chiller.filling
    delays = {
        ChillerAlarm.COOLANT_PRESSURE_HIGH: limits.pressure_delay_s,
        ChillerAlarm.COOLANT_PRESSURE_LOW: limits.pressure_delay_s,
        ChillerAlarm.FLOW_LOW: limits.flow_delay_s,
        ChillerAlarm.TEMPERATURE_HIGH: limits.temperature_delay_s,
        ChillerAlarm.TEMPERATURE_LOW: limits.temperature_delay_s,
    }
    return WatchModel(
        delay=np.array([delays.get(alarm, 0.0) for alarm in ChillerAlarm]),
        cut_out_ambient=kelvin(chiller.cut_out_ambient_degc),
        supply_min=kelvin(limits.supply_min_degc),
        supply_max=kelvin(limits.supply_max_degc),
        flow_min=limits.flow_min_percent * 1e-2 * litres_per_minute(site.container.pump.rated_flow_lpm, density),
        pressure_min=limits.pressure_min_kpa * 1e3,
        pressure_max=limits.pressure_max_kpa * 1e3,
        level_min=limits.level_min_percent * 1e-2,
        static_pressure=filling.static_pressure_kpa * 1e3,
        vessel_mass=filling.vessel_l * 1e-3 * density,
        tank_mass=filling.make_up_tank_l * 1e-3 * density,
        make_up_flow=litres_per_minute(filling.make_up_lpm, density),
        make_up_pressure=filling.make_up_on_kpa * 1e3,
    )


@scalar
def fault_code(alarms):
    """Number of the worst alarm, counted from 1: the first that stops the chiller, else the first; 0 for none."""
    worst = alarms & STOPPING if alarms & STOPPING else alarms
    code = 0
    while worst:
        code += 1
        if worst & 1:
            break
        worst >>= 1
    return float(code)


@kernel
def watch_chillers(
    # model
    model,
    # state
    vessel,
    tank,
    leaked,
    make_up_on,
    alarm_time,
    alarms,
    code,
    level,
    operating_time,
    compressor_operating_time,
    compressor_starts,
    compressor_was_on,
    # inputs
    mode,
    compressor_on,
    pump_speed,
    request,
    source,
    control,
    supply_temperature,
    flow,
    pump_pressure,
    ambient_temperature,
    reset,
    refill,
    # overlay
    chiller_gain,
    chiller_faults,
    leak,
    dt,
):
    """Advance filling, alarms and counters of every chiller by dt [s]; zeroes resets and refills.

    Shapes: (container,); alarm_time (container, alarm).
    """
    for c in range(vessel.size):
        lost = min(leak[c] * dt, vessel[c] * model.vessel_mass)
        leaked[c] += lost
        vessel[c] -= lost / model.vessel_mass
        if model.static_pressure * vessel[c] < model.make_up_pressure:
            make_up_on[c] = 1.0
        if make_up_on[c]:
            room = (1.0 - vessel[c]) * model.vessel_mass
            there = tank[c] * model.tank_mass
            moved = min(model.make_up_flow * dt, room, there)
            vessel[c] = 1.0 if moved == room else vessel[c] + moved / model.vessel_mass
            tank[c] = 0.0 if moved == there else tank[c] - moved / model.tank_mass
            make_up_on[c] = 1.0 if moved < room and moved < there else 0.0
        if refill[c]:
            vessel[c] = tank[c] = 1.0
            refill[c] = 0.0

        at_rest = model.static_pressure * vessel[c]
        causes = (
            chiller_gain[c] == 0.0,
            request[c] == COOLING
            and (ambient_temperature[c] > model.cut_out_ambient or int(chiller_faults[c]) & FAN != 0),
            at_rest + pump_pressure[c] > model.pressure_max,
            at_rest < model.pressure_min,
            mode[c] != STANDBY and flow[c] < model.flow_min,
            int(chiller_faults[c]) & SENSOR != 0,
            supply_temperature[c] > model.supply_max,
            supply_temperature[c] < model.supply_min,
            source[c] != control[c],
            tank[c] < model.level_min,
        )
        bits = 0 if reset[c] else int(alarms[c]) & LATCHING
        reset[c] = 0.0
        for a, cause in enumerate(causes):
            if not cause:
                alarm_time[c, a] = ABSENT
                continue
            alarm_time[c, a] = 0.0 if alarm_time[c, a] == ABSENT else alarm_time[c, a] + dt
            # a reset does not clear what stands, nor starts its delay anew
            if has_lasted(alarm_time[c, a], model.delay[a], dt):
                bits |= 1 << a
        alarms[c] = bits
        code[c] = fault_code(bits)
        level[c] = STOP if bits & STOPPING else ALARM if bits else NONE

        if pump_speed[c] > 0.0:
            operating_time[c] += dt
        if compressor_on[c]:
            compressor_operating_time[c] += dt
            compressor_starts[c] += 1.0 - compressor_was_on[c]
        compressor_was_on[c] = compressor_on[c]
