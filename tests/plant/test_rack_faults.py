"""Faulty and unlike racks on the bus of a whole electrical plant."""

import numpy as np
import pytest

from bms_emulator.plant.state import Contactor
from tests.plant.electric_site import ALIKE, ElectricSite, small

NEGATIVE, PRECHARGE, POSITIVE = Contactor.MAIN_NEGATIVE, Contactor.PRECHARGE, Contactor.MAIN_POSITIVE


def charged(*socs: float, dt: float = 0.1) -> ElectricSite:
    """Racks alike but for their state of charge, none on the bus."""
    site = ElectricSite(small(racks=len(socs)), ALIKE, dt=dt)
    site.state.cells.soc[...] = np.array(socs)[:, None]
    site.settle()
    return site


def node_voltage(site: ElectricSite) -> np.ndarray:
    """Voltage of the common node as each rack sees it from behind its wiring [V], shape (rack)."""
    racks = site.state.racks
    return racks.voltage - site.model.bus.wiring_resistance * racks.current


def test_every_rack_on_the_bus_sees_the_same_node_and_the_busbar_the_sum() -> None:
    site = charged(0.5, 0.52, 0.47)
    site.connect()
    site.run_pcs(9000.0)
    site.step(50)
    nodes, total = node_voltage(site), site.state.racks.current.sum()
    # the split foresees voltages for the end of the step, to second order in its charge
    assert np.ptp(nodes) < 1e-6
    link = site.state.containers.bus_voltage[0]
    assert nodes.mean() - site.model.bus.busbar_resistance * total == pytest.approx(link, abs=2e-4)
    assert total == pytest.approx(site.state.containers.bus_current[0] + link / 1000.0, abs=1e-2)


def test_blown_fuse_leaves_the_load_to_the_other_racks() -> None:
    site = charged(0.5, 0.5, 0.5)
    site.connect()
    site.run_pcs(6000.0)
    site.step(20)
    before = site.state.racks.current.copy()
    site.state.racks.fuse_closed[1] = 0.0
    site.step(20)
    racks = site.state.racks
    assert racks.current[1] == 0.0
    assert racks.current[[0, 2]] == pytest.approx(1.5 * before[[0, 2]], rel=0.01)
    assert site.state.pcs.power[0] == pytest.approx(6000.0)


def test_stuck_open_contactor_keeps_its_rack_off() -> None:
    site = charged(0.5, 0.5)
    site.overlay.contactor_hold[1, POSITIVE] = 0.0
    site.command(NEGATIVE, POSITIVE)
    site.step(10)
    assert site.state.racks.current[1] == 0.0
    assert site.state.containers.bus_voltage[0] == pytest.approx(site.state.racks.voltage[0], rel=1e-3)


def test_shorted_cell_lowers_its_rack_and_the_others_feed_it() -> None:
    site = charged(0.6, 0.6)
    site.connect()
    site.step(10)
    site.overlay.cell_short_conductance[0, 3] = 60.0
    site.step(refresh=True)
    site.step(600)
    assert site.state.racks.current[0] < -1.0
    assert site.state.racks.current[1] > 1.0
    assert site.state.cells.soc[0, 3] < site.state.cells.soc[0, 2]


def test_rack_of_higher_charge_joins_with_a_current_that_falls_until_they_agree() -> None:
    site = charged(0.30, 0.15, dt=1.0)
    site.connect()
    site.step()
    first = float(site.state.racks.current[0])
    difference = float(np.diff(np.sort(site.state.racks.discharge_source_voltage))[0])
    loop = 8 * 2 * 0.2e-3 + 2 * site.model.bus.wiring_resistance
    assert 0.3 * difference / loop < first < difference / loop
    currents = []
    for _ in range(300):
        site.step(60)
        currents.append(float(site.state.racks.current[0]))
    assert (np.diff(currents) < 1e-6 * first).all()
    assert currents[-1] < 0.1 * first
    assert site.state.racks.current.sum() == pytest.approx(0.0, abs=0.1)


def test_racks_that_differ_less_than_the_friction_of_their_cells_do_not_circulate() -> None:
    friction = {"container.rack.pack.cell.hysteresis_instantaneous_mv": 2.0}
    site = ElectricSite(small(racks=2), ALIKE, friction, {"pcs.dc_link_bleed_kohm": 1e9})
    site.state.cells.soc[0], site.state.cells.soc[1] = 0.5, 0.49
    site.settle()
    site.connect()
    site.step(50)
    racks = site.state.racks
    assert (racks.charge_source_voltage - racks.discharge_source_voltage > 0.03).all()
    assert 0.0 < np.ptp(racks.discharge_source_voltage) < 0.03
    assert not racks.current.any()


def test_rack_precharges_onto_a_live_bus_with_a_current_that_the_resistor_sets() -> None:
    site = charged(0.9, 0.1)
    site.command(NEGATIVE, POSITIVE, rack=0)
    site.connect(rack=0)
    site.step(10)
    site.command(NEGATIVE, PRECHARGE, rack=1)
    site.step(10)
    racks, bus = site.state.racks, site.model.bus
    apart = float(racks.voltage[1] - site.state.containers.bus_voltage[0])
    assert apart < -0.3
    assert racks.current[1] == pytest.approx(apart / (bus.precharge_resistance + bus.wiring_resistance), rel=1e-2)
    assert racks.precharge_temperature[1] > racks.precharge_temperature[0]


def test_racks_far_apart_that_are_thrown_together_blow_the_weaker_fuse_only() -> None:
    fuse = {"container.rack.contactors.fuse_rating_a": 315.0, "container.rack.contactors.fuse_melting_a2s": 1e4}
    site = ElectricSite(small(racks=3), ALIKE, fuse, dt=0.01)
    site.state.cells.soc[...] = np.array([0.5, 0.5, 0.01])[:, None]
    site.settle()
    site.connect()
    site.step(200)
    assert site.state.racks.fuse_closed.tolist() == [1.0, 1.0, 0.0]
    assert np.abs(site.state.racks.current[2]) == 0.0


def test_welded_rack_feeds_a_bus_that_all_others_have_left() -> None:
    site = charged(0.5, 0.5)
    site.connect()
    site.run_pcs(3000.0)
    site.step(10)
    site.overlay.contactor_hold[0, [NEGATIVE, POSITIVE]] = 1.0
    site.command()
    site.step(10)
    assert site.state.racks.current[1] == 0.0
    assert site.state.racks.current[0] == pytest.approx(
        site.state.containers.bus_current[0] + site.state.containers.bus_voltage[0] / 1000.0, rel=1e-3
    )
