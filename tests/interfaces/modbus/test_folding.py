"""Like devices are written from one template; what is not alike stays as it is, and every register is right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bms_emulator.interfaces.modbus.encode import encode
from bms_emulator.interfaces.modbus.plan import ModbusPlan, compile_maps
from bms_emulator.interfaces.modbus.runs import series_of
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile
from tests.interfaces.modbus.test_encode import encoded, plausible
from tests.reference.registers import point_rows

BATTERY, PCS = ("sunspec-battery", 1), ("pcs-sunspec", 100)


def site_of(*shown: tuple[tuple[str, int], int], containers: int = 3) -> SiteProfile:
    """A site of cabinets: each device a map with its first unit id, and the container it shows."""
    devices: list[dict[str, Any]] = [
        {"map": name, "container": container, "port": 30000 + n, "unit": unit}
        for n, ((name, unit), container) in enumerate(shown)
    ]
    return load_site("cabinet", {"container_count": containers, "modbus.devices": devices})


def assert_right(site: SiteProfile, plan: ModbusPlan, seed: int) -> None:
    """Every register of every device shows what the slow twin shows."""
    catalogue = Catalogue(site)
    values = plausible(catalogue, seed)
    images = encoded(plan, values)
    for device, served in zip(site.modbus.devices, plan.devices, strict=True):
        for row in point_rows(catalogue, device.map, device.container, device.unit, values):
            start = served.units[row.unit].locate(row.table, row.address, len(row.data) // 2)
            assert images[start : start + len(row.data)] == row.data, (device.container, row)


def test_records_do_not_grow_with_containers() -> None:
    sizes = []
    for containers in (1, 2, 5):
        shown = [(part, n + 1) for n in range(containers) for part in (BATTERY, PCS)]
        site = site_of(*shown, containers=containers)
        plan = compile_maps(site, Catalogue(site))
        assert plan.arrays[0]["devices"].tolist() == [containers]
        sizes.append([len(part) for part in plan.arrays])
    assert sizes[0] == sizes[1] == sizes[2]


@pytest.mark.parametrize(
    ("shown", "devices"),
    [
        ([(BATTERY, 1), (PCS, 1), (BATTERY, 2), (PCS, 2), (BATTERY, 3), (PCS, 3)], [3]),
        ([(BATTERY, 1), (BATTERY, 2), (BATTERY, 3), (PCS, 1), (PCS, 2)], [3, 2]),
        ([(BATTERY, 3), (BATTERY, 2), (BATTERY, 1)], [3]),
        ([(BATTERY, 1), (PCS, 3), (BATTERY, 2), (PCS, 1), (BATTERY, 3), (PCS, 2)], [3, 1, 2]),
        ([(BATTERY, 1), (BATTERY, 3), (BATTERY, 2)], [2, 1]),
        ([(PCS, 2)], [1]),
    ],
)
def test_every_register_is_right_however_the_devices_stand(
    shown: list[tuple[tuple[str, int], int]], devices: list[int]
) -> None:
    site = site_of(*shown)
    plan = compile_maps(site, Catalogue(site))
    assert sorted(plan.arrays[0]["devices"].tolist()) == sorted(devices)
    assert_right(site, plan, len(shown))


def test_a_pack_whose_readings_are_older_is_left_alone_and_all_others_are_written() -> None:
    site = site_of((BATTERY, 1), (BATTERY, 2), (BATTERY, 3))
    catalogue = Catalogue(site)
    plan, values = compile_maps(site, catalogue), plausible(catalogue, 5)
    values[catalogue.select("container[*].rack[*].pack[*].cell_voltage_age")[0].offsets()] = 0.0
    balancing = catalogue.layout.slots["firmware.racks.balancing_age"]
    values[balancing.offset : balancing.offset + balancing.size] = 0.0
    ages = catalogue.select("container[*].rack[*].pack[*].temperature_age")[0].offsets()
    values[ages] = np.where(np.arange(len(ages)) % 3 == 0, 0.0, 0.1)
    values[ages[1]] = np.nan
    images = np.full((2, len(plan.template)), 0x5A, np.uint8)
    for image, age_max in zip(images, (0.0, np.inf), strict=True):
        encode(values, image, age_max, *plan.arrays)
    partly, whole = images.view(">u2")
    left = np.flatnonzero(partly != whole)
    assert len(left) == np.sum(values[ages] > 0.0) * site.container.rack.pack.cell_count
    assert (partly[left] == 0x5A5A).all()
    assert (whole[left] == np.frombuffer(encoded(plan, values), ">u2")[left]).all()


EVERYTHING = """\
name: everything
description: d
source: s
identity: {vendor: V, product_code: P}
word_order: little
units:
  - name: bank
    blocks:
      - name: bank
        rows:
          - {name: a, type: f64, point: power, unit: kW, absolute: true}
          - {name: b, type: u16, point: heartbeat, modulo: 16}
          - {name: c, type: i64, point: current, unit: mA, missing: 0}
          - {name: d, type: bitfield64, bits: {63: [{point: "rack.connected"}], 3: [{point: soc, at_most: 0.2}]}}
          - name: e
            type: packed
            parts: [{at: 0, width: 7, point: mode}, {at: 7, width: 3, value: 5}]
            bits: {15: [{point: soc, at_least: 0.5}]}
      - name: racks
        over: rack
        most: 4
        rows:
          - {name: f, type: packed, point: rack.cell.balancing, elements: {over: cell, width: 1, first: high}}
          - name: g
            type: packed
            point: rack.temperature_sensor.temperature
            unit: degC
            offset: -50
            elements: {over: temperature_sensor, width: 8}
          - name: h
            type: packed
            parts: [{at: 0, width: 10, point: rack.cell_voltage_max_cell}, {at: 10, width: 6, value: 9}]
      - name: coils
        tables: [coil, discrete_input]
        over: rack
        rows: [{name: i, type: bit, point: rack.enabled, access: rw}]
"""


def test_a_map_with_everything_is_written_from_one_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_EMULATOR_PROFILES", str(tmp_path))
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "everything.yaml").write_text(EVERYTHING)
    sizes = []
    for containers in (1, 5):
        site = site_of(*(((("everything", 1)), n + 1) for n in range(containers)), containers=containers)
        plan = compile_maps(site, Catalogue(site))
        assert plan.arrays[0]["devices"].tolist() == [containers]
        sizes.append([len(part) for part in plan.arrays])
        assert_right(site, plan, containers)
    assert sizes[0] == sizes[1]


def test_terms_of_evenly_spaced_values_are_one() -> None:
    low, other = (1, 0.0, 1.0, 4), (1, 0.0, 1.0, 8)
    flat = [(10, *low), (13, *low), (16, *low), (17, *low), (20, *other)]
    assert series_of((each, "soc") for each in flat) == [
        (10, 3, 3, 1, 0, 0.0, 1.0, 4),
        (17, 1, 0, 1, 0, 0.0, 1.0, 4),
        (20, 1, 0, 1, 0, 0.0, 1.0, 8),
    ]
    assert series_of([]) == []


def test_terms_of_two_families_are_apart_however_they_lie() -> None:
    low = (0, 1.0, 1.0, 0.0, 4)
    records = series_of([((10, *low), "soc"), ((13, *low), "soh"), ((16, *low), "soh")])
    assert [record[:3] for record in records] == [(10, 1, 0), (13, 2, 3)]
