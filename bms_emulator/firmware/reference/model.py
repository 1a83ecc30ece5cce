"""Settings of the reference firmware in SI, each group in the order in which its kernel takes them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bms_emulator.arrays import Array
from bms_emulator.firmware.reference.estimation_model import EstimationModel, build_estimation_model
from bms_emulator.firmware.reference.sequence import STEPS, TRANSITIONS, Step, Transition, Tries
from bms_emulator.profile.rack import RackProfile
from bms_emulator.profile.site import SiteProfile
from bms_emulator.units import SECONDS_PER_HOUR

Whole = NDArray[np.int64]


class Observation(NamedTuple):
    """When conditions of the sequence hold: times [s], tries, precharge [V] [1] [A] [1] [Ohm], opening [A]."""

    self_test: float
    contactor_feedback: float
    precharge_timeout: float
    precharge_tries: float
    precharge_cool: float
    opening_wait: float
    reset_wait: float
    precharge_voltage: float
    precharge_share: float
    precharge_current: float
    precharge_current_max_ratio: float
    precharge_resistance: float
    open_current: float


class Joining(NamedTuple):
    """Rules for joining the bus: interval between two racks and longest time of one [s], voltage difference [V]."""

    interval: float
    timeout: float
    voltage_difference: float


class Sequence(NamedTuple):
    """The sequence as arrays: edges sorted by their step, and what each step shows and commands."""

    first_edge: Whole
    edge_condition: Whole
    edge_target: Whole
    edge_failure: Array
    step_mode: Array
    step_command: Array
    step_on_bus: Array
    step_tries_kept: Array
    step_tries_added: Array
    step_locked: Array
    step_breaks: Array
    open_current: float


class Supply(NamedTuple):
    """Voltages at which controllers switch off and on [V]."""

    brown_out: float
    recovery: float


@dataclass(frozen=True)
class FirmwareModel:
    """All settings of the reference firmware.

    Attributes:
        first_cell: First cell of the pack that a temperature sensor serves, counted from 1, (sensor,).
        rated_energy: Rated energy of a container [J].
        rated_capacity: Rated capacity of a rack [C].
        fresh_capacity: Capacity of a rack that was never tested [C].
        precharge_pause: Rest of the resistor between two precharges [s].
        sound_count_min: Fewest sound racks with which a bank goes on when others have failed.
    """

    first_cell: Array
    rated_energy: float
    rated_capacity: float
    fresh_capacity: float
    precharge_pause: float
    sound_count_min: float
    estimation: EstimationModel
    observation: Observation
    joining: Joining
    sequence: Sequence
    supply: Supply


def build_firmware_model(site: SiteProfile) -> FirmwareModel:
    """Settings for the racks and containers of a site."""
    rack, firmware = site.container.rack, site.firmware
    timing, connection = firmware.timing, firmware.connection
    return FirmwareModel(
        first_cell=_first_cells(rack),
        rated_energy=site.container.rated_energy_kwh * 1e3 * SECONDS_PER_HOUR,
        rated_capacity=rack.pack.cell.rated_capacity_ah * SECONDS_PER_HOUR,
        fresh_capacity=rack.pack.cell.capacity_ah * SECONDS_PER_HOUR,
        precharge_pause=timing.precharge_pause_s,
        sound_count_min=float(connection.rack_count_min),
        estimation=build_estimation_model(rack, firmware),
        observation=Observation(
            timing.self_test_s,
            timing.contactor_feedback_s,
            timing.precharge_timeout_s,
            float(timing.precharge_tries),
            timing.precharge_cool_s,
            timing.opening_wait_s,
            timing.reset_wait_s,
            connection.precharge_done_v,
            connection.precharge_done_percent / 100.0,
            connection.precharge_done_current_a,
            connection.precharge_current_max_ratio,
            rack.contactors.precharge_resistance_ohm,
            connection.open_current_a,
        ),
        joining=Joining(timing.join_interval_s, timing.join_timeout_s, connection.join_voltage_difference_v),
        sequence=_sequence(connection.open_current_a),
        supply=Supply(firmware.supply.brown_out_v, firmware.supply.recovery_v),
    )


def _first_cells(rack: RackProfile) -> Array:
    """A sensor j of S serves the cells k of C with ``k * S // C == j``."""
    sensors, cells = rack.pack.temperature_sensor_count, rack.pack.cell_count
    first = -(-np.arange(sensors) * cells // sensors)
    return np.tile(first + 1.0, rack.pack_count)


def _sequence(open_current: float) -> Sequence:
    edges: list[Transition] = sorted(
        TRANSITIONS, key=lambda edge: edge.step
    )  # stable: keeps the order of a step's edges
    rows = [STEPS[step] for step in Step]
    return Sequence(
        np.searchsorted([edge.step for edge in edges], np.arange(len(Step) + 1)).astype(np.int64),
        np.array([edge.condition for edge in edges], np.int64),
        np.array([edge.target for edge in edges], np.int64),
        np.array([_number(edge.failure) for edge in edges]),
        np.array([float(row.mode) for row in rows]),
        np.array([(row.negative, row.precharge, row.positive) for row in rows], np.float64),
        np.array([float(row.on_bus) for row in rows]),
        np.array([float(row.tries is not Tries.CLEAR) for row in rows]),
        np.array([float(row.tries is Tries.COUNT) for row in rows]),
        np.array([_number(row.locked) for row in rows]),
        np.array([float(row.breaks) for row in rows]),
        open_current,
    )


def _number(entry: int | None) -> float:
    return float("nan") if entry is None else float(entry)
