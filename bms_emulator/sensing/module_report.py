"""What input and output modules read, and what UPS tell."""

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.sensing.devices_model import DeviceModel
from bms_emulator.sensing.devices_state import IoMeasured, UpsMeasured
from bms_emulator.sensing.devices_truth import DeviceTruth

SMOKE = 1 << 2
"""Bit of a fire panel's detectors."""
FIRE = 2.0
BATTERY_LOW = 0.2
"""Share of the energy of a UPS below which its battery is low [1]."""


def bind_modules(model: DeviceModel, reported: IoMeasured, ups: UpsMeasured, truth: DeviceTruth) -> Bound:
    """What takes over what each input and output module reads, and what each UPS tells."""
    around, fire, supply = truth.conditions, truth.fire, truth.supply
    return bind(
        report_modules,
        # model
        model,
        # inputs
        around.door_open,
        around.emergency_stop,
        around.water,
        around.surge_protection,
        supply.failed,
        around.humidity,
        truth.containers.air_temperature,
        truth.racks.breaker_closed,
        fire.tripped,
        fire.level,
        fire.gas_alarm,
        supply.voltage,
        supply.on_battery,
        supply.soc,
        supply.charge_power,
        truth.io.outputs,
        # out
        reported.inputs,
        reported.door_open,
        reported.emergency_stop,
        reported.water,
        reported.surge_protection_spent,
        reported.ups_on_battery,
        reported.supply_ok,
        reported.smoke_relay,
        reported.fire_relay,
        reported.gas_relay,
        reported.dc_breaker_closed,
        reported.humidity,
        reported.enclosure_temperature,
        reported.supply_voltage,
        reported.outputs,
        ups.on_battery,
        ups.charging,
        ups.soc,
        ups.runtime,
        ups.output_voltage,
        ups.load_power,
        ups.battery_low,
    )


@kernel
def report_modules(
    # model
    model,
    # inputs
    door,
    button,
    wet,
    surge_protection,
    supply_failed,
    humidity,
    air_temperature,
    breaker_closed,
    tripped,
    level,
    gas_alarm,
    voltage,
    on_battery,
    soc,
    charge_power,
    outputs,
    # out
    inputs,
    door_open,
    emergency_stop,
    water,
    surge_protection_spent,
    ups_on_battery,
    supply_ok,
    smoke_relay,
    fire_relay,
    gas_relay,
    dc_breaker_closed,
    humidity_told,
    enclosure_temperature,
    supply_voltage,
    outputs_told,
    on_battery_told,
    charging,
    soc_told,
    runtime,
    output_voltage,
    load_power,
    battery_low,
):
    """Reports of the input and output module and the UPS of every container, (container,); breakers (rack,)."""
    racks = breaker_closed.size // door.size
    for c in range(door.size):
        door_open[c], emergency_stop[c], water[c] = door[c], button[c], wet[c]
        surge_protection_spent[c] = surge_protection[c]
        ups_on_battery[c] = on_battery_told[c] = on_battery[c]
        supply_ok[c] = 1.0 - supply_failed[c]
        smoke_relay[c] = 1.0 if int(tripped[c]) & SMOKE else 0.0
        fire_relay[c] = 1.0 if level[c] == FIRE else 0.0
        gas_relay[c] = gas_alarm[c]
        dc_breaker_closed[c] = 1.0
        for r in range(c * racks, (c + 1) * racks):
            dc_breaker_closed[c] = min(dc_breaker_closed[c], breaker_closed[r])
        contacts = (
            door_open[c],
            emergency_stop[c],
            water[c],
            surge_protection_spent[c],
            ups_on_battery[c],
            supply_ok[c],
            smoke_relay[c],
            fire_relay[c],
            gas_relay[c],
            dc_breaker_closed[c],
        )
        bits = 0
        for n, closed in enumerate(contacts):
            if closed != 0.0:
                bits |= 1 << n
        inputs[c] = bits
        humidity_told[c] = humidity[c]
        enclosure_temperature[c] = air_temperature[c]
        supply_voltage[c] = output_voltage[c] = voltage[c]
        outputs_told[c] = outputs[c]
        charging[c] = 1.0 if charge_power[c] > 0.0 else 0.0
        soc_told[c] = soc[c]
        runtime[c] = soc[c] * model.ups_energy / model.ups_load
        load_power[c] = model.ups_load if on_battery[c] != 0.0 or supply_failed[c] == 0.0 else 0.0
        battery_low[c] = 1.0 if soc[c] < BATTERY_LOW else 0.0
