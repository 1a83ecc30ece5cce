"""A broker elsewhere, behind TLS with certificates of both sides, a user name and a password."""

import asyncio
import logging
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bms_emulator.interfaces.mqtt import reconnect
from bms_emulator.interfaces.mqtt.address import Address
from bms_emulator.interfaces.mqtt.reconnect import Broker
from bms_emulator.profile.site import Mqtt
from tests.interfaces.fake_site import FakeSite
from tests.interfaces.mqtt.served import UNDISTURBED, served, subscribed
from tests.interfaces.mqtt.test_outage import free_port, mosquitto

pytestmark = pytest.mark.component

USER, PASSWORD = "emulator", "a secret"


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder, and what it signs."""

    openssl: str
    folder: Path

    def run(self, *arguments: str) -> None:
        subprocess.run([self.openssl, *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def found(self) -> "Authority":
        subject = ["-subj", "/CN=authority", "-days", "1"]
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", *subject)
        return self

    def sign(self, name: str) -> None:
        (self.folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
        request = ["-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"]
        self.run("req", "-newkey", "rsa:2048", "-nodes", *request)
        signed = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-days", "1", "-extfile", "san"]
        self.run("x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", *signed)


@pytest.fixture
def authority(require_program: Callable[[str], str], tmp_path: Path) -> Authority:
    made = Authority(require_program("openssl"), tmp_path).found()
    made.sign("broker")
    made.sign("client")
    passwords = [require_program("mosquitto_passwd"), "-c", "-b", "passwords", USER, PASSWORD]
    subprocess.run(passwords, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    return made


def broker_lines(folder: Path) -> list[str]:
    files = {"cafile": "ca.pem", "certfile": "broker.pem", "keyfile": "broker.key", "password_file": "passwords"}
    return ["require_certificate true", *(f"{option} {folder / name}" for option, name in files.items())]


async def test_the_emulator_proves_itself_to_a_broker_and_the_broker_to_it(
    authority: Authority, require_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, port = authority.folder, free_port()
    monkeypatch.setenv("BROKER_PASSWORD", PASSWORD)
    own = {"certificate_file": str(folder / "client.pem"), "key_file": str(folder / "client.key")}
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(own["certificate_file"], own["key_file"])
    options = {**own, "ca_file": str(folder / "ca.pem"), "username": USER, "password_env": "BROKER_PASSWORD"}
    async with (
        mosquitto(require_program("mosquitto"), port, folder, *broker_lines(folder)),
        subscribed(port, tls_context=context, username=USER, password=PASSWORD) as client,
        served(FakeSite(), broker=f"mqtts://127.0.0.1:{port}", **options),
    ):
        await client.next(lambda message: message.payload == b"online")
        assert (await client.ask({"id": "1", "get": "container[1].soc"}))["accepted"]


# paho leaves the socket of a refused handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
async def test_a_broker_that_another_authority_signed_is_not_trusted(
    authority: Authority,
    require_program: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    folder, port = authority.folder, free_port()
    stranger = Authority(authority.openssl, tmp_path_factory.mktemp("stranger")).found()
    lines = [line for line in broker_lines(folder) if "require_certificate" not in line]
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    async with (
        mosquitto(require_program("mosquitto"), port, folder, *lines),
        subscribed(port, tls_context=context, username=USER, password=PASSWORD) as client,
        served(FakeSite(), broker=f"mqtts://127.0.0.1:{port}", ca_file=str(stranger.folder / "ca.pem")),
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await client.next()
    assert "must be signed by mqtt.ca_file, be in date and name this host" in caplog.text


REFUSALS = {
    "without a certificate": ({}, "it asks for mqtt.certificate_file and mqtt.key_file"),
    "with a stranger's certificate": ({"certificate_file": "x.pem", "key_file": "x.key"}, "mqtt.certificate_file"),
    "with a wrong password": ({"certificate_file": "client.pem", "key_file": "client.key"}, "it refuses mqtt.username"),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_of_the_broker_is_told_with_the_key_to_look_at(
    authority: Authority,
    require_program: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path_factory: pytest.TempPathFactory,
    case: str,
) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "wrong")
    caplog.set_level(logging.WARNING)
    folder, port = authority.folder, free_port()
    stranger = Authority(authority.openssl, tmp_path_factory.mktemp("stranger")).found()
    stranger.sign("x")
    given, said = REFUSALS[case]
    own = {key: str((stranger.folder if name.startswith("x") else folder) / name) for key, name in given.items()}
    options = {**own, "ca_file": str(folder / "ca.pem"), "username": USER, "password_env": "BROKER_PASSWORD"}
    monkeypatch.setattr(reconnect, "TIMEOUT", 1.0)
    async with (
        mosquitto(require_program("mosquitto"), port, folder, *broker_lines(folder)),
        served(FakeSite(), broker=f"mqtts://127.0.0.1:{port}", **options),  # begins when the first attempt has ended
    ):
        pass
    assert said in caplog.text


def test_files_that_are_no_certificates_are_named(authority: Authority) -> None:
    nonsense = authority.folder / "nonsense.pem"
    nonsense.write_text("nothing")
    other = {"certificate_file": str(authority.folder / "client.pem"), "key_file": str(authority.folder / "broker.key")}
    with pytest.raises(ValueError, match=r"ca_file = .*nonsense.*; mqtt\.certificate_file = .*and its key in PEM"):
        Broker(Address("a", 8883, tls=True), Mqtt(ca_file=str(nonsense), **other), UNDISTURBED)
