"""How the outside reaches the emulator: Modbus, MQTT, HTTP."""
