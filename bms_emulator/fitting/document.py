"""A fitted cell as a profile file: every number with what it was fitted to, or whose it is."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bms_emulator.fitting.fit import CellFit
from bms_emulator.units import SECONDS_PER_HOUR, celsius

WIDTH = 120
"""Longest line of a list."""


def profile_text(fit: CellFit, name: str, template: Mapping[str, Any], rated_capacity_ah: float | None = None) -> str:
    """The file of a cell profile.

    Args:
        fit: The fitted cell.
        name: Name of the profile.
        template: Content of the file of the profile that gives what was not measured.
        rated_capacity_ah: Nameplate capacity; in the template's ratio to the measured one where None.
    """
    ratio = fit.capacity / SECONDS_PER_HOUR / float(template["capacity_ah"])
    content: dict[str, Any] = {key: value for key, value in template.items() if key != "sources"}
    content["name"] = name
    notes = "".join(f" {note}" for note in fit.notes)
    content["description"] = f"Fitted to measurements; what they cannot tell is that of {fit.like.name}.{notes}"
    sources: dict[str, str] = {}
    rows = [*_nameplate(fit, template, ratio, rated_capacity_ah), *_open_circuit(fit), *_resistance(fit)]
    for key, value, source in rows:
        _set(content, key, value)
        sources[key] = source
    for key in _numbers(content):
        sources.setdefault(key, f"[U] not measured, taken from {fit.like.name}: {_source_of(template['sources'], key)}")
    order = list(_numbers(content))
    return _yaml({**content, "sources": {key: sources[key] for key in order}})


Row = tuple[str, Any, str]
"""Key path, value, source."""


def _nameplate(
    fit: CellFit, template: Mapping[str, Any], ratio: float, rated_capacity_ah: float | None
) -> Iterator[Row]:
    """Capacity, and what goes with it."""
    like, measured = fit.like.name, _significant(fit.capacity / SECONDS_PER_HOUR, 5)
    how = f"[V] discharge branch of {_file(fit.open_circuit.file)}" if fit.is_capacity_measured else "[U] given by hand"
    yield "capacity_ah", measured, how
    rated = rated_capacity_ah or _significant(template["rated_capacity_ah"] * ratio, 4)
    in_ratio = (
        f"[D] measured capacity in the ratio of {like}, {template['rated_capacity_ah']} / {template['capacity_ah']}"
    )
    yield "rated_capacity_ah", rated, "[U] given by hand" if rated_capacity_ah else in_ratio
    energy = _significant(rated * template["rated_energy_wh"] / template["rated_capacity_ah"], 5)
    yield "rated_energy_wh", energy, f"[D] rated capacity x mean voltage of {like}"
    scaled = f"[D] of {like} x {ratio:.4g}, the ratio of capacities"
    yield "mass_kg", _significant(template["mass_kg"] * ratio, 4), scaled
    heat = template["thermal"]["heat_capacity_j_per_k"]
    yield "thermal.heat_capacity_j_per_k", _significant(heat * ratio, 4), scaled


def _open_circuit(fit: CellFit) -> Iterator[Row]:
    """Table of open-circuit voltage and hysteresis."""
    curve, file, current = fit.curve, _file(fit.open_circuit.file), fit.open_circuit.discharge.current
    freed = f", less the voltage drop of {current:.3g} A" if current > 0.0 else ", with the voltage drop of its current"
    source = f"[V] fitted to {file}{freed}; the monotone branches leave {curve.error * 1e3:.2g} mV"
    yield "open_circuit.soc", [float(soc) for soc in curve.soc], f"[D] grid of {fit.like.name}"
    yield "open_circuit.voltage_v", [round(float(v), 6) for v in curve.voltage], source
    yield (
        "open_circuit.hysteresis_mv",
        [round(float(gap) * 1e3, 2) for gap in curve.half_gap + curve.instantaneous],
        source,
    )


def _resistance(fit: CellFit) -> Iterator[Row]:
    """Resistances, time constants, shapes and activation energies."""
    r, like = fit.resistances, fit.like.name
    files = ", ".join(_file(course.record.file) for course in fit.courses)
    kept = f"[U] not identifiable in {files}; of {like}"
    fitted = f"[V] fitted to {len(fit.pulses)} pulses of {files}"
    for branch in range(3):
        left = f"; leaves {r.scatter[branch]:.1%}"
        source = fitted + left if r.is_known[branch] else kept + ", scaled to the capacity"
        yield f"resistance.r{branch}_mohm", _significant(r.resistance[branch] * 1e3, 4), source
        if branch:
            source = fitted if fit.is_tau_known[branch - 1] else kept
            yield f"resistance.tau{branch}_s", _significant(r.tau[branch - 1], 4), source
        temperatures = sorted({round(celsius(error.temperature)) for error in fit.errors})
        known = r.is_activation_fitted and r.is_known[branch]
        at = ", ".join(map(str, temperatures))
        source = f"[V] Arrhenius regression over {files} at {at} °C" if known else kept
        yield f"resistance.activation_r{branch}_kj_per_mol", _significant(r.activation[branch] * 1e-3, 4), source
    reach = f"{fitted}; flat beyond soc {r.soc_range[0]:.2f} to {r.soc_range[1]:.2f}"
    yield "resistance.shape_soc", [float(soc) for soc in r.shape_soc], f"[D] grid of {like}"
    for key, direction, name, shape in (
        ("resistance.shape_charge", -1, "charge", r.shape_charge),
        ("resistance.shape_discharge", 1, "discharge", r.shape_discharge),
    ):
        source = reach if direction in r.directions else f"[U] no {name} pulses in {files}; as the other direction"
        yield key, [round(float(factor), 4) for factor in shape], source


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _file(file: str) -> str:
    return Path(file).name


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a value by key path, in sections that are copied before they are changed."""
    *sections, last = key.split(".")
    for section in sections:
        content[section] = dict(content[section])
        content = content[section]
    content[last] = value


def _numbers(content: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Key paths of all numbers; a list counts as one."""
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{key}.")
        elif not isinstance(value, str | bool) and value is not None:
            yield f"{prefix}{key}"


def _source_of(sources: Mapping[str, str], key: str) -> str:
    """The entry for a number, or for the nearest section that it stands in."""
    while key not in sources:
        key = key.rpartition(".")[0]
    return sources[key]


def _yaml(content: Mapping[str, Any], indent: str = "") -> str:
    """Sections as blocks, lists in brackets, text in quotes where it needs them."""
    lines: list[str] = []
    was_section = False
    for key, value in content.items():
        is_section = isinstance(value, Mapping)
        if not indent and (is_section or was_section):
            lines.append("")
        was_section = is_section
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", _yaml(value, indent + "  ").rstrip("\n")]
        elif isinstance(value, list):
            body = textwrap.fill(
                ", ".join(map(json.dumps, value)), WIDTH, initial_indent=indent + "  ", subsequent_indent=indent + "  "
            )
            lines.append(f"{indent}{key}: [\n{body},\n{indent}]")
        else:
            lines.append(f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
