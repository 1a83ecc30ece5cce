"""Site profile: what one run emulates and where it can be reached."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr

from bms_emulator.profile.ageing_laws import LAWS
from bms_emulator.profile.base import (
    Broken,
    Count,
    Degc,
    HourOfDay,
    Integer,
    NonNegative,
    Number,
    Percent,
    Positive,
    Profile,
    Section,
    Text,
)
from bms_emulator.profile.container import ContainerProfile
from bms_emulator.profile.errors import Problem
from bms_emulator.profile.firmware import FirmwareProfile
from bms_emulator.profile.folders import Folders
from bms_emulator.profile.grid import Grid, Load, Meter, Pv
from bms_emulator.profile.pcs import PcsProfile
from bms_emulator.profile.runaway import LAYERS
from bms_emulator.profile.user_firmware import UserFirmware, assignment_problems

Port = Annotated[Integer, Field(ge=0, le=65535)]
AirDegc = Annotated[Degc, Field(ge=-60, le=60)]
"""Temperature of outside air: what has been measured on Earth, and a little more."""
TURNS = 16
"""Nested cycles that are told apart while they are open."""
REGISTER_COUNT = 1024
"""Values that the register maps of one container may keep for masters, where no other point does."""
LOG_LENGTH = 128
"""Entries in the event log of a bank controller; when it is full, the newest takes the place of the oldest."""
UnitId = Annotated[Integer, Field(ge=1, le=247)]

_BROKER = re.compile(r"embedded|off|mqtts?://[^\s/:@]+(:\d{1,5})?|mqtts?://\[[0-9a-fA-F:]+\](:\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Whether nobody beyond this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Weather(Section):
    """Outside air temperature: a mean with or without a daily swing, or a series of hourly values."""

    mean_degc: AirDegc | None = None
    """Mean over the day."""
    swing_k: NonNegative = 0.0
    """Half of the difference between the warmest and the coldest hour."""
    warmest_hour: HourOfDay = 15.0
    """Hour of the day at which it is warmest."""
    file: Text | None = None
    """CSV file of hourly values (columns hour and temperature_degc, or the latter alone) instead of a mean; its path
    starts at the folder of the site's file."""
    hourly_degc: Annotated[tuple[AirDegc, ...], Field(min_length=1)] | None = None
    """The hourly values themselves instead of a mean, from midnight; they repeat after their end."""
    dew_point_degc: AirDegc = 10.0
    """Dew point of the outside air: what the humidity follows from, with the temperature."""

    def broken_laws(self) -> Iterator[Broken]:
        """There is one weather."""
        given = [key for key in ("mean_degc", "file", "hourly_degc") if getattr(self, key) is not None]
        if len(given) != 1:
            there = f"there are {' and '.join(given)}" if given else "there is none"
            yield (given or ["mean_degc"])[-1], f"must be the only one of mean_degc, file, hourly_degc; {there}"
        elif given != ["mean_degc"] and self.swing_k:
            yield "swing_k", f"goes with mean_degc; the values of {given[0]} have their own"

    @property
    def series_degc(self) -> tuple[float, ...]:
        """Hourly values; a single one where the weather has a mean [°C]."""
        return self.hourly_degc or (self.mean_degc or 0.0,)


class Age(Section):
    """How old the battery is at the start, and how it was used until then; also what a skipped day is like."""

    years: Annotated[Number, Field(ge=0, le=100)] = 0.0
    """Time in service."""
    climate_degc: AirDegc | None = None
    """Mean outside temperature of that time; that of the weather where not given."""
    cell_temperature_degc: Annotated[Degc, Field(ge=-40, le=80)] | None = None
    """Mean temperature of the cells; where not given, it follows the outside air within what the cooling permits."""
    coolant_rise_k: Annotated[NonNegative, Field(le=30)] = 2.5
    """From the first cell of a cold plate to the last."""
    cycles_per_day: Annotated[NonNegative, Field(le=24)] = 1.0
    """Cycles of the depth that follows."""
    depth_percent: Annotated[Percent, Field(gt=0)] = 90.0
    """Depth of a cycle, of the capacity at that time."""
    soc_percent: Percent = 50.0
    """Mean state of charge."""
    rate_c: Annotated[Positive, Field(le=4)] = 0.5
    """Rate of charge and discharge, per hour."""

    def broken_laws(self) -> Iterator[Broken]:
        """The cycles fit into a day, and around the mean state of charge."""
        hours = 2.0 * self.cycles_per_day * self.depth_percent / 100.0 / self.rate_c
        if hours > 24.0 + 1e-9:
            yield "cycles_per_day", f"the cycles take {hours:.3g} h of a day at rate_c = {self.rate_c:g}"
        room = 2.0 * min(self.soc_percent, 100.0 - self.soc_percent)
        if self.cycles_per_day and self.depth_percent > room + 1e-9:
            yield "depth_percent", f"must be <= {room:g}, which is the room around soc_percent = {self.soc_percent:g}"


