"""Damaged files of a scenario: every kind of damage raises one error with file, key and what is allowed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from damage import contents, copy, cut, swap, write
from places import TINY

from forecast.errors import InputError
from forecast.scenario.load import load_scenario
from forecast.timeline.fields import CAPACITY

CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("damaged_files.toml").read_text(encoding="utf-8"))[
    "case"
]
JARGON = ("pydantic", "Input should", "Extra inputs", "Value error", "https://errors", "\n", "None")


def damage(folder: Path, case: dict[str, Any]) -> None:
    """Damage a file as a case says; the file is left with other contents than before."""
    file, path = case["file"], folder / case["file"]
    before = contents(folder)
    match case:
        case {"old": old, "new": new}:
            swap(folder, file, old, new, after=case.get("after", ""), every=case.get("every", False))
        case {"add": more}:
            write(path, path.read_text(encoding="utf-8") + more)
        case {"cut": header}:
            cut(folder, file, header)
        case {"copy": table, "times": times}:
            copy(folder, file, table, times)
        case {"text": text}:
            write(path, text)
        case {"gone": True}:
            path.unlink()
    if "encoding" in case:
        write(path, path.read_text(encoding="utf-8"), case["encoding"])
    assert contents(folder) != before


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['file']}: {case.get('key', '')}: {case['words']}" for case in CASES]
)
def test_damage_raises_one_error_with_file_and_key(tiny_folder: Path, case: dict[str, Any]) -> None:
    damage(tiny_folder, case)
    before = contents(tiny_folder.parent)
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    error, file = caught.value, f"{TINY.name}/{case.get('wrong', case['file'])}"
    assert error.file == file
    assert (case["key"] in (error.key or "")) if "key" in case else error.key is None
    assert case["words"] in str(error)
    assert str(error).startswith(f"{file}: ")
    # One line, in the words of the files.
    assert not [jargon for jargon in JARGON if jargon in str(error)]
    assert contents(tiny_folder.parent) == before


def test_the_made_up_scenario_is_not_damaged(tiny_folder: Path) -> None:
    """The control: undamaged, the same folder loads."""
    assert load_scenario(tiny_folder).id == TINY.name


def test_too_many_clauses_are_refused(tiny_folder: Path) -> None:
    text = (tiny_folder / "settlements.toml").read_text()
    body = re.search(r'(?s)\[\[settlement\.armistice\.clause\]\]\nid = "return".*?(?=\n\[settlement\.pause\])', text)
    assert body is not None
    more = "\n".join(body[0].replace('"return"', f'"return{n}"') for n in range(CAPACITY["clause"] - 1))
    swap(tiny_folder, "settlements.toml", "\n[settlement.pause]", f"\n{more}\n[settlement.pause]")
    with pytest.raises(InputError, match=r"settlement\.armistice\.clause: found 9 clauses; expected 8"):
        load_scenario(tiny_folder)


def test_missing_parameters_are_all_listed(tiny_folder: Path) -> None:
    cut(tiny_folder, "moscow.toml", "[worth]")
    cut(tiny_folder, "moscow.toml", "[distrust]")
    with pytest.raises(InputError, match="worth: this parameter is missing, and so are distrust"):
        load_scenario(tiny_folder)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="void: the folder is empty"):
        load_scenario(tmp_path / "void")
