"""Faults of Modbus connections. The servers read them from the emulator's status and act on every request.

Where several hit one request, they act in this order: reset, loss of the request, map shift, exception, image (restart,
freeze, tear), byte swap, word swap, wrong field, truncation, corruption, duplicate, silence, delay, order, pieces.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from bms_emulator.faults.kind import LinkFault, register
from bms_emulator.faults.quantity import COUNT, RATIO, TIME, Unit
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.target import MODBUS, MODBUS_CLIENT, MODBUS_UNIT, Hits
from bms_emulator.profile.site import ModbusDevice, SiteProfile

Probability = Annotated[float, Unit(RATIO), Field(gt=0, le=1)]
Pause = Annotated[float, Unit(TIME), Field(gt=0, le=60)]

PORTS = (MODBUS,)
CONNECTIONS = (MODBUS, MODBUS_CLIENT)
REQUESTS = (MODBUS, MODBUS_CLIENT, MODBUS_UNIT)


class ModbusFault(LinkFault):
    """A fault of Modbus connections.

    Attributes:
        on_lines: Whether a serial line can have it.
        on_sockets: Whether TCP can have it.
    """

    on_lines: ClassVar[bool] = True
    on_sockets: ClassVar[bool] = True

    def can_hit(self, device: ModbusDevice) -> bool:
        """Whether a device can have it."""
        return self.on_sockets if device.serial is None else self.on_lines

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """Those of the devices that can have it. FaultError: none can."""
        devices = [device for _, device in site.each_modbus_device()]
        able = [n for n in hits.index.tolist() if self.can_hit(devices[n])]
        if not able:
            what = "a serial line" if self.on_sockets else "TCP"
            raise FaultError(f"{self.word}: {what} cannot have it as it is set")
        if len(able) == len(hits):
            return hits
        names = [name for name, n in zip(hits.names, hits.index.tolist(), strict=False) if n in able]
        return replace(hits, index=np.array(able, np.int64), names=tuple(names))

    def bend(self, strength: float) -> dict[str, Any]:
        """Its settings."""
        return {"wire": self.model_dump() if strength > 0.0 else None}


class RequestFault(ModbusFault):
    """A fault that hits requests by chance."""

    probability: Probability = 1.0
    """Share of the requests that is hit."""


@register("modbus-delay", "delay", *REQUESTS)
class ModbusDelay(RequestFault):
    """Replies come late."""

    changes: ClassVar = "Time from request to reply [s], for each request by chance; several delays add."
    expected: ClassVar = "A master should wait up to its timeout, keep the order of replies, and not flood the server."
    gradual: ClassVar = True

    time: Annotated[float, Unit(TIME), Field(gt=0)]
    """Mean delay."""
    jitter: Annotated[float, Unit(TIME), Field(ge=0)] = 0.0
    """Largest deviation from the mean delay, either way, equally likely."""

    def bend(self, strength: float) -> dict[str, Any]:
        """Shorter at less strength."""
        shown = self.model_copy(update={"time": strength * self.time, "jitter": strength * self.jitter})
        return super(ModbusDelay, shown).bend(strength)


@register("modbus-silence", "silence", *REQUESTS)
class ModbusSilence(RequestFault):
    """Requests are taken, and no reply ever comes; the connection stays open."""

    changes: ClassVar = "Replies withheld, for each request by chance."
    expected: ClassVar = (
        "A master should time out, count, reconnect, and fall back to safe set points; a write that is not answered "
        "may have been executed all the same."
    )
    gradual: ClassVar = True

    lost: Literal["reply", "request"] = "reply"
    """What is lost: the reply (the request is executed) or the request (it is not)."""

    def bend(self, strength: float) -> dict[str, Any]:
        """Rarer at less strength."""
        shown = self.model_copy(update={"probability": strength * self.probability})
        return super(ModbusSilence, shown).bend(strength)


@register("modbus-exception", "exception", *REQUESTS)
class ModbusException(RequestFault):
    """Requests are refused with an exception, and not executed."""

    changes: ClassVar = "The reply: function with bit 0x80, and the code."
    expected: ClassVar = (
        "A master should treat 05 and 06 as a reason to try again later, all others as a failure that it counts and "
        "shows; it should keep the connection and not take old values for new ones."
    )

    code: Annotated[int, Unit(COUNT), Field(ge=1, le=255)]
    """Exception code: 1 function, 2 address, 3 value, 4 failure, 5 acknowledge, 6 busy, 10 and 11 gateway."""


@register("modbus-wrong", "wrong", *REQUESTS)
class ModbusWrong(RequestFault):
    """A field of the reply does not belong to its request."""

    changes: ClassVar = "One field of the reply's header."
    expected: ClassVar = (
        "A master should drop the reply and count it; after a wrong length it has lost the stream and should reconnect."
    )

    field: Literal["transaction", "unit", "length", "function"]
    """Which field; a serial line has no transaction and no length."""
    by: Annotated[int, Unit(COUNT), Field(ge=-255, le=255)] = 1
    """What is added to it."""

    def can_hit(self, device: ModbusDevice) -> bool:
        """Whether a device has the field."""
        return device.serial is None or self.field in ("unit", "function")

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """Refuse a field that is as it was."""
        if self.by == 0:
            raise FaultError("wrong: by = 0: must not be 0, which changes nothing")
        return self


@register("modbus-truncate", "truncate", *REQUESTS)
class ModbusTruncate(RequestFault):
    """The end of a reply is missing; the connection stays open."""

    changes: ClassVar = "Length of the reply on the wire; its header says the whole length."
    expected: ClassVar = (
        "A master should time out and reconnect: what follows on the same connection begins in the wrong place."
    )

    missing: Annotated[int, Unit(COUNT), Field(ge=1, le=255)] = 1
    """Bytes that are missing; one byte at least is sent."""


@register("modbus-corrupt", "corrupt", *REQUESTS)
class ModbusCorrupt(RequestFault):
    """Bits of a reply flip after its check sum was made."""

    changes: ClassVar = (
        "On a serial line any bits of the frame, so that its CRC is wrong; on TCP, whose own check sum a gateway "
        "has passed already, bits of the data behind the function."
    )
    expected: ClassVar = (
        "On a line the master should drop the frame and count it. On TCP nothing tells it: only limits, plausibility "
        "and a second source do."
    )

    bits: Annotated[int, Unit(COUNT), Field(ge=1, le=16)] = 1
    """Bits that flip."""


@register("modbus-duplicate", "duplicate", *REQUESTS)
class ModbusDuplicate(RequestFault):
    """Replies come several times."""

    changes: ClassVar = "Copies of a reply on the wire."
    expected: ClassVar = "A master should take the first, know the others by their transaction, and drop them."

    copies: Annotated[int, Unit(COUNT), Field(ge=2, le=100)] = 2
    """How often it comes."""


@register("modbus-reorder", "reorder", *REQUESTS)
class ModbusReorder(RequestFault):
    """A reply is kept back until the next one of its connection has gone; at the end it goes by itself."""

    on_lines: ClassVar = False
    changes: ClassVar = "Order of two replies of a connection."
    expected: ClassVar = (
        "A master should match replies by transaction, not by order, and drop one that comes after its time-out."
    )


@register("modbus-bytewise", "bytewise", *REQUESTS)
class ModbusBytewise(RequestFault):
    """Replies come byte by byte."""

    on_lines: ClassVar = False
    changes: ClassVar = "Segments of a reply: each byte is one."
    expected: ClassVar = "A master should gather bytes until the length of the header is there, and not take longer."

    interval: Pause = 0.001
    """Time between two bytes."""


@register("modbus-fragment", "fragment", *REQUESTS)
class ModbusFragment(RequestFault):
    """Replies come in pieces."""

    on_lines: ClassVar = False
    changes: ClassVar = "Segments of a reply."
    expected: ClassVar = "A master should gather pieces until the length of the header is there, or time out."

    size: Annotated[int, Unit(COUNT), Field(ge=1, le=260)] = 5
    """Bytes of a piece."""
    interval: Pause = 0.01
    """Time between two pieces."""


@register("modbus-word-swap", "word-swap", *REQUESTS)
class ModbusWordSwap(RequestFault):
    """The registers of a reply are exchanged in pairs, from the first that was asked for."""

    changes: ClassVar = "Word order of values of two registers; a last one without a partner stays."
    expected: ClassVar = "A master should find values beyond all limits implausible; none is told by the protocol."


@register("modbus-byte-swap", "byte-swap", *REQUESTS)
class ModbusByteSwap(RequestFault):
    """The bytes of each register of a reply are exchanged."""

    changes: ClassVar = "Byte order of registers."
    expected: ClassVar = "A master should find values beyond all limits implausible; none is told by the protocol."


@register("modbus-shift", "shift", *REQUESTS)
class ModbusShift(RequestFault):
    """The register map is shifted, as after an update of the device; reads and writes hit other addresses."""

    changes: ClassVar = "Addresses of requests: what stands so many addresses on is read and written."
    expected: ClassVar = (
        "A master should look at what identifies the device (model ids, constants) after each connect, and not write "
        "where that is not right."
    )

    by: Annotated[int, Unit(COUNT), Field(ge=-65535, le=65535)] = 1
    """What is added to each address."""

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """Refuse a map that is as it was."""
        if self.by == 0:
            raise FaultError("shift: by = 0: must not be 0, which changes nothing")
        return self


@register("modbus-freeze", "freeze", *REQUESTS)
class ModbusFreeze(RequestFault):
    """Readings stay as they were when the fault began, while the heartbeat goes on: a stuck process image."""

    changes: ClassVar = "Registers, coils and inputs that are read; writes are executed."
    expected: ClassVar = (
        "A master should not take a living heartbeat for living data: values that never move, and set points that "
        "show no effect, must alarm."
    )

    heartbeat: Literal["alive", "frozen"] = "alive"
    """Whether registers that show a heartbeat go on."""


@register("modbus-tear", "tear", *REQUESTS)
class ModbusTear(RequestFault):
    """Values of several registers are torn: every second register is of an earlier tick."""

    changes: ClassVar = "Registers that are read: the first, third and so on are up to 0.2 s older than the others."
    expected: ClassVar = (
        "A master should find single wild values of 32 bits implausible, and act only on what lasts for several reads."
    )


@register("modbus-restart", "restart", *PORTS)
class ModbusRestart(ModbusFault):
    """The device's interface restarts: its connections are reset, and it reads zeros until it knows values again."""

    changes: ClassVar = "Connections at the beginning; registers, coils and inputs while it lasts."
    expected: ClassVar = (
        "A master should reconnect, take zeros everywhere (scale factors, limits, identity) for 'not ready', and "
        "neither integrate them nor write its set points before the device is there again."
    )

    time: Annotated[float, Unit(TIME), Field(gt=0)] = 10.0
    """Time for which zeros are read."""

    @property
    def lasting(self) -> float:
        """Until it knows values again [s]."""
        return self.time


