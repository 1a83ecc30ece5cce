"""The YAML reader: strict, with lines, and never running away."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bms_emulator.profile.document import DEPTH_MAX, NODE_MAX, SIZE_MAX, parse_document, read_document
from bms_emulator.profile.errors import ProfileError


def refusal(text: str) -> str:
    with pytest.raises(ProfileError) as caught:
        parse_document(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3.5", -3.5),
        ("1e-3", 1e-3),
        ("0x1F", 31),
        ("010", 10),
        ("true", True),
        ("null", None),
        ("", None),
        ("off", "off"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("'3'", "3"),
        ("3.1.1", "3.1.1"),
        ("[1, a, []]", [1, "a", []]),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read = parse_document(text, "f.yaml").data
    assert (read, type(read)) == (value, type(value))


def test_every_key_and_item_knows_its_line() -> None:
    document = parse_document("# comment\na: 1\nb:\n  c:\n    - 5\n    - {d: 6}\n", "f.yaml")
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", 0): 5,
        ("b", "c", 1): 6,
        ("b", "c", 1, "d"): 6,
    }
    assert document.line(("b", "missing", "key")) == 3


def test_a_key_that_stands_twice_is_a_problem_and_the_first_one_counts() -> None:
    document = parse_document("a: 1\nb: {c: 1}\na: {b: {c: 2}}\n", "f.yaml")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [str(p) for p in document.problems] == ["f.yaml:3: a: stands twice, first in line 1"]
    assert document.lines[("b", "c")] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", "f.yaml:1: anchor &x: anchors are not allowed, write the value out"),
        ("a: *x\n", "f.yaml:1: alias *x: aliases are not allowed, write the value out"),
        ("a: 1\nb: !!python/object:os.system x\n", "f.yaml:2: tag tag:yaml.org,2002:python/object:os.system"),
        ("? [a, b]\n: 1\n", "f.yaml:1: a key must be plain text"),
        ("a: 1\n---\nb: 1\n", "f.yaml:2: a second document"),
        ("a: 1\nb: [1\n", "f.yaml:3: not valid YAML"),
        ("a: 1\n\tb: 2\n", "f.yaml:2: not valid YAML"),
        ("[" * 100_000, f"f.yaml:1: nested deeper than {DEPTH_MAX} levels"),
        ("{a: " * 100_000, f"f.yaml:1: nested deeper than {DEPTH_MAX} levels"),
        ("[" + "1," * NODE_MAX + "]", f"more than {NODE_MAX} values"),
        ("a: " + "9" * 5000, "f.yaml:1: a number of more than 100 characters"),
        ('a: "\\ud800"', "f.yaml:1: "),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_line(text: str, message: str) -> None:
    assert message in refusal(text)


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refusal(bomb) == "f.yaml:1: anchor &a: anchors are not allowed, write the value out"


def test_a_merge_key_is_only_a_key() -> None:
    assert parse_document("<<: {a: 1}", "f.yaml").data == {"<<": {"a": 1}}


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (SIZE_MAX + 1))
    with pytest.raises(ProfileError, match=f"large.yaml: larger than {SIZE_MAX} bytes"):
        read_document(path)


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: \xb0C\n")
    with pytest.raises(ProfileError, match=r"latin.yaml:2: must be UTF-8 text"):
        read_document(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        read_document(tmp_path / "absent.yaml")


def test_terminal_escapes_in_a_file_are_not_passed_on(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(ProfileError) as caught:
        read_document(write("f.yaml", '"\\e[31m": 1\n? {a: 1}\n: 1\n'), "\x1b[31m")
    assert "\x1b" not in str(caught.value)


_YAMLISH = st.text(alphabet=st.sampled_from("ab01.-:,[]{}&*!|>'\"#%@`? \n\t~\\x\ud7ff\x85\x00é😀"), max_size=60)


@given(st.one_of(st.text(max_size=100), _YAMLISH))
@example("%YAML 9.9\n--- a")
@example("a: !<tag:x> b")
@example("- - - -\n - ?")
def test_no_text_gets_anything_but_data_or_a_profile_error(text: str) -> None:
    with contextlib.suppress(ProfileError):
        read = parse_document(text, "f.yaml").data
        assert read is None or isinstance(read, dict | list | str | int | float | bool)