class Initial(Section):
    """State at the start."""

    soc_percent: Percent
    """Mean state of charge."""
    temperature_degc: Degc
    """Of cells, coolant and enclosure."""
    time_of_day_h: HourOfDay
    """Hour of the day."""
    rack_soc_spread_percent: Percent
    """Spread of state of charge between racks, one standard deviation."""
    connect: bool = False
    """Whether the racks are asked to connect from the start, as by a battery that closes by itself once it is sound;
    else a master has to ask."""
    age: Age | None = None
    """Age of the battery; fresh from the factory where not given."""


def _further(host: str, step: int) -> str:
    """An IPv4 address with a larger last number; where that cannot be, what no interface has."""
    if not step:
        return host
    first, _, last = host.rpartition(".")
    return f"{first}.{int(last) + step}" if last.isdecimal() else f"{host} + {step}"


class ModbusDevice(Section):
    """One register map served at one address."""

    map: Text
    """Register map, by name."""
    container: Count = 1
    """Which container (and its PCS) it shows."""
    each: Literal["container"] | None = None
    """Serve the map once for each container, the first at this address, the others as the steps say."""
    host: Text | None = None
    """Address to listen on; that of the server where not given."""
    host_step: Annotated[Integer, Field(ge=0, le=255)] = 0
    """With ``each``: added to the last number of an IPv4 address from one container to the next."""
    port: Port = 5020
    """TCP port; 0 lets the system choose."""
    port_step: Annotated[Integer, Field(ge=0, le=65535)] = 0
    """With ``each``: added to the port from one container to the next."""
    unit: UnitId = 1
    """Unit id of the map's first unit; a map with several units counts on from it as it says."""
    unit_step: Annotated[Integer, Field(ge=0, le=247)] = 0
    """With ``each``: added to the unit id from one container to the next."""
    serial: Text | None = None
    """Serve Modbus RTU instead of TCP: a path at which a pseudo-terminal appears, or a serial device such as
    /dev/ttyUSB0."""
    baud: Annotated[Integer, Field(ge=1200, le=1_000_000)] = 9600
    """Bits per second of a serial line."""
    parity: Literal["none", "even", "odd"] = "none"
    """Parity of a serial line."""
    tls: bool = False
    """Serve Modbus/TCP Security: TLS, with certificates as ``modbus.tls`` says."""
    read_limit: Annotated[Integer, Field(ge=1, le=126)] | None = None
    """Most registers in one read; as the map says where not given."""

    def for_container(self, number: int, host: str) -> Self:
        """What ``each`` says for a container, counted from 1, at this host where the device names none."""
        step = number - 1
        changes = {
            "each": None,
            "container": number,
            "host": _further(self.host or host, step * self.host_step),
            "port": self.port + step * self.port_step if self.port else 0,
            "unit": self.unit + step * self.unit_step,
        }
        return self.model_copy(update=changes)


class ModbusTls(Section):
    """Certificates of Modbus/TCP Security, and what the roles in clients' certificates permit."""

    certificate_file: Text
    """Own certificate."""
    key_file: Text
    """Its key."""
    ca_file: Text
    """Certificates that clients' must be signed by."""
    roles: dict[str, Literal["read", "write"]] = Field(default={})
    """What a role permits; a client whose role is not listed, or who has none, is refused."""


