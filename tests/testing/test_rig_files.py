"""Rig files: what is wrong is said with file and line; those of hil/rigs load."""

from pathlib import Path

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.testing.rigs.rig_file import find_rig, read_rig

RIGS = Path(__file__).parents[2] / "hil" / "rigs"
HEAD = "name: mine\ndescription: A rig.\nsite: cabinet\nunder_test:\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(RIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_rig_that_is_shipped_loads_with_its_site(path: Path) -> None:
    rig = read_rig(path)
    assert rig.load_site().rack_count >= 1


@pytest.mark.parametrize(
    ("under_test", "message"),
    [
        ("  bms:\n    modbus: {map: x, hosst: y}\n", r":6: under_test\.bms\.modbus\.hosst: unknown key; near: host"),
        ("  bms:\n    modbus: {map: x}\n", r":6: under_test\.bms\.modbus\.host.*exactly one of host, serial"),
        ("  bms: {poll_s: 1}\n", r":5: under_test\.bms\.modbus.*exactly one of modbus, mqtt"),
        ("  controller: {over: modbus-rtu}\n", r":5: under_test\.controller\.serial"),
        ("  controller: {over: can}\n", r":5: under_test\.controller\.over = .*must be one of"),
        ("  reference_firmware: {}\n  controller: {over: mqtt}\n", r":6: .*exactly one of reference_firmware"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, under_test: str, message: str) -> None:
    with pytest.raises(ProfileError, match=r"mine\.yaml" + message):
        read_rig(written(tmp_path, HEAD + under_test))


def test_a_name_is_that_of_its_file_and_an_unknown_one_has_neighbours(tmp_path: Path) -> None:
    written(tmp_path, HEAD.replace("name: mine", "name: other") + "  reference_firmware: {}\n")
    with pytest.raises(ProfileError, match="must be mine, the name of the file"):
        find_rig("mine", [tmp_path])
    with pytest.raises(ProfileError, match="no rig 'mines'; near: mine"):
        find_rig("mines", [tmp_path])


def test_without_any_file_there_is_the_reference(tmp_path: Path) -> None:
    assert str(find_rig("reference", [tmp_path]).under_test) == "reference firmware"


def test_paths_and_settings_of_a_rig_reach_its_site(tmp_path: Path) -> None:
    firmware = "  user_firmware: {racks: 'rack[1]', library: firmware/mine.so}\nsettings: {initial.soc_percent: 80}\n"
    rig = read_rig(written(tmp_path, HEAD + firmware))
    site = rig.load_site({"initial.temperature_degc": 10})
    assert site.user_firmware[0].library == str(tmp_path / "firmware" / "mine.so")
    assert (site.initial.soc_percent, site.initial.temperature_degc) == (80.0, 10.0)
    line = read_rig(written(tmp_path, HEAD + "  controller: {over: modbus-rtu, serial: line}\n"))
    assert line.load_site().modbus.devices[0].serial == str(tmp_path / "line")
