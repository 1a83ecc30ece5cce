"""How time is counted: in seconds, whatever the step."""

from bms_emulator.jit import scalar

_TOLERANCE = 1e-3
"""Share of a step by which a sum of steps may fall short of a duration for want of float precision."""


@scalar
def has_lasted(elapsed, duration, dt):  # type: ignore[no-untyped-def]
    """Whether a time summed up in steps of dt has reached a duration [s]."""
    return elapsed >= duration - _TOLERANCE * dt
