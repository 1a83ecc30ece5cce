"""MQTT: publishes the state of a site, tells its events, takes commands."""

from bms_emulator.interfaces.mqtt.server import serve

__all__ = ["serve"]
