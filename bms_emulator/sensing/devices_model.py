"""Constants of what the devices around the battery tell a master that asks them."""

from typing import NamedTuple

from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR


class DeviceModel(NamedTuple):
    """Constants of what the devices tell.

    Attributes:
        rated_cooling: Of the chiller [W].
        static_pressure: Of the coolant at rest with a full vessel, above atmosphere [Pa].
        release_delay: Of the fire panel [s].
        agent_pressure: In a full container of agent, above atmosphere [Pa].
        agent_low: Share of it that is too little [1].
        supply_min: Auxiliary supply below which a device does without it [V].
        ups_energy: Which a full battery of the UPS gives to its load [J].
        ups_load: Of the UPS [W].
    """

    rated_cooling: float
    static_pressure: float
    release_delay: float
    agent_pressure: float
    agent_low: float
    supply_min: float
    ups_energy: float
    ups_load: float


def build_device_model(site: SiteProfile) -> DeviceModel:
    """Constants of what the devices of a site tell."""
    container = site.container
    fire, ups = container.fire, container.ups
    return DeviceModel(
        rated_cooling=container.chiller.rated_cooling_kw * 1e3,
        static_pressure=container.chiller.filling.static_pressure_kpa * 1e3,
        release_delay=fire.release_delay_s,
        agent_pressure=fire.agent_pressure_kpa * 1e3,
        agent_low=fire.agent_low_percent * 1e-2,
        supply_min=container.rack.contactors.drop_out_v,
        ups_energy=ups.energy_wh * SECONDS_PER_HOUR * ups.discharging_efficiency,
        ups_load=ups.load_w,
    )
