from pathlib import Path
from typing import Any

import pytest

from bms_emulator.interfaces.mqtt.address import Address, parse_url
from bms_emulator.interfaces.mqtt.reconnect import Broker
from bms_emulator.profile.errors import ProfileError
from bms_emulator.profile.loader import load_site
from bms_emulator.profile.site import Mqtt
from tests.interfaces.mqtt.served import UNDISTURBED


def test_urls_name_a_broker() -> None:
    assert parse_url("mqtt://broker.example") == Address("broker.example", 1883)
    assert parse_url("mqtts://[::1]:9999") == Address("::1", 9999, tls=True)
    assert str(parse_url("mqtts://[::1]")) == "mqtts://[::1]:8883"


@pytest.mark.parametrize("url", ["http://a", "mqtt://", "mqtt://a:99999", "mqtt://a/topic", "embeded", "mqtt://u:p@a"])
def test_other_urls_are_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(ValueError, match=r"mqtt\.broker.*(allowed: embedded, off|give mqtt\.username)"):
        parse_url(url)


def test_version_5_may_be_written_as_the_number_that_it_is_in_yaml() -> None:
    assert Mqtt.model_validate({"broker": "mqtt://a", "version": 5}).version == "5"


def test_the_embedded_broker_is_not_asked_for_a_version_that_it_does_not_speak() -> None:
    with pytest.raises(ProfileError, match=r"mqtt\.version = 5: the embedded broker speaks 3\.1\.1 only"):
        load_site("demo", {"mqtt.broker": "embedded", "mqtt.version": 5})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password_env": "NO_SUCH_VARIABLE"}, "no such environment variable; .*needs mqtt.username"),
        ({"ca_file": "ca.pem"}, "need an mqtts:// broker, not mqtt://a:1883; .*no such file"),
    ],
)
async def test_options_that_do_not_fit_are_all_told_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Broker(Address("a", 1883), Mqtt(**options), UNDISTURBED)


async def test_a_client_certificate_needs_its_files(tmp_path: Path) -> None:
    options = Mqtt(certificate_file=str(tmp_path / "client.pem"), key_file=str(tmp_path / "client.key"))
    with pytest.raises(ValueError, match=r"client\.pem': no such file; .*client\.key': no such file"):
        Broker(Address("a", 8883, tls=True), options, UNDISTURBED)
