"""Limits of a rack: over cell voltage, temperature and charge, how fast they rise, and that they are kept."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import connect, order
from hil.protections import CABINET, ROWS, SENSORS, SPECIFIED, beside, hold

pytestmark = pytest.mark.settings({**CABINET, "initial.soc_percent": 50})

LIMITS = SPECIFIED.limits
SETTLED = 20.0
"""Time after which the ramp of limits is over [s]."""
CHARGED_AT = (4.0, 7.5, 12.5, 25.0, 47.0)
DISCHARGED_AT = (-15.0, -5.0, 25.0, 47.0)
COOLANT_MAX = LIMITS.coolant_degc[0] - 2.0
"""Below the temperature at which hot coolant derates [°C]."""


def along(value: float, places: Sequence[float], values: Sequence[float]) -> float:
    """Value of a table between its places, and at its ends beyond them."""
    if value <= places[0]:
        return values[0]
    for (low, at_low), (high, at_high) in pairwise(zip(places, values, strict=True)):
        if value <= high:
            return at_low + (at_high - at_low) * (value - low) / (high - low)
    return values[-1]


def over_temperature(rig: Rig, direction: str, degc: float) -> float:
    """Limit that the temperature map allows, derated where an alarm warns [A]."""
    rack = rig.site.container.rack
    table = f"{direction}_temperature"
    rate = along(degc, getattr(LIMITS, f"{table}_degc"), getattr(LIMITS, f"{table}_c_rate"))
    warns = any(
        row.set[0] is not None and (degc >= row.set[0] if row.when == "above" else degc <= row.set[0])
        for row in (ROWS[f"overtemperature_{direction}"], ROWS[f"undertemperature_{direction}"])
    )
    most = min(rack.rated_current_a, rate * rack.pack.cell.rated_capacity_ah)
    return most * (LIMITS.warning_factor if warns else 1.0)


def _at(direction: str, degc: float) -> object:
    """Parameters with a start near their temperature, and coolant that is not too hot to cool."""
    return pytest.param(
        direction, degc, marks=pytest.mark.settings({"initial.temperature_degc": min(degc, COOLANT_MAX)})
    )


@pytest.mark.requirement("LIM-2")
@pytest.mark.parametrize(
    ("direction", "degc"), [*map(_at, ["charge"] * 5, CHARGED_AT), *map(_at, ["discharge"] * 4, DISCHARGED_AT)]
)
def test_limits_follow_the_temperature_map(rig: Rig, direction: str, degc: float) -> None:
    """At a temperature the limit of each direction is what the map allows, times the derating of a warning."""
    hold(rig, degc + 273.15, SENSORS, unit="K")
    connect(rig)
    wanted = over_temperature(rig, direction, degc)
    rig.run(SETTLED)
    rig.expect(f"rack[1].{direction}_current_limit", equals=f"{wanted}A", tolerance="1A", within="5s", hold="10s")
    rig.expect("rack[1].mode", equals="connected")


@pytest.mark.requirement("LIM-1")
@pytest.mark.parametrize(
    ("direction", "share"), [(each, share) for each in ("charge", "discharge") for share in (0.0, 0.25, 0.5, 1.0)]
)
def test_limits_taper_towards_the_end_voltages(rig: Rig, direction: str, share: float) -> None:
    """Between start and end of the taper the limit falls linearly with the extreme cell, to 0 at the end."""
    connect(rig)
    rig.run(1.0)
    start, end = getattr(LIMITS, f"{direction}_voltage_v")
    beside(-0.1 if direction == "charge" else 0.1)(rig, start + (end - start) * (1.0 - share))
    rig.run(SETTLED)
    wanted = share * rig.site.container.rack.rated_current_a
    rig.expect(f"rack[1].{direction}_current_limit", equals=f"{wanted}A", tolerance="4A", within="5s", hold="10s")
    rig.expect("rack[1].alarm_level", equals=0)


@pytest.mark.requirement("LIM-1")
@pytest.mark.parametrize(("direction", "point", "sign"), [("charge", "max", 1.0), ("discharge", "min", -1.0)])
def test_limits_taper_towards_a_reserve_of_charge(rig: Rig, direction: str, point: str, sign: float) -> None:
    """Half a taper before the reserve half the limit is left; at the reserve, nothing, the other way all is free."""
    connect(rig)
    rig.run(SETTLED)
    rated, soc = rig.site.container.rack.rated_current_a, rig.get("rack[1].soc")
    limit = f"rack[1].{direction}_current_limit"
    rig.nothing_else_trips()
    rig.write({f"soc_reserve_{point}": soc + sign * LIMITS.soc_taper / 2.0})
    rig.expect(limit, equals=f"{rated / 2}A", tolerance="2A", within="1s", hold="5s")
    rig.write({f"soc_reserve_{point}": soc})
    rig.expect(limit, at_most="1A", within="1s", hold="5s")
    other = "discharge" if direction == "charge" else "charge"
    rig.expect(f"rack[1].{other}_current_limit", equals=f"{rated}A", tolerance="1A")


@pytest.mark.requirement("LIM-1")
def test_a_limit_falls_at_once_and_rises_along_its_ramp(rig: Rig) -> None:
    """A limit that falls does so in half a second; when its cause has gone it rises by the ramp of the profile."""
    connect(rig)
    rig.run(SETTLED)
    rated = rig.site.container.rack.rated_current_a
    soc, limit = rig.get("rack[1].soc"), "rack[1].charge_current_limit"
    rig.precondition(limit, equals=f"{rated}A", tolerance="1A")
    rig.write({"soc_reserve_max": soc - 0.005})
    rig.expect(limit, at_most="0A", within="0.5s", hold="2s")
    rig.write({"soc_reserve_max": 1.0})
    whole = 100.0 / LIMITS.ramp_percent_per_s
    rig.expect(limit, at_least=f"{rated / 2}A", after=0.5 * whole - 0.3, within=0.5 * whole + 0.5)
    rig.expect(limit, at_least=f"{rated - 0.5}A", after=0.5 * whole - 0.6, within=0.5 * whole + 0.5)


@pytest.mark.requirement("LIM-3")
@pytest.mark.parametrize(("direction", "sign"), [("charge", -1.0), ("discharge", 1.0)])
def test_the_power_stays_within_the_limit_whatever_is_asked_for(rig: Rig, direction: str, sign: float) -> None:
    """With the PCS asked for all that it can, the current of the rack follows its limit down, within 5 % of it."""
    connect(rig)
    order(rig, sign * 120e3)
    rig.precondition("pcs[1].power", equals=sign * 120e3, tolerance="3kW", within="60s", hold="2s")
    rig.nothing_else_trips()
    soc = rig.get("rack[1].soc")
    rig.write({f"soc_reserve_{'max' if sign < 0.0 else 'min'}": soc - sign * LIMITS.soc_taper / 4.0})
    rig.run(5.0)
    limit = rig.get(f"rack[1].{direction}_current_limit")
    rig.verify("the limit is below what is asked for", 10.0 < limit < 60.0, f"it is {limit:.1f} A")
    most = (f"{-1.05 * limit}A", "1A") if sign < 0.0 else ("-1A", f"{1.05 * limit}A")
    rig.expect("rack[1].current", between=most, always="20s")
    rig.expect("rack[1].current", at_least="8A", within="1s") if sign > 0.0 else rig.expect(
        "rack[1].current", at_most="-8A", within="1s"
    )


@pytest.mark.requirement("LIM-1", "LIM-3")
@pytest.mark.settings({"initial.soc_percent": 97})
def test_a_charge_to_full_ends_by_the_limit_and_not_by_an_alarm(rig: Rig, faults: Faults) -> None:
    """Charged at full power to the end, the rack takes less and less, and no cell reaches its first threshold."""
    connect(rig)
    order(rig, -120e3)
    rig.precondition("pcs[1].power", below="-100kW", within="60s")
    rig.nothing_else_trips()
    highest = ROWS["cell_overvoltage"].set[0]
    rig.watch("plant.rack[1].cell[*].voltage", below=f"{highest}V", always="end")
    rig.expect("rack[1].charge_current_limit", below="9A", within="1200s")
    rig.expect("rack[1].mode", equals="connected")
    rig.expect("rack[1].soc", above="98%")
