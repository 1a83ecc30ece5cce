"""What must hold within the sections of a firmware profile that follow the battery."""

import pytest

from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("estimator.knee_high", 0.05, "must be > knee_low = 0.08"),
        ("estimator.correction_high", 0.1, "must be > correction_low = 0.12"),
        ("estimator.learning.capacity_range", [1.1, 0.5], "must rise"),
        ("estimator.learning.resistance_range", [3, 3], "must rise"),
        ("balancing.stop_spread_mv", 10, "must be < start_spread_mv = 10"),
        ("balancing.temperature_degc", [45, 0], "must rise"),
        ("limits.coolant_degc", [45, 35], "must rise"),
        ("limits.charge_voltage_v", [3.54, 3.46], "must rise"),
        ("limits.discharge_voltage_v", [2.92, 3.0], "must fall"),
        ("limits.charge_temperature_c_rate", [0, 1], "has 2 values"),
        ("thermal.cooling_on_degc", 20, "must be > cooling_off_degc = 26.5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ProfileError, match=message.replace("(", r"\(")) as told:
        load_site("demo", {f"firmware.{key}": value})
    assert key in str(told.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("estimator.update_s", 0),
        ("estimator.learning.capacity_filter", 1.5),
        ("limits.peak_factor", 0.9),
        ("limits.cooling_factor", 2),
        ("balancing.simultaneous_percent", 101),
        ("balancing.period_s", -1),
    ],
)
def test_settings_out_of_their_range_are_refused(key: str, value: float) -> None:
    with pytest.raises(ProfileError) as told:
        load_site("demo", {f"firmware.{key}": value})
    assert key in str(told.value)
