"""DC bus whose strings change sides: a gap without current lies between discharge and charge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.arrays import Array
from bms_emulator.plant.bus import node_voltage
from bms_emulator.plant.state import PcsControl
from bms_emulator.plant.string import Strings
from tests.plant.bench_bus import AHEAD, CONTAINER, OPEN, PRECHARGING, STIFF, Bus
from tests.reference.bus_twin import BusTwin

POWER, CURRENT, VOLTAGE = PcsControl.POWER, PcsControl.CURRENT, PcsControl.VOLTAGE

PATH = {AHEAD: 0.0, PRECHARGING: 100.0, OPEN: np.inf}
"""What the contacts put into the path of the current [Ohm]."""

contacts_of_four = st.lists(st.sampled_from([AHEAD, AHEAD, AHEAD, PRECHARGING, OPEN]), min_size=4, max_size=4)
steps = st.sampled_from([0.01, 0.1, 1.0])


def four(
    demand: float,
    control: PcsControl = POWER,
    contacts: list[tuple[float, ...]] | None = None,
    before: float = 1351.0,
    sources: tuple[float, ...] = (1350.0, 1350.5, 1349.0, 1352.0),
) -> Bus:
    """Four unlike racks, each with a gap, on a real bus."""
    return Bus(
        np.array(sources),
        np.array([0.09, 0.1, 0.11, 0.095]),
        np.array(contacts or [AHEAD] * 4),
        np.array([before]),
        np.array([demand]),
        CONTAINER._replace(fuse_rating=1e6, link_voltage_max=1500.0),
        gap=(2.0, 1.5, 0.0, 2.5),
        charge_resistance=np.array([0.1, 0.1, 0.13, 0.09]),
        control=control,
    )


def twin_of(bus: Bus, dt: float) -> BusTwin:
    """The same bus as its slow twin."""
    model, charge_resistance = bus.model, bus.charge_resistance
    assert charge_resistance is not None
    path = [model.wiring_resistance + PATH[tuple(row)] for row in bus.contactor_closed.tolist()]
    return BusTwin(
        give=[(float(e), float(r) + p) for e, r, p in zip(bus.source_voltage, bus.resistance, path, strict=True)],
        take=[
            (float(e), float(r) + p) for e, r, p in zip(bus.charge_source_voltage, charge_resistance, path, strict=True)
        ],
        busbar=model.busbar_resistance,
        bleed=1.0 / model.bleed_resistance,
        capacitance=model.link_capacitance,
        before=float(bus.bus_voltage[0]),
        dt=dt,
    )


def one(gap: float, demand: float, control: PcsControl = CURRENT) -> Bus:
    """One rack on a bus on which only it counts."""
    return Bus(
        np.array([1350.0]),
        np.array([0.1]),
        np.array([AHEAD]),
        np.array([1350.0 + 0.5 * gap]),
        np.array([demand]),
        STIFF,
        gap=gap,
        charge_resistance=np.array([0.2]),
        control=control,
    )


@pytest.mark.parametrize(("current", "voltage"), [(50.0, 1345.0), (-50.0, 1362.0)])
def test_a_string_gives_and_takes_along_its_own_line(current: float, voltage: float) -> None:
    bus = one(2.0, current).step()
    assert bus.bus_voltage[0] == pytest.approx(voltage, rel=1e-12)
    assert bus.current[0] == pytest.approx(current, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(-2000.0, 2000.0), contacts_of_four, st.floats(1200.0, 1480.0), steps)
def test_bus_equals_its_slow_twin_at_any_current(
    current: float, contacts: list[tuple[float, ...]], before: float, dt: float
) -> None:
    bus = four(current, CURRENT, contacts, before)
    bus.current_limit = 1e12
    twin = twin_of(bus, dt)
    bus.step(dt)
    if bus.limited[0]:
        assert current > bus.bus_current[0] >= 0.0
        return
    link = twin.link_at(current)
    strings = twin.string_currents(twin.strings_at(link)[1])
    assert bus.dc_power[0] == pytest.approx(current * link, rel=1e-8, abs=1e-6)
    assert bus.current == pytest.approx(strings, rel=1e-6, abs=1e-6)
    assert bus.bus_voltage[0] == pytest.approx(before + twin.memory() * (link - before), rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.floats(-2e6, 2e6, allow_subnormal=False), st.floats(1340.0, 1360.0), steps)
def test_bus_equals_its_slow_twin_at_any_power(power: float, before: float, dt: float) -> None:
    bus = four(power, before=before)
    current = twin_of(bus, dt).current_for_power(power)
    bus.step(dt)
    assert bus.bus_current[0] == pytest.approx(current, rel=1e-6, abs=1e-6)
    assert bus.dc_power[0] == pytest.approx(power, rel=1e-9, abs=1e-6)
    assert not bus.limited[0]


@pytest.mark.parametrize("current", [0.0, 0.05, 40.0, -40.0, 1000.0])
@pytest.mark.parametrize("before", [1330.0, 1351.0, 1365.0])
def test_the_course_within_a_step_is_that_of_an_adaptive_solver(current: float, before: float) -> None:
    bus = four(current, CURRENT, before=before)
    after, mean = twin_of(bus, 0.1).course(current)
    bus.step(0.1)
    # strings that change sides within the step are taken to hold the side of its mean, for the whole of it
    within = 0.003 * abs(after - before) + 0.005
    assert bus.bus_voltage[0] == pytest.approx(after, abs=within)
    if current:
        assert bus.dc_power[0] / current == pytest.approx(mean, abs=within)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(list(PcsControl)),
    st.floats(-1.0, 1.0),
    contacts_of_four,
    st.lists(st.floats(0.0, 1800.0), min_size=5, max_size=5),
    steps,
)
def test_charge_is_conserved_whatever_the_racks_do(
    control: PcsControl, demand: float, contacts: list[tuple[float, ...]], voltages: list[float], dt: float
) -> None:
    bus = four(demand * (2.5e7, 2e4, 1500.0)[control], control, contacts, voltages[4], tuple(voltages[:4]))
    before = bus.bus_voltage[0]
    bus.step(dt)
    model, after = bus.model, bus.bus_voltage[0]
    mean = before + (after - before) / twin_of_memory(bus, before, dt)
    taken = bus.bus_current[0] + mean / model.bleed_resistance + model.link_capacitance * (after - before) / dt
    scale = 1.0 + np.abs(bus.current).sum() + abs(bus.bus_current[0])
    assert bus.current.sum() == pytest.approx(taken, abs=1e-7 * scale)
    assert bus.dc_power[0] == pytest.approx(mean * bus.bus_current[0], rel=1e-7, abs=1e-4)


def twin_of_memory(bus: Bus, before: float, dt: float) -> float:
    """Change of the link's voltage relative to that of its mean."""
    twin = twin_of(bus, dt)
    twin.before = before
    return twin.memory()


