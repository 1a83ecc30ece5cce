"""What tests of a container have in common: a small one, its racks on the bus, its PCS at work."""

from typing import Any

from bms_emulator.testing.rig import Rig

SMALL: dict[str, Any] = {
    "container.rack_count": 3,
    "container.rated_energy_kwh": 1254,
    "container.pump.rated_flow_lpm": 192,
}
"""A container of three racks, with a pump that fits them."""
OPEN = ("-1A", "1A")
"""Current of an open rack, within the doubt of its sensor."""


def connect(rig: Rig) -> None:
    """Put all racks on the bus; a test means nothing where they do not get there."""
    rig.write({"request": "connect"})
    rig.precondition("rack[*].mode", equals="connected", within="60s")


def order(rig: Rig, power: float) -> None:
    """Have the PCS ask for a power, positive in discharge [W]."""
    rig.write(
        {
            "pcs[1].enable": True,
            "pcs[1].setpoint_enabled": True,
            "pcs[1].setpoint_mode": "watts",
            "pcs[1].power_setpoint": power,
        }
    )


def deliver(rig: Rig, power: float) -> None:
    """Put all racks on the bus and run the PCS at a power, positive in discharge [W]."""
    connect(rig)
    order(rig, power)
    rig.precondition("pcs[1].power", equals=power, tolerance=abs(power) * 0.03, within="60s")
