"""The page of a register map: where it listens, how to try it, what can be written, addresses, enumerations, bits."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from bms_emulator.interfaces.modbus.layout import PlacedUnit
from bms_emulator.interfaces.modbus.load import KIND, LoadedMap, load_map
from bms_emulator.interfaces.modbus.map import Bits, Condition, RegisterMap
from bms_emulator.interfaces.modbus.placing import place
from bms_emulator.interfaces.modbus.table import Entry, columns, entries
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.folders import Folders
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import ModbusDevice, SiteProfile
from generator import map_examples, markdown
from generator.markdown import code, number, table

PREFERRED = ("demo", "full-container")
"""Sites whose addresses a page shows, if they serve the map; else the first one that does."""
NOT_PRINTED = ("unit", "values", "description")
"""Columns of the table that a page has no room for, or shows elsewhere."""

INTRODUCTION = """
{description}

{conventions}

| | |
| --- | --- |
| compatible with | {compatible} |
| source of the addresses | {source} |
| functions | {functions} |
| values of several registers | {order} word first |
| registers in one read | {read_limit} at most |
| unit ids that mean the first unit | {any_unit} |
| a unit id that is not there | {unknown} |
| a master is there as long as | {heartbeat} |
"""
ADDRESSES = """
Addresses are those of the site `{site}` as they stand on the wire, counted from 0. Value = register * `scale`, and plus
the number behind it where there is one; `scale` may name a scale-factor register (10^factor). `in` is the unit of the
value. A point written `-soc` has the opposite sign in the register. A row that repeats stands once, with the registers
from one repetition to the next; `unit id` means that each repetition answers on a unit id, or a port, of its own.
`not implemented` reads as the type's value for that; so does a measurement that is invalid.

