"""From measurements of a cell to the numbers of its profile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.circuit import modelled_voltage
from bms_emulator.fitting.condense import Resistances, common_tau, condense
from bms_emulator.fitting.open_circuit import OpenCircuitCurve, fit_open_circuit
from bms_emulator.fitting.pulse_fit import PulseFit, fit_pulse, fit_resistances
from bms_emulator.fitting.pulses import Course, find_pulses, trace
from bms_emulator.fitting.records import OpenCircuitRecord, PulseRecord
from bms_emulator.profile.cell import CellProfile
from bms_emulator.units import SECONDS_PER_HOUR, celsius

PASSES = 3
"""Rounds of freeing the slow branches from the resistance that the pulses show, and the pulses from its change with
state of charge, and fitting the pulses anew."""

OUTLIER = 4.0
"""Root mean square of a pulse beyond which it is left out, relative to the median of its file [1]."""


@dataclass(frozen=True)
class FitError:
    """How well a file is said by the fit, root mean square.

    Attributes:
        file: As shown to the user.
        temperature: Mean [K].
        pulse_count: Pulses found in it.
        pulses: By the pulses' own parameters [V].
        profile: By the numbers of the profile, over the whole file [V].
        profile_max: Largest deviation of that [V].
        profile_max_soc: State of charge at which it is [1].
    """

    file: str
    temperature: float
    pulse_count: int
    pulses: float
    profile: float
    profile_max: float
    profile_max_soc: float


@dataclass(frozen=True)
class CellFit:
    """A fitted cell.

    Attributes:
        like: Profile that gives what the measurements cannot.
        capacity: [A s].
        is_capacity_measured: Whether it comes from the slow branches, and not from the command line.
        open_circuit: Record of the slow branches.
        curve: Open-circuit voltage and hysteresis gap.
        resistances: In the profile's form.
        is_tau_known: Whether the pulses show tau1, tau2.
        free: Every pulse with five free parameters.
        pulses: Every pulse with the common time constants.
        courses: Every test.
        errors: Of every test.
        warnings: What the reader should know.
    """

    like: CellProfile
    capacity: float
    is_capacity_measured: bool
    open_circuit: OpenCircuitRecord
    curve: OpenCircuitCurve
    resistances: Resistances
    is_tau_known: tuple[bool, bool]
    free: tuple[PulseFit, ...]
    pulses: tuple[PulseFit, ...]
    courses: tuple[Course, ...]
    errors: tuple[FitError, ...]
    warnings: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the files say of themselves in their first lines."""
        notes = (self.open_circuit.note, *(course.record.note for course in self.courses))
        return tuple(dict.fromkeys(note for note in notes if note))


def fit_cell(
    open_circuit: OpenCircuitRecord, records: Sequence[PulseRecord], like: CellProfile, capacity: float | None = None
) -> CellFit:
    """Fit a cell.

    Args:
        open_circuit: Slow charge and discharge.
        records: Pulse tests, one for each temperature.
        like: Profile that gives what the measurements cannot: hysteresis rate, grids, time constants that no pulse
            shows.
        capacity: Capacity between empty and full [A s], where the slow branches do not give it.

    Raises:
        ValueError: The capacity is not known.
        MeasurementError: A test has no pulse.
    """
    known = open_circuit.capacity if capacity is None else capacity
    if known is None:
        raise ValueError("the capacity is not known: give it, or a column charge_ah in the file of the slow branches")
    courses = tuple(trace(record, known, like.coulombic_efficiency, like.hysteresis_rate) for record in records)
    pulses = [pulse for course in courses for pulse in find_pulses(course)]
    curve = _curve(open_circuit, like, None)
    free: list[PulseFit] = [fit_pulse(pulse, curve) for pulse in pulses]
    for _ in range(PASSES):
        tau, is_tau_known = _time_constants(free, like)
        fits = [fit_resistances(fit, curve, tau) for fit in free]
        resistances = _condense(fits, tau, like, known)
        curve = _curve(open_circuit, like, resistances)
        trends = [replace(fit.pulse, trend=resistances.trend(fit.pulse)) for fit in free]
        free = [fit_pulse(pulse, curve, guess=fit) for pulse, fit in zip(trends, free, strict=True)]
    tau, is_tau_known = _time_constants(free, like)
    fits = [fit_resistances(fit, curve, tau) for fit in free]
    resistances = _condense(fits, tau, like, known)
    fitted = CellFit(
        like=like,
        capacity=known,
        is_capacity_measured=capacity is None,
        open_circuit=open_circuit,
        curve=curve,
        resistances=resistances,
        is_tau_known=is_tau_known,
        free=tuple(free),
        pulses=tuple(fits),
        courses=courses,
        errors=tuple(_error(course, curve, resistances, free) for course in courses),
        warnings=(),
    )
    return replace(fitted, warnings=tuple(_warnings(fitted)))


def _curve(record: OpenCircuitRecord, like: CellProfile, resistances: Resistances | None) -> OpenCircuitCurve:
    """The curve of the slow branches, freed from their voltage drop where resistances are known already."""
    grid = np.array(like.open_circuit.soc)
    drop = [np.zeros_like(grid) if resistances is None else resistances.total_at(grid, way) for way in (-1, 1)]
    return fit_open_circuit(record, grid, like.hysteresis_rate, like.hysteresis_instantaneous_mv * 1e-3, *drop)


