"""Cells: charge, branches, hysteresis, voltage and heat."""

import math

import numpy as np
import pytest
import thevenin
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.cell import follow
from bms_emulator.plant.schedule import slow_ticks, turn
from tests.plant.electric_site import ALIKE, CELL, ISOENTROPIC, LOSSLESS_CHARGE, ElectricSite, small, stored_energy
from tests.reference.cell_twin import Cell, ExactCell, PackTwin

ONE_CELL = small(racks=1, packs=1, cells=1) | ALIKE
CONSTANT_RESISTANCE = {f"{CELL}.resistance.shape": [1.0] * 11}
RATED = 157.0
"""0.5 C [A]."""


STATE = ("soc", "hysteresis", "v_rc1", "v_rc2", "r0", "r1", "r2", "bypass_current", "heat", "voltage")


def twin(site: ElectricSite, kind: type[Cell], r: int, k: int) -> Cell:
    """A twin of one cell, in its state."""
    return kind(site.model.cells, r, k, **{name: float(getattr(site.state.cells, name)[r, k]) for name in STATE})


@pytest.mark.parametrize("soc_percent", [0.5, 50.0, 99.5])
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_kernel_equals_its_slow_twin(dt: float, soc_percent: float) -> None:
    site = ElectricSite(small(racks=2, packs=3, cells=3), {"initial.soc_percent": soc_percent}, dt=dt)
    rng = np.random.default_rng(7)
    cells, racks = site.state.cells, site.state.racks
    site.overlay.cell_short_conductance[0, 4] = 2.0
    site.overlay.cell_resistance_gain[1, 2] = 1.7
    cells.temperature_core[...] = rng.uniform(250.0, 330.0, cells.soc.shape)
    slow = [
        PackTwin(site.model.cells, [twin(site, Cell, r, 3 * p + k) for k in range(3)])
        for r in range(2)
        for p in range(3)
    ]
    charge = 40.0  # in a second [A s], so little that the twin's exponential and its approximant agree to rounding
    for _ in range(60):
        current = rng.uniform(-charge, charge, 2)
        due = range(*turn(site.tick, slow_ticks(dt), len(slow)))
        site.drive(current)
        sums = np.zeros((2, 3))
        for n, pack in enumerate(slow):
            r, own = n // 3, slice(n % 3 * 3, n % 3 * 3 + 3)
            pack.advance(current[r], dt)
            if n in due:
                pack.update(
                    cells.temperature_core[r, own],
                    site.overlay.cell_resistance_gain[r, own],
                    site.overlay.cell_short_conductance[r, own],
                )
                # the energy in a cell is some MJ: its last bit is what heat can be known to; the rest is booked then
                expected = [cell.heat for cell in pack.cells]
                assert cells.heat[r, own] == pytest.approx(expected, rel=1e-12, abs=1e-8)
            sums[r] += [sum(cell.voltage for cell in pack.cells), *pack.source(current[r], dt)]
        for name in STATE:
            if name != "heat":
                expected = np.array([getattr(cell, name) for pack in slow for cell in pack.cells]).reshape(2, 9)
                assert getattr(cells, name) == pytest.approx(expected, rel=1e-12, abs=1e-12), name
        joints = site.model.cells.joint_resistance
        assert racks.voltage == pytest.approx(sums[:, 0] - joints * current, rel=1e-12)
        assert racks.source_voltage == pytest.approx(sums[:, 1], rel=1e-12)
        assert racks.resistance == pytest.approx(sums[:, 2] + joints, rel=1e-9)


