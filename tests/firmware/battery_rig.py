"""A rig whose measurements come from synthetic cells, so that a test knows the truth that the estimator has to find."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.firmware.rig import Rig
from tests.reference.battery_twin import Cells

RATED_CAPACITY = 314.0 * 3600.0


class BatteryRig(Rig):
    """Three racks of synthetic cells; each rack has its own current.

    Args:
        overrides: Values that replace those of the profiles.
        dt: Firmware period [s].
        soc: State of charge of every rack [1].
        capacity: Capacity relative to the rated one, of every rack [1].
        growth: Resistance relative to a fresh cell's [1].
        spread: How far the cells of a rack differ in state of charge, evenly [1].
    """

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        *,
        dt: float = 1.0,
        soc: float = 0.5,
        capacity: tuple[float, float, float] = (1.0, 1.0, 1.0),
        growth: float = 1.0,
        spread: float = 0.0,
    ) -> None:
        super().__init__(overrides, dt=dt)
        count = self.measured.cell_voltage.shape[1]
        start = soc + spread * np.linspace(-0.5, 0.5, count)
        truth = np.array(capacity)[:, None] * RATED_CAPACITY
        self.cells = Cells(self.site.container.rack.pack.cell, np.tile(start, (3, 1)), truth, growth)
        self.capacity = truth[:, 0]
        self.sensor_offset = 0.0
        """Error of the current sensors [A]."""
        self.draw(0.0)

    @property
    def soc(self) -> NDArray[np.float64]:
        """True state of charge of the mean cell of every rack [1]."""
        mean: NDArray[np.float64] = self.cells.soc.mean(axis=1)
        return mean

    def draw(self, current: float | NDArray[np.float64]) -> None:
        """Run one period at a current of every rack [A], (rack,), positive in discharge."""
        drawn = np.broadcast_to(current, (3,))[:, None]
        self.cells.step(drawn, self.dt)
        voltage = self.cells.voltage(drawn)
        self.measured.cell_voltage[...] = np.round(voltage, 4)
        self.measured.string_voltage[...] = voltage.sum(axis=1)
        self.measured.current[...] = drawn[:, 0] + self.sensor_offset
        self.step()

    def draw_for(self, current: float, duration: float) -> None:
        """Run at a current for a time [s]."""
        for _ in range(round(duration / self.dt)):
            self.draw(current)
