"""The files of a scenario: which are read, and how the TOML among them is parsed."""

from pathlib import Path

import pytest

from forecast.errors import InputError
from forecast.scenario.files import parse_tables, read_folder


def test_every_file_is_read_by_its_path(tiny_folder: Path) -> None:
    (tiny_folder / ".hidden").write_text("x")
    texts = read_folder(tiny_folder)
    assert {"scenario.toml", "evidence/area_survey.csv", "perspectives/hopeful.toml"} <= set(texts)
    assert ".hidden" not in texts


def test_toml_alone_is_parsed() -> None:
    assert parse_tables({"a.toml": "x = 1", "b.csv": "x"}, "void") == {"a.toml": {"x": 1}}


def test_a_file_from_elsewhere_is_called_by_its_own_path() -> None:
    with pytest.raises(InputError) as caught:
        parse_tables({"perspectives/mine.toml": "="}, "void", {"perspectives/mine.toml": Path("there.toml")})
    assert (caught.value.file, caught.value.key) == (Path("there.toml"), "line 1, column 1")


@pytest.mark.parametrize("name", ["evidence", "reference"])
def test_a_file_in_place_of_a_folder_is_refused(tiny_folder: Path, name: str) -> None:
    for path in (tiny_folder / name).iterdir():
        path.unlink()
    (tiny_folder / name).rmdir()
    (tiny_folder / name).write_text("x")
    with pytest.raises(InputError, match=f"two-islands/{name}: it is a file; expected a folder"):
        read_folder(tiny_folder)
