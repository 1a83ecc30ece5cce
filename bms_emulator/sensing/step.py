"""From truth to measurements: one step of all sensors."""

from bms_emulator.arrays import Array
from bms_emulator.program import Program
from bms_emulator.sensing.auxiliary import bind_contacts, bind_reports
from bms_emulator.sensing.channel import period_ticks
from bms_emulator.sensing.current import bind_currents
from bms_emulator.sensing.damage import bind_damage
from bms_emulator.sensing.faulty import Channels, FaultyChannels
from bms_emulator.sensing.fire import report_fire
from bms_emulator.sensing.insulation import InsulationMonitors
from bms_emulator.sensing.model import ChannelModel, SensingModel
from bms_emulator.sensing.modifier import SensorOverlay
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.temperature import bind_temperatures, bind_terminals
from bms_emulator.sensing.truth import Truth
from bms_emulator.sensing.units import bind_losses, bind_units
from bms_emulator.sensing.voltage import bind_cell_voltages, bind_rack_voltages

CONTACTS = (
    "contactor_feedback",
    "fuse_feedback",
    "breaker_feedback",
    "interlock_closed",
    "emergency_stop",
    "door_open",
    "water",
)
"""Contacts that controllers read."""
CHILLER_READINGS = (
    "coolant_supply_temperature",
    "coolant_return_temperature",
    "coolant_flow",
    "coolant_pressure",
)
"""What the chiller reports."""
BANK_READINGS = ("dew_point", "ambient_temperature", "auxiliary_power")
"""What else the bank controller reads."""


class Sensors:
    """All sensors of a site, read tick by tick.

    Their arrays are bound to the kernels once: they are written in place and never replaced.

    Args:
        model: Sensors as built.
        state: What the sensors remember, updated.
        measured: Measurements, updated.
        truth: The plant.
        dt: Step [s].
    """

    def __init__(self, model: SensingModel, state: SensorState, measured: Measured, truth: Truth, dt: float) -> None:
        def ticks(channels: ChannelModel) -> int:
            return period_ticks(channels.period, dt)

        self._measured, self._truth, self._dt = measured, truth, dt
        self._units = bind_units(measured, truth)
        self._cell_voltages = bind_cell_voltages(model.cell_voltage, measured, truth)
        self._cell_voltage_period = ticks(model.cell_voltage)
        self._temperatures = bind_temperatures(model, state, measured, truth, dt)
        self._terminals = bind_terminals(model.terminal, state, measured, truth)
        self._terminal_period, self._terminal_step = ticks(model.terminal), max(model.terminal.period, dt)
        self._currents = bind_currents(model, state, measured, truth)
        self._current_period = ticks(model.current)
        self._rack_voltages = bind_rack_voltages(model, measured, truth)
        self._rack_voltage_period = ticks(model.string_voltage)
        self._reports = Program(bind_contacts(measured, truth), bind_reports(measured, truth, dt))
        self._insulation = InsulationMonitors(model, state, measured, truth, dt)
        self._damage = bind_damage(model, measured, truth.runaway)
        self._losses = bind_losses(measured)
        self._faulty = FaultyChannels(channels_of(model, measured, truth, dt), dt)

    def step(self, overlay: SensorOverlay, tick: int) -> None:
        """Read every channel whose turn it is.

        Args:
            overlay: What faults do to readings.
            tick: Number of the tick; the first is 0 and reads every channel.
        """
        runaway, dt = self._truth.runaway, self._dt
        broken = self._units.call()
        if tick % self._cell_voltage_period == 0:
            self._cell_voltages.call(tick, dt)
        else:
            self._measured.cell_voltage_age += dt
        self._temperatures.call(tick, dt)
        if tick % self._terminal_period == 0:
            self._terminals.call(tick, self._terminal_step)
        self._currents.call(tick % self._current_period == 0, tick, dt)
        if tick % self._rack_voltage_period == 0:
            self._rack_voltages.call(tick)
        self._reports()
        self._insulation.step(tick)
        if self._truth.fire.awake.item():
            report_fire(self._measured, self._truth)
        if overlay.samples:
            self._faulty.bend_samples(overlay, tick)
        if runaway.damaged.item():
            self._damage.call()
        if broken:
            self._losses.call()
        if overlay.messages:
            self._faulty.bend_messages(overlay, tick)


def channels_of(model: SensingModel, measured: Measured, truth: Truth, dt: float) -> dict[str, Channels]:
    """All channels that faults may bend, by full name."""
    around = truth.containers.air_temperature, truth.containers.coolant_supply_temperature

    def sampled(channels: ChannelModel, reading: Array) -> Channels:
        return Channels(reading, scale=channels.scale, period=period_ticks(channels.period, dt))

    channels = {
        "cell_voltage": Channels(measured.cell_voltage, measured.cell_voltage_age, model.cell_voltage.scale),
        "temperature": Channels(
            measured.temperature, measured.temperature_age, model.temperature.scale, surroundings=around
        ),
        "cmu_faults": Channels(measured.cmu_faults),
        "current": Channels(measured.current, measured.current_age, model.current.scale),
        "current_second": Channels(measured.current_second, measured.current_age, model.current_second.scale),
        "string_voltage": sampled(model.string_voltage, measured.string_voltage),
        "fuse_voltage": sampled(model.fuse_voltage, measured.fuse_voltage),
        "link_voltage": sampled(model.link_voltage, measured.link_voltage),
        "terminal_temperature": sampled(model.terminal, measured.terminal_temperature),
        "insulation_resistance": sampled(model.insulation, measured.insulation_resistance),
        "insulation_positive": sampled(model.insulation_positive, measured.insulation_positive),
        "insulation_negative": sampled(model.insulation_negative, measured.insulation_negative),
    }
    channels |= {name: Channels(getattr(measured, name), measured.chiller_age) for name in CHILLER_READINGS}
    channels |= {name: Channels(getattr(measured, name)) for name in CONTACTS + BANK_READINGS}
    return {f"measured.{name}": each for name, each in channels.items()}