@pytest.mark.parametrize("control", [POWER, CURRENT])
def test_more_demand_never_raises_the_voltage_and_no_step_in_it_makes_it_jump(control: PcsControl) -> None:
    largest = {POWER: 4e5, CURRENT: 300.0}[control]
    demands = np.linspace(-largest, largest, 2001)
    voltages = [four(float(demand), control).step().bus_voltage[0] for demand in demands]
    falls = -np.diff(voltages)
    assert (falls > 0.0).all()
    # across the gaps of all strings the link alone is left, whose step is short of that in which a gap is crossed
    assert falls.max() < 2.5
    gapless = Bus(
        np.array([1350.0] * 4),
        np.array([0.1] * 4),
        np.array([AHEAD] * 4),
        np.array([1350.0]),
        np.array([0.0]),
        CONTAINER,
        control=control,
    )
    drop = []
    for demand in demands:
        gapless.demand[0], gapless.bus_voltage[0] = demand, 1350.0
        drop.append(gapless.step().bus_voltage[0])
    assert np.abs(np.diff(drop)).max() < 0.01


def test_rack_currents_have_no_jump_across_the_gap() -> None:
    nodes = np.linspace(1348.0, 1354.0, 6001)
    bus = one(2.0, 0.0)
    currents = []
    for voltage in nodes:
        bus.control, bus.demand[0] = VOLTAGE, voltage
        currents.append(bus.step().current[0])
    assert np.abs(np.diff(currents)).max() < 0.011
    within = (nodes > 1350.0 + 1e-6) & (nodes < 1352.0 - 1e-6)
    assert not np.array(currents)[within].any()
    assert currents[0] == pytest.approx(20.0)
    assert currents[-1] == pytest.approx(-10.0)


