"""Faults of MQTT: the connection of the emulator to its broker, and the messages that it publishes.

Where several hit one message, they act in this order: loss, stale, wrong identity, oversized, malformed,
duplicate, slow, order.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from bms_emulator.faults.kind import LinkFault, register
from bms_emulator.faults.link import Probability
from bms_emulator.faults.quantity import COUNT, TIME, Unit
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.target import MQTT, Hits
from bms_emulator.profile.site import SiteProfile

SIZE_MAX = 250_000
"""Longest message that the embedded broker passes on, with room for its header [byte]."""


class MqttFault(LinkFault):
    """A fault of MQTT."""

    def bend(self, strength: float) -> dict[str, Any]:
        """Its settings."""
        return {"wire": self.model_dump() if strength > 0.0 else None}


class MessageFault(MqttFault):
    """A fault that hits messages by chance: state, cells, events, answers, discovery, data of Sparkplug."""

    probability: Probability = 1.0
    """Share of the messages that is hit."""


@register("mqtt-broker-down", "broker-down", MQTT)
class BrokerDown(MqttFault):
    """The embedded broker is gone: all clients lose their connections, and nobody listens at its port."""

    changes: ClassVar = "Port and connections of the embedded broker; what it has retained stays."
    expected: ClassVar = "A client should connect again with growing pauses, and take nothing that it knew for present."

    def fit(self, site: SiteProfile, hits: Hits) -> Self:
        """Refuse a broker that is not ours."""
        if site.mqtt.broker != "embedded":
            raise FaultError(
                f"broker-down: the broker is another program, {site.mqtt.broker}; stop it there, or use disconnect"
            )
        return self


@register("mqtt-disconnect", "disconnect", MQTT)
class Disconnect(MqttFault):
    """The emulator loses its connection to the broker, and does not come back before the fault is over."""

    changes: ClassVar = "The connection, which breaks without a farewell: the broker tells the last will at once."
    expected: ClassVar = (
        "A client should see 'offline' (or the death), treat all values as old, and take up again with the birth."
    )


@register("mqtt-late-will", "late-will", MQTT)
class LateWill(MqttFault):
    """The emulator hangs with its connection open: the broker tells the last will only when its patience is over."""

    changes: ClassVar = (
        "Nothing is sent, no ping either; after one and a half keepalives the broker ends the connection."
    )
    expected: ClassVar = "A client should find old values by their time, and not rely on the last will alone."


@register("mqtt-loss", "loss", MQTT)
class Loss(MessageFault):
    """Messages are lost before they leave."""

    changes: ClassVar = "Messages that are published."
    expected: ClassVar = "A client should find a gap in ticks, or in the sequence of events, and say that it has one."


@register("mqtt-duplicate", "duplicate", MQTT)
class Duplicate(MessageFault):
    """Messages come several times."""

    changes: ClassVar = "Copies of a message."
    expected: ClassVar = "A client should know an event by its sequence, an answer by its id, and take each once."

    copies: Annotated[int, Unit(COUNT), Field(ge=2, le=100)] = 2
    """How often it comes."""


@register("mqtt-reorder", "reorder", MQTT)
class Reorder(MessageFault):
    """A message is kept back until the next one has gone; at the end it goes with the next."""

    changes: ClassVar = "Order of two messages."
    expected: ClassVar = "A client should order by tick and sequence, and not let an older value replace a newer one."


@register("mqtt-stale", "stale", MQTT)
class Stale(MessageFault):
    """Messages are repeated as they were when the fault began, retained as before: old values in a new envelope."""

    changes: ClassVar = "Payload of retained messages, with tick and time of then."
    expected: ClassVar = "A client should look at tick and time in the payload, and not at the time of arrival."


@register("mqtt-malformed", "malformed", MQTT)
class Malformed(MessageFault):
    """The payload of messages is none that can be read."""

    changes: ClassVar = "Payload: cut in the middle, empty, bytes that are no text, or JSON of another shape."
    expected: ClassVar = (
        "A client should drop the message, count it, keep its connection and its last good value as old."
    )

    form: Literal["cut", "empty", "binary", "shape"] = "cut"
    """What the payload becomes."""


@register("mqtt-oversized", "oversized", MQTT)
class Oversized(MessageFault):
    """Messages are far longer than usual; what they say is still there."""

    changes: ClassVar = "Length of the payload, with blanks in front."
    expected: ClassVar = "A client should bound what it takes, drop the rest, and not fail for lack of memory."

    size: Annotated[int, Unit(COUNT), Field(ge=1, le=SIZE_MAX)] = 100_000
    """Length of the payload [byte]; a longer one stays as it is."""


@register("mqtt-wrong-identity", "wrong-identity", MQTT)
class WrongIdentity(MessageFault):
    """Messages come under the name of another site: the own name with ``-other`` behind it."""

    changes: ClassVar = "Topic of messages below that of the site; those of Home Assistant and Sparkplug stay."
    expected: ClassVar = (
        "A client should take orders and values from devices that it knows only, and tell of strangers."
    )


@register("mqtt-slow", "slow", MQTT)
class Slow(MessageFault):
    """Each message takes its time to leave, one after the other."""

    changes: ClassVar = "Time between two messages [s]; a round of state messages takes so much longer."
    expected: ClassVar = "A client should find values old by their time, and not take a slow stream for a dead one."

    time: Annotated[float, Unit(TIME), Field(gt=0, le=60)] = 0.1
    """How long a message takes."""
