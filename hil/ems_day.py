"""A day in the life of an energy management system that knows only SunSpec.

Start the emulator at an accelerated clock, then this program:

    make run ARGS="--speed 300"
    .venv/bin/python hil/ems_day.py

It scans bank, racks and PCS, connects the racks, drives a day of five-minute dispatch within the limits that the BMS
publishes (an hour of frequency response, a morning peak, charging at noon, an evening discharge), checks the energy
balance, and then watches a cell-sense fault in three racks: the alarm, the open racks, the lower limits, the power that
the PCS really delivers, and the recovery. Time is read from the battery's heartbeat, which counts simulated seconds.
The exit code is 0 when every check held.
"""

import argparse
import contextlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sunspec2.modbus.client as sunspec

HOUR = 3600.0
STEP = 300.0
"""Dispatch interval [s]."""
RACKS_HIT = 3
"""Racks in which a cell-sense line sticks: enough for the limits to fall below the rated power of the PCS."""
BMS_EMULATOR = str(Path(sys.executable).with_name("bms-emulator"))


@dataclass
class Report:
    """Checks made, as they are made."""

    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    def check(self, name: str, value: object, held: bool) -> None:
        self.rows.append((name, str(value), held))
        print(f"  {'ok  ' if held else 'FAIL'}  {name}: {value}", flush=True)

    @property
    def held(self) -> bool:
        return all(held for *_, held in self.rows)


class Plant:
    """Bank, racks and PCS, as SunSpec shows them."""

    def __init__(self, host: str, port: int, bank: int, pcs: int, racks: list[int], rated: float) -> None:
        self.rated = rated
        self.units = {unit: self._scan(host, port, unit) for unit in [bank, pcs, *racks]}
        self.base = self.units[bank].models[802][0]
        self.strings = self.units[bank].models[803][0]
        self.measured = self.units[pcs].models[701][0]
        self.control = self.units[pcs].models[704][0]
        self.seconds = 0.0
        self._heartbeat: int | None = None

    @staticmethod
    def _scan(host: str, port: int, unit: int) -> Any:
        device = sunspec.SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr=host, ipport=port, timeout=5.0)
        device.scan()
        return device

    def errors(self) -> list[str]:
        return [
            f"unit {unit} model {model.model_id}: {model.error_info}"
            for unit, device in self.units.items()
            for models in {id(m): m for m in device.models.values()}.values()
            for model in models
            if model.error_info
        ]

    def read(self) -> None:
        """Read bank, strings and PCS, and carry the simulated clock on."""
        self.base.read()
        self.strings.read()
        self.measured.read()
        heartbeat = self.base.Hb.value
        if self._heartbeat is not None:
            self.seconds += (heartbeat - self._heartbeat) % 65536
        self._heartbeat = heartbeat

    @property
    def soc(self) -> float:
        return float(self.base.SoC.cvalue)

    @property
    def dc_power(self) -> float:
        return float(self.base.W.cvalue)

    @property
    def ac_power(self) -> float:
        return float(self.measured.W.cvalue)

    @property
    def connected(self) -> int:
        return int(self.strings.NStrCon.value)

    def limits(self) -> tuple[float, float]:
        """Largest charge and discharge power that the BMS allows now [W]."""
        volts = self.base.V.cvalue
        return self.base.AChaMax.cvalue * volts, self.base.ADisChaMax.cvalue * volts

    def dispatch(self, watts: float) -> float:
        """Ask the PCS for power within the BMS's limits, positive in discharge; returns what was asked [W]."""
        charge, discharge = self.limits()
        asked = min(max(watts, -charge, -self.rated), discharge, self.rated)
        self.control.WSet.cvalue = round(asked, -2)
        self.control.WSetMod.value = 1
        self.control.WSetEna.value = 1
        self.control.write()
        return asked

    def until(self, seconds: float, pause: float = 0.01) -> Iterator[float]:
        """Readings until that many simulated seconds have passed; yields the seconds since the last reading."""
        end = self.seconds + seconds
        while self.seconds < end:
            before = self.seconds
            self.read()
            yield self.seconds - before
            time.sleep(pause)

    def wait(self, what: str, true: Any, timeout: float) -> bool:
        """Whether a condition became true within that many simulated seconds."""
        for _ in self.until(timeout):
            if true():
                return True
        print(f"  waited {timeout:.0f} s in vain for: {what}")
        return False


