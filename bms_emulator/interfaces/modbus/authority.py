"""Makes certificates for trying Modbus/TCP Security: an authority of its own, a server, and a client for each role."""

import ipaddress
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROLE_OID = "1.3.6.1.4.1.50316.802.1"
"""Object identifier of the role in Modbus/TCP Security."""
AUTHORITY, SERVER = "ca", "server"
ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
"""What a role may look like here: it also is the name of files."""

_PROGRAM = "openssl"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_SETTINGS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_EXTENSIONS = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {usage}
authorityKeyIdentifier = keyid
{more}
"""


class AuthorityError(RuntimeError):
    """Certificates cannot be made. The message says why."""


def make(folder: Path, hosts: Iterable[str], roles: Iterable[str], days: int) -> list[Path]:
    """Make an authority, a server and a client for each role, each as ``<name>.pem`` and ``<name>.key``.

    Args:
        folder: Where; it is made where there is none.
        hosts: Names and addresses of the server.
        roles: Roles of the clients.
        days: How long all are valid.

    Returns:
        The certificates.

    Raises:
        AuthorityError: There is no openssl program, it fails, or a file is there already.
    """
    if shutil.which(_PROGRAM) is None:
        raise AuthorityError(f"the program {_PROGRAM} is needed and is not installed")
    roles = list(roles)
    names = [AUTHORITY, SERVER, *roles]
    wrong = [name for name in roles if not ROLE.fullmatch(name)]
    if wrong:
        raise AuthorityError(f"{wrong[0]!r} is no name of a role: letters, digits, spaces, and . _ - within")
    files = [folder / f"{name}{suffix}" for name in names for suffix in (".pem", ".key")]
    there = [str(file) for file in files if file.exists()]
    if there or len(set(files)) < len(files):
        raise AuthorityError(f"{there[0]} is there already" if there else f"names must differ: {', '.join(names)}")
    folder.mkdir(parents=True, exist_ok=True)
    alternatives = ",".join(f"IP:{host}" if _is_address(host) else f"DNS:{host}" for host in hosts)
    with tempfile.TemporaryDirectory() as scratch:
        maker = Maker(folder, Path(scratch), str(days))
        maker.found()
        maker.sign(SERVER, "serverAuth", f"subjectAltName = {alternatives}")
        for role in roles:
            maker.sign(role, "clientAuth", f"{ROLE_OID} = ASN1:UTF8String:{role}")
    return [folder / f"{name}.pem" for name in names]


class Maker:
    """Runs openssl with files of its own.

    Args:
        folder: Where keys and certificates go.
        scratch: Where all else goes.
        days: How long certificates are valid.
    """

    def __init__(self, folder: Path, scratch: Path, days: str) -> None:
        self._folder, self._scratch, self._days = folder, scratch, days
        (scratch / "settings").write_text(_SETTINGS)
        self._settings = ("-config", str(scratch / "settings"))

    def found(self) -> None:
        """Make the authority."""
        self._run(
            *("req", "-x509", *_KEY, *self._settings, "-extensions", "authority", "-days", self._days),
            *("-subj", "/CN=BMS emulator test authority", *self._outputs(AUTHORITY, self._folder / f"{AUTHORITY}.pem")),
        )

    def sign(self, name: str, usage: str, more: str) -> None:
        """Make a key and have the authority sign it.

        Args:
            name: Of the owner, and of the files.
            usage: ``serverAuth`` or ``clientAuth``.
            more: Further extensions, one a line.
        """
        asked, extensions = self._scratch / f"{name}.csr", self._scratch / f"{name}.ext"
        extensions.write_text(_EXTENSIONS.format(usage=usage, more=more))
        self._run("req", *_KEY, *self._settings, "-subj", f"/CN={name}", *self._outputs(name, asked))
        authority = ("-CA", str(self._folder / f"{AUTHORITY}.pem"), "-CAkey", str(self._folder / f"{AUTHORITY}.key"))
        self._run(
            *("x509", "-req", "-in", str(asked), *authority, "-CAcreateserial"),
            *("-CAserial", str(self._scratch / "serial"), "-extfile", str(extensions), "-days", self._days),
            *("-out", str(self._folder / f"{name}.pem")),
        )

    def _outputs(self, name: str, made: Path) -> tuple[str, ...]:
        return "-keyout", str(self._folder / f"{name}.key"), "-out", str(made)

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([_PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise AuthorityError(f"{_PROGRAM} {arguments[0]} failed: {done.stderr.strip()}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