def _time_constants(fits: Sequence[PulseFit], like: CellProfile) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """Common time constants [s], and whether the pulses show them; the profile's where they do not."""
    fast, slow = (common_tau(_sound(fits), branch) for branch in (0, 1))
    resistance = like.resistance
    tau = (fast or resistance.tau1_s, slow or resistance.tau2_s)
    return (min(tau), max(tau)), (fast is not None, slow is not None)


def _sound(fits: Sequence[PulseFit]) -> list[PulseFit]:
    """Pulses that the circuit says about as well as the others of their file; in a knee of the curve it may not."""
    rms: dict[str, list[float]] = {}
    for fit in fits:
        rms.setdefault(fit.pulse.course.record.file, []).append(fit.rms)
    return [fit for fit in fits if fit.rms <= OUTLIER * np.median(rms[fit.pulse.course.record.file])]


def _condense(fits: Sequence[PulseFit], tau: tuple[float, float], like: CellProfile, capacity: float) -> Resistances:
    r, scale = like.resistance, like.capacity_ah * SECONDS_PER_HOUR / capacity
    return condense(
        _sound(fits),
        tau,
        np.array(r.shape_soc),
        (r.r0_mohm * 1e-3 * scale, r.r1_mohm * 1e-3 * scale, r.r2_mohm * 1e-3 * scale),
        (r.activation_r0_kj_per_mol * 1e3, r.activation_r1_kj_per_mol * 1e3, r.activation_r2_kj_per_mol * 1e3),
    )


def _error(course: Course, curve: OpenCircuitCurve, resistances: Resistances, fits: Sequence[PulseFit]) -> FitError:
    own = [fit for fit in fits if fit.pulse.course is course]
    left = np.abs(modelled_voltage(course, curve, resistances) - course.record.voltage)
    return FitError(
        file=course.record.file,
        temperature=float(np.mean(course.record.temperature)),
        pulse_count=len(own),
        pulses=_root_mean_square(np.array([fit.rms for fit in own])),
        profile=_root_mean_square(left),
        profile_max=float(np.max(left)),
        profile_max_soc=float(course.soc[np.argmax(left)]),
    )


def _root_mean_square(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _warnings(fit: CellFit) -> Iterator[str]:
    """What the measurements could not tell, and what was done instead."""
    r, like = fit.resistances, fit.like.name
    for left_out in (f for f in fit.pulses if f not in _sound(fit.pulses)):
        place = f"{left_out.pulse.course.record.file}: pulse at soc {left_out.pulse.soc:.2f}"
        yield f"{place} is left out: {left_out.rms * 1e3:.2g} mV remain, as where the open-circuit curve is steep"
    for branch, is_known in enumerate(fit.is_tau_known):
        yield from _tau_warnings(fit, branch, is_known)
    for branch, is_known in enumerate(r.is_known):
        if not is_known:
            yield f"r{branch} is not identifiable in any pulse; that of {like}, scaled to the capacity, was kept"
    if not r.is_activation_fitted:
        mean = celsius(float(np.mean([f.pulse.temperature for f in fit.pulses])))
        yield f"all pulses are at about {mean:.0f} °C: the activation energies of {like} were kept"
    for direction, name, other in ((1, "discharge", "charge"), (-1, "charge", "discharge")):
        if direction not in r.directions:
            yield f"no {name} pulses: the shape of {other} stands for both"
    if r.soc_range[0] > 0.15 or r.soc_range[1] < 0.85:
        yield f"pulses cover soc {r.soc_range[0]:.2f} to {r.soc_range[1]:.2f}; beyond, shapes go on flat"
    if fit.open_circuit.charge.current == 0.0:
        yield f"{fit.open_circuit.file}: no column current_a: the gap includes the voltage drop of the slow currents"
    for course in fit.courses:
        record = course.record
        if abs(course.stretches[0].current) > 0.0:
            yield f"{record.file}: begins with a current; a cell at rest was assumed"
        low, high = float(course.soc.min()), float(course.soc.max())
        if low < -0.02 or high > 1.02:
            yield f"{record.file}: soc runs from {low:.3f} to {high:.3f}; check that at the start, and the capacity"


def _tau_warnings(fit: CellFit, branch: int, is_known: bool) -> Iterator[str]:
    """Pulses that do not show a time constant, file by file."""
    name, tau = f"tau{branch + 1}", fit.resistances.tau[branch]
    for course in fit.courses:
        own = [f for f in _sound(fit.free) if f.pulse.course is course]
        vague = [f for f in own if not f.knows_tau(branch)]
        if vague:
            lasted = float(np.median([f.pulse.duration + f.pulse.rest for f in vague]))
            where = ", ".join(f"{f.pulse.soc:.2f}" for f in vague)
            reason = f": pulse and rest of {lasted:.0f} s are short for {tau:.0f} s" if lasted < 2.0 * tau else ""
            share = f"{len(vague)} of {len(own)} pulses (soc {where})"
            yield f"{course.record.file}: {name} is not identifiable in {share}{reason}"
    if not is_known:
        yield f"{name} is not identifiable in any pulse: {tau:g} s of {fit.like.name} was kept"
