"""The one compile policy.

``@scalar`` marks a physics function of a few lines, ``@kernel`` a loop over arrays. Both release the GIL, divide like
NumPy, and keep strict floating-point order, so that the same inputs give the same bits. Compiled code is cached on disk.

Importing this module imports numba (0.5 s): modules that only describe data must not import it.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba.core import event


def _compile(function: Callable[..., Any]) -> Any:
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)


def scalar(function: Callable[..., Any]) -> Any:
    """Compile a physics function of scalars; it is inlined into the kernels that call it."""
    return _compile(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over arrays. A kernel never allocates, logs or reads configuration."""
    return _compile(function)


def on_compile(report: Callable[[str], None]) -> None:
    """Call ``report`` with the name of every function that is about to be compiled; what comes from the cache is silent."""

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, started: Any) -> None:
            report(started.data["dispatcher"].py_func.__name__)

        def on_end(self, ended: Any) -> None:
            pass

    event.register("numba:compile", Listener())
