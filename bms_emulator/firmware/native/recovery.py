"""What follows when the outputs of a user's firmware have gone safe: a new process, the end of the run, or nothing."""

from bms_emulator.profile.user_firmware import UserFirmware

PAUSE_FIRST = 1.0
"""Before the second start in a row [s of simulated time]; doubled at each further one. The first comes at once."""
PAUSE_LONGEST = 60.0
RECOVERED = 60.0
"""A firmware that has run this long [s] since its last start failed anew: its pauses begin anew."""


class Recovery:
    """Restarts of one rack's firmware, in simulated time, so that a run repeats.

    Args:
        settings: What the profile says of it.

    Attributes:
        restarts: How many there were.
    """

    def __init__(self, settings: UserFirmware) -> None:
        self.restarts = 0
        self._settings = settings
        self._pause = 0.0
        self._started = 0.0

    @property
    def ends_the_run(self) -> bool:
        """Whether a failure is the end of the run."""
        return self._settings.on_failure == "stop"

    def next_start(self, time: float) -> float | None:
        """Time of the next start after a failure [s]; None where there is none. time: of the failure [s]."""
        if self._settings.on_failure != "restart" or self.restarts >= self._settings.restart_limit:
            return None
        if time - self._started >= RECOVERED:
            self._pause = 0.0
        due = time + self._pause
        self._pause = min(max(PAUSE_FIRST, 2.0 * self._pause), PAUSE_LONGEST)
        return due

    def started(self, time: float) -> None:
        """Note a restart. time: of it [s]."""
        self.restarts += 1
        self._started = time
