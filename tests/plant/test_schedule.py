"""When slow physics runs."""

import pytest

from bms_emulator.plant.schedule import slow_ticks, turn


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.25, 0.3, 1.0])
@pytest.mark.parametrize("packs", [1, 12, 10560])
def test_every_pack_has_one_turn_in_the_slow_period_and_all_turns_are_alike(dt: float, packs: int) -> None:
    period = slow_ticks(dt)
    assert period * dt == pytest.approx(1.0, rel=0.2)
    turns = [range(*turn(tick, period, packs)) for tick in range(1000, 1000 + period)]
    assert sorted(n for turn_of_tick in turns for n in turn_of_tick) == list(range(packs))
    assert max(map(len, turns)) - min(map(len, turns)) <= 1
