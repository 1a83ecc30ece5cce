"""Stubs: machine code that calls a kernel with arguments that stand in memory, so that Python need not know them.

Where a kernel is always called with the same arrays, they need to be unpacked once only: what its machine code wants to
see is noted down as words of 64 bits. A stub for each list of argument types loads the words and calls the kernel. The
first word is for what the kernel returns, the second is where the kernel is. Stubs are cached on disk.
"""

import contextlib
import ctypes
import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numpy.typing import NDArray

NATIVE = ctypes.CFUNCTYPE(ctypes.c_int32)
"""A function in machine code; given ctypes' own objects, which need no conversion, it is called twice as fast."""

HEAD = 2
"""Words before those of the arguments."""

_RESULTS: dict[Any, Callable[[NDArray[np.int64]], Any]] = {
    numba.boolean: lambda words: bool(words[0] & 1),
    numba.int64: lambda words: int(words[0]),
    numba.float64: lambda words: float(words.view(np.float64)[0]),
}
"""How what a kernel returns is read from the first word."""


def caller(kernel: Any, arguments: Sequence[Any], rest: Sequence[Any]) -> tuple[Callable[..., Any], NDArray[np.int64]]:
    """A function that calls a kernel with arguments that stay, and a rest of numbers that are given each time.

    It works on words that must be kept alive as long as it is.

    Args:
        kernel: The compiled function.
        arguments: Arrays, numbers and named tuples of these, which stay.
        rest: Examples of the numbers that follow.

    Raises:
        TypeError: The kernel cannot take an argument, or what it returns cannot be handed on.
    """
    types = tuple(map(kernel.typeof_pyval, (*arguments, *rest)))
    ((stub, address),) = stubs_of([(kernel, types)])
    returned = kernel.overloads[types].fndesc.restype
    name = kernel.py_func.__name__
    if returned != numba.none and returned not in _RESULTS:
        raise TypeError(f"{name} returns {returned}: must be one of {', '.join(map(str, _RESULTS))}, or nothing")
    words, result = words_of(address, (*arguments, *rest)), _RESULTS.get(returned)
    run, at = NATIVE(stub), ctypes.c_void_p(words.ctypes.data)
    fill = struct.Struct("".join("d" if isinstance(value, float) else "q" for value in rest))
    room, first = words.data.cast("B"), words.nbytes - fill.size

    def call(*given: Any) -> Any:
        try:
            fill.pack_into(room, first, *given)
        except struct.error as error:
            raise TypeError(f"{name}: {error}") from None
        if run(at):
            raise RuntimeError(f"{name} has failed")
        return None if result is None else result(words)

    def call_bare() -> None:
        if run(at):
            raise RuntimeError(f"{name} has failed")

    return (call if rest or result else call_bare), words


def words_of(kernel: int, arguments: Iterable[Any]) -> NDArray[np.int64]:
    """Room for a result, where the kernel is, and arguments as its machine code takes them."""
    return np.array([0, kernel, *(word for argument in arguments for word in _words_of(argument))], np.int64)


def _words_of(argument: Any) -> list[int]:
    """Words of one argument; those of an array are seven or more, those of a tuple are those of its fields."""
    if isinstance(argument, np.ndarray):
        nobody = 0, 0  # counts references to the array, or knows its Python object
        return [*nobody, argument.size, argument.itemsize, argument.ctypes.data, *argument.shape, *argument.strides]
    if isinstance(argument, tuple):
        return [word for field in argument for word in _words_of(field)]
    if isinstance(argument, float):
        return [struct.unpack("q", struct.pack("d", argument))[0]]
    return [int(argument) - (1 << 64) if argument >= 1 << 63 else int(argument)]


_engines: list[Any] = []
"""What keeps machine code alive."""
_stubs: dict[tuple[str, ...], int] = {}
"""Addresses of stubs by what a kernel's machine code takes."""


def stubs_of(calls: Iterable[tuple[Any, tuple[Any, ...]]]) -> list[tuple[int, int]]:
    """Addresses of stubs and of kernels for types of their arguments; built or compiled where there is none yet."""
    natives = [_native(*call) for call in calls]
    new = [kinds for kinds in dict.fromkeys(kinds for _, kinds in natives) if kinds not in _stubs]
    if new:
        engine = machine_code("".join(_stub(f"stub{n}", kinds) for n, kinds in enumerate(new)))
        _stubs.update({kinds: engine.get_function_address(f"stub{n}") for n, kinds in enumerate(new)})
    return [(_stubs[kinds], address) for address, kinds in natives]


def _native(kernel: Any, types: tuple[Any, ...]) -> tuple[int, tuple[str, ...]]:
    """Where the machine code of a kernel is, and what it takes."""
    kernel.compile(types)
    compiled = kernel.overloads[types]
    description = compiled.fndesc
    function = compiled.target_context.call_conv.get_function_type(description.restype, description.argtypes)
    kinds = tuple("ptr" if isinstance(kind, ir.PointerType) else str(kind) for kind in function.args[2:])
    return compiled.library.get_pointer_to_function(description.llvm_func_name), kinds


def _stub(name: str, kinds: Sequence[str]) -> str:
    """A function that loads words and calls a kernel with them; it returns the kernel's status."""
    loads = [
        f"  %at{n} = getelementptr i64, ptr %words, i64 {HEAD + n}\n  %word{n} = load {kind}, ptr %at{n}\n"
        for n, kind in enumerate(kinds)
    ]
    arguments = "".join(f", {kind} %word{n}" for n, kind in enumerate(kinds))
    return (
        f"define i32 @{name}(ptr %words) {{\n  %error = alloca ptr\n"
        "  %at_kernel = getelementptr i64, ptr %words, i64 1\n  %kernel = load ptr, ptr %at_kernel\n"
        f"{''.join(loads)}  %status = call i32 %kernel(ptr %words, ptr %error{arguments})\n  ret i32 %status\n}}\n"
    )


def machine_code(text: str) -> Any:
    """Machine code of functions in the language of LLVM; nothing to optimise."""
    target = binding.Target.from_default_triple()
    machine = target.create_target_machine(opt=0, jit=True)
    made_by = f"{binding.llvm_version_info} {binding.get_default_triple()}\n{text}"
    path = cache_home() / "stubs" / f"{hashlib.sha256(made_by.encode()).hexdigest()}.o"
    try:
        code = path.read_bytes()
    except OSError:
        module = binding.parse_assembly(text)
        module.verify()
        code = machine.emit_object(module)
        _keep(path, code)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return engine


def cache_home() -> Path:
    """Where compiled code is kept: beside the package, or with the user where nothing can be written there."""
    package = Path(__file__).parent
    return package / "__pycache__" if os.access(package, os.W_OK) else Path.home() / ".cache" / "bms-emulator"


def _keep(path: Path, code: bytes) -> None:
    """Write a file at once, if it can be written: others may read it meanwhile."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(code)
        Path(file.name).replace(path)
