"""A rig in the hands of a test, and its guaranteed end."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace

from bms_emulator.profile.site import SiteProfile
from bms_emulator.testing.drivers.driver import NotOfferedError
from bms_emulator.testing.drivers.emulated import Emulated
from bms_emulator.testing.guard import Guard
from bms_emulator.testing.provenance import provenance_of
from bms_emulator.testing.record import Record
from bms_emulator.testing.rig import Conduct, InconclusiveError, Rig, ServedRig
from bms_emulator.testing.rigs.drive import drive, serve
from bms_emulator.testing.rigs.rig_file import RigFile
from bms_emulator.testing.served import ServedBench


@contextmanager
def held(file: RigFile, site: SiteProfile, record: Record) -> Iterator[Rig]:
    """A rig for a test that waits itself; whatever happens, it is made safe and let go."""
    _note(file, site, record)
    bms = file.under_test.bms
    safe = bms.safe if bms is not None else {}
    driver = drive(file, site)
    try:
        if bms is None:
            driver.advance(driver.step)  # sensors and firmware say nothing before their first tick
        rig = Rig(driver, site, record, safe)
        with Guard("safe", str(file.file)) if safe and file.file is not None else nullcontext():
            try:
                yield rig
            finally:
                rig.finish()
                rig.make_safe()
    finally:
        driver.close()


@asynccontextmanager
async def held_served(file: RigFile, site: SiteProfile, record: Record) -> AsyncIterator[ServedRig]:
    """A served rig for a test that awaits, with the controller that is under test where the rig starts one."""
    _note(file, site, record)
    bench = serve(file, site)
    async with ServedRig(Emulated(bench), site, record, bench) as rig:
        await bench.run(bench.emulator.dt)  # sensors and firmware say nothing before their first tick
        controller = file.under_test.controller
        command = _filled(controller.command, bench) if controller is not None else []
        guard = Guard("run", *command) if command else None
        try:
            yield rig
        finally:
            if guard is not None:
                await asyncio.to_thread(guard.release)
            rig.finish()
            rig.make_safe()


def check_timing(rig: Conduct, file: RigFile) -> None:
    """Refuse to let a test pass whose clock was bad. InconclusiveError: it was."""
    timing = rig.driver.timing()
    if timing.mode != "stepped" and (timing.skipped or timing.lateness_p99 > file.lateness_max_s):
        raise InconclusiveError(
            f"time was not kept: p99 of lateness {timing.lateness_p99 * 1e3:.1f} ms, allowed "
            f"{file.lateness_max_s * 1e3:g} ms; {timing.skipped} ticks skipped"
        )


def _note(file: RigFile, site: SiteProfile, record: Record) -> None:
    about = provenance_of(site, file.seed, file.name, record.provenance.command, str(file.under_test))
    if file.under_test.bms is not None:  # what runs in it, nobody here knows
        about = replace(about, firmware="of the real BMS", firmware_hash="")
    record.provenance = about


def _filled(command: Sequence[str], bench: ServedBench) -> list[str]:
    """A command with the addresses of the bench in it. NotOfferedError: it names one that there is not."""

    class Maps(dict[str, str]):
        def __missing__(self, name: str) -> str:
            host, port = bench.address(name)
            return f"{host}:{port}"

    try:
        return [word.format(modbus=Maps(), mqtt=bench.broker) for word in command]
    except LookupError as error:
        raise NotOfferedError(f"command of the controller under test: {error}") from error
