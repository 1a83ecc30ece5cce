"""The signals that alarm rows may watch: one table for the schema, the documentation and the kernels.

A signal's place among those of its unit, a rack or a container, is its column in the signal matrix. Kernels hold these
places as constants (``bms_emulator.jit`` compiles a kernel anew when a module changes that names it, as this one does).
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal

from bms_emulator.units import ZERO_CELSIUS

Scope = Literal["cell", "pack", "contactor", "rack", "container"]
"""What the source of a signal is: one of a rack's cells, packs or contactors, the rack itself, or the container."""


@dataclass(frozen=True)
class UnitInfo:
    """A unit at the edge: SI value = factor * value + origin.

    Attributes:
        symbol: Of the unit at the edge.
        si: SI unit.
        range: Lowest and highest value that anything physical can have, in SI.
        factor: From the edge to SI.
        origin: SI value of the edge's 0.
    """

    symbol: str
    si: str
    range: tuple[float, float]
    factor: float = 1.0
    origin: float = 0.0


class Unit(Enum):
    """Units of levels; a signal's name ends with that of its unit; flags and counts have none."""

    V = UnitInfo("V", "V", (-100.0, 100.0))
    V_PER_S = UnitInfo("V/s", "V/s", (-100.0, 100.0))
    A = UnitInfo("A", "A", (-1e5, 1e5))
    DEGC = UnitInfo("°C", "K", (173.15, 573.15), 1.0, ZERO_CELSIUS)
    K = UnitInfo("K", "K", (-400.0, 400.0))
    K_PER_MIN = UnitInfo("K/min", "K/s", (-100.0, 100.0), 1.0 / 60.0)
    OHM_PER_V = UnitInfo("Ohm/V", "Ohm/V", (0.0, 1e9))
    PERCENT = UnitInfo("%", "1", (-10.0, 10.0), 0.01)
    PPM = UnitInfo("ppm", "1", (0.0, 1.0), 1e-6)
    PER_M = UnitInfo("1/m", "1/m", (0.0, 1e3))
    S = UnitInfo("s", "s", (0.0, 1e7))
    RATIO = UnitInfo("", "1", (-100.0, 100.0))
    ONE = UnitInfo("", "", (-100.0, 100.0))


class Rating(StrEnum):
    """What a signal is divided by, so that its levels hold for any rack."""

    CELL_COUNT = "cell_count"
    RATED_CURRENT = "rated_current"
    RATED_VOLTAGE = "rated_voltage"


@dataclass(frozen=True)
class Signal:
    """What an alarm row may watch.

    Attributes:
        scope: What its source is.
        unit: Unit of its levels.
        doc: What it is.
        per: Rating that it is divided by, None for none.
    """

    scope: Scope
    unit: Unit
    doc: str
    per: Rating | None = None

    @property
    def of_container(self) -> bool:
        """Whether it is one of a container, not of each rack."""
        return self.scope == "container"

    def si(self, level: float) -> float:
        """A level in SI units."""
        return self.unit.value.factor * level + self.unit.value.origin


def _flags(scope: Scope, **docs: str) -> dict[str, Signal]:
    return {name: Signal(scope, Unit.ONE, doc) for name, doc in docs.items()}


_CELLS: dict[str, Signal] = {
    "cell_voltage_max_v": Signal("cell", Unit.V, "Highest cell voltage."),
    "cell_voltage_min_v": Signal("cell", Unit.V, "Lowest cell voltage."),
    "cell_voltage_spread_v": Signal(
        "cell", Unit.V, "Highest less lowest cell voltage; source: the farther from the mean."
    ),
    "cell_voltage_rate_v_per_s": Signal(
        "cell",
        Unit.V_PER_S,
        "How fast the highest or the lowest cell voltage moves, over signals.voltage_rate_window_s.",
    ),
    "temperature_max_degc": Signal("pack", Unit.DEGC, "Highest cell temperature."),
    "temperature_min_degc": Signal("pack", Unit.DEGC, "Lowest cell temperature."),
    "temperature_spread_k": Signal("pack", Unit.K, "Highest less lowest cell temperature; source: the warmest pack."),
    "temperature_rise_k_per_min": Signal(
        "pack", Unit.K_PER_MIN, "How fast the highest cell temperature rises, over signals.temperature_rise_window_s."
    ),
    "thermal_runaway_signs": Signal(
        "pack",
        Unit.ONE,
        "Signs of thermal runaway, 0 to 3: temperature rises, a cell voltage falls, both not long ago, and gas.",
    ),
    "voltage_age_ratio": Signal(
        "pack", Unit.RATIO, "Age of the oldest cell voltage relative to measurement_age.voltage_s."
    ),
    "temperature_age_ratio": Signal(
        "pack", Unit.RATIO, "Age of the oldest temperature relative to measurement_age.temperature_s."
    ),
    **_flags(
        "pack",
        cmu_communication="A pack's monitoring unit does not answer.",
        cmu_integrity="A pack's monitoring unit fails a checksum or a self-test.",
        cmu_open_wire="A pack's monitoring unit finds a sense wire open.",
    ),
}

