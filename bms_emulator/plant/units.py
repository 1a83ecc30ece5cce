"""Measuring units: what faults, hands and the auxiliary supply leave of them."""

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
    units, surroundings = state.units, state.surroundings
    return bind(
        settle_units,
        # model
        model.supply_min,
        # state
        units.cmu_faults,
        units.insulation_monitor_on,
        units.chiller_tripped,
        units.chiller_silent,
        # inputs
        surroundings.cmu_faults,
        state.supply.voltage,
        inputs.insulation_monitor_enabled,
        state.chillers.fault_level,
        # overlay
        overlay.cmu_faults,
        overlay.chiller_silent,
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
    # inputs
    cmu_damage,
    supply_voltage,
    monitor_enabled,
    chiller_fault_level,
    # overlay
    cmu_faults_added,
    chiller_silenced,
):
    """State of all units; shapes (rack, pack) for the monitoring units of packs, (rack) or (container) for the rest."""
    racks_per_container = monitor_on.size // supply_voltage.size
    for c in range(supply_voltage.size):
        chiller_tripped[c] = 1.0 if chiller_fault_level[c] == STOP else 0.0
        chiller_silent[c] = chiller_silenced[c]
        for r in range(c * racks_per_container, (c + 1) * racks_per_container):
            monitor_on[r] = 1.0 if monitor_enabled[r] != 0.0 and supply_voltage[c] >= supply_min else 0.0
            for p in range(cmu_faults.shape[1]):
                cmu_faults[r, p] = float(int(cmu_damage[r, p]) | int(cmu_faults_added[r, p]))
