"""``bms-emulator cell``: a cell profile from measurements."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from bms_emulator.profile.document import read_document
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.folders import NAME_PATTERN, Folders
from bms_emulator.units import SECONDS_PER_HOUR, celsius

app = typer.Typer(help="Fit a cell profile to measurements.", no_args_is_help=True)

FIT_EXAMPLES = r"""
Examples:

  cell fit my-cell --ocv ocv.csv --pulses pulses.csv --to plant

  cell fit my-cell --ocv ocv.csv --pulses p10.csv --pulses p25.csv --pulses p40.csv --to plant --plot fit.html

  cell fit my-cell --ocv ocv.csv --pulses p.csv --temperature 25 --soc-start 100 --capacity-ah 280 --to plant

Exit status: 0 where the profile was written and is sound, 1 where a file cannot be used, 2 where an option is wrong.
"""

CurrentSign = Literal["discharge-positive", "charge-positive"]
SIGNS: dict[CurrentSign, float] = {"discharge-positive": 1.0, "charge-positive": -1.0}


@app.command(epilog=FIT_EXAMPLES)
def fit(
    name: Annotated[str, typer.Argument(help="Name of the new profile.")],
    ocv: Annotated[Path, typer.Option(metavar="FILE", help="CSV of a slow charge and a slow discharge.")],
    pulses: Annotated[
        list[Path], typer.Option(metavar="FILE", help="CSV of a pulse test at one temperature; repeatable.")
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of your profiles: cells/NAME.yaml goes into it.")],
    like: Annotated[
        str, typer.Option(metavar="CELL", help="Cell profile that gives what the files cannot: name or file.")
    ] = "lfp-314ah",
    current_sign: Annotated[CurrentSign, typer.Option(help="What a positive current in the files means.")] = (
        "discharge-positive"
    ),
    temperature: Annotated[
        list[float] | None,
        typer.Option(metavar="DEGC", help="Of pulse tests without a column for it: one for all, or one for each."),
    ] = None,
    soc_start: Annotated[
        list[float] | None,
        typer.Option(metavar="PERCENT", help="State of charge where pulse tests begin: one, or one for each.  [100]"),
    ] = None,
    capacity_ah: Annotated[
        float | None,
        typer.Option(metavar="AH", min=1e-3, help="Capacity, where the OCV file gives soc instead of charge."),
    ] = None,
    rated_capacity_ah: Annotated[
        float | None,
        typer.Option(metavar="AH", min=1e-3, help="Nameplate capacity; else in proportion to the other cell."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an HTML page with measured and fitted curves.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a profile of that name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Fit a cell profile to a slow charge and discharge and to pulse tests.

    Finds pulses by itself, fits r0, r1, tau1, r2, tau2 to each, and brings them to the form of a profile: values at
    25 °C, shapes over state of charge for charge and discharge, activation energies. What the files cannot tell is
    that of another cell, and says so in its source.
    """
    from bms_emulator.fitting.chart import write_chart
    from bms_emulator.fitting.document import profile_text
    from bms_emulator.fitting.fit import fit_cell
    from bms_emulator.fitting.lab import MissingExtraError
    from bms_emulator.fitting.measurements import MeasurementError
    from bms_emulator.fitting.records import read_open_circuit, read_pulses

    target = _target(to, name, force)
    degrees = _one_for_each("--temperature", temperature, len(pulses), None)
    starts = _one_for_each("--soc-start", soc_start, len(pulses), 100.0)
    try:
        template, data = _template(like)
        records = [
            read_pulses(path, SIGNS[current_sign], degc, (start or 0.0) / 100.0)
            for path, degc, start in zip(pulses, degrees, starts, strict=True)
        ]
        capacity = None if capacity_ah is None else capacity_ah * SECONDS_PER_HOUR
        fitted = fit_cell(read_open_circuit(ocv), records, template, capacity)
        text = profile_text(fitted, name, data, rated_capacity_ah)
        if plot is not None:
            write_chart(fitted, name, plot)
    except (MeasurementError, MissingExtraError, ProfileError, ValueError) as error:
        raise _failed(error) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    if as_json:
        print(json.dumps(_report(fitted, target), indent=2))
    else:
        _show(fitted, target)
    from bms_emulator.profile.loader import load_profile

    try:
        load_profile("cells", str(target))
    except ProfileError as error:
        raise _failed(error) from error


@app.command(
    epilog="Examples: bms-emulator cell example measurements · example measurements --cell lfp-280ah --noise-mv 0.5"
)
def example(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.")],
    cell: Annotated[str, typer.Option(help="Cell profile to measure.")] = "lfp-314ah",
    temperature: Annotated[
        list[float] | None, typer.Option(metavar="DEGC", help="Temperature of a pulse test; repeatable.  [10, 25, 40]")
    ] = None,
    noise_mv: Annotated[float, typer.Option(min=0.0, metavar="MV", help="Noise of the voltage.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the noise.")] = 0,
) -> None:
    """Write synthetic measurements of a cell profile: files in the form that ``cell fit`` reads."""
    from bms_emulator.fitting.example import write_example

    try:
        files = write_example(folder, cell, temperature or [10.0, 25.0, 40.0], noise_mv, seed)
    except ProfileError as error:
        raise _failed(error) from error
    for file in files:
        print(f"{file}: written")


