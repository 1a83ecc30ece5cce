"""Meters: what the auxiliaries take, what a meter at the grid sees, and the round-trip efficiency since the start.

    efficiency = (out + what the cells hold more) / (in + what the cells hold less)

at three places: the DC bus, the AC side of the PCS, and the grid behind PCS and auxiliaries (net). The change of what
the cells hold counts, so a site that was only charged does not read 0. Until a hundredth of the rated energy has flown,
there is no efficiency (NaN).
"""

from typing import NamedTuple

from bms_emulator.jit import bind, kernel, scalar
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import PlantState
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

LEAST_SHARE = 0.01
"""Share of the rated energy that must have flown before an efficiency is told."""


class MeterModel(NamedTuple):
    """Constants of the meters of one container.

    Attributes:
        racks_per_container: Racks of one container.
        base_load: Electrical load of controllers, fans, lights [W].
        least_energy: Energy in and out that makes an efficiency [J].
    """

    racks_per_container: int
    base_load: float
    least_energy: float


def build_meter_model(site: SiteProfile) -> MeterModel:
    """Constants of the meters of a site."""
    container = site.container
    cells = container.rack_count * container.rack.cell_count
    return MeterModel(
        racks_per_container=container.rack_count,
        base_load=container.enclosure.base_load_w,
        least_energy=LEAST_SHARE * cells * container.rack.pack.cell.rated_energy_wh * SECONDS_PER_HOUR,
    )


def start_meters(state: PlantState) -> None:
    """Take what the cells hold now as what they held at the start."""
    containers = state.containers
    containers.stored_energy[...] = state.packs.stored_energy.reshape(containers.stored_energy.size, -1).sum(axis=1)
    containers.stored_energy_start[...] = containers.stored_energy


class Meters:
    """Meters of the auxiliaries and the grid: these every tick; what the cells hold, and efficiencies, once a second.

    Args:
        model: Constants.
        state: What varies.
        dt: Step [s].
    """

    def __init__(self, model: MeterModel, state: PlantState, dt: float) -> None:
        self._slow_ticks = slow_ticks(dt)
        containers, pcs = state.containers, state.pcs
        self._auxiliary = bind(
            meter_auxiliary,
            # model
            model.base_load,
            # state
            containers.auxiliary_power,
            containers.auxiliary_energy,
            containers.net_energy_exported,
            containers.net_energy_imported,
            # inputs
            containers.chiller_power,
            containers.pump_power,
            state.air.fan_power,
            pcs.power,
            dt,
        )
        self._efficiency = bind(
            meter_efficiency,
            # model
            model,
            # state
            containers.stored_energy,
            containers.dc_efficiency,
            containers.ac_efficiency,
            containers.net_efficiency,
            # inputs
            containers.stored_energy_start,
            state.packs.stored_energy,
            containers.energy_charged,
            containers.energy_discharged,
            pcs.energy_imported,
            pcs.energy_exported,
            containers.net_energy_imported,
            containers.net_energy_exported,
        )

    def step(self, tick: int) -> None:
        """Meter a tick."""
        self._auxiliary.call()
        if tick % self._slow_ticks == 0:
            self._efficiency.call()


@scalar
def round_trip_efficiency(energy_in, energy_out, stored_more, least_energy):
    """Round-trip efficiency [1] of energies in and out and a rise of what is stored [J]; NaN where too little flows.

    Where nothing went in and nothing less is stored, as after a state of charge set from outside, it is NaN too.
    """
    given = energy_in + max(-stored_more, 0.0)
    if energy_in + energy_out < least_energy or given <= 0.0:
        return float("nan")
    return (energy_out + max(stored_more, 0.0)) / given


@scalar
def count_energy(energy_out, energy_in, power, dt):
    """What has gone out and what has come in [J] after dt [s] more of a power [W], positive outwards."""
    return energy_out + max(power, 0.0) * dt, energy_in + max(-power, 0.0) * dt


@kernel
def meter_auxiliary(
    # model
    base_load,
    # state
    power,
    energy,
    net_exported,
    net_imported,
    # inputs
    chiller_power,
    pump_power,
    fan_power,
    pcs_power,
    dt,
):
    """Auxiliary power [W] and energy, energies at the grid [J]; all shapes are (container,)."""
    for c in range(power.size):
        power[c] = chiller_power[c] + pump_power[c] + fan_power[c] + base_load
        energy[c] += power[c] * dt
        net_exported[c], net_imported[c] = count_energy(net_exported[c], net_imported[c], pcs_power[c] - power[c], dt)


@kernel
def meter_efficiency(
    # model
    model,
    # state
    stored_energy,
    dc_efficiency,
    ac_efficiency,
    net_efficiency,
    # inputs
    stored_energy_start,
    pack_energy,
    charged,
    discharged,
    imported,
    exported,
    net_imported,
    net_exported,
):
    """What the cells of every container hold [J], and its round-trip efficiencies [1].

    Shapes: pack_energy [J] (rack, pack), all others (container,).
    """
    racks, least = model.racks_per_container, model.least_energy
    for c in range(stored_energy.size):
        stored = 0.0
        for r in range(c * racks, (c + 1) * racks):
            for p in range(pack_energy.shape[1]):
                stored += pack_energy[r, p]
        stored_energy[c] = stored
        more = stored - stored_energy_start[c]
        dc_efficiency[c] = round_trip_efficiency(charged[c], discharged[c], more, least)
        ac_efficiency[c] = round_trip_efficiency(imported[c], exported[c], more, least)
        net_efficiency[c] = round_trip_efficiency(net_imported[c], net_exported[c], more, least)
