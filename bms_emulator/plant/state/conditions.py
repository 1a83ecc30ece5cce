"""What stands around racks and enclosures now, whoever or whatever brought it about."""

from dataclasses import dataclass
from typing import ClassVar

from bms_emulator.arrays import Array, Group, array


@dataclass
class Conditions:
    """What contacts and sensors of the enclosure see: what hands have done, joined with what faults do."""

    GROUP: ClassVar = Group(root="container", source="plant", public=False)
    emergency_stop: Array = array("container", "", "1 while the emergency-stop button is pressed.")
    door_open: Array = array("container", "", "1 while a door stands open.")
    water: Array = array("container", "", "1 while water stands on the floor.")
    surge_protection: Array = array("container", "", "1 while the surge protection device is spent.")
    humidity: Array = array("container", "1", "Relative humidity of the air in the enclosure.", 0.4)
    interlock_open: Array = array("rack", "", "1 while the rack's interlock is open.")
    controller_faults: Array = array("rack", "", "Bits of what is wrong with the rack's controller.")
