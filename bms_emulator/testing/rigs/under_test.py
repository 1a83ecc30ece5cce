"""What may be under test, and how it is reached."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from bms_emulator.profile.base import Broken, Count, Integer, Positive, Section, Text
from bms_emulator.profile.site import ModbusDevice, Mqtt
from bms_emulator.profile.user_firmware import UserFirmware


class ReferenceFirmware(Section):
    """The reference firmware, in all racks of an emulated site."""

    def __str__(self) -> str:
        return "reference firmware"


class FirmwareUnderTest(UserFirmware):
    """A user's own firmware in racks of an emulated site; its paths start at the folder of the rig file."""

    build: tuple[Text, ...] = ()
    """Command that builds the library, program and arguments, run in the folder of the rig file before the first test;
    the tests are skipped where the program is not installed."""

    def __str__(self) -> str:
        return f"user firmware {self.library.rpartition('/')[2]} in {self.racks}"


class Controller(Section):
    """An EMS or rack controller that talks to the emulator."""

    over: Literal["modbus-tcp", "modbus-rtu", "mqtt"]
    """What it speaks: the emulator serves Modbus in any case, and MQTT on request."""
    serial: Text | None = None
    """With ``modbus-rtu``: path of the serial line at which the first Modbus device of the site is served."""
    command: tuple[Text, ...] = ()
    """Program that is started before a test and ended after it, with arguments; ``{modbus[MAP]}`` stands for host:port
    of a register map, ``{mqtt}`` for the URL of the broker. None where the test, or somebody else, runs it."""
    own_ports: bool = False
    """Whether the ports are those that the site says; else the system chooses."""

    def broken_laws(self) -> Iterator[Broken]:
        """A serial line goes with RTU."""
        if (self.serial is not None) != (self.over == "modbus-rtu"):
            yield "serial", "goes with over: modbus-rtu, and is needed there"

    def __str__(self) -> str:
        return f"controller over {self.over}"


class ModbusBms(Section):
    """A battery on Modbus TCP or RTU, read through a register map."""

    map: Text
    """Register map, by name or file."""
    container: Count = 1
    """Which container of the site it stands for."""
    host: Text | None = None
    """Its address; none with ``serial``."""
    port: Annotated[Integer, Field(ge=1, le=65535)] = 502
    """Its TCP port."""
    unit: Annotated[Integer, Field(ge=0, le=255)] = 1
    """Its unit id."""
    serial: Text | None = None
    """Serial device, for Modbus RTU in place of TCP."""
    baud: Annotated[Integer, Field(ge=1200, le=1_000_000)] = 9600
    """Bits per second of a serial line."""
    parity: Literal["none", "even", "odd"] = "none"
    """Parity of a serial line."""
    timeout_s: Positive = 1.0
    """Longest wait for an answer."""

    def broken_laws(self) -> Iterator[Broken]:
        """It is somewhere."""
        if (self.host is None) == (self.serial is None):
            yield "host", "needs exactly one of host, serial"

    @property
    def device(self) -> ModbusDevice:
        """The same as a device that the emulator would serve."""
        return ModbusDevice(map=self.map, container=self.container, port=self.port, unit=self.unit)

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.serial or f"{self.host}:{self.port}"


class Signal(Section):
    """Points in messages of MQTT. Raw values become values as in a register map: value = raw * scale + offset."""

    point: Text
    """Point, or a selector of several: ``rack[*].soc``."""
    topic: Text
    """Topic; ``{rack}``, ``{cell}`` stand for the number of the point on that axis, ``{rack0}`` for it from 0."""
    field: str = ""
    """Keys and list positions that lead to the value in a JSON message: ``cells.{cell0}``; empty where the message is
    the value."""
    unit: str = ""
    """Unit of the value as sent."""
    scale: Positive = 1.0
    """What one step of the raw value stands for, in ``unit``."""
    offset: float = 0.0
    """Value that the raw value 0 stands for."""
    negate: bool = False
    """Whether the sign is opposite to the point's."""
    access: Literal["r", "rw", "w"] = "r"
    """Whether it is read, written, or both."""


class MqttBms(Section):
    """A battery on MQTT."""

    broker: Mqtt
    """The broker, with the keys that a site has for it."""
    signals: Annotated[tuple[Signal, ...], Field(min_length=1)]
    """Where points stand."""
    stale_s: Positive = 10.0
    """Age at which the last message counts no more."""
    container: Count = 1
    """Which container of the site it stands for."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.broker.broker


class Bms(Section):
    """A real battery with its BMS: nothing of it is emulated."""

    modbus: ModbusBms | None = None
    """Where it is on Modbus."""
    mqtt: MqttBms | None = None
    """Where it is on MQTT."""
    poll_s: Positive = 1.0
    """Time between two looks at its values."""
    heartbeat_s: Positive | None = None
    """Time between two heartbeats of ours; None where it wants none."""
    safe: dict[str, bool | float | str] = Field(default={})
    """Values of points that make it safe; they are written after each test, also when the test program has crashed:
    ``{"pcs[1].power_setpoint": 0}``."""

    def broken_laws(self) -> Iterator[Broken]:
        """It is somewhere."""
        if (self.modbus is None) == (self.mqtt is None):
            yield "modbus", "needs exactly one of modbus, mqtt"

    def __str__(self) -> str:
        reached = self.modbus or self.mqtt
        return f"real BMS at {reached.place if reached else '?'}"


class UnderTest(Section):
    """Exactly one of these."""

    reference_firmware: ReferenceFirmware | None = None
    user_firmware: FirmwareUnderTest | None = None
    controller: Controller | None = None
    bms: Bms | None = None

    def broken_laws(self) -> Iterator[Broken]:
        """There is one."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            yield (given or ["reference_firmware"])[-1], f"needs exactly one of {', '.join(type(self).model_fields)}"

    def __str__(self) -> str:
        return next(str(part) for name in type(self).model_fields if (part := getattr(self, name)) is not None)
