"""Slow twins of plant/fire_panel.py and of the insulation in plant/runaway.py: one panel, one rack, in plain Python."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from bms_emulator.plant.fire_panel import PanelModel
from bms_emulator.plant.runaway import InsulationModel
from tests.reference.runaway_twin import ceiling_jet

NAMES = ("hydrogen", "carbon monoxide", "smoke", "heat low", "heat high")
CLEAN = 1e-9
"""What a reading of gas, smoke or creeping residue must fall below to be none."""
ROUNDING = 1e-6
"""Share of a tick that does not count."""
PIECES = 20
"""Steps of the Runge-Kutta method within one step."""


@dataclass
class DetectorTwin:
    """One detector."""

    alarm: float
    lag: float
    delay: float
    range_max: float
    reading: float = 0.0
    ticks_above: int = 0
    clean: float = 0.0
    tripped: bool = False
    tested: bool = False
    failed: bool = False

    def sense(self, sensed: float, stuck: float | None, dt: float) -> None:
        """Follow what is sensed; trip when it has been above for so many ticks that they make the delay."""
        was_above = self.is_above
        self.reading = min(self.range_max, sensed + (self.reading - sensed) * math.exp(-dt / self.lag))
        if sensed == 0.0 and self.reading < CLEAN:
            self.reading = 0.0
        if stuck is not None:
            self.reading = min(self.range_max, (1.0 - stuck) * self.clean + stuck * self.alarm)
        if self.tested or self.failed:
            self.ticks_above = 0
            return
        self.ticks_above = self.ticks_above + 1 if was_above and self.is_above else 0
        if self.is_above and self.ticks_above >= self.delay / dt - ROUNDING:
            self.tripped = True

    @property
    def counts(self) -> bool:
        return self.is_above and not self.tested and not self.failed

    @property
    def state(self) -> int:
        if self.failed:
            return 2
        if self.tested:
            return 4 if self.is_above else 3
        return int(self.tripped)

    @property
    def is_above(self) -> bool:
        return self.reading >= self.alarm


@dataclass
class Asked:
    """What hands, masters and faults ask of a panel in one step; of detectors by name."""

    reset: bool = False
    acknowledge: bool = False
    pressed: bool = False
    inhibited: bool = False
    refill: bool = False
    fan: bool = False
    tested: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    stuck: dict[str, float] = field(default_factory=dict)
    leak: float = 0.0


@dataclass
class PanelTwin:
    """One fire panel with its detectors."""

    model: PanelModel
    level: int = 0
    ticks_at_fire: int = 0
    gas_alarm: bool = False
    aerosol_released: bool = False
    manual: bool = False
    sounder: bool = False
    flows: bool = False
    agent: float = 1.0
    fan: bool = False
    detectors: dict[str, DetectorTwin] = field(init=False)

    def __post_init__(self) -> None:
        m = self.model
        rows = zip(m.alarm.tolist(), m.lag.tolist(), m.delay.tolist(), m.range_max.tolist(), strict=True)
        clean = m.clean.tolist()
        self.detectors = {
            name: DetectorTwin(*row, clean=zero) for name, row, zero in zip(NAMES, rows, clean, strict=True)
        }

    @property
    def tripped(self) -> set[str]:
        return {name for name, detector in self.detectors.items() if detector.tripped}

    def step(
        self,
        hydrogen: float,
        carbon_monoxide: float,
        smoke: float,
        jet_power: float,
        layer_rise: float,
        air_temperature: float,
        asked: Asked,
        dt: float,
    ) -> None:
        m = self.model
        self.ticks_at_fire = self.ticks_at_fire + 1 if self.level == 2 and not asked.inhibited else 0
        tripped_before, level_before = self.tripped, self.level
        layer = air_temperature + layer_rise
        heats = [layer + ceiling_jet(jet_power / 1e3, x, m.height) for x in (m.low_distance, m.high_distance)]
        sensed = (hydrogen, carbon_monoxide, smoke, *heats)
        for (name, detector), value in zip(self.detectors.items(), sensed, strict=True):
            detector.tested, detector.failed = name in asked.tested, name in asked.failed
            detector.sense(value, asked.stuck.get(name), dt)
        tripped_now = self.tripped

        if asked.reset:
            for detector in self.detectors.values():
                detector.tripped = detector.tripped and detector.counts
            self.level, self.ticks_at_fire = 0, 0
            self.gas_alarm = self.aerosol_released = self.manual = False

        self.manual |= asked.pressed
        smoke_and_heats = self.tripped & {"smoke", "heat low", "heat high"}
        if len(smoke_and_heats) >= 2 or self.manual:  # of these three any two are fire: smoke alone is one
            self.level = 2
        elif self.tripped:
            self.level = max(self.level, 1)
        if self.tripped & {"hydrogen", "carbon monoxide"}:
            self.gas_alarm = True
        self.fan = self.gas_alarm or asked.fan
        if self.level == 2 and not asked.inhibited and self.ticks_at_fire >= m.release_delay / dt - ROUNDING:
            self.flows |= not self.aerosol_released
            self.aerosol_released = True

        if (tripped_now - tripped_before) & self.tripped or self.level > level_before:
            self.sounder = True
        elif asked.acknowledge or self.level == 0:
            self.sounder = False
        self.agent -= dt * asked.leak + (dt / m.discharge_time if self.flows else 0.0)
        if self.agent <= ROUNDING:
            self.agent, self.flows = 0.0, False
        if asked.refill:
            self.agent = 1.0


@dataclass
class InsulationTwin:
    """Insulation of one rack; what creeps over it is integrated in small steps (classic Runge-Kutta)."""

    model: InsulationModel
    spilled: float = 0.0
    wetted: float = 0.0
    resistance: float = math.inf
    positive: float = math.inf
    negative: float = math.inf

    def step(self, jet_flows: Sequence[float], leak_positive: float, leak_negative: float, dt: float) -> None:
        m, flow, h = self.model, math.fsum(jet_flows), dt / PIECES
        for piece in range(PIECES):
            begin, w = self.spilled + flow * h * piece, self.wetted
            k1 = (begin - w) / m.creep_time
            k2 = (begin + flow * h / 2 - w - k1 * h / 2) / m.creep_time
            k3 = (begin + flow * h / 2 - w - k2 * h / 2) / m.creep_time
            k4 = (begin + flow * h - w - k3 * h) / m.creep_time
            self.wetted = w + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
        self.spilled += flow * dt
        if flow == 0.0 and self.spilled - self.wetted < CLEAN:
            self.wetted = self.spilled
        of_both = m.sound + m.residue * self.wetted
        self.positive, self.negative = 1.0 / (of_both / 2 + leak_positive), 1.0 / (of_both / 2 + leak_negative)
        self.resistance = 1.0 / (1.0 / self.positive + 1.0 / self.negative)
