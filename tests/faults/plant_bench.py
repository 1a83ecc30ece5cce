"""A small site with its firmware, for what faults of its plant do and which alarms they raise."""

from typing import Any

from bms_emulator.plant.state import PlantOverlay, PlantState
from bms_emulator.profile.loader import load_site
from bms_emulator.testing.bench import Bench
from tests.plant.electric_site import small

RACK = "container[1].rack[1]"


class PlantBench(Bench):
    """A bench of one container of three racks of two packs of four cells."""

    def __init__(self, **wanted: Any) -> None:
        asked = {key.replace("__", "."): value for key, value in wanted.items()}
        super().__init__(load_site("demo", small() | {"modbus.devices": [], "initial.soc_percent": 50} | asked))
        self.plant = PlantState.of(self.emulator.arena)
        self.overlay = self.emulator.arena.group("plant.overlay", PlantOverlay)

    def connect(self, power: float = 0.0) -> "PlantBench":
        """Put all racks on the bus, and let the PCS draw a power [W]."""
        self.write({"container[1].request": "connect", "pcs[1].setpoint_enabled": 1, "pcs[1].power_setpoint": power})
        self.run(40.0)
        assert self.get("container[1].racks_connected") == 3
        return self

    def cool(self, mode: str = "circulate") -> "PlantBench":
        """Let a master run the chiller."""
        self.write({"container[1].chiller.control": "ems", "container[1].chiller.mode_command": mode})
        self.run(20.0)
        return self

    def hit(self, kind: str, target: str, seconds: float, **settings: Any) -> "PlantBench":
        """Add a fault by the name of ``f``, and let time pass."""
        self.fault(kind, target, name="f", **settings)
        self.run(seconds)
        return self

    def mend(self, seconds: float) -> "PlantBench":
        """Clear it, and let time pass."""
        self.clear("f")
        self.run(seconds)
        return self

    def alarm(self, name: str, of: str = RACK) -> int:
        """Level of an alarm."""
        return int(self.get(f"{of}.alarm[{name}].level"))
