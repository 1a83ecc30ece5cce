"""Slow, obvious twin of the evaluation of alarms: one object to a row, which does the same in plain words."""

import math

from bms_emulator.profile.alarm import ACTIONS, AlarmRow


class LevelTwin:
    """One level of a row, in the units of the profile, on the clock of the wall."""

    def __init__(self, row: AlarmRow, number: int) -> None:
        self.above = row.when == "above"
        self.set_level, self.clear_level = row.set[number], row.clear[number]
        self.set_time, self.clear_time = row.set_s[number] or 0.0, row.clear_s[number] or 0.0
        self.latches = row.latch[number]
        self.locks = row.action[number] == "lock"
        self.active = False
        self.since: float | None = None
        """When it began to be due for a change."""
        self.reset_waits = False

    def see(self, quantity: float, start: float, end: float, may_set: bool, reset: bool, service: bool) -> bool:
        """Whether it is active at the end of a period in which the quantity was seen."""
        if self.set_level is None or self.clear_level is None:
            return False
        bad = quantity >= self.set_level if self.above else quantity <= self.set_level
        good = quantity <= self.clear_level if self.above else quantity >= self.clear_level
        if not self.active:
            due = bad and may_set
        else:
            due = good and not bad
            self.reset_waits = due and (self.reset_waits or service or (reset and not self.locks))
        if not due:
            self.since = None
            return self.active
        self.since = start if self.since is None else self.since
        lasted = end - self.since >= (self.clear_time if self.active else self.set_time) - 1e-6
        if lasted and (not self.active or not self.latches or self.reset_waits):
            self.active = not self.active
            self.since = None
            self.reset_waits = False
        return self.active


class AlarmTwin:
    """A row with its memory."""

    def __init__(self, row: AlarmRow) -> None:
        self.row = row
        self.levels = [LevelTwin(row, number) for number in range(3)]
        self.level, self.source, self.count = 0, 0, 0
        self.first_time = self.last_time = math.nan

    def see(
        self,
        quantity: float,
        source: int,
        start: float,
        end: float,
        direction: int = 0,
        reset: bool = False,
        service: bool = False,
    ) -> int:
        """The level at the end of a period; direction of the current: 1 discharge, -1 charge, 0 none."""
        wanted = {"always": direction, "charging": -1, "discharging": 1}[self.row.trips_while]
        active = [
            level.see(quantity, start, end, number < 2 or direction == wanted, reset, service)
            for number, level in enumerate(self.levels)
        ]
        before, self.level = self.level, max([0, *(n + 1 for n in range(3) if active[n])])
        if self.level > before:
            self.source, self.last_time = source, start
            if before == 0:
                self.count += 1
            if math.isnan(self.first_time):
                self.first_time = start
        return self.level

    @property
    def latched(self) -> bool:
        """Whether a level awaits its reset, or its cause lasts."""
        return any(level.active and level.latches for level in self.levels)

    @property
    def action(self) -> int:
        """Rank of what follows."""
        return ACTIONS.index(self.row.action[self.level - 1]) if self.level else 0

    def action_of(self, direction: str) -> int:
        """Rank of what follows for charging or discharging."""
        concerned = self.row.blocks in (direction, "both") or self.action >= ACTIONS.index("open")
        return self.action if concerned else 0
