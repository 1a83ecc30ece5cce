"""What a PCS makes of the grid, of its temperature and of its DC voltage."""

import math

import pytest

from bms_emulator.plant.pcs_guard import GRID, OVERTEMPERATURE
from bms_emulator.plant.pcs_stack import StackModel, share_when_warm, warm_stack
from bms_emulator.plant.state import PcsLimit, PcsState, ReactiveControl
from bms_emulator.units import kelvin
from tests.plant.electric_site import ElectricSite, small

STACK = StackModel(
    rated_loss=2e3,
    heatsink_rise=35.0,
    junction_rise=25.0,
    time_constant=300.0,
    junction_time_constant=10.0,
    passive=0.15,
    derating_start=kelvin(110.0),
    derating_end=kelvin(130.0),
)


def running(dt: float = 0.1, power: float = 5e3) -> ElectricSite:
    """A site whose PCS runs, and comes back ten seconds after a disturbance of the grid."""
    site = ElectricSite(small(), {"pcs.start_time_s": 2}, dt=dt)
    site.connect()
    site.run_pcs(power)
    asked = site.state.pcs_inputs
    asked.service_voltage_min[...], asked.service_voltage_max[...] = 0.9, 1.05
    asked.service_frequency_min[...], asked.service_frequency_max[...] = 49.5, 50.2
    asked.service_delay[...] = 10.0
    site.step()
    return site


@pytest.mark.parametrize("dt", [0.01, 0.1])
@pytest.mark.parametrize(
    ("voltage", "frequency", "bit"), [(1.25, 50.0, 3), (0.5, 50.0, 4), (1.0, 51.6, 5), (1.0, 47.4, 6)]
)
def test_a_grid_out_of_bounds_trips_after_its_time_and_a_fit_one_lets_the_pcs_back_after_its_delay(
    dt: float, voltage: float, frequency: float, bit: int
) -> None:
    site = running(dt)
    grid, pcs = site.state.grid, site.state.pcs
    grid.voltage_fraction[...], grid.frequency[...] = voltage, frequency
    site.step(round(0.2 / dt) - 1)
    assert pcs.state[0] == PcsState.RUNNING
    site.step()
    assert (pcs.state[0], pcs.power[0], int(pcs.faults[0])) == (PcsState.OFF, 0.0, 1 << bit)
    grid.voltage_fraction[...], grid.frequency[...] = 0.85, 50.0  # within the bounds, not yet fit to come back to
    site.step(round(12.0 / dt))
    assert pcs.ac_breaker_closed[0] == 0.0
    grid.voltage_fraction[...] = 1.0
    site.step(round(10.0 / dt) - 1)
    assert (pcs.in_service[0], int(pcs.faults[0])) == (0.0, 1 << bit)
    site.step()
    assert (pcs.in_service[0], int(pcs.faults[0]) & GRID) == (1.0, 0)
    site.step(round(2.5 / dt))
    assert pcs.state[0] == PcsState.RUNNING


def test_a_short_dip_is_ridden_through_with_less_power() -> None:
    site = running(0.01, 15e3)
    site.state.grid.voltage_fraction[...] = 0.0
    site.step()
    pcs = site.state.pcs
    assert abs(pcs.power[0]) < 50.0
    assert int(pcs.limits[0]) >> PcsLimit.GRID_VOLTAGE & 1
    site.step(10)
    site.state.grid.voltage_fraction[...] = 1.0
    site.step(60)
    assert (pcs.state[0], pcs.faults[0]) == (PcsState.RUNNING, 0.0)
    assert pcs.power[0] == pytest.approx(15e3)


def test_service_that_is_not_permitted_ends_and_begins_anew_when_it_is() -> None:
    site = running()
    site.state.pcs_inputs.service_permitted[...] = 0.0
    site.step()
    assert site.state.pcs.state[0] == PcsState.OFF
    site.state.pcs_inputs.service_permitted[...] = 1.0
    site.step(99)
    assert site.state.pcs.in_service[0] == 0.0
    site.step(2)
    assert site.state.pcs.in_service[0] == 1.0


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0, 60.0])
def test_heat_sink_and_semiconductors_follow_their_exponentials_at_any_step(dt: float) -> None:
    heatsink = stack = 300.0
    for _ in range(round(60.0 / dt)):
        heatsink, stack = warm_stack(STACK, heatsink, stack, 300.0, 1e3, 1.0, dt)
    assert heatsink == pytest.approx(300.0 + 17.5 * (1.0 - math.exp(-0.2)), rel=1e-12)
    assert stack - heatsink == pytest.approx(12.5 * (1.0 - math.exp(-6.0)), rel=1e-9)


def test_without_fans_the_heat_sink_rises_by_the_share_of_the_cooling_that_is_left() -> None:
    heatsink, _ = warm_stack(STACK, 300.0, 300.0, 300.0, 1e3, 0.0, 1e9)
    assert heatsink == pytest.approx(300.0 + 17.5 / 0.15)


