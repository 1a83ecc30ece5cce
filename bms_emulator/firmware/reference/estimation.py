"""Estimation of charge, health, energy and short pulses: counted in every period, looked at more closely now and then.

The closer look, and the decision on balancing, come to a rack once in their time. The racks take turns, so that every
period has about the same work.
"""

from typing import TYPE_CHECKING

from bms_emulator.firmware.contract import Measurements
from bms_emulator.firmware.reference.balancing import decide_balancing, stop_balancing
from bms_emulator.firmware.reference.circuit import observe_circuit
from bms_emulator.firmware.reference.correction import correct_charge
from bms_emulator.firmware.reference.energy import estimate_energy
from bms_emulator.firmware.reference.estimation_model import EstimationModel
from bms_emulator.firmware.reference.estimator import count_charge
from bms_emulator.firmware.reference.health import learn_capacity, learn_resistance
from bms_emulator.firmware.reference.pulses import predict_pulses

if TYPE_CHECKING:
    from bms_emulator.firmware.reference.firmware import FirmwareArrays


def turn(time: float, dt: float, period: float) -> tuple[int, int]:
    """First rack whose turn it is, and the stride to the next, for one turn of every rack in a time [s]."""
    stride = max(1, round(period / dt))
    return round(time / dt) % stride, stride


class Estimation:
    """The estimator of every rack.

    Args:
        model: Its settings.
        arrays: What it reads and writes.
    """

    def __init__(self, model: EstimationModel, arrays: "FirmwareArrays") -> None:
        self._model = model
        self._racks = arrays.racks
        self._private = arrays.private
        self._persistent = arrays.persistent

    def run(self, measurements: Measurements, time: float, dt: float) -> None:
        """Count the charge of all racks, and look more closely at those whose turn it is. time, dt [s]."""
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        count_charge(
            *model.open_circuit,
            *model.usable,
            model.rest_current,
            persistent.capacity,
            persistent.soc_known,
            private.rest_time,
            private.settled_current,
            private.settled_time,
            private.charge_moved,
            measurements.current,
            racks.cell_voltage_avg,
            racks.soc,
            racks.cycle_count,
            dt,
        )
        first, stride = turn(time, dt, model.update_period)
        if first < racks.soc.shape[0]:
            self._look(measurements, first, stride, dt)

    def _look(self, measurements: Measurements, first: int, stride: int, dt: float) -> None:
        self._observe(measurements, first, stride, dt)
        self._correct(measurements, first, stride, dt)
        self._learn(measurements, first, stride, dt)
        self._predict(first, stride)

    def _observe(self, measurements: Measurements, first: int, stride: int, dt: float) -> None:
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        observe_circuit(
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
            first,
            stride,
            dt,
        )

    def _correct(self, measurements: Measurements, first: int, stride: int, dt: float) -> None:
        racks, private, model = self._racks, self._private, self._model
        correct_charge(
            *model.usable,
            *model.correction,
            measurements.current,
            private.rest_time,
            racks.cell_voltage_max,
            racks.cell_voltage_min,
            private.soc_highest,
            private.soc_lowest,
            racks.soc,
            first,
            stride,
            dt,
        )

    def _learn(self, measurements: Measurements, first: int, stride: int, dt: float) -> None:
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        learn_capacity(
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
            first,
            stride,
            dt,
        )
        learn_resistance(
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
            first,
            stride,
            dt,
        )

    def _predict(self, first: int, stride: int) -> None:
        racks, private, persistent, model = self._racks, self._private, self._persistent, self._model
        estimate_energy(
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
            first,
            stride,
        )
        predict_pulses(
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
            first,
            stride,
        )


class Balancing:
    """Balancing of every rack.

    Args:
        model: Settings.
        arrays: What it reads and writes.
    """

    def __init__(self, model: EstimationModel, arrays: "FirmwareArrays") -> None:
        self._model = model
        self._orders = arrays.orders
        self._racks = arrays.racks
        self._private = arrays.private

    def run(self, measurements: Measurements, time: float, dt: float) -> None:
        """End it where it may not go on, and decide anew for the racks whose turn it is. time, dt [s]."""
        orders, racks, private, model = self._orders, self._racks, self._private, self._model
        stop_balancing(
            orders.balancing_enabled,
            racks.alarm_action,
            private.balancing_active,
            racks.balancing,
            racks.balancing_count,
            racks.balancing_revision,
        )
        first, stride = turn(time, dt, model.balancing_period)
        if first < racks.soc.shape[0]:
            decide_balancing(
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
                first,
                stride,
            )
