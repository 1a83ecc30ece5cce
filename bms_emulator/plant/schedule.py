"""When slow physics happens, whatever the tick: once per simulated second.

It runs for each pack in its own turn, staggered so that all ticks cost about the same.
"""

from bms_emulator.jit import scalar

SLOW_PERIOD = 1.0
"""Time between two updates of what moves slowly [s]."""


def slow_ticks(dt: float) -> int:
    """Ticks of dt [s] between two slow updates of the same pack; 1 where a tick is a second or longer."""
    return max(1, round(SLOW_PERIOD / dt))


@scalar
def turn(tick, period, count):
    """Which of `count` packs have their turn at a tick: from the first to before the last.

    Every pack has one turn in `period` ticks, and all turns take about the same. Packs that stand side by side in
    memory have it together: a million cells are read as a few long streams, not as pieces of some cache lines each.
    """
    phase = tick % period
    return -(-phase * count // period), -(-(phase + 1) * count // period)
