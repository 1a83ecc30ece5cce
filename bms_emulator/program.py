"""Programs: kernels called one after the other, always with the same arguments, for next to nothing.

A bound kernel still costs 0.1 µs to call from Python, and 0.01 µs for every array that numba unpacks. Where kernels
follow each other and nothing is left open, that can be done once: a program notes down for each the words that its
machine code wants to see, and then calls one after the other without Python, for about 0.05 µs each. What varies
between calls stands in an array.

    step = Program(bind(count_charge, current, charge, dt), bind(limit_current, charge, limit))
    step()

A stub of machine code per kernel and types of its arguments loads the words and calls the kernel.
"""

import ctypes
import functools
import struct
from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numpy.typing import NDArray

from bms_emulator.jit import Bound, without_python

_RUN = """
define i64 @run(ptr %steps, i64 %count) {
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
  ret i64 %failed
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
            without_python(call.kernel).compile(_types_of(call))

    def _prepare(self) -> int:
        """Compile everything and run for the first time."""
        stubs = _stubs_of(self.calls)
        self._words = [_words(call.arguments) for call in self.calls]
        addresses = [(stub, words.ctypes.data) for stub, words in zip(stubs, self._words, strict=True)]
        steps = np.array(addresses, np.int64)
        self._words.append(steps)  # so that it stays alive
        self._run = functools.partial(_runner(), steps.ctypes.data, len(steps))
        return int(self._run())


def _words(arguments: Iterable[Any]) -> NDArray[np.int64]:
    """Arguments as a kernel's machine code takes them."""
    return np.array([word for argument in arguments for word in _words_of(argument)], np.int64)


def _words_of(argument: Any) -> list[int]:
    """Words of one argument; those of an array are seven or more, those of a tuple are those of its fields."""
    if isinstance(argument, np.ndarray):
        nobody = 0, 0  # counts references to the array, or knows its Python object
        return [*nobody, argument.size, argument.itemsize, argument.ctypes.data, *argument.shape, *argument.strides]
    if isinstance(argument, tuple):
        return [word for field in argument for word in _words_of(field)]
    if isinstance(argument, float):
        return [struct.unpack("q", struct.pack("d", argument))[0]]
    return [int(argument)]


_engines: list[Any] = []
"""What keeps machine code alive."""
_stubs: dict[tuple[Any, tuple[Any, ...]], int] = {}
"""Addresses of stubs by kernel and types of its arguments."""


def _types_of(call: Bound) -> tuple[Any, ...]:
    """Types of the arguments of a kernel."""
    return tuple(map(call.kernel.typeof_pyval, call.arguments))


def _stubs_of(calls: Iterable[Bound]) -> list[int]:
    """Addresses of the stubs of kernels, built where there is none yet."""
    keys: list[tuple[Any, tuple[Any, ...]]] = [(without_python(call.kernel), _types_of(call)) for call in calls]
    new = [key for key in dict.fromkeys(keys) if key not in _stubs]
    if new:
        engine = _compile("".join(_stub(f"stub{n}", *key) for n, key in enumerate(new)))
        _stubs.update({key: engine.get_function_address(f"stub{n}") for n, key in enumerate(new)})
    return [_stubs[key] for key in keys]


def _stub(name: str, kernel: Any, types: tuple[Any, ...]) -> str:
    """A function that loads words and calls a kernel with them; it returns the kernel's status."""
    kernel.compile(types)
    compiled = kernel.overloads[types]
    description = compiled.fndesc
    if description.restype != numba.none:
        raise TypeError(f"{description.qualname} returns something: no program can call it")
    function = compiled.target_context.call_conv.get_function_type(description.restype, description.argtypes)
    kinds = ["ptr" if isinstance(kind, ir.PointerType) else str(kind) for kind in function.args[2:]]
    loads = [
        f"  %at{n} = getelementptr i64, ptr %words, i64 {n}\n  %word{n} = load {kind}, ptr %at{n}\n"
        for n, kind in enumerate(kinds)
    ]
    arguments = ", ".join(f"{kind} %word{n}" for n, kind in enumerate(kinds))
    address = compiled.library.get_pointer_to_function(description.llvm_func_name)
    return (
        f"define i32 @{name}(ptr %words) {{\n  %result = alloca ptr\n  %error = alloca ptr\n{''.join(loads)}"
        f"  %status = call i32 inttoptr (i64 {address} to ptr)(ptr %result, ptr %error, {arguments})\n"
        f"  ret i32 %status\n}}\n"
    )


@functools.cache
def _runner() -> Any:
    """The function that calls all steps of a program, as Python sees it."""
    address = _compile(_RUN).get_function_address("run")
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(address)


def _compile(text: str) -> Any:
    """Machine code of functions in the language of LLVM; nothing to optimise."""
    module = binding.parse_assembly(text)
    module.verify()
    machine = binding.Target.from_default_triple().create_target_machine(opt=0, jit=True)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    return engine