class ModbusServer(Section):
    """Modbus TCP server."""

    host: Text = "127.0.0.1"
    """Address to listen on."""
    devices: tuple[ModbusDevice, ...] = ()
    """Register maps that are served."""
    tls: ModbusTls | None = None
    """Certificates for devices that are served with TLS."""
    connection_limit: Count = 128
    """Most connections at a time."""
    idle_timeout_s: NonNegative = 0.0
    """Close a connection after this silence; 0 is never."""

    def broken_laws(self) -> Iterator[Broken]:
        """One device to an address and unit id; TLS has certificates; a serial line is no TLS."""
        first: dict[tuple[str, int], int] = {}
        for index, device in enumerate(self.devices):
            if device.tls and self.tls is None:
                yield f"devices.{index}.tls", "needs modbus.tls, which names the certificates"
            if device.tls and device.serial is not None:
                yield f"devices.{index}.tls", "goes without serial"
            if device.each is None:
                for key in ("host_step", "port_step", "unit_step"):
                    if getattr(device, key):
                        yield f"devices.{index}.{key}", "goes with each"
            where = device.serial or f"{device.host or self.host}:{device.port}"
            taken = where, device.unit
            if (device.port or device.serial) and taken in first:
                yield f"devices.{index}.unit", f"{where}, unit {device.unit} is taken by devices.{first[taken]}"
            first.setdefault(taken, index)


TopicPrefix = Annotated[str, Field(pattern=r"^[^+#/]([^+#]*[^+#/])?$")]
SparkplugId = Annotated[str, Field(pattern=r"^[^+#/]+$")]


class Sparkplug(Section):
    """An edge node of Sparkplug B 3.0; containers, racks and PCS are its devices."""

    group: SparkplugId
    """Group identifier."""
    node: SparkplugId | None = None
    """Identifier of the edge node; without it the name of the site."""
    primary_host: SparkplugId | None = None
    """Host identifier of the application to wait for; the node is silent while that is offline."""
    period_s: Annotated[Number, Field(ge=0.1)] = 1.0
    """Between two looks for changes."""


class Mqtt(Section):
    """MQTT: an embedded broker, a broker elsewhere, or none."""

    broker: str = "embedded"
    """``embedded``, ``off``, or a URL ``mqtt://host:port`` / ``mqtts://host:port``."""
    host: Text = "127.0.0.1"
    """Address of the embedded broker: loopback, as it knows no passwords."""
    port: Port = 1883
    """Port of the embedded broker; 0 lets the system choose."""
    version: Annotated[Literal["3.1.1", "5"], BeforeValidator(str)] = "3.1.1"  # 5 is a number in YAML
    """Protocol version to speak to a broker elsewhere; the embedded one knows 3.1.1."""
    username: str | None = None
    """User name at the broker."""
    password_env: str | None = None
    """Environment variable that holds the password."""
    ca_file: str | None = None
    """Certificates that the broker's must be signed by."""
    certificate_file: str | None = None
    """Own certificate."""
    key_file: str | None = None
    """Key of the own certificate."""
    topic_prefix: TopicPrefix = "bms"
    """First part of every topic."""
    period_s: Annotated[Number, Field(ge=0.1)] = 1.0
    """Between two state messages."""
    cells_period_s: Annotated[Number, Field(ge=0.1)] | None = None
    """Between two messages with all cells of a rack; without it they are sent on request only."""
    home_assistant: bool = False
    """Describe the site to Home Assistant."""
    home_assistant_prefix: TopicPrefix = "homeassistant"
    """First part of the topics of discovery."""
    sparkplug: Sparkplug | None = None
    """Be an edge node of Sparkplug B as well."""

    def broken_laws(self) -> Iterator[Broken]:
        """The broker can be reached, a certificate has its key."""
        if not _BROKER.fullmatch(self.broker):
            yield "broker", "must be embedded, off, mqtt://host:port or mqtts://host:port"
        if self.broker == "embedded" and not is_loopback(self.host):
            yield (
                "host",
                "the embedded broker knows no passwords: must be a loopback address (127.0.0.1, ::1, localhost)",
            )
        if self.broker == "embedded" and self.version != "3.1.1":
            yield "version", "the embedded broker speaks 3.1.1 only"
        if (self.certificate_file is None) != (self.key_file is None):
            yield "key_file", "certificate_file and key_file need each other"


class Http(Section):
    """REST interface and live page."""

    host: Text = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8080
    """TCP port; 0 lets the system choose."""


