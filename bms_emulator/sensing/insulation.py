"""Insulation monitor of every rack: slow, as it moves charge against earth and waits."""

from bms_emulator.arrays import Array
from bms_emulator.sensing.channel import is_due
from bms_emulator.sensing.current import follow_currents, read_currents
from bms_emulator.sensing.model import ChannelModel
from bms_emulator.sensing.state import Measured, SensorState


def measure_insulation(
    model: ChannelModel, state: SensorState, measured: Measured, resistance: Array, tick: int, dt: float
) -> None:
    """Follow the resistances with the monitor's low-pass and read them, every period. resistance: [Ohm], (rack,)."""
    if not is_due(tick, model.period, dt):
        return
    if tick == 0:
        state.insulation_lagged[...] = resistance
    follow_currents(model.lag, state.insulation_lagged, resistance, max(model.period, dt))
    read_currents(*model.errors, state.insulation_lagged, tick, measured.insulation_resistance)
