"""Slow twin of plant/supply.py: one auxiliary supply with its battery, energies in watt-hours."""

from dataclasses import dataclass

from bms_emulator.plant.supply import SupplyModel

HOUR = 3600.0


@dataclass
class UpsTwin:
    """One battery; what has gone in and out of it at its terminals."""

    model: SupplyModel
    left: float = 0.0
    drawn: float = 0.0
    given: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.model.energy / HOUR

    def step(self, fed: bool, health: float, dt: float) -> bool:
        """Whether the load has its voltage to the end of the step."""
        m, full = self.model, self.model.energy / HOUR * health
        self.left = min(self.left, full)
        if fed:
            drawn = min(m.charging * dt / HOUR, (full - self.left) / m.charging_efficiency)
            self.drawn += drawn
            self.left += drawn * m.charging_efficiency
            return True
        asked = m.load * dt / HOUR
        given = min(asked, self.left * m.discharging_efficiency)
        self.given += given
        self.left -= given / m.discharging_efficiency
        return given > asked * (1 - 1e-6)
