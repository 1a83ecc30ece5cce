"""The one compile policy.

``@scalar`` marks a physics function of a few lines, ``@kernel`` a loop over arrays. Both release the GIL, divide like
NumPy, and keep strict floating-point order, so that the same inputs give the same bits. Both are compiled without
numba's runtime for memory: what allocates does not compile, and array arguments are not counted, neither in calls from
Python nor between compiled functions.

Compiled code is cached on disk, in a folder named after the source of the function's module and of all modules with
compiled functions that it imports: numba by itself does not notice that an imported function has changed.

Importing this module imports numba (0.5 s): modules that only describe data must not import it.
"""

import functools
import hashlib
import importlib
import importlib.util
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding
from numba.core import event, targetconfig
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.registry import CPUDispatcher
from numba.np.unsafe.ndarray import to_fixed_tuple

from bms_emulator.stub import cache_home, caller

_IMPORT = re.compile(r"^from (bms_emulator[\w.]*) import", re.MULTILINE)


_POLICY: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    "_nrt": False,  # numba's memory runtime
    "no_cfunc_wrapper": True,  # for calls from C, which nobody makes; a tenth of the time to compile
}


@functools.cache
def _defaults(kind: Any) -> dict[str, Any]:
    return {name: option.default for name, option in kind.options.items()}


def _values(config: Any) -> dict[str, Any]:
    """All options of a compilation. Numba asks property by property, for a seventh of the time to compile."""
    kind: Any = type(config)
    return _defaults(kind) | config._values


targetconfig.TargetConfig.values = _values  # type: ignore[method-assign]

fields_of: Any = to_fixed_tuple
"""Compiled: the first numbers of an array as a tuple of so many, to make a model of within a kernel.

    model = ChillerModel(*fields_of(constants, FIELD_COUNT))

In a call from Python that is not bound numba looks at each field of a named tuple, for 1 to 2 µs.
"""


def _compile(function: Callable[..., Any], shelf: str = "", **more: Any) -> Any:
    """Compile by the policy and more; the cache cannot tell by what a function was compiled, so each has its shelf."""
    compiled = numba.njit(**_POLICY, **more)(function)
    compiled._cache = _Cache(function, shelf)
    return compiled


class _Cache:
    """A function's cache on disk, which is not looked for before it is needed: that of most scalars never is."""

    def __init__(self, function: Callable[..., Any], shelf: str) -> None:
        self._where = function, shelf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    @functools.cached_property
    def _files(self) -> Any:
        _load_without_scipy()
        function, shelf = self._where
        numba.config.CACHE_DIR = str(_cache_folder(function.__module__) / shelf)  # type: ignore[attr-defined]
        return _Files(function)  # type: ignore[no-untyped-call]


@functools.cache
def _load_without_scipy() -> None:
    """Load what numba loads at the first compilation, but not scipy's linear algebra (0.2 s), to see if it is there.

    Without it numba's np.correlate is slower, which is all.
    """

    def refuse() -> None:
        raise ImportError

    from numba.np import linalg

    linalg.ensure_blas, before = refuse, linalg.ensure_blas
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = before


