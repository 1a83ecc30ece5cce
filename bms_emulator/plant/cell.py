"""Cells: the equivalent circuit, its constants, and its equations as functions of one cell.

The circuit, with current positive in discharge and d = 1 after a discharging current, -1 after a charging one:

    V = g (OCV(z) + M(z) h - d M0) - v1 - v2 - r0 i,    r = r(T) shape_d(z) growth

A cell's current i is the string's current plus what bypasses the string. Resistances, the sign of the instantaneous
hysteresis M0 and the coulombic efficiency belong to the direction d of the string; g is 1 in a sound cell.

State of charge, hysteresis and temperature move little in a second, and resistances with them. So the cells of a pack
are brought up to date once per simulated second (`cell_pack`), by formulas that are exact for the charge and the
currents of that second. In between a cell lies on a straight line in what the whole pack shares:

    V = E - a q - r0 (i + k1 (i1 - i1') + k2 (i2 - i2'))

with the source voltage E of the last update, the charge q drawn since then, the currents i1, i2 that get through the RC
branches, and i1', i2' those of the last update. The ratios k1 = r1 / r0 and k2 = r2 / r0 are those of the pack: between
its cells they differ by temperature only. So a tick (`cell_step`) reads three constants of a cell and writes its
voltage; the energy that the string takes is the same line at sums over the ticks; and a pack, and the string, are
straight lines again, whose constants are the sums over the cells. A line holds for one direction of the current: where
the current turns, the old line ends and one of another slope begins.
"""

from typing import NamedTuple

from bms_emulator.arrays import Array
from bms_emulator.jit import scalar
from bms_emulator.plant.table import segment

ENTROPY = 4
"""Where the table of shapes holds the entropy coefficient; the resistances come before it."""

ARRAY_COUNT = 6
"""How many fields of the model are arrays; they come first, the others are numbers."""


class CellModel(NamedTuple):
    """Constants of the cells of a site.

    Attributes:
        capacity: Capacity when fresh [A s], shape (rack, cell).
        resistance_scale: Resistance relative to the cell type's [1], shape (rack, cell).
        self_discharge: Self-discharge current [A], shape (rack, cell).
        open_circuit: Table over state of charge of open-circuit voltage [V] and of the hysteresis M that follows the
            charge [V].
        stored_energy: Energy per capacity from empty to the beginning of each segment of that table [V].
        shape: Table over state of charge of the factor on all resistances in charge and in discharge [1], and of the
            entropy coefficient dU/dT [V/K].
        r0: Ohmic resistance at the reference temperature [Ohm].
        r1: Resistance of the fast RC branch there [Ohm].
        r2: Resistance of the slow RC branch there [Ohm].
        activation0: Activation energy of r0 over the gas constant [K].
        activation1: That of r1 [K].
        activation2: That of r2 [K].
        reference_temperature: Temperature of these resistances [K].
        temperature_min: Below it resistances stay [K].
        temperature_max: Above it they stay, too [K].
        soc_min: State of charge at which the prolonged open-circuit voltage ends, below 0 [1].
        soc_max: State of charge at which it ends, above 1 [1].
        tau1: Time constant of the fast RC branch [s].
        tau2: Time constant of the slow RC branch [s].
        hysteresis_rate: Rate of the hysteresis state per unit of state of charge [1].
        hysteresis_instantaneous: Hysteresis M0 that turns at once with the current [V].
        coulombic_efficiency: Share of the charging current that is stored [1].
        cells_per_pack: Cells in series in a pack.
        joint_resistance: Busbars and welds of a whole rack [Ohm].
        balancing_resistance: Resistor that bleeds a cell [Ohm].
    """

    capacity: Array
    resistance_scale: Array
    self_discharge: Array
    open_circuit: Array
    stored_energy: Array
    shape: Array
    r0: float
    r1: float
    r2: float
    activation0: float
    activation1: float
    activation2: float
    reference_temperature: float
    temperature_min: float
    temperature_max: float
    soc_min: float
    soc_max: float
    tau1: float
    tau2: float
    hysteresis_rate: float
    hysteresis_instantaneous: float
    coulombic_efficiency: float
    cells_per_pack: int
    joint_resistance: float
    balancing_resistance: float


