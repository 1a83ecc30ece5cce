"""Loading: all problems of all files at once, overrides, folders."""

import contextlib
import pickle
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import ENVIRONMENT, KIND_FOLDERS, Folders, shipped_folder
from bms_emulator.profile.loader import KINDS, MAPS, load_profile, load_site
from tests.profile.conftest import Tree


def test_problems_of_all_files_are_reported_at_once(tree: Tree) -> None:
    line = {
        "cell": tree.edit("cells/lfp-314ah.yaml", "r0_mohm: 0.18", "r0_mohm: -0.18"),
        "pack": tree.edit("packs/1p104s-liquid.yaml", "temperature_sensor_count: 52", "temperature_sensor_count: many"),
        "rack": tree.edit("racks/1p416s.yaml", "travel_ms: 30", "travel_mss: 30"),
        "container": tree.edit("containers/liquid-5mwh.yaml", "rack_count: 12\n", ""),
        "site": tree.edit("sites/demo.yaml", "port: 8080", "port: 80800"),
    }
    assert [str(problem) for problem in tree.problems()] == [
        f"cells/lfp-314ah.yaml:{line['cell']}: resistance.r0_mohm = -0.18: must be > 0",
        "containers/liquid-5mwh.yaml:2: rack_count: missing key",
        f'packs/1p104s-liquid.yaml:{line["pack"]}: temperature_sensor_count = "many": must be a whole number',
        f"racks/1p416s.yaml:{line['rack'] - 1}: contactors.travel_ms: missing key",
        f"racks/1p416s.yaml:{line['rack']}: contactors.travel_mss: unknown key; near: travel_ms",
        f"sites/demo.yaml:{line['site']}: http.port = 80800: must be <= 65535",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: -3", "contactors.travel_ms = -3: must be > 0"),
        ("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: .inf", "contactors.travel_ms = Infinity: must be a finite"),
        ("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: true", "contactors.travel_ms = true: must be a number"),
        ("racks/1p416s.yaml", "travel_ms: 30", "travel_ms: 'x'", 'contactors.travel_ms = "x": must be a number'),
        ("racks/1p416s.yaml", "travel_ms: 30", "travel_ms:", "contactors.travel_ms = null: must be a number"),
        ("racks/1p416s.yaml", "pack_count: 4", "pack_count: 4.0", "pack_count = 4.0: must be a whole number"),
        ("racks/1p416s.yaml", "pack: 1p104s-liquid", "pack: [1]", "pack: must be the name of a file in packs/"),
        (
            "racks/1p416s.yaml",
            "pack: 1p104s-liquid",
            "pack: 1p104s-liqid",
            "pack: no profile '1p104s-liqid' in packs/; near: 1p104s-liquid, ",
        ),
        ("racks/1p416s.yaml", "pack: 1p104s-liquid", "pack: ../packs/x", "pack: '../packs/x' is no name of a profile"),
        ("racks/1p416s.yaml", "name: 1p416s", "name: 1p417s", "name = 1p417s: must be 1p416s, the name of the file"),
        ("racks/1p416s.yaml", "name: 1p416s", "name: [x]", 'name = ["x"]: must be text'),
        ("racks/1p416s.yaml", "fuse_rating_a: 315", "fuse_rating_a: 100", "= 100: must be >= rated_current_a = 180"),
        (
            "firmware/default.yaml",
            "[0.3, 0.4, 0.5]",
            "[0.3, 0.4]",
            "alarms.3.set = [0.3, 0.4]: has too few items",
        ),
        ("firmware/default.yaml", "[0.3, 0.4, 0.5]", "0.3", "alarms.3.set = 0.3: must be a list"),
        (
            "firmware/default.yaml",
            "[0.3, 0.4, 0.5]",
            "[1, 2, 3, 4]",
            "alarms.3.set = [1, 2, 3, 4]: must have at most 3",
        ),
        (
            "firmware/default.yaml",
            "[0.3, 0.4, 0.5]",
            "[0.5, 0.49, 0.48]",
            "alarms.3.set = [0.5, 0.49, 0.48]: levels must get more severe from the first to the third",
        ),
        (
            "firmware/default.yaml",
            "[0.25, 0.35, 0.45]",
            "[0.25, 0.41, 0.45]",
            "alarms.3.clear = [0.25, 0.41, 0.45]: level 2",
        ),
        (
            "firmware/default.yaml",
            "signal: cell_voltage_spread_v",
            "signal: cell_voltage_spred_v",
            'alarms.3.signal = "cell_voltage_spred_v": no such signal; near: cell_voltage_spread_v',
        ),
        ("firmware/default.yaml", "id: cell_undervoltage", "id: cell_overvoltage", "alarms.1.id"),
        ("firmware/default.yaml", "heating_off_degc: 13.5", "heating_off_degc: 10", "must be > heating_on_degc = 12"),
        ("firmware/default.yaml", "recovery_v: 18", "recovery_v: 16", "must be > brown_out_v = 16"),
        (
            "sites/demo.yaml",
            "unit: 100",
            "unit: 1",
            "modbus.devices.1.unit = 1: 127.0.0.1:5020, unit 1 is taken by devices.0",
        ),
        ("sites/demo.yaml", "port: 8080", "port: 1883", "http.port = 1883: is taken by mqtt.port"),
        (
            "sites/demo.yaml",
            "broker: embedded",
            "broker: local",
            'mqtt.broker = "local": must be embedded, off, mqtt://',
        ),
        (
            "sites/demo.yaml",
            "map: pcs-sunspec, ",
            "map: pcs-sunspe, ",
            "modbus.devices.1.map: no profile 'pcs-sunspe' in registers/; near: pcs-sunspec",
        ),
        (
            "sites/demo.yaml",
            "map: pcs-sunspec, ",
            "container: 2, map: pcs-sunspec, ",
            "= 2: must be <= container_count = 1",
        ),
    ],
)
def test_a_problem_says_where_what_and_what_is_allowed(tree: Tree, file: str, old: str, new: str, message: str) -> None:
    line = tree.edit(file, old, new)
    [problem] = [p for p in tree.problems() if not p.path.startswith("sources")]
    assert (problem.file, problem.line) == (file, line)
    assert message in str(problem)


