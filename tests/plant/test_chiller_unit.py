"""A chiller as a device: who commands it, its thermostat, its filling, its alarms, its counters."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bms_emulator.plant.chiller_control import build_control_model, control_chillers, regulate
from bms_emulator.plant.chiller_watch import build_watch_model, watch_chillers
from bms_emulator.plant.coolant import build_coolant_model
from bms_emulator.plant.state import ChillerAlarm, ChillerCommand, ChillerMode, ChillerSource, FaultLevel
from bms_emulator.profile.loader import load_site
from bms_emulator.units import kelvin
from tests.plant.cooled_site import CooledSite
from tests.reference.chiller_unit_twin import CAUSES, ControlTwin, WatchTwin

few = settings(max_examples=60, deadline=None, derandomize=True)
SITE = load_site("demo")
CONTROL = build_control_model(SITE)
WATCH = build_watch_model(SITE, build_coolant_model(SITE.container.coolant))
STANDBY, CIRCULATION, COOLING, HEATING = (float(mode) for mode in ChillerMode)
DTS = pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])


class Unit(CooledSite):
    """The demo's cooling with a chiller that is asked by all three."""

    def __init__(self, dt: float = 1.0, **overrides: Any) -> None:
        super().__init__("demo", dt, overrides)
        self.asked, self.chiller = self.state.chiller_commands, self.state.chillers
        self.request(ChillerMode.HEATING, 30.0)

    def command(self, mode: ChillerCommand, cooling: float = 18.0, heating: float = 12.0) -> "Unit":
        self.asked.control[...] = ChillerSource.EMS
        self.asked.mode[...] = mode
        self.asked.cooling_setpoint[...] = kelvin(cooling)
        self.asked.heating_setpoint[...] = kelvin(heating)
        return self

    def alarms(self) -> set[ChillerAlarm]:
        return {alarm for alarm in ChillerAlarm if int(self.chiller.alarms[0]) >> alarm & 1}

    @property
    def told(self) -> tuple[float, float]:
        return float(self.chiller.request[0]), float(self.chiller.setpoint[0])


def test_the_bms_commands_unless_somebody_else_is_put_in_control() -> None:
    unit = Unit().command(ChillerCommand.COOL)
    unit.asked.control[...] = ChillerSource.BMS
    unit.run(1)
    assert unit.told == (HEATING, kelvin(30.0))


@pytest.mark.parametrize(
    ("command", "request_", "setpoint"),
    [
        (ChillerCommand.OFF, STANDBY, 18.0),
        (ChillerCommand.CIRCULATE, CIRCULATION, 18.0),
        (ChillerCommand.COOL, COOLING, 18.0),
        (ChillerCommand.HEAT, HEATING, 12.0),
    ],
)
def test_under_control_of_the_ems_its_commands_hold(command: ChillerCommand, request_: float, setpoint: float) -> None:
    unit = Unit().command(command)
    unit.run(1)
    assert unit.told == (request_, kelvin(setpoint))
    unit.asked.enable[...] = 0.0
    unit.run(1)
    assert unit.told[0] == STANDBY


def test_under_local_control_the_panel_overrules_bms_and_ems() -> None:
    unit = Unit().command(ChillerCommand.OFF)
    unit.asked.enable[...] = 0.0
    unit.asked.control[...] = ChillerSource.LOCAL
    unit.run(1)
    assert unit.state.containers.coolant_supply_temperature[0] > CONTROL.panel_cooling + CONTROL.hysteresis
    assert unit.told == (COOLING, CONTROL.panel_cooling)


def test_a_thermostat_cools_and_heats_beyond_its_hysteresis_and_ends_at_the_set_point() -> None:
    def mode(standing: float, temperature: float) -> float:
        return float(regulate(standing, temperature, 20.0, 12.0, 1.5))

    assert [mode(CIRCULATION, t) for t in (10.4, 10.6, 12.1, 20.1, 21.4, 21.6)] == [
        HEATING, CIRCULATION, CIRCULATION, CIRCULATION, CIRCULATION, COOLING,
    ]  # fmt: skip
    assert [mode(COOLING, t) for t in (21.4, 20.1, 20.0)] == [COOLING, COOLING, CIRCULATION]
    assert [mode(HEATING, t) for t in (10.6, 11.9, 12.0)] == [HEATING, HEATING, CIRCULATION]


