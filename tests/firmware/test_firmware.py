"""The firmware as a whole: its contract, its memory, its determinism."""

import numpy as np
import pytest

from bms_emulator.firmware.contract import Firmware, Request
from tests.firmware.rig import Rig


def disturb(rig: Rig, random: np.random.Generator) -> None:
    """Some measurements that change from period to period."""
    rig.measured.cell_voltage[...] = np.round(random.normal(3.45, 0.05, rig.measured.cell_voltage.shape), 3)
    rig.measured.current[...] = random.normal(0.0, 100.0, 3)
    rig.measured.temperature[...] = random.normal(298.0, 3.0, rig.measured.temperature.shape)


def test_the_reference_firmware_fulfils_the_contract() -> None:
    rig = Rig()
    firmware: Firmware = rig.firmware
    firmware.step(0.0)
    assert rig.racks.cell_voltage_max.tolist() == [3.3, 3.3, 3.3]


def test_a_copy_of_the_arena_is_a_complete_snapshot() -> None:
    rig = Rig().connected()
    snapshot, rewind = rig.buffer.copy(), rig.rewind()
    outcomes = []
    for _ in range(2):
        rig.buffer[...] = snapshot
        rewind()
        random = np.random.default_rng(8)
        for n in range(100):
            disturb(rig, random)
            rig.commands.alarm_reset[...] = n % 20 == 0
            rig.step()
        outcomes.append(rig.buffer.copy())
    assert np.array_equal(*outcomes, equal_nan=True)
    assert not np.array_equal(outcomes[0], snapshot, equal_nan=True)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_day_in_the_life_has_the_same_stations_whatever_the_step(dt: float) -> None:
    rig = Rig(dt=dt).ready()
    rig.commands.request[...] = Request.CONNECT
    rig.run(30.0)
    assert rig.bank.racks_connected[0] == 3
    assert rig.bank.charge_current_limit[0] == 540.0
    rig.measured.cell_voltage[0, 0] = 3.56
    rig.run(5.0)
    assert rig.bank.alarm_level[0] == 1
    rig.measured.cell_voltage[0, 0] = 3.3
    rig.commands.request[...] = Request.DISCONNECT
    rig.run(5.0)
    assert rig.bank.racks_connected[0] == 0
    assert rig.bank.alarm_level[0] == 0
