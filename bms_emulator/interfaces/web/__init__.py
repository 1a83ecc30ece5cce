"""HTTP: REST interface, live page and its streams."""

from bms_emulator.interfaces.web.server import serve

__all__ = ["serve"]
