"""What the batteries of a site are to do: peak shaving, charging at night and from the sun, within what they permit."""

from collections.abc import Sequence
from dataclasses import dataclass

from hil.ems.units import HOUR


@dataclass(frozen=True)
class Plan:
    """What the site wants.

    Attributes:
        import_limit: Most power to take from the grid [W].
        margin: Distance that is kept from it [W].
        soc_min: Lowest state of charge [1].
        soc_max: Highest state of charge [1].
        night: Hours of the day between which the batteries charge from the grid; the first may be the larger one.
        night_soc: To which state of charge they do [1].
        ramp: Change of a battery's power, relative to its rating [1/s].
        limit_share: Share of a BMS's limit that is used [1].
        chiller_share: Share of rated power while a container's chiller stands still [1].
        temperature_max: Cell temperature above which a container gets none [K].
    """

    import_limit: float
    margin: float
    soc_min: float = 0.10
    soc_max: float = 0.90
    night: tuple[float, float] = (22.0, 6.0)
    night_soc: float = 0.90
    ramp: float = 0.05
    limit_share: float = 0.98
    chiller_share: float = 0.3
    temperature_max: float = 318.15


@dataclass(frozen=True)
class Share:
    """What one battery can do.

    Attributes:
        charge: Largest charge power [W].
        discharge: Largest discharge power [W].
        energy: What it can give down to the lowest state of charge [J].
        room: What it can take up to the highest state of charge [J].
    """

    charge: float
    discharge: float
    energy: float
    room: float


def is_night(plan: Plan, time_of_day: float) -> bool:
    """Whether the batteries charge from the grid at a time of day [s]."""
    begin, end = (hour * HOUR for hour in plan.night)
    return begin <= time_of_day < end if begin <= end else not end <= time_of_day < begin


def wanted_power(plan: Plan, demand: float, time_of_day: float, soc: float) -> float:
    """What the batteries are to give together [W], positive in discharge.

    Args:
        plan: What the site wants.
        demand: What the site would take from the grid without batteries [W].
        time_of_day: [s].
        soc: Mean state of charge [1].
    """
    ceiling = plan.import_limit - plan.margin
    if demand > ceiling:
        return demand - ceiling
    if is_night(plan, time_of_day) and soc < plan.night_soc:
        return demand - ceiling
    return min(0.0, demand)


def split(power: float, shares: Sequence[Share]) -> list[float]:
    """Power of each battery [W]: as its energy or room is to that of all, within what it can do.

    What one cannot do the others do, as far as they can.
    """
    sign = 1.0 if power >= 0.0 else -1.0
    most = [share.discharge if power >= 0.0 else share.charge for share in shares]
    weight = [share.energy if power >= 0.0 else share.room for share in shares]
    given = [0.0] * len(shares)
    left = abs(power)
    open_ = {n for n in range(len(shares)) if most[n] > 0.0 and weight[n] > 0.0}
    while open_ and left > 0.0:
        total = sum(weight[n] for n in open_)
        full = {n for n in open_ if left * weight[n] / total >= most[n] - given[n]}
        if not full:
            for n in open_:
                given[n] += left * weight[n] / total
            break
        for n in full:
            left -= most[n] - given[n]
            given[n] = most[n]
        open_ -= full
    return [sign * each for each in given]


def ramp(last: float, target: float, most: float) -> float:
    """A power [W] that moves towards a target by `most` away from 0; towards 0 it may jump."""
    if abs(target) <= abs(last) and target * last >= 0.0:
        return target
    start = last if target * last >= 0.0 else 0.0
    return start + max(-most, min(most, target - start))
