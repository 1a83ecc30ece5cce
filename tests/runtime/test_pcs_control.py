"""What a PCS controls, set as an interface sets it."""

from itertools import pairwise

import pytest

from bms_emulator.points.catalogue import PointError
from tests.runtime.test_emulator import Bench

POWER, CURRENT, VOLTAGE = 0.0, 1.0, 2.0


@pytest.fixture(scope="module")
def connected() -> Bench:
    bench = Bench()
    bench.discharge(20e3)
    bench.run(10.0)
    return bench


def set_pcs(bench: Bench, **values: float) -> None:
    ack = bench.write({f"pcs[1].{name}": value for name, value in values.items()})
    assert ack.accepted, ack.message


def test_a_current_is_given_as_it_was_set(connected: Bench) -> None:
    set_pcs(connected, control_mode=CURRENT, current_setpoint=-60.0)
    connected.run(3.0)
    assert connected.get("pcs[1].dc_current")[0] == pytest.approx(-60.0)
    assert connected.get("plant.pcs[1].limited")[0] == 0.0
    assert connected.get("plant.container[1].rack[1].current")[0] == pytest.approx(-60.0, abs=0.1)


def test_charge_at_constant_current_ends_at_constant_voltage(connected: Bench) -> None:
    start = float(connected.get("pcs[1].dc_voltage")[0])
    set_pcs(connected, control_mode=VOLTAGE, voltage_setpoint=start + 7.0, current_limit=80.0)
    currents, voltages, limited = [], [], []
    for _ in range(240):
        connected.run(5.0)
        currents.append(float(connected.get("pcs[1].dc_current")[0]))
        voltages.append(float(connected.get("pcs[1].dc_voltage")[0]))
        limited.append(bool(connected.get("plant.pcs[1].limited")[0]))
    assert min(currents) >= -80.0
    reached = limited.index(False)
    assert 0 < reached < 200
    assert currents[:reached] == pytest.approx([-80.0] * reached)
    assert voltages[reached + 1 :] == pytest.approx([start + 7.0] * (239 - reached), abs=1e-6)
    assert -80.0 < currents[-1] < -1.0
    assert not any(limited[reached:])


def test_power_goes_on_without_a_jump_when_it_is_controlled_again(connected: Bench) -> None:
    set_pcs(connected, control_mode=CURRENT, current_setpoint=-100.0)
    connected.run(3.0)
    before = float(connected.get("pcs[1].power")[0])
    set_pcs(connected, control_mode=POWER, power_setpoint=100e3)
    powers = [before]
    for _ in range(15):
        connected.run(0.1)
        powers.append(float(connected.get("pcs[1].power")[0]))
    assert max(abs(b - a) for a, b in pairwise(powers)) <= 25e3 * 1.03
    assert powers[-1] == pytest.approx(100e3)


def test_without_an_effective_set_point_no_current_is_asked_for(connected: Bench) -> None:
    set_pcs(connected, control_mode=VOLTAGE, voltage_setpoint=900.0, current_limit=100.0, setpoint_enabled=0.0)
    connected.run(3.0)
    assert connected.get("pcs[1].power")[0] == pytest.approx(0.0, abs=1.0)
    set_pcs(connected, setpoint_enabled=1.0)


def test_limit_of_active_power_holds_in_every_mode(connected: Bench) -> None:
    set_pcs(connected, power_limit_enabled=1.0, power_limit_fraction=0.2)
    for mode in (
        {"control_mode": POWER, "power_setpoint": 100e3},
        {"control_mode": CURRENT, "current_setpoint": 150.0},
        {"control_mode": VOLTAGE, "voltage_setpoint": 700.0, "current_limit": 150.0},
    ):
        set_pcs(connected, **mode)
        connected.run(3.0)
        assert connected.get("pcs[1].power")[0] == pytest.approx(25e3, rel=1e-6)
        assert connected.get("plant.pcs[1].limited")[0] == 1.0
    set_pcs(connected, power_limit_enabled=0.0, control_mode=POWER, power_setpoint=0.0)


def test_what_the_bus_can_give_and_take_is_shown(connected: Bench) -> None:
    connected.run(1.0)
    charge = connected.get("plant.pcs[1].feasible_charge_power")[0]
    discharge = connected.get("plant.pcs[1].feasible_discharge_power")[0]
    assert 125e3 < charge < discharge


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("control_mode", 3.0, "0 (power), 1 (current), 2 (voltage)"),
        ("current_setpoint", 400.0, "-175 to 175 A"),
        ("voltage_setpoint", 400.0, "650 to 949 V"),
        ("current_limit", -1.0, "0 to 175 A"),
    ],
)
def test_a_set_point_out_of_its_range_is_refused(connected: Bench, name: str, value: float, told: str) -> None:
    family = connected.emulator.catalogue.select(f"pcs[1].{name}")[0].family
    with pytest.raises(PointError) as refusal:
        family.check(value)
    assert told in str(refusal.value)