@pytest.mark.parametrize(("soc_percent", "close"), [(2.0, 1e-4), (10.0, 3e-5), (50.0, 3e-5), (95.0, 3e-5)])
def test_lines_stay_close_to_the_exact_circuit(soc_percent: float, close: float) -> None:
    site = ElectricSite(small(racks=1, packs=2, cells=4), {"initial.soc_percent": soc_percent})
    rng = np.random.default_rng(3)
    site.state.cells.temperature_core[...] = rng.uniform(296.0, 300.0, (1, 8))
    site.settle()
    exact = [twin(site, ExactCell, 0, k) for k in range(8)]
    current, furthest = 0.0, 0.0
    for tick in range(1500):
        current = rng.uniform(-RATED, RATED) if tick % 37 == 0 else current
        due = range(*turn(site.tick, 10, 2))
        site.drive(current)
        for k, cell in enumerate(exact):
            cell.advance(current, site.dt)
            furthest = max(furthest, abs(cell.voltage - site.state.cells.voltage[0, k]))
            if k // 4 in due:
                cell.refresh(site.state.cells.temperature_core[0, k], 1.0, 0.0, 0.0)
    assert furthest < close


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_branches_relax_exactly_for_any_step(dt: float) -> None:
    site = ElectricSite(ONE_CELL, LOSSLESS_CHARGE, CONSTANT_RESISTANCE, dt=dt)
    profile = site.site.container.rack.pack.cell.resistance
    site.drive(RATED, round(60.0 / dt))
    site.settle()
    for name, r_mohm, tau in (("v_rc1", profile.r1_mohm, profile.tau1_s), ("v_rc2", profile.r2_mohm, profile.tau2_s)):
        expected = r_mohm * 1e-3 * RATED * -math.expm1(-60.0 / tau)
        assert getattr(site.state.cells, name)[0, 0] == pytest.approx(expected, rel=1e-10)


def test_charge_is_what_the_current_carried() -> None:
    site = ElectricSite(small(racks=1), LOSSLESS_CHARGE)
    before, carried, throughput = site.state.cells.soc.copy(), 0.0, 0.0
    for current in np.random.default_rng(3).uniform(-300.0, 300.0, 3000):
        site.drive(current)
        carried += current * site.dt
        throughput += abs(current) * site.dt
    site.settle()
    drawn = (before - site.state.cells.soc) * site.model.cells.capacity
    assert drawn == pytest.approx(np.full(drawn.shape, carried), abs=1e-12 * throughput)


def test_part_of_a_charging_current_is_lost() -> None:
    site = ElectricSite(ONE_CELL, {f"{CELL}.self_discharge_percent_per_month": 0, f"{CELL}.coulombic_efficiency": 0.99})
    before = site.state.cells.soc[0, 0]
    site.drive(-100.0, 100)
    site.settle()
    assert (site.state.cells.soc[0, 0] - before) * site.model.cells.capacity[0, 0] == pytest.approx(0.99 * 1000.0)


def test_resting_cell_loses_its_self_discharge() -> None:
    site = ElectricSite(ONE_CELL, {f"{CELL}.self_discharge_percent_per_month": 3}, dt=1.0)
    before = site.state.cells.soc[0, 0]
    site.drive(0.0, 3600)
    assert before - site.state.cells.soc[0, 0] == pytest.approx(0.03 / 720.0, rel=1e-9)


def test_shorted_cell_loses_charge_and_warms_the_others_do_not() -> None:
    site = ElectricSite(small(racks=1), ALIKE, LOSSLESS_CHARGE)
    site.overlay.cell_short_conductance[0, 3] = 2.0
    before = site.state.cells.soc.copy()
    site.drive(0.0, 6000)
    site.settle()
    lost = (before - site.state.cells.soc) * site.model.cells.capacity
    assert lost[0, 3] == pytest.approx(2.0 * 3.29 * 600.0, rel=0.01)
    assert site.state.cells.heat[0, 3] == pytest.approx(lost[0, 3] * 3.3, rel=0.01)
    assert np.abs(np.delete(lost, 3)).max() == 0.0
    assert site.state.cells.voltage[0, 3] < site.state.cells.voltage[0, 2]


def test_energy_of_cells_closes() -> None:
    site = ElectricSite(small(racks=2), ISOENTROPIC)
    cells, racks = site.state.cells, site.state.racks
    before = stored_energy(site)
    given_off = throughput = 0.0
    for k in range(20000):
        site.drive(RATED * math.sin(k / 3000.0))
        terminal = racks.voltage + site.model.cells.joint_resistance * racks.current
        given_off += float((terminal * racks.current).sum()) * site.dt
        throughput += float(np.abs(terminal * racks.current).sum()) * site.dt
    site.settle()
    assert before - stored_energy(site) == pytest.approx(given_off + cells.heat.sum(), abs=1e-9 * throughput)


