"""Programs: kernels called one after the other, always with the same arguments, for next to nothing.

A bound kernel costs a few tenths of a microsecond to call from Python. Where kernels follow each other and nothing is
left open, a program calls one after the other without Python, for about 0.05 µs each. What varies between calls stands
in an array.

    step = Program(bind(count_charge, current, charge, dt), bind(limit_current, charge, limit))
    step()
"""

import ctypes
import functools
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bms_emulator.jit import Bound
from bms_emulator.stub import NATIVE, machine_code, stubs_of, words_of

_RUN = """
define i32 @run(ptr %steps, i64 %count) {
entry:
  br label %loop
loop:
  %n = phi i64 [ 0, %entry ], [ %next, %step ]
  %more = icmp slt i64 %n, %count
  br i1 %more, label %step, label %end
step:
  %at = getelementptr [2 x ptr], ptr %steps, i64 %n
  %stub = load ptr, ptr %at
  %at_words = getelementptr ptr, ptr %at, i64 1
  %words = load ptr, ptr %at_words
  %status = call i32 %stub(ptr %words)
  %next = add i64 %n, 1
  %fine = icmp eq i32 %status, 0
  br i1 %fine, label %loop, label %end
end:
  %failed = phi i64 [ 0, %loop ], [ %next, %step ]
  %number = trunc i64 %failed to i32
  ret i32 %number
}
"""
"""Calls all steps, each a stub and its words, in their order; 0, or the number of the first that has failed."""


class Program:
    """Bound kernels, called in their order; arrays may change, but not move.

    Args:
        calls: Kernels that return nothing, bound to all of their arguments: arrays, numbers, and named tuples of these.

    Raises:
        RuntimeError: A kernel has failed.
        TypeError: A kernel returns something, or cannot take an argument.
    """

    def __init__(self, *calls: Bound) -> None:
        self.calls = calls
        self._words: list[NDArray[np.int64]] = []
        self._run: Any = self._prepare

    def __call__(self) -> None:
        """Call all kernels; the first time compiles them."""
        failed = self._run()
        if failed:
            raise RuntimeError(f"{self.calls[failed - 1].kernel.py_func.__name__} has failed")

    def compile_backwards(self) -> None:
        """Compile the last kernel first, so that two processes that compile share the work; run nothing."""
        for call in reversed(self.calls):
            call.kernel.compile(_types_of(call))

    def _prepare(self) -> int:
        """Compile everything and run for the first time."""
        stubs = stubs_of([(call.kernel, _types_of(call)) for call in self.calls])
        for call in self.calls:
            if call.kernel.overloads[_types_of(call)].fndesc.restype != numba.none:
                raise TypeError(f"{call.kernel.py_func.__name__} returns something: no program can call it")
        self._words = [words_of(kernel, call.arguments) for (_, kernel), call in zip(stubs, self.calls, strict=True)]
        addresses = [(stub, words.ctypes.data) for (stub, _), words in zip(stubs, self._words, strict=True)]
        steps = np.array(addresses, np.int64)
        self._words.append(steps)  # so that it stays alive
        self._run = functools.partial(_runner(), ctypes.c_void_p(steps.ctypes.data), ctypes.c_int64(len(steps)))
        return int(self._run())


def _types_of(call: Bound) -> tuple[Any, ...]:
    """Types of the arguments of a kernel."""
    return tuple(map(call.kernel.typeof_pyval, call.arguments))


@functools.cache
def _runner() -> Any:
    """The function that calls all steps of a program, as Python sees it."""
    return NATIVE(machine_code(_RUN).get_function_address("run"))
