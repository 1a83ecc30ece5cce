"""Requirements: read with their areas, refused with the line that is wrong."""

from pathlib import Path

import pytest

from bms_emulator.profile.document import read_document
from bms_emulator.profile.errors import ProfileError
from bms_emulator.testing.requirements import load_requirements, schema_text

HIL = Path(__file__).parents[2] / "hil"

SOUND = """\
areas: {PRO: Protection}
requirements:
  PRO-OV-1:
    title: Overvoltage
    text: It opens.
    source: a standard
"""


def loaded(folder: Path, text: str) -> list[str]:
    file = folder / "requirements.yaml"
    file.write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_requirements(file)
    return [f"{problem.line}: {problem.path}: {problem.message}" for problem in caught.value.problems]


def test_a_requirement_knows_its_area(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(SOUND)
    (found,) = load_requirements(tmp_path / "r.yaml").values()
    assert (found.id, found.area, found.title, found.source) == ("PRO-OV-1", "Protection", "Overvoltage", "a standard")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("PRO-OV-1", "PRX-OV-1", "3: requirements.PRX-OV-1: PRX is no area; near: PRO"),
        ("PRO-OV-1", "pro", "3: requirements.pro: an id is capitals and digits with hyphens between, as in PRO-OV-1"),
        ("    title: Overvoltage\n", "", "3: requirements.PRO-OV-1.title: missing key"),
        ("source", "sauce", "6: requirements.PRO-OV-1.sauce: unknown key; near: source"),
        ("It opens.", "''", "5: requirements.PRO-OV-1.text: must not be empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in loaded(tmp_path, SOUND.replace(old, new))


def test_an_id_stands_once(tmp_path: Path) -> None:
    twice = SOUND + SOUND[SOUND.index("  PRO-OV-1") :]
    assert loaded(tmp_path, twice) == ["7: requirements.PRO-OV-1: stands twice, first in line 3"]


def test_the_shipped_requirements_are_sound_and_every_area_has_some() -> None:
    requirements = load_requirements(HIL / "requirements.yaml")
    areas = {requirement.area for requirement in requirements.values()}
    assert areas == set(read_document(HIL / "requirements.yaml").data["areas"].values())
    assert len(requirements) >= 50


def test_the_schema_for_editors_is_fresh() -> None:
    assert (HIL / "schema" / "requirements.json").read_text() == schema_text()
