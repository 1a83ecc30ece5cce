"""What the alarms make of a thermal runaway, through the whole emulator."""

from bms_emulator.firmware.contract import RackMode
from tests.runtime.test_runaway import RACK, Fire, sensed_cell


def test_a_runaway_opens_its_rack_then_gas_makes_it_an_emergency_and_its_signs_lock_it() -> None:
    fire = Fire({"kind": "runaway", "target": f"{RACK}.cell[{sensed_cell('cabinet')}]", "parameters": {}})
    fire.write("container.request", 1.0)
    modes: list[RackMode] = []
    for _ in range(500):
        fire.emulator.tick()
        mode = RackMode(int(fire.get(f"{RACK}.mode")))
        if modes[-1:] != [mode]:
            modes.append(mode)
    assert modes[-4:] == [RackMode.OPENING, RackMode.FAULT, RackMode.EMERGENCY, RackMode.SAFE_LOCK]
    assert RackMode.CONNECTED in modes
    assert fire.get(f"{RACK}.alarm[thermal_runaway].level") == 3
    assert fire.get("container[1].alarm[gas].level") == 3
    opened = fire.get(f"{RACK}.alarm[temperature_spread].last_time")
    assert opened < fire.get("container[1].alarm[gas].first_time")
    assert fire.get("container[1].alarm[gas].first_time") < fire.get(f"{RACK}.alarm[thermal_runaway].first_time")
