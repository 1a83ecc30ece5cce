"""Measurements of our own plant, made once."""

from pathlib import Path

import pytest

from bms_emulator.fitting.example import write_example


@pytest.fixture(scope="session")
def plant_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with noise-free tests of the 314 Ah cell at 10 and 35 °C."""
    folder = tmp_path_factory.mktemp("measured")
    write_example(folder, "lfp-314ah", [10.0, 35.0], noise_mv=0.0, seed=0)
    return folder
