"""State of charge against the truth, with a current sensor that is off. A cabinet, in steps of one second."""

import numpy as np
import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import connect, order

HOUR = 3600.0
CABINET = {
    "step_ms": 1000,
    "container": "cabinet-261kwh",
    "pcs": "cabinet-125kw",
}
CYCLE = ((-100e3, 2.75), (0.0, 1.5), (80e3, 2.5), (0.0, 1.25))
"""Power [W] and hours: charged full, at rest, discharged to a quarter, at rest; eight hours together."""

pytestmark = pytest.mark.settings(CABINET)


def soc_error(rig: Rig) -> float:
    """Published less true state of charge of the rack, the mean of its cells."""
    return rig.get("rack[1].soc") - float(np.mean(rig.values("plant.rack[1].cell[*].soc")))


@pytest.mark.requirement("SOC-1")
def test_soc_stays_right_over_a_week_of_cycles_with_a_biased_sensor(rig: Rig, faults: Faults) -> None:
    """SOC stays within 5 % of the truth over seven full cycles, each with the charge error of a day of a 0.2 A offset.

    The days are pressed into eight hours each, with three times the offset, so that a week passes in 56 hours.
    """
    connect(rig)
    rig.nothing_else_trips()
    faults("offset", "rack[1].current", name="bias", offset="-0.6A")
    for day in range(1, 8):
        worst = 0.0
        for power, hours in CYCLE:
            order(rig, power)
            for _ in range(round(hours * 4.0)):
                rig.run(HOUR / 4.0)
                worst = max(worst, abs(soc_error(rig)))
        rig.verify(f"day {day}: worst error of SOC {100.0 * worst:.2f} %, at most 5 % allowed", worst <= 0.05)
    rig.expect("rack[1].mode", equals="connected")


@pytest.mark.requirement("SOC-2")
@pytest.mark.parametrize("change", ["15%", "-15%"])
def test_a_wrong_soc_is_corrected_at_full_charge(rig: Rig, faults: Faults, capture, change: str) -> None:
    """A SOC that has jumped by 15 % is within 3 % of the truth once the rack has been charged full, with no trip."""
    capture("rack[1].soc", "rack[1].cell_voltage_max", "rack[1].charge_current_limit", period=60.0)
    connect(rig)
    rig.nothing_else_trips("rack[1].soc_jump", "rack[1].soc_*")
    faults("soc-jump", "rack[1].controller", name="jump", change=change)
    rig.run(5.0)
    error = soc_error(rig)
    rig.verify("SOC is wrong by more than 10 %", abs(error) > 0.10, f"by {100 * error:.1f} %")
    order(rig, -100e3)
    rig.run(3.0 * HOUR)
    rig.expect("rack[1].cell_voltage_max", between=(3.5, 3.55))
    error = soc_error(rig)
    rig.verify(f"SOC is off by {100.0 * error:.2f} % at full charge, at most 3 % allowed", abs(error) <= 0.03)
