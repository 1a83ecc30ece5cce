"""Estimation of charge, health, energy and short pulses: counted in every period, looked at more closely now and then.

The closer look, and the decision on balancing, come to a rack once in their time. The racks take turns, so that every
period has about the same work.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.balancing import decide_balancing, stop_balancing
from bms_emulator.firmware.reference.circuit import observe_circuit
from bms_emulator.firmware.reference.correction import correct_charge
from bms_emulator.firmware.reference.energy import estimate_energy
from bms_emulator.firmware.reference.estimation_model import EstimationModel
from bms_emulator.firmware.reference.estimator import count_charge
from bms_emulator.firmware.reference.health import learn_capacity, learn_resistance
from bms_emulator.firmware.reference.pulses import predict_pulses
from bms_emulator.jit import Bound, bind

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


class Turns:
    """Which racks' turn it is, so that each has one in a time.

    Args:
        period: Time in which every rack has a turn [s].
        dt: Firmware period [s].

    Attributes:
        first: First rack whose turn it is, (1,).
        stride: From there to the next.
    """

    def __init__(self, period: float, dt: float) -> None:
        self.first: NDArray[np.int64] = np.zeros(1, np.int64)
        self.stride = max(1, round(period / dt))

    def pass_to(self, count: int) -> None:
        """Pass the turn to the racks of the firmware's period of this number since the start."""
        self.first[0] = count % self.stride


class Estimation:
    """The estimator of every rack.

    Args:
        model: Its settings.
        arrays: What it reads and writes.
        measurements: What it knows of the racks.
        dt: Firmware period [s].

    Attributes:
        turns: Whose turn for a closer look it is.
        calls: What estimates: the charge of all racks, and more closely for those whose turn it is.
    """

    def __init__(self, model: EstimationModel, arrays: "FirmwareArrays", measurements: Measurements, dt: float) -> None:
        self._model = model
        self._measurements = measurements
        self._dt = dt
        self.turns = Turns(model.update_period, dt)
        self._racks = arrays.racks
        self._private = arrays.private
        self._persistent = arrays.persistent
        self.calls: tuple[Bound, ...] = (
            self._count(),
            self._observe(),
            self._correct(),
            self._learn_capacity(),
            self._learn_resistance(),
            self._estimate_energy(),
            self._predict_pulses(),
        )

    def _count(self) -> Bound:
        measurements = self._measurements
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        return bind(
            count_charge,
            *model.open_circuit,
            *model.usable,
            model.rest_current,
            model.cell_count,
            persistent.capacity,
            persistent.soc_known,
            private.rest_time,
            private.settled_current,
            private.settled_time,
            private.charge_moved,
            measurements.current,
            racks.cell_voltage_avg,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.cell_voltage_invalid_count,
            racks.soc,
            racks.cycle_count,
            self._dt,
        )

    def _observe(self) -> Bound:
        measurements, turns = self._measurements, self.turns
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        return bind(
            observe_circuit,
            *model.open_circuit,
            *model.shape,
            *model.circuit,
            persistent.capacity,
            persistent.hysteresis,
            private.charge_moved,
            private.direction,
            private.relaxed_current1,
            private.relaxed_current2,
            private.resistance0,
            private.resistance1,
            private.resistance2,
            measurements.current,
            racks.cell_voltage_avg,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.temperature_avg,
            racks.soc,
            racks.soh_resistance,
            private.drop,
            private.soc_mean,
            private.soc_highest,
            private.soc_lowest,
            turns.first,
            turns.stride,
            self._dt,
        )

    def _correct(self) -> Bound:
        measurements, turns = self._measurements, self.turns
        racks, private, model = self._racks, self._private, self._model
        return bind(
            correct_charge,
            *model.usable,
            *model.correction,
            measurements.current,
            private.rest_time,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            private.soc_highest,
            private.soc_lowest,
            racks.soc,
            turns.first,
            turns.stride,
            self._dt,
        )

    def _learn_capacity(self) -> Bound:
        measurements, turns = self._measurements, self.turns
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        return bind(
            learn_capacity,
            model.open_circuit.soc,
            model.open_circuit.voltage,
            *model.capacity,
            persistent.capacity,
            persistent.fix_soc,
            persistent.fix_charge,
            persistent.fix_age,
            private.deepest_soc,
            private.deepest_charge,
            private.charge_moved,
            measurements.current,
            private.rest_time,
            private.soc_mean,
            private.drop,
            racks.soh,
            turns.first,
            turns.stride,
            self._dt,
        )

    def _learn_resistance(self) -> Bound:
        measurements, turns = self._measurements, self.turns
        racks, private, model = self._racks, self._private, self._model
        return bind(
            learn_resistance,
            *model.resistance,
            private.settled_time,
            private.step_voltage,
            private.step_drop,
            private.step_current,
            private.step_direction,
            private.step_age,
            measurements.current,
            racks.cell_voltage_avg,
            private.drop,
            private.direction,
            racks.soc,
            racks.soh_resistance,
            turns.first,
            turns.stride,
            self._dt,
        )

    def _estimate_energy(self) -> Bound:
        turns = self.turns
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        return bind(
            estimate_energy,
            model.energy,
            *model.usable,
            model.rated_current,
            model.cell_count,
            persistent.capacity,
            private.resistance0,
            private.resistance1,
            private.resistance2,
            racks.soc,
            racks.soe_discharge,
            racks.soe_charge,
            turns.first,
            turns.stride,
        )

    def _predict_pulses(self) -> Bound:
        turns = self.turns
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        return bind(
            predict_pulses,
            *model.open_circuit,
            *model.shape,
            *model.pulses,
            persistent.capacity,
            persistent.hysteresis,
            private.relaxed_current1,
            private.relaxed_current2,
            private.resistance0,
            private.resistance1,
            private.resistance2,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            private.drop,
            private.soc_highest,
            private.soc_lowest,
            private.pulse_resistance,
            private.charge_pulse,
            private.discharge_pulse,
            turns.first,
            turns.stride,
        )


class Balancing:
    """Balancing of every rack.

    Args:
        model: Settings.
        arrays: What it reads and writes.
        measurements: What it knows of the racks.
        dt: Firmware period [s].

    Attributes:
        turns: Whose turn for a decision it is.
        calls: What ends balancing where it may not go on, and decides anew for the racks whose turn it is.
    """

    def __init__(self, model: EstimationModel, arrays: "FirmwareArrays", measurements: Measurements, dt: float) -> None:
        self._model = model
        self._measurements = measurements
        self.turns = Turns(model.balancing_period, dt)
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._private = arrays.private
        self.calls: tuple[Bound, ...] = (self._stop(), self._decide())

    def _stop(self) -> Bound:
        orders, racks, private = self._orders, self._racks, self._private
        return bind(
            stop_balancing,
            orders.balancing_enabled,
            racks.alarm_action,
            private.balancing_active,
            racks.balancing,
            racks.balancing_count,
            racks.balancing_revision,
        )

    def _decide(self) -> Bound:
        measurements, turns = self._measurements, self.turns
        orders, racks, private, model = self._orders, self._racks, self._private, self._model
        return bind(
            decide_balancing,
            *model.balancing,
            orders.balancing_enabled,
            racks.alarm_action,
            measurements.current,
            measurements.cell_voltage,
            measurements.cell_voltage_age,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            racks.cell_voltage_invalid_count,
            private.drop,
            racks.temperature_max,
            racks.temperature_min,
            private.balancing_active,
            racks.balancing,
            racks.balancing_count,
            racks.balancing_revision,
            turns.first,
            turns.stride,
        )
