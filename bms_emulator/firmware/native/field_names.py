"""Names of the bits and values of fields in the C structs."""

from enum import IntFlag

from bms_emulator.firmware.contract import ChillerRequest, CmuFault, ConnectFailure, ControllerFault, RackMode, Request
from bms_emulator.firmware.contract import names as names_of
from bms_emulator.firmware.native.abi import NO_CHILLER_REQUEST, CommandFlag, Contactor, DigitalInput, OutputFlag


def _bits(flags: type[IntFlag]) -> dict[int, str]:
    return {member.bit_length() - 1: str(member.name).lower() for member in flags}


BITS = {
    "contactor_feedback": _bits(Contactor),
    "contactor_command": _bits(Contactor),
    "digital_inputs": _bits(DigitalInput),
    "cmu_faults": names_of(CmuFault),
    "command.flags": _bits(CommandFlag),
    "flags": _bits(OutputFlag),
    "controller_faults": names_of(ControllerFault),
}
"""Names by the number of the bit."""
CHOICES = {
    "command.request": names_of(Request),
    "chiller_mode": names_of(ChillerRequest),
    "chiller_request": names_of(ChillerRequest) | {NO_CHILLER_REQUEST: "no_request"},
    "state": names_of(RackMode),
    "connect_failure": names_of(ConnectFailure),
}
"""Names by the value."""


def decoded(field: str, value: int) -> str | None:
    """A field's value as names, ``a+b`` for bits; None where it is a plain number."""
    if field in CHOICES:
        return CHOICES[field].get(value, str(value))
    if field not in BITS:
        return None
    return "+".join(BITS[field].get(bit, f"bit{bit}") for bit in range(32) if value >> bit & 1) or "0"
