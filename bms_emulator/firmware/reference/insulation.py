"""Which insulation monitors measure: never two on one DC bus, as they would measure each other.

The lowest rack on the bus whose monitor works watches the bus, until it opens or its monitor fails; then all on the bus
rest for a period before the next takes over. A rack that is open measures itself. All rest where a master says so.
"""

import numpy as np

from bms_emulator.firmware.contract import ControllerFault, RackMode
from bms_emulator.jit import kernel, scalar

_MONITOR = 1 << ControllerFault.INSULATION_MONITOR
_PRECHARGE = float(RackMode.PRECHARGE)


@scalar
def works(controller_faults):
    """Whether a rack's insulation monitor works, by what its controller says of itself."""
    return not int(controller_faults) & _MONITOR


@scalar
def is_off_bus(mode, connected, join_permitted, feedback):
    """Whether a rack is open and about to stay so; feedback (contactor,)."""
    off = connected == 0.0 and join_permitted == 0.0 and mode != _PRECHARGE
    for n in range(feedback.shape[0]):
        off &= feedback[n] == 0.0
    return off


@kernel
def select_monitors(
    # inputs
    permitted,
    mode,
    connected,
    join_permitted,
    feedback,
    controller_faults,
    # out
    monitor_rack,
    enabled,
):
    """Let one monitor of every DC bus measure, and those of open racks.

    monitor_rack: rack that watches the bus, counted from 1, 0 none, (container,), kept between periods; permitted
    (container,), feedback (rack, contactor), the others (rack,).
    """
    racks_per_container = mode.shape[0] // monitor_rack.shape[0]
    for c in range(monitor_rack.shape[0]):
        first = c * racks_per_container
        watching = int(monitor_rack[c]) - 1
        if watching >= 0:
            r = first + watching
            if permitted[c] == 0.0 or connected[r] == 0.0 or not works(controller_faults[r]):
                watching = -1
        elif permitted[c] != 0.0:
            for n in range(racks_per_container):
                if connected[first + n] != 0.0 and works(controller_faults[first + n]):
                    watching = n
                    break
        monitor_rack[c] = watching + 1.0
        for n in range(racks_per_container):
            r = first + n
            alone = is_off_bus(mode[r], connected[r], join_permitted[r], feedback[r])
            itself = permitted[c] != 0.0 and alone and works(controller_faults[r])
            enabled[r] = 1.0 if n == watching or itself else 0.0


@kernel
def obey_orders(
    # inputs
    ordered,
    # out
    enabled,
):
    """Switch the monitor of every rack as its bank controller orders, (rack,)."""
    for r in range(enabled.shape[0]):
        enabled[r] = ordered[r]


@kernel
def read_monitors(
    # inputs
    monitor_rack,
    rack_resistance,
    # out
    resistance,
):
    """Insulation of every DC bus [Ohm] as its monitor reads it, (container,), NaN without; rack_resistance (rack,)."""
    racks_per_container = rack_resistance.shape[0] // resistance.shape[0]
    for c in range(resistance.shape[0]):
        watching = int(monitor_rack[c])
        resistance[c] = rack_resistance[c * racks_per_container + watching - 1] if watching else np.nan