class _Folder(_CacheLocator):
    """Where the files of a function are: in the folder of its source and shelf, so that they are always fresh there."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._line = function.__code__.co_firstlineno
        self._path = str(Path(numba.config.CACHE_DIR) / function.__module__)  # type: ignore[attr-defined]

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> "_Folder | None":
        """The folder; None where nothing can be written to it."""
        folder = cls(function, file)
        try:
            folder.ensure_cache_path()
        except OSError:
            return None
        return folder

    def get_cache_path(self) -> str:
        """The folder."""
        return self._path

    def get_source_stamp(self) -> str:
        """What the source is like."""
        return ""

    def get_disambiguator(self) -> str:
        """What tells functions of one name apart."""
        return str(self._line)

    def ensure_cache_path(self) -> None:
        """Make the folder. OSError: nothing can be written to it."""
        _make(self._path)


@functools.cache
def _make(path: str) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path).close()


class _Reduced(CompileResultCacheImpl):
    """What of a compiled function is kept: as numba does, but what others need to inline it is read only for them.

    That is half of the time to load a function.
    """

    _locator_classes = [_Folder, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012 (numba's own is a list)

    def reduce(self, compiled: Any) -> Any:
        """What is written."""
        module = compiled.library._get_module_for_linking()
        symbols = [each.name for each in (*module.functions, *module.global_variables) if not each.is_declaration]
        return symbols, super().reduce(compiled)  # type: ignore[no-untyped-call]

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        """The function from what was written."""
        symbols, ((name, kind, (code, bitcode)), *rest) = payload
        target_context.codegen()._engine._defined_symbols.update(symbols)
        payload = ((name, kind, (code, _nothing())), *rest)
        compiled = super().rebuild(target_context, payload)  # type: ignore[no-untyped-call]
        compiled.library._get_module_for_linking = functools.cache(lambda: binding.parse_bitcode(bitcode))
        return compiled


class _Files(FunctionCache):
    """Files of the cache."""

    _impl_class = _Reduced


@functools.cache
def _nothing() -> bytes:
    """An empty module as bitcode."""
    return bytes(binding.parse_assembly("").as_bitcode())


class Scalar(CPUDispatcher):
    """A compiled function for kernels; what Python needs to call it is compiled only if Python does."""

    def __call__(self, *arguments: Any) -> Any:
        """Call it from Python."""
        return _callable(self.py_func)(*arguments)


@functools.cache
def _callable(function: Callable[..., Any]) -> Any:
    """A scalar as Python may call it."""
    return _compile(function, "python")


def scalar(function: Callable[..., Any]) -> Any:
    """Compile a physics function of scalars; it is inlined into the kernels that call it."""
    compiled = _compile(function, no_cpython_wrapper=True)  # a fifth of the time to compile all
    compiled.__class__ = Scalar
    return compiled


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop over arrays. A kernel never allocates, logs or reads configuration."""
    return _compile(function)


@functools.cache
def _without_python(function: Any) -> Any:
    """A kernel that Python calls through a stub only: an eighth of the time to compile it."""
    return _compile(function.py_func, "stub", no_cpython_wrapper=True)


class Bound:
    """A kernel and those of its arguments that are the same in every call; see :func:`bind`.

    Attributes:
        kernel: The compiled function.
        arguments: Those that are the same in every call.
        call: Calls it, with the numbers that are left, always of the same types.
    """

    def __init__(self, function: Any, arguments: tuple[Any, ...]) -> None:
        self.kernel = _without_python(function)
        self.call: Callable[..., Any] = self._call_first
        self.arguments = arguments
        self._words: Any = None

    def _call_first(self, *rest: Any) -> Any:
        self.call, self._words = caller(self.kernel, self.arguments, rest)
        return self.call(*rest)


def bind(function: Any, *arguments: Any) -> Bound:
    """Bind a kernel to its first arguments: arrays that never move, and models.

    In a call from Python numba looks at every argument, to find the code that was compiled for it and to unpack it; for
    a named tuple that takes 1 to 2 µs. Here it is done in the first call only, which compiles where nothing is cached.
    """
    return Bound(function, arguments)


def on_compile(report: Callable[[str], None]) -> None:
    """Call ``report`` with the name of every function about to be compiled; what comes from the cache is silent."""

    class Listener(event.Listener):
        def on_start(self, started: event.Event) -> None:
            report(started.data["dispatcher"].py_func.__name__)

        def on_end(self, ended: event.Event) -> None:
            pass

    event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]


@functools.cache
def _cache_folder(module: str) -> Path:
    """Where the compiled functions of a module are kept."""
    digest = hashlib.sha256()
    for name in sorted({__name__, *_closure(module)}):
        digest.update(_source(name).encode())
    return cache_home() / "kernels" / digest.hexdigest()[:16]


def _closure(module: str) -> set[str]:
    """A module and all modules with compiled functions that it imports, directly or not."""
    found: set[str] = set()
    pending = {module}
    while pending:
        name = pending.pop()
        found.add(name)
        pending |= {other for other in _IMPORT.findall(_source(name)) if __name__ in _source(other)} - found
    return found


@functools.cache
def _source(module: str) -> str:
    """Source text of a module; empty where it has none."""
    loaded = sys.modules.get(module)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(module)
    return Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin else ""