The same as a table, CSV or JSON, with what each row means: `bms-emulator map show {name} --site {site} --csv`.
"""
WRITING = """
Functions {functions} write. A write takes effect at one tick, all registers of a request together or none of them; its
answer comes when that is done, so a read-back shows it. `kept` is a register that shows what was written last. What
cannot be written answers exception 02, a value that is not allowed 03.
"""
INDEX = """
What each device answers at which address. Which of them an EMS wants: [Point your EMS at
it](../how-to/point-your-ems-at-it.md). A map of your own: [Describe your own
device](../how-to/describe-your-own-device.md). How the server behaves: [The Modbus
server](../explanation/modbus-server.md).
"""
READ_FUNCTIONS = {"coil": "1", "discrete_input": "2", "holding": "3", "input": "4"}
WRITE_FUNCTIONS = {"coil": ("5", "15"), "holding": ("6", "16", "22", "23")}


class _Unit(NamedTuple):
    """Rows of a unit of the map, of all of its repetitions."""

    placed: PlacedUnit
    rows: list[Entry]


def names() -> list[str]:
    """All maps that are shipped."""
    return list(Folders.default().list(KIND))


def index() -> str:
    """The page that lists all maps."""
    rows = []
    for name in names():
        registers = load_map(name).registers
        sites = ", ".join(code(site) for site in dict.fromkeys(site for site, _ in _served(name)))
        rows.append((f"[{name}](registers-{name}.md)", registers.description, sites))
    return markdown.page("Register maps", INDEX, table(("map", "device", "sites that serve it"), rows))


def page(name: str) -> str:
    """The page of a map."""
    loaded = load_map(name)
    registers = loaded.registers
    served = _served(name)
    site = load_site(served[0][0])
    catalogue = Catalogue(site)
    placed = place(registers, site.container)
    units = [_Unit(unit, list(entries((unit,), served[0][1].unit, catalogue))) for unit in placed]
    rows = [row for unit in units for row in unit.rows]
    parts = [
        _introduction(loaded, rows),
        "## Where it listens",
        table(("site", "where", "shows"), _places(registers, served)),
        "## Try it",
        _example(registers, site, served[0][1], units),
        *_writing(rows),
        "## Addresses",
        ADDRESSES.format(name=name, site=site.name),
        *_addresses(units, served[0][1], registers),
    ]
    named = _enumerations(rows)
    if named:
        parts += ["## Enumerations", table(("register", "shows", "values"), named)]
    parts += _bitfields(registers, placed)
    return markdown.page(f"Register map {name}", *parts)


@cache
def _sites() -> dict[str, SiteProfile]:
    order = sorted(Folders.default().list("sites"), key=lambda name: (name not in PREFERRED, name))
    return {name: load_site(name) for name in order}


def _served(name: str) -> list[tuple[str, ModbusDevice]]:
    """Devices of sites that show a map, by the name of the site."""
    found = [(site, d) for site, profile in _sites().items() for _, d in profile.each_modbus_device() if d.map == name]
    wanted = map_examples.SITES.get(name)
    return sorted(found, key=lambda pair: pair[0] != wanted) or [("demo", ModbusDevice(map=name))]


def _introduction(loaded: LoadedMap, rows: list[Entry]) -> str:
    registers = loaded.registers
    tables = dict.fromkeys(name for row in rows for name in row.tables)
    written = {name for row in rows if row.access != "r" for name in row.tables}
    functions = [READ_FUNCTIONS[name] for name in sorted(tables, key=READ_FUNCTIONS.__getitem__)]
    functions += [number for name, numbers in WRITE_FUNCTIONS.items() if name in written for number in numbers]
    return INTRODUCTION.format(
        description=registers.description,
        conventions=_conventions(loaded),
        compatible=registers.compatible_with,
        source=registers.source,
        functions=", ".join([*functions, "43/14"]),
        order={"big": "most significant", "little": "least significant"}[registers.word_order],
        read_limit=registers.read_limit,
        any_unit=", ".join(map(str, registers.any_unit)) or "none",
        unknown={"refuse": "exception 0B", "silent": "is not answered"}[registers.unknown_unit],
        heartbeat=_heartbeat(registers, rows),
    )


def _heartbeat(registers: RegisterMap, rows: list[Entry]) -> str:
    if registers.heartbeat == "traffic":
        return "it asks anything at all"
    beats = dict.fromkeys(code(row.name) for row in rows if "heartbeat_master" in row.shows)
    return (
        f"it changes {' or '.join(beats)}, once it has begun to" if beats else "nobody is missed: it has no heartbeat"
    )


def _conventions(loaded: LoadedMap) -> str:
    """The comment at the head of a map, which tells its signs and habits: before the identity, one sentence a line."""
    path = Folders.default().list(KIND)[loaded.registers.name].path
    lines = path.read_text(encoding="utf-8").partition("\nidentity:")[0].splitlines()
    return "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# ") and "$schema" not in line)


def _places(registers: RegisterMap, served: list[tuple[str, ModbusDevice]]) -> Iterator[tuple[str, str, str]]:
    """Site, address with unit ids, and what is there; devices of a site that differ in the container stand once."""
    many = Counter(site for site, _ in served)
    first = dict(reversed(served))
    for name, device in ((name, first[name]) for name in dict.fromkeys(name for name, _ in served)):
        site = _sites()[name]
        more = f", and {many[name] - 1} more" if many[name] > 1 else ""
        for unit in place(registers, site.container):
            yield code(name), _address(site, device, unit) + more, unit.unit.name + _each(unit)


def _each(unit: PlacedUnit) -> str:
    return f", one for each {unit.unit.over}" if unit.unit.over else ""


def _address(site: SiteProfile, device: ModbusDevice, placed: PlacedUnit) -> str:
    unit = placed.unit
    first, port = device.unit + unit.offset, device.port + unit.port_offset
    ports = f"{port}" if unit.by == "unit" or placed.count == 1 else f"{port} to {port + placed.count - 1}"
    last = first + placed.count - 1 if unit.by == "unit" else first
    ids = f"unit {first}" if last == first else f"units {first} to {last}"
    return f"`{device.host or site.modbus.host}:{ports}`, {ids}"


def _example(registers: RegisterMap, site: SiteProfile, device: ModbusDevice, units: list[_Unit]) -> str:
    told = map_examples.EXAMPLES.get(registers.name)
    if told is not None:
        return told
    row = next((row for unit in units for row in unit.rows if row.type == "u16" and not row.shows.isdecimal()), None)
    if row is None:
        return f"`bms-emulator run {site.name}` serves it."
    kind = {"holding": "4", "input": "3", "discrete_input": "1", "coil": "0"}[row.tables[0]]
    host = device.host or site.modbus.host
    return "\n".join(
        (
            "```",
            f"$ bms-emulator run {site.name}",
            f"$ mbpoll -m tcp -p {device.port} -a {row.unit} -0 -t {kind} -r {row.address} -1 {host}",
            "```",
        )
    )


def _writing(rows: list[Entry]) -> Iterator[str]:
    written = [row for row in rows if row.access != "r"]
    yield "## What a master may write"
    if not written:
        yield "Nothing: it has no register that can be written."
        return
    tables = [name for name in WRITE_FUNCTIONS if any(name in row.tables for row in written)]
    yield WRITING.format(functions=", ".join(number for name in tables for number in WRITE_FUNCTIONS[name]))
    yield table(
        ("address", "hex", "name", "type", "access", "what a write does"),
        ((*_where(row), row.name, row.cells()["type"], row.access, _effect(row)) for row in written),
    )


def _where(row: Entry) -> tuple[str, str]:
    cells = row.cells()
    return cells["address"], cells["hex"]


def _effect(row: Entry) -> str:
    told = ", ".join(f"{raw} = {meaning}" for raw, meaning in row.values.items())
    return f"`{row.shows}`" + (f" ({told})" if told else "") + (f": {row.description}" if row.description else "")


def _addresses(units: list[_Unit], device: ModbusDevice, registers: RegisterMap) -> Iterator[str]:
    for placed, rows in units:
        if len(units) > 1:
            yield f"### Unit {device.unit + placed.unit.offset}: {placed.unit.name}{_each(placed)}"
        head, lines = columns(rows)
        kept = [n for n, column in enumerate(head) if column not in NOT_PRINTED]
        yield table([head[n] for n in kept], ([line[n] for n in kept] for line in lines))


def _enumerations(rows: list[Entry]) -> list[tuple[str, str, str]]:
    """Register, point and values of every row that shows an enumeration; rows alike stand once."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.values:
            values = ", ".join(f"{raw} = {meaning}" for raw, meaning in row.values.items())
            registers = found.setdefault((code(row.shows), values), [])
            if row.name not in registers:
                registers.append(row.name)
    return [(", ".join(named), shows, values) for (shows, values), named in found.items()]


def _bitfields(registers: RegisterMap, units: tuple[PlacedUnit, ...]) -> Iterator[str]:
    """Conditions by bit: those with a name, then those that stand with their row."""
    own = {
        f"{spot.block}, {spot.row.name}": spot.row.bits
        for unit in units
        for spot in unit.places
        if isinstance(spot.row.bits, dict)
    }
    for name, bits in {**registers.conditions, **own}.items():
        yield f"## Bits: {name}"
        yield table(("bit", "mask", "set when"), _bit_rows(bits))


def _bit_rows(bits: Bits) -> Iterator[tuple[int, str, str]]:
    for bit, conditions in bits.items():
        yield bit, f"0x{1 << bit:X}", " or ".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    point = code(condition.point)
    if condition.equals is not None:
        return f"{point} is {condition.equals}"
    if condition.has is not None:
        return f"{point} has {condition.has}"
    if condition.at_least is not None and condition.at_most is not None:
        return f"{point} is from {number(condition.at_least)} to {number(condition.at_most)}"
    if condition.at_most is not None:
        return f"{point} is {number(condition.at_most)} or less"
    return f"{point} is {number(1.0 if condition.at_least is None else condition.at_least)} or more"
