"""A firmware in Python that misbehaves when its configuration says so, each fault by its name and step."""

import ctypes
import os
from typing import ClassVar


class Scripted:
    """Connects when asked, counts its steps over restarts, and does ``{"faults": {"5": "crash"}}``."""

    name = "scripted"
    version = "1.0"
    period = 0.1
    watchdog = 0.5
    alarms: ClassVar = {1: "cell_overvoltage", 2: "own_alarm"}

    def __init__(self, config, blob):
        self.faults = config.get("faults", {})
        self.total = int.from_bytes(blob or b"", "little")
        self.started_with = self.total
        self.reason = None
        self.steps = 0

    def reset(self, kind):
        self.reason = kind
        self.steps = 0

    def persistent(self):
        return self.total.to_bytes(8, "little")

    def save(self):
        return self.steps.to_bytes(8, "little")

    def load(self, state):
        self.steps = int.from_bytes(state, "little")

    def step(self, t, dt, inputs, outputs):
        self.steps += 1
        self.total += 1
        outputs.heartbeat = self.steps
        outputs.chiller_request = 255
        outputs.state = 4
        outputs.contactor_command = 5
        outputs.soc = 0.25
        outputs.soh = 0.75
        outputs.charge_current_limit = outputs.charge_current_limit_60s = 10.0
        outputs.soe_charge = float(self.started_with)
        outputs.soe_discharge = abs(inputs.current.value) + inputs.cell_voltages[0].value
        if self.steps == 1:
            outputs.write(f"reset {self.reason}, total {self.started_with}")
        fault = self.faults.get(str(self.steps)) or self.faults.get("always")
        return getattr(self, fault)(outputs) if fault else 0

    def crash(self, outputs):
        ctypes.string_at(0)

    def raise_error(self, outputs):
        raise ValueError("told to")

    def leave(self, outputs):
        os._exit(3)

    def loop(self, outputs):
        while True:
            pass

    def complain(self, outputs):
        return 7

    def not_a_number(self, outputs):
        outputs.charge_current_limit = float("nan")

    def alarm(self, outputs):
        outputs.alarm(1, level=2, source=4)
        outputs.alarm(2, level=1)

    def bleed(self, outputs):
        outputs.balancing[7] = 1

    def chatter(self, outputs):
        for line in range(50):
            outputs.write(f"line {line}")


class Quick(Scripted):
    """Ten periods a tick of 100 ms."""

    period = 0.01


class Slow(Scripted):
    """One period in five ticks of 100 ms."""

    period = 0.5
    watchdog = 1.0


class Odd(Scripted):
    """A period that fits into no tick."""

    period = 0.07


class Hasty(Scripted):
    """Its watchdog bites before it was ever stepped again."""

    period = 0.5
    watchdog = 0.2


class Forgetful(Scripted):
    """Cannot tell its persistent memory."""

    def persistent(self):
        raise ValueError("no memory")
