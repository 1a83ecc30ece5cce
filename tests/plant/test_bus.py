"""DC bus where no string changes sides: strings in parallel, PCS and link capacitor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.contactor import MAIN_NEGATIVE, MAIN_POSITIVE, PRECHARGE
from bms_emulator.plant.string import current_of_power, feasible_power
from tests.plant.bench_bus import AHEAD, AIR, OPEN, PRECHARGING, REAL, STIFF, Bus, two
from tests.reference.bus_twin import linear_bus_current_twin, linear_bus_twin


def test_unequal_racks_share_as_the_circuit_says() -> None:
    bus = two(sources=(1370.0, 1360.0), power=400e3)
    bus.step()
    v = bus.bus_voltage[0]
    total = bus.current.sum()
    assert bus.current[0] == pytest.approx((0.3 * total + 10.0) / 0.4, rel=1e-9)
    assert bus.current[1] == pytest.approx((0.1 * total - 10.0) / 0.4, rel=1e-9)
    assert v == pytest.approx(1370.0 - 0.1 * bus.current[0], rel=1e-12)


def test_power_is_what_was_asked() -> None:
    for power in (400e3, -400e3, 1.0, -1e-9, 0.0):
        bus = two(power=power)
        bus.step()
        assert bus.bus_current[0] * bus.bus_voltage[0] == pytest.approx(power, rel=1e-12, abs=1e-12)
        assert bus.dc_power[0] == pytest.approx(power, rel=1e-12, abs=1e-12)
        assert bus.limited[0] == 0.0


def test_current_circulates_between_racks_of_different_charge() -> None:
    bus = two(sources=(1370.0, 1350.0))
    bus.step()
    assert bus.current == pytest.approx([50.0, -50.0], rel=1e-6)


def test_open_rack_drops_out() -> None:
    bus = two(power=100e3, contacts=(AHEAD, OPEN))
    bus.step()
    assert bus.current[1] == 0.0
    assert bus.current[0] * (1370.0 - 0.1 * bus.current[0]) == pytest.approx(100e3)


def test_more_power_than_the_bus_can_give_is_limited_to_what_it_can() -> None:
    bus = two(power=1e9, contacts=(AHEAD, OPEN))
    bus.step()
    assert bus.dc_power[0] == pytest.approx(feasible_power(1370.0, 0.1), rel=1e-9)
    assert bus.bus_voltage[0] == pytest.approx(685.0)
    assert bus.limited[0] == 1.0


@pytest.mark.parametrize("power", [400e3, -400e3])
def test_current_limit_holds(power: float) -> None:
    bus = two(power=power)
    bus.current_limit = 120.0
    bus.step()
    assert bus.bus_current[0] == pytest.approx(np.sign(power) * 120.0)
    assert bus.limited[0] == 1.0
    assert abs(bus.dc_power[0]) < 400e3


def test_charge_is_conserved_when_strings_share_current() -> None:
    bus = two(power=300e3, before=900.0, contacts=(AHEAD, PRECHARGING), model=REAL)
    for _ in range(20):
        before = bus.bus_voltage[0]
        bus.step(0.01)
        mean_voltage = bus.dc_power[0] / bus.bus_current[0]
        taken = bus.bus_current[0] * 0.01 + REAL.link_capacitance * (bus.bus_voltage[0] - before)
        taken += mean_voltage / REAL.bleed_resistance * 0.01
        assert bus.current.sum() * 0.01 == pytest.approx(taken, rel=1e-12)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(1000.0, 1500.0),
    st.floats(1000.0, 1500.0),
    st.floats(0.0, 1500.0),
    st.floats(-2e5, 2e5),
    st.sampled_from([OPEN, PRECHARGING, AHEAD]),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_bus_equals_its_slow_twin(
    first: float, second: float, before: float, power: float, contacts: tuple[float, ...], dt: float
) -> None:
    bus = two((first, second), power, (AHEAD, contacts), before, REAL)
    conductances = np.array([1.0 / 0.1045, {OPEN: 0.0, PRECHARGING: 1.0 / 100.3045, AHEAD: 1.0 / 0.3045}[contacts]])
    bus.step(dt)
    fixed = (bus.source_voltage, conductances, 1.0 / REAL.bleed_resistance, REAL.link_capacitance, before)
    current = linear_bus_current_twin(*fixed, power, dt)
    after, mean = linear_bus_twin(*fixed, current, dt)
    assert bus.bus_current[0] == pytest.approx(current, rel=1e-9, abs=1e-9)
    assert bus.bus_voltage[0] == pytest.approx(after, rel=1e-9)
    assert bus.current == pytest.approx(conductances * (bus.source_voltage - mean), rel=1e-8, abs=1e-6)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_precharge_voltage_follows_its_exponential(dt: float) -> None:
    bus = two(contacts=(PRECHARGING, OPEN), before=0.0, model=REAL)
    for n in range(1, round(2.0 / dt) + 1):
        bus.step(dt)
        conductance = 1.0 / 100.1045 + 1.0 / REAL.bleed_resistance
        final = 1370.0 / 100.1045 / conductance
        assert bus.bus_voltage[0] == pytest.approx(final * -np.expm1(-n * dt * conductance / 6e-3), rel=1e-12)


def test_precharge_heats_the_resistor_with_the_energy_of_the_link() -> None:
    bus = two(contacts=(PRECHARGING, OPEN), before=0.0, model=REAL._replace(bleed_resistance=1e15))
    for _ in range(600):
        bus.step(0.01)
    rise = bus.precharge_temperature[0] - AIR
    assert rise == pytest.approx(0.5 * 6e-3 * 1370.0**2 / 120.0, rel=0.06)
    for _ in range(12000):
        bus.step(0.01)
    assert bus.precharge_temperature[0] - AIR == pytest.approx(rise * np.exp(-1.0), rel=1e-3)


def test_rack_precharges_onto_a_live_bus() -> None:
    bus = two(sources=(1370.0, 1350.0), power=137e3, contacts=(AHEAD, PRECHARGING), model=REAL)
    bus.step()
    mean_voltage = bus.dc_power[0] / bus.bus_current[0]
    assert bus.current[1] == pytest.approx((1350.0 - mean_voltage) / 100.3045, rel=1e-9)
    assert abs(bus.current[1]) < 0.2
    assert bus.current[0] > 90.0


def test_dead_link_takes_an_inrush_that_the_resistances_limit() -> None:
    bus = two(contacts=(AHEAD, OPEN), before=0.0, model=REAL._replace(bleed_resistance=1e15))
    bus.step(0.1)
    assert bus.bus_voltage[0] == pytest.approx(1370.0)
    assert bus.current[0] * 0.1 == pytest.approx(6e-3 * 1370.0, rel=1e-9)
    melting = 6e-3 * 1370.0**2 / (2.0 * 0.1045)
    assert bus.fuse_heat[0] == pytest.approx(melting - 315.0**2 * 0.1, rel=1e-9)


def test_bus_left_alone_bleeds_down() -> None:
    bus = two(contacts=(OPEN, OPEN), model=REAL)
    for _ in range(300):
        bus.step(1.0)
    assert bus.bus_voltage[0] == pytest.approx(1365.0 * np.exp(-300.0 / (6e-3 * 50e3)), rel=1e-12)
    assert not bus.current.any()


def test_fuse_opens_for_good_once_its_integral_has_melted_it() -> None:
    model = STIFF._replace(fuse_rating=315.0, fuse_melting_integral=50e3)
    bus = two(sources=(1370.0, 1370.0), power=600e3, contacts=(AHEAD, OPEN), model=model)
    ticks = 0
    while bus.fuse_closed[0]:
        bus.demand[0] = 600e3
        bus.step()
        ticks += 1
    current = current_of_power(1370.0, 0.1, 600e3)
    assert ticks == np.ceil(50e3 / (current**2 - 315.0**2) / 0.1)
    bus.demand[0] = 0.0
    bus.step()
    assert bus.current[0] == 0.0
    assert bus.fuse_closed[0] == 0.0


def test_fuse_carries_its_rating_for_good() -> None:
    model = STIFF._replace(fuse_rating=315.0, fuse_melting_integral=50e3)
    bus = two(contacts=(AHEAD, OPEN), model=model)
    for _ in range(1000):
        bus.demand[0] = 314.0 * (1370.0 - 31.4)
        bus.step(1.0)
    assert bus.fuse_closed[0] == 1.0
    assert bus.fuse_heat[0] == 0.0


def test_order_of_racks_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    order = rng.permutation(12)
    sources, resistances = rng.uniform(1340.0, 1400.0, 12), rng.uniform(0.08, 0.12, 12)
    contacts = np.array([AHEAD, PRECHARGING, OPEN])[rng.integers(0, 3, 12)]
    buses = [
        Bus(
            sources[o],
            resistances[o],
            contacts[o],
            np.array([1370.0]),
            np.array([1e6]),
            REAL,
        )
        for o in (np.arange(12), order)
    ]
    for bus in buses:
        bus.step()
    assert buses[1].current == pytest.approx(buses[0].current[order], rel=1e-12, abs=1e-9)
    assert buses[1].bus_voltage == pytest.approx(buses[0].bus_voltage, rel=1e-12)


def test_containers_do_not_know_of_each_other() -> None:
    pair = Bus(
        np.array([1370.0, 1360.0, 1340.0, 1350.0]),
        np.array([0.1, 0.3, 0.2, 0.1]),
        np.array([AHEAD, AHEAD, AHEAD, OPEN]),
        np.array([1365.0, 0.0]),
        np.array([4e5, -2e5]),
        REAL,
    )
    alone = two(power=4e5, model=REAL)
    pair.step()
    alone.step()
    assert pair.current[:2].tolist() == alone.current.tolist()
    assert pair.bus_voltage[0] == alone.bus_voltage[0]


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-100.0, 2500.0),
    st.floats(-100.0, 2500.0),
    st.floats(-100.0, 3000.0),
    st.floats(-1e9, 1e9),
    st.lists(st.sampled_from([0.0, 1.0]), min_size=6, max_size=6),
    st.floats(0.0, 1e4),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_no_input_leads_to_nan(
    first: float, second: float, before: float, power: float, contacts: list[float], limit: float, dt: float
) -> None:
    bus = two((first, second), power, (tuple(contacts[:3]), tuple(contacts[3:])), before, REAL)
    bus.current_limit = limit
    bus.step(dt)
    for array in (
        bus.current,
        bus.bus_voltage,
        bus.bus_current,
        bus.dc_power,
        bus.fuse_heat,
        bus.precharge_temperature,
    ):
        assert np.isfinite(array).all()


def test_axes_are_named_as_the_state_names_them() -> None:
    assert (MAIN_NEGATIVE, PRECHARGE, MAIN_POSITIVE) == (0, 1, 2)
