"""Modbus/TCP Security: TLS with certificates of both sides, and roles that say what a client may do."""

import ssl
from collections.abc import Callable, Set
from datetime import UTC, datetime
from pathlib import Path

from bms_emulator.interfaces.modbus.certificate import role_of, validity
from bms_emulator.interfaces.modbus.station import EVERYTHING, NOTHING, READING
from bms_emulator.profile.site import ModbusTls

_PERMITTED: dict[str | None, Set[int]] = {"read": READING, "write": EVERYTHING, None: NOTHING}
_END = "-----END CERTIFICATE-----"
_BEGIN = "-----BEGIN CERTIFICATE-----"


def context_of(tls: ModbusTls) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client needs a certificate too.

    Raises:
        OSError: A file cannot be used; :func:`problems` says which and why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tls.ca_file)
    context.load_cert_chain(tls.certificate_file, tls.key_file, password="")
    return context


def permission(tls: ModbusTls) -> Callable[[bytes], Set[int]]:
    """Functions that the owner of a certificate (DER) may use."""
    return lambda certificate: _PERMITTED[tls.roles.get(role_of(certificate) or "")]


def problems(tls: ModbusTls, now: float) -> list[str]:
    """What is wrong with the files, each under its key; empty where nothing is.

    Args:
        tls: The files.
        now: Time at which certificates must be valid [s since 1970].
    """
    found = [
        f"modbus.tls.{key} = {getattr(tls, key)!r}: {problem}"
        for key, check in (("certificate_file", _certificates), ("key_file", _key), ("ca_file", _certificates))
        if (problem := check(Path(getattr(tls, key)), now))
    ]
    if not found:
        try:
            context_of(tls)
        except ssl.SSLError as error:
            reason = "is not the key of the certificate" if error.reason == "KEY_VALUES_MISMATCH" else _words(error)
            found.append(f"modbus.tls.key_file = {tls.key_file!r}: {reason}")
    return found


def _certificates(path: Path, now: float) -> str:
    """What is wrong with a file of certificates."""
    text, problem = _text(path)
    if problem:
        return problem
    blocks = [block + _END for block in text.split(_END)[:-1] if _BEGIN in block]
    if not blocks:
        return "is no certificate (PEM)"
    for block in blocks:
        try:
            since, until = validity(ssl.PEM_cert_to_DER_cert(block[block.index(_BEGIN) :]))
        except ValueError:
            return "is no certificate (PEM)"
        if now > until:
            return f"has expired on {_date(until)}"
        if now < since:
            return f"is not valid before {_date(since)}"
    return ""


def _key(path: Path, _: float) -> str:
    """What is wrong with a file of a key."""
    text, problem = _text(path)
    if problem:
        return problem
    if "ENCRYPTED" in text:
        return "is encrypted; a key without a password is needed"
    return "" if "PRIVATE KEY-----" in text else "is no private key (PEM)"


def _text(path: Path) -> tuple[str, str]:
    """What a file says, and why it cannot be read."""
    if not path.is_file():
        return "", "no such file"
    try:
        return path.read_text("ascii", "replace"), ""
    except OSError as error:
        return "", error.strerror or str(error)


def _words(error: ssl.SSLError) -> str:
    return f"cannot be used: {(error.reason or str(error)).lower().replace('_', ' ')}"


def _date(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
