"""Batteries: what an EMS wants to know of one and to tell it, whatever its registers."""

from abc import abstractmethod
from typing import ClassVar

from hil.ems.device import Block, Device
from hil.ems.registers import Field, Fields
from hil.ems.sunspec import block, scan
from hil.ems.units import DECI, KELVIN, KILO, MILLI, PERCENT

NORMAL_CELL_VOLTAGE = (3.0, 3.5)
"""Cell voltages that no alarm is about [V]."""
NORMAL_TEMPERATURE = (5.0 + KELVIN, 42.0 + KELVIN)
"""Cell temperatures that no alarm is about [K]."""


class Battery(Device):
    """A container's battery. Power is positive in discharge [W], limits are magnitudes [W].

    Fields that a driver gives: ``soc``, ``power``, ``voltage``, ``racks``, ``racks_connected``, ``heartbeat``, highest
    and lowest ``cell_voltage`` and ``temperature``.
    """

    @property
    @abstractmethod
    def charge_limit(self) -> float:
        """Largest charge power that it permits now [W]."""

    @property
    @abstractmethod
    def discharge_limit(self) -> float:
        """Largest discharge power that it permits now [W]."""

    @property
    @abstractmethod
    def on(self) -> bool:
        """Whether its voltage is on the bus, with every rack."""

    @property
    @abstractmethod
    def off(self) -> bool:
        """Whether no rack is on the bus."""

    @property
    @abstractmethod
    def level(self) -> int:
        """Highest level of its alarms: 2 stops power, 3 opens racks."""

    @property
    def normal(self) -> bool:
        """Whether no cell reads anything that an alarm could be about: a reset may help."""
        return all(
            low <= self[f"{name}_min"] and self[f"{name}_max"] <= high
            for name, (low, high) in (("cell_voltage", NORMAL_CELL_VOLTAGE), ("temperature", NORMAL_TEMPERATURE))
        )

    @abstractmethod
    def beat(self, count: int) -> None:
        """Show that the EMS lives."""

    @abstractmethod
    def connect(self) -> None:
        """Put all racks on the bus."""

    @abstractmethod
    def disconnect(self) -> None:
        """Take all racks off the bus."""

    def stay(self) -> None:
        """Take the order to connect or disconnect away once it has been followed, where a battery wants that."""

    @abstractmethod
    def reset(self) -> None:
        """Reset alarms whose cause is gone."""


class SunSpecBattery(Battery):
    """SunSpec models 802 and 803."""

    heartbeat_modulo = 65536
    _at = 0

    BASE: ClassVar[Fields] = {
        "soc": Field(11, scale=PERCENT, factor=56),
        "heartbeat": Field(18, plain=True),
        "state": Field(22),
        "events": Field(26, "u32", plain=True),
        "voltage": Field(34, factor=59),
        "cell_voltage_max": Field(37, factor=60),
        "cell_voltage_min": Field(40, factor=60),
        "current": Field(44, "i16", factor=61),
        "charge_current_limit": Field(45, factor=62),
        "discharge_current_limit": Field(46, factor=62),
        "power": Field(47, "i16", factor=63),
    }
    BANK: ClassVar[Fields] = {
        "racks": Field(2),
        "racks_connected": Field(3),
        "temperature_max": Field(4, "i16", offset=KELVIN, factor=23),
        "temperature_min": Field(7, "i16", offset=KELVIN, factor=23),
    }
    MASTER_HEARTBEAT, RESET, OPERATION = 19, 20, 50
    """Registers that a master writes, from the start of model 802."""
    CONNECT, DISCONNECT = 1, 2
    FAULT = 99
    ALARMS = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 18 | 1 << 20
    """Events that are more than warnings."""

    async def find(self) -> tuple[Block, ...]:
        models = await scan(self.link)
        base, bank = block(models, 802, self.BASE), block(models, 803, self.BANK, 28)
        self._at = base.at
        return base, bank

    @property
    def charge_limit(self) -> float:
        return self["charge_current_limit"] * self["voltage"]

    @property
    def discharge_limit(self) -> float:
        return self["discharge_current_limit"] * self["voltage"]

    @property
    def on(self) -> bool:
        return self["racks_connected"] == self["racks"]

    @property
    def off(self) -> bool:
        return self["racks_connected"] == 0.0

    @property
    def level(self) -> int:
        if self["state"] == self.FAULT:
            return 3
        events = int(self.values.get("events", 0))
        return 2 if events & self.ALARMS else 1 if events else 0

    def beat(self, count: int) -> None:
        self.order(self._at + self.MASTER_HEARTBEAT, "u16", count % 65536)

    def connect(self) -> None:
        self.pulse(self._at + self.OPERATION, self.CONNECT)

    def disconnect(self) -> None:
        self.pulse(self._at + self.OPERATION, self.DISCONNECT)

    def reset(self) -> None:
        self.order(self._at + self.RESET, "u16", 1)


