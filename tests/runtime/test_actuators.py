"""From the firmware's outputs to the plant's inputs."""

import numpy as np
import pytest

from bms_emulator.arrays import Arena, Layout
from bms_emulator.firmware.contract import GROUPS as CONTRACT
from bms_emulator.firmware.contract import BankOutputs, RackOutputs
from bms_emulator.plant.state import GROUPS, PlantInputs, PlantOverlay
from bms_emulator.profile.loader import load_site
from bms_emulator.runtime.actuators import Actuators


class Desk:
    """Outputs, commands and inputs of the demo, without anything behind them."""

    def __init__(self) -> None:
        site = load_site("demo")
        arena = Arena(Layout(site.counts, CONTRACT | GROUPS))
        self.racks = arena.group("firmware.racks", RackOutputs)
        self.bank = arena.group("firmware.bank", BankOutputs)
        self.inputs = arena.group("plant.inputs", PlantInputs)
        self.overlay = arena.group("plant.overlay", PlantOverlay)
        self._actuators = Actuators(self.racks, self.bank, self.inputs, self.overlay, 0.1)

    def actuate(self, refresh: bool = False) -> None:
        self._actuators.step(refresh)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_coils_breakers_and_monitors_are_asked_what_the_firmware_says(desk: Desk) -> None:
    desk.racks.contactor_command[3, 1] = desk.racks.breaker_trip[4] = desk.racks.insulation_monitor_enabled[5] = 1.0
    desk.actuate()
    assert desk.inputs.contactor_command.sum() == desk.inputs.contactor_command[3, 1] == 1.0
    assert np.flatnonzero(desk.inputs.breaker_trip).tolist() == [4]
    assert np.flatnonzero(desk.inputs.insulation_monitor_enabled).tolist() == [5]


def test_rows_of_the_balancing_mask_are_taken_when_their_revision_changes(desk: Desk) -> None:
    desk.racks.balancing[2, [0, 5, 300]] = 1.0
    desk.racks.balancing[3] = 1.0
    desk.racks.balancing_revision[2] = 1.0
    desk.actuate()
    assert np.argwhere(desk.inputs.balancing).tolist() == [[2, 0], [2, 5], [2, 300]]
    assert desk.inputs.balancing_count[2].tolist() == [2.0, 0.0, 1.0, 0.0]
    desk.racks.balancing[2] = 0.0
    desk.actuate()
    assert desk.inputs.balancing[2, 0] == 1.0
    desk.racks.balancing_revision[2] = 2.0
    desk.actuate()
    assert not desk.inputs.balancing.any()
    assert not desk.inputs.balancing_count.any()


def test_balancing_is_as_old_as_its_last_change(desk: Desk) -> None:
    for step in range(30):
        desk.racks.balancing_revision[2] = float(step // 25)
        desk.actuate()
        assert step > 20 or (desk.racks.balancing_age[0] <= 0.0) == (step < 10)
    assert desk.racks.balancing_age[[2, 3]].tolist() == pytest.approx([0.4, 2.0])


def test_a_stuck_balancing_switch_does_what_it_does_until_it_is_free(desk: Desk) -> None:
    desk.racks.balancing[2, [0, 5]] = 1.0
    desk.racks.balancing_revision[2] = 1.0
    desk.actuate()
    desk.overlay.balancing_hold[2, [5, 6]] = -1.0, 1.0
    desk.actuate(refresh=True)
    assert np.flatnonzero(desk.inputs.balancing[2]).tolist() == [0, 6]
    assert desk.inputs.balancing_count[2].tolist() == [2.0, 0.0, 0.0, 0.0]
    desk.overlay.balancing_hold[2] = 0.0
    desk.actuate(refresh=True)
    assert np.flatnonzero(desk.inputs.balancing[2]).tolist() == [0, 5]


def test_what_is_no_number_bleeds_no_cell(desk: Desk) -> None:
    desk.racks.balancing[0, :3] = (np.nan, -1.0, 1.0)
    desk.racks.balancing_revision[0] = 7.0
    desk.actuate()
    assert desk.inputs.balancing[0, :4].tolist() == [0.0, 0.0, 1.0, 0.0]


def test_chiller_and_limits_are_those_of_the_bank(desk: Desk) -> None:
    names = (
        "chiller_request",
        "chiller_setpoint",
        "charge_power_limit",
        "discharge_power_limit",
        "charge_current_limit",
        "discharge_current_limit",
    )
    for n, name in enumerate(names):
        getattr(desk.bank, name)[...] = 10.0 + n
    desk.actuate()
    assert [float(getattr(desk.inputs, name)[0]) for name in names] == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
