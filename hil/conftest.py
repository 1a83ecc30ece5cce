"""Options of the tests with a firmware in the loop."""

from pathlib import Path

import pytest

OF_THE_EXAMPLE = {"test_how_to.py", "test_variants.py", "test_whole_loop.py"}
"""Tests that are about the shipped example and no other firmware."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--firmware-library",
        metavar="PATH",
        help="shared library that hil/firmware tests, instead of the example that is built there",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = config.getoption("--firmware-library")
    return True if named is not None and collection_path.name in OF_THE_EXAMPLE else None
