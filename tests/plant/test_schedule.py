"""When slow physics runs."""

import pytest

from bms_emulator.plant.schedule import is_due, slow_ticks


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.25, 0.3, 1.0])
def test_every_pack_is_due_once_in_the_slow_period(dt: float) -> None:
    period = slow_ticks(dt)
    assert period * dt == pytest.approx(1.0, rel=0.2)
    for rack in range(3):
        for pack in range(4):
            assert sum(is_due(rack, pack, 4, tick, period) for tick in range(1000, 1000 + period)) == 1
