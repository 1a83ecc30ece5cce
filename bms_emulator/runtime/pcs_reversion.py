"""Settings of a PCS that go back by themselves: SunSpec's reversion timers.

A write of a function starts its timer, where it has a reversion time and is enabled, and stops it elsewhere. When the
time is over the settings take their reversion values.
"""

from dataclasses import dataclass
from typing import Any, Final

from bms_emulator.firmware.contract import PcsCommands, PcsLink
from bms_emulator.jit import bind, kernel


@dataclass(frozen=True)
class Reversion:
    """A function with a reversion timer, by the names of its commands.

    Attributes:
        name: What ``_reversion_time`` and ``_reversion_remaining`` are put behind.
        enabled: Its switch.
        values: Its two settings; one twice where it has but one.
        also: What else starts the timer.
    """

    name: str
    enabled: str
    values: tuple[str, str]
    also: tuple[str, ...] = ()

    @property
    def time(self) -> str:
        """Name of its reversion time."""
        return f"{self.name}_reversion_time"

    @property
    def starts(self) -> frozenset[str]:
        """Names of the commands whose write starts the timer."""
        return frozenset((self.enabled, *self.values, *self.also, self.time))


REVERSIONS: Final = (
    Reversion("power_limit", "power_limit_enabled", ("power_limit_fraction", "power_limit_fraction")),
    Reversion(
        "setpoint", "setpoint_enabled", ("power_setpoint", "power_setpoint_fraction"), ("setpoint_mode", "control_mode")
    ),
    Reversion("reactive", "reactive_enabled", ("reactive_setpoint", "reactive_setpoint_fraction"), ("reactive_mode",)),
    *(
        Reversion(name, f"{name}_enabled", (name, f"{name}_excitation"))
        for name in ("power_factor_discharge", "power_factor_charge")
    ),
)


class Reversions:
    """The reversion timers of all PCS; they cost nothing while none runs.

    Args:
        commands: Mailbox, written when a time is over.
        link: Remaining times, written.
        dt: Step [s].
    """

    def __init__(self, commands: PcsCommands, link: PcsLink, dt: float) -> None:
        self._commands, self._link = commands, link
        self._running = True  # whoever restored the arena may have left some
        self._timers = [
            bind(
                revert,
                # state
                self._remaining(row),
                getattr(commands, row.enabled),
                *(getattr(commands, name) for name in row.values),
                # inputs
                getattr(commands, f"{row.enabled}_reversion"),
                *(getattr(commands, f"{name}_reversion") for name in row.values),
                dt,
            )
            for row in REVERSIONS
        ]

    def _remaining(self, row: Reversion) -> Any:
        return getattr(self._link, f"{row.name}_reversion_remaining")

    def written(self, command: str, container: int) -> None:
        """Take notice of a write of a command to the PCS of a container, counted from 0."""
        for row in REVERSIONS:
            if command in row.starts:
                enabled = getattr(self._commands, row.enabled)[container] != 0.0
                self._remaining(row)[container] = getattr(self._commands, row.time)[container] if enabled else 0.0
                self._running = True

    def step(self) -> None:
        """Let the times run."""
        if self._running:
            self._running = sum([timer.call() for timer in self._timers]) > 0

    def compile(self) -> None:
        """Compile the kernel, whether or not a time runs."""
        for timer in self._timers:
            timer.call()


@kernel
def revert(  # type: ignore[no-untyped-def]
    # state
    remaining,
    enabled,
    first,
    second,
    # inputs
    enabled_reversion,
    first_reversion,
    second_reversion,
    dt,
):
    """Let the time of a function run and revert its settings at its end, all (container); the number that still run."""
    running = 0
    for c in range(remaining.size):
        if remaining[c] <= 0.0:
            continue
        remaining[c] -= dt
        if remaining[c] > 0.5 * dt:
            running += 1
            continue
        remaining[c] = 0.0
        enabled[c] = enabled_reversion[c]
        first[c] = first_reversion[c]
        second[c] = second_reversion[c]
    return running
