"""The models: described keys, and plain words for whatever may stand in a file."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bms_emulator.profile.base import Section, source_problems
from bms_emulator.profile.descriptions import descriptions
from bms_emulator.profile.document import read_document
from bms_emulator.profile.folders import Folders, shipped_folder
from bms_emulator.profile.loader import KINDS, load_profile, named_kinds
from bms_emulator.profile.wording import MESSAGES, findings

SHIPPED = Folders((shipped_folder(),))
FILES = [found for kind in KINDS for found in SHIPPED.list(kind).values()]
WRONG: list[Any] = [None, True, "x", "", -1, -1e12, 1e12, 0.5, float("nan"), [], ["x"], [1.0] * 300, {}, {"x": 1}]


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *typing.get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Section):
                yield from sections(part)


@pytest.mark.parametrize("model", sorted(set(sections(KINDS["sites"])), key=str), ids=lambda m: m.__name__)
def test_every_key_and_section_is_described(model: type[BaseModel]) -> None:
    assert model.__doc__
    assert list(descriptions(model)) == list(model.model_fields)


def changed(content: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """The content with one thing wrong, for everything in it and every wrong value."""
    if path:
        yield from ((wrong, path) for wrong in WRONG)
    if isinstance(content, dict):
        for key, value in content.items():
            for new, where in changed(value, (*path, key)):
                yield {**content, key: new}, where
            yield {k: v for k, v in content.items() if k != key}, (*path, key)
        yield {**content, "new_key": 1}, (*path, "new_key")
    elif isinstance(content, list):
        for index in range(min(len(content), 2)):
            for new, where in changed(content[index], (*path, index)):
                yield [*content[:index], new, *content[index + 1 :]], where
        yield content[:-1], path


@pytest.mark.parametrize("found", FILES, ids=lambda f: f"{f.kind}/{f.name}")
def test_every_error_has_plain_words_and_a_place(found: Any) -> None:
    model = KINDS[found.kind]
    data = read_document(found.path).data
    parts = {key: load_profile(kind, data.pop(key)) for key, kind in named_kinds(model).items()}
    data.pop("sources", None)
    refused = 0
    for content, where in changed(data, ()):
        try:
            model.model_validate(content | parts)
        except ValidationError as error:
            refused += 1
            kinds = {detail["type"] for detail in error.errors()}
            assert kinds <= MESSAGES.keys() | {"laws"}, (where, kinds)
            for path, _, message in findings(error, model):
                assert message
                assert not message.startswith("Input"), (path, message)
                assert "None" not in path
    assert refused > 50


def test_a_number_without_a_source_is_found_and_a_choice_needs_none() -> None:
    data = {"name": "x", "a": 1, "b": {"c": 2, "d": [1, 2]}, "e": "text", "f": True, "sources": {"b.d": "[D] y"}}
    assert list(source_problems(data)) == [
        (("a",), ("a",), "has no entry in sources"),
        (("b", "c"), ("b", "c"), "has no entry in sources"),
    ]


@pytest.mark.parametrize(("text", "is_good"), [("[V] x", True), ("[S/U] x", True), ("[X] x", False), ("x", False)])
def test_a_source_begins_with_its_grade(text: str, is_good: bool) -> None:
    assert (list(source_problems({"a": 1, "sources": {"a": text}})) == []) is is_good
