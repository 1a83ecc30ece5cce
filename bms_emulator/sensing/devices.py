"""Reports of the devices around the battery to a master that asks them: chiller, fire panel, I/O module, UPS.

They digitise for themselves: what they tell is taken as it is.
"""

from bms_emulator.arrays import Arena
from bms_emulator.profile.site import SiteProfile
from bms_emulator.program import Program
from bms_emulator.sensing.chiller_report import bind_chillers
from bms_emulator.sensing.devices_model import build_device_model
from bms_emulator.sensing.devices_state import ChillerMeasured, FireMeasured, IoMeasured, UpsMeasured
from bms_emulator.sensing.devices_truth import DeviceTruth
from bms_emulator.sensing.faulty import Channels, FaultyChannels
from bms_emulator.sensing.modifier import SensorOverlay
from bms_emulator.sensing.module_report import bind_modules
from bms_emulator.sensing.panel_report import bind_panels
from bms_emulator.sensing.pcs import bind_pcs
from bms_emulator.sensing.pcs_state import PcsMeasured
from bms_emulator.sensing.pcs_truth import ConverterTruth

PCS_READINGS = (
    "power",
    "reactive_power",
    "ac_voltage",
    "ac_current",
    "frequency",
    "dc_power",
    "dc_voltage",
    "dc_current",
    "battery_voltage",
    "heatsink_temperature",
    "stack_temperature",
    "energy_exported",
    "energy_imported",
    "dc_breaker_closed",
    "ac_breaker_closed",
)
"""Readings of a PCS that faults may bend."""


class Devices:
    """Reports of all devices of a site, tick by tick.

    Args:
        site: Their constants.
        arena: Where they are told.
        truth: The plant.
        converters: The plant as far as PCS reach into it.
        dt: Step [s].
    """

    def __init__(
        self, site: SiteProfile, arena: Arena, truth: DeviceTruth, converters: ConverterTruth, dt: float
    ) -> None:
        model = build_device_model(site)
        ups = arena.group("measured.ups", UpsMeasured)
        pcs = arena.group("measured.pcs", PcsMeasured)
        self._faulty = FaultyChannels(
            {f"measured.pcs.{name}": Channels(getattr(pcs, name)) for name in PCS_READINGS}, dt
        )
        self._reports = Program(
            bind_pcs(pcs, converters, site.pcs.ac_voltage_v),
            bind_chillers(model, arena.group("measured.chiller", ChillerMeasured), truth),
            bind_panels(model, arena.group("measured.fire", FireMeasured), truth),
            bind_modules(model, arena.group("measured.io", IoMeasured), ups, truth),
        )

    def step(self, overlay: SensorOverlay, tick: int) -> None:
        """Let every device tell what it knows.

        Args:
            overlay: What faults do to readings.
            tick: Number of the tick.
        """
        self._reports()
        if overlay.samples:
            self._faulty.bend_samples(overlay, tick)

    def compile_backwards(self) -> None:
        """Compile everything, the last first, so that two processes that compile share the work; run nothing."""
        self._reports.compile_backwards()
