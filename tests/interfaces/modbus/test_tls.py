"""Modbus/TCP Security: who may come in, and what his role lets him do."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bms_emulator.cli import app
from bms_emulator.interfaces.modbus.authority import AuthorityError, Maker, make
from bms_emulator.interfaces.modbus.certificate import role_of, validity
from bms_emulator.interfaces.modbus.connection import Patience
from bms_emulator.interfaces.modbus.tls import problems
from bms_emulator.profile.site import ModbusTls
from tests.interfaces.modbus.hand_made import WRITABLE, HandLink, device, serving
from tests.interfaces.modbus.rig import Connect
from tests.interfaces.modbus.test_conformance import pdu, write_many
from tests.interfaces.modbus.test_disturbance import fault

pytestmark = pytest.mark.component

ROLES = {"reader": "read", "operator": "write"}
DAY = 86400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certificates")
    try:
        make(made, ["127.0.0.1"], [*ROLES, "guest"], 2)
    except AuthorityError as error:
        pytest.skip(str(error))
    scratch = tmp_path_factory.mktemp("scratch")
    Maker(made, scratch, "2").sign("nobody", "clientAuth", "")
    return made


@pytest.fixture
def tls(folder: Path) -> ModbusTls:
    return files(folder)


def files(folder: Path, **changes: object) -> ModbusTls:
    named = {"certificate_file": "server.pem", "key_file": "server.key", "ca_file": "ca.pem"}
    return ModbusTls.model_validate(
        {key: str(folder / name) for key, name in named.items()} | {"roles": ROLES} | changes
    )


def as_client(folder: Path, name: str | None, authority: Path | None = None) -> ssl.SSLContext:
    """TLS as a client whose certificate has a role; without one where there is no name."""
    context = ssl.create_default_context(cafile=authority or folder / "ca.pem")
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def der(folder: Path, name: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert((folder / f"{name}.pem").read_text())


async def test_a_role_that_may_write_does_everything(tls: ModbusTls, folder: Path, connect: Connect) -> None:
    link = HandLink()
    async with serving(device(tls=True), link=link, tls=tls) as server:
        assert "modbus tls 127.0.0.1" in server.describe()
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, "operator"))
        assert await client.read(7, 2) == b"\x00\x07\x00\x08"
        assert await client.ask(pdu(6, WRITABLE, 5)) == pdu(6, WRITABLE, 5)
        assert link.commands[0].origin.startswith("modbus:127.0.0.1:")


@pytest.mark.parametrize(
    "request_", [pdu(5, 0, 0xFF00), pdu(6, WRITABLE, 5), write_many(WRITABLE, 5), pdu(22, WRITABLE, 0, 1), pdu(99)]
)
async def test_a_role_that_may_read_is_refused_what_writes(
    tls: ModbusTls, folder: Path, connect: Connect, request_: bytes
) -> None:
    link = HandLink()
    async with serving(device(tls=True), link=link, tls=tls) as server:
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, "reader"))
        assert await client.read(7, 1) == b"\x00\x07"
        assert await client.ask(request_) == bytes((request_[0] | 0x80, 1))
        assert (await client.ask(b"\x2b\x0e\x01\x00"))[0] == 0x2B
        assert link.commands == []


@pytest.mark.parametrize("name", ["guest", "nobody"], ids=["unlisted role", "no role"])
async def test_who_has_no_listed_role_is_refused_everything(
    tls: ModbusTls, folder: Path, connect: Connect, name: str
) -> None:
    async with serving(device(tls=True), tls=tls) as server:
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, name))
        for request in (pdu(3, 7, 1), pdu(3, 7, 1), pdu(6, WRITABLE, 5), b"\x2b\x0e\x01\x00"):
            assert await client.ask(request) == bytes((request[0] | 0x80, 1))


async def test_no_one_comes_in_without_a_certificate_of_the_authority(
    tls: ModbusTls, folder: Path, connect: Connect, tmp_path: Path
) -> None:
    make(tmp_path, ["127.0.0.1"], ["operator"], 2)
    stranger = as_client(tmp_path, "operator", folder / "ca.pem")

    async def come_in(context: ssl.SSLContext) -> bytes:
        return await (await connect(*server.listeners[0].address, ssl=context)).read(7, 1)

    async with serving(device(tls=True), tls=tls) as server:
        for context in (as_client(folder, None), stranger):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)):
                await come_in(context)
        assert await come_in(as_client(folder, "reader")) == b"\x00\x07"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_old_tls_is_refused(tls: ModbusTls, folder: Path, connect: Connect) -> None:
    old = as_client(folder, "operator")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with serving(device(tls=True), tls=tls) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(*server.listeners[0].address, ssl=old)


async def test_a_client_without_tls_and_one_that_says_nothing_disturb_nobody(
    tls: ModbusTls, folder: Path, connect: Connect
) -> None:
    async with serving(device(tls=True), tls=tls, patience=Patience(frame=0.2)) as server:
        plain = await connect(*server.listeners[0].address)
        quiet = await connect(*server.listeners[0].address)
        plain.send(pdu(3, 7, 1))
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, "reader"))
        assert await client.read(7, 1) == b"\x00\x07"
        await plain.reader.read()
        assert await quiet.is_closed()  # when the time for its handshake is over
        assert await client.read(7, 1) == b"\x00\x07"


async def test_many_requests_at_once_are_answered_in_order(tls: ModbusTls, folder: Path, connect: Connect) -> None:
    async with serving(device(tls=True), tls=tls) as server:
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, "operator"))
        for n in range(2000):
            client.send(pdu(6, WRITABLE, n) if n % 7 == 0 else pdu(3, n % 900, 2), transaction=n)
        for n in range(2000):
            transaction, _, answer = await client.answer()
            assert transaction == n
            assert answer[0] == (6 if n % 7 == 0 else 3)


async def test_link_faults_hit_secured_connections_too(tls: ModbusTls, folder: Path, connect: Connect) -> None:
    link = HandLink()
    async with serving(device(tls=True), link=link, tls=tls) as server:
        client = await connect(*server.listeners[0].address, ssl=as_client(folder, "reader"))
        link.faults = [fault("modbus-silence", "modbus:hand")]
        server.keep_house(0.0)
        client.send(pdu(3, 7, 1), transaction=1)
        await client.writer.drain()
        await asyncio.sleep(0.05)
        link.faults = []
        server.keep_house(0.0)
        client.send(pdu(3, 7, 1), transaction=2)
        assert await client.answer() == (2, 1, b"\x03\x02\x00\x07")


# ---- certificates


def test_role_and_validity_are_read_from_a_certificate(folder: Path) -> None:
    assert role_of(der(folder, "reader")) == "reader"
    assert role_of(der(folder, "nobody")) is None
    since, until = validity(der(folder, "reader"))
    assert since <= time.time() <= until
    assert until - since == pytest.approx(2 * DAY)


def test_no_bytes_at_all_have_a_role_or_fail(folder: Path) -> None:
    certificate = der(folder, "reader")
    for stop in range(len(certificate)):
        assert role_of(certificate[:stop]) is None
    for n in range(len(certificate)):
        role_of(certificate[:n] + bytes((certificate[n] ^ 0x81,)) + certificate[n + 1 :])


def test_sound_files_have_no_problems(tls: ModbusTls) -> None:
    assert problems(tls, time.time()) == []


def test_every_problem_is_told_under_its_key(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make(other, ["127.0.0.1"], [], 1)
    nothing = tmp_path / "nothing"
    nothing.write_text("nothing")
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", str(folder / "server.key"), "-aes128", "-passout", "pass:x", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    now = time.time()

    def told(now: float = now, **changes: object) -> list[str]:
        return problems(files(folder, **{key: str(value) for key, value in changes.items()}), now)

    assert told(certificate_file=folder / "none.pem", key_file=nothing, ca_file=nothing) == [
        f"modbus.tls.certificate_file = '{folder}/none.pem': no such file",
        f"modbus.tls.key_file = '{nothing}': is no private key (PEM)",
        f"modbus.tls.ca_file = '{nothing}': is no certificate (PEM)",
    ]
    assert told(key_file=other / "server.key") == [
        f"modbus.tls.key_file = '{other}/server.key': is not the key of the certificate"
    ]
    assert told(key_file=locked) == [
        f"modbus.tls.key_file = '{locked}': is encrypted; a key without a password is needed"
    ]
    late = told(now + 3 * DAY)
    assert len(late) == 2
    assert all("has expired on 20" in problem for problem in late)
    assert all("is not valid before 20" in problem for problem in told(now - DAY))


# ---- the command that makes them


@pytest.fixture
def run(require_program: Callable[[str], str]) -> Callable[..., tuple[int, str]]:
    require_program("openssl")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["tls", "make", *arguments])
        return result.exit_code, result.output

    return run


def test_the_command_makes_what_a_site_needs(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    out = tmp_path / "made"
    status, text = run("--out", str(out), "--role", "monitor=read")
    assert status == 0, text
    assert f"certificate_file: {out}/server.pem" in text
    assert "roles: {monitor: read}" in text
    assert role_of(der(out, "monitor")) == "monitor"
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.glob("*.key"))
    status, text = run("--out", str(out))
    assert status == 2
    assert "is there already" in text


@pytest.mark.parametrize("role", ["monitor", "=read", "a/b=read", "monitor=everything"])
def test_the_command_refuses_what_is_no_role(run: Callable[..., tuple[int, str]], tmp_path: Path, role: str) -> None:
    status, _ = run("--out", str(tmp_path / "made"), "--role", role)
    assert status == 2
    assert not (tmp_path / "made").exists()