def schedule(hour: float, second: float) -> float:
    """Dispatch of the day [relative to rated power, positive in discharge]."""
    if 3.0 <= hour < 4.0:
        return 0.4 * math.sin(2 * math.pi * second / 97.0) + 0.2 * math.sin(2 * math.pi * second / 31.0)
    if 6.0 <= hour < 7.5:
        return 1.0
    if 10.5 <= hour < 13.5:
        return -1.0
    if 18.0 <= hour < 20.5:
        return 1.0
    return 0.0


@dataclass
class Energy:
    """What went through the DC terminals: energy both ways [J], charge of both ways together [A s]."""

    charged: float = 0.0
    discharged: float = 0.0
    charge: float = 0.0

    def add(self, power: float, current: float, seconds: float) -> None:
        if power >= 0.0:
            self.discharged += power * seconds
        else:
            self.charged -= power * seconds
        self.charge += abs(current) * seconds


def connect(plant: Plant, report: Report) -> None:
    plant.read()
    count = int(plant.strings.NStr.value)
    plant.base.SetOp.value = 1
    plant.base.SetOp.write()
    plant.wait("all racks connected", lambda: plant.connected == count, 180.0)
    report.check("racks connected", f"{plant.connected} of {count}", plant.connected == count)


def run_day(plant: Plant, low: float, high: float, report: Report) -> None:
    """Dispatch a day; SOC stays between low and high [%]."""
    day = Energy()
    cycle: Energy | None = None
    cycle_start = cycle_end = peak = 0.0
    exceeded = 0
    samples = 0
    alarms = 0
    start = plant.seconds
    progress = -1
    while (elapsed := plant.seconds - start) < 24 * HOUR:
        hour = elapsed / HOUR
        fast = 3.0 <= hour < 4.0
        want = schedule(hour, elapsed) * plant.rated
        floor = low if cycle is None else min(low, cycle_start)  # a rest may have corrected the morning's SOC downwards
        if (want > 0 and plant.soc <= floor) or (want < 0 and plant.soc >= high):
            want = 0.0
        if cycle is None and hour >= 8.0:
            cycle, cycle_start = Energy(), plant.soc
        plant.dispatch(want)
        for seconds in plant.until(20.0 if fast else STEP):
            power, current = plant.dc_power, float(plant.base.A.cvalue)
            peak = max(peak, plant.soc)
            day.add(power, current, seconds)
            if cycle is not None and not cycle_end:
                cycle.add(power, current, seconds)
            charge, discharge = plant.limits()
            samples += 1
            alarms |= plant.base.Evt1.value
            exceeded += not -charge * 1.03 - 5e3 <= power <= discharge * 1.03 + 5e3
            if (power > 5e3 and plant.soc <= floor) or (power < -5e3 and plant.soc >= high):
                plant.dispatch(0.0)
            if cycle is not None and not cycle_end and hour > 18.0 and plant.soc <= cycle_start and power > 5e3:
                plant.dispatch(0.0)
                cycle_end = plant.soc
        if int(hour) != progress:
            progress = int(hour)
            print(
                f"  {progress:02d}:00  SOC {plant.soc:5.1f} %  DC {plant.dc_power / 1e3:8.1f} kW  "
                f"AC {plant.ac_power / 1e3:8.1f} kW  bus {plant.base.V.cvalue:7.1f} V",
                flush=True,
            )
    report.check("readings within the published limits", f"{samples - exceeded} of {samples}", exceeded == 0)
    report.check("no alarm during the day", f"Evt1 = {alarms:#x}", alarms == 0)
    report.check(
        "energy of the day",
        f"in {day.charged / 3.6e9:.3f} MWh, out {day.discharged / 3.6e9:.3f} MWh",
        day.charged > 0 and day.discharged > 0,
    )
    if cycle is None or not cycle_end:
        report.check("cycle closed", "the evening discharge did not reach the morning's SOC", False)
        return
    trip = cycle.discharged / cycle.charged
    report.check(
        "DC round trip at 0.5P",
        f"{100 * trip:.2f} % (SOC {cycle_start:.1f} -> {cycle_end:.1f} %)",
        0.935 <= trip <= 0.96,
    )
    expected = (2.0 * peak - cycle_start - cycle_end) / 100.0 * float(plant.base.AHRtg.cvalue)
    moved = cycle.charge / HOUR
    report.check(
        "charge agrees with state of charge",
        f"{moved:.0f} Ah moved, {expected:.0f} Ah of rated by SOC {cycle_start:.1f} -> {peak:.1f} -> {cycle_end:.1f} %",
        abs(moved / expected - 1.0) < 0.03,
    )


