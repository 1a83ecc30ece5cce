"""A page that shows a fit: measured and fitted voltages, and the parameters over state of charge and temperature."""

from pathlib import Path
from typing import Any

import numpy as np

from bms_emulator.fitting.circuit import modelled_voltage
from bms_emulator.fitting.fit import CellFit
from bms_emulator.fitting.lab import plotly_graphs, plotly_subplots
from bms_emulator.fitting.pulse_fit import fitted_voltage
from bms_emulator.fitting.pulses import Course
from bms_emulator.units import SECONDS_PER_HOUR, celsius

FITTED, PROFILE, FAINT = "#e8590c", "#1c7ed6", "#ced4da"
COLD_TO_WARM = ("#1c7ed6", "#2f9e44", "#e8590c", "#c2255c", "#862e9c", "#495057")
ROW_HEIGHT = 340
HEADROOM = 1.5
"""Of axes above the largest value of the profile [1]: a pulse that went wrong does not flatten the others."""
PARAMETERS = (
    ("r0", "r0 [mΩ]"),
    ("r1", "r1 [mΩ]"),
    ("r2", "r2 [mΩ]"),
    ("tau1", "tau1 [s]"),
    ("tau2", "tau2 [s]"),
)


def write_chart(fit: CellFit, name: str, file: Path) -> None:
    """Write the page, with all that it needs inside.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    tests = len(fit.courses)
    titles = ["Open-circuit voltage and slow branches", "Half of the hysteresis gap"]
    for error in fit.errors:
        where = f"{Path(error.file).name}, {celsius(error.temperature):.0f} °C"
        titles += [f"{where}: voltage", f"{where}: modelled less measured"]
    titles += [title for _, title in PARAMETERS] + ["Shape over state of charge"]
    figure = plotly_subplots().make_subplots(
        rows=4 + tests, cols=2, subplot_titles=titles, vertical_spacing=0.3 / (4 + tests), horizontal_spacing=0.08
    )
    _show_open_circuit(figure, fit)
    for row, course in enumerate(fit.courses, start=2):
        _show_test(figure, fit, course, row)
    _show_parameters(figure, fit, 2 + tests)
    figure.update_layout(
        title=f"Fit of {name}",
        height=ROW_HEIGHT * (4 + tests),
        template="plotly_white",
        legend={"orientation": "h", "yref": "container", "y": 0.985, "yanchor": "top", "x": 1.0, "xanchor": "right"},
        margin={"t": 120},
    )
    figure.write_html(file, include_plotlyjs=True, config={"displaylogo": False})


def _show_open_circuit(figure: Any, fit: CellFit) -> None:
    lines, curve = plotly_graphs().Scatter, fit.curve
    soc = np.linspace(0.0, 1.0, 501)
    for branch, name in ((fit.open_circuit.charge, "slow charge"), (fit.open_circuit.discharge, "slow discharge")):
        figure.add_trace(lines(x=branch.soc, y=branch.voltage, name=name, line_color=FAINT, showlegend=False), 1, 1)
    for sign, dash in ((0.0, "solid"), (1.0, "dot"), (-1.0, "dot")):
        voltage = curve.voltage_at(soc) + sign * (curve.half_gap_at(soc) + curve.instantaneous)
        figure.add_trace(lines(x=soc, y=voltage, line={"color": PROFILE, "dash": dash}, showlegend=False), 1, 1)
    figure.add_trace(
        lines(x=soc, y=1e3 * (curve.half_gap_at(soc) + curve.instantaneous), line_color=PROFILE, showlegend=False), 1, 2
    )
    figure.update_yaxes(title_text="V", range=[2.8, 3.5], row=1, col=1)
    figure.update_yaxes(title_text="mV", rangemode="tozero", row=1, col=2)
    for column in (1, 2):
        figure.update_xaxes(title_text="state of charge", row=1, col=column)


def _show_test(figure: Any, fit: CellFit, course: Course, row: int) -> None:
    lines, record = plotly_graphs().Scatter, course.record
    hours = record.time / SECONDS_PER_HOUR
    modelled = modelled_voltage(course, fit.curve, fit.resistances)
    first = row == 2
    thick, thin = {"color": FAINT, "width": 5}, {"color": PROFILE, "width": 1.5}
    figure.add_trace(lines(x=hours, y=record.voltage, name="measured", line=thick, showlegend=first), row, 1)
    figure.add_trace(lines(x=hours, y=modelled, name="profile", line=thin, showlegend=first), row, 1)
    left = 1e3 * (modelled - record.voltage)
    figure.add_trace(lines(x=hours, y=left, name="profile", line_color=PROFILE, showlegend=False), row, 2)
    for pulse in (p for p in fit.free if p.pulse.course is course):
        rows = pulse.pulse.rows
        left = 1e3 * (fitted_voltage(pulse, fit.curve) - record.voltage[rows])
        trace = lines(x=hours[rows], y=left, name="pulse by pulse", line_color=FITTED, legendgroup="pulse")
        trace.showlegend = first and pulse is fit.free[0]
        figure.add_trace(trace, row, 2)
    figure.update_yaxes(title_text="V", row=row, col=1)
    figure.update_yaxes(title_text="mV", range=[-10, 10], row=row, col=2)
    for column in (1, 2):
        figure.update_xaxes(title_text="h", row=row, col=column)


def _show_parameters(figure: Any, fit: CellFit, row: int) -> None:
    lines, r = plotly_graphs().Scatter, fit.resistances
    soc = np.linspace(0.0, 1.0, 201)
    for number, course in enumerate(fit.courses):
        colour = COLD_TO_WARM[number % len(COLD_TO_WARM)]
        temperature = fit.errors[number].temperature
        for direction, symbol, dash, way in (
            (1, "circle", "solid", "discharge"),
            (-1, "diamond-open", "dot", "charge"),
        ):
            own = [f for f in fit.free if f.pulse.course is course and f.pulse.current * direction > 0.0]
            label = f"{celsius(temperature):.0f} °C {way}"
            modelled = 1e3 * r.at(soc, temperature, direction)
            for index, (key, _) in enumerate(PARAMETERS):
                place = (row + index // 2, 1 + index % 2)
                measured = [1e3 * f.resistance[index] if index < 3 else f.tau[index - 3] for f in own]
                dots = lines(x=[f.pulse.soc for f in own], y=measured, mode="markers", name=label, legendgroup=label)
                dots.update(marker={"color": colour, "symbol": symbol}, showlegend=key == "r0")
                figure.add_trace(dots, *place)
                y = modelled[index] if index < 3 else np.full_like(soc, r.tau[index - 3])
                line = {"color": colour if index < 3 else PROFILE, "dash": dash}
                figure.add_trace(lines(x=soc, y=y, line=line, showlegend=False, legendgroup=label), *place)
    for shape, dash, way in ((r.shape_discharge, "solid", "discharge"), (r.shape_charge, "dot", "charge")):
        style = {"color": PROFILE, "dash": dash}
        figure.add_trace(lines(x=r.shape_soc, y=shape, name=way, line=style, showlegend=False), row + 2, 2)
    for index, (_, title) in enumerate(PARAMETERS):
        at = {"row": row + index // 2, "col": 1 + index % 2}
        figure.update_xaxes(title_text="state of charge", **at)
        figure.update_yaxes(title_text=title, range=[0.0, HEADROOM * _largest(fit, index)], **at)
    figure.update_xaxes(title_text="state of charge", row=row + 2, col=2)
    figure.update_yaxes(rangemode="tozero", row=row + 2, col=2)


def _largest(fit: CellFit, index: int) -> float:
    """Largest value that a parameter has in the profile, over all tests; mΩ or s."""
    r, soc = fit.resistances, np.linspace(0.0, 1.0, 21)
    if index >= 3:
        return r.tau[index - 3]
    both = [r.at(soc, error.temperature, way)[index] for error in fit.errors for way in (1, -1)]
    return 1e3 * float(np.max(both))
