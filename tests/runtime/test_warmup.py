"""What the second compiling process does."""

from bms_emulator.jit import on_compile
from bms_emulator.plant.cooling import Cooling
from bms_emulator.plant.step import Electrical
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.actuators import Actuators
from bms_emulator.runtime.emulator import Emulator
from bms_emulator.runtime.warmup import Rehearsal


def test_a_rehearsal_compiles_nothing_that_a_tick_does_not_need() -> None:
    site = load_site("cabinet")
    Emulator(site).tick()
    compiled: list[str] = []
    on_compile(compiled.append)
    Rehearsal(site).run()
    assert compiled == []


def test_a_rehearsal_calls_the_firmware_and_the_plant_backwards(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    order: list[str] = []
    for part in (Actuators, Cooling, Electrical):
        monkeypatch.setattr(part, "step", lambda *_, name=part.__name__, **__: order.append(name))
    Rehearsal(load_site("cabinet")).run()
    assert order == ["Actuators", "Cooling", "Electrical"]
