"""Controller of a chiller: who commands it, and what it makes of that.

The bank controller commands by a request and a set point, a master by commands of its own, the panel by its thermostat.
A master that writes nothing for its time-out loses the command to the bank controller until it writes again. Where the
unit's own thermostat decides, it begins to cool or to heat a hysteresis beyond the set point and ends at it.
"""

from typing import Final, NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.chiller import CIRCULATION, COOLING, HEATING, STANDBY
from bms_emulator.plant.state import ChillerAlarm, ChillerCommand, ChillerSource
from bms_emulator.profile.site import SiteProfile
from bms_emulator.timing import has_lasted
from bms_emulator.units import kelvin

BMS: Final = float(ChillerSource.BMS)
EMS: Final = float(ChillerSource.EMS)
LOCAL: Final = float(ChillerSource.LOCAL)
AUTO: Final = float(ChillerCommand.AUTO)
OFF: Final = float(ChillerCommand.OFF)
DRY: Final = 1 << int(ChillerAlarm.COOLANT_PRESSURE_LOW)
"""Alarm with which the pump must not run."""
LOCKING: Final = DRY | 1 << int(ChillerAlarm.TEMPERATURE_SENSOR)
"""Alarms with which neither compressor nor heater may run."""


class ControlModel(NamedTuple):
    """Constants of the controller of a chiller.

    Attributes:
        panel_cooling: Supply temperature to cool to under local control [K].
        panel_heating: Supply temperature to heat to under local control [K].
        hysteresis: Of its thermostat [K].
    """

    panel_cooling: float
    panel_heating: float
    hysteresis: float


def build_control_model(site: SiteProfile) -> ControlModel:
    """Constants of the controllers of a site's chillers."""
    controller = site.container.chiller.controller
    return ControlModel(
        panel_cooling=kelvin(controller.panel_cooling_degc),
        panel_heating=kelvin(controller.panel_heating_degc),
        hysteresis=controller.hysteresis_k,
    )


@scalar
def regulate(standing, temperature, cooling, heating, hysteresis):
    """Mode that a thermostat asks for, given the one that stands and temperatures [K]; it cools before it heats."""
    if temperature > (cooling if standing == COOLING else cooling + hysteresis):
        return COOLING
    lowest = min(heating, cooling)
    if temperature < (lowest if standing == HEATING else lowest - hysteresis):
        return HEATING
    return CIRCULATION


@kernel
def control_chillers(
    # model
    model,
    # state
    source,
    request,
    setpoint,
    capacity_gain,
    thermostat,
    master_age,
    heard_request,
    heard_setpoint,
    # inputs
    control,
    enable,
    command,
    cooling_setpoint,
    heating_setpoint,
    master_timeout,
    bms_request,
    bms_setpoint,
    supply_temperature,
    alarms,
    # overlay
    chiller_gain,
    deaf,
    setpoint_shift,
    dt,
):
    """What every chiller is to do in the coming dt [s]; a deaf one goes on as it last heard; shapes (container,)."""
    for c in range(source.size):
        master_age[c] += dt
        silent = master_timeout[c] > 0.0 and has_lasted(master_age[c], master_timeout[c], dt)
        source[c] = BMS if control[c] == EMS and silent else control[c]

        if deaf[c] == 0.0:
            heard_request[c], heard_setpoint[c] = bms_request[c], bms_setpoint[c]
        asked = heard_request[c]
        cooling = heating = heard_setpoint[c]
        if source[c] == EMS:
            asked = command[c] if enable[c] else OFF
            cooling, heating = cooling_setpoint[c], heating_setpoint[c]
        elif source[c] == LOCAL:
            asked = AUTO
            cooling, heating = model.panel_cooling, model.panel_heating
        if asked == AUTO:
            asked = regulate(thermostat[c], supply_temperature[c], cooling, heating, model.hysteresis)
            thermostat[c] = asked
            heating = min(heating, cooling)
        else:
            thermostat[c] = CIRCULATION

        wrong = int(alarms[c])
        request[c] = STANDBY if wrong & DRY else asked
        setpoint[c] = (heating if asked == HEATING else cooling) + setpoint_shift[c]
        capacity_gain[c] = 0.0 if wrong & LOCKING else chiller_gain[c]
