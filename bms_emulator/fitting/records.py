"""What a fit is made from: slow charge and discharge, and pulse tests. SI inside, current positive in discharge."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.measurements import Column, MeasurementError, Table, read_table
from bms_emulator.profile.base import increases
from bms_emulator.units import SECONDS_PER_HOUR, ZERO_CELSIUS, kelvin

AMPERE_HOUR = SECONDS_PER_HOUR
VOLTAGE = Column("voltage", {"voltage_v": 1.0, "cell_voltage_v": 1.0, "u_v": 1.0, "v_v": 1.0, "voltage_mv": 1e-3})
CURRENT_NAMES = {"current_a": 1.0, "cell_current_a": 1.0, "i_a": 1.0, "current_ma": 1e-3}
TEMPERATURE = Column(
    "temperature",
    {"temperature_degc": 1.0, "temperature_c": 1.0, "temp_c": 1.0, "t_degc": 1.0, "temperature_celsius": 1.0},
    needed=False,
    shift=ZERO_CELSIUS,
)
SOC = Column("soc", {"soc": 1.0, "soc_percent": 0.01, "soc_1": 1.0}, needed=False)
OPEN_CIRCUIT_COLUMNS = (
    SOC,
    Column("charge", {"charge_ah": AMPERE_HOUR, "capacity_ah": AMPERE_HOUR, "charge_mah": 3.6}, needed=False),
    VOLTAGE,
    Column(
        "direction",
        {"direction": 1.0, "branch": 1.0, "step_type": 1.0},
        words={"charge": -1.0, "chg": -1.0, "discharge": 1.0, "dchg": 1.0, "dis": 1.0},
    ),
    Column("current", CURRENT_NAMES, needed=False),
)
PULSE_COLUMNS = (
    Column(
        "time",
        {
            "time_s": 1.0,
            "test_time_s": 1.0,
            "total_time_s": 1.0,
            "elapsed_s": 1.0,
            "t_s": 1.0,
            "time_min": 60.0,
            "time_h": 3600.0,
        },
    ),
    Column("current", CURRENT_NAMES),
    VOLTAGE,
    TEMPERATURE,
    SOC,
)
BRANCH_ROWS_MIN = 20
"""Fewest points of a slow branch."""
PULSE_ROWS_MIN = 30
"""Fewest points of a pulse test."""
CAPACITY_MISMATCH = 0.02
"""Difference of charge between the branches beyond which something is wrong with one of them [1]."""

COUNTER_STEP_MAX = 0.02
"""Largest first reading of a counter of charge that began at 0, relative to its range [1]."""


@dataclass(frozen=True)
class SlowBranch:
    """A slow charge or discharge from one end to the other.

    Attributes:
        soc: State of charge, increasing [1], shape (n).
        voltage: Terminal voltage [V], shape (n).
        current: Its magnitude, mean [A]; 0 where the file does not say.
    """

    soc: Array
    voltage: Array
    current: float


@dataclass(frozen=True)
class OpenCircuitRecord:
    """Both slow branches.

    Attributes:
        file: As shown to the user.
        charge: Branch of rising charge.
        discharge: Branch of falling charge.
        capacity: Charge of the discharge branch [A s]; None where the file gives the state of charge.
        note: Comment in the first line of the file.
    """

    file: str
    charge: SlowBranch
    discharge: SlowBranch
    capacity: float | None
    note: str = ""


@dataclass(frozen=True)
class PulseRecord:
    """A pulse test at one temperature; the current of a row flows from the row before up to it.

    Attributes:
        file: As shown to the user.
        time: Since the first row [s], increasing, shape (n).
        current: Positive in discharge [A], shape (n).
        voltage: [V], shape (n).
        temperature: [K], shape (n).
        soc: As the file gives it [1], shape (n); None where it does not.
        soc_start: State of charge at the first row [1].
        note: Comment in the first line of the file.
    """

    file: str
    time: Array
    current: Array
    voltage: Array
    temperature: Array
    soc: Array | None
    soc_start: float
    note: str = ""


def read_open_circuit(path: Path) -> OpenCircuitRecord:
    """Slow branches of a CSV file: soc or charge, voltage, direction, and best the current too.

    Raises:
        MeasurementError: It cannot be used.
    """
    table = read_table(path, OPEN_CIRCUIT_COLUMNS, 2 * BRANCH_ROWS_MIN)
    if "soc" not in table.columns and "charge" not in table.columns:
        raise MeasurementError([table.problem(0, "", "no column soc, soc_percent or charge_ah: one is needed")])
    charge, charged = _branch(table, -1.0)
    discharge, capacity = _branch(table, 1.0)
    if charged is not None and capacity is not None and abs(charged / capacity - 1.0) > CAPACITY_MISMATCH:
        message = f"charge of {charged / AMPERE_HOUR:.4g} Ah and discharge of {capacity / AMPERE_HOUR:.4g} Ah differ"
        raise MeasurementError([table.problem(0, "", message + f" by more than {CAPACITY_MISMATCH:.0%}")])
    return OpenCircuitRecord(table.file, charge, discharge, capacity, table.note)


def read_pulses(path: Path, current_sign: float, temperature_degc: float | None, soc_start: float) -> PulseRecord:
    """A pulse test of a CSV file: time, current, voltage, and best the temperature too.

    Args:
        path: File.
        current_sign: 1 where the file counts discharge positive, -1 where it counts charge positive.
        temperature_degc: Of the whole test, where the file has no column for it [°C]; None where not known.
        soc_start: State of charge at the first row, where the file has no column for it [1].

    Raises:
        MeasurementError: It cannot be used.
    """
    table = read_table(path, PULSE_COLUMNS, PULSE_ROWS_MIN)
    columns = table.columns
    time = columns["time"]
    if not increases(time):
        row = int(np.flatnonzero(np.diff(time) <= 0.0)[0]) + 1
        value = f"{time[row]:g}"
        raise MeasurementError([table.problem(row, "time_s", f"must be > {time[row - 1]:g}, the time before", value)])
    temperature = columns.get("temperature")
    if temperature is None:
        if temperature_degc is None:
            message = "no column temperature_degc; give the temperature of the test with --temperature"
            raise MeasurementError([table.problem(0, "", message)])
        temperature = np.full(len(table), kelvin(temperature_degc))
    soc = columns.get("soc")
    if soc is not None:
        _check_soc(table, soc)
    start = soc_start if soc is None else float(soc[0])
    current, voltage = current_sign * columns["current"], columns["voltage"]
    return PulseRecord(table.file, time - time[0], current, voltage, temperature, soc, start, table.note)


def _branch(table: Table, direction: float) -> tuple[SlowBranch, float | None]:
    """A slow branch over increasing state of charge, and its charge [A s] where the file gives that."""
    name = "discharge" if direction > 0.0 else "charge"
    rows = np.flatnonzero(table.columns["direction"] == direction)
    if rows.size < BRANCH_ROWS_MIN:
        message = f"has {rows.size} rows of direction {name}, must have at least {BRANCH_ROWS_MIN}"
        raise MeasurementError([table.problem(0, "", message)])
    voltage = table.columns["voltage"][rows]
    current = table.columns.get("current")
    mean_current = 0.0 if current is None else float(np.mean(np.abs(current[rows])))
    if "soc" in table.columns:
        soc, capacity = table.columns["soc"][rows], None
        _check_soc(table, table.columns["soc"])
    else:
        charge = table.columns["charge"][rows]
        if np.ptp(charge) <= 0.0:
            raise MeasurementError([table.problem(int(rows[0]), "charge_ah", f"does not move in direction {name}")])
        # a counter that begins at 0 may show its first step only
        begin = 0.0 if 0.0 <= charge.min() < COUNTER_STEP_MAX * np.ptp(charge) else float(charge.min())
        capacity = float(charge.max()) - begin
        soc = (charge - begin) / capacity
        # charge drawn counts against the state of charge, which the voltage rises with
        if np.corrcoef(soc, voltage)[0, 1] < 0.0:
            soc = 1.0 - soc
    order = np.argsort(soc, kind="stable")
    soc, voltage = soc[order], voltage[order]
    if soc[0] > 0.01 or soc[-1] < 0.99:
        message = f"direction {name} covers soc {soc[0]:.3f} to {soc[-1]:.3f}, must cover 0 to 1"
        raise MeasurementError([table.problem(int(rows[0]), "soc", message)])
    return SlowBranch(soc, voltage, mean_current), capacity


def _check_soc(table: Table, soc: Array) -> None:
    outside = np.flatnonzero((soc < -0.01) | (soc > 1.01))
    if outside.size:
        row = int(outside[0])
        message = "must lie between 0 and 1; a column in percent is named soc_percent"
        raise MeasurementError([table.problem(row, "soc", message, f"{soc[row]:g}")])
