"""Breakers of the PCS: precharge of its own link, order of the steps, what a breaker does that does not follow."""

import numpy as np
import pytest

from bms_emulator.plant.pcs_guard import AC_BREAKER, DC_BREAKER, PRECHARGE
from bms_emulator.plant.state import Contactor, PcsState
from tests.plant.electric_site import ElectricSite, small

CAPACITANCE = 6e-3
BLEED = 20e3
SWIFT = {
    "pcs.breakers.precharge_resistance_ohm": 20.0,
    "pcs.start_time_s": 1,
    "pcs.dc_link_bleed_kohm": BLEED / 1e3,
}
"""Precharge in a fraction of a second."""


def open_site(dt: float = 0.01, **more: float) -> ElectricSite:
    """A site whose racks are on a bus that ends at the open breaker of a dead PCS."""
    site = ElectricSite(small(), SWIFT, more, dt=dt)
    site.state.pcs_inputs.dc_breaker[...] = 0.0
    site.inputs.pcs_enable[...] = 1.0
    site.step(max(1, round(0.3 / dt)))
    assert site.state.pcs.dc_breaker_closed[0] == 0.0
    return site


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_racks_connect_to_an_open_bus_and_the_pcs_follows_when_its_breaker_is_asked_to_close(dt: float) -> None:
    site = open_site(dt)
    pcs, containers, racks = site.state.pcs, site.state.containers, site.state.racks
    site.command(Contactor.MAIN_NEGATIVE, Contactor.PRECHARGE)
    site.step(round(2.0 / dt))
    assert containers.bus_voltage[0] == pytest.approx(racks.voltage.mean(), rel=1e-3)
    assert pcs.link_voltage[0] < 0.01
    site.command(Contactor.MAIN_NEGATIVE, Contactor.MAIN_POSITIVE)
    site.step(round(1.0 / dt))
    assert np.abs(racks.current).max() < 0.5  # what goes between racks
    assert pcs.state[0] == PcsState.OFF

    site.state.pcs_inputs.dc_breaker[...] = 1.0
    voltages, most, closed = [], 0.0, []
    for _ in range(round(4.0 / dt)):
        site.step()
        voltages.append(float(pcs.link_voltage[0]))
        most = max(most, float(np.abs(racks.current).sum()))
        closed.append(bool(pcs.dc_breaker_closed[0]))
    # nothing but the resistor, and the last per cent of the highest voltage on the link, limits the inrush
    tolerance = 0.01 * site.site.pcs.dc_voltage_max_v
    assert most <= 26.4 * 1.05 / 20.0 + tolerance * CAPACITANCE / dt + 3 * 0.5
    assert closed.index(True) >= 1
    assert all(closed[closed.index(True) :])
    assert np.diff(voltages).min() > -0.05
    assert pcs.dc_precharge_closed[0] == 0.0
    assert pcs.link_voltage[0] == containers.bus_voltage[0]
    assert pcs.state[0] == PcsState.RUNNING


def test_the_link_follows_its_resistor() -> None:
    site = open_site()
    site.connect()
    site.state.pcs_inputs.dc_breaker[...] = 1.0
    site.step()
    assert site.state.pcs.dc_precharge_closed[0] == 1.0
    source = float(site.state.racks.voltage.mean())
    before = float(site.state.pcs.link_voltage[0])
    conductance = 1.0 / 20.0 + 1.0 / BLEED  # the racks' resistance is below a thousandth of the resistor
    for _ in range(10):
        site.step()
        settled = source / 20.0 / conductance
        before = settled + (before - settled) * np.exp(-0.01 * conductance / CAPACITANCE)
        assert site.state.pcs.link_voltage[0] == pytest.approx(before, rel=2e-3)


def test_energy_of_the_racks_goes_into_resistors_link_and_bleed_while_it_charges() -> None:
    site = open_site()
    site.connect()
    site.state.pcs_inputs.dc_breaker[...] = 1.0
    given = 0.0
    for _ in range(60):
        site.step()
        given += float((site.state.racks.voltage * site.state.racks.current).sum()) * 0.01
    link = 0.5 * CAPACITANCE * float(site.state.pcs.link_voltage[0]) ** 2
    assert given == pytest.approx(2.0 * link, rel=0.03)  # a capacitor charged through a resistor


