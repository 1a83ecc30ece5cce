"""Faults in the compiled models: plant and sensors of one cabinet, without firmware."""

import dataclasses

import pytest

from bms_emulator.plant.initial import initialise
from bms_emulator.plant.model import build_plant_model
from bms_emulator.plant.state import ChillerMode, Contactor, PlantInputs, PlantState
from bms_emulator.plant.step import Plant
from bms_emulator.points.catalogue import Catalogue
from bms_emulator.profile.loader import load_site
from bms_emulator.sensing.model import build_sensing_model
from bms_emulator.sensing.state import Measured, SensorState
from bms_emulator.sensing.step import Sensors
from tests.faults.conftest import Bench

DT = 0.1


class Models(Bench):
    """A bench with the plant and the sensors behind it, at rest, coolant turning, contactors closed."""

    def __init__(self) -> None:
        site = load_site("cabinet")
        super().__init__(site, Catalogue(site))
        self.plant = PlantState.of(self.arena)
        self.inputs = self.arena.group("plant.inputs", PlantInputs)
        self.measured = self.arena.group("measured", Measured)
        remembered = self.arena.group("sensors", SensorState)
        self._plant_model = build_plant_model(site, 0)
        self._sensors = Sensors(build_sensing_model(site, 0), remembered, self.measured, self.plant, DT)
        initialise(self._plant_model, self.plant, site, 0)
        self.inputs.chiller_request[...] = ChillerMode.CIRCULATION
        self.inputs.contactor_command[...] = 1.0
        self._plant = Plant(self._plant_model, self.plant, self.inputs, self.overlay, DT)
        self.tick = 0

    def run(self, duration: float) -> "Models":
        """Advance by a time [s]."""
        for _ in range(round(duration / DT)):
            time = self.tick * DT
            bent = self.fold(time)
            self._plant.step(time, self.tick, refresh=bent)
            self._sensors.step(self.faults.sensors, self.tick)
            self.tick += 1
        return self

    def happen(self, kind: str, target: str, **rest) -> None:
        self.add(kind, target, now=self.tick * DT, **rest)

    def truth(self) -> list[bytes]:
        """Every bit of the plant."""
        groups = [getattr(self.plant, group.name) for group in dataclasses.fields(self.plant)]
        return [getattr(group, array.name).tobytes() for group in groups for array in dataclasses.fields(group)]


@pytest.fixture
def models() -> Models:
    return Models()


def test_a_stuck_sensor_fools_the_measurement_and_never_the_plant(models: Models):
    models.happen("stuck", "rack[1].cell[5].voltage", value="3.70V")
    models.happen("open", "rack[1].temperature_sensor[1].temperature")
    models.run(5.0)
    assert models.measured.cell_voltage[0, 4] == 3.7
    assert models.measured.temperature[0, 0] == 233.15
    assert models.truth() == Models().run(5.0).truth()


def test_an_internal_short_discharges_its_cell(models: Models):
    models.happen("internal-short", "rack[1].cell[7]", resistance="0.5ohm")
    models.run(2.0)
    cells = models.plant.cells
    assert cells.bypass_current[0, 6] == pytest.approx(cells.voltage[0, 6] / 0.5, rel=0.01)
    assert cells.bypass_current[0, 7] < 0.1


def test_a_pump_that_runs_down_takes_the_flow_with_it(models: Models):
    models.run(10.0)
    flow = float(models.plant.containers.coolant_flow[0])
    models.happen("stop", "pump", name="p", shape={"form": "ramp", "duration": "10s"})
    models.run(5.0)
    assert 0.0 < models.plant.containers.coolant_flow[0] < flow
    models.run(6.0)
    assert models.plant.containers.coolant_flow[0] == 0.0
    models.faults.clear(names=["p"])
    models.run(20.0)
    assert models.plant.containers.coolant_flow[0] == pytest.approx(flow, rel=0.01)


def test_contactors_follow_the_fault_and_not_the_coil(models: Models):
    models.happen("stuck-open", "rack[1].contactor[main_positive]")
    models.happen("welded", "rack[1].contactor[main_negative]")
    closed = models.plant.racks.contactor_closed
    models.run(1.0)
    assert closed[0, Contactor.MAIN_POSITIVE] == 0.0
    models.inputs.contactor_command[...] = 0.0
    models.run(1.0)
    assert closed[0].tolist() == [1.0, 0.0, 0.0]
    assert models.measured.contactor_feedback[0].tolist() == [1.0, 0.0, 0.0]


def test_a_blocked_branch_leaves_its_flow_to_the_others(models: Models):
    models.run(10.0)
    before = models.plant.packs.coolant_flow.copy()
    models.happen("blockage", "rack[1].pack[2].branch")
    models.run(10.0)
    after = models.plant.packs.coolant_flow
    assert after[0, 1] == pytest.approx(0.0, abs=1e-9)
    assert (after[0, [0, 2, 3, 4]] > before[0, [0, 2, 3, 4]]).all()
