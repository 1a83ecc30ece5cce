"""The firmware leads a bank of unequal cells to the top and to the bottom without an alarm."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import RackMode
from tests.firmware.rig import Rig

RESISTANCE = 4.5e-4
"""Of a cell, fast and slow parts together [Ω]."""
CAPACITY = 320 * 3600.0


class Bank:
    """Cells that differ by charge and resistance, three racks sharing the current that the firmware allows, no more."""

    def __init__(self, soc: float, dt: float) -> None:
        self.rig = Rig(dt=dt).connected()
        table = self.rig.site.container.rack.pack.cell.open_circuit
        self.table = np.array(table.soc), np.array(table.voltage_v)
        self.random = np.random.default_rng(2)
        shape = self.rig.measured.cell_voltage.shape
        self.soc = soc + self.random.normal(0.0, 0.005, shape)
        self.resistance = RESISTANCE * self.random.normal(1.0, 0.01, shape)
        self.current = 0.0

    def step(self, wanted: float) -> None:
        """Run one period at the wanted current of a rack [A], positive in discharge, held within the limits."""
        bank, measured = self.rig.bank, self.rig.measured
        count = len(self.rig.racks.mode)
        self.current = min(max(wanted, -bank.charge_current_limit[0] / count), bank.discharge_current_limit[0] / count)
        self.soc -= self.current * self.rig.dt / CAPACITY
        voltage = np.interp(self.soc, *self.table) - self.resistance * self.current
        measured.cell_voltage[...] = np.round(voltage + self.random.normal(0.0, 3e-4, voltage.shape), 3)
        measured.string_voltage[...] = measured.cell_voltage.sum(axis=1)
        measured.current.fill(self.current)
        self.rig.step()


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize(("soc", "wanted"), [(0.93, -157.0), (0.12, 157.0)])
def test_a_full_charge_and_a_full_discharge_end_smoothly_and_raise_no_alarm(
    dt: float, soc: float, wanted: float
) -> None:
    bank = Bank(soc, dt)
    currents = []
    for _ in range(round(1500.0 / dt)):
        bank.step(wanted)
        assert bank.rig.racks.alarm_level.max() == 0
        currents.append(abs(bank.current))
    assert np.all(bank.rig.racks.mode == RackMode.CONNECTED)
    assert max(currents) == pytest.approx(157.0)
    assert currents[-1] < 0.03 * 157.0
    reached = bank.rig.bank.cell_voltage_max[0] if wanted < 0 else bank.rig.bank.cell_voltage_min[0]
    assert reached == pytest.approx(3.54 if wanted < 0 else 2.92, abs=0.005)
    steps = np.diff(currents[currents.index(max(currents)) :])
    assert np.max(np.abs(steps)) < 0.2 * 157.0