class SiteProfile(Profile):
    """A site."""

    container: ContainerProfile
    """Container, by name."""
    container_count: Count
    """Containers, all alike."""
    pcs: PcsProfile
    """PCS, by name; one to each container."""
    firmware: FirmwareProfile
    """Firmware settings, by name."""
    user_firmware: tuple[UserFirmware, ...] = ()
    """Racks that run a user's own firmware; all others run the reference firmware."""
    firmware_clock: Literal["realtime", "lockstep"] = "realtime"
    """Whether a tick waits for users' firmware half of its time at most, or until it has answered. Where nothing ties
    the run to real time, at speed max and when stepped by a program, it always waits."""
    weather: Weather
    """Outside air."""
    grid: Grid = Grid()
    """Grid."""
    meter: Meter = Meter()
    """Meter between site and grid."""
    load: Load = Load.none()
    """Load behind the meter; none where not given."""
    pv: Pv = Pv.none()
    """PV generator behind the meter; none where not given."""
    initial: Initial
    """State at the start."""
    step_ms: Annotated[Integer, Field(ge=10, le=1000)] = 100
    """Length of a tick."""
    overrun: Literal["strict", "slip", "slow"] = "slow"
    """What happens when the loop falls behind for good: stop, declare the gap, or let time scale fall."""
    modbus: ModbusServer = ModbusServer()
    """Modbus TCP."""
    mqtt: Mqtt = Mqtt()
    """MQTT."""
    http: Http = Http()
    """REST interface and live page."""
    _folders: Folders = PrivateAttr(default_factory=Folders.default)
    _places: tuple[object, dict[str, tuple[str, int]]] = PrivateAttr(default=(None, {}))

    @property
    def folders(self) -> Folders:
        """Where to search for the register maps that the site names."""
        return self._folders

    def searching(self, folders: Folders) -> Self:
        """The same site with other folders to search."""
        site = self.model_copy()
        site._folders = folders
        return site

    def placed(self, places: dict[str, tuple[str, int]]) -> Self:
        """The same site with file and line of the keys of its Modbus devices."""
        site = self.model_copy()
        site._places = self.modbus.devices, places
        return site

    def device_problem(self, path: str, message: str) -> Problem:
        """A problem with a key of a Modbus device, with file and line unless a program has replaced the devices."""
        devices, places = self._places
        known = places if devices is self.modbus.devices else {}
        file, line = known.get(path, (f"site {self.name}", 0))
        return Problem(file, line, path, message)

    @property
    def rack_count(self) -> int:
        """Racks of all containers."""
        return self.container_count * self.container.rack_count

    @property
    def counts(self) -> dict[str, int]:
        """Length of every array axis, see :class:`bms_emulator.arrays.Layout`."""
        rack = self.container.rack
        return {
            "container": self.container_count,
            "rack": self.rack_count,
            "pack": rack.pack_count,
            "segment": rack.pack_count * rack.pack.cold_plate.segments,
            "node": 2 * self.container.loop.line_nodes,
            "cell": rack.cell_count,
            "layer": LAYERS,
            "sensor": rack.sensor_count,
            "contactor": 3,
            "phase": 3,
            "meter_channel": 4,
            "energy_register": 8,
            "detector": 5,
            "chiller_alarm": 10,
            "alarm": len(self.firmware.rack_alarms),
            "bank_alarm": len(self.firmware.container_alarms),
            "log": LOG_LENGTH,
            "register": REGISTER_COUNT,
            "level": 3,
            "mechanism": len(LAWS[rack.pack.cell.ageing.model].mechanisms),
            "turn": TURNS,
        }

    def each_modbus_device(self) -> Iterator[tuple[int, ModbusDevice]]:
        """Modbus devices with their number in the site file; one for each container where one says so."""
        for n, device in enumerate(self.modbus.devices):
            if device.each is None:
                yield n, device
            else:
                yield from ((n, device.for_container(c + 1, self.modbus.host)) for c in range(self.container_count))

    def broken_laws(self) -> Iterator[Broken]:
        """Devices show containers that there are, a rack has one firmware, no two servers listen on one port."""
        yield from assignment_problems(self.user_firmware, self.container_count, self.container.rack_count)
        for index, device in enumerate(self.modbus.devices):
            if device.container > self.container_count:
                yield f"modbus.devices.{index}.container", f"must be <= container_count = {self.container_count}"
        taken: dict[tuple[str, int], str] = {}
        for index, device in self.each_modbus_device():
            if device.serial is None:
                taken.setdefault((device.host or self.modbus.host, device.port), f"modbus.devices.{index}")
        broker_port = self.mqtt.port if self.mqtt.broker == "embedded" else 0
        for key, place in (
            ("mqtt.port", (self.mqtt.host, broker_port)),
            ("http.port", (self.http.host, self.http.port)),
        ):
            if place[1] and place in taken:
                yield key, f"is taken by {taken[place]}"
            taken.setdefault(place, key)
