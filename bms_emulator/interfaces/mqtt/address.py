"""Where a broker is, and what proves us to it and it to us."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bms_emulator.profile.site import Mqtt

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Address:
    """Where a broker is."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


def parse_url(url: str) -> Address:
    """The address in a URL.

    Raises:
        ValueError: It is none; the message says what is allowed.
    """
    allowed = "allowed: embedded, off, mqtt://host[:port] or mqtts://host[:port]"
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "mqtt.broker: the URL carries a user name or password; give mqtt.username and mqtt.password_env"
        )
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"mqtt.broker = {url!r}: {error}; {allowed}") from None
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or extra:
        raise ValueError(f"mqtt.broker = {url!r}: is no address of a broker; {allowed}")
    return Address(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")


def credentials(address: Address, options: Mqtt) -> tuple[str | None, ssl.SSLContext | None]:
    """Password and TLS context from the options.

    Raises:
        ValueError: They do not fit together, a file or the password is missing or unusable; all problems at once.
    """
    problems = []
    password = None
    if options.password_env is not None:
        password = os.environ.get(options.password_env)
        if password is None:
            problems.append(f"mqtt.password_env = {options.password_env!r}: there is no such environment variable")
        if options.username is None:
            problems.append("mqtt.password_env: needs mqtt.username")
    files = {name: getattr(options, name) for name in ("ca_file", "certificate_file", "key_file")}
    given = {name: file for name, file in files.items() if file is not None}
    if given and not address.tls:
        problems.append(f"mqtt.{', mqtt.'.join(given)}: need an mqtts:// broker, not {address}")
    problems += [f"mqtt.{name} = {file!r}: no such file" for name, file in given.items() if not Path(file).is_file()]
    if problems:
        raise ValueError("; ".join(problems))
    if not address.tls:
        return password, None
    return password, _tls(options)


def _tls(options: Mqtt) -> ssl.SSLContext:
    problems = []
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # that authority, and none of the system's
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(options.ca_file)
        except OSError as error:
            problems.append(f"mqtt.ca_file = {options.ca_file!r}: holds no certificate in PEM ({error})")
    if options.certificate_file is not None:
        try:
            context.load_cert_chain(options.certificate_file, options.key_file)
        except OSError as error:
            problems.append(
                f"mqtt.certificate_file = {options.certificate_file!r}, mqtt.key_file = {options.key_file!r}: "
                f"must be a certificate and its key in PEM ({error})"
            )
    if problems:
        raise ValueError("; ".join(problems))
    return context
