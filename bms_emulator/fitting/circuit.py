"""The whole circuit along a test, with the numbers of a profile: how well the profile says what was measured."""

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.fitting.condense import Resistances
from bms_emulator.fitting.open_circuit import OpenCircuitCurve
from bms_emulator.fitting.pulses import Course


def modelled_voltage(course: Course, curve: OpenCircuitCurve, resistances: Resistances) -> Array:
    """Terminal voltage in every row of a test [V], by the equations of plant/cell.py and no measured voltage.

    Args:
        course: The test.
        curve: Open-circuit voltage and hysteresis gap.
        resistances: Resistances, shapes, activation energies and time constants.
    """
    record = course.record
    temperature = float(np.mean(record.temperature))
    charging = resistances.at(course.soc, temperature, -1)
    discharging = resistances.at(course.soc, temperature, 1)
    resistance = np.where(course.direction > 0.0, discharging, charging)
    voltage = curve.voltage_at_rest(course.soc, course.hysteresis, course.direction)
    voltage -= resistance[0] * record.current
    for branch, tau in ((1, resistances.tau[0]), (2, resistances.tau[1])):
        decay = np.exp(-np.diff(record.time, prepend=record.time[0]) / tau)
        through = 0.0
        for row in range(voltage.size):
            through = decay[row] * through + (1.0 - decay[row]) * resistance[branch, row] * record.current[row]
            voltage[row] -= through
    return voltage