def test_a_missing_source_is_a_problem_of_its_own_with_the_lines_of_the_number(tree: Tree) -> None:
    tree.edit("packs/1p104s-liquid.yaml", '  joint_resistance_mohm: "[D]', '  joint_resistance: "[X]')
    assert [(p.line, p.path, p.message) for p in tree.problems()] == [
        (8, "joint_resistance_mohm", "has no entry in sources"),
        (26, "sources.joint_resistance", "must begin with a grade, one of [V] [S] [D] [U], and name the source"),
        (26, "sources.joint_resistance", "names no number of this profile"),
    ]


def test_an_unreadable_part_does_not_hide_the_problems_of_the_whole(tree: Tree) -> None:
    (tree.root / "cells/lfp-314ah.yaml").write_text("a: [1\n")
    tree.edit("racks/1p416s.yaml", "pack_count: 4", "pack_count: 0")
    assert [(p.file, p.path) for p in tree.problems()] == [
        ("cells/lfp-314ah.yaml", ""),
        ("racks/1p416s.yaml", "pack_count"),
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "text\n", "3\n"])
def test_a_file_that_is_no_mapping_is_refused(tree: Tree, text: str) -> None:
    (tree.root / "sites/demo.yaml").write_text(text)
    assert [p.message for p in tree.problems()] == ["must be a mapping of keys to values"]


def test_overrides_reach_sections_lists_and_named_profiles() -> None:
    site = load_site(
        "demo",
        {
            "weather.mean_degc": 45,
            "modbus.devices.0.port": 0,
            "step_ms": 10,
            "mqtt": {"broker": "off"},
            "container.rack.pack.cell.resistance.r0_mohm": 0.3,
            "firmware.alarms.0.set": (3.5, 3.6, 3.7),
        },
    )
    assert (site.weather.mean_degc, site.modbus.devices[0].port, site.step_ms) == (45, 0, 10)
    assert (site.mqtt.broker, site.mqtt.port) == ("off", 1883)
    assert site.container.rack.pack.cell.resistance.r0_mohm == 0.3
    assert site.firmware.alarms[0].set == (3.5, 3.6, 3.7)
    assert load_site("demo").weather.mean_degc == 25


