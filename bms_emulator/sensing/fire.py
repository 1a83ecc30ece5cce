"""Reports of the fire panels; they have detectors and lines of their own, and their readings are taken as they are."""

from bms_emulator.sensing.state import Measured
from bms_emulator.sensing.truth import Truth

_HYDROGEN, _CARBON_MONOXIDE, _SMOKE = 0, 1, 2
"""Places of the detectors in the readings of a panel."""


def report_fire(measured: Measured, truth: Truth) -> None:
    """Take over what the fire panels report; where all is calm nothing has changed since the last time."""
    fire = truth.fire
    measured.hydrogen[...] = fire.reading[:, _HYDROGEN]
    measured.carbon_monoxide[...] = fire.reading[:, _CARBON_MONOXIDE]
    measured.smoke[...] = fire.reading[:, _SMOKE]
    measured.fire_detectors[...] = fire.tripped
    measured.fire_level[...] = fire.level
    measured.gas_alarm[...] = fire.gas_alarm
    measured.aerosol_released[...] = fire.aerosol_released
    measured.ventilation_running[...] = fire.ventilation_running
