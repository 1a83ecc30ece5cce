"""How a firmware in Python is named: ``path/file.py:Class`` or ``package.module:Class``."""

import re

_CLASS = re.compile(r"(?P<module>.+\.py|[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")


def is_python(library: str) -> bool:
    """Whether it names a class of Python and no shared library."""
    return _CLASS.fullmatch(library) is not None


def split(library: str) -> tuple[str, str]:
    """File or module, and class.

    Raises:
        ValueError: It names no class.
    """
    match = _CLASS.fullmatch(library)
    if match is None:
        raise ValueError(f"{library}: names no class")
    return match["module"], match["name"]
