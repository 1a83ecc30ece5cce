"""Options of ``run`` that put users' firmware into racks."""

import json
from pathlib import Path

import pytest
import typer

from bms_emulator.cli.firmware_options import firmware_rows, memory_folders


def test_without_options_the_site_stays_as_it_is():
    assert firmware_rows([], []) == {}
    assert memory_folders(None, 3) == {}


def test_paths_start_at_the_present_folder():
    rows = firmware_rows(["rack[1]=lib/libmybms.so", "rack[2..3]=mybms.py:Firmware", "rack[4]=package.mod:Class"], [])
    assert rows["user_firmware"] == [
        {"racks": "rack[1]", "library": str(Path.cwd() / "lib/libmybms.so")},
        {"racks": "rack[2..3]", "library": str(Path.cwd() / "mybms.py:Firmware")},
        {"racks": "rack[4]", "library": "package.mod:Class"},
    ]


def test_a_configuration_goes_to_the_racks_that_it_names(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"limit_v": 3.6}))
    (row,) = firmware_rows(["rack[1]=x.so"], [f"rack[1]={file}"])["user_firmware"]
    assert row["config"] == {"limit_v": 3.6}


def test_one_folder_keeps_the_memory_of_all():
    folders = memory_folders(Path("memory"), 2)
    assert folders == {f"user_firmware.{n}.persistent": str(Path.cwd() / "memory") for n in range(2)}


@pytest.mark.parametrize(
    ("firmware", "configs", "message"),
    [
        (["rack[1]"], [], "must be RACKS=FILE"),
        (["=x.so"], [], "must be RACKS=FILE"),
        (["rack[1]=x.so", "rack[1]=y.so"], [], "stands twice"),
        (["rack[1]=x.so"], ["rack[2]=c.json"], "is not given to --firmware"),
        (["rack[1]=x.so"], ["rack[1]=nowhere.json"], "No such file"),
        (["rack[1]=x.so"], [f"rack[1]={__file__}"], "is not JSON"),
    ],
)
def test_what_cannot_be_meant_is_refused(firmware, configs, message):
    with pytest.raises(typer.BadParameter, match=message):
        firmware_rows(firmware, configs)
