"""Small firmware in C, compiled once for all tests."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bms_emulator.firmware import native

Compile = Callable[..., Path]
"""Source text, further compiler options and the name of the library -> its path."""


@pytest.fixture(scope="session")
def compile_library(tmp_path_factory) -> Compile:
    """Compile C source text, with the header in reach; the same text is compiled once."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("libraries")

    def build(source: str, *options: str, name: str = "libbms.so") -> Path:
        key = hashlib.sha256("\0".join((source, *options)).encode()).hexdigest()[:12]
        path = folder / key / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            file = path.with_suffix(".c")
            file.write_text(source)
            include = Path(native.__file__).parent
            command = [compiler, "-g", "-shared", "-fPIC", f"-I{include}", "-o", str(path), str(file), *options]
            subprocess.run(command, check=True)
        return path

    return build


@pytest.fixture(scope="session")
def library(compile_library) -> Callable[..., str]:
    """Path of a library made from the file of that name in ``libraries``."""
    folder = Path(__file__).parent / "libraries"

    def build(name: str) -> str:
        source = (folder / f"{name}.c").read_text()
        return str(compile_library(source, f"-I{folder}", "-w", name=f"{name}.so"))

    return build
