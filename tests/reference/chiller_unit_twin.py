"""Slow twins of plant/chiller_control.py and plant/chiller_watch.py: one chiller, in plain Python."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bms_emulator.plant.chiller_control import ControlModel
from bms_emulator.plant.chiller_watch import WatchModel

ROUNDING = 1e-6
"""Share of a tick that does not count."""
CAUSES = (
    "trip",
    "condenser pressure",
    "pressure high",
    "pressure low",
    "flow",
    "sensor",
    "hot",
    "cold",
    "communication",
    "level",
)
STOPPING = ("trip", "pressure low", "sensor")
NUMBERS = {"standby": 0, "circulation": 1, "cooling": 2, "heating": 3}


@dataclass
class ControlTwin:
    """The controller of one chiller."""

    model: ControlModel
    thermostat: str = "circulation"
    ticks_since_write: int = 0
    source: int = 0

    def decide(
        self,
        control: int,
        written: bool,
        timeout: float,
        bms: tuple[int, float],
        ems: tuple[bool, int, float, float],
        supply: float,
        alarms: set[str],
        gain: float,
        dt: float,
    ) -> tuple[int, float, float]:
        """Mode, set point and factor on capacity of the coming step."""
        self.ticks_since_write = 1 if written else self.ticks_since_write + 1
        silent = timeout > 0.0 and self.ticks_since_write >= timeout / dt - ROUNDING
        self.source = 0 if control == 1 and silent else control
        enabled, command, cooling, heating = ems
        own = self.source == 2 or (self.source == 1 and enabled and command == 4)
        if self.source == 2:
            cooling, heating = self.model.panel_cooling, self.model.panel_heating
        if own:
            heating = min(heating, cooling)
            self.thermostat = self._regulate(supply, cooling, heating)
            mode = NUMBERS[self.thermostat]
        else:
            self.thermostat = "circulation"
            mode = bms[0] if self.source == 0 else command if enabled else 0
        setpoint = bms[1] if self.source == 0 else heating if mode == 3 else cooling
        return (
            0 if "pressure low" in alarms else mode,
            setpoint,
            0.0 if alarms & {"pressure low", "sensor"} else gain,
        )

    def _regulate(self, supply: float, cooling: float, heating: float) -> str:
        margin = self.model.hysteresis
        if supply > cooling + margin or (self.thermostat == "cooling" and supply > cooling):
            return "cooling"
        if supply < heating - margin or (self.thermostat == "heating" and supply < heating):
            return "heating"
        return "circulation"


@dataclass
class WatchTwin:
    """Filling and alarms of one chiller, masses in kilogrammes."""

    model: WatchModel
    vessel: float = math.nan
    tank: float = math.nan
    leaked: float = 0.0
    make_up: bool = False
    ticks: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(CAUSES))
    alarms: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.vessel, self.tank = self.model.vessel_mass, self.model.tank_mass

    @property
    def static_pressure(self) -> float:
        return self.model.static_pressure * self.vessel / self.model.vessel_mass

    def fill(self, leak: float, refill: bool, dt: float) -> None:
        m = self.model
        lost = min(self.vessel, leak * dt)
        self.vessel, self.leaked = self.vessel - lost, self.leaked + lost
        self.make_up |= self.static_pressure < m.make_up_pressure
        if self.make_up:
            moved = min(m.make_up_flow * dt, m.vessel_mass - self.vessel, self.tank)
            self.vessel, self.tank = self.vessel + moved, self.tank - moved
            self.make_up = self.vessel < m.vessel_mass * (1 - 1e-12) and self.tank > m.tank_mass * 1e-12
        if refill:
            self.vessel, self.tank = m.vessel_mass, m.tank_mass

    def judge(self, causes: Mapping[str, bool], reset: bool, dt: float) -> None:
        """Alarms whose causes have stood for their delay, counted from the step after they were first seen."""
        kept = {"pressure low"} & self.alarms if not reset else set()
        for name in CAUSES:
            ticks = self.ticks[name]
            self.ticks[name] = (0 if ticks is None else ticks + 1) if causes[name] else None
        delays = dict(zip(CAUSES, self.model.delay.tolist(), strict=True))
        self.alarms = kept | {n for n, t in self.ticks.items() if t is not None and t >= delays[n] / dt - ROUNDING}

    @property
    def level(self) -> int:
        return 2 if self.alarms & set(STOPPING) else 1 if self.alarms else 0

    @property
    def code(self) -> int:
        worst = [n for n in CAUSES if n in self.alarms and n in STOPPING] or [n for n in CAUSES if n in self.alarms]
        return CAUSES.index(worst[0]) + 1 if worst else 0
