"""What only the laboratory commands need, imported when it is needed and named when it is missing."""

import importlib
from typing import Any


class MissingExtraError(Exception):
    """A package of the extra ``lab`` is not installed."""


def scipy_optimize() -> Any:
    """``scipy.optimize``.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    return _lab_module("scipy.optimize")


def plotly_graphs() -> Any:
    """``plotly.graph_objects``.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    return _lab_module("plotly.graph_objects")


def plotly_subplots() -> Any:
    """``plotly.subplots``.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    return _lab_module("plotly.subplots")


def _lab_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise MissingExtraError(f"needs {package}, which is not installed: pip install 'bms-emulator[lab]'") from error
