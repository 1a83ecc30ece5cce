"""What fire panels tell besides what bank controllers are wired to."""

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.devices_model import DeviceModel
from bms_emulator.sensing.devices_state import FireMeasured
from bms_emulator.sensing.devices_truth import DeviceTruth

HEAT_LOW, HEAT_HIGH = 3, 4
"""Places of the heat detectors in the readings of a panel."""
FIRE = 2.0
FAULT, TEST = 2.0, 3.0
"""States of detectors; beyond the last all are tests."""


def bind_panels(model: DeviceModel, reported: FireMeasured, truth: DeviceTruth) -> Bound:
    """What takes over what each fire panel tells."""
    fire = truth.fire
    return bind(
        report_panels,
        # model
        model,
        # inputs
        fire.awake.reshape(1),
        fire.reading,
        fire.level,
        fire.level2_time,
        fire.gas_alarm,
        fire.aerosol_released,
        fire.manual_release,
        fire.sounder_on,
        fire.discharging,
        truth.panels.agent_lost,
        truth.panels.state,
        truth.fire_commands.inhibit,
        truth.containers.air_temperature,
        truth.supply.voltage,
        # out
        reported.state,
        reported.heat_low,
        reported.heat_high,
        reported.detector_fault,
        reported.detector_test,
        reported.sounder_on,
        reported.beacon_on,
        reported.manual_release,
        reported.inhibited,
        reported.release_running,
        reported.release_countdown,
        reported.discharging,
        reported.agent_pressure,
        reported.agent_low,
        reported.power_fault,
    )


@kernel
def report_panels(
    # model
    model,
    # inputs
    awake,
    reading,
    level,
    level2_time,
    gas_alarm,
    aerosol_released,
    manual_release,
    sounder_on,
    discharging,
    agent_lost,
    detector_states,
    inhibit,
    air_temperature,
    supply_voltage,
    # out
    states_told,
    heat_low,
    heat_high,
    detector_fault,
    detector_test,
    sounder_on_told,
    beacon_on,
    manual_release_told,
    inhibited,
    release_running,
    release_countdown,
    discharging_told,
    agent_pressure,
    agent_low,
    power_fault,
):
    """Reports of the fire panel of every container, (container,); by detector (container, detector); awake (1,).

    Heat detectors of panels at rest have the temperature of the air around them.
    """
    for c in range(level.size):
        rest = awake[0] == 0.0
        heat_low[c] = air_temperature[c] if rest else reading[c, HEAT_LOW]
        heat_high[c] = air_temperature[c] if rest else reading[c, HEAT_HIGH]
        detector_fault[c] = detector_test[c] = 0.0
        for d in range(detector_states.shape[1]):
            states_told[c, d] = detector_states[c, d]
            if detector_states[c, d] == FAULT:
                detector_fault[c] = 1.0
            elif detector_states[c, d] >= TEST:
                detector_test[c] = 1.0
        sounder_on_told[c] = sounder_on[c]
        beacon_on[c] = 1.0 if level[c] != 0.0 or gas_alarm[c] != 0.0 else 0.0
        manual_release_told[c] = manual_release[c]
        inhibited[c] = inhibit[c]
        counts = level[c] == FIRE and aerosol_released[c] == 0.0 and inhibit[c] == 0.0
        release_running[c] = 1.0 if counts else 0.0
        release_countdown[c] = max(model.release_delay - level2_time[c], 0.0) if counts else 0.0
        discharging_told[c] = discharging[c]
        agent_pressure[c] = model.agent_pressure * (1.0 - agent_lost[c])
        agent_low[c] = 1.0 if 1.0 - agent_lost[c] < model.agent_low else 0.0
        power_fault[c] = 1.0 if supply_voltage[c] < model.supply_min else 0.0