class ContainerBattery(Battery):
    """A container controller with a bank block of 0x400 registers."""

    heartbeat_modulo = 256

    ALARMS: ClassVar[Fields] = {f"alarms_{n:02x}": Field(n, plain=True) for n in (*range(0x0C), *range(0x10, 0x16))}
    LEVELS: ClassVar = {
        3: (*range(0x08, 0x0C), 0x14, 0x15),
        2: (*range(0x04, 0x08), 0x12, 0x13),
        1: (0, 1, 2, 3, 0x10, 0x11),
    }
    """Words of the alarms of each level: of the racks, then of the bank."""
    BANK: ClassVar[Fields] = {
        "voltage": Field(0x20, scale=DECI),
        "current": Field(0x21, offset=-20000),
        "soc": Field(0x22, scale=DECI * PERCENT),
        "cell_voltage_max": Field(0x24, scale=MILLI),
        "cell_voltage_min": Field(0x25, scale=MILLI),
        "temperature_max": Field(0x27, offset=KELVIN - 50),
        "temperature_min": Field(0x28, offset=KELVIN - 50),
        "charge_power_limit": Field(0x2C, scale=KILO, offset=-20000 * KILO),
        "discharge_power_limit": Field(0x2D, scale=KILO, offset=-20000 * KILO),
        "power": Field(0x2E, scale=KILO, offset=-20000 * KILO),
    }
    STATE: ClassVar[Fields] = {
        "heartbeat": Field(0, plain=True),
        "power_on": Field(1),
        "status": Field(2),
        "racks_connected": Field(4),
        "racks": Field(5),
    }
    HEARTBEAT, COMMAND, FAULT_CLEAR = 0x380, 0x381, 0x38C
    STAY, POWER_ON, POWER_OFF = 1, 2, 3
    OFF_READY, ON_READY = 0, 1
    FAULT = 5

    async def find(self) -> tuple[Block, ...]:
        return Block(0x0000, 0x30, {**self.ALARMS, **self.BANK}), Block(0x0300, 6, self.STATE)

    @property
    def charge_limit(self) -> float:
        return self["charge_power_limit"]

    @property
    def discharge_limit(self) -> float:
        return self["discharge_power_limit"]

    @property
    def on(self) -> bool:
        return self["power_on"] == self.ON_READY and self["racks_connected"] == self["racks"]

    @property
    def off(self) -> bool:
        return self["racks_connected"] == 0.0

    @property
    def level(self) -> int:
        for level, words in self.LEVELS.items():
            if any(self.flag(f"alarms_{n:02x}") for n in words):
                return level
        return 0

    def beat(self, count: int) -> None:
        self.order(self.HEARTBEAT, "u16", count % 256)

    def connect(self) -> None:
        self.keep(self.COMMAND, "u16", self.POWER_ON)

    def disconnect(self) -> None:
        self.keep(self.COMMAND, "u16", self.POWER_OFF)

    def stay(self) -> None:
        self.keep(self.COMMAND, "u16", self.STAY)

    def reset(self) -> None:
        self.pulse(self.FAULT_CLEAR, 1)
