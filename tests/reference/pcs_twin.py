"""Slow twin of plant/pcs.py: one PCS, in plain Python; its state as prose, its losses inverted by bisection."""

import math
from dataclasses import dataclass

from bms_emulator.plant.pcs import Demand, PcsModel

OFF, STARTING, RUNNING, FAULT, STANDBY, STOPPING = 1, 2, 3, 4, 5, 6
POWER, CURRENT, VOLTAGE = 0, 1, 2
SETPOINT, AVAILABLE, POWER_FACTOR = 1, 2, 3


@dataclass(frozen=True)
class Limits:
    """What the BMS and the operator allow, all >= 0 [A], [W]."""

    current: float
    charge: float
    discharge: float
    charge_power: float
    discharge_power: float
    charge_current: float
    discharge_current: float


@dataclass(frozen=True)
class Reactive:
    """What is asked of the reactive power: where it comes from, how much of it, power factors, and what goes first."""

    control: int
    value: float
    slopes: tuple[float, float]
    first: bool


def held(x: float, low: float, high: float) -> float:
    """The middle one of three."""
    return sorted((low, x, high))[1]


@dataclass
class PcsTwin:
    """One PCS; its constants and what it remembers."""

    model: PcsModel
    state: int = OFF
    starting_ticks: int = 0
    power_target: float = 0.0
    reactive: float = 0.0

    def dc_power(self, ac_power: float, reactive: float = 0.0, grid: float = 1.0) -> float:
        """DC power [W]: the AC power and three losses, which take from the DC side in discharge, from AC in charge."""
        m, current = self.model, math.hypot(ac_power, reactive) / max(grid, 0.05)
        losses = (m.standby_loss, m.proportional_loss * current, m.quadratic_loss * current**2 / m.rated_power)
        return ac_power + math.fsum(losses)

    def ac_power(self, dc_power: float, reactive: float = 0.0, grid: float = 1.0) -> float:
        """AC power [W] whose DC power it is, found between 4 times rated power in either direction."""
        low, high = -4.0 * self.model.rated_power, 4.0 * self.model.rated_power
        while low < (middle := (low + high) / 2.0) < high:
            if self.dc_power(middle, reactive, grid) < dc_power:
                low = middle
            else:
                high = middle
        return high

    def advance(self, ready: bool, trips: bool, leaves: bool, standby: bool, at_rest: bool, dt: float) -> None:
        """Next operating state."""
        before = self.state
        self.starting_ticks = self.starting_ticks + 1 if before == STARTING else 0
        if trips:
            self.state = FAULT
        elif before == FAULT:
            self.state = FAULT if leaves else OFF
        elif leaves and before in (OFF, STARTING, STANDBY):
            self.state = FAULT
        elif not ready:
            self.state = OFF
        elif before == OFF:
            self.state = STARTING
        elif before == STARTING:
            self.state = RUNNING if self.starting_ticks >= round(self.model.start_time / dt) else STARTING
        elif before == RUNNING:
            self.state = STOPPING if leaves else STANDBY if standby else RUNNING
        elif before == STANDBY:
            self.state = STANDBY if standby else RUNNING
        elif before == STOPPING:
            self.state = FAULT if at_rest else STOPPING

    def reactive_beside(self, power: float, apparent: float, asked: Reactive, dt: float) -> float:
        """Reactive power beside an active power [var]: asked, rated, ramped, and within the circle."""
        m, left = self.model, math.sqrt(max(0.0, apparent**2 - power**2))
        wanted = 0.0
        if self.state != STOPPING:
            wanted = {
                0: 0.0,
                SETPOINT: asked.value,
                AVAILABLE: asked.value * left,
                POWER_FACTOR: abs(power) * asked.slopes[0 if power > 0.0 else 1],
            }[asked.control]
        wanted = held(wanted, -m.rated_reactive, m.rated_reactive)
        ramped = held(wanted, self.reactive - m.reactive_ramp * dt, self.reactive + m.reactive_ramp * dt)
        return held(ramped, -apparent, apparent) if asked.first else held(ramped, -left, left)

    def demand(
        self,
        mode: int,
        setpoint: float,
        limits: Limits,
        asked: Reactive,
        share: float,
        grid: float,
        bus_current: float,
        dc_power: float,
        dt: float,
    ) -> Demand:
        """What it asks of the bus, where a `share` of its ratings is left; advances the ramps of its powers."""
        m, before, reactive_before = self.model, self.power_target, self.reactive
        self.power_target, self.reactive = 0.0, 0.0
        if self.state not in (RUNNING, STOPPING):
            return Demand(POWER, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0)
        if mode != POWER:
            before = self.ac_power(dc_power, reactive_before, grid)
        if self.state == STOPPING:
            mode, setpoint = POWER, 0.0
        apparent = share * m.rated_apparent * min(1.0, grid)
        most = min(share * m.rated_power, apparent)
        kept = [apparent, apparent]
        if asked.first and asked.control == POWER_FACTOR:
            kept = [apparent * math.cos(math.atan(slope)) for slope in asked.slopes]
        highest, lowest = min(most, limits.discharge, kept[0]), -min(most, limits.charge, kept[1])
        power = before
        if mode == POWER:
            target = held(setpoint, lowest, highest)
            power = held(target, before - m.power_ramp * dt, before + m.power_ramp * dt)
        self.reactive = reactive_before
        self.reactive = self.reactive_beside(power, apparent, asked, dt)
        if asked.first:
            most = min(most, math.sqrt(max(0.0, apparent**2 - self.reactive**2)))
            highest, lowest = min(highest, most), max(lowest, -most)
        currents = [-min(m.rated_current, limits.charge_current), min(m.rated_current, limits.discharge_current)]
        powers = [-limits.charge_power, limits.discharge_power]
        if mode == POWER:
            given = held(power, -most, most)
            wanted = self.dc_power(given, self.reactive, grid)
            value = held(wanted, *powers)
            self.power_target = self.ac_power(value, self.reactive, grid)
            return Demand(POWER, value, currents[0], currents[1], math.inf, powers[0], powers[1])
        # the AC power that it may have holds on the DC side too, and the other modes leave power where it is
        least = min(0.0, self.dc_power(lowest, self.reactive, grid))
        powers = [max(powers[0], least), min(powers[1], self.dc_power(highest, self.reactive, grid))]
        self.power_target = before
        if mode == CURRENT:
            value = held(setpoint, bus_current - m.current_ramp * dt, bus_current + m.current_ramp * dt)
            return Demand(CURRENT, value, currents[0], currents[1], math.inf, powers[0], powers[1])
        value = held(setpoint, m.voltage_min, m.voltage_max)
        currents = [max(currents[0], -limits.current), min(currents[1], limits.current)]
        return Demand(VOLTAGE, value, currents[0], currents[1], m.current_ramp * dt, powers[0], powers[1])
