"""Battery-management-system firmware-in-the-loop emulator for grid-scale, liquid-cooled LFP storage."""

__version__ = "0.1.0"
