"""Slow twin of plant/chiller.py: one chiller and its pump, in plain Python."""

import math
from dataclasses import dataclass

from bms_emulator.plant.chiller import ChillerModel

STANDBY, CIRCULATION, COOLING, HEATING = 0, 1, 2, 3


@dataclass
class ChillerTwin:
    """One chiller; its constants and what it remembers."""

    model: ChillerModel
    compressor_on: bool = False
    compressor_time: float = 1e6
    mode: int = STANDBY
    heat: float = 0.0
    power: float = 0.0
    pump_speed: float = 0.0

    def step(
        self,
        request: int,
        setpoint: float,
        supply: float,
        back: float,
        ambient: float,
        flow: float,
        heat_capacity: float,
        gain: float,
        pump_gain: float,
        dt: float,
    ) -> None:
        m = self.model
        error = supply - setpoint
        self.compressor_time += dt
        able = gain > 0.0 and flow > 0.0
        may_cool = able and ambient <= m.cut_out_ambient
        if self.compressor_on:
            keep = request == COOLING and error > 0.0
            change = not may_cool or (not keep and self.compressor_time >= m.minimum_on)
        else:
            begin = request == COOLING and error > m.control_band / 2.0
            change = may_cool and begin and self.compressor_time >= m.minimum_off
        if change:
            self.compressor_on = not self.compressor_on
            self.compressor_time = 0.0

        self.heat, self.power = 0.0, m.standby_power
        if self.compressor_on:
            self.mode = COOLING
            derating = max(0.0, 1.0 - m.capacity_slope * max(0.0, ambient - m.rated_ambient))
            derating *= min(m.capacity_max, max(0.0, 1.0 + m.capacity_supply_slope * (supply - m.rated_supply)))
            capacity = gain * m.rated_cooling * derating
            self.heat = -self._proportional(capacity, error, back - setpoint, flow, heat_capacity, dt)
            cop = m.rated_cop * (1.0 + m.cop_slope * (m.rated_ambient - ambient - m.rated_supply + supply))
            self.power += -self.heat / min(m.cop_max, max(m.cop_min, cop))
        elif able and request == HEATING and error < 0.0:
            self.mode = HEATING
            self.heat = self._proportional(gain * m.rated_heating, -error, setpoint - back, flow, heat_capacity, dt)
            self.power += self.heat
        else:
            self.mode = STANDBY if request == STANDBY else CIRCULATION
        self.pump_speed = 0.0 if self.mode == STANDBY else pump_gain

    def _proportional(
        self, capacity: float, error: float, entering: float, flow: float, heat_capacity: float, dt: float
    ) -> float:
        """Error of a mixed volume under feed and control, averaged over the step."""
        gain, through, held = capacity / self.model.control_band, flow * heat_capacity, self.model.coolant_mass
        rate, drive = (gain + through) / (held * heat_capacity), through * entering / (held * heat_capacity)
        mean_error = drive / rate + (error - drive / rate) * -math.expm1(-rate * dt) / (rate * dt)
        return min(capacity, max(0.0, gain * mean_error))
