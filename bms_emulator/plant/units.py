"""Measuring units, and contacts around racks and enclosures: what faults, hands and the supply leave of them."""

from typing import NamedTuple

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.plant.state import FaultLevel, PlantInputs, PlantOverlay, PlantState
from bms_emulator.profile.site import SiteProfile

STOP = float(FaultLevel.STOP)


class UnitModel(NamedTuple):
    """Constants of the measuring units.

    Attributes:
        supply_min: Auxiliary supply below which an insulation monitor is off [V].
    """

    supply_min: float


def build_unit_model(site: SiteProfile) -> UnitModel:
    """Constants of a site's measuring units; an insulation monitor needs the supply that holds a contactor."""
    return UnitModel(supply_min=site.container.rack.contactors.drop_out_v)


def bind_units(model: UnitModel, state: PlantState, inputs: PlantInputs, overlay: PlantOverlay) -> Bound:
    """What brings the units to what is asked of them and wrong with them now."""
    units, surroundings, conditions = state.units, state.surroundings, state.conditions
    return bind(
        settle_units,
        # model
        model.supply_min,
        # state
        units.cmu_faults,
        units.insulation_monitor_on,
        units.chiller_tripped,
        units.chiller_silent,
        conditions.emergency_stop,
        conditions.door_open,
        conditions.water,
        conditions.surge_protection,
        conditions.humidity,
        conditions.interlock_open,
        conditions.controller_faults,
        # inputs
        surroundings.emergency_stop,
        surroundings.door_open,
        surroundings.water,
        surroundings.surge_protection,
        surroundings.humidity,
        surroundings.interlock_open,
        surroundings.controller_faults,
        surroundings.cmu_faults,
        state.supply.voltage,
        inputs.insulation_monitor_enabled,
        state.chillers.fault_level,
        # overlay
        overlay.cmu_faults,
        overlay.chiller_silent,
        overlay.emergency_stop,
        overlay.door_open,
        overlay.water,
        overlay.interlock_open,
        overlay.controller_faults,
        overlay.insulation_monitor_forced,
    )


@kernel
def settle_units(
    # model
    supply_min,
    # state
    cmu_faults,
    monitor_on,
    chiller_tripped,
    chiller_silent,
    emergency_stop,
    door_open,
    water,
    surge_protection,
    humidity,
    interlock_open,
    controller_faults,
    # inputs
    button,
    door,
    floor,
    surge,
    dampness,
    interlock,
    controller_damage,
    cmu_damage,
    supply_voltage,
    monitor_enabled,
    chiller_fault_level,
    # overlay
    cmu_faults_added,
    chiller_silenced,
    button_pressed,
    door_opened,
    floor_wetted,
    interlock_opened,
    controller_faults_added,
    monitor_forced,
):
    """State of all units and contacts; shapes (rack, pack) for units of packs, else (rack) or (container)."""
    racks_per_container = monitor_on.size // supply_voltage.size
    for c in range(supply_voltage.size):
        chiller_tripped[c] = 1.0 if chiller_fault_level[c] == STOP else 0.0
        chiller_silent[c] = chiller_silenced[c]
        emergency_stop[c] = max(button[c], button_pressed[c])
        door_open[c] = max(door[c], door_opened[c])
        water[c] = max(floor[c], floor_wetted[c])
        surge_protection[c], humidity[c] = surge[c], dampness[c]
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            interlock_open[r] = max(interlock[r], interlock_opened[r])
            controller_faults[r] = float(int(controller_damage[r]) | int(controller_faults_added[r]))
            asked = monitor_enabled[r] + monitor_forced[r] != 0.0
            monitor_on[r] = 1.0 if asked and supply_voltage[c] >= supply_min else 0.0
            for p in range(cmu_faults.shape[1]):
                cmu_faults[r, p] = float(int(cmu_damage[r, p]) | int(cmu_faults_added[r, p]))