def watch_fault(plant: Plant, url: str, report: Report) -> None:
    """Inject a cell-sense fault by CLI, see what a client sees, clear and recover."""
    count = plant.connected
    plant.read()
    want = plant.rated if plant.soc > 50.0 else -plant.rated
    for _ in plant.until(60.0):
        plant.dispatch(want)
    limits_before, delivered_before = plant.limits(), plant.ac_power
    cli(
        url,
        "fault",
        "add",
        f"rack[3..{2 + RACKS_HIT}].cell[41].voltage",
        "stuck",
        "--value",
        "3.70V",
        "--name",
        "ems-day",
    )
    over_voltage = 1 << 9
    seen = plant.wait("over-voltage alarm", lambda: plant.base.Evt1.value & over_voltage, 60.0)
    report.check("alarm seen", f"Evt1 = {plant.base.Evt1.value:#x}", seen)
    opened = plant.wait("racks open", lambda: plant.connected == count - RACKS_HIT, 60.0)
    report.check("racks open", f"{plant.connected} of {count} connected", opened)
    for _ in plant.until(60.0):
        plant.dispatch(want)
    side = 1 if want > 0 else 0
    ratio = plant.limits()[side] / limits_before[side]
    report.check("limit fell", f"to {100 * ratio:.1f} %", ratio < 0.97)
    allowed = plant.limits()[side]
    held = 0.9 * allowed <= abs(plant.dc_power) <= 1.03 * allowed
    report.check(
        "PCS delivers what remains",
        f"{delivered_before / 1e3:.0f} kW before, {plant.ac_power / 1e3:.0f} kW now",
        held and abs(plant.ac_power) < abs(delivered_before),
    )
    plant.dispatch(0.0)
    cli(url, "fault", "clear", "ems-day")
    for _ in plant.until(120.0):
        pass
    report.check("racks stay open until reset", f"{plant.connected} of {count}", plant.connected == count - RACKS_HIT)
    plant.base.AlmRst.value = 1
    plant.base.AlmRst.write()
    back = plant.wait("racks back", lambda: plant.connected == count, 600.0)
    report.check("racks back after reset", f"{plant.connected} of {count}", back)
    plant.base.read()
    report.check("reset done", f"AlmRst = {plant.base.AlmRst.value}", plant.base.AlmRst.value == 0)
    report.check("alarms gone", f"Evt1 = {plant.base.Evt1.value:#x}", plant.base.Evt1.value == 0)


def cli(url: str, *arguments: str) -> None:
    subprocess.run([BMS_EMULATOR, *arguments, "--url", url], check=True, timeout=30)


def main() -> int:
    parser = argparse.ArgumentParser(description="A day of dispatch through SunSpec, then a cell-sense fault.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5020)
    parser.add_argument("--bank", type=int, default=1, help="unit id of the bank")
    parser.add_argument("--pcs", type=int, default=100, help="unit id of the PCS")
    parser.add_argument("--racks", type=int, default=12, help="how many racks to scan, at unit ids from bank + 10 + 1")
    parser.add_argument("--power", type=float, default=2500.0, help="rated power of the PCS [kW]")
    parser.add_argument(
        "--url", default="http://127.0.0.1:8080", help="of the emulator's HTTP interface, for the fault"
    )
    parser.add_argument("--soc-low", type=float, default=10.0)
    parser.add_argument("--soc-high", type=float, default=90.0)
    parser.add_argument("--day", action=argparse.BooleanOptionalAction, default=True, help="drive the day of dispatch")
    parser.add_argument("--json", type=Path, help="write the checks to this file")
    options = parser.parse_args()

    report = Report()
    print("scan")
    racks = [options.bank + 10 + n for n in range(options.racks)]
    plant = Plant(options.host, options.port, options.bank, options.pcs, racks, options.power * 1e3)
    report.check("models without error_info", f"{len(plant.units)} units", not plant.errors())
    plant.read()

    print("connect")
    connect(plant, report)
    with contextlib.suppress(KeyboardInterrupt):
        if options.day:
            print("day")
            run_day(plant, options.soc_low, options.soc_high, report)
        print("fault")
        watch_fault(plant, options.url, report)
    if options.json:
        options.json.write_text(json.dumps([{"check": n, "value": v, "held": h} for n, v, h in report.rows], indent=1))
    print("all checks held" if report.held else "some checks failed")
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
