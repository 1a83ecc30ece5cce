"""Faults within a cell-monitoring unit: converter, multiplexer, set-up, and the messages that it sends."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from bms_emulator.arrays import Arena, Array
from bms_emulator.faults.afe import CMU_REPORTS
from bms_emulator.faults.kind import Scene, SensorFault, register
from bms_emulator.faults.modifier import stood
from bms_emulator.faults.quantity import COUNT, RATIO, VOLTAGE, Unit
from bms_emulator.faults.signals import CELL_TEMPERATURE, CELL_VOLTAGE
from bms_emulator.faults.spec import FaultError
from bms_emulator.faults.target import CMU, Hits
from bms_emulator.plant.state import CMU_FAULTS
from bms_emulator.profile.site import SiteProfile
from bms_emulator.sensing.modifier import Index, Modifier, Stage, modify

_INTEGRITY: Final = next(float(1 << bit) for bit, name in CMU_FAULTS.items() if name == "integrity")
_INPUTS: Final = {"voltages": (CELL_VOLTAGE.readings, "cell"), "temperatures": (CELL_TEMPERATURE.readings, "sensor")}
"""Measured array and axis of the inputs of a unit."""
_AGES: Final = {"voltages": "measured.cell_voltage_age", "temperatures": "measured.temperature_age"}


def _per_pack(site: SiteProfile, inputs: str) -> int:
    return site.counts[_INPUTS[inputs][1]] // site.counts["pack"]


def _channels(hits: Hits, site: SiteProfile, inputs: str) -> Index:
    """All inputs of one sort of the units hit."""
    count = _per_pack(site, inputs)
    return (hits.index[:, np.newaxis] * count + np.arange(count)).reshape(-1)


def _all(scene: Scene, inputs: str, stage: Stage, *amounts: float) -> tuple[str, Modifier]:
    """A modifier of all inputs of one sort."""
    return _INPUTS[inputs][0], modify(stage, _channels(scene.hits, scene.site, inputs), *amounts, seed=scene.seed)


@register("afe-gain", "gain", CMU)
class AfeGain(SensorFault):
    """The converter's gain is off, for all cells of the pack alike."""

    changes: ClassVar = "All cell voltages of the pack times gain, as a gain of each."
    expected: ClassVar = "The sum of the cells differs from the string's voltage, the pack from the others: spread."
    gradual: ClassVar = True

    gain: Annotated[float, Unit(RATIO), Field(gt=0)]
    """Factor on the readings."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Scale."""
        return [_all(scene, "voltages", Stage.GAIN, 1.0 + scene.strength * (self.gain - 1.0))]


@register("afe-offset", "offset", CMU)
class AfeOffset(SensorFault):
    """The converter's zero is off, for all cells of the pack alike."""

    changes: ClassVar = "All cell voltages of the pack plus offset, as an offset of each."
    expected: ClassVar = "The sum of the cells differs from the string's voltage, the pack from the others: spread."
    gradual: ClassVar = True

    offset: Annotated[float, Unit(VOLTAGE)]
    """What is added to the readings."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Shift."""
        return [_all(scene, "voltages", Stage.OFFSET, scene.strength * self.offset)]


@register("afe-reference-drift", "reference-drift", CMU)
class ReferenceDrift(SensorFault):
    """The converter's reference wanders off, so that all voltages do; temperatures are ratios and stay."""

    changes: ClassVar = "All cell voltages of the pack times a gain that leaves 1 at a steady rate."
    expected: ClassVar = "As with a gain, later; charge ends too early or too late in the whole rack."
    moving: ClassVar = True

    rate: Annotated[float, Unit(RATIO.per_time())]
    """Change of the gain over time."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Scale by what has gathered since the beginning."""
        return [_all(scene, "voltages", Stage.GAIN, 1.0 + self.rate * scene.elapsed)]


