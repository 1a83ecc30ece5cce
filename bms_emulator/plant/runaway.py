"""All that a thermal runaway touches: reactions of the cells, insulation of the rack, air of the enclosure, fire panel.

It sleeps at a site where all is calm. The insulation falls as what jets throw out creeps over it:

    dw/dt = (S - w) / tau        S thrown out, w crept over the insulation, in contents of a cell
    1 / R = 1 / R_sound + w / R_residue + leaks of faults

Half of what is sound and of what has crept is at either pole; a fault leaks at one of them or at both.
"""

import math
from typing import NamedTuple

from bms_emulator.jit import bind, kernel
from bms_emulator.plant.coolant import build_coolant_model
from bms_emulator.plant.enclosure_air import AirModel, build_air_model, step_air
from bms_emulator.plant.fire_panel import PanelModel, build_panel_model
from bms_emulator.plant.fire_panels import FirePanels, settle_heat_detectors
from bms_emulator.plant.heat_spread import SpreadModel, build_spread_model
from bms_emulator.plant.reaction import ReactionModel, build_reaction_model, step_reactions
from bms_emulator.plant.schedule import slow_ticks
from bms_emulator.plant.state import Detector, PlantOverlay, PlantState
from bms_emulator.plant.thermal import ThermalModel, build_thermal_model
from bms_emulator.profile.site import SiteProfile

SETTLED = 1e-9
"""Contents of a cell that no longer matter where they creep [1]."""


class InsulationModel(NamedTuple):
    """Constants of a rack's insulation.

    Attributes:
        racks_per_container: Racks in one enclosure.
        sound: Conductance of a sound rack against earth [S].
        residue: Conductance of what one emptied cell leaves [S].
        creep_time: In which it gets there [s].
    """

    racks_per_container: int
    sound: float
    residue: float
    creep_time: float


class RunawayModel(NamedTuple):
    """Constants of all that a thermal runaway touches."""

    reaction: ReactionModel
    spread: SpreadModel
    thermal: ThermalModel
    insulation: InsulationModel
    air: AirModel
    panel: PanelModel


def build_runaway_model(site: SiteProfile) -> RunawayModel:
    """Constants of the runaway of a site's cells, its racks' insulation, its enclosures' air and fire panels."""
    rack = site.container.rack
    cell = rack.pack.cell
    thermal = build_thermal_model(site, build_coolant_model(site.container.coolant))
    return RunawayModel(
        reaction=build_reaction_model(site),
        spread=build_spread_model(site, thermal),
        thermal=thermal,
        insulation=InsulationModel(
            racks_per_container=site.container.rack_count,
            sound=1e-3 / rack.insulation_kohm,
            residue=1e-3 / cell.runaway.residue_kohm,
            creep_time=cell.runaway.residue_s,
        ),
        air=build_air_model(site),
        panel=build_panel_model(site),
    )


@kernel
def step_insulation(
    # model
    model,
    # state
    spilled,
    wetted,
    resistance,
    positive,
    negative,
    # inputs
    jet_flow,
    # overlay
    leak_positive,
    leak_negative,
    dt,
):
    """Advance the insulation of every rack by dt [s]: what jets throw out creeps over it, exactly for a steady jet.

    Shapes: (rack); jet_flow (rack, pack).
    """
    decay = math.exp(-dt / model.creep_time)
    for r in range(spilled.size):
        flow = 0.0
        for p in range(jet_flow.shape[1]):
            flow += jet_flow[r, p]
        # wetted follows spilled = spilled0 + flow t, which it lags by flow tau once all has settled
        behind = model.creep_time * flow
        wetted[r] = spilled[r] + flow * dt - behind + decay * (wetted[r] - spilled[r] + behind)
        spilled[r] += flow * dt
        if flow == 0.0 and spilled[r] - wetted[r] < SETTLED:
            wetted[r] = spilled[r]
        conductance = model.sound + model.residue * wetted[r]
        resistance[r] = 1.0 / (conductance + (leak_positive[r] + leak_negative[r]))
        positive[r] = 1.0 / (0.5 * conductance + leak_positive[r])
        negative[r] = 1.0 / (0.5 * conductance + leak_negative[r])


def initialise_runaway(model: RunawayModel, state: PlantState) -> None:
    """Set racks to sound insulation, and detectors to the air that is there."""
    state.runaway.insulation_resistance[...] = 1.0 / model.insulation.sound
    state.runaway.insulation_positive[...] = state.runaway.insulation_negative[...] = 2.0 / model.insulation.sound
    settle_heat_detectors(state)