def test_hysteresis_loop_closes_and_its_area_becomes_heat() -> None:
    site = ElectricSite(
        ONE_CELL,
        LOSSLESS_CHARGE,
        ISOENTROPIC,
        {f"{CELL}.resistance.{name}_mohm": 1e-9 for name in ("r0", "r1", "r2")},
        dt=1.0,
    )
    cells = site.state.cells
    ticks = 1800
    site.drive(-RATED, ticks)
    site.drive(RATED, ticks)
    soc, hysteresis, heat = cells.soc[0, 0], cells.hysteresis[0, 0], cells.heat[0, 0]
    area = 0.0
    for current in (-RATED, RATED):
        for _ in range(ticks):
            site.drive(current)
            area -= current * cells.voltage[0, 0]
    assert cells.soc[0, 0] == pytest.approx(soc, abs=1e-12)
    assert cells.hysteresis[0, 0] == pytest.approx(hysteresis, abs=1e-9)
    assert cells.heat[0, 0] - heat == pytest.approx(area, rel=1e-5)
    mean_half_gap = area / (2.0 * RATED * ticks)
    assert 0.015 < mean_half_gap < 0.03


@settings(max_examples=200, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(-0.1, 0.1))
def test_hysteresis_follows_its_exponential(hysteresis: float, discharged: float) -> None:
    e = math.exp(-abs(discharged))
    expected = e * hysteresis - (1.0 - e) * math.copysign(1.0, discharged)
    assert follow(hysteresis, discharged, abs(discharged)) == pytest.approx(
        expected, abs=2.0 * abs(discharged) ** 5 / 720.0 + 1e-15
    )


@settings(max_examples=100, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(-1e6, 1e6))
def test_hysteresis_stays_within_its_loop(hysteresis: float, discharged: float) -> None:
    assert -1.0 <= follow(hysteresis, discharged, abs(discharged)) <= 1.0


def test_reversible_heat_changes_sign_with_the_current() -> None:
    heats = []
    for current in (1.0, -1.0):
        site = ElectricSite(ONE_CELL, LOSSLESS_CHARGE, {"initial.soc_percent": 60}, dt=1.0)
        site.state.cells.hysteresis[...] = 0.0
        site.drive(current, 100)
        heats.append(site.state.cells.heat[0, 0])
    reversible = 298.15 * 128.7e-6 * 100.0
    assert (heats[1] - heats[0]) / 2.0 == pytest.approx(reversible, rel=0.01)


def test_resistance_follows_arrhenius_and_the_overlay() -> None:
    site = ElectricSite(small(racks=1, packs=1, cells=3), ALIKE, CONSTANT_RESISTANCE)
    resistance = site.site.container.rack.pack.cell.resistance
    site.state.cells.temperature_core[0] = [273.15, 298.15, 313.15]
    site.overlay.cell_resistance_gain[0, 1] = 1.5
    site.drive(0.0, 10)
    kelvins = site.state.cells.temperature_core[0]
    for name in ("r0", "r1", "r2"):
        activation = getattr(resistance, f"activation_{name}_kj_per_mol") * 1e3
        expected = (
            getattr(resistance, f"{name}_mohm") * 1e-3 * np.exp(activation / 8.314462618 * (1 / kelvins - 1 / 298.15))
        )
        assert getattr(site.state.cells, name)[0] == pytest.approx(expected * [1.0, 1.5, 1.0], rel=1e-4)


