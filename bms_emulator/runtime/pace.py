"""How fast simulated time really passes, measured from tick to tick."""

WINDOW = 1_000_000_000
"""Shortest time that one measurement spans [ns], once the run has lasted that long."""


class Pace:
    """Simulated seconds per second.

    Ticks are counted between two beginnings of ticks: a window that began or ended between ticks would be one tick
    wrong, which is 16 % of the first 0.7 s.
    """

    def __init__(self) -> None:
        self.speed = 0.0
        """As last measured; 0 until two ticks were run and while paused."""
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None
        self._settled = False

    def tick(self, now: int, time: float) -> None:
        """Note that a tick begins at a time of the machine's clock [ns], at a simulated time [s]."""
        self._last = (now, time)
        if self._first is None:
            self._first = self._last
            return
        elapsed = now - self._first[0]
        if elapsed >= WINDOW or (elapsed > 0 and not self._settled):
            self.speed = (time - self._first[1]) / elapsed * 1e9
        if elapsed >= WINDOW:
            self._first, self._settled = self._last, True

    def change(self, *, is_paused: bool) -> None:
        """Measure afresh: another speed was asked for."""
        self._first, self._settled = None, False
        if is_paused:
            self.speed = 0.0
