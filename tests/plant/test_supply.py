"""Auxiliary supply and its battery, outputs of the input and output module."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.state import Contactor, Output
from bms_emulator.plant.supply import build_supply_model, step_supplies
from bms_emulator.profile.loader import load_site
from tests.plant.electric_site import ALIKE, ElectricSite, small
from tests.reference.ups_twin import HOUR, UpsTwin

few = settings(max_examples=60, deadline=None, derandomize=True)
UPS = build_supply_model(load_site("demo"))
DTS = pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])


def site(dt: float = 0.1, energy_wh: float = 1.0, load_w: float = 600.0) -> ElectricSite:
    """Three racks on a bus, their controllers behind a battery of a few seconds."""
    built = ElectricSite(small(), ALIKE, {"container.ups.energy_wh": energy_wh, "container.ups.load_w": load_w}, dt=dt)
    built.connect()
    return built


def test_on_a_sound_supply_the_voltage_is_the_one_that_is_fed_bit_by_bit() -> None:
    electric = site()
    for volts in (24.0, 19.3, 0.0, 27.5):
        electric.state.surroundings.supply_voltage[...] = volts
        electric.step()
        assert electric.state.supply.voltage[0] == volts
        assert electric.state.supply.soc[0] == 1.0


@DTS
def test_the_battery_carries_the_contactors_for_its_energy_and_then_they_fall_open(dt: float) -> None:
    electric = site(dt)
    supply, racks = electric.state.supply, electric.state.racks
    electric.state.surroundings.supply_failed[...] = 1.0
    electric.step()
    assert (supply.on_battery[0], supply.voltage[0]) == (1.0, 24.0)
    seconds = 1.0 * HOUR * 0.9 / 600.0
    while supply.voltage[0] == 24.0:
        assert racks.contactor_closed[:, Contactor.MAIN_POSITIVE].all()
        electric.step()
    assert electric.tick * dt == pytest.approx(seconds, abs=2.0 * dt)
    electric.step(max(1, round(0.1 / dt)))
    assert not racks.contactor_closed.any()
    assert (supply.soc[0], supply.on_battery[0]) == (0.0, 0.0)
    electric.state.surroundings.supply_failed[...] = 0.0
    electric.step()
    assert supply.voltage[0] == 24.0
    assert supply.soc[0] > 0.0


def test_a_battery_without_energy_carries_nothing() -> None:
    electric = site()
    electric.overlay.ups_gain[...] = 0.0
    electric.state.surroundings.supply_failed[...] = 1.0
    electric.step()
    assert electric.state.supply.voltage[0] == 0.0


@few
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.booleans(), st.sampled_from([1.0, 1.0, 0.5])), min_size=1, max_size=8),
    st.sampled_from([1.0, 10.0]),
)
def test_what_the_battery_holds_is_what_went_in_less_what_went_out(
    stretches: list[tuple[int, bool, float]], dt: float
) -> None:
    twin = UpsTwin(UPS)
    voltage, on_battery, charge_power, load_power = (np.zeros(1) for _ in range(4))
    soc, drawn, given_out, spoilt = np.ones(1), 0.0, 0.0, 0.0
    for length, fed, health in stretches:
        spoilt += max(soc[0] - health, 0.0) * UPS.energy
        for _ in range(length):
            off, gain, free = np.array([float(not fed)]), np.array([health]), np.array([np.nan])
            state = (voltage, on_battery, soc, charge_power, load_power, np.zeros(1))
            step_supplies(UPS, *state, np.array([24.0]), off, gain, np.zeros(1), free, dt)
            held = twin.step(fed, health, dt)
            drawn += charge_power[0] * dt
            given_out += load_power[0] * dt
            assert voltage[0] == (24.0 if held else 0.0)
            assert soc[0] * UPS.energy == pytest.approx(twin.left * HOUR, abs=1e-6)
    balance = UPS.energy - spoilt + drawn * UPS.charging_efficiency - given_out / UPS.discharging_efficiency
    assert soc[0] * UPS.energy == pytest.approx(balance, abs=1e-6)


def test_outputs_are_what_masters_ask_for_and_fall_off_without_supply() -> None:
    electric = site()
    commands = electric.state.io_commands
    for output, command in zip(
        Output,
        (commands.lamp_green, commands.lamp_yellow, commands.lamp_red, commands.siren, commands.ventilation),
        strict=False,
    ):
        command[...] = 1.0
        electric.step()
        assert int(electric.state.io.outputs[0]) >> output & 1
    electric.state.surroundings.supply_voltage[...] = 5.0
    electric.step()
    assert electric.state.io.outputs[0] == 0.0


def test_the_trip_opens_all_breakers_of_its_container_and_no_hand_closes_them_while_it_stands() -> None:
    electric = ElectricSite(small(containers=2), ALIKE)
    electric.connect()
    trip, closed = electric.state.io_commands.dc_breaker_trip, electric.state.racks.breaker_closed
    trip[1] = 1.0
    electric.step()
    assert closed.tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    electric.state.surroundings.breaker_close[...] = 1.0
    electric.step()
    assert closed.tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    trip[1] = 0.0
    electric.step(5)
    assert not closed[3:].any(), "a breaker stays open until a hand closes it"
    electric.state.surroundings.breaker_close[...] = 1.0
    electric.step()
    assert closed.all()
