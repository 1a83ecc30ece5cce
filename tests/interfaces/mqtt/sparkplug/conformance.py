"""A host application that checks what an edge node says against the rules of Sparkplug 3.0, by their identifiers."""

from dataclasses import dataclass, field

from bms_emulator.interfaces.mqtt.sparkplug.schema import DataType, Metric, Payload, decode

BIRTHS = ("NBIRTH", "DBIRTH")
DATA = ("NDATA", "DDATA")


@dataclass
class Checker:
    """Hears all messages of one edge node in their order.

    Attributes:
        broken: Rules that were broken, with the message that broke them.
        values: Values by device and metric name, as a host would show them; the node's device is empty.
        heard: Kind and device of every message.
    """

    group: str
    node: str
    broken: list[str] = field(default_factory=list)
    values: dict[str, dict[str, object]] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)
    births: dict[str, dict[str, Metric]] = field(default_factory=dict)
    bd_seq: int | None = None
    _aliases: dict[int, tuple[str, str]] = field(default_factory=dict)
    _seq: int | None = None
    _offline: bool = True

    def hear(self, topic: str, raw: bytes, retain: bool = False, qos: int | None = None) -> None:
        space, group, kind, node, *rest = topic.split("/")
        device = rest[0] if rest else ""
        about = f"{kind} {device}"
        payload = decode(raw)
        self._rule("topic-structure", (space, group, node) == ("spBv1.0", self.group, self.node), topic)
        self._rule("device-in-topic", bool(device) == kind.startswith("D"), topic)
        self._rule("payload-timestamp", payload.timestamp is not None, about)
        self._rule("never-retained", not retain, about)
        self._rule("qos-0-but-death-1", qos in (None, 1 if kind == "NDEATH" else 0), about)
        getattr(self, f"_{kind.lower()}")(device, payload, about)
        self.heard.append((kind, device))

    def _rule(self, name: str, holds: bool, about: str) -> None:
        if not holds:
            self.broken.append(f"{name}: {about}")

    def _count(self, payload: Payload, about: str) -> None:
        self._rule("payloads-sequence-num-always-included", payload.seq is not None, about)
        if self._seq is not None and payload.seq is not None:
            self._rule("payloads-sequence-num-incrementing", payload.seq == (self._seq + 1) % 256, about)
        self._seq = payload.seq

    def _born(self, device: str, payload: Payload, about: str) -> None:
        for name in [alias for alias, owner in self._aliases.items() if owner[0] == device]:
            del self._aliases[name]
        self.births[device], self.values[device] = {}, {}
        for metric in payload.metrics:
            one = f"{about} {metric.name}"
            self._rule("payloads-name-requirement", bool(metric.name), one)
            self._rule("payloads-name-birth-data-requirement", metric.timestamp is not None, one)
            self._rule("payloads-metric-datatype-req", metric.datatype in set(DataType), one)
            self._rule("metric-named-once", metric.name not in self.births[device], one)
            bare = metric.name in ("bdSeq", "Node Control/Rebirth")
            self._rule("payloads-alias-birth-requirement", (metric.alias is None) == bare, one)
            if metric.alias is not None:
                self._rule("payloads-alias-uniqueness", metric.alias not in self._aliases, one)
                self._aliases[metric.alias] = device, metric.name or ""
            self.births[device][metric.name or ""] = metric
            self.values[device][metric.name or ""] = metric.value

    def _nbirth(self, device: str, payload: Payload, about: str) -> None:
        self._rule("payloads-sequence-num-zero-nbirth", payload.seq == 0, about)
        self._seq = payload.seq
        self._aliases.clear()
        self.births.clear()
        self.values.clear()
        self._born(device, payload, about)
        own = self.births[""]
        bd_seq = own.get("bdSeq", Metric())
        self._rule("payloads-nbirth-bdseq", bd_seq.datatype == DataType.INT64, about)
        rebirth = own.get("Node Control/Rebirth", Metric())
        self._rule("payloads-nbirth-rebirth-req", (rebirth.datatype, rebirth.value) == (DataType.BOOLEAN, False), about)
        if self.bd_seq is not None:
            wanted = (self.bd_seq + 1) % 256 if self._offline else self.bd_seq
            self._rule("bdseq-counts-connections", bd_seq.value == wanted, about)
        self.bd_seq = bd_seq.value
        self._offline = False

    def _dbirth(self, device: str, payload: Payload, about: str) -> None:
        self._rule("message-flow-device-birth-publish-nbirth-wait", not self._offline, about)
        self._count(payload, about)
        self._born(device, payload, about)

    def _changed(self, device: str, payload: Payload, about: str) -> None:
        self._rule("births-before-data", not self._offline and device in self.births, about)
        self._count(payload, about)
        self._rule("data-tells-something", bool(payload.metrics), about)
        for metric in payload.metrics:
            one = f"{about} {metric.alias}"
            self._rule("payloads-alias-data-cmd-requirement", metric.name is None and metric.alias is not None, one)
            self._rule("payloads-metric-datatype-not-req", metric.datatype is None, one)
            self._rule("payloads-name-birth-data-requirement", metric.timestamp is not None, one)
            owner, name = self._aliases.get(metric.alias or -1, ("?", "?"))
            self._rule("alias-was-born", owner == device, one)
            if owner == device:
                changed = metric.value != self.values[device][name]
                self._rule("operational-behavior-data-publish-change", changed, f"{one} {name}")
                self.values[device][name] = metric.value

    _ndata = _ddata = _changed

    def _ddeath(self, device: str, payload: Payload, about: str) -> None:
        self._rule("death-of-the-living", device in self.births, about)
        self._count(payload, about)
        self.births.pop(device, None)

    def _ndeath(self, _device: str, payload: Payload, about: str) -> None:
        self._rule("payloads-ndeath-seq", payload.seq is None, about)
        names = [metric.name for metric in payload.metrics]
        self._rule("payloads-ndeath-bdseq", names == ["bdSeq"], about)
        if self.bd_seq is not None:
            self._rule("ndeath-bdseq-is-that-of-the-birth", payload.metrics[0].value == self.bd_seq, about)
        self._offline = True
        self.births.clear()
