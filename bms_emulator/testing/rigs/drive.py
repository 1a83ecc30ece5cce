"""What stands on a rig, ready to be driven."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.site import SiteProfile
from bms_emulator.testing.bench import Bench
from bms_emulator.testing.drivers.attached import Attached, Wire
from bms_emulator.testing.drivers.driver import Driver, NotOfferedError
from bms_emulator.testing.drivers.emulated import Emulated
from bms_emulator.testing.rigs.rig_file import RigFile
from bms_emulator.testing.rigs.under_test import Bms, ModbusBms, MqttBms
from bms_emulator.testing.served import ServedBench


def drive(rig: RigFile, site: SiteProfile) -> Driver:
    """What stands on a rig, driven from a test that waits for it.

    Args:
        rig: The rig.
        site: Its site, with the settings of the test.

    Raises:
        NotOfferedError: It needs a test that awaits.
        OSError: A real battery does not answer.
        ValueError: Signals do not fit the site.
        ProfileError: A register map does not fit the site.
    """
    if rig.under_test.bms is not None:
        return _attached(rig.under_test.bms, site)
    if rig.under_test.controller is not None or rig.speed is not None:
        raise NotOfferedError(f"rig {rig.name}: others take part in it: its tests await, with the fixture served_rig")
    _build(rig)
    return Emulated(Bench(site, seed=rig.seed))


def serve(rig: RigFile, site: SiteProfile) -> ServedBench:
    """An emulated site of a rig behind its servers, which is still to be entered.

    Args:
        rig: The rig.
        site: Its site, with the settings of the test.

    Raises:
        NotOfferedError: Nothing of it is emulated.
    """
    if rig.under_test.bms is not None:
        raise NotOfferedError(f"rig {rig.name}: nothing of it is emulated, so nothing can be served")
    _build(rig)
    controller = rig.under_test.controller
    return ServedBench(
        site,
        seed=rig.seed,
        speed=rig.speed,
        mqtt=controller is not None and controller.over == "mqtt",
        own_ports=controller is not None and controller.own_ports,
    )


def _attached(bms: Bms, site: SiteProfile) -> Attached:
    catalogue = Catalogue(site)
    reached = bms.modbus or bms.mqtt
    assert reached is not None  # the file has been checked
    wire = _modbus(reached, catalogue) if isinstance(reached, ModbusBms) else _mqtt(reached, catalogue)
    try:
        return Attached(catalogue, wire, bms.poll_s, reached.container, bms.heartbeat_s)
    except BaseException:
        wire.close()
        raise


def _modbus(bms: ModbusBms, catalogue: Catalogue) -> Wire:
    from bms_emulator.interfaces.modbus.master import Master, Rtu, Tcp
    from bms_emulator.interfaces.modbus.places import Places
    from bms_emulator.testing.drivers.modbus import ModbusWire

    if bms.serial is not None:
        way: Rtu | Tcp = Rtu(bms.serial, bms.baud, bms.parity, bms.timeout_s)
    else:
        way = Tcp(bms.host or "", bms.port, bms.timeout_s)
    return ModbusWire(Places(catalogue, bms.device), Master(way), bms.place)


def _mqtt(bms: MqttBms, catalogue: Catalogue) -> Wire:
    from bms_emulator.testing.drivers.mqtt import MqttWire

    return MqttWire(catalogue, bms.broker, bms.signals, bms.stale_s)


def _build(rig: RigFile) -> None:
    own = rig.under_test.user_firmware
    if own is not None and own.build:
        _built(own.build, rig.folder)


@cache
def _built(command: tuple[str, ...], folder: Path) -> None:
    """Build a library, once in a run.

    Raises:
        NotOfferedError: The program is not installed.
        RuntimeError: It fails.
    """
    if shutil.which(command[0]) is None:
        raise NotOfferedError(f"program {command[0]} is not installed, which builds the firmware")
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {made.returncode}\n{made.stdout}{made.stderr}")
