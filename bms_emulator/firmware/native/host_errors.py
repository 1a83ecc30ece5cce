"""Why a site with users' firmware cannot be run, or not be run on."""

from collections.abc import Sequence


class FirmwareProblems(ValueError):  # noqa: N818 (they are several)
    """Users' firmware cannot be run.

    Attributes:
        messages: All that is wrong.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


class FirmwareStopError(RuntimeError):
    """A user's firmware failed, and its profile wants the run to end with that."""
