"""What hands and accidents do to a rack: breaker, auxiliary supply, loose terminals."""

import numpy as np
import pytest

from bms_emulator.plant.state import Contactor
from tests.plant.electric_site import ALIKE, ElectricSite, small

POWER = 3000.0


def loaded(dt: float = 0.1) -> ElectricSite:
    """Three racks that share a load."""
    site = ElectricSite(small(), ALIKE, dt=dt)
    site.connect()
    site.run_pcs(POWER)
    site.step(round(2 / dt))
    return site


def test_a_tripped_breaker_interrupts_its_rack_and_the_others_take_over() -> None:
    site = loaded()
    before = site.state.racks.current.copy()
    site.inputs.breaker_trip[1] = 1.0
    site.step()
    racks = site.state.racks
    assert racks.breaker_closed.tolist() == [1.0, 0.0, 1.0]
    assert racks.current[1] == 0.0
    assert racks.current[[0, 2]] == pytest.approx(1.5 * before[[0, 2]], rel=0.01)
    assert racks.contactor_closed[1].tolist() == [1.0, 0.0, 1.0]


def test_a_breaker_stays_open_until_a_hand_closes_it_while_it_is_not_tripped() -> None:
    site = loaded()
    close, closed = site.state.surroundings.breaker_close, site.state.racks.breaker_closed
    site.inputs.breaker_trip[1] = 1.0
    site.step()
    site.inputs.breaker_trip[1] = 0.0
    site.step(20)
    assert closed[1] == 0.0
    site.inputs.breaker_trip[1] = close[1] = 1.0
    site.step()
    assert (closed[1], close[1]) == (0.0, 0.0)
    site.inputs.breaker_trip[1], close[1] = 0.0, 1.0
    site.step()
    assert (closed[1], close[1]) == (1.0, 0.0)
    assert site.state.racks.current[1] > 0.0


def test_the_link_only_bleeds_when_all_breakers_are_open() -> None:
    site = loaded()
    bus = site.model.bus
    site.inputs.breaker_trip[...] = 1.0
    site.step(10)
    before = site.state.containers.bus_voltage[0]
    site.step(20)
    assert not site.state.racks.current.any()
    left = np.exp(-2.0 / (bus.link_capacitance * bus.bleed_resistance))
    assert site.state.containers.bus_voltage[0] == pytest.approx(left * before, rel=1e-3)


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_contactors_fall_open_without_supply_and_close_again_with_it(dt: float) -> None:
    site = loaded(dt)
    site.state.surroundings.supply_voltage[...] = 11.0
    site.step(max(1, round(0.1 / dt)))
    assert not site.state.racks.contactor_closed.any()
    assert not site.state.racks.current.any()
    site.state.surroundings.supply_voltage[...] = 15.0
    site.step(max(1, round(0.1 / dt)))
    assert not site.state.racks.contactor_closed.any()
    site.state.surroundings.supply_voltage[...] = 24.0
    site.step(max(1, round(0.1 / dt)))
    assert site.state.racks.contactor_closed[:, Contactor.MAIN_POSITIVE].all()


def test_a_dip_that_the_coils_hold_through_changes_nothing() -> None:
    calm, dipped = loaded(), loaded()
    dipped.state.surroundings.supply_voltage[...] = 13.0
    for site in (calm, dipped):
        site.step(20)
    assert calm.state.racks.current.tobytes() == dipped.state.racks.current.tobytes()


def test_a_container_without_supply_leaves_the_others_connected() -> None:
    site = ElectricSite(small(containers=2), ALIKE)
    site.connect()
    site.state.surroundings.supply_voltage[0] = 0.0
    site.step(5)
    assert not site.state.racks.contactor_closed[:3].any()
    assert site.state.racks.contactor_closed[3:, Contactor.MAIN_POSITIVE].all()


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
def test_a_terminal_follows_the_exact_solution_at_any_step(dt: float) -> None:
    site = loaded(dt)
    bus, racks = site.model.bus, site.state.racks
    air = site.state.containers.air_temperature[0]
    site.state.surroundings.terminal_resistance[0] = 1e-3
    racks.terminal_temperature[...] = air
    heat, seconds = np.zeros(3), 60.0
    for _ in range(round(seconds / dt)):
        site.step()
        heat += racks.current**2 * dt
    mean = heat / seconds * (bus.terminal_resistance + np.array([1e-3, 0.0, 0.0]))
    tau = bus.terminal_heat_capacity / bus.terminal_cooling
    expected = air + mean / bus.terminal_cooling * (1.0 - np.exp(-seconds / tau))
    assert racks.terminal_temperature - air == pytest.approx(expected - air, rel=2e-3)
    assert racks.terminal_temperature[0] - air > 3.0 * (racks.terminal_temperature[1] - air)


def test_a_loose_terminal_is_in_the_way_of_the_current() -> None:
    site = loaded()
    racks = site.state.racks
    site.state.surroundings.terminal_resistance[0] = racks.discharge_resistance[0] + site.model.bus.wiring_resistance
    site.step()
    assert racks.current[0] == pytest.approx(0.5 * racks.current[1], rel=0.01)
