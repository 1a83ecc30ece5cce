"""The page of alarms: the signals, the rows of the firmware profiles, and where SunSpec shows them."""

from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.profile.alarm import AlarmRow
from bms_emulator.profile.firmware import FirmwareProfile
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import load_profile, load_site
from bms_emulator.profile.signals import SIGNALS
from generator import markdown
from generator.markdown import code, number, table

SITE = "demo"
MAP = "sunspec-battery"

INTRODUCTION = """
The alarm rows of the firmware profiles that are shipped; a profile of your own may change them. Points of an alarm of a
rack: `container[1].rack[n].alarm[<id>].level`, 0 to 3, and `.source`, `.first_time`, `.last_time`, `.count`; of an
alarm of the container: `container[1].alarm[<id>].level` and so on. The source counts from 1 and is a cell, pack or
contactor of the rack, or a rack of the container; 0 is the rack or the container itself.

Each level sets when its value has been reached for its time, and clears when the signal has been back at its clearing
value for the clearing time; between the two it holds. A signal that is invalid neither sets nor clears. A level that
latches stands until its clearing time has passed and a master has reset it: a reset that comes within the clearing time
waits for its end, and is forgotten if the cause comes back; a reset while the cause lasts is in vain.

| action | what follows |
| --- | --- |
| none | it is shown and logged |
| derate | limits of the directions concerned times `limits.warning_factor` = {factor} |
| stop | limits of the directions concerned fall to 0 |
| open | the rack opens as soon as its current is gone, or the wait for that is over |
| emergency | the rack opens at once |
| lock | the rack opens and stays locked; only a service reset ends it |

What an alarm of the container does, it does to all of its racks. A third level with *while charging* or *while
discharging* sets only while such a current flows. Currents are relative to the rack's rated current ({current} A
here), ages to the permitted age (voltage {voltage_age} s, current {current_age} s, temperature {temperature_age} s); an
invalid channel ages from the moment it became invalid. Insulation is relative to the highest operating voltage
({voltage} V here).
"""

NOTE = (
    "A level reads: set value for set time / clearing value for clearing time: action; *latched* where it takes a "
    "reset. An event bit of SunSpec is set from the level behind it on; besides these, bit 20 of Evt1 is set where a "
    "contactor did not follow its command."
)


def page() -> str:
    """The page."""
    site = load_site(SITE)
    firmware, ages = site.firmware, site.firmware.measurement_age
    about = INTRODUCTION.format(
        factor=number(firmware.limits.warning_factor),
        current=number(site.container.rack.rated_current_a),
        voltage=number(site.container.operating_voltage_max_v),
        voltage_age=number(ages.voltage_s),
        current_age=number(ages.current_s),
        temperature_age=number(ages.temperature_s),
    )
    signals = table(
        ("signal", "source", "unit", "what it is"),
        [(code(name), signal.scope, signal.unit.value.symbol, signal.doc) for name, signal in SIGNALS.items()],
    )
    return markdown.page("Alarms", about, "## Signals", signals, *_sets())


def _sets() -> list[str]:
    """A section to each shipped profile, the default one first."""
    parts = []
    names = sorted(Folders((shipped_folder(),)).list("firmware"), key=lambda name: (name != "default", name))
    for name in names:
        profile = load_profile("firmware", name)
        assert isinstance(profile, FirmwareProfile)
        note = (NOTE,) if name == "default" else ()
        for title, rows in (("alarms of a rack", profile.rack_alarms), ("of a container", profile.container_alarms)):
            parts += [f"## Profile {code(name)}: {title}"]
            parts += [profile.description, *note] if rows is profile.rack_alarms else []
            parts.append(_rows(rows))
    return parts


def _rows(rows: tuple[AlarmRow, ...]) -> str:
    bits = _bits()
    columns = ("alarm", "signal", "level 1", "level 2", "level 3", "blocks", "SunSpec Evt1 bits")
    return table(
        columns,
        [
            (
                code(row.id),
                f"{code(row.signal)} {row.when}",
                *(_level(row, n) for n in range(3)),
                row.blocks,
                ", ".join(bits.get(row.id, [])) or "none",
            )
            for row in rows
        ],
    )


def _level(row: AlarmRow, n: int) -> str:
    level, clear = row.set[n], row.clear[n]
    if level is None or clear is None:
        return ""
    unit = row.watched.unit.value.symbol
    value, back = f"{number(level)} {unit}".strip(), f"{number(clear)} {unit}".strip()
    times = number(row.set_s[n] or 0.0), number(row.clear_s[n] or 0.0)
    latched = ", latched" if row.latch[n] else ""
    only = f", while {row.trips_while}" if n == 2 and row.trips_while != "always" else ""
    return f"{value} for {times[0]} s / {back} for {times[1]} s: {row.action[n]}{latched}{only}"


def _bits() -> dict[str, list[str]]:
    """Event bits by alarm, each with the level from which on it is set."""
    found: dict[str, list[str]] = {}
    for bit, conditions in load_map(MAP).registers.conditions["bank_events"].items():
        for condition in conditions:
            if "alarm[" in condition.point:
                alarm = condition.point.partition("[")[2].partition("]")[0]
                level = 1.0 if condition.at_least is None else condition.at_least
                found.setdefault(alarm, []).append(f"{bit} (level {number(level)})")
    return found