@register("modbus-reset", "reset", *REQUESTS)
class ModbusReset(RequestFault):
    """The connection is reset in place of a reply; the request is not executed."""

    on_lines: ClassVar = False
    changes: ClassVar = "A TCP reset when a request comes."
    expected: ClassVar = "A master should reconnect with growing pauses, and read back what it wanted to write."


@register("modbus-refuse", "refuse", *PORTS)
class ModbusRefuse(ModbusFault):
    """Nobody listens at the port: new connections are refused; those that are open go on."""

    on_lines: ClassVar = False
    changes: ClassVar = "The listening socket, with all maps that are served at its address."
    expected: ClassVar = "A master should try again with growing pauses, alarm, and fall back to safe set points."


@register("modbus-mute", "mute", *CONNECTIONS)
class ModbusMute(ModbusFault):
    """Connections that are opened meanwhile are accepted and never answered; those of before go on."""

    on_lines: ClassVar = False
    changes: ClassVar = "New connections: what comes is thrown away."
    expected: ClassVar = "A master should not take an open connection for a working one: time out, close, alarm."

    probability: Probability = 1.0
    """Share of the connections that is hit."""


@register("modbus-half-open", "half-open", *CONNECTIONS)
class ModbusHalfOpen(ModbusFault):
    """Connections that are open when it begins lose their other end: they stay dead, also after it; new ones work."""

    on_lines: ClassVar = False
    changes: ClassVar = "Open connections: what comes is thrown away, and no end is told."
    expected: ClassVar = "A master should find out by a time-out (or keepalive), close, and connect anew."

    probability: Probability = 1.0
    """Share of the connections that is hit."""


@register("modbus-connection-limit", "connection-limit", *PORTS)
class ModbusConnectionLimit(ModbusFault):
    """The device takes no more than so many connections; a further one is closed at once."""

    on_lines: ClassVar = False
    changes: ClassVar = "New connections; those that are open stay."
    expected: ClassVar = "A master should keep one connection, close what it does not need, and try again slowly."

    limit: Annotated[int, Unit(COUNT), Field(ge=0, le=65535)]
    """Most connections of the device."""
