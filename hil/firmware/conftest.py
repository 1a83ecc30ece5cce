"""The library under test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.firmware.build import build, missing_programs
from hil.firmware.rig import Rig


@pytest.fixture
def compiler() -> None:
    """Skips the test where nothing can be built."""
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture
def library(request: pytest.FixtureRequest) -> Path:
    """The library that was named, or the example."""
    named = request.config.getoption("--firmware-library")
    if named is not None:
        return Path(named).resolve()
    request.getfixturevalue("compiler")
    return build()


@pytest.fixture
def rig(library: Path) -> Iterator[Rig]:
    """A bench with that library."""
    with Rig(library) as bench:
        yield bench