class Runaway:
    """Runaways, insulation, air and fire panels, advanced tick by tick.

    At a site where all is calm it only looks around, once a second and at once after a change of the overlay.

    Args:
        model: Constants.
        state: What varies.
        overlay: How active faults bend the plant.
        dt: Step [s].
    """

    def __init__(self, model: RunawayModel, state: PlantState, overlay: PlantOverlay, dt: float) -> None:
        self._state, self._overlay, self._dt = state, overlay, dt
        self._slow_ticks = slow_ticks(dt)
        runaway, air, fire = state.runaway, state.air, state.fire
        cells, packs, containers = state.cells, state.packs, state.containers
        self._awake = runaway.awake
        self._stirs = bind(
            stirs,
            # model
            model.reaction.stage_temperature[0],
            model.panel.alarm[Detector.HEAT_LOW],
            # inputs
            state.packs.temperature_max,
            state.containers.air_temperature,
            state.fire.ventilation_running,
        )
        self._reactions = bind(
            step_reactions,
            # model
            model.reaction,
            model.spread,
            model.thermal,
            model.insulation.racks_per_container,
            # state
            runaway.stage,
            runaway.reaction,
            runaway.energy,
            runaway.vented,
            runaway.layer,
            runaway.under,
            cells.soc,
            cells.voltage_gain,
            cells.heat,
            cells.temperature_surface,
            packs.segment_temperature,
            runaway.reacting,
            runaway.vent_flow,
            runaway.jet_flow,
            runaway.burnt_count,
            runaway.cell_count,
            runaway.heat_released,
            runaway.charge_lost,
            # inputs
            cells.temperature_core,
            cells.capacity,
            runaway.heated,
            packs.temperature_max,
            packs.coolant_flow,
            containers.coolant_heat_capacity,
            containers.film_turbulent,
            containers.film_laminar,
            # overlay
            overlay.cell_heat,
            overlay.cell_runaway_heat,
        )
        self._insulation = bind(
            step_insulation,
            # model
            model.insulation,
            # state
            runaway.spilled,
            runaway.wetted,
            runaway.insulation_resistance,
            runaway.insulation_positive,
            runaway.insulation_negative,
            # inputs
            runaway.jet_flow,
            # overlay
            overlay.insulation_leak_positive,
            overlay.insulation_leak_negative,
            dt,
        )
        self._air = bind(
            step_air,
            # model
            model.air,
            # state
            air.gas,
            air.hydrogen,
            air.carbon_monoxide,
            air.lel_fraction,
            air.vented,
            air.exhausted,
            air.smoke,
            air.jet_power,
            air.layer_rise,
            air.mass_lost,
            air.fan_power,
            containers.air_temperature,
            # inputs
            containers.ambient_temperature,
            runaway.vent_flow,
            runaway.jet_flow,
            fire.ventilation_running,
            # overlay
            overlay.ventilation_gain,
            dt,
        )
        self._panels = FirePanels(model.panel, state, overlay, dt)

    def step(self, tick: int, refresh: bool = False) -> None:
        """Advance by one step; on a `refresh`, as after a change of the overlay, all is looked at."""
        if refresh:
            self._find_heaters()
        if refresh or tick % self._slow_ticks == 0:
            self._look_around(refresh)
        if not self._awake.item():
            self._panels.step(surely=False)
            return
        self._reactions.call(tick, self._slow_ticks, self._dt)
        self._state.runaway.damaged[...] = self._state.runaway.burnt_count.any()
        self._insulation.call()
        self._air.call()
        self._panels.step(surely=True)

    def _find_heaters(self) -> None:
        """Find the packs in which faults heat cells."""
        heated = self._state.runaway.heated
        power = self._overlay.cell_heat + self._overlay.cell_runaway_heat
        heated[...] = power.reshape(*heated.shape, -1).any(axis=2)

    def _look_around(self, refresh: bool) -> None:
        """Fall asleep where all is calm, wake up where it is not."""
        runaway, air, fire = self._state.runaway, self._state.air, self._state.fire
        stirred = refresh or self._stirs.call()
        if runaway.awake.item():
            in_air = fire.reading[:, : Detector.HEAT_LOW]
            in_room = (air.gas, air.smoke, air.layer_rise, air.fan_power, fire.tripped, fire.level, in_air)
            busy = (runaway.heated, runaway.reacting, *in_room)
            creeping = bool((runaway.wetted != runaway.spilled).any())
            runaway.awake[...] = stirred or creeping or any(bool(array.any()) for array in busy)
        elif stirred:
            runaway.awake[...] = 1.0


@kernel
def stirs(
    # model
    onset,
    heat_alarm,
    # inputs
    temperature_max,
    air_temperature,
    ventilation_running,
):
    """Whether any pack (rack, pack) or any air (container) of the site is hot [K], or any gas fan is to run."""
    hot = False
    for r in range(temperature_max.shape[0]):
        for p in range(temperature_max.shape[1]):
            hot |= temperature_max[r, p] >= onset
    for c in range(air_temperature.size):
        hot |= air_temperature[c] >= heat_alarm or ventilation_running[c] != 0.0
    return hot