def test_voltage_may_move_within_the_gap_and_no_current_follows() -> None:
    bus = four(0.0, before=1351.9, contacts=[AHEAD, AHEAD, OPEN, OPEN])
    bus.step()
    assert bus.bus_voltage[0] == pytest.approx(1351.9 * np.exp(-0.1 / (6e-3 * 50e3)), rel=1e-6)
    assert not bus.current.any()


@pytest.mark.parametrize("power", [1e5, -1e5, 1.0, -1.0])
def test_strings_at_rest_take_the_side_of_the_demand(power: float) -> None:
    bus = four(power).step()
    assert bus.dc_power[0] == pytest.approx(power, rel=1e-9)
    assert not bus.limited[0]


def test_racks_far_apart_circulate_and_racks_within_their_gaps_do_not() -> None:
    apart, alike = four(0.0, sources=(1350.0, 1360.0, 1350.0, 1350.0)), four(0.0, before=1351.2, sources=(1350.5,) * 4)
    alike.gap = (2.0, 1.5, 3.0, 2.5)
    apart.step()
    alike.step()
    assert apart.current[1] > 10.0
    assert apart.current.sum() == pytest.approx(0.0, abs=1.0)
    assert not alike.current.any()


def test_a_rack_of_higher_voltage_joins_with_the_current_that_the_resistances_leave() -> None:
    bus = four(0.0, sources=(1350.0, 1350.0, 1350.0, 1400.0), before=1350.0)
    bus.gap = 0.0
    bus.step()
    others = 1.0 / sum(1.0 / (r + 0.0035) for r in (0.1, 0.1, 0.13))
    assert bus.current[3] == pytest.approx(50.0 / (0.095 + 0.0035 + others), rel=2e-3)
    assert (bus.current[:3] < 0.0).all()


def test_joining_a_far_higher_rack_blows_its_fuse_and_the_others_stay() -> None:
    bus = four(0.0, sources=(1150.0, 1150.0, 1150.0, 1450.0), before=1150.0)
    bus.model = bus.model._replace(fuse_rating=315.0, fuse_melting_integral=50e3)
    inrush = bus.step(0.01).current[3]
    ticks = 1
    while bus.fuse_closed[3]:
        bus.step(0.01)
        ticks += 1
    assert inrush > 1500.0
    assert ticks == np.ceil(50e3 / (inrush**2 - 315.0**2) / 0.01)
    bus.step(0.01)
    assert bus.current[3] == 0.0
    assert bus.fuse_closed.tolist() == [1.0, 1.0, 1.0, 0.0]


def test_a_string_of_lower_voltage_is_charged_by_its_neighbours() -> None:
    bus = four(5e5, sources=(1350.0, 1350.0, 1250.0, 1350.0)).step()
    assert bus.current[2] < 0.0
    assert (bus.current[[0, 1, 3]] > 0.0).all()
    assert bus.dc_power[0] == pytest.approx(5e5)


def test_order_of_racks_does_not_matter() -> None:
    order = [2, 0, 3, 1]
    straight = four(2e4)
    mixed = four(2e4)
    mixed.source_voltage, mixed.resistance = straight.source_voltage[order], straight.resistance[order]
    assert straight.charge_resistance is not None
    mixed.gap, mixed.charge_resistance = np.array([2.0, 1.5, 0.0, 2.5])[order], straight.charge_resistance[order]
    straight.step()
    mixed.step()
    assert mixed.current == pytest.approx(straight.current[order], rel=1e-10, abs=1e-9)
    assert mixed.bus_voltage == pytest.approx(straight.bus_voltage, rel=1e-13)


