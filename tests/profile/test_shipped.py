"""Laws that the shipped profiles hold, beyond what makes a profile valid."""

import math
from itertools import pairwise

import pytest

from bms_emulator.profile.container import ContainerProfile
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import KINDS, load_profile, load_site
from bms_emulator.profile.site import SiteProfile
from bms_emulator.runtime.ports import modbus_ports

SHIPPED = Folders((shipped_folder(),))
ALL = [(kind, name) for kind in KINDS for name in SHIPPED.list(kind)]


@pytest.fixture(params=list(SHIPPED.list("sites")))
def site(request: pytest.FixtureRequest) -> SiteProfile:
    return load_site(request.param)


@pytest.fixture(params=list(SHIPPED.list("containers")))
def container(request: pytest.FixtureRequest) -> ContainerProfile:
    profile = load_profile("containers", request.param)
    assert isinstance(profile, ContainerProfile)
    return profile


def level(site: SiteProfile, alarm: str, number: int) -> float:
    """Where a level of an alarm sets, in SI units."""
    [row] = [row for row in site.firmware.alarms if row.id == alarm]
    level = row.set[number - 1]
    assert level is not None
    return row.watched.si(level)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_profile_loads(kind: str, name: str) -> None:
    assert load_profile(kind, name).name == name


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_file_names_the_schema_of_its_kind(kind: str, name: str) -> None:
    first = SHIPPED.find(kind, name).path.read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../schema/{kind}.json"


def test_rated_energy_is_that_of_the_cells(container: ContainerProfile) -> None:
    cells = container.rack_count * container.rack.cell_count
    assert container.rated_energy_kwh * 1e3 == pytest.approx(cells * container.rack.pack.cell.rated_energy_wh, rel=0.01)


def test_the_operating_window_lies_within_the_cells_limits(container: ContainerProfile) -> None:
    cell, count = container.rack.pack.cell, container.rack.cell_count
    assert cell.voltage_min_v * count < container.operating_voltage_min_v < cell.nominal_voltage_v * count
    assert cell.nominal_voltage_v * count < container.operating_voltage_max_v < cell.voltage_max_v * count


def test_the_pump_feeds_every_pack_its_rated_flow(container: ContainerProfile) -> None:
    packs = container.rack_count * container.rack.pack_count
    assert container.pump.rated_flow_lpm == pytest.approx(packs * container.rack.pack.cold_plate.rated_flow_lpm)


def test_the_demo_is_the_container_of_the_data_sheet() -> None:
    demo = load_site("demo")
    assert demo.rack_count * demo.container.rack.cell_count == 4992
    assert (demo.container.rated_energy_kwh, demo.step_ms) == (5016, 100)
    assert (demo.container.operating_voltage_min_v, demo.container.operating_voltage_max_v) == (1185.6, 1476.8)


def test_short_pulse_resistance_of_the_container_is_the_measured_one() -> None:
    container = load_site("demo").container
    rack = container.rack
    per_cell = rack.pack.cell.resistance.r0_mohm + rack.pack.joint_resistance_mohm
    string = rack.cell_count * per_cell + rack.wiring_resistance_mohm
    total = string / container.rack_count + container.dc_busbar_resistance_mohm
    assert total == pytest.approx(7.653, rel=0.001)


def test_the_cabinet_differs_from_the_demo_in_every_count_of_hardware() -> None:
    demo, cabinet = load_site("demo").counts, load_site("cabinet").counts
    hardware = ("rack", "pack", "segment", "cell", "sensor")
    assert all(demo[axis] != cabinet[axis] for axis in hardware)


def test_total_resistance_gives_the_rated_round_trip(site: SiteProfile) -> None:
    """Round trip = (U - x) / (U + x) with x = 20 mV of hysteresis and polarisation + R I, at 0.5P and 25 °C."""
    cell = site.container.rack.pack.cell
    r = cell.resistance
    x = 0.020 + 0.5 * cell.rated_capacity_ah * (r.r0_mohm + r.r1_mohm + r.r2_mohm) * 1e-3
    assert 0.94 < (3.29 - x) / (3.29 + x) < 0.96


