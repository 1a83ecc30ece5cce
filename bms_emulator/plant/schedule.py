"""When slow physics runs: each pack once per simulated second, staggered so that all ticks cost about the same."""

from bms_emulator.jit import scalar

SLOW_PERIOD = 1.0
"""Time between two updates of what moves slowly [s]."""


def slow_ticks(dt: float) -> int:
    """Ticks of dt [s] between two slow updates of the same pack; 1 where a tick is a second or longer."""
    return max(1, round(SLOW_PERIOD / dt))


@scalar
def is_due(rack, pack, packs, tick, slow_ticks):
    """Whether the slow update of a pack (counted within its rack of ``packs``) falls on this tick."""
    return (tick + rack * packs + pack) % slow_ticks == 0
