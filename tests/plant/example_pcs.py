"""A PCS of 100 kW with round numbers."""

from bms_emulator.plant.pcs import PcsModel

PCS = PcsModel(
    rated_power=100e3,
    rated_apparent=110e3,
    rated_reactive=66e3,
    rated_current=90.0,
    power_ramp=200e3,
    reactive_ramp=132e3,
    current_ramp=180.0,
    start_time=1.0,
    standby_loss=100.0,
    proportional_loss=0.01,
    quadratic_loss=0.008,
    voltage_min=1040.0,
    voltage_max=1500.0,
    full_voltage=1185.0,
)