@register("afe-mux-stuck", "mux-stuck", CMU)
class MuxStuck(SensorFault):
    """The multiplexer stands still: all inputs read the same one."""

    changes: ClassVar = "All cell voltages, or all temperatures, of the pack read those of one input."
    expected: ClassVar = (
        "All cells of a pack exactly equal is implausible; the sum of the cells is off once they differ."
    )

    inputs: Literal["voltages", "temperatures"] = "voltages"
    """Which multiplexer."""
    input: Annotated[int, Unit(COUNT), Field(ge=1)] = 1
    """Input at which it stands, counted from 1 within the pack."""

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """The units. FaultError: they have no such input."""
        count = _per_pack(site, self.inputs)
        if self.input > count:
            raise FaultError(f"input = {self.input}: a unit has {count} {self.inputs}; must be <= {count}")
        return hits

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Read one input everywhere."""
        index = _channels(scene.hits, scene.site, self.inputs)
        count = _per_pack(scene.site, self.inputs)
        partner = index // count * count + self.input - 1
        return [(_INPUTS[self.inputs][0], modify(Stage.REWIRE, index, 0.0, 1.0, partner=partner))]


@register("afe-reset", "reset", CMU)
class AfeReset(SensorFault):
    """The unit has started anew and was not set up again: it answers, with what its registers hold after power-on."""

    changes: ClassVar = "All cell voltages of the pack held at the power-on value, all temperatures at their cold end."
    expected: ClassVar = "A pack of empty cells at once is implausible: alarm and stop, the unit is set up anew."

    reading: Annotated[float, Unit(VOLTAGE), Field(ge=0)] = 0.0
    """Voltage that the registers hold after power-on."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Hold what registers hold."""
        return [_all(scene, "voltages", Stage.HOLD, self.reading), _all(scene, "temperatures", Stage.HOLD, -np.inf)]


@register("afe-cell-count", "cell-count", CMU)
class CellCount(SensorFault):
    """The unit is set up for too few cells: those that are left over are not measured, and it says so."""

    changes: ClassVar = "Voltages of the last cells of the pack invalid (NaN); the unit reports its set-up as failed."
    expected: ClassVar = "The count does not fit the configuration: alarm at once, no connection."

    cells: Annotated[int, Unit(COUNT), Field(ge=0)]
    """Cells for which it is set up."""

    def reach(self, hits: Hits, site: SiteProfile, find: Callable[[str], Hits]) -> Hits:
        """The units. FaultError: they have no more cells than that."""
        count = _per_pack(site, "voltages")
        if self.cells >= count:
            raise FaultError(f"cells = {self.cells}: a unit has {count}; must be < {count}")
        return hits

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Lose the last cells, and say so."""
        index = _channels(scene.hits, scene.site, "voltages")
        left_over = index[index % _per_pack(scene.site, "voltages") >= self.cells]
        lost = CELL_VOLTAGE.readings, modify(Stage.LOSE, left_over, 1.0)
        return [lost, (CMU_REPORTS, modify(Stage.JOIN, scene.hits.index, _INTEGRITY))]


class MessageFault(SensorFault):
    """Messages of the unit that are not taken as they should be."""

    def remember(self, hits: Hits, site: SiteProfile, arena: Arena) -> tuple[Array, ...]:
        """Readings and ages last told."""
        return tuple(
            stood(arena[array].reshape(-1), arena[_AGES[inputs]].reshape(-1), _channels(hits, site, inputs))
            for inputs, (array, _) in _INPUTS.items()
        )

    def lose(self, scene: Scene, share: float, stands: float) -> list[tuple[str, Modifier]]:
        """Lose a share of the messages; their readings stand where `stands` is 1."""
        return [
            (array, modify(Stage.STAND, index, share, stands, memory=memory, seed=scene.seed))
            for (array, _), index, memory in zip(
                _INPUTS.values(),
                [_channels(scene.hits, scene.site, each) for each in _INPUTS],
                scene.memory,
                strict=True,
            )
        ]


@register("afe-crc-errors", "crc-errors", CMU)
class CrcErrors(MessageFault):
    """Some of the unit's messages fail their check and are thrown away; the next one may be sound."""

    changes: ClassVar = (
        "A share of the messages is lost: readings stand and age until the next one, drawn for each pack."
    )
    expected: ClassVar = "A few errors change nothing but a counter; when readings grow too old: alarm, stop."

    rate: Annotated[float, Unit(RATIO), Field(gt=0, le=1)]
    """Share of the messages that is lost."""

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Lose a share."""
        return self.lose(scene, self.rate, 1.0)


@register("afe-stale-counter", "stale-counter", CMU)
class StaleCounter(MessageFault):
    """The counter in the unit's messages stands still, though what they tell is new: all count as repetitions."""

    changes: ClassVar = "Ages of the pack's readings go on, while the readings change."
    expected: ClassVar = "Stale data in spite of live readings: alarm within the age limit, then stop."

    def modifiers(self, scene: Scene) -> list[tuple[str, Modifier]]:
        """Let ages go on."""
        return self.lose(scene, 1.0, 0.0)
