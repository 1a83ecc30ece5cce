"""Constants of a PCS, from its profile."""

from bms_emulator.plant.pcs import PcsModel
from bms_emulator.plant.pcs_conversion import loss_of
from bms_emulator.plant.pcs_guard import GuardModel
from bms_emulator.plant.pcs_stack import StackModel
from bms_emulator.profile.pcs import PcsProfile
from bms_emulator.units import kelvin


def build_pcs_model(pcs: PcsProfile) -> PcsModel:
    """What it can, and what it loses."""
    window = pcs.dc_voltage_max_v - pcs.dc_voltage_min_v
    return PcsModel(
        rated_power=pcs.rated_power_kw * 1e3,
        rated_apparent=pcs.rated_apparent_kva * 1e3,
        rated_reactive=pcs.rated_reactive_kvar * 1e3,
        rated_current=pcs.rated_current_a,
        power_ramp=pcs.ramp_percent_per_s * 1e-2 * pcs.rated_power_kw * 1e3,
        reactive_ramp=pcs.reactive_ramp_percent_per_s * 1e-2 * pcs.rated_reactive_kvar * 1e3,
        current_ramp=pcs.ramp_percent_per_s * 1e-2 * pcs.rated_current_a,
        start_time=pcs.start_time_s,
        standby_loss=pcs.standby_loss_w,
        proportional_loss=pcs.proportional_loss_percent * 1e-2,
        quadratic_loss=pcs.quadratic_loss_percent * 1e-2,
        voltage_min=pcs.dc_voltage_min_v,
        voltage_max=pcs.dc_voltage_max_v,
        full_voltage=pcs.dc_voltage_min_v + pcs.dc_full_power_percent * 1e-2 * window,
    )


def build_guard_model(pcs: PcsProfile) -> GuardModel:
    """What it watches."""
    trip, breakers = pcs.grid.trip, pcs.breakers
    return GuardModel(
        voltage_min=pcs.dc_voltage_min_v,
        voltage_max=pcs.dc_voltage_max_v,
        grid_voltage_min=trip.voltage_min_percent * 1e-2,
        grid_voltage_max=trip.voltage_max_percent * 1e-2,
        frequency_min=trip.frequency_min_percent * 1e-2 * pcs.frequency_hz,
        frequency_max=trip.frequency_max_percent * 1e-2 * pcs.frequency_hz,
        trip_time=trip.time_s,
        overtemperature=kelvin(pcs.cooling.overtemperature_degc),
        overtemperature_clear=kelvin(pcs.cooling.derating_start_degc),
        breaker_travel_time=breakers.travel_ms * 1e-3,
        breaker_watch_time=breakers.travel_ms * 1e-3 + breakers.watch_s,
        precharge_timeout=breakers.precharge_timeout_s,
        precharge_tolerance=breakers.precharge_tolerance_percent * 1e-2 * pcs.dc_voltage_max_v,
    )


def build_stack_model(pcs: PcsProfile) -> StackModel:
    """How warm it gets."""
    cooling = pcs.cooling
    return StackModel(
        rated_loss=loss_of(build_pcs_model(pcs), pcs.rated_power_kw * 1e3, 1.0),
        heatsink_rise=cooling.heatsink_rise_k,
        junction_rise=cooling.junction_rise_k,
        time_constant=cooling.time_constant_s,
        junction_time_constant=cooling.junction_time_constant_s,
        passive=cooling.passive_percent * 1e-2,
        derating_start=kelvin(cooling.derating_start_degc),
        derating_end=kelvin(cooling.derating_end_degc),
    )
