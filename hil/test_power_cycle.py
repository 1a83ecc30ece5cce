"""The auxiliary supply fails, dips and comes back, of the container or of one rack's controller."""

import pytest

from bms_emulator.testing.faults import Faults
from bms_emulator.testing.rig import Rig
from hil.bank import SMALL, connect, deliver

pytestmark = pytest.mark.settings(SMALL)

CLOSED = "plant.rack[*].contactor[*].closed"


@pytest.mark.requirement("PWR-1")
def test_the_ups_carries_a_failure_of_the_supply(rig: Rig, faults: Faults) -> None:
    """With the supply gone the UPS is on battery and says so; racks and power stay for two minutes."""
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    faults("failure", "supply", name="supply")
    rig.expect("container.ups.on_battery", equals=True, within="2s")
    rig.expect("rack[*].mode", equals="connected", always="2min")
    rig.expect("container.ups.soc", between=(0.9, 0.995))
    rig.expect("pcs[1].power", between=("290kW", "310kW"))


@pytest.mark.requirement("PWR-1")
def test_after_a_loss_of_supply_the_bms_waits_open_with_its_counters(rig: Rig, faults: Faults, capture) -> None:
    """A loss of supply opens all contactors within 0.5 s; counters and SOC are kept, and racks wait for a request."""
    capture("supply_voltage", "rack[*].mode", "rack[*].soc", "pcs[1].power", period=0.1)
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    rig.run(60.0)
    energy, soc = rig.get("rack[2].energy_discharged"), rig.get("rack[2].soc")
    faults("loss", "ups", name="ups")
    rig.expect(CLOSED, equals=False, within="0.5s", hold="5s")
    rig.expect("rack[*].mode", equals="shutdown")
    rig.expect("pcs[1].power", between=("-1kW", "1kW"))
    faults.clear()
    rig.expect("rack[*].mode", equals="standby", after="1s", within="10s", hold="30s")
    rig.expect("rack[2].energy_discharged", between=(0.99 * energy, 1.02 * energy))
    rig.expect("rack[2].soc", equals=soc, tolerance=0.01)
    rig.write({"request": "connect"})
    rig.expect("rack[*].mode", equals="connected", within="60s")


@pytest.mark.requirement("PWR-1")
def test_alarms_counted_before_a_loss_of_supply_are_counted_after_it(rig: Rig, faults: Faults) -> None:
    """The count of an alarm is kept over a loss of supply; a rack that was faulted does not connect by itself."""
    connect(rig)
    faults("stuck", "rack[2].cell[5].voltage", name="ov", value="3.70V")
    rig.precondition("rack[2].mode", equals="fault", within="10s")
    count = rig.get("rack[2].alarm[cell_overvoltage].count")
    faults("loss", "ups", name="ups")
    rig.run(5.0)
    faults.clear()
    rig.expect("rack[*].mode", equals="standby", within="10s", hold="30s")
    rig.expect("rack[2].alarm[cell_overvoltage].count", equals=count, tolerance=0)


@pytest.mark.requirement("PWR-1", "CON-1")
def test_a_rack_that_was_locked_is_locked_after_a_loss_of_supply(rig: Rig, faults: Faults) -> None:
    """A lock after a welded contactor is kept over a loss of supply, also when the contactor is sound by then."""
    connect(rig)
    faults("welded", "rack[2].contactor[main_positive]", name="weld")
    rig.write({"rack[2].request": "disconnect"})
    rig.precondition("rack[2].mode", equals="safe_lock", within="5s")
    faults("loss", "ups", name="ups")
    rig.run(5.0)
    faults.clear()
    rig.run(10.0)
    rig.write({"request": "connect"})
    rig.expect("rack[1].mode", equals="connected", within="60s")
    rig.expect("rack[2].mode", equals="safe_lock", always="10s")


@pytest.mark.requirement("PWR-2")
@pytest.mark.parametrize(("voltage", "duration"), [("20V", "1s"), ("17V", "0.3s")])
def test_a_dip_that_is_tolerated_changes_nothing(rig: Rig, faults: Faults, voltage: str, duration: str) -> None:
    """A dip of the supply that is shallow and short raises no alarm, opens nothing, and power stays."""
    deliver(rig, 300e3)
    rig.nothing_else_trips()
    faults("dip", "supply", name="dip", voltage=voltage, duration=duration)
    rig.expect("pcs[1].power", between=("290kW", "310kW"), always="5s")
    rig.expect("rack[*].mode", equals="connected")


@pytest.mark.requirement("PWR-2")
def test_a_dip_that_lasts_opens_the_racks(rig: Rig, faults: Faults) -> None:
    """A dip to 17 V for 2 s raises level 3 after 0.5 s and opens all racks, in a fault that waits for a reset."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("supply_voltage_low")
    faults("dip", "supply", name="dip", voltage="17V", duration="2s")
    rig.expect("alarm[supply_voltage_low].level", equals=3, after="0.3s", within="1s")
    rig.expect(CLOSED, equals=False, within="2.5s")
    rig.expect("rack[*].mode", equals="fault", within="1s", hold="20s")


@pytest.mark.requirement("PWR-2")
@pytest.mark.parametrize("voltage", ["15V", "10V"])
def test_a_dip_below_brown_out_starts_the_controllers_anew(rig: Rig, faults: Faults, voltage: str) -> None:
    """Below 16 V controllers stop: contactors are open within 0.3 s, and stay open until somebody asks."""
    deliver(rig, 300e3)
    faults("dip", "supply", name="dip", voltage=voltage, duration="0.3s")
    rig.expect(CLOSED, equals=False, within="0.3s", hold="2s")
    rig.expect("rack[*].mode", equals="standby", within="5s", hold="20s")


@pytest.mark.requirement("PWR-1", "JOIN-3")
def test_a_controller_without_supply_opens_its_rack_alone(rig: Rig, faults: Faults) -> None:
    """The controller of one rack loses its supply: its rack opens within 0.5 s, the others carry the power."""
    deliver(rig, 300e3)
    faults("power-cycle", "rack[2].controller", name="off", off="5s")
    rig.expect("plant.rack[2].contactor[*].closed", equals=False, within="0.5s", hold="4s")
    rig.expect("pcs[1].power", between=("290kW", "310kW"), within="5s")
    rig.expect("racks_connected", equals=2)
    rig.expect("rack[2].mode", equals="standby", within="20s")


@pytest.mark.requirement("PWR-1")
def test_a_controller_in_a_reset_loop_never_connects_its_rack(rig: Rig, faults: Faults) -> None:
    """The rack of a controller that resets every 20 s does not connect for two minutes; the others stay."""
    deliver(rig, 300e3)
    faults("reset-loop", "rack[2].controller", name="loop")
    rig.run(1.0)
    rig.expect("rack[2].connected", equals=False, always="2min")
    rig.expect("rack[1].mode", equals="connected")
    rig.expect("rack[3].mode", equals="connected")


@pytest.mark.requirement("PWR-1")
def test_a_corrupt_memory_is_told_of(rig: Rig, faults: Faults) -> None:
    """A persistent memory that fails its check is an alarm of level 1 within 3 s; the rack stays on the bus."""
    deliver(rig, 300e3)
    rig.nothing_else_trips("rack[2].persistent_memory")
    faults("storage-corrupt", "rack[2].controller", name="memory")
    rig.expect("rack[2].alarm[persistent_memory].level", equals=1, within="3s")
    rig.expect("rack[2].mode", equals="connected", always="10s")