def _target(folder: Path, name: str, force: bool) -> Path:
    """Where the profile goes."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise typer.BadParameter(f"{name!r}: letters, digits, '-', '_' and '.' only", param_hint="NAME")
    target = folder / "cells" / f"{name}.yaml"
    if target.exists() and not force:
        raise typer.BadParameter(f"{target} is there already; --force replaces it", param_hint="NAME")
    return target


def _one_for_each(option: str, given: Sequence[float] | None, count: int, default: float | None) -> list[float | None]:
    """A value for each pulse test."""
    values: list[float | None] = list(given or [])
    if len(values) not in {0, 1, count}:
        raise typer.BadParameter(
            f"given {len(values)} times; once, or once for each of {count} --pulses", param_hint=option
        )
    return values if len(values) == count else (values or [default]) * count


def _template(like: str) -> tuple[Any, dict[str, Any]]:
    """A cell profile, and the content of its file."""
    from bms_emulator.profile.loader import load_profile, locate

    profile = load_profile("cells", like)
    _, found = locate("cells", like, Folders.default())
    return profile, read_document(found.path, found.label).data


def _failed(error: Exception) -> typer.Exit:
    Console(stderr=True).print(f"{error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)


def _show(fitted: Any, target: Path) -> None:
    """The fit as tables."""
    console, r = Console(), fitted.resistances
    numbers = Table("at 25 °C", "value", "activation", title=f"{target}", title_justify="left")
    for branch in range(3):
        energy = f"{r.activation[branch] * 1e-3:.3g} kJ/mol" + (
            "" if r.is_activation_fitted else f", of {fitted.like.name}"
        )
        numbers.add_row(f"r{branch}", f"{r.resistance[branch] * 1e3:.4g} mΩ", energy)
        if branch:
            numbers.add_row(f"tau{branch}", f"{r.tau[branch - 1]:.4g} s", "")
    numbers.add_row("capacity", f"{fitted.capacity / SECONDS_PER_HOUR:.5g} Ah", "")
    console.print(numbers)
    errors = Table("", "pulses", "RMS, pulse by pulse", "RMS, profile", "largest", title="Modelled less measured")
    errors.columns[0].overflow = "fold"
    for error in fitted.errors:
        errors.add_row(
            f"{Path(error.file).name}, {celsius(error.temperature):.0f} °C",
            f"{error.pulse_count}",
            f"{error.pulses * 1e3:.2f} mV",
            f"{error.profile * 1e3:.2f} mV",
            f"{error.profile_max * 1e3:.1f} mV at soc {error.profile_max_soc:.2f}",
        )
    console.print(errors)
    for warning in fitted.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{target}: written", markup=False, highlight=False, soft_wrap=True)


def _report(fitted: Any, target: Path) -> dict[str, Any]:
    """The fit as plain data, in the units of profiles."""
    r = fitted.resistances
    return {
        "profile": str(target),
        "capacity_ah": fitted.capacity / SECONDS_PER_HOUR,
        "resistance": {
            **{f"r{branch}_mohm": r.resistance[branch] * 1e3 for branch in range(3)},
            **{f"tau{branch + 1}_s": r.tau[branch] for branch in range(2)},
            **{f"activation_r{branch}_kj_per_mol": r.activation[branch] * 1e-3 for branch in range(3)},
        },
        "errors": [
            {
                "file": error.file,
                "temperature_degc": celsius(error.temperature),
                "pulse_count": error.pulse_count,
                "pulse_rms_mv": error.pulses * 1e3,
                "profile_rms_mv": error.profile * 1e3,
                "profile_max_mv": error.profile_max * 1e3,
                "profile_max_soc": error.profile_max_soc,
            }
            for error in fitted.errors
        ],
        "pulses": [
            {
                "file": f.pulse.course.record.file,
                "start_s": f.pulse.stretch.start,
                "soc": f.pulse.soc,
                "temperature_degc": celsius(f.pulse.temperature),
                "current_a": f.pulse.current,
                **{f"r{branch}_mohm": f.resistance[branch] * 1e3 for branch in range(3)},
                **{f"tau{branch + 1}_s": f.tau[branch] for branch in range(2)},
                **{f"tau{branch + 1}_is_known": f.knows_tau(branch) for branch in range(2)},
                "rms_mv": f.rms * 1e3,
            }
            for f in fitted.free
        ],
        "warnings": list(fitted.warnings),
    }
