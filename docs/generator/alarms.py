"""The page of alarms: the rows of the firmware profile and where SunSpec shows them."""

from bms_emulator.interfaces.modbus.load import load_map
from bms_emulator.profile.firmware import AlarmRow
from bms_emulator.profile.loader import load_site
from generator import markdown
from generator.markdown import code, number, table

SITE = "demo"
MAP = "sunspec-battery"
UNITS = {"v": "V", "degc": "°C", "k": "K", "ratio": ""}

INTRODUCTION = """
The alarm rows of the firmware profile `{profile}`, which a profile of your own may change. Point:
`container[1].rack[n].alarm[<id>].level`, 0 to 3. Each level sets when its value has been exceeded for its time, and
clears when the signal has been back at its clearing value for the clearing time; between the two it holds. A signal
that is invalid neither sets nor clears.

| level | what follows |
| --- | --- |
| 1 | limits of the direction times `limits.warning_factor` = {factor} |
| 2 | limit of the direction falls to 0 |
| 3 | the rack opens at once; latched until the clearing time has passed and a master writes `alarm_reset` |

Low temperature reaches level 3 only while current flows in the direction concerned. Currents are relative to the
rack's rated current ({current} A here), ages to the permitted age (voltage {voltage_age} s, current {current_age} s,
temperature {temperature_age} s); an invalid channel ages from the moment it became invalid.
"""


def page() -> str:
    """The page."""
    site = load_site(SITE)
    firmware, ages = site.firmware, site.firmware.measurement_age
    about = INTRODUCTION.format(
        profile=firmware.name,
        factor=number(firmware.limits.warning_factor),
        current=number(site.container.rack.rated_current_a),
        voltage_age=number(ages.voltage_s),
        current_age=number(ages.current_s),
        temperature_age=number(ages.temperature_s),
    )
    bits = _bits()
    columns = ("alarm", "signal", "level 1", "level 2", "level 3", "blocks", "SunSpec Evt1 bits")
    rows = [
        (
            code(row.id),
            f"{code(row.signal)} {row.when}",
            *(_level(row, n) for n in range(3)),
            row.blocks,
            ", ".join(bits.get(row.id, [])) or "none",
        )
        for row in firmware.alarms
    ]
    note = (
        "A level reads: set value for set time / clearing value for clearing time. An event bit is set from the level "
        "behind it on. Besides these, bit 20 of Evt1 is set where a contactor did not follow its command."
    )
    return markdown.page("Alarms", about, "## Rows", note, table(columns, rows))


def _level(row: AlarmRow, n: int) -> str:
    unit = UNITS[row.signal.rsplit("_", 1)[-1]]
    value = f"{number(row.set[n])} {unit}".strip()
    back = f"{number(row.clear[n])} {unit}".strip()
    return f"{value} for {number(row.set_s[n])} s / {back} for {number(row.clear_s[n])} s"


def _bits() -> dict[str, list[str]]:
    """Event bits by alarm, each with the level from which on it is set."""
    found: dict[str, list[str]] = {}
    for bit, conditions in load_map(MAP).registers.conditions["events"].items():
        for condition in conditions:
            if ".alarm[" in condition.point:
                alarm = condition.point.partition("[")[2].partition("]")[0]
                found.setdefault(alarm, []).append(f"{bit} (level {number(condition.at_least)})")
    return found
