"""What the second compiling process does."""

from bms_emulator.jit import on_compile
from bms_emulator.profile.loader import load_site
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
    for name in ("actuate", "step_cooling", "step_electrical"):
        monkeypatch.setattr(f"bms_emulator.runtime.warmup.{name}", lambda *_, name=name: order.append(name))
    Rehearsal(load_site("cabinet")).run()
    assert order == ["actuate", "step_cooling", "step_electrical"]
