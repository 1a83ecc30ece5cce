"""What the keys of a model are: the texts that stand under them in its source.

They are read when somebody asks. Pydantic would read them whenever a process starts, for a tenth of that time.
"""

import ast
import functools
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise

from pydantic import BaseModel


@functools.cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Text of each key of a model that has one, in their order."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _texts(base.__module__).get(base.__qualname__, {})
    return {name: found[name] for name in model.model_fields if name in found}


@functools.cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    """Texts under the annotated names of each class of a module, by name of the class and of the key."""
    return dict(_walk(ast.parse(inspect.getsource(sys.modules[module])), ""))


def _walk(node: ast.Module | ast.ClassDef, around: str) -> Iterator[tuple[str, dict[str, str]]]:
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield f"{around}{inner.name}", dict(_under(inner))
            yield from _walk(inner, f"{around}{inner.name}.")


def _under(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for key, text in pairwise(node.body):
        match key, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(found))):
                yield name, inspect.cleandoc(found)
