"""Contactors, PCS, bus and meters of a container in one step."""

import pytest

from bms_emulator.plant.pcs import ac_power_of
from bms_emulator.plant.state import Contactor, PcsState
from tests.plant.electric_site import ElectricSite, small


def site_at(power: float, dt: float = 0.1, containers: int = 1) -> ElectricSite:
    """A site whose racks are on the bus and whose PCS gives a power [W]."""
    site = ElectricSite(small(containers=containers), dt=dt)
    site.connect()
    site.run_pcs(power)
    return site


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_energies_close_over_the_conversion(sign: float) -> None:
    site = site_at(sign * 5e3, dt=1.0)
    site.step(20)
    pcs, containers = site.state.pcs, site.state.containers
    assert pcs.power[0] == pytest.approx(sign * 5e3)
    assert pcs.power[0] + pcs.loss[0] == pcs.dc_power[0]
    assert pcs.loss[0] > 0.0
    exported, discharged = pcs.energy_exported[0], containers.energy_discharged[0]
    imported, charged = pcs.energy_imported[0], containers.energy_charged[0]
    assert exported - imported == pytest.approx(sign * 1e5)
    assert ((imported, charged) if sign > 0.0 else (exported, discharged)) == (0.0, 0.0)
    assert discharged - charged > exported - imported


def test_what_a_stopped_pcs_draws_is_loss() -> None:
    site = site_at(5e3)
    site.step(5)
    site.inputs.pcs_enable[...] = 0.0
    site.step()
    pcs = site.state.pcs
    assert pcs.state[0] == PcsState.OFF
    assert (pcs.power[0], pcs.power_target[0], pcs.dc_power[0], pcs.loss[0]) == (0.0, 0.0, 0.0, 0.0)


def test_contacts_that_open_stop_pcs_and_current_in_the_same_step() -> None:
    site = site_at(5e3)
    site.step(5)
    assert (site.state.racks.current > 0.0).all()
    site.command()
    site.step()
    assert not site.state.racks.contactor_closed[:, Contactor.MAIN_POSITIVE].any()
    assert site.state.pcs.state[0] == PcsState.OFF
    assert not site.state.racks.current.any()


def test_pcs_of_one_container_is_not_supplied_by_the_racks_of_another() -> None:
    site = site_at(5e3, containers=2)
    site.command(rack=slice(0, 3))
    site.step(2)
    assert site.state.pcs.state.tolist() == [PcsState.OFF, PcsState.RUNNING]
    assert not site.state.racks.current[:3].any()
    assert (site.state.racks.current[3:] > 0.0).all()


def test_ac_power_belongs_to_the_dc_power_that_the_bus_gave() -> None:
    """Racks that cannot give what is asked: the PCS settles with what they gave."""
    site = site_at(50e3)
    site.inputs.discharge_current_limit[...] = 30.0
    site.step(3)
    pcs = site.state.pcs
    assert site.state.containers.bus_current[0] == pytest.approx(30.0)
    assert pcs.power[0] == ac_power_of(site.model.pcs, pcs.dc_power[0]) < pcs.power_target[0]
    assert pcs.limited[0] == 1.0