def test_open_circuit_voltage_rises_and_stays_within_the_cells_limits(site: SiteProfile) -> None:
    cell = site.container.rack.pack.cell
    voltage = cell.open_circuit.voltage_v
    assert all(low < high for low, high in pairwise(voltage))
    assert voltage[-1] + cell.open_circuit.hysteresis_mv[-1] * 1e-3 <= cell.voltage_max_v


def test_rated_current_carries_full_pcs_power_down_to_the_lowest_operating_voltage(site: SiteProfile) -> None:
    pcs, container = site.pcs, site.container
    loss_percent = pcs.proportional_loss_percent + pcs.quadratic_loss_percent
    dc_power = pcs.rated_power_kw * 1e3 * (1 + loss_percent / 100) + pcs.standby_loss_w
    assert dc_power / container.rack_count / container.operating_voltage_min_v <= container.rack.rated_current_a


def test_temperature_maps_allow_the_rated_current_in_the_normal_band(site: SiteProfile) -> None:
    limits, thermal, rack = site.firmware.limits, site.firmware.thermal, site.container.rack
    for grid, rate in (
        (limits.charge_temperature_degc, limits.charge_temperature_c_rate),
        (limits.discharge_temperature_degc, limits.discharge_temperature_c_rate),
    ):
        normal = [r for t, r in zip(grid, rate, strict=True) if 15 <= t <= 45]
        assert normal
        assert min(normal) * rack.pack.cell.rated_capacity_ah >= rack.rated_current_a
    assert thermal.cooling_on_degc < 45


def test_the_pcs_takes_every_voltage_of_the_operating_window(site: SiteProfile) -> None:
    assert site.pcs.dc_voltage_min_v <= site.container.operating_voltage_min_v
    assert site.container.operating_voltage_max_v <= site.pcs.dc_voltage_max_v


def test_tapers_end_before_the_first_alarm_level(site: SiteProfile) -> None:
    limits = site.firmware.limits
    assert limits.charge_voltage_v[1] < level(site, "cell_overvoltage", 1)
    assert limits.discharge_voltage_v[1] > level(site, "cell_undervoltage", 1)


def test_tapers_begin_outside_of_the_plateau(site: SiteProfile) -> None:
    """At rated current and 25 °C a cell between 10 and 95 % meets no taper."""
    cell, limits, current = site.container.rack.pack.cell, site.firmware.limits, site.container.rack.rated_current_a
    r = cell.resistance
    drop = current * (r.r0_mohm + r.r1_mohm + r.r2_mohm) * 1e-3
    charging, discharging = drop * max(r.shape_charge[1:-1]), drop * max(r.shape_discharge[1:-1])
    table = zip(cell.open_circuit.soc, cell.open_circuit.voltage_v, cell.open_circuit.hysteresis_mv, strict=True)
    for soc, voltage, gap in table:
        if 0.1 <= soc <= 0.95:
            assert voltage + gap * 1e-3 + charging < limits.charge_voltage_v[0]
            assert voltage - gap * 1e-3 - discharging > limits.discharge_voltage_v[0]


def test_the_third_level_protects_the_cell(site: SiteProfile) -> None:
    cell = site.container.rack.pack.cell
    assert level(site, "cell_overvoltage", 3) <= cell.voltage_max_v
    assert level(site, "cell_undervoltage", 3) >= cell.voltage_min_v
    assert level(site, "overcurrent_discharge", 3) * site.container.rack.rated_current_a < min(
        site.container.rack.contactors.fuse_rating_a, site.container.rack.sensors.current_a.range_max
    )


