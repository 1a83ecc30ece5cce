"""What is read of an X.509 certificate: how long it is valid, and the role that Modbus/TCP Security puts into it.

Both are DER (ITU-T X.690): elements of a tag, a length and a content, one within the other. RFC 5280, section 4.1 has
their order.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

ROLE_OID = bytes((0x2B, 6, 1, 4, 1, 0x83, 0x89, 0x0C, 0x86, 0x22, 1))
"""1.3.6.1.4.1.50316.802.1"""

_SEQUENCE, _OID, _OCTETS, _UTF8, _EXTENSIONS = 0x30, 0x06, 0x04, 0x0C, 0xA3
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_LONG = 0x80


def role_of(certificate: bytes) -> str | None:
    """The role of the owner of a certificate; None where it names none, or not as it should.

    Args:
        certificate: The certificate as DER.
    """
    try:
        for tag, content in _elements(_signed(certificate)):
            if tag == _EXTENSIONS:
                return _role(content)
    except ValueError:
        pass
    return None


def validity(certificate: bytes) -> tuple[float, float]:
    """From when to when a certificate is valid [s since 1970].

    Raises:
        ValueError: It is no certificate.
    """
    spans = [content for tag, content in _elements(_signed(certificate)) if tag == _SEQUENCE]
    if len(spans) < 3:
        raise ValueError("no certificate")
    times = [  # the third sequence, after the algorithm and the issuer
        datetime.strptime(content.decode("ascii"), _TIMES[tag]).replace(tzinfo=UTC).timestamp()
        for tag, content in _elements(spans[2])
        if tag in _TIMES
    ]
    if len(times) != 2:
        raise ValueError("no certificate")
    return times[0], times[1]


def _role(extensions: bytes) -> str | None:
    """Value of the extension that names the role."""
    for _, extension in _elements(_content(extensions)):
        parts = list(_elements(extension))
        if len(parts) > 1 and parts[0] == (_OID, ROLE_OID) and parts[-1][0] == _OCTETS:
            tag, text = next(_elements(parts[-1][1]))
            return text.decode("utf-8") if tag == _UTF8 else None
    return None


def _signed(certificate: bytes) -> bytes:
    """The part of a certificate that is signed."""
    return _content(_content(certificate))


def _content(element: bytes) -> bytes:
    """Content of the first element."""
    for tag, content in _elements(element):
        if tag == _SEQUENCE:
            return content
        break
    raise ValueError("no certificate")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of the elements that stand side by side.

    Raises:
        ValueError: They are no elements.
    """
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("cut off")
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= _LONG:
            digits = size - _LONG
            size = int.from_bytes(data[at : at + digits], "big")
            at += digits
        if at + size > len(data):
            raise ValueError("cut off")
        yield tag, data[at : at + size]
        at += size
