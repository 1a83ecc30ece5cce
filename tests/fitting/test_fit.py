"""A fit of what the plant did finds the profile that the plant was built from."""

from pathlib import Path

import numpy as np
import pytest

from bms_emulator.fitting.document import profile_text
from bms_emulator.fitting.example import Chamber
from bms_emulator.fitting.fit import CellFit, fit_cell
from bms_emulator.fitting.records import read_open_circuit, read_pulses
from bms_emulator.profile.cell import CellProfile
from bms_emulator.profile.document import read_document
from bms_emulator.profile.folders import ENVIRONMENT, Folders
from bms_emulator.profile.loader import load_profile
from bms_emulator.units import kelvin
from tests.fitting.cycler import CAPACITY_AH, R0, R1, R2, STANDARD, TAU1, TAU2, write_pulses, write_slow


def load(name: str) -> CellProfile:
    cell = load_profile("cells", name)
    assert isinstance(cell, CellProfile)
    return cell


TRUE = load("lfp-314ah")


def noisy(folder: Path, files: Path, noise_mv: float) -> list[Path]:
    """Copies of the plant's tests with noise on every voltage."""
    rng = np.random.default_rng(3)
    copies = []
    for file in sorted(files.glob("*.csv")):
        note, header, *rows = file.read_text().splitlines()
        column = header.split(",").index("voltage_v")
        fields = [row.split(",") for row in rows]
        for row in fields:
            row[column] = f"{float(row[column]) + noise_mv * 1e-3 * rng.standard_normal():.6f}"
        copies.append(folder / file.name)
        copies[-1].write_text("\n".join([note, header, *map(",".join, fields)]))
    return copies


def fit_files(files: list[Path]) -> CellFit:
    slow, *pulses = files
    return fit_cell(read_open_circuit(slow), [read_pulses(file, 1.0, None, 1.0) for file in pulses], TRUE)


@pytest.fixture(scope="module", params=[0.1, 0.5])
def fitted(request: pytest.FixtureRequest, plant_files: Path, tmp_path_factory: pytest.TempPathFactory) -> CellFit:
    return fit_files(noisy(tmp_path_factory.mktemp("noisy"), plant_files, request.param))


def test_capacity_and_resistances_are_recovered(fitted):
    r = TRUE.resistance
    assert fitted.capacity / 3600.0 == pytest.approx(TRUE.capacity_ah, rel=1e-4)
    true = 1e-3 * np.array([r.r0_mohm, r.r1_mohm, r.r2_mohm])
    assert fitted.resistances.resistance == pytest.approx(true, rel=0.03)
    assert fitted.resistances.tau == pytest.approx((r.tau1_s, r.tau2_s), rel=0.03)
    assert all(fitted.is_tau_known)


def test_activation_energies_are_recovered(fitted):
    r = TRUE.resistance
    true = (r.activation_r0_kj_per_mol, r.activation_r1_kj_per_mol, r.activation_r2_kj_per_mol)
    assert np.array(fitted.resistances.activation) * 1e-3 == pytest.approx(true, rel=0.03)


def test_shapes_of_both_directions_are_recovered(fitted):
    true, inside = np.array(TRUE.resistance.shape_soc), slice(2, -1)
    assert fitted.resistances.shape_soc == pytest.approx(true)
    for found, shape in (
        (fitted.resistances.shape_charge, TRUE.resistance.shape_charge),
        (fitted.resistances.shape_discharge, TRUE.resistance.shape_discharge),
    ):
        assert found[inside] == pytest.approx(np.array(shape)[inside], rel=0.05)


def test_the_open_circuit_curve_is_recovered_to_a_millivolt_away_from_knees(fitted):
    soc = np.array(TRUE.open_circuit.soc)
    flat = (soc >= 0.1) & (soc <= 0.97)
    voltage, gap = np.array(TRUE.open_circuit.voltage_v), np.array(TRUE.open_circuit.hysteresis_mv)
    assert np.abs(fitted.curve.voltage - voltage)[flat].max() < 1e-3
    assert np.abs((fitted.curve.half_gap + fitted.curve.instantaneous) * 1e3 - gap)[flat].max() < 1.0


