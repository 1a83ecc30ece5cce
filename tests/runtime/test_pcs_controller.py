"""Settings of a PCS as masters write them: reversion, watchdog, ramp, limits, reactive power, standby, reset."""

import pytest

from bms_emulator.plant.state import PcsState
from bms_emulator.runtime.pcs_reversion import REVERSIONS
from tests.runtime.test_emulator import Bench

RATED = 125e3
"""Rated power of the PCS of the cabinet [W]."""


def running(dt: float = 0.1) -> Bench:
    """A cabinet whose PCS runs at no power."""
    bench = Bench(step_ms=round(1e3 * dt), pcs__start_time_s=1)
    bench.discharge(0.0)
    bench.run(15.0)
    assert read(bench, "state") == PcsState.RUNNING
    return bench


def read(site: Bench, name: str) -> float:
    """A point of the PCS."""
    return float(site.get(f"pcs[1].{name}")[0])


def write(site: Bench, **values: float) -> None:
    for name, value in values.items():
        ack = site.write({f"pcs[1].{name.replace('__', '.')}": value})
        assert ack.accepted, ack.message


def tick(site: Bench, count: int = 1) -> None:
    for _ in range(count):
        site.emulator.tick()


@pytest.fixture(scope="module")
def site() -> Bench:
    """A site that tests leave as they found it."""
    return running()


@pytest.mark.parametrize("dt", [0.02, 0.1, 1.0])
def test_active_power_ramps_as_it_was_set_at_any_step(dt: float) -> None:
    site = running(dt)
    write(site, power_ramp_rate=0.05, power_setpoint=0.5 * RATED)
    tick(site)  # in the next one the PCS is asked
    for n in range(1, 6):
        tick(site, round(1.0 / dt))
        assert read(site, "power") == pytest.approx(0.05 * n * RATED, rel=1e-9)


def test_a_set_point_reverts_at_its_time_and_every_write_starts_it_anew(site: Bench) -> None:
    write(site, power_setpoint_reversion=-30e3, setpoint_enabled_reversion=1.0, setpoint_reversion_time=2.0)
    write(site, power_setpoint=50e3)
    tick(site, 15)
    assert read(site, "setpoint_reversion_remaining") == pytest.approx(0.5)
    write(site, power_setpoint=50e3)
    tick(site, 19)
    assert read(site, "power_setpoint") == 50e3
    tick(site)
    assert (read(site, "power_setpoint"), read(site, "setpoint_reversion_remaining")) == (-30e3, 0.0)
    tick(site, 30)
    assert read(site, "power") == pytest.approx(-30e3)
    write(site, setpoint_reversion_time=0.0, power_setpoint=0.0)
    tick(site, 40)
    assert read(site, "power_setpoint") == 0.0


@pytest.mark.parametrize("row", REVERSIONS, ids=lambda row: row.name)
def test_every_function_that_reverts_takes_its_reversion_values(site: Bench, row: object) -> None:
    name, enabled, values = row.name, row.enabled, dict.fromkeys(row.values)  # type: ignore[attr-defined]
    before = {key: read(site, key) for key in (enabled, *values)}
    reverted = {key: 1.0 if "excitation" in key else 0.5 for key in values}
    write(site, **{f"{key}_reversion": value for key, value in reverted.items()}, **{f"{enabled}_reversion": 0.0})
    write(site, **{enabled: 1.0, f"{name}_reversion_time": 0.5})
    tick(site, 4)
    assert {key: read(site, key) for key in values} == {key: before[key] for key in values}
    tick(site)
    assert {key: read(site, key) for key in values} == reverted
    assert read(site, enabled) == 0.0
    write(site, **{f"{name}_reversion_time": 0.0}, **before)


def test_a_disabled_function_does_not_revert(site: Bench) -> None:
    write(site, power_limit_fraction=0.7, power_limit_fraction_reversion=0.2, power_limit_reversion_time=0.3)
    tick(site, 10)
    assert read(site, "power_limit_fraction") == 0.7
    write(site, power_limit_fraction=1.0, power_limit_reversion_time=0.0)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_a_heartbeat_once_given_must_go_on_changing(dt: float) -> None:
    site = running(dt)
    write(site, power_setpoint=40e3, power_ramp_rate=0.1, watchdog_timeout=3.0)
    tick(site, round(10.0 / dt))
    assert read(site, "state") == PcsState.RUNNING  # none has been given
    for beat in (1, 2, 3):
        write(site, heartbeat_master=beat)
        tick(site, round(2.0 / dt))
        assert read(site, "state") == PcsState.RUNNING
        assert read(site, "watchdog_remaining") == pytest.approx(1.0 + dt)
    tick(site, round(1.0 / dt))
    assert read(site, "state") == PcsState.RUNNING
    tick(site, 2)
    assert read(site, "state") == PcsState.STOPPING
    assert 0.0 < read(site, "power") < 40e3
    tick(site, round(5.0 / dt))
    assert (read(site, "state"), read(site, "faults"), read(site, "power")) == (PcsState.FAULT, 1 << 7, 0.0)
    write(site, fault_reset=1.0)
    tick(site, 2)
    assert (read(site, "state"), read(site, "fault_reset")) == (PcsState.FAULT, 0.0)  # still missing
    write(site, heartbeat_master=4)
    tick(site, 1)
    write(site, fault_reset=1.0)
    tick(site, 3)
    assert (read(site, "state"), read(site, "faults")) == (PcsState.OFF, 0.0)