def test_full_power_and_errors_of_sensors_raise_no_overcurrent_alarm(site: SiteProfile) -> None:
    sensor, rated = site.container.rack.sensors.current_a, site.container.rack.rated_current_a
    reading = rated * (1 + 3 * sensor.gain_percent / 100) + 3 * sensor.offset + 4 * sensor.noise
    for alarm in ("overcurrent_charge", "overcurrent_discharge"):
        for kind in (alarm, f"{alarm}_continuous"):
            assert reading / rated < level(site, kind, 1)


def test_no_measurement_is_stale_between_two_samples(site: SiteProfile) -> None:
    sensors, age = site.container.rack.sensors, site.firmware.measurement_age
    for period, allowed in (
        (sensors.cell_voltage_v.period_s, age.voltage_s),
        (sensors.current_a.period_s, age.current_s),
        (sensors.temperature_k.period_s, age.temperature_s),
    ):
        assert 2 * period <= allowed
    for alarm in ("stale_voltage", "stale_current", "stale_temperature"):
        assert level(site, alarm, 2) == 1, "stale data is at least level 2 (GB/T 34131 practice)"


def test_precharge_ends_in_time_and_within_the_resistors_heat(site: SiteProfile) -> None:
    rack, pcs, firmware = site.container.rack, site.pcs, site.firmware
    voltage = site.container.operating_voltage_max_v
    time_constant = rack.contactors.precharge_resistance_ohm * pcs.dc_link_capacitance_mf * 1e-3
    done = max(firmware.connection.precharge_done_v, voltage * firmware.connection.precharge_done_percent / 100)
    done = min(done, firmware.connection.precharge_done_current_a * rack.contactors.precharge_resistance_ohm)
    assert time_constant * math.log(voltage / done) < 0.5 * firmware.timing.precharge_timeout_s
    heat = 0.5 * pcs.dc_link_capacitance_mf * 1e-3 * voltage**2 * firmware.timing.precharge_tries
    assert heat / rack.contactors.precharge_heat_capacity_j_per_k < 200


def test_the_bleed_resistor_does_not_hold_up_precharge(site: SiteProfile) -> None:
    leak = site.container.operating_voltage_max_v / (site.pcs.dc_link_bleed_kohm * 1e3)
    assert leak < 0.2 * site.firmware.connection.precharge_done_current_a


def test_heat_at_rated_power_is_no_more_than_the_chiller_and_an_hour_of_the_cells_warmth(site: SiteProfile) -> None:
    container = site.container
    cell = container.rack.pack.cell
    cells = container.rack_count * container.rack.cell_count
    heat = cells * 13.0 * cell.rated_capacity_ah / 314  # 12.5 to 13 W of a 314 Ah cell at 0.5P
    excess = heat - container.chiller.rated_cooling_kw * 1e3
    assert excess * 3600 / (cells * cell.thermal.heat_capacity_j_per_k) < 2.0


@pytest.mark.parametrize(("name", "most"), [("demo", 37_600), ("liquid-5.6mwh-8x416s", 35_000)])
def test_auxiliary_power_stays_below_that_of_comparable_containers(name: str, most: float) -> None:
    """Lishen ES5016C: 37.6 kW at most; CATL EnerX: 34.5 kW and 0.5 kW."""
    container = load_site(name).container
    pump = container.pump
    hydraulic = pump.rated_flow_lpm / 60e3 * pump.rated_head_kpa * 1e3
    compressor = container.chiller.rated_cooling_kw * 1e3 / container.chiller.rated_cop
    assert compressor + hydraulic / pump.efficiency + container.enclosure.base_load_w < most


def test_sites_leave_each_other_their_ports() -> None:
    ports = [
        {
            *((host, port) for host, port, _ in modbus_ports(site)),
            (site.mqtt.host, site.mqtt.port),
            (site.http.host, site.http.port),
        }
        for site in map(load_site, SHIPPED.list("sites"))
    ]
    assert len(set().union(*ports)) == sum(map(len, ports))


def test_temperature_channels_are_at_least_half_of_the_voltage_channels(container: ContainerProfile) -> None:
    assert 2 * container.rack.sensor_count >= container.rack.cell_count
