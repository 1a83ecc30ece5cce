"""Device identification (function 43, MEI type 14)."""

from bms_emulator.interfaces.modbus.pdu import ExceptionCode, refuse_unless
from bms_emulator.interfaces.modbus.wire import encode_identification

MEI_TYPE = 0x0E
BASIC, REGULAR, EXTENDED, SPECIFIC = 1, 2, 3, 4
_LAST_OBJECT = {BASIC: 2, REGULAR: 6, EXTENDED: 6}
CONFORMITY = 0x82
"""Regular identification, as a stream and one by one."""


def identify(pdu: bytes, identity: dict[int, str]) -> bytes:
    """Answer to a request for device identification.

    Args:
        pdu: Function code and data.
        identity: Texts by object id.

    Raises:
        Refusal: Another MEI type (01), a wrong length or read code (03), no such object (02).
    """
    refuse_unless(len(pdu) >= 2 and pdu[1] == MEI_TYPE, ExceptionCode.FUNCTION)
    refuse_unless(len(pdu) == 4 and BASIC <= pdu[2] <= SPECIFIC)
    code, first = pdu[2], pdu[3]
    if code == SPECIFIC:
        refuse_unless(first in identity, ExceptionCode.ADDRESS)
        chosen = {first: identity[first]}
    else:
        last = _LAST_OBJECT[code]
        first = first if first in identity and first <= last else 0  # an unknown object restarts the stream
        chosen = {number: text for number, text in identity.items() if first <= number <= last}
    return bytes((pdu[0],)) + encode_identification(code, chosen, CONFORMITY)