def test_an_override_can_name_another_profile_and_go_on_into_it() -> None:
    site = load_site("demo", {"container": "cabinet-261kwh", "container.rated_energy_kwh": 260, "pcs": "cabinet-125kw"})
    assert (site.rack_count, site.container.rated_energy_kwh, site.pcs.rated_power_kw) == (1, 260, 125)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("step_ms", 1, "--set: step_ms = 1: must be >= 10"),
        ("step", 1, "--set: step: unknown key; near: step_ms"),
        ("weather.mean_degx", 1, "--set: weather.mean_degx: unknown key; near: mean_degc"),
        (
            "weather.mean_degc.x",
            1,
            "--set: weather.mean_degc.x: weather.mean_degc is a single value and has no part 'x'",
        ),
        (
            "firmware.alarms.0.set.3",
            1,
            "--set: firmware.alarms.0.set.3: alarms.0.set has 3 items, counted from 0; '3' is none",
        ),
        ("firmware.alarms.0.set.-1", 1, "--set: firmware.alarms.0.set.-1: alarms.0.set has 3 items"),
        ("modbus.devices.0.port", "x", '--set: modbus.devices.0.port = "x": must be a whole number'),
        ("container.rack_count", True, "--set: container.rack_count = true: must be a whole number"),
        ("container.rack.pack.cell.mass_kg", -1, "--set: container.rack.pack.cell.mass_kg = -1: must be > 0"),
        ("container.name", "x", "--set: container.name = x: must be liquid-5mwh, the name of the file"),
        ("container", "x", "--set: container: no profile 'x' in containers/"),
        ("container", {"rack_count": 2}, "--set: container: must be the name of a file in containers/"),
        ("modbus.devices.0.map", "nope", "--set: modbus.devices.0.map: no profile 'nope' in registers/"),
        ("", 1, "--set: : unknown key"),
        ("a..b", 1, "--set: a: unknown key"),
    ],
)
def test_a_wrong_override_is_named(path: str, value: object, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_site("demo", {path: value}, origin="--set")
    assert message.replace(": : ", ": ") in str(caught.value).replace(": : ", ": ")


def test_a_site_file_finds_its_parts_in_its_own_tree_first(tree: Tree) -> None:
    tree.edit("cells/lfp-314ah.yaml", "r0_mohm: 0.18", "r0_mohm: 0.5")
    (tree.root / "racks/1p416s.yaml").unlink()
    site = load_site(tree.site)
    assert site.container.rack.pack.cell.resistance.r0_mohm == 0.5
    assert load_site("demo").container.rack.pack.cell.resistance.r0_mohm == 0.18
    assert site.folders.find(MAPS, "pcs-sunspec").path.parent == tree.root / MAPS


def test_a_site_file_beside_its_folders_finds_them(tree: Tree) -> None:
    shutil.move(tree.root / tree.site, tree.root / "demo.yaml")
    tree.edit("cells/lfp-314ah.yaml", "r0_mohm: 0.18", "r0_mohm: 0.5")
    assert load_site(str(tree.root / "demo.yaml")).container.rack.pack.cell.resistance.r0_mohm == 0.5


def test_folders_of_the_environment_come_before_the_shipped_one(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.edit("sites/demo.yaml", "soc_percent: 50", "soc_percent: 40")
    monkeypatch.setenv(ENVIRONMENT, f"/nowhere:{tree.root}")
    assert load_site("demo").initial.soc_percent == 40


@pytest.mark.parametrize(
    "name", ["../sites/demo", "/etc/passwd", "..", ".", "a/b.yaml", "x" * 300, "demo\x00", "", "dem o"]
)
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    with pytest.raises(ProfileError):
        load_site(name)
    with pytest.raises(ProfileError):
        Folders.default().find("sites", name)


def test_a_link_out_of_its_folder_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    shutil.move(tree.root / "racks/1p416s.yaml", outside)
    (tree.root / "racks/1p416s.yaml").symlink_to(outside)
    (tree.root / "racks/linked.yaml").symlink_to(outside)
    assert "linked" not in Folders.around(tree.root / tree.site).list("racks")
    tree.edit("containers/liquid-5mwh.yaml", "rack: 1p416s", "rack: linked")
    assert "no profile 'linked' in racks/" in str(tree.problems()[0])


def test_a_site_that_is_not_there_is_refused_with_what_is() -> None:
    there = ", ".join(Folders.default().list("sites"))
    with pytest.raises(ProfileError, match=f"^no profile 'dmo' in sites/; near: demo; there are: {re.escape(there)}$"):
        load_site("dmo")


def test_kinds_have_a_folder_each() -> None:
    assert set(KINDS) | {MAPS} == set(KIND_FOLDERS)
    assert all((shipped_folder() / kind).is_dir() for kind in KIND_FOLDERS)


def test_a_site_survives_the_way_to_another_process(tree: Tree) -> None:
    site = load_site(tree.site)
    again = pickle.loads(pickle.dumps(site))
    assert again == site
    assert again.folders == site.folders


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_spoilt_file_gets_a_profile_or_a_profile_error_and_nothing_else(data: st.DataObject, tmp_path: Path) -> None:
    text = (shipped_folder() / "racks/1p416s.yaml").read_text()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.sampled_from([0, 1, 5, 40]))
    insert = data.draw(
        st.one_of(st.text(max_size=8), st.sampled_from(["{}", "[]", "- ", ": ", "\n", " x: 1\n", "-1", "null"]))
    )
    folder = tmp_path / "racks"
    folder.mkdir(exist_ok=True)
    (folder / "1p416s.yaml").write_bytes((text[:start] + insert + text[start + length :]).encode("utf-8", "replace"))
    with contextlib.suppress(ProfileError):
        load_profile("racks", str(folder / "1p416s.yaml"))
