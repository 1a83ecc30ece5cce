"""Discovery by Home Assistant: retained messages that describe the site as devices with entities.

Entities read the state messages and write by the command topic: they need no topics of their own.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bms_emulator import __version__
from bms_emulator.interfaces.components import CONTAINER, LOAD, METER, PCS, PV, RACK, WEATHER
from bms_emulator.interfaces.values import dumps
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import Mqtt

ENTITIES_MAX = 6000
"""Most entities of a site: racks are left out where there are more."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entity:
    """An entity that every device of a sort has.

    Attributes:
        component: Platform of Home Assistant.
        key: Path of the value in the state message, also its identifier; empty for what only writes.
        name: What people call it.
        more: Further entries of its configuration.
        divisor: What the value is divided by for people, e.g. joules to kilowatt-hours.
        point: Name of the point that it writes, below the device; empty for what only reads.
    """

    component: str
    key: str
    name: str
    more: dict[str, Any]
    divisor: float = 1.0
    point: str = ""


def _measurement(key: str, name: str, unit: str, device_class: str | None, divisor: float = 1.0) -> Entity:
    given = {"unit_of_measurement": unit, "device_class": device_class}
    more = {"state_class": "measurement", **{key: value for key, value in given.items() if value}}
    return Entity("sensor", key, name, more, divisor)


def _energy(key: str, name: str, state_class: str) -> Entity:
    kind = "energy" if state_class == "total_increasing" else "energy_storage"
    return Entity(
        "sensor", key, name, {"unit_of_measurement": "kWh", "device_class": kind, "state_class": state_class}, 3.6e6
    )


def _text(key: str, name: str) -> Entity:
    return Entity("sensor", key, name, {})


def _binary(key: str, name: str, device_class: str | None = None) -> Entity:
    return Entity("binary_sensor", key, name, {} if device_class is None else {"device_class": device_class})


def _button(point: str, name: str) -> Entity:
    return Entity("button", "", name, {}, point=point)


_BATTERY = (
    _measurement("soc_percent", "State of charge", "%", "battery"),
    _measurement("soh_percent", "State of health", "%", None),
    _text("mode", "Mode"),
    _binary("alarm_level", "Alarm", "problem"),
    _measurement("cell_voltage_max_v", "Cell voltage max", "V", "voltage"),
    _measurement("cell_voltage_min_v", "Cell voltage min", "V", "voltage"),
    _measurement("temperature_max_degc", "Temperature max", "°C", "temperature"),
    _measurement("temperature_min_degc", "Temperature min", "°C", "temperature"),
)
_CONTAINER = (
    *_BATTERY,
    _measurement("alarm_level", "Alarm level", "", None),
    _measurement("voltage_v", "Voltage", "V", "voltage"),
    _measurement("current_a", "Current", "A", "current"),
    _measurement("power_w", "Power", "kW", "power", 1000.0),
    _measurement("charge_power_limit_w", "Charge power limit", "kW", "power", 1000.0),
    _measurement("discharge_power_limit_w", "Discharge power limit", "kW", "power", 1000.0),
    _measurement("racks_connected", "Racks connected", "", None),
    _measurement("coolant.supply_temperature_degc", "Coolant supply temperature", "°C", "temperature"),
    _measurement("coolant.return_temperature_degc", "Coolant return temperature", "°C", "temperature"),
    _measurement("auxiliary.power_w", "Auxiliary power", "kW", "power", 1000.0),
    _text("chiller.mode", "Chiller"),
    _text("fire.level", "Fire panel"),
    _binary("fire.gas_alarm", "Gas alarm", "gas"),
    _binary("door.open", "Door", "door"),
    _binary("emergency_stop.active", "Emergency stop", "safety"),
    _energy("soe_discharge_j", "Stored energy", "measurement"),
    Entity("select", "request", "Request", {"options": ["none", "connect", "disconnect"]}, point="request"),
    Entity("switch", "balancing_enabled", "Balancing", {}, point="balancing_enabled"),
    _button("alarm_reset", "Reset alarms"),
)
_RACK = (
    *_BATTERY,
    _measurement("current_a", "Current", "A", "current"),
    Entity("switch", "enabled", "Enabled", {}, point="enabled"),
)
_PCS = (
    _text("state", "State"),
    _measurement("power_w", "Power", "kW", "power", 1000.0),
    _measurement("dc_voltage_v", "DC voltage", "V", "voltage"),
    _measurement("dc_current_a", "DC current", "A", "current"),
    _energy("energy_exported_j", "Energy exported", "total_increasing"),
    _energy("energy_imported_j", "Energy imported", "total_increasing"),
    _binary("limited", "Limited"),
    Entity("switch", "enable", "Enable", {}, point="enable"),
    Entity("switch", "setpoint_enabled", "Set point enabled", {}, point="setpoint_enabled"),
    Entity("select", "setpoint_mode", "Set point mode", {"options": ["fraction", "watts"]}, point="setpoint_mode"),
    Entity(
        "number",
        "power_setpoint_w",
        "Power set point",
        {"unit_of_measurement": "W", "device_class": "power", "mode": "box", "step": 1000},
        point="power_setpoint",
    ),
)

