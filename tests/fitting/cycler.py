"""Tests of a cell on paper: its voltage follows from formulas that a pocket calculator knows."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

CAPACITY_AH = 100.0
R0, R1, TAU1, R2, TAU2 = 0.4e-3, 0.2e-3, 20.0, 0.3e-3, 400.0
HALF_GAP = 0.015


def rest_voltage(soc: float) -> float:
    """Open-circuit voltage, straight but for knees at both ends [V]."""
    return 3.25 + 0.1 * soc - 0.4 * math.exp(-soc / 0.02) + 0.15 * math.exp((soc - 1.0) / 0.01)


def write_slow(path: Path, noise: float = 0.0, columns: str = "soc,voltage_v,direction", rows: int = 1001) -> Path:
    """Slow branches without a voltage drop, each after the other has turned the hysteresis at its end."""
    rng, rate = np.random.default_rng(1), 100.0
    lines = [columns]
    for direction, grid in (("charge", np.linspace(0, 1, rows)), ("discharge", np.linspace(1, 0, rows))):
        for soc in grid:
            h = 1 - 2 * math.exp(-rate * soc) if direction == "charge" else 2 * math.exp(-rate * (1 - soc)) - 1
            voltage = rest_voltage(soc) + h * HALF_GAP + noise * rng.standard_normal()
            charge = CAPACITY_AH * (soc if direction == "charge" else 1 - soc)
            row = {"soc": f"{soc:.6f}", "charge_ah": f"{charge:.5f}", "voltage_v": f"{voltage:.6f}"}
            lines.append(",".join(row.get(column, direction) for column in columns.split(",")))
    path.write_text("\n".join(lines) + "\n")
    return path


def pulse_lines(
    pulses: Iterable[tuple[float, float, float]], noise: float = 0.0, soc: float = 1.0, gain: float = 1.0
) -> list[str]:
    """Lines of pulses: current [A], its duration [s], the rest after it [s]; a row each second, hysteresis fast."""
    rng = np.random.default_rng(2)
    time, x1, x2, h = 0.0, 0.0, 0.0, 1.0 if soc >= 0.5 else -1.0
    lines = ["time_s,current_a,voltage_v,temperature_degc"]
    for current, duration in [(0.0, 20.0), *(part for i, on, off in pulses for part in ((i, on), (0.0, off)))]:
        for _ in range(round(duration)):
            time += 1.0
            soc -= current / 3600.0 / CAPACITY_AH
            moved = 100.0 * abs(current) / 3600.0 / CAPACITY_AH
            h = math.exp(-moved) * h - (1.0 - math.exp(-moved)) * (
                0.0 if current == 0.0 else math.copysign(1.0, current)
            )
            x1 = math.exp(-1.0 / TAU1) * x1 + (1.0 - math.exp(-1.0 / TAU1)) * current
            x2 = math.exp(-1.0 / TAU2) * x2 + (1.0 - math.exp(-1.0 / TAU2)) * current
            drop = gain * (R0 * current + R1 * x1 + R2 * x2)
            voltage = rest_voltage(soc) + h * HALF_GAP - drop + noise * rng.standard_normal()
            lines.append(f"{time:.0f},{current:.2f},{voltage:.6f},25.0")
    return lines


def write_pulses(path: Path, *args: object, **options: object) -> Path:
    """The lines of a pulse test as a file."""
    path.write_text("\n".join(pulse_lines(*args, **options)) + "\n")  # type: ignore[arg-type]
    return path


STANDARD = [(50.0, 300.0, 1500.0)] * 8 + [(-50.0, 300.0, 1500.0)] * 8
"""Down by a third of the charge and back, with rests in which both branches relax."""