def test_in_auto_the_outlet_is_brought_to_the_set_point_and_the_compressor_does_not_chatter() -> None:
    unit = Unit().command(ChillerCommand.AUTO, cooling=20.0)
    unit.run(1800, power=2.0)
    modes = []
    for _ in range(3600):
        unit.run(1, power=2.0)
        modes.append(unit.chiller.request[0])
    assert unit.state.containers.coolant_supply_temperature[0] < kelvin(20.0) + CONTROL.hysteresis + 0.5
    changes = np.count_nonzero(np.diff(modes))
    assert changes <= 3600 / 180
    assert HEATING not in modes


@DTS
def test_a_silent_ems_loses_the_command_after_its_time_out_and_has_it_back_with_a_write(dt: float) -> None:
    unit = Unit(dt).command(ChillerCommand.COOL)
    unit.asked.master_timeout[...] = 5.0
    unit.run(5.0 - dt)
    assert unit.told[0] == COOLING
    unit.run(dt)
    assert unit.told == (HEATING, kelvin(30.0))
    assert unit.chiller.source[0] == ChillerSource.BMS
    assert ChillerAlarm.COMMUNICATION_LOST in unit.alarms()
    unit.chiller.master_age[...] = 0.0  # as a write does
    unit.run(dt)
    assert unit.told[0] == COOLING
    assert unit.alarms() == set()


def test_without_a_time_out_an_ems_may_be_silent_for_ever() -> None:
    unit = Unit().command(ChillerCommand.COOL)
    unit.run(1000)
    assert unit.told[0] == COOLING


@DTS
def test_a_leak_empties_vessel_and_tank_at_the_same_times_at_any_step_and_nothing_is_lost_twice(dt: float) -> None:
    unit = Unit(dt).command(ChillerCommand.CIRCULATE)
    chiller = unit.chiller
    unit.overlay.coolant_leak[...] = 2.0
    begin = WATCH.vessel_mass + WATCH.tank_mass
    times: dict[str, float] = {}
    while ChillerAlarm.COOLANT_PRESSURE_LOW not in unit.alarms():
        unit.run(dt)
        now = unit.tick * dt
        if chiller.make_up_on[0]:
            times.setdefault("make-up", now)
        if ChillerAlarm.COOLANT_LEVEL_LOW in unit.alarms():
            times.setdefault("level", now)
        held = chiller.vessel[0] * WATCH.vessel_mass + chiller.tank[0] * WATCH.tank_mass
        assert held + chiller.leaked[0] == pytest.approx(begin)
    times["pressure"] = unit.tick * dt
    leak, make_up, vessel, tank = 2.0, WATCH.make_up_flow, WATCH.vessel_mass, WATCH.tank_mass
    assert times["make-up"] == pytest.approx(vessel / 3 / leak, abs=2.0 * dt)
    slow = times["make-up"] + (vessel * (2 / 3 - 0.2)) / (leak - make_up)
    assert times["pressure"] == pytest.approx(slow + 5.0, abs=4.0 * dt)
    assert make_up * slow < tank


