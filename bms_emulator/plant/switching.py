"""What is switched: contactors and breakers of the racks, breakers and operating state of every PCS.

It comes before the currents (:mod:`bms_emulator.plant.electrical`), so that contacts that open take effect at once.
"""

from typing import Final

from bms_emulator.jit import fields_of, kernel
from bms_emulator.plant.bus import BusModel
from bms_emulator.plant.contactor import is_any_main_closed, operate_breaker, step_contactors
from bms_emulator.plant.pcs import FAULT, RUNNING, STANDBY, STOPPING, PcsModel, advance_state
from bms_emulator.plant.pcs_guard import (
    AC_BREAKER,
    DC_BREAKER,
    GRID,
    LEAVES,
    TRIPS,
    GuardModel,
    grid_deviation,
    inner_causes,
    latch,
    move_breaker,
    order_dc_breaker,
    watch_grid,
)

BUS_FIELDS: Final = len(BusModel._fields)
PCS_FIELDS: Final = len(PcsModel._fields)
GUARD_FIELDS: Final = len(GuardModel._fields)


@kernel
def step_switching(
    # model
    bus_constants,
    pcs_constants,
    guard_constants,
    # state
    contactor_closed,
    contactor_travel,
    contactor_phase,
    breaker_closed,
    pcs_state,
    start_time,
    faults,
    in_service,
    service_time,
    disturbed_time,
    dc_breaker_closed,
    dc_breaker_wait,
    precharge_closed,
    precharge_time,
    ac_breaker_closed,
    ac_breaker_wait,
    bus_voltage,
    # inputs
    contactor_command,
    breaker_trip,
    breaker_close,
    supply_voltage,
    fuse_closed,
    link_voltage,
    power_target,
    reactive_power,
    stack_temperature,
    pcs_enable,
    standby,
    reset,
    watchdog_expired,
    dc_breaker_asked,
    ac_breaker_asked,
    service_permitted,
    service_voltage_min,
    service_voltage_max,
    service_frequency_min,
    service_frequency_max,
    service_delay,
    grid_voltage,
    grid_frequency,
    # overlay
    contactor_hold,
    contactor_delay,
    contactor_chatter,
    coil_gain,
    rack_breaker_trip,
    dc_breaker_hold,
    ac_breaker_hold,
    trip,
    dt,
):
    """Let contacts follow their coils, and each PCS change its state and its breakers.

    A hand at a breaker is taken away once it has been obeyed: breaker_close is zeroed.

    Shapes: (rack, contactor) for the contactors; (rack) for fuses and breakers of racks; () for the grid; (container)
    for the rest. The constants are the fields of :class:`BusModel`, :class:`PcsModel` and :class:`GuardModel`.
    """
    model = BusModel(*fields_of(bus_constants, BUS_FIELDS))
    pcs_model = PcsModel(*fields_of(pcs_constants, PCS_FIELDS))
    guard = GuardModel(*fields_of(guard_constants, GUARD_FIELDS))
    voltage, frequency = grid_voltage[()], grid_frequency[()]
    deviation = grid_deviation(guard, voltage, frequency)
    racks = breaker_closed.size // bus_voltage.size
    for c in range(bus_voltage.size):
        own = slice(c * racks, (c + 1) * racks)
        closed = contactor_closed[own]
        step_contactors(
            # model
            model.contactor_travel_time,
            model.coil_pick_up,
            model.coil_drop_out,
            # state
            closed,
            contactor_travel[own],
            contactor_phase[own],
            # inputs
            contactor_command[own],
            supply_voltage[c],
            # overlay
            contactor_hold[own],
            contactor_delay[own],
            contactor_chatter[own],
            coil_gain[own],
            dt,
        )
        for r in range(c * racks, (c + 1) * racks):
            tripped = breaker_trip[r] + rack_breaker_trip[r]
            breaker_closed[r] = operate_breaker(breaker_closed[r], tripped, breaker_close[r])
            breaker_close[r] = 0.0

        supplied = is_any_main_closed(closed, fuse_closed[own], breaker_closed[own])
        supplied = supplied and dc_breaker_closed[c] != 0.0 and dc_breaker_asked[c] != 0.0
        dc_voltage = bus_voltage[c] if dc_breaker_closed[c] != 0.0 else link_voltage[c]
        enabled = pcs_enable[c] != 0.0
        running = pcs_state[c] in (RUNNING, STOPPING, STANDBY)
        fit = (
            service_voltage_min[c] <= voltage <= service_voltage_max[c]
            and service_frequency_min[c] <= frequency <= service_frequency_max[c]
        )
        in_service[c], service_time[c], disturbed_time[c] = watch_grid(
            # model
            guard,
            # state
            in_service[c],
            service_time[c],
            disturbed_time[c],
            # inputs
            deviation,
            fit,
            service_permitted[c] != 0.0,
            service_delay[c],
            dt,
        )
        before = int(faults[c])
        causes = inner_causes(
            # model
            guard,
            # state
            before,
            enabled and supplied and running,
            (DC_BREAKER if dc_breaker_wait[c] > guard.breaker_watch_time else 0)
            | (AC_BREAKER if ac_breaker_wait[c] > guard.breaker_watch_time else 0),
            precharge_time[c],
            stack_temperature[c],
            # inputs
            dc_voltage,
            watchdog_expired[c] != 0.0,
            trip[c] != 0.0,
        )
        found = latch(before & ~GRID, causes, reset[c] != 0.0 or not enabled)
        by_grid = 0 if in_service[c] != 0.0 else before & GRID | deviation
        faults[c] = float(found | by_grid)

        in_window = pcs_model.voltage_min <= dc_voltage <= pcs_model.voltage_max
        connected = in_service[c] != 0.0 and ac_breaker_closed[c] != 0.0 and ac_breaker_asked[c] != 0.0
        pcs_state[c], start_time[c] = advance_state(
            # model
            pcs_model,
            # state
            pcs_state[c],
            start_time[c],
            # inputs
            enabled and supplied and in_window and connected,
            found & TRIPS != 0,
            found & LEAVES != 0,
            standby[c] != 0.0,
            power_target[c] == 0.0 and reactive_power[c] == 0.0,
            dt,
        )

        sound = pcs_state[c] != FAULT
        order, precharge_closed[c], precharge_time[c] = order_dc_breaker(
            # model
            guard,
            # inputs
            sound and dc_breaker_asked[c] != 0.0,
            dc_breaker_closed[c],
            precharge_closed[c],
            precharge_time[c],
            bus_voltage[c],
            link_voltage[c],
            dt,
        )
        was_open = dc_breaker_closed[c] == 0.0
        dc_breaker_closed[c], dc_breaker_wait[c] = move_breaker(
            guard, dc_breaker_closed[c], dc_breaker_wait[c], order, dc_breaker_hold[c], dt
        )
        if dc_breaker_closed[c] != 0.0:
            precharge_closed[c] = 0.0
            if was_open:
                bus_voltage[c] = link_voltage[c]  # the link is by far the larger capacitor
        order = 1.0 if sound and ac_breaker_asked[c] != 0.0 and in_service[c] != 0.0 else 0.0
        ac_breaker_closed[c], ac_breaker_wait[c] = move_breaker(
            guard, ac_breaker_closed[c], ac_breaker_wait[c], order, ac_breaker_hold[c], dt
        )
