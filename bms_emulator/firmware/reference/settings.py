"""Settings and thresholds as the firmware profile has them, before masters change them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.reference.alarm_model import threshold_levels
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.thresholds import Ratings
from bms_emulator.units import kelvin

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class Defaults:
    """What the profile sets, to be written into the arrays that masters may write to.

    Args:
        site: Counts and firmware settings.
        arrays: Where to.
    """

    def __init__(self, site: SiteProfile, arrays: "FirmwareArrays") -> None:
        ratings = Ratings.of(site)
        rows = site.firmware.rack_alarms, site.firmware.container_alarms
        self._arrays = arrays
        self._settings = _settings(site)
        self._rack_levels, self._bank_levels = (threshold_levels(each, ratings) for each in rows)

    def restore(self) -> None:
        """Write all of them."""
        for name, value in self._settings.items():
            getattr(self._arrays.settings, name).fill(value)
        thresholds = self._arrays.thresholds
        for array, levels in zip((thresholds.bank_set, thresholds.bank_clear), self._bank_levels, strict=True):
            array[...] = levels[:, None, :]
        self.restore_racks(np.ones(self._arrays.racks.mode.size, np.bool_))

    def restore_racks(self, racks: NDArray[np.bool_]) -> None:
        """Write those of these racks, (rack,)."""
        thresholds = self._arrays.thresholds
        for array, levels in zip((thresholds.rack_set, thresholds.rack_clear), self._rack_levels, strict=True):
            array[:, racks] = levels[:, None, :]


def _settings(site: SiteProfile) -> dict[str, float]:
    """Settings of a bank controller by name, in SI."""
    rack, firmware = site.container.rack, site.firmware
    timing, limits, thermal = firmware.timing, firmware.limits, firmware.thermal
    rated_current = site.container.rack_count * rack.rated_current_a
    return {
        "master_timeout": timing.heartbeat_timeout_s,
        "master_open_delay": timing.heartbeat_open_s,
        "charge_current_max": rated_current,
        "discharge_current_max": rated_current,
        "charge_voltage_max": rack.cell_count * limits.charge_voltage_v[1],
        "discharge_voltage_min": rack.cell_count * limits.discharge_voltage_v[1],
        "cooling_on": kelvin(thermal.cooling_on_degc),
        "cooling_off": kelvin(thermal.cooling_off_degc),
        "heating_on": kelvin(thermal.heating_on_degc),
        "heating_off": kelvin(thermal.heating_off_degc),
        "cooling_setpoint": kelvin(thermal.cooling_setpoint_degc),
        "heating_setpoint": kelvin(thermal.heating_setpoint_degc),
        "circulation_spread": thermal.circulation_spread_k,
    }
