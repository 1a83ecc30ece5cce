"""A second process that compiles kernels while the engine does, beginning at the other end of the tick.

Compiling all kernels takes one core most of a minute. What one of the two has compiled the other finds in the cache, so
they meet in the middle. Nothing depends on it: it is started when the engine begins to compile, and ended when all is
ready.
"""

from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.process import adopt, ignore_garbage


class Rehearsal(Emulator):
    """A tick backwards, on a plant that was never brought to its initial state: what comes out means nothing."""

    def _start(self) -> None:
        pass

    def run(self) -> None:
        """Call, or at least compile, every kernel of a tick, the last first."""
        plant = self._plant
        self.refresh_images()
        self._events.collect()
        self._pcs_controller.step(0.0)
        self._actuators.step()
        self._firmware.compile_backwards()
        self._devices.compile_backwards()
        self._site_sensors.step(self._faults.sensors, 0)
        self._sensors.step(self._faults.sensors, 0)
        plant.ageing.step(0)
        plant.coupling.call()
        plant.meters.step(0)
        plant.units.call()
        plant.cooling.step(0.0, 0, refresh=True)
        plant.runaway.step(0, refresh=True)
        plant.electrical.step(0, refresh=True)
        plant.supply.call(0.0)


def main(site: SiteProfile, log_level: str) -> None:
    """The process."""
    adopt("compiler", log_level)
    ignore_garbage()
    Rehearsal(site.model_copy(update={"user_firmware": ()})).run()