def test_pulses_in_a_knee_are_left_out_and_told(fitted):
    assert any("pulse at soc 0.98 is left out" in warning for warning in fitted.warnings)
    assert all(error.pulses < 1e-3 and error.profile < 3e-3 for error in fitted.errors)


def test_the_written_profile_makes_the_plant_do_what_was_measured(fitted, tmp_path, monkeypatch):
    """The plant itself with the fitted profile, against the plant with the true one: a drive of both directions."""
    (tmp_path / "cells").mkdir()
    template = read_document(Folders.default().find("cells", "lfp-314ah").path).data
    (tmp_path / "cells/mine.yaml").write_text(profile_text(fitted, "mine", template))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    load("mine")
    drive = [(100.0, 900.0), (0.0, 300.0), (-150.0, 600.0), (0.0, 60.0), (50.0, 600.0), (157.0, 1200.0), (0.0, 1200.0)]
    voltages = []
    for name in ("lfp-314ah", "mine"):
        chamber = Chamber(name, kelvin(20.0), soc=0.7, hysteresis=0.0)
        voltages.append([row.voltage for current, duration in drive for row in chamber.drive(current, duration)])
    true, mine = np.array(voltages)
    assert np.sqrt(np.mean((mine - true) ** 2)) < 1e-3
    assert np.abs(mine - true).max() < 4e-3


@pytest.fixture
def paper(tmp_path: Path) -> dict[str, Path]:
    slow = write_slow(tmp_path / "ocv.csv", columns="charge_ah,voltage_v,direction")
    return {"slow": slow, "pulses": write_pulses(tmp_path / "p.csv", STANDARD, 1e-4)}


def test_one_temperature_keeps_the_activation_energies_of_the_other_cell(paper):
    like = TRUE.model_copy(update={"hysteresis_instantaneous_mv": 0.0})  # as the cell on paper
    fit = fit_cell(read_open_circuit(paper["slow"]), [read_pulses(paper["pulses"], 1.0, None, 1.0)], like)
    assert fit.capacity == pytest.approx(CAPACITY_AH * 3600.0, rel=1e-4)
    assert fit.resistances.resistance == pytest.approx((R0, R1, R2), rel=0.03)
    assert fit.resistances.tau == pytest.approx((TAU1, TAU2), rel=0.05)
    assert fit.resistances.activation[0] == like.resistance.activation_r0_kj_per_mol * 1e3
    assert any("activation energies of lfp-314ah were kept" in warning for warning in fit.warnings)
    assert any("no column current_a" in warning for warning in fit.warnings)


def test_short_pulses_keep_the_slow_time_constant_of_the_other_cell_and_say_so(paper, tmp_path):
    file = write_pulses(tmp_path / "short.csv", [(50.0, 30.0, 40.0)] * 10, 1e-4, 0.9)
    fit = fit_cell(read_open_circuit(paper["slow"]), [read_pulses(file, 1.0, None, 0.9)], TRUE)
    assert fit.is_tau_known == (True, False)
    assert fit.resistances.tau[1] == TRUE.resistance.tau2_s
    told = " ".join(fit.warnings)
    assert "tau2 is not identifiable in 10 of 10 pulses" in told
    assert "pulse and rest of 70 s are short for 900 s" in told
    assert "no charge pulses: the shape of discharge stands for both" in told


def test_an_unknown_capacity_is_asked_for(tmp_path, paper):
    slow = read_open_circuit(write_slow(tmp_path / "by-soc.csv"))
    with pytest.raises(ValueError, match="the capacity is not known"):
        fit_cell(slow, [read_pulses(paper["pulses"], 1.0, None, 1.0)], TRUE)
