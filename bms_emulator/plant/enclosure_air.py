"""Free air of an enclosure while cells vent: gas, smoke, and hot gas under the ceiling.

The air is well mixed. With a gas inflow s and an outflow f through leaks and fan, which s displaces further:

    V dx/dt = s - (s + f) x                      share of vent gas x
    V dn/dt = s_n - (s + f) n                    aerosol n; light is lost at the rate sigma n per metre
    C dT/dt = P - (h + f rho cp) T               hot layer above the enclosure's air, T; P is the heat of the jets

All three are solved exactly for what is constant over a tick. Gas volumes are at 25 °C and 1 bar.
"""

import math
from typing import Final, NamedTuple

from bms_emulator.jit import kernel, scalar
from bms_emulator.plant.relaxation import mean_decay, mean_rise
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

AIR_DENSITY: Final = 1.184
"""Dry air at 25 °C and 1 bar [kg/m3]. Grade [U]."""
AIR_HEAT_CAPACITY: Final = 1007.0
"""Dry air at constant pressure [J/(kg K)]. Grade [U]."""
SMOKE_EXTINCTION: Final = 4400.0
"""Light extinction of smoke without flames per mass [m2/kg]: about half of that of flaming soot. Grade [U]."""
TRACE: Final = 1e-9
"""Share of gas [1], and extinction [1/m], that is no longer told from clean air."""
STILL: Final = 1e-12
"""Share of the air exchanged in a step below which it is none [1]; beyond, its quotients would lose their digits."""
TRACE_RISE: Final = 1e-6
"""Rise of the hot layer that is no longer told from none [K]."""


class AirModel(NamedTuple):
    """Constants of an enclosure's free air, and what one emptied cell puts into it.

    Attributes:
        racks_per_container: Racks in one enclosure.
        volume: Free air [m3].
        leakage: Exchange with louvers closed [m3/s].
        fan_flow: Exchange by the fan [m3/s].
        fan_power: Electrical, while it runs [W].
        hot_layer: Hot layer to walls and packs [W/K].
        enclosure_heat_capacity: Air with all that follows it [J/K].
        cell_gas: Vent gas of a cell [m3].
        cell_smoke: Aerosol of a cell [kg].
        cell_jet_heat: Heat in the jet of a cell [J].
        cell_mass: Mass that a cell loses [kg].
        hydrogen: Share in the vent gas [1].
        carbon_monoxide: Share in the vent gas [1].
        lower_explosive: Lower explosive limit of the vent gas in air [1].
    """

    racks_per_container: int
    volume: float
    leakage: float
    fan_flow: float
    fan_power: float
    hot_layer: float
    enclosure_heat_capacity: float
    cell_gas: float
    cell_smoke: float
    cell_jet_heat: float
    cell_mass: float
    hydrogen: float
    carbon_monoxide: float
    lower_explosive: float


def build_air_model(site: SiteProfile) -> AirModel:
    """Constants of the free air of a site's enclosures."""
    ventilation, cell = site.container.ventilation, site.container.rack.pack.cell
    runaway = cell.runaway
    return AirModel(
        racks_per_container=site.container.rack_count,
        volume=ventilation.free_volume_m3,
        leakage=ventilation.leakage_per_h * ventilation.free_volume_m3 / SECONDS_PER_HOUR,
        fan_flow=ventilation.fan_flow_m3_per_h / SECONDS_PER_HOUR,
        fan_power=ventilation.fan_power_w,
        hot_layer=ventilation.hot_layer_w_per_k,
        enclosure_heat_capacity=site.container.enclosure.heat_capacity_j_per_k,
        cell_gas=runaway.gas_l * 1e-3,
        cell_smoke=runaway.smoke_g * 1e-3,
        cell_jet_heat=runaway.jet_heat_kj * 1e3,
        cell_mass=runaway.mass_loss_share * cell.mass_kg,
        hydrogen=runaway.hydrogen_percent * 1e-2,
        carbon_monoxide=runaway.carbon_monoxide_percent * 1e-2,
        lower_explosive=runaway.lower_explosive_percent * 1e-2,
    )


@scalar
def mix(content, source, exchange, dt):
    """Content of a mixed volume after dt [s], and its mean over dt, of dx/dt = source - exchange x; exact.

    Args:
        content: At the beginning.
        source: Inflow per volume [1/s].
        exchange: Outflow per volume [1/s].
        dt: Step [s].
    """
    turnover = exchange * dt
    mean = mean_decay(turnover)
    built_up = mean_rise(turnover) / turnover if turnover > STILL else 0.5
    return content * math.exp(-turnover) + source * dt * mean, content * mean + source * dt * built_up


@kernel
def step_air(
    # model
    model,
    # state
    gas,
    hydrogen,
    carbon_monoxide,
    lel_fraction,
    vented,
    exhausted,
    smoke,
    jet_power,
    layer_rise,
    mass_lost,
    fan_power,
    air_temperature,
    # inputs
    ambient_temperature,
    vent_flow,
    jet_flow,
    ventilation_running,
    # overlay
    ventilation_gain,
    dt,
):
    """Advance the free air of every enclosure by dt [s]. Shapes: (container); vent_flow, jet_flow (rack, pack)."""
    racks = model.racks_per_container
    layer_capacity = model.volume * AIR_DENSITY * AIR_HEAT_CAPACITY
    for c in range(gas.size):
        venting = jetting = 0.0
        for r in range(c * racks, (c + 1) * racks):
            for p in range(vent_flow.shape[1]):
                venting += vent_flow[r, p]
                jetting += jet_flow[r, p]
        turning = ventilation_gain[c] * ventilation_running[c]
        fan = model.fan_flow * turning
        fan_power[c] = model.fan_power * turning
        inflow = venting * model.cell_gas
        outflow = inflow + model.leakage + fan
        exchange = outflow / model.volume

        gas[c], mean = mix(gas[c], inflow / model.volume, exchange, dt)
        vented[c] += inflow * dt
        exhausted[c] += outflow * mean * dt
        per_mass = SMOKE_EXTINCTION / model.volume
        smoke[c], _ = mix(smoke[c], venting * model.cell_smoke * per_mass, exchange, dt)
        if venting == 0.0 and gas[c] < TRACE and smoke[c] < TRACE:
            exhausted[c] += gas[c] * model.volume
            gas[c] = smoke[c] = 0.0
        hydrogen[c] = model.hydrogen * gas[c]
        carbon_monoxide[c] = model.carbon_monoxide * gas[c]
        lel_fraction[c] = gas[c] / model.lower_explosive

        jet_power[c] = jetting * model.cell_jet_heat
        mass_lost[c] += jetting * model.cell_mass * dt
        fan_link = fan * AIR_DENSITY * AIR_HEAT_CAPACITY
        loss = (model.hot_layer + fan_link) / layer_capacity
        layer_rise[c], mean_rise = mix(layer_rise[c], jet_power[c] / layer_capacity, loss, dt)
        if jetting == 0.0 and layer_rise[c] < TRACE_RISE:
            layer_rise[c] = 0.0
        fresh = math.exp(-dt * fan_link / model.enclosure_heat_capacity)
        air_temperature[c] = ambient_temperature[c] + fresh * (air_temperature[c] - ambient_temperature[c])
        air_temperature[c] += model.hot_layer * mean_rise * dt / model.enclosure_heat_capacity