def test_standby_and_back(site: Bench) -> None:
    write(site, standby=1.0)
    tick(site, 2)
    assert (read(site, "state"), read(site, "dc_power")) == (PcsState.STANDBY, 0.0)
    write(site, standby=0.0)
    tick(site, 2)
    assert read(site, "state") == PcsState.RUNNING


def test_settings_limit_each_direction_and_shares_are_those_of_the_settings(site: Bench) -> None:
    write(site, charge_power_max=20e3, discharge_power_max=30e3, power_setpoint=RATED)
    tick(site, 40)
    assert read(site, "power") == pytest.approx(30e3)
    assert read(site, "limits") == 1.0
    write(site, power_setpoint=-RATED)
    tick(site, 40)
    assert read(site, "power") == pytest.approx(-20e3)
    write(site, charge_power_max=RATED, discharge_power_max=RATED, power_max=0.5 * RATED, setpoint_mode=0.0)
    write(site, power_setpoint_fraction=0.5)
    tick(site, 40)
    assert read(site, "power") == pytest.approx(0.25 * RATED)
    write(site, power_max=RATED, setpoint_mode=1.0, power_setpoint=0.0)
    tick(site, 40)


@pytest.mark.parametrize(
    ("mode", "expected"), [(0, 0.2 * RATED), (1, 0.2 * 10e3), (2, 0.2 * 40e3), (3, 0.2 * 50e3), (4, 7e3)]
)
def test_reactive_power_is_given_in_vars_or_as_a_share(site: Bench, mode: int, expected: float) -> None:
    write(site, power_setpoint=30e3, apparent_power_max=50e3, reactive_delivered_max=10e3 if mode == 1 else 50e3)
    write(site, reactive_mode=mode, reactive_setpoint=7e3, reactive_setpoint_fraction=0.2, reactive_enabled=1.0)
    tick(site, 40)
    assert read(site, "reactive_power") == pytest.approx(expected)
    assert read(site, "power") == pytest.approx(30e3)
    write(site, reactive_enabled=0.0, power_setpoint=0.0)
    write(site, apparent_power_max=137.5e3, reactive_delivered_max=82.5e3)
    tick(site, 40)


@pytest.mark.parametrize("direction", ["discharge", "charge"])
def test_a_power_factor_belongs_to_its_direction_and_its_excitation(site: Bench, direction: str) -> None:
    sign = 1.0 if direction == "discharge" else -1.0
    write(site, **{f"power_factor_{direction}": 0.8, f"power_factor_{direction}_excitation": 1.0})
    write(site, **{f"power_factor_{direction}_enabled": 1.0, "power_setpoint": sign * 40e3})
    tick(site, 40)
    assert read(site, "reactive_power") == pytest.approx(-30e3)
    assert read(site, "power_factor") == pytest.approx(sign * 0.8)
    assert read(site, "apparent_power") == pytest.approx(50e3)
    write(site, power_setpoint=-sign * 40e3)
    tick(site, 60)
    assert read(site, "reactive_power") == pytest.approx(0.0, abs=1e-6)
    write(site, **{f"power_factor_{direction}_enabled": 0.0, "power_setpoint": 0.0})
    tick(site, 60)


def test_phases_add_up_to_what_the_pcs_reports(site: Bench) -> None:
    write(site, power_setpoint=40e3, reactive_setpoint=30e3, reactive_enabled=1.0, reactive_mode=4.0)
    tick(site, 40)
    arena = site.emulator.arena
    for name in ("power", "reactive_power", "apparent_power"):
        phases = arena[f"measured.pcs.phase_{name}"][0]
        assert phases.sum() == pytest.approx(read(site, name))
    current = arena["measured.pcs.phase_current"][0]
    assert current == pytest.approx([50e3 / (3**0.5 * 400.0)] * 3)
    assert read(site, "ac_current") == pytest.approx(current.sum())
    assert arena["measured.pcs.phase_voltage"][0] == pytest.approx([400.0 / 3**0.5] * 3, rel=1e-3)
    assert (read(site, "ac_voltage"), read(site, "frequency")) == pytest.approx((400.0, 50.0))
    write(site, reactive_enabled=0.0, power_setpoint=0.0)
    tick(site, 40)


def test_without_power_the_power_factor_stands_at_1(site: Bench) -> None:
    for _ in range(100):
        tick(site)
        assert (read(site, "state"), read(site, "power_factor")) == (PcsState.RUNNING, 1.0)


def test_breakers_obey_masters_and_the_pcs_comes_back(site: Bench) -> None:
    for name in ("dc", "ac"):
        write(site, **{f"{name}_breaker__command": 0.0})
        tick(site, 5)
        assert (read(site, f"{name}_breaker.closed"), read(site, "state")) == (0.0, PcsState.OFF)
        write(site, **{f"{name}_breaker__command": 1.0})
        tick(site, 60)
        assert (read(site, f"{name}_breaker.closed"), read(site, "state")) == (1.0, PcsState.RUNNING)


def test_the_heartbeat_of_the_pcs_counts_seconds(site: Bench) -> None:
    before = read(site, "heartbeat")
    tick(site, 100)
    assert read(site, "heartbeat") == before + 10.0