_STRING: dict[str, Signal] = {
    "string_voltage_per_cell_v": Signal(
        "rack", Unit.V, "Measured string voltage by the number of cells.", Rating.CELL_COUNT
    ),
    "sum_of_cells_mismatch_ratio": Signal(
        "rack", Unit.RATIO, "Measured string voltage against the sum of its cells, relative to that sum."
    ),
    "charge_current_ratio": Signal(
        "rack", Unit.RATIO, "Charge current relative to the rated current.", Rating.RATED_CURRENT
    ),
    "discharge_current_ratio": Signal(
        "rack", Unit.RATIO, "Discharge current relative to the rated current.", Rating.RATED_CURRENT
    ),
    "charge_current_mean_ratio": Signal(
        "rack",
        Unit.RATIO,
        "Charge current over signals.current_mean_window_s, relative to the rated current.",
        Rating.RATED_CURRENT,
    ),
    "discharge_current_mean_ratio": Signal(
        "rack",
        Unit.RATIO,
        "Discharge current over signals.current_mean_window_s, relative to the rated current.",
        Rating.RATED_CURRENT,
    ),
    "current_mismatch_ratio": Signal(
        "rack", Unit.RATIO, "Difference of the two current sensors relative to the rated current.", Rating.RATED_CURRENT
    ),
    "current_age_ratio": Signal("rack", Unit.RATIO, "Age of the current relative to measurement_age.current_s."),
    "open_string_current_a": Signal("rack", Unit.A, "Current of either direction while all contactors are sent open."),
    "terminal_temperature_degc": Signal("rack", Unit.DEGC, "Temperature of the power terminals."),
    "insulation_positive_ohm_per_v": Signal(
        "rack",
        Unit.OHM_PER_V,
        "Insulation of the positive pole by rated voltage, as the rack's monitor reads it while the rack is open.",
        Rating.RATED_VOLTAGE,
    ),
    "insulation_negative_ohm_per_v": Signal(
        "rack", Unit.OHM_PER_V, "The same, of the negative pole.", Rating.RATED_VOLTAGE
    ),
    "soc_below_reserve_percent": Signal(
        "rack",
        Unit.PERCENT,
        "How far the estimated state of charge lies below soc_reserve_min, 0 unless a master asks.",
    ),
    "soc_above_reserve_percent": Signal(
        "rack", Unit.PERCENT, "How far it lies above soc_reserve_max, 100 % unless a master asks otherwise."
    ),
    "soc_jump_percent": Signal(
        "rack", Unit.PERCENT, "Moves of the estimate that no current explains, within signals.soc_jump_window_s."
    ),
    "soh_percent": Signal("rack", Unit.PERCENT, "State of health."),
    **_flags(
        "rack",
        fuse_open="The fuse monitor reads open.",
        breaker_open="The breaker's auxiliary contact reads open.",
        interlock_open="The interlock loop is broken.",
        configuration_fault="The rack's controller finds its configuration damaged.",
        persistent_memory_fault="The rack's controller finds its persistent memory damaged.",
        clock_fault="The rack's controller finds its clock wrong.",
        watchdog_fault="The watchdog has restarted the rack's controller.",
        duplicate_id="Another controller answers to the rack's address.",
        controller_communication="The rack's controller finds its communication disturbed.",
        insulation_monitor_failed="The insulation monitor fails its self-test.",
    ),
}