def test_a_chiller_that_ran_dry_stands_still_until_it_is_filled_and_reset() -> None:
    unit = Unit().command(ChillerCommand.COOL)
    unit.run(20, power=20.0)
    unit.chiller.vessel[...] = 0.1
    unit.chiller.tank[...] = 0.0
    unit.run(10)
    containers = unit.state.containers
    assert unit.chiller.fault_level[0] == FaultLevel.STOP
    assert containers.pump_speed[0] == containers.compressor_on[0] == 0.0
    unit.asked.reset[...] = 1.0
    unit.run(1)
    assert unit.asked.reset[0] == 0.0
    assert unit.chiller.fault_level[0] == FaultLevel.STOP, "it is as dry as before"
    unit.state.surroundings.coolant_refill[...] = 1.0
    unit.run(2)
    assert unit.state.surroundings.coolant_refill[0] == 0.0
    assert unit.alarms() == {ChillerAlarm.COOLANT_PRESSURE_LOW}, "it latches"
    unit.asked.reset[...] = 1.0
    unit.run(2)
    assert (unit.alarms(), containers.pump_speed[0]) == (set(), 1.0)


def test_a_broken_sensor_stops_compressor_and_heater_and_leaves_the_pump_running() -> None:
    unit = Unit().command(ChillerCommand.COOL)
    unit.run(20)
    assert unit.state.containers.compressor_on[0] == 1.0
    unit.overlay.chiller_faults[...] = 1.0
    unit.run(2)
    assert (unit.state.containers.compressor_on[0], unit.state.containers.pump_speed[0]) == (0.0, 1.0)
    assert unit.chiller.fault_code[0] == ChillerAlarm.TEMPERATURE_SENSOR + 1
    unit.overlay.chiller_faults[...] = 0.0
    unit.run(1)
    assert unit.alarms() == set()


@DTS
def test_low_flow_is_an_alarm_after_its_delay_at_any_step(dt: float) -> None:
    unit = Unit(dt).command(ChillerCommand.CIRCULATE)
    unit.run(2)
    unit.overlay.pump_gain[...] = 0.0
    unit.run(dt)
    unit.run(10.0 - dt)
    assert unit.alarms() == set()
    unit.run(dt)
    assert unit.alarms() == {ChillerAlarm.FLOW_LOW}
    assert unit.chiller.fault_level[0] == FaultLevel.ALARM


@DTS
def test_hours_and_starts_are_those_of_pump_and_compressor(dt: float) -> None:
    unit = Unit(dt)
    containers, was_on, starts, pumped, compressed = unit.state.containers, 0.0, 0, 0.0, 0.0
    for command, seconds in ((0, 10), (2, 200), (1, 190), (2, 20)):
        unit.command(ChillerCommand(command))
        for _ in range(round(seconds / dt)):
            unit.run(dt, power=20.0)
            starts += containers.compressor_on[0] > was_on
            was_on = containers.compressor_on[0]
            pumped += dt * bool(containers.pump_speed[0])
            compressed += dt * bool(was_on)
    assert starts == 2
    assert unit.chiller.compressor_starts[0] == starts
    assert unit.chiller.operating_time[0] == pytest.approx(pumped)
    assert pumped == pytest.approx(410.0)
    assert unit.chiller.compressor_operating_time[0] == pytest.approx(compressed)


temperatures = st.floats(275.0, 310.0)
stretches = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from([0, 1, 2]),  # control
        st.booleans(),  # a write
        st.sampled_from([0.0, 0.5, 3.0]),  # time-out
        st.tuples(st.sampled_from([0, 1, 2, 3]), temperatures),
        st.tuples(st.booleans(), st.sampled_from([0, 1, 2, 3, 4]), temperatures, temperatures),
        temperatures,
        st.sets(st.sampled_from(["trip", "pressure low", "sensor", "hot"])),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=12,
)


@few
@given(stretches, st.sampled_from([0.1, 1.0]))
def test_a_controller_is_that_of_its_slow_twin(stretches: list[tuple[Any, ...]], dt: float) -> None:
    twin = ControlTwin(CONTROL)
    source, request, setpoint, gain, age, heard, heard_at, hearing, shift = (np.zeros(1) for _ in range(9))
    thermostat = np.array([CIRCULATION])
    for length, control, written, timeout, bms, ems, supply, alarms, chiller_gain in stretches:
        for tick in range(length):
            if written and tick == 0:
                age[0] = 0.0
            commands = [np.array([float(value)]) for value in (control, *ems, timeout, *bms, supply)]
            bits = np.array([float(sum(1 << CAUSES.index(name) for name in alarms))])
            state = (source, request, setpoint, gain, thermostat, age, heard, heard_at)
            control_chillers(CONTROL, *state, *commands, bits, np.array([chiller_gain]), hearing, shift, dt)
            decided = twin.decide(
                control, written and tick == 0, timeout, bms, ems, supply, set(alarms), chiller_gain, dt
            )
            assert (request[0], setpoint[0], gain[0]) == decided
            assert source[0] == twin.source


