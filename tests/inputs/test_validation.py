"""Tables of files: what is refused, and in which words."""

import os
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass as table_dataclass

from forecast.errors import InputError
from forecast.inputs.validation import (
    STRICT,
    Day,
    Place,
    Raws,
    Table,
    Texts,
    Triple,
    as_table,
    list_folder,
    parse_toml,
    read_text,
    shown,
)

PLACE = Place("void/x.toml", "top")


class Inner(Table):
    id: str = ""
    size: float


class Outer(Table):
    id: str
    inner: Inner
    many: Annotated[tuple[Inner, ...], Field(strict=False)] = ()
    by_name: dict[str, Inner] = Field(default_factory=dict)
    class_: Annotated[Inner, Field(alias="class")] = Inner(size=0.0)
    words: Texts = ()
    three: Triple | None = None
    day: Day | None = None


@table_dataclass(frozen=True, kw_only=True, config=STRICT)
class Flat:
    inner: Inner
    items: Annotated[Raws, Field(alias="item")] = ()


SOUND: dict[str, Any] = {"inner": {"size": 1.0}, "words": ["a", "b"], "three": [1, 2.0, 3], "day": "2031-03-03"}


def test_a_table_is_its_record() -> None:
    table = as_table(Outer, SOUND, PLACE, id="x")
    assert (table.id, table.words, table.three, table.inner.size) == ("x", ("a", "b"), (1.0, 2.0, 3.0), 1.0)
    assert table.record(Inner, size=2.0) == Inner(id="x", size=2.0)
    with pytest.raises(ValueError, match="frozen"):
        table.id = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"id": "y"}, "top.id", "unknown key; expected inner, many, by_name, class, words, three, day"),
        ({"innr": 1}, "top.innr", "Did you mean inner"),
        ({"inner": {}}, "top.inner.size", "it is missing; a table here needs size"),
        ({"inner": 3}, "top.inner", "found 3; expected a table"),
        ({"many": [{"size": 1.0}, {"sise": 1.0}]}, "top.many.2.sise", "expected id, size"),
        ({"many": [{"id": "b", "size": "1"}]}, "top.many.b.size", "found '1'; expected a number"),
        ({"by_name": {"b": {"size": True}}}, "top.by_name.b.size", "found true; expected a number"),
        ({"by_name": {"b": {}}}, "top.by_name.b.size", "it is missing"),
        ({"class": {"size": 1.0, "more": 1}}, "top.class.more", "expected id, size"),
        ({"class": {}}, "top.class.size", "it is missing; a table here needs size"),
        ({"words": ["a", " "]}, "top.words.2", "found ' '; expected text that is not blank"),
        ({"words": "a"}, "top.words", "found 'a'; expected a list, in [ ]"),
        ({"three": [1, 2]}, "top.three", "found [1, 2]; expected a list of 3 numbers"),
        ({"three": [1, 2, float("inf")]}, "top.three.3", "expected a finite number"),
        ({"day": "2031-02-30"}, "top.day", "found '2031-02-30'; expected a real day, written YYYY-MM-DD"),
        ({"day": 3}, "top.day", "found 3; expected a day"),
    ],
)
def test_a_wrong_table_is_refused(change: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        as_table(Outer, SOUND | change, PLACE, id="x")
    assert (caught.value.file, caught.value.key) == ("void/x.toml", key)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "key", "words"),
    [
        ({"inner": {"size": 1.0}, "items": []}, "top.items", "unknown key; expected inner, item. Did you mean item"),
        ({}, "top.inner", "it is missing; a table here needs inner. Add it"),
        ({"inner": {"size": "1"}}, "top.inner.size", "found '1'"),
    ],
)
def test_a_dataclass_is_checked_like_a_table(raw: dict[str, Any], key: str, words: str) -> None:
    assert as_table(Flat, {"inner": {"size": 1.0}, "item": [3]}, PLACE).items == (3,)
    with pytest.raises(InputError) as caught:
        as_table(Flat, raw, PLACE)
    assert caught.value.key == key
    assert words in str(caught.value)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(InputError, match=r"top: found 3; expected a table"):
        as_table(Outer, 3, PLACE, id="x")


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("x = ]", "line 1, column 5", "it is not TOML: Invalid value"),
        ("[a]\n[b]\n[a]\n", "a", "the table is given twice, again at line 3"),
        ('[a."b.c"]\n[a."b.c"]\n', "a.b.c", "given twice"),
        ('x = """', "end of document", "it is not TOML"),
        ("x = " + "1" * 5000, None, "found a whole number of thousands of digits; expected at most 1,000. Write"),
        ("x = " + "[" * 5000, None, "found lists or tables nested too deeply; expected a few levels"),
    ],
)
def test_wrong_toml_is_refused_with_its_place(text: str, key: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_toml(text, Place("void/x.toml"))
    assert caught.value.key == key
    assert words in str(caught.value)


def test_values_are_shown_as_toml_has_them() -> None:
    assert shown((1.0, True, "a")) == shown([1.0, True, "a"]) == "[1, true, 'a']"
    assert shown({"a": 1}) == "a table"
    assert shown(None) == "null"
    assert len(shown("x" * 200)) == 80


# Files and folders


def test_a_file_is_read_with_or_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(b"\xef\xbb\xbfx = 1")
    assert read_text(file, PLACE) == "x = 1"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "there is no such file"),
        ("folder", "it is a folder; expected a file"),
        ("pipe", "it is a pipe; expected a file"),
        ("device", "it is a device; expected a file"),
        ("x" * 300, "it cannot be read (File name too long)"),
        ("a\0b", "a file cannot have this name"),
        ("bytes", "it is not UTF-8: byte 0xff at position 0"),
    ],
)
def test_what_is_not_a_text_file_is_refused_at_once(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(InputError) as caught:
        read_text(tmp_path / name, Place(tmp_path / name))
    assert words in str(caught.value)
    assert "\0" not in str(caught.value)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.toml").write_text("x")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"it cannot be read \(Permission denied\)\. Check its permissions"):
        read_text(tmp_path / "x.toml", PLACE)


def test_a_folder_is_listed_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "._a.csv", ".DS_Store"):
        (tmp_path / name).write_bytes(b"\x00")
    assert list_folder(tmp_path, PLACE) == ["a.csv", "b.csv"]
    with pytest.raises(InputError, match="it is a file; expected a folder"):
        list_folder(tmp_path / "a.csv", PLACE)


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"it cannot be read \(Permission denied\)"):
        list_folder(tmp_path, PLACE)


def test_an_error_that_is_not_the_user_s_is_not_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.toml").write_text("x")

    def fail(_: Path) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(RuntimeError):
        read_text(tmp_path / "x.toml", PLACE)


def test_a_number_that_no_float_can_hold_is_refused() -> None:
    with pytest.raises(InputError, match=r"inner\.size: found 1000.*; expected a number"):
        as_table(Outer, SOUND | {"inner": {"size": 10**400}}, PLACE, id="x")