@pytest.mark.parametrize("pulses", [[(RATED, 1200)], [(300.0, 60), (0.0, 120), (-300.0, 60), (0.0, 120)] * 2])
def test_voltage_agrees_with_thevenin(pulses: list[tuple[float, int]]) -> None:
    site = ElectricSite(ONE_CELL, LOSSLESS_CHARGE, {f"{CELL}.open_circuit.hysteresis_mv": [20.0] * 31}, dt=1.0)
    model, resistance = site.model.cells, site.site.container.rack.pack.cell.resistance
    grid = np.linspace(0.0, 1.0, model.open_circuit.shape[0] + 1)
    voltage = np.append(model.open_circuit[:, 0], model.open_circuit[-1, 0] + model.open_circuit[-1, 1])
    shape = np.append(model.shape[:, 0], model.shape[-1, 0] + model.shape[-1, 1])

    def r_of(r_mohm: float, soc: float) -> float:
        return r_mohm * 1e-3 * float(np.interp(soc, grid, shape))

    oracle = thevenin.Simulation(
        {
            "num_RC_pairs": 2,
            "soc0": float(site.state.cells.soc[0, 0]),
            "capacity": float(model.capacity[0, 0] / 3600.0),
            "gamma": model.hysteresis_rate,
            "ce": 1.0,
            "mass": 5.6,
            "isothermal": True,
            "Cp": 1075.0,
            "T_inf": 298.15,
            "h_therm": 1.0,
            "A_therm": 1.0,
            "ocv": lambda soc: float(np.interp(soc, grid, voltage)),
            "M_hyst": lambda soc: 0.02,
            "R0": lambda soc, _: r_of(resistance.r0_mohm, soc),
            "R1": lambda soc, _: r_of(resistance.r1_mohm, soc),
            "C1": lambda soc, _: resistance.tau1_s / r_of(resistance.r1_mohm, soc),
            "R2": lambda soc, _: r_of(resistance.r2_mohm, soc),
            "C2": lambda soc, _: resistance.tau2_s / r_of(resistance.r2_mohm, soc),
        }
    )
    experiment = thevenin.Experiment()
    for current, seconds in pulses:
        experiment.add_step("current_A", current, np.arange(0.0, seconds + 1.0))
    solution = oracle.run(experiment)
    ours = []
    for current, seconds in pulses:
        for _ in range(seconds):
            site.drive(current)
            ours.append(site.state.cells.voltage[0, 0])
    # each step of the oracle begins with the instant after the current's jump, which ours does not know
    theirs = np.concatenate([step.vars["voltage_V"][1:] for step in map(solution.get_steps, range(len(pulses)))])
    assert np.abs(np.array(ours) - theirs).max() < 0.5e-3


def test_round_trip_at_half_rated_power_is_94_to_95_percent() -> None:
    site = ElectricSite(ONE_CELL, {"initial.soc_percent": 0, "container.rack.pack.joint_resistance_mohm": 0}, dt=1.0)
    cells = site.state.cells
    charged = discharged = 0.0
    while cells.voltage[0, 0] < 3.65:
        charged -= site.drive_power(-502.4)
    site.drive(0.0, 1800)
    while cells.voltage[0, 0] > 2.5:
        discharged += site.drive_power(502.4)
    assert 0.94 < discharged / charged < 0.955
    assert 1004.8 < discharged / 3600.0 < 1030.0


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-50.0, 50.0),
    st.floats(-1e5, 1e5),
    st.floats(1.0, 2000.0),
    st.floats(0.0, 1e4),
    st.floats(0.0, 1e3),
    st.sampled_from([0.01, 0.1, 1.0]),
)
def test_no_input_leads_to_nan(
    soc: float, current: float, temperature: float, short: float, gain: float, dt: float
) -> None:
    site = OVERLOADED
    site.dt = dt
    site.state.cells.soc[...] = soc
    site.state.cells.temperature_core[...] = temperature
    site.overlay.cell_short_conductance[...] = short
    site.overlay.cell_resistance_gain[...] = gain
    site.drive(current, 3)
    for group in (site.state.cells, site.state.racks):
        assert all(np.isfinite(array).all() for array in vars(group).values())
    site.state.cells.v_rc1[...] = site.state.cells.v_rc2[...] = site.state.cells.bypass_current[...] = 0.0


OVERLOADED = ElectricSite(ONE_CELL)


@pytest.mark.parametrize(
    ("soc", "lowest", "highest"), [(-1.0, 0.0, 0.0), (-0.01, 0.5, 2.2), (1.01, 3.7, 5.0), (2.0, 5.0, 5.0)]
)
def test_open_circuit_voltage_goes_on_straight_to_where_it_ends(soc: float, lowest: float, highest: float) -> None:
    site = ElectricSite(ONE_CELL)
    site.state.cells.soc[...] = soc
    site.settle()
    assert lowest - 1e-3 <= site.state.cells.voltage[0, 0] <= highest + 1e-3
