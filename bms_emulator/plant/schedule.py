"""When things happen, whatever the tick: slow physics once per simulated second, delays to the tick.

Slow physics runs for each pack once per simulated second, staggered so that all ticks cost about the same.
"""

from bms_emulator.jit import scalar

SLOW_PERIOD = 1.0
"""Time between two updates of what moves slowly [s]."""


_TOLERANCE = 1e-3
"""Share of a tick by which a sum of ticks may fall short of a delay for want of float precision."""


def slow_ticks(dt: float) -> int:
    """Ticks of dt [s] between two slow updates of the same pack; 1 where a tick is a second or longer."""
    return max(1, round(SLOW_PERIOD / dt))


@scalar
def has_lasted(elapsed, delay, dt):
    """Whether a time summed up in ticks of dt has reached a delay [s]."""
    return elapsed >= delay - _TOLERANCE * dt


@scalar
def turn(tick, period, count):
    """Which of `count` packs have their turn at a tick: from the first to before the last.

    Every pack has one turn in `period` ticks, and all turns take about the same. Packs that stand side by side in
    memory have it together: a million cells are read as a few long streams, not as pieces of some cache lines each.
    """
    phase = tick % period
    return -(-phase * count // period), -(-(phase + 1) * count // period)