def test_the_result_does_not_depend_on_the_sides_that_are_tried_first() -> None:
    results = []
    for sides in ([0.0] * 4, [1.0] * 4, [-1.0] * 4, [1.0, -1.0, 1.0, -1.0]):
        bus = four(3e3)
        bus.current[...] = sides
        results.append(np.append(bus.step().current, bus.bus_voltage))
    for result in results[1:]:
        assert result == pytest.approx(results[0], rel=1e-10, abs=1e-9)


def test_power_that_leaves_strings_is_the_power_of_pcs_link_and_resistances() -> None:
    bus = four(8e5)
    for _ in range(3):
        bus.step()
    resistances = np.where(bus.current > 0.0, bus.resistance, bus.charge_resistance) + bus.model.wiring_resistance
    given_off = float((bus.source_voltage + (bus.current < 0.0) * np.asarray(bus.gap)) @ bus.current)
    lost = float(resistances @ bus.current**2) + bus.model.busbar_resistance * float(bus.current.sum()) ** 2
    lost += bus.bus_voltage[0] ** 2 / bus.model.bleed_resistance
    assert given_off - lost == pytest.approx(bus.dc_power[0], rel=1e-10)


def test_the_busbar_lies_between_the_racks_and_the_pcs() -> None:
    bus = one(0.0, 400.0)
    bus.model = bus.model._replace(busbar_resistance=0.01)
    assert bus.step().bus_voltage[0] == pytest.approx(1350.0 - 400.0 * 0.11, rel=1e-12)


def test_feasible_power_is_that_at_which_more_is_limited() -> None:
    bus = four(0.0)
    bus.step()
    feasible = bus.feasible_discharge_power[0]
    bus.bus_voltage[0] = 0.5 * 1350.0
    bus.demand[0] = 2.0 * feasible
    for _ in range(5):
        bus.step()
    assert bus.limited[0]
    assert bus.dc_power[0] == pytest.approx(feasible, rel=1e-3)
    bus.demand[0] = 0.99 * feasible
    for _ in range(20):
        bus.step()
    assert not bus.limited[0]
    assert bus.dc_power[0] == pytest.approx(0.99 * feasible, rel=1e-9)


def test_feasible_charge_power_takes_the_bus_to_the_highest_voltage_of_the_pcs() -> None:
    bus = four(0.0)
    bus.step()
    bus.demand[0] = -bus.feasible_charge_power[0]
    for _ in range(20):
        bus.step()
    assert bus.bus_voltage[0] == pytest.approx(1500.0, rel=1e-9)
    bus.source_voltage[...] = 1510.0
    assert bus.step().feasible_charge_power[0] == 0.0


def test_without_a_rack_nothing_is_feasible() -> None:
    bus = four(1e5, contacts=[OPEN] * 4)
    bus.step()
    assert bus.feasible_discharge_power[0] == 0.0


@pytest.mark.parametrize("current", [500.0, -500.0, 0.0])
def test_a_current_is_held_while_it_is_feasible(current: float) -> None:
    bus = four(current, CURRENT).step()
    assert bus.bus_current[0] == current
    assert not bus.limited[0]
    bus.power_limit = 1e5
    bus.step()
    assert abs(bus.dc_power[0]) <= 1e5 * (1.0 + 1e-12)
    assert bool(bus.limited[0]) == (abs(current) > 0.0)


def test_more_current_than_the_bus_can_give_is_limited_where_power_is_largest() -> None:
    bus = one(0.0, 1e6).step()
    assert bus.bus_current[0] == pytest.approx(1350.0 / 0.2)
    assert bus.bus_voltage[0] == pytest.approx(675.0)
    assert bus.limited[0]


@pytest.mark.parametrize("voltage", [1320.0, 1351.0, 1390.0])
@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_voltage_is_reached_within_a_step_and_held(voltage: float, dt: float) -> None:
    bus = four(voltage, VOLTAGE)
    for _ in range(3):
        bus.step(dt)
        assert bus.bus_voltage[0] == pytest.approx(voltage, rel=1e-12)
        assert not bus.limited[0]


