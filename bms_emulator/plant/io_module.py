"""Outputs of the input and output module of a container: lamps and siren, gas fan, breakers of the racks.

It drives what masters ask for while its supply holds a contactor. The trip of the breakers is wired to all racks, past
their controllers; no hand closes a breaker while it stands.
"""

from typing import NamedTuple

from bms_emulator.jit import Bound, bind, kernel
from bms_emulator.plant.state import Output, PlantState
from bms_emulator.profile.site import SiteProfile

TRIP = 1 << int(Output.DC_BREAKER_TRIP)


class IoModel(NamedTuple):
    """Constants of the input and output module of a container.

    Attributes:
        supply_min: Auxiliary supply below which its outputs fall off [V].
    """

    supply_min: float


def build_io_model(site: SiteProfile) -> IoModel:
    """Constants of the modules of a site."""
    return IoModel(supply_min=site.container.rack.contactors.drop_out_v)


def bind_outputs(model: IoModel, state: PlantState) -> Bound:
    """What drives the outputs of all modules."""
    commands = state.io_commands
    return bind(
        drive_outputs,
        # model
        model.supply_min,
        # state
        state.io.outputs,
        state.racks.breaker_closed,
        state.surroundings.breaker_close,
        # inputs
        commands.lamp_green,
        commands.lamp_yellow,
        commands.lamp_red,
        commands.siren,
        commands.ventilation,
        commands.dc_breaker_trip,
        state.supply.voltage,
    )


@kernel
def drive_outputs(
    # model
    supply_min,
    # state
    outputs,
    breaker_closed,
    breaker_close,
    # inputs
    lamp_green,
    lamp_yellow,
    lamp_red,
    siren,
    ventilation,
    dc_breaker_trip,
    supply_voltage,
):
    """Outputs of every module, and what the trip does to breakers and hands at them; (container,), breakers (rack,)."""
    racks = breaker_closed.size // outputs.size
    for c in range(outputs.size):
        bits = 0
        if supply_voltage[c] >= supply_min:
            asked = (lamp_green[c], lamp_yellow[c], lamp_red[c], siren[c], ventilation[c], dc_breaker_trip[c])
            for n, wanted in enumerate(asked):
                if wanted != 0.0:
                    bits |= 1 << n
        outputs[c] = bits
        if bits & TRIP:
            for r in range(c * racks, (c + 1) * racks):
                breaker_closed[r] = breaker_close[r] = 0.0
