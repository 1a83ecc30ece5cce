"""A copy of the shipped profiles that a test may spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.folders import ENVIRONMENT, shipped_folder
from bms_emulator.profile.loader import load_site


@pytest.fixture(autouse=True)
def _no_user_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


class Tree:
    """A folder of profiles."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def site(self) -> str:
        """Path of the demo site's file, from this folder."""
        return "sites/demo.yaml"

    def edit(self, file: str, old: str, new: str) -> int:
        """Replace the only occurrence of a text; the line that it stood in."""
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def problems(self, **overrides: object) -> list[Problem]:
        """What is wrong with the demo site in this folder."""
        with pytest.raises(ProfileError) as caught:
            load_site(self.site, {key.replace("__", "."): value for key, value in overrides.items()})
        return list(caught.value.problems)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    root = tmp_path / "profiles"
    shutil.copytree(shipped_folder(), root)
    monkeypatch.chdir(root)
    return Tree(root)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file below the test's folder, with the folders that it needs."""

    def write(file: str, text: str) -> Path:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