def test_an_opened_breaker_stops_the_pcs_first_and_leaves_its_link_to_bleed() -> None:
    site = ElectricSite(small(), SWIFT)
    site.connect()
    site.run_pcs(5e3)
    site.step(5)
    assert site.state.racks.current.sum() > 100.0
    site.state.pcs_inputs.dc_breaker[...] = 0.0
    site.step()
    pcs = site.state.pcs
    assert (pcs.state[0], pcs.dc_power[0], pcs.dc_breaker_closed[0]) == (PcsState.OFF, 0.0, 0.0)
    before = float(pcs.link_voltage[0])
    site.step(20)
    assert pcs.link_voltage[0] == pytest.approx(before * np.exp(-2.0 / (CAPACITANCE * BLEED)), rel=1e-9)
    assert site.state.containers.bus_voltage[0] == pytest.approx(site.state.racks.voltage.mean(), rel=1e-3)
    assert pcs.feasible_discharge_power[0] == 0.0


def test_a_link_that_cannot_be_charged_is_a_fault_until_reset() -> None:
    site = open_site(**{"pcs.dc_link_bleed_kohm": 0.05, "pcs.breakers.precharge_timeout_s": 2})
    site.connect()
    site.state.pcs_inputs.dc_breaker[...] = 1.0
    site.step(250)
    assert int(site.state.pcs.faults[0]) == PRECHARGE
    assert (site.state.pcs.state[0], site.state.pcs.dc_precharge_closed[0]) == (PcsState.FAULT, 0.0)
    site.state.pcs_inputs.reset[...] = 1.0
    site.step()
    site.state.pcs_inputs.reset[...] = 0.0
    assert int(site.state.pcs.faults[0]) == 0
    site.step(100)
    assert site.state.pcs.dc_precharge_closed[0] == 1.0


@pytest.mark.parametrize("name", ["dc", "ac"])
def test_a_breaker_that_does_not_follow_is_a_fault(name: str) -> None:
    bit = {"dc": DC_BREAKER, "ac": AC_BREAKER}[name]
    site = ElectricSite(small(), SWIFT)
    site.connect()
    site.run_pcs(5e3)
    site.step(2)
    hold = getattr(site.overlay, f"{name}_breaker_hold")
    closed = getattr(site.state.pcs, f"{name}_breaker_closed")
    hold[...] = 1.0
    getattr(site.state.pcs_inputs, f"{name}_breaker")[...] = 0.0
    site.step(20)
    assert closed[0] == 1.0
    assert int(site.state.pcs.faults[0]) == bit
    assert site.state.pcs.state[0] == PcsState.FAULT
    hold[...] = np.nan
    site.state.pcs_inputs.reset[...] = 1.0
    site.step(2)
    assert (closed[0], int(site.state.pcs.faults[0])) == (0.0, 0)


@pytest.mark.parametrize("name", ["dc", "ac"])
def test_a_breaker_that_falls_open_interrupts_and_is_a_fault(name: str) -> None:
    site = ElectricSite(small(), SWIFT)
    site.connect()
    site.run_pcs(5e3)
    site.step(2)
    getattr(site.overlay, f"{name}_breaker_hold")[...] = 0.0
    site.step(2)
    assert (site.state.pcs.power[0], site.state.pcs.state[0]) == (0.0, PcsState.OFF)
    site.step(30)
    assert site.state.pcs.state[0] == PcsState.FAULT


def test_a_fault_opens_both_breakers_and_a_reset_brings_the_pcs_back() -> None:
    site = ElectricSite(small(), SWIFT)
    site.connect()
    site.run_pcs(5e3)
    site.step(2)
    site.overlay.pcs_trip[...] = 1.0
    site.step(2)
    pcs = site.state.pcs
    assert (pcs.state[0], pcs.dc_breaker_closed[0], pcs.ac_breaker_closed[0]) == (PcsState.FAULT, 0.0, 0.0)
    site.state.pcs_inputs.reset[...] = 1.0
    site.step(20)
    assert pcs.state[0] == PcsState.FAULT
    site.overlay.pcs_trip[...] = 0.0
    site.step()
    site.state.pcs_inputs.reset[...] = 0.0
    site.step(60)
    assert (pcs.state[0], pcs.dc_breaker_closed[0], pcs.ac_breaker_closed[0]) == (PcsState.RUNNING, 1.0, 1.0)
    assert pcs.power[0] == pytest.approx(5e3)
