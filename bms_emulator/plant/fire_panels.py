"""The fire panels of a site: when they have anything to do.

Where nothing burns, nothing is latched and nobody asks for anything, they rest: their gas and smoke detectors read
clean air, their heat detectors the air around them.
"""

import math

from bms_emulator.jit import bind, kernel
from bms_emulator.plant.fire_panel import NORMAL, VENTILATION, PanelModel, step_panels
from bms_emulator.plant.state import Detector, PlantOverlay, PlantState

HEAT_LOW = int(Detector.HEAT_LOW)


class FirePanels:
    """Fire panels, advanced tick by tick.

    Args:
        model: Constants.
        state: What varies.
        overlay: How active faults bend detectors and agent.
        dt: Step [s].
    """

    def __init__(self, model: PanelModel, state: PlantState, overlay: PlantOverlay, dt: float) -> None:
        fire, air, commands, panels = state.fire, state.air, state.fire_commands, state.panels
        self._state = state
        self._asked = bind(
            have_to_do,
            # state
            fire.reading,
            fire.tripped,
            fire.level,
            fire.ventilation_running,
            fire.discharging,
            # inputs
            commands.reset,
            commands.acknowledge,
            commands.manual_release,
            commands.test,
            state.surroundings.agent_refill,
            state.io.outputs,
            # overlay
            overlay.hydrogen_added,
            overlay.carbon_monoxide_added,
            overlay.smoke_added,
            overlay.detector_hold,
            overlay.detector_failed,
            overlay.agent_leak,
        )
        self._panels = bind(
            step_panels,
            # model
            model,
            # state
            fire.reading,
            fire.standing,
            fire.tripped,
            fire.level,
            fire.level2_time,
            fire.gas_alarm,
            fire.ventilation_running,
            fire.aerosol_released,
            fire.manual_release,
            fire.sounder_on,
            fire.discharging,
            panels.agent_lost,
            panels.state,
            # inputs
            air.hydrogen,
            air.carbon_monoxide,
            air.smoke,
            air.jet_power,
            air.layer_rise,
            state.containers.air_temperature,
            commands.reset,
            commands.acknowledge,
            commands.manual_release,
            commands.inhibit,
            commands.test,
            state.surroundings.agent_refill,
            state.io.outputs,
            # overlay
            overlay.hydrogen_added,
            overlay.carbon_monoxide_added,
            overlay.smoke_added,
            overlay.detector_hold,
            overlay.detector_failed,
            overlay.agent_leak,
            dt,
        )

    def step(self, surely: bool) -> None:
        """Advance by one step, `surely` or only if any panel has anything to do."""
        fire = self._state.fire
        was_awake = fire.awake.item()
        if surely or self._asked.call():
            if not was_awake:
                settle_heat_detectors(self._state)
            fire.awake[...] = 1.0
            self._panels.call()
        elif was_awake:
            # one more, in which all detectors are seen to be at rest
            self._panels.call()
            fire.awake[...] = 0.0


def settle_heat_detectors(state: PlantState) -> None:
    """Heat detectors have the temperature of the air around them; all others read clean air."""
    state.fire.reading[...] = 0.0
    state.fire.reading[:, HEAT_LOW:] = state.containers.air_temperature[:, None]


@kernel
def have_to_do(
    # state
    reading,
    tripped,
    level,
    ventilation_running,
    discharging,
    # inputs
    reset,
    acknowledge,
    manual_release,
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
):
    """Whether any panel is not at rest, or is asked or kept from it; (container), (container, detector)."""
    for c in range(level.size):
        if (
            level[c] != NORMAL
            or tripped[c] != 0.0
            or ventilation_running[c] != 0.0
            or discharging[c] != 0.0
            or reset[c] != 0.0
            or acknowledge[c] != 0.0
            or manual_release[c] != 0.0
            or agent_refill[c] != 0.0
            or agent_leak[c] != 0.0
            or hydrogen_added[c] + carbon_monoxide_added[c] + smoke_added[c] != 0.0
            or int(outputs[c]) & VENTILATION
        ):
            return True
        for d in range(test.shape[1]):
            in_gas = d < HEAT_LOW and reading[c, d] != 0.0
            if in_gas or test[c, d] != 0.0 or detector_failed[c, d] != 0.0 or not math.isnan(detector_hold[c, d]):
                return True
    return False
