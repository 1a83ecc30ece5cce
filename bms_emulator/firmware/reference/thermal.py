"""Thermal management: what the chiller of every container is asked to do."""

import numpy as np

from bms_emulator.firmware.contract import ChillerRequest
from bms_emulator.jit import kernel, scalar

STANDBY, CIRCULATION, COOLING, HEATING = (
    float(ChillerRequest.STANDBY),
    float(ChillerRequest.CIRCULATION),
    float(ChillerRequest.COOLING),
    float(ChillerRequest.HEATING),
)


@scalar
def urgency(request):
    """Order of requests: cooling comes before heating, and both before circulation; -1 for none (NaN)."""
    if np.isnan(request):
        return -1.0
    if request == COOLING:
        return 3.0
    return 2.0 if request == HEATING else request


@kernel
def manage_temperature(
    # state
    own_request,
    # inputs
    cooling_on,
    cooling_off,
    heating_on,
    heating_off,
    cooling_setpoint,
    heating_setpoint,
    circulation_spread,
    temperature_max,
    temperature_min,
    rack_request,
    # out
    request,
    setpoint,
):
    """Chiller request and set point [K] of every container, (container,); what its racks ask is (rack,).

    Settings [K] are (container,). Where one of them would make an end lie before its beginning, there is no hysteresis.

    The bank controller's own standing request is the hysteresis. It cools by the hottest cell, heats by the coldest,
    and circulates to even out a spread of temperatures; circulation ends with the hysteresis of cooling. Without valid
    temperatures its request stands. The most urgent of its own and the racks' requests is passed on.
    """
    racks_per_container = rack_request.shape[0] // request.shape[0]
    for c in range(request.shape[0]):
        hottest = temperature_max[c]
        coldest = temperature_min[c]
        spread = hottest - coldest
        if not np.isnan(spread):
            still_cools = own_request[c] == COOLING and cooling_off[c] < cooling_on[c]
            cools = hottest > cooling_off[c] if still_cools else hottest >= cooling_on[c]
            still_heats = own_request[c] == HEATING and heating_off[c] > heating_on[c]
            heats = coldest < heating_off[c] if still_heats else coldest < heating_on[c]
            margin = max(0.0, cooling_on[c] - cooling_off[c]) if own_request[c] == CIRCULATION else 0.0
            if cools:
                own_request[c] = COOLING
            elif heats:
                own_request[c] = HEATING
            elif spread > circulation_spread[c] - margin:
                own_request[c] = CIRCULATION
            else:
                own_request[c] = STANDBY
        asked = own_request[c]
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            if urgency(rack_request[r]) > urgency(asked):
                asked = rack_request[r]
        request[c] = asked
        setpoint[c] = heating_setpoint[c] if asked == HEATING else cooling_setpoint[c]
