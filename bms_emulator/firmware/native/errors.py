"""What can be wrong with a firmware, in one exception."""

from typing import Any, Literal, get_args

Kind = Literal[
    "load",  # no such file, none of this machine, functions missing
    "abi",  # another major version
    "describe",  # what it says of itself cannot be used
    "create",  # it does not support this rack, or made no instance
    "crash",  # a signal, or an exception of Python
    "exit",  # its process ended by itself
    "hang",  # no answer within the time limit
    "memory",  # more than it may have
    "forbidden",  # a system call that a firmware may not use
    "bounds",  # it wrote where nothing of its own is, and lives
    "struct_size",  # it was built with other structs than it says
    "error_code",  # its own word that something is wrong
]
KINDS: tuple[str, ...] = get_args(Kind)


class FirmwareError(Exception):
    """A firmware cannot be used, or is no more.

    Args:
        kind: What went wrong.
        message: For people; begins with the library's name.
        details: For programs, as far as known: ``call`` (function of the ABI), ``period`` (counted from 0 within the
            step), ``signal``, ``address``, ``backtrace`` (text), ``frames`` (``library``, ``offset``, ``symbol``),
            ``syscall``, ``code``, ``status``, ``missing``, ``printed`` (what it wrote to standard output and error).
    """

    def __init__(self, kind: Kind, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.details = details or {}
