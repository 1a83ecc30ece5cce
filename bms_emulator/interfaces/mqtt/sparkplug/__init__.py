"""Sparkplug B 3.0: a site as an edge node, its containers, racks and PCS as devices."""

from bms_emulator.interfaces.mqtt.sparkplug.edge import EdgeNode

__all__ = ["EdgeNode"]
