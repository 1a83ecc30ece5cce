"""A second process that compiles kernels while the engine does, beginning at the other end of the tick.

Compiling all kernels takes one core most of a minute. What one of the two has compiled the other finds in the cache, so
they meet in the middle. Nothing depends on it: it is started when the engine begins to compile, and ended when all is
ready.
"""

import bms_emulator.sensing.step as sensing
from bms_emulator.plant.ageing import step_ageing
from bms_emulator.plant.cooling import step_cooling
from bms_emulator.plant.metering import read_meters
from bms_emulator.plant.runaway import step_runaway
from bms_emulator.plant.step import step_electrical
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.actuators import actuate
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.process import adopt
from bms_emulator.sensing.auxiliary import report_pcs


class Rehearsal(Emulator):
    """A tick backwards, on a plant that was never brought to its initial state: what comes out means nothing."""

    def _start(self) -> None:
        pass

    def run(self) -> None:
        """Call every kernel of a tick, the last first."""
        model, state, inputs, overlay = self._plant_model, self._plant, self._inputs, self._overlay
        self.refresh_images()
        self._events.collect()
        actuate(self._controllers.racks, self._controllers.bank, self._pcs_commands, self._rated_power, self._inputs)
        self._firmware.step(self._measured, 0.0, self.dt)
        report_pcs(self._pcs_measured, state)
        sensing.step(self._sensing_model, self._sensors, self._measured, state, self._faults.sensors, 0, self.dt)
        step_ageing(model.ageing, model.cells, state, 0, self.dt)
        read_meters(model.meters, state, 0, self.dt)
        step_cooling(model.cooling, state, inputs, overlay, 0.0, 0, self.dt, True)
        step_runaway(model.runaway, state, overlay, 0, self.dt, True)
        step_electrical(model, state, inputs, overlay, 0, self.dt, True)


def main(site: SiteProfile, log_level: str) -> None:
    """The process."""
    adopt("compiler", log_level)
    Rehearsal(site.model_copy(update={"user_firmware": ()})).run()
