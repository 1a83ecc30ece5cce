"""Slow twin of plant/pcs.py: one PCS, in plain Python; its state as prose, its losses inverted by bisection."""

import math
from dataclasses import dataclass

from bms_emulator.plant.pcs import Demand, PcsModel

OFF, STARTING, RUNNING, FAULT = 1, 2, 3, 4
POWER, CURRENT, VOLTAGE = 0, 1, 2


@dataclass(frozen=True)
class Limits:
    """What the BMS and the operator allow, all >= 0 [A], [W]."""

    current: float
    power: float
    charge_power: float
    discharge_power: float
    charge_current: float
    discharge_current: float


@dataclass
class PcsTwin:
    """One PCS; its constants and what it remembers."""

    model: PcsModel
    state: int = OFF
    starting_ticks: int = 0
    power_target: float = 0.0
    limited: bool = False

    def dc_power(self, ac_power: float) -> float:
        """DC power [W]: the AC power and three losses, which take from the DC side in discharge, from AC in charge."""
        m, share = self.model, abs(ac_power) / self.model.rated_power
        losses = (m.standby_loss, m.proportional_loss * abs(ac_power), m.quadratic_loss * share**2 * m.rated_power)
        return ac_power + math.fsum(losses)

    def ac_power(self, dc_power: float) -> float:
        """AC power [W] whose DC power it is, found between 4 times rated power in either direction."""
        low, high = -4.0 * self.model.rated_power, 4.0 * self.model.rated_power
        while low < (middle := (low + high) / 2.0) < high:
            if self.dc_power(middle) < dc_power:
                low = middle
            else:
                high = middle
        return high

    def advance(self, enabled: bool, supplied: bool, bus_voltage: float, dt: float) -> None:
        """Next operating state."""
        m, before = self.model, self.state
        in_window = m.voltage_min <= bus_voltage <= m.voltage_max
        ready = enabled and supplied and in_window
        self.starting_ticks = self.starting_ticks + 1 if before == STARTING else 0
        if before == OFF:
            self.state = STARTING if ready else OFF
        elif before == STARTING:
            started = self.starting_ticks >= round(m.start_time / dt)
            self.state = OFF if not ready else RUNNING if started else STARTING
        elif before == RUNNING:
            tripped = enabled and supplied and not in_window
            self.state = RUNNING if ready else FAULT if tripped else OFF
        elif before == FAULT:
            self.state = FAULT if enabled else OFF

    def demand(
        self, mode: int, setpoint: float, limits: Limits, bus_current: float, dc_power: float, dt: float
    ) -> Demand:
        """What it asks of the bus; advances the ramp of its power."""
        m, before = self.model, self.power_target
        self.power_target, self.limited = 0.0, False
        if self.state != RUNNING:
            return Demand(POWER, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0)
        currents = [-min(m.rated_current, limits.charge_current), min(m.rated_current, limits.discharge_current)]
        powers = [-limits.charge_power, limits.discharge_power]
        most = min(m.rated_power, limits.power)
        if mode == POWER:
            asked = sorted((-most, setpoint, most))[1]
            ramped = sorted((before - m.power_ramp * dt, asked, before + m.power_ramp * dt))[1]
            wanted = self.dc_power(ramped)
            value = sorted((powers[0], wanted, powers[1]))[1]
            self.limited = asked != setpoint or value != wanted
            self.power_target = self.ac_power(value)
            return Demand(POWER, value, currents[0], currents[1], math.inf, powers[0], powers[1])
        # the AC power that it may have holds on the DC side too, and the other modes leave power where it is
        powers = [max(powers[0], min(0.0, self.dc_power(-most))), min(powers[1], self.dc_power(most))]
        self.power_target = self.ac_power(dc_power)
        if mode == CURRENT:
            change = m.current_ramp * dt
            value = sorted((bus_current - change, setpoint, bus_current + change))[1]
            return Demand(CURRENT, value, currents[0], currents[1], math.inf, powers[0], powers[1])
        value = sorted((m.voltage_min, setpoint, m.voltage_max))[1]
        self.limited = value != setpoint
        currents = [max(currents[0], -limits.current), min(currents[1], limits.current)]
        return Demand(VOLTAGE, value, currents[0], currents[1], m.current_ramp * dt, powers[0], powers[1])