_CONTACTORS: dict[str, Signal] = {
    "precharge_time_s": Signal("rack", Unit.S, "How long the precharge contactor alone has bridged the positive one."),
    "precharge_current_ratio": Signal(
        "rack", Unit.RATIO, "Current of a precharge relative to what the string voltage drives through the resistor."
    ),
    **_flags(
        "contactor",
        contactor_negative_welded="Sent open, the negative contactor reads closed or conducts.",
        contactor_precharge_welded="Sent open, the precharge contactor reads closed or conducts.",
        contactor_positive_welded="Sent open, the positive contactor reads closed or conducts.",
        contactor_negative_stuck="Sent closed, the negative contactor reads open or does not conduct.",
        contactor_precharge_stuck="Sent closed, the precharge contactor reads open.",
        contactor_positive_stuck="Sent closed, the positive contactor reads open or does not conduct.",
        contactor_negative_feedback="The negative contactor conducts, and its auxiliary contact reads open.",
        contactor_precharge_feedback="The precharge contactor conducts, and its auxiliary contact reads open.",
        contactor_positive_feedback="The positive contactor conducts, and its auxiliary contact reads open.",
    ),
}

_CONTAINER: dict[str, Signal] = {
    "coolant_supply_temperature_degc": Signal("container", Unit.DEGC, "Coolant supply temperature."),
    "coolant_return_temperature_degc": Signal("container", Unit.DEGC, "Coolant return temperature."),
    "coolant_flow_ratio": Signal(
        "container", Unit.RATIO, "Coolant flow relative to the rated one, while the chiller says that it circulates."
    ),
    "coolant_pressure_ratio": Signal(
        "container", Unit.RATIO, "Pump pressure relative to the rated head, while the chiller says that it circulates."
    ),
    "coolant_leak_signs": Signal(
        "container", Unit.ONE, "Signs of a coolant leak: 1 water on the floor, 2 pressure is low besides."
    ),
    "chiller_age_s": Signal("container", Unit.S, "Age of the chiller's reports."),
    "condensation_margin_k": Signal("container", Unit.K, "Coolant supply temperature above the dew point."),
    "hydrogen_ppm": Signal("container", Unit.PPM, "Reading of the hydrogen detector."),
    "carbon_monoxide_ppm": Signal("container", Unit.PPM, "Reading of the carbon monoxide detector."),
    "smoke_per_m": Signal("container", Unit.PER_M, "Reading of the smoke detector."),
    "fire_level": Signal("container", Unit.ONE, "Level of the fire panel: 1 warning, 2 fire."),
    "supply_voltage_v": Signal("container", Unit.V, "Auxiliary supply voltage."),
    "master_silence": Signal(
        "container",
        Unit.ONE,
        "1 while the supervised master is lost, 2 while it has been for so long that racks open.",
    ),
    "rack_silence_s": Signal(
        "container", Unit.S, "Longest time that a rack's heartbeat, once it has counted, has stood still."
    ),
    "rack_soc_spread_percent": Signal(
        "container",
        Unit.PERCENT,
        "Highest less lowest state of charge of connected racks; source: the farther from the mean.",
    ),
    "rack_current_spread_ratio": Signal(
        "container",
        Unit.RATIO,
        "Highest less lowest current of connected racks relative to the rated current.",
        Rating.RATED_CURRENT,
    ),
    "bus_insulation_positive_ohm_per_v": Signal(
        "container",
        Unit.OHM_PER_V,
        "Insulation of the bus, positive pole, by rated voltage; source: the monitor's rack.",
        Rating.RATED_VOLTAGE,
    ),
    "bus_insulation_negative_ohm_per_v": Signal(
        "container", Unit.OHM_PER_V, "The same, of the negative pole.", Rating.RATED_VOLTAGE
    ),
    **_flags(
        "container",
        chiller_fault="The chiller reports a trip.",
        gas_alarm="The fire panel reports gas, latched.",
        heat_alarm="A heat detector of the fire panel has tripped, latched.",
        water="The water detector is wet.",
        emergency_stop="The emergency-stop loop is broken.",
        door_open="A door stands open.",
    ),
}

SIGNALS: dict[str, Signal] = {**_CELLS, **_STRING, **_CONTACTORS, **_CONTAINER}
"""All signals by name."""

RACK_SIGNALS: tuple[str, ...] = tuple(name for name, signal in SIGNALS.items() if not signal.of_container)
"""Signals of every rack: columns of (rack, signal)."""

CONTAINER_SIGNALS: tuple[str, ...] = tuple(name for name, signal in SIGNALS.items() if signal.of_container)
"""Signals of every container: columns of (container, signal)."""
