"""Which racks run a user's firmware, and where its files lie."""

import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.profile.user_firmware import rack_name, rack_numbers

CONTAINERS, RACKS = 3, 12


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("container[1].rack[1]", [0]),
        ("container[2].rack[1..3]", [12, 13, 14]),
        ("container[3].rack[2, 12]", [25, 35]),
        ("container[*].rack[1]", [0, 12, 24]),
        (" container[1,3].rack[12] ", [11, 35]),
    ],
)
def test_a_selector_picks_racks_of_containers(selector, numbers):
    assert list(rack_numbers(selector, CONTAINERS, RACKS)) == numbers


def test_the_only_container_may_be_left_out():
    assert rack_numbers("rack[*]", 1, RACKS) == tuple(range(RACKS))
    with pytest.raises(ValueError, match=r"needs a container: container\[1..3\].rack\[1\]"):
        rack_numbers("rack[1]", CONTAINERS, RACKS)


@pytest.mark.parametrize(
    "selector", ["", "rack", "rack[]", "rack[0]", "rack[13]", "rack[3..1]", "rack[x]", "pcs[1]", "rack[1].cell[1]"]
)
def test_a_selector_that_picks_no_rack_is_refused(selector):
    with pytest.raises(ValueError, match=r"must be|does not exist|runs backwards"):
        rack_numbers(selector, 1, RACKS)


def test_names_and_numbers_are_each_other_s_inverse():
    for number in range(CONTAINERS * RACKS):
        assert rack_numbers(rack_name(number, RACKS), CONTAINERS, RACKS) == (number,)


def test_files_lie_beside_the_site_that_names_them(tmp_path):
    text = load_site("demo").folders.find("sites", "demo").path.read_text().replace("name: demo", "name: mine")
    (tmp_path / "sites").mkdir()
    file = tmp_path / "sites" / "mine.yaml"
    rows = [
        "{racks: 'rack[1]', library: ../lib/libmybms.so, persistent: memory}",
        "{racks: 'rack[2]', library: 'mybms.py:Firmware'}",
        "{racks: 'rack[3]', library: 'package.module:Firmware'}",
        "{racks: 'rack[4]', library: /lib/libmybms.so}",
    ]
    file.write_text(text + "user_firmware:\n" + "".join(f"  - {row}\n" for row in rows))
    first, second, third, fourth = load_site(str(file)).user_firmware
    assert first.library == f"{tmp_path}/sites/../lib/libmybms.so"
    assert first.persistent == f"{tmp_path}/sites/memory"
    assert second.library == f"{tmp_path}/sites/mybms.py:Firmware"
    assert third.library == "package.module:Firmware"
    assert fourth.library == "/lib/libmybms.so"
