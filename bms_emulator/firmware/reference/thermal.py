"""Thermal management: what the chiller of every container is asked to do."""

import numpy as np

from bms_emulator.jit import kernel

STANDBY, CIRCULATION, COOLING, HEATING = 0.0, 1.0, 2.0, 3.0
"""Values of the chiller request."""


@kernel
def manage_temperature(
    # model
    cooling_on,
    cooling_off,
    heating_on,
    heating_off,
    cooling_setpoint,
    heating_setpoint,
    circulation_spread,
    # inputs
    temperature_max,
    temperature_min,
    # out
    request,
    setpoint,
):
    """Chiller request and set point [K] of every container, (container,); the standing request is the hysteresis.

    Cooling comes before heating, and both before circulation, which evens out a spread of temperatures; circulation
    ends with the hysteresis of cooling. Without valid temperatures the request stands.
    """
    for c in range(request.shape[0]):
        hottest = temperature_max[c]
        coldest = temperature_min[c]
        spread = hottest - coldest
        if np.isnan(spread):
            continue
        cools = hottest > cooling_off if request[c] == COOLING else hottest >= cooling_on
        heats = coldest < heating_off if request[c] == HEATING else coldest < heating_on
        margin = cooling_on - cooling_off if request[c] == CIRCULATION else 0.0
        if cools:
            request[c] = COOLING
        elif heats:
            request[c] = HEATING
        elif spread > circulation_spread - margin:
            request[c] = CIRCULATION
        else:
            request[c] = STANDBY
        setpoint[c] = heating_setpoint if request[c] == HEATING else cooling_setpoint
