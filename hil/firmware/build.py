"""Builds the example firmware and its broken variants, once in a run."""

import os
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
GOOD = HERE / "build" / "libmybms.so"


def missing_programs() -> list[str]:
    """Programs that are needed to build and are not there."""
    compiler = shlex.split(os.environ.get("CC", "cc"))[0]
    return [program for program in (compiler, "make") if shutil.which(program) is None]


@cache
def build() -> Path:
    """Build all libraries; the good one.

    Raises:
        AssertionError: The compiler is not content.
    """
    made = subprocess.run(
        ["make", "-C", HERE, "-s", "-j2"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MAKEFLAGS": ""},
    )
    assert made.returncode == 0, f"make -C hil/firmware:\n{made.stdout}{made.stderr}"
    return GOOD


def variant(mistake: str) -> Path:
    """The library with one mistake."""
    return build().with_name(f"{GOOD.stem}-{mistake}.so")
