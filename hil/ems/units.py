"""Factors from the units of devices to SI."""

KILO, DECI, PERCENT, CENTI, MILLI = 1e3, 0.1, 0.01, 0.01, 1e-3
KELVIN = 273.15
"""Zero of the Celsius scale [K]."""
WATT_HOUR = 3600.0
HOUR = 3600.0
DAY = 24.0 * HOUR