@scalar
def relax(relaxed, decay, current):
    """What of a current has got through an RC branch after a step [A]; exact for any step (decay = exp(-dt / tau)).

    The voltage over the branch is its resistance times this.
    """
    return decay * relaxed + (1.0 - decay) * current


@scalar
def follow(hysteresis, discharged, moved):
    """Hysteresis state after a step, h+ = e h - (1 - e) x / y with e = exp(-y), x = `discharged`, y = `moved` >= |x|.

    `discharged` is the state of charge lost in the step times the hysteresis rate, `moved` what was lost and won
    without regard to the sign, also times the rate [1]; where the current kept its sign, x / y is that sign. The [2/2]
    Pade approximant stands for the exponential: its error is about y^5 / 720, below 1e-12 at 0.5 C and a step of 1 s,
    and it stays within 0..1 for any y. Source of the equation: Plett, Battery Management Systems, vol. 1 (2015),
    one-state hysteresis.
    """
    return hysteresis - 12.0 * (moved * hysteresis + discharged) / (12.0 + 6.0 * moved + moved * moved)


@scalar
def stored_share(direction, coulombic_efficiency):
    """Part of a string current that changes the state of charge [1]: a little of a charging current is lost."""
    return 1.0 if direction > 0.0 else coulombic_efficiency


@scalar
def fall(per_charge, r0, charge, current):
    """How far a cell or a pack lies below its source voltage [V].

    Args:
        per_charge: Fall with the charge drawn, a [V/(A s)].
        r0: Ohmic resistance [Ohm].
        charge: Drawn since the line began, q [A s].
        current: Of the string, with what the relaxed currents add at the ratio of their resistances [A].
    """
    return per_charge * charge + r0 * current


@scalar
def coldness_at(model, temperature):
    """How far 1 / T lies above that of the reference temperature [1/K]."""
    held = min(max(temperature, model.temperature_min), model.temperature_max)
    return 1.0 / held - 1.0 / model.reference_temperature


@scalar
def arrhenius(activation, coldness):
    """Factor exp(x) on a resistance, x = activation * coldness [1].

    As the 256th power of the Taylor polynomial at x / 256, which several cells can take at once. Its relative error,
    256 (x / 256)^6 / 720, is with 28 kJ/mol below 2e-11 from -60 to 150 degC, and below 1e-9 up to 840 degC.
    """
    x = activation * coldness / 256.0
    factor = 1.0 + x * (1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0)))))
    for _ in range(8):
        factor *= factor
    return factor


@scalar
def open_circuit(model, soc):
    """Of a cell at a state of charge: segment of the table, way into it [1], open-circuit voltage and stored energy.

    The energy is that above an empty cell, per capacity [V]: the integral of the voltage [V] over the state of charge.
    """
    table = model.open_circuit
    count = float(table.shape[0])
    width = 1.0 / count
    inside = min(max(soc, model.soc_min), model.soc_max)
    i, f = segment(inside * count, count)
    voltage = table[i, 0] + f * table[i, 1]
    energy = model.stored_energy[i] + f * (table[i, 0] + 0.5 * f * table[i, 1]) * width + voltage * (soc - inside)
    return i, f, voltage, energy


@scalar
def half_gap(model, i, f):
    """Half of the hysteresis gap that follows the charge, M [V]: in segment `i` of its table, `f` of the way."""
    return model.open_circuit[i, 2] + f * model.open_circuit[i, 3]


@scalar
def shape_column(direction):
    """Where the table of shapes holds the resistance of a direction."""
    return 2 if direction > 0.0 else 0


@scalar
def shape(model, column, i, f):
    """Value of a column of the table of shapes in segment `i`, `f` of the way into it; ends are not prolonged."""
    return model.shape[i, column] + min(max(f, 0.0), 1.0) * model.shape[i, column + 1]
