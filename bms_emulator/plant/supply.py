"""Auxiliary supply: a battery carries controllers and coils when what feeds them has failed.

    dE/dt = eta_c P_charge                 while it is fed and not full
    dE/dt = -P_load / eta_d                while it is not fed and not empty

The voltage stays as long as either feeds it; then it is gone.
"""

from typing import NamedTuple

from bms_emulator.jit import Bound, bind, kernel, scalar
from bms_emulator.plant.state import PlantOverlay, PlantState
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

ROUNDING = 1e-6
"""Share of a step by which the battery may fall short for want of float precision."""


class SupplyModel(NamedTuple):
    """Constants of the battery behind an auxiliary supply.

    Attributes:
        energy: Of the full battery [J].
        load: What it has to carry [W].
        charging: Drawn from the supply until it is full [W].
        charging_efficiency: Energy into the battery over energy drawn [1].
        discharging_efficiency: Energy to the load over energy out of the battery [1].
    """

    energy: float
    load: float
    charging: float
    charging_efficiency: float
    discharging_efficiency: float


def build_supply_model(site: SiteProfile) -> SupplyModel:
    """Constants of the auxiliary supplies of a site."""
    ups = site.container.ups
    return SupplyModel(
        energy=ups.energy_wh * SECONDS_PER_HOUR,
        load=ups.load_w,
        charging=ups.charging_w,
        charging_efficiency=ups.charging_efficiency,
        discharging_efficiency=ups.discharging_efficiency,
    )


def bind_auxiliary_supply(model: SupplyModel, state: PlantState, overlay: PlantOverlay, dt: float) -> Bound:
    """What advances the auxiliary supplies by dt [s]."""
    supply = state.supply
    return bind(
        step_supplies,
        # model
        model,
        # state
        supply.voltage,
        supply.on_battery,
        supply.soc,
        supply.charge_power,
        supply.load_power,
        supply.failed,
        # inputs
        state.surroundings.supply_voltage,
        state.surroundings.supply_failed,
        # overlay
        overlay.ups_gain,
        overlay.supply_failed,
        overlay.supply_hold,
        dt,
    )


@kernel
def step_supplies(
    # model
    model,
    # state
    voltage,
    on_battery,
    soc,
    charge_power,
    load_power,
    failed,
    # inputs
    voltage_fed,
    switched_off,
    # overlay
    energy_gain,
    failed_added,
    held,
    dt,
):
    """Advance the auxiliary supply of every container by dt [s]; powers are means over dt; all shapes (container,).

    The state of charge is relative to the healthy battery.
    """
    for c in range(voltage.size):
        charge_power[c] = load_power[c] = 0.0
        soc[c] = min(soc[c], energy_gain[c])
        failed[c] = 1.0 if switched_off[c] != 0.0 or failed_added[c] != 0.0 else 0.0
        if failed[c] == 0.0:
            on_battery[c] = 0.0
            voltage[c] = voltage_fed[c]
            if soc[c] < energy_gain[c]:
                room = (energy_gain[c] - soc[c]) * model.energy / model.charging_efficiency
                drawn = min(model.charging * dt, room)
                charge_power[c] = drawn / dt
                gained = drawn * model.charging_efficiency / model.energy
                soc[c] = energy_gain[c] if drawn == room else soc[c] + gained
            hold_voltage(voltage, held, c)
            continue
        there = soc[c] * model.energy * model.discharging_efficiency
        given = min(model.load * dt, there)
        load_power[c] = given / dt
        soc[c] = 0.0 if given == there else soc[c] - given / (model.discharging_efficiency * model.energy)
        on_battery[c] = 1.0 if given > 0.0 else 0.0
        carried = given >= (1.0 - ROUNDING) * model.load * dt
        voltage[c] = voltage_fed[c] if carried else 0.0
        hold_voltage(voltage, held, c)


@scalar
def hold_voltage(voltage, held, c):
    """Put the voltage of a container's supply to what it is held at [V], where it is."""
    if held[c] == held[c]:
        voltage[c] = held[c]