_METER = (
    _measurement("power_w", "Power", "kW", "power", 1000.0),
    _measurement("reactive_power_var", "Reactive power", "kvar", None, 1000.0),
    _measurement("power_factor_percent", "Power factor", "%", "power_factor"),
    _measurement("voltage_v", "Voltage", "V", "voltage"),
    _measurement("frequency_hz", "Frequency", "Hz", "frequency"),
    _energy("energy_exported_j", "Energy exported", "total_increasing"),
    _energy("energy_imported_j", "Energy imported", "total_increasing"),
    _binary("power_failure", "Power failure", "problem"),
)
_LOAD = (
    _measurement("power_w", "Power", "kW", "power", 1000.0),
    _measurement("reactive_power_var", "Reactive power", "kvar", None, 1000.0),
    _energy("energy_j", "Energy", "total_increasing"),
    Entity("switch", "override_enabled", "Override", {}, point="override_enabled"),
    Entity(
        "number",
        "override_power_w",
        "Power while overridden",
        {"unit_of_measurement": "W", "device_class": "power", "mode": "box", "step": 1000, "min": 0, "max": 1e9},
        point="override_power",
    ),
)
_PV = (
    _measurement("power_w", "Power", "kW", "power", 1000.0),
    _energy("energy_j", "Energy", "total_increasing"),
    _binary("connected", "Connected", "connectivity"),
    _binary("limited", "Limited"),
)
_WEATHER = (
    _measurement("ambient_temperature_degc", "Outside temperature", "°C", "temperature"),
    _measurement("humidity_percent", "Humidity", "%", "humidity"),
    _measurement("irradiance_w_per_m2", "Irradiance", "W/m²", "irradiance"),
)

_SORTS = (
    (CONTAINER, "Container {}", _CONTAINER),
    (PCS, "PCS {}", _PCS),
    (METER, "Meter", _METER),
    (LOAD, "Load", _LOAD),
    (PV, "PV", _PV),
    (WEATHER, "Weather", _WEATHER),
    (RACK, "Container {} rack {}", _RACK),
)
"""Sorts of devices, what people call one, and their entities; what matters most comes first."""


class Discovery:
    """How a site describes itself.

    Args:
        catalogue: The points of the site.
        base: Topic under which its state is published, e.g. ``bms/demo``.
        options: The prefix of discovery.
    """

    def __init__(self, catalogue: Catalogue, base: str, options: Mqtt) -> None:
        self.status_topic = f"{options.home_assistant_prefix}/status"
        self._catalogue = catalogue
        self._prefix = options.home_assistant_prefix
        self._base = base
        self._node = re.sub(r"[^a-zA-Z0-9_-]", "_", base)
        self._due = asyncio.Event()

    def hear(self, payload: bytes) -> None:
        """Take what Home Assistant says of itself: when it has started it wants everything again."""
        if payload == b"online":
            self._due.set()

    async def show(self, publish: Callable[[Iterable[tuple[str, str]]], Awaitable[None]]) -> None:
        """Publish the description, and again whenever Home Assistant has started, until cancelled."""
        self._due.set()
        while True:
            await self._due.wait()
            self._due.clear()
            await publish(self.messages())

    def messages(self) -> Iterator[tuple[str, str]]:
        """Topic and payload of each entity's configuration."""
        site = self._catalogue.site
        count = 0
        for sort, name, entities in _SORTS:
            indices = sort.indices(site)
            count += len(entities) * len(indices)
            if count > ENTITIES_MAX:
                _log.warning("Home Assistant: %s are left out, or there were %d entities", name.format("*", "*"), count)
                return
            for index in indices:
                topic = sort.topic(index)
                device = _Device(topic.replace("/", "_"), topic, sort.point(index), name.format(*index))
                for entity in entities:
                    yield self._message(device, entity)

    def _message(self, device: "_Device", entity: Entity) -> tuple[str, str]:
        slug = (entity.key or entity.point).replace(".", "_")
        config: dict[str, Any] = {
            "name": entity.name,
            "unique_id": f"{self._node}_{device.identifier}_{entity.component}_{slug}",
            "availability_topic": f"{self._base}/status",
            "device": {
                "identifiers": [f"{self._node}_{device.identifier}"],
                "name": f"{self._catalogue.site.name} {device.name}",
                "manufacturer": "bms-emulator",
                "model": "Emulated",
                "sw_version": __version__,
            },
            "origin": {"name": "bms-emulator", "sw_version": __version__},
            **entity.more,
        }
        if entity.key:
            config |= {"state_topic": f"{self._base}/{device.topic}/state", "value_template": _template(entity)}
        if entity.point:
            config |= self._writing(device, entity)
        return f"{self._prefix}/{entity.component}/{self._node}/{device.identifier}_{slug}/config", dumps(config)

    def _writing(self, device: "_Device", entity: Entity) -> dict[str, Any]:
        """Entries of an entity that writes a point: its payloads are commands of ours."""
        name = f"{device.point}.{entity.point}"

        def command(value: str) -> str:
            return f'{{"set": {{"{name}": {value}}}}}'

        writing: dict[str, Any] = {"command_topic": f"{self._base}/command", "qos": 1}
        if entity.component == "switch":
            writing |= {"payload_on": command("true"), "payload_off": command("false")}
            writing |= {"state_on": "ON", "state_off": "OFF"}
        elif entity.component == "button":
            writing["payload_press"] = command("true")
        elif entity.component == "select":
            writing["command_template"] = command('"{{ value }}"')
        else:
            family, _ = self._catalogue.find(name)
            writing["command_template"] = command("{{ value }}")
            if family.limits is not None:
                writing |= {"min": family.limits[0], "max": family.limits[1]}
        return writing


@dataclass(frozen=True)
class _Device:
    identifier: str
    topic: str
    point: str
    name: str


def _template(entity: Entity) -> str:
    value = f"value_json.{entity.key}"
    if entity.component in ("binary_sensor", "switch"):
        return f"{{{{ 'ON' if {value} else 'OFF' }}}}"
    if entity.divisor != 1.0:
        return f"{{{{ ({value} / {entity.divisor:g}) | round(3) if {value} is number else None }}}}"
    return f"{{{{ {value} }}}}"