looks = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.fixed_dictionaries(
            {
                "mode": st.sampled_from([0.0, 1.0, 2.0]),
                "flow": st.sampled_from([0.0, 8.0]),
                "pump_pressure": st.sampled_from([0.0, 1.5e5, 3.5e5]),
                "ambient": st.sampled_from([300.0, 340.0]),
                "supply": st.sampled_from([270.0, 295.0, 320.0]),
                "control": st.sampled_from([0.0, 1.0]),
                "gain": st.sampled_from([0.0, 1.0]),
                "faults": st.sampled_from([0.0, 1.0]),
                "leak": st.sampled_from([0.0, 0.05, 3.0]),
                "reset": st.booleans(),
                "refill": st.sampled_from([False, False, True]),
            }
        ),
    ),
    min_size=1,
    max_size=10,
)


@few
@given(looks, st.sampled_from([0.1, 1.0]))
def test_filling_and_alarms_are_those_of_their_slow_twin(looks: list[tuple[int, dict[str, Any]]], dt: float) -> None:
    twin, zero = WatchTwin(WATCH), np.zeros(1)
    vessel, tank = np.ones(1), np.ones(1)
    leaked, make_up, alarms, code, level, *counters = (np.zeros(1) for _ in range(9))
    timers = np.full((1, len(CAUSES)), -1.0)
    state = (vessel, tank, leaked, make_up, timers, alarms, code, level, *counters)
    for length, seen in looks:
        for tick in range(length):
            one = {key: np.array([float(value)]) for key, value in seen.items()}
            reset, refill = (one[key] * (tick == 0) for key in ("reset", "refill"))
            request = np.array([2.0 if seen["mode"] == 2.0 else 1.0])
            inputs = (one["mode"], zero, zero, request, zero, one["control"], one["supply"], one["flow"])
            inputs = (*inputs, one["pump_pressure"], one["ambient"], reset, refill)
            watch_chillers(WATCH, *state, *inputs, one["gain"], one["faults"], one["leak"], dt)
            assert reset[0] == refill[0] == 0.0
            twin.fill(seen["leak"], seen["refill"] and tick == 0, dt)
            twin.judge(
                {
                    "trip": seen["gain"] == 0.0,
                    "condenser pressure": seen["mode"] == 2.0 and seen["ambient"] > WATCH.cut_out_ambient,
                    "pressure high": twin.static_pressure + seen["pump_pressure"] > WATCH.pressure_max,
                    "pressure low": twin.static_pressure < WATCH.pressure_min,
                    "flow": seen["mode"] != 0.0 and seen["flow"] < WATCH.flow_min,
                    "sensor": bool(seen["faults"]),
                    "hot": seen["supply"] > WATCH.supply_max,
                    "cold": seen["supply"] < WATCH.supply_min,
                    "communication": seen["control"] != 0.0,
                    "level": twin.tank < WATCH.level_min * WATCH.tank_mass,
                },
                seen["reset"] and tick == 0,
                dt,
            )
            assert vessel[0] * WATCH.vessel_mass == pytest.approx(twin.vessel, abs=1e-9)
            assert tank[0] * WATCH.tank_mass == pytest.approx(twin.tank, abs=1e-9)
            assert leaked[0] == pytest.approx(twin.leaked)
            assert {name for n, name in enumerate(CAUSES) if int(alarms[0]) >> n & 1} == twin.alarms
            assert (code[0], level[0], bool(make_up[0])) == (twin.code, twin.level, twin.make_up)