def test_power_falls_in_proportion_between_start_and_end_of_the_derating() -> None:
    shares = [share_when_warm(STACK, kelvin(t)) for t in (25.0, 110.0, 115.0, 130.0, 150.0)]
    assert shares == pytest.approx([1.0, 1.0, 0.75, 0.0, 0.0])


def test_what_holds_nothing_back_is_not_named_as_a_limit() -> None:
    site = running(1.0)
    site.inputs.power_setpoint[...] = site.site.pcs.rated_power_kw * 1e3
    site.overlay.pcs_fan_gain[...] = 0.0
    site.state.grid.voltage_fraction[...] = 0.99  # less apparent power, but still more than rated power
    site.step(1200)
    assert int(site.state.pcs.limits[0]) == 1 << PcsLimit.TEMPERATURE


def test_stopped_fans_derate_a_loaded_pcs_and_heat_that_is_left_trips_it() -> None:
    site = running(1.0)
    site.inputs.power_setpoint[...] = site.site.pcs.rated_power_kw * 1e3
    site.overlay.pcs_fan_gain[...] = 0.0
    site.step(1200)
    pcs = site.state.pcs
    assert pcs.state[0] == PcsState.RUNNING
    assert 0.3 < pcs.power[0] / (site.site.pcs.rated_power_kw * 1e3) < 0.9
    assert pcs.available_power[0] == pytest.approx(pcs.power[0], rel=0.02)
    assert int(pcs.limits[0]) >> PcsLimit.TEMPERATURE & 1
    site.state.containers.ambient_temperature[...] = kelvin(120.0)
    site.step(3000)
    assert (pcs.state[0], int(pcs.faults[0])) == (PcsState.FAULT, OVERTEMPERATURE)
    site.inputs.pcs_enable[...] = 0.0
    site.step(5)
    assert pcs.state[0] == PcsState.FAULT  # still too warm
    site.state.containers.ambient_temperature[...] = kelvin(20.0)
    site.step(3000)
    assert (pcs.state[0], pcs.faults[0]) == (PcsState.OFF, 0.0)


def test_a_dc_voltage_out_of_its_window_trips_until_the_pcs_is_disabled() -> None:
    site = running()
    site.state.racks.discharge_source_voltage[...] = 12.0
    site.state.containers.bus_voltage[...] = 12.0
    site.step()
    pcs = site.state.pcs
    assert (pcs.state[0], int(pcs.faults[0])) == (PcsState.FAULT, 2)
    site.step(5)
    assert pcs.state[0] == PcsState.FAULT
    site.inputs.pcs_enable[...] = 0.0
    site.step()
    assert (pcs.state[0], pcs.faults[0]) == (PcsState.OFF, 0.0)


@pytest.mark.parametrize("power", [15e3, -15e3, 0.0])
def test_reactive_power_disturbs_no_active_power_and_costs_what_its_current_costs(power: float) -> None:
    site = running(power=power)
    pcs = site.state.pcs
    site.state.pcs_inputs.apparent_limit[...] = 18e3
    loss = float(pcs.loss[0])
    site.state.pcs_inputs.reactive_control[...] = float(ReactiveControl.SETPOINT)
    site.state.pcs_inputs.reactive_setpoint[...] = -1e6
    for _ in range(20):
        site.step()
        assert pcs.power[0] == pytest.approx(power, rel=1e-9, abs=1e-6)
        assert math.hypot(pcs.power[0], pcs.reactive_power[0]) <= 18e3 * (1.0 + 1e-9)
        assert pcs.power[0] + pcs.loss[0] == pytest.approx(pcs.dc_power[0])
    assert pcs.reactive_power[0] == pytest.approx(-math.sqrt(18e3**2 - power**2), rel=1e-6)
    assert pcs.loss[0] > loss
    assert pcs.reactive_energy_absorbed[0] > 0.0 == pcs.reactive_energy_delivered[0]


def test_reactive_power_that_goes_first_leaves_active_power_the_rest() -> None:
    site = running(power=15e3)
    asked, pcs = site.state.pcs_inputs, site.state.pcs
    asked.apparent_limit[...], asked.reactive_priority[...] = 18e3, 1.0
    asked.reactive_control[...], asked.reactive_setpoint[...] = float(ReactiveControl.SETPOINT), 14.4e3
    site.step(20)
    assert pcs.reactive_power[0] == pytest.approx(14.4e3)
    assert pcs.power[0] == pytest.approx(10.8e3)
    assert int(pcs.limits[0]) == 1 << PcsLimit.REACTIVE_POWER


def test_a_power_factor_that_goes_first_is_kept_at_the_limit() -> None:
    site = running(power=15e3)
    asked, pcs = site.state.pcs_inputs, site.state.pcs
    asked.apparent_limit[...], asked.reactive_priority[...] = 10e3, 1.0
    asked.reactive_control[...], asked.reactive_slope_discharge[...] = float(ReactiveControl.POWER_FACTOR), 0.75
    site.step(20)
    assert (pcs.power[0], pcs.reactive_power[0]) == pytest.approx((8e3, 6e3))
