"""A site's sensors over a hand-made truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from bms_emulator.arrays import Arena, Layout
from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.model import build_sensing_model
from bms_emulator.sensing.modifier import Modifier, SensorOverlay, Stage, modify
from bms_emulator.sensing.state import GROUPS, Measured, SensorState
from bms_emulator.sensing.step import Sensors

EXACT: dict[str, Any] = {
    f"container.rack.sensors.{channel}.{key}": 0
    for channel in ("cell_voltage_v", "temperature_k", "current_a", "rack_voltage_v", "insulation_ohm")
    for key in ("offset", "gain_percent", "noise", "lag_s")
}
"""Overrides that leave a sensor nothing but its resolution."""


@dataclass
class Rig:
    """Sensors, their readings, and a truth that a test may set."""

    model: Any
    state: SensorState
    measured: Measured
    truth: Any
    overlay: SensorOverlay
    dt: float
    tick: int = 0
    sensors: Sensors = field(init=False)
    _modifiers: dict[str, list[Modifier]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.sensors = Sensors(self.model, self.state, self.measured, self.truth, self.dt)

    def bend(self, **modifiers: list[Modifier]) -> None:
        """Let channels of measured arrays be faulty."""
        self._modifiers |= {f"measured.{name}": each for name, each in modifiers.items()}
        self.overlay = SensorOverlay.of((name, m) for name, each in self._modifiers.items() for m in each)

    def mend(self) -> None:
        """Let all channels be sound."""
        self._modifiers.clear()
        self.overlay = SensorOverlay.neutral()

    def step(self, count: int = 1) -> None:
        """Read the sensors a number of ticks long."""
        for _ in range(count):
            self.sensors.step(self.overlay, self.tick)
            self.tick += 1


def build(overrides: Mapping[str, Any] | None = None, *, dt: float = 0.1, seed: int = 1) -> Rig:
    """Sensors of two racks of the demo at rest, half full and at 25 °C."""
    two_racks = {"container.rack_count": 2, "container.pump.rated_flow_lpm": 80}
    site = load_site("demo", two_racks | dict(overrides or {}))
    counts = site.counts
    arena = Arena(Layout(counts, GROUPS))
    racks, cells, containers = counts["rack"], (counts["rack"], counts["cell"]), counts["container"]
    truth = SimpleNamespace(
        cells=SimpleNamespace(voltage=np.full(cells, 3.3), temperature_surface=np.full(cells, 298.15)),
        racks=SimpleNamespace(
            current=np.zeros(racks),
            voltage=np.full(racks, 1372.8),
            contactor_closed=np.zeros((racks, 3)),
            fuse_closed=np.ones(racks),
            breaker_closed=np.ones(racks),
            terminal_temperature=np.full(racks, 308.15),
        ),
        containers=SimpleNamespace(
            bus_voltage=np.full(containers, 1300.0),
            coolant_supply_temperature=np.full(containers, 293.15),
            coolant_return_temperature=np.full(containers, 295.15),
            coolant_flow=np.full(containers, 7.5),
            coolant_pressure=np.full(containers, 1.2e5),
            chiller_mode=np.full(containers, 2.0),
            ambient_temperature=np.full(containers, 303.15),
            air_temperature=np.full(containers, 298.15),
            auxiliary_power=np.full(containers, 2.5e4),
        ),
        pcs=SimpleNamespace(power=np.full(containers, 1e6)),
        runaway=SimpleNamespace(
            awake=np.zeros(()),
            damaged=np.zeros(()),
            stage=np.zeros(cells),
            burnt_count=np.zeros(racks),
            insulation_positive=np.full(racks, 2e8),
            insulation_negative=np.full(racks, 2e8),
        ),
        fire=SimpleNamespace(
            awake=np.zeros(()),
            reading=np.zeros((containers, 5)),
            tripped=np.zeros(containers),
            level=np.zeros(containers),
            gas_alarm=np.zeros(containers),
            aerosol_released=np.zeros(containers),
            ventilation_running=np.zeros(containers),
        ),
        units=SimpleNamespace(
            cmu_faults=np.zeros((racks, counts["pack"])),
            insulation_monitor_on=np.ones(racks),
            chiller_tripped=np.zeros(containers),
            chiller_silent=np.zeros(containers),
        ),
        supply=SimpleNamespace(voltage=np.full(containers, 24.0)),
        conditions=SimpleNamespace(
            emergency_stop=np.zeros(containers),
            door_open=np.zeros(containers),
            water=np.zeros(containers),
            humidity=np.full(containers, 0.4),
            interlock_open=np.zeros(racks),
            controller_faults=np.zeros(racks),
        ),
    )
    return Rig(
        build_sensing_model(site, seed),
        arena.group("sensors", SensorState),
        arena.group("measured", Measured),
        truth,
        SensorOverlay.neutral(),
        dt,
    )


def faults(*rows: tuple[int, dict[str, float]]) -> list[Modifier]:
    """Modifiers: (flat number of a channel, gain, offset, hold or lost of it)."""
    stages = {"gain": Stage.GAIN, "offset": Stage.OFFSET, "hold": Stage.HOLD, "lost": Stage.LOSE}
    return [modify(stages[what], np.array([index]), by) for index, row in rows for what, by in row.items()]
