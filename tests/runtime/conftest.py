import pytest

from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import SiteProfile


@pytest.fixture(scope="session")
def site() -> SiteProfile:
    """The smallest site, listening on ports that the system chooses."""
    free = {f"modbus.devices.{n}.port": 0 for n in range(len(load_site("cabinet").modbus.devices))}
    return load_site("cabinet", {**free, "mqtt.port": 0, "mqtt.broker": "off", "http.port": 0})