@pytest.mark.parametrize(("voltage", "sign"), [(1450.0, -1.0), (1300.0, 1.0)])
def test_a_voltage_out_of_reach_is_approached_with_the_largest_current(voltage: float, sign: float) -> None:
    bus = four(voltage, VOLTAGE)
    bus.current_limit = 200.0
    for _ in range(10):
        bus.step()
    assert bus.bus_current[0] == pytest.approx(sign * 200.0)
    assert bus.limited[0]


def test_a_current_that_may_only_change_so_much_is_no_limited_one() -> None:
    bus = four(1390.0, VOLTAGE)
    bus.current_change = 100.0
    currents = []
    for _ in range(20):
        currents.append(float(bus.step().bus_current[0]))
        assert not bus.limited[0]
    assert currents[:3] == pytest.approx([-100.0, -200.0, -300.0])
    assert bus.bus_voltage[0] == pytest.approx(1390.0, rel=1e-12)


def test_a_limit_is_yielded_to_at_once_even_where_the_current_may_change_less() -> None:
    bus = four(1390.0, VOLTAGE)
    for _ in range(3):
        bus.step()
    bus.current_change, bus.current_limit = 10.0, 50.0
    assert bus.step().bus_current[0] == -50.0
    assert bus.limited[0]


@settings(max_examples=40, deadline=None)
@given(st.floats(-2000.0, 2000.0), st.floats(0.0, 1800.0), contacts_of_four, st.floats(1000.0, 1700.0))
def test_bisection_finds_the_same_voltage_as_the_slow_twin(
    current: float, before: float, contacts: list[tuple[float, ...]], start: float
) -> None:
    bus = four(current, CURRENT, contacts, before)
    twin = twin_of(bus, 0.1)
    link = bus.model.link_capacitance / 0.1 * twin.memory()
    strings = strings_of(bus)
    node = node_voltage(strings, bus.model.busbar_resistance, twin.bleed + link, link * before - current, start)
    expected = twin.strings_at(twin.link_at(current))[1]
    assert node == pytest.approx(expected, rel=1e-9, abs=1e-6)


def strings_of(bus: Bus) -> Strings:
    """The strings of a bus of one container."""
    charge_resistance = bus.charge_resistance
    assert charge_resistance is not None
    return Strings(
        bus.current,
        bus.source_voltage,
        bus.resistance,
        bus.charge_source_voltage,
        charge_resistance,
        bus.contactor_closed,
        bus.fuse_closed,
        bus.breaker_closed,
        np.ones_like(bus.current),
        bus.loose_resistance,
        np.ones_like(bus.current),
        bus.model.wiring_resistance,
        bus.model.precharge_resistance,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(PcsControl)),
    st.floats(-2.5e7, 2.5e7),
    st.lists(st.floats(0.0, 2500.0), min_size=5, max_size=5),
    st.lists(st.sampled_from([0.0, 1.0]), min_size=12, max_size=12),
    st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4),
    st.lists(st.floats(-5.0, 100.0), min_size=4, max_size=4),
    st.floats(0.0, 1e4),
    steps,
)
def test_no_input_leads_to_nan_or_beyond_the_limits(
    control: PcsControl,
    demand: float,
    voltages: list[float],
    contacts: list[float],
    resistances: list[float],
    gaps: list[float],
    limit: float,
    dt: float,
) -> None:
    bus = four(
        demand, control, [tuple(contacts[3 * r : 3 * r + 3]) for r in range(4)], voltages[4], tuple(voltages[:4])
    )
    bus.resistance, bus.charge_resistance, bus.gap = np.array(resistances), np.array(resistances[::-1]), np.array(gaps)
    bus.current_limit, bus.power_limit, bus.current_change = limit, 100.0 * limit, limit / 3.0
    for _ in range(3):
        bus.step(dt)
        finite: list[Array] = [a for a in vars(bus).values() if isinstance(a, np.ndarray)]
        assert all(np.isfinite(array).all() for array in finite)
        assert abs(bus.bus_current[0]) <= limit
        assert abs(bus.dc_power[0]) <= 100.0 * limit * (1.0 + 1e-9) + 1e-6
