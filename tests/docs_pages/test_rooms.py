"""The map of the code is the code's own."""

import pytest
from places import REPOSITORY

from forecast.docs_pages import rooms
from forecast.locations import ROOT


def test_the_map_is_up_to_date() -> None:
    told = "run `python -m forecast.docs_pages.rooms`"
    design = (REPOSITORY / rooms.DESIGN).read_text(encoding="utf-8")
    assert rooms.BEGIN in design
    assert rooms.page(design) == design, told
    assert (REPOSITORY / rooms.FIGURE).read_text(encoding="utf-8") == rooms.figure(), told


def test_every_room_is_on_the_map_once() -> None:
    named = [name for layer in rooms.layers() for name in layer]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("*.py")} - {"__init__", "__main__"}
    assert sorted(named) == sorted(packages | modules)
    assert len(modules) <= 6  # with __init__ and __main__, at most eight at the top


def test_a_package_that_does_not_say_what_flows_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "__init__.py").write_text('"""Things.\n\nIn: boxes.\n"""\n')
    monkeypatch.setattr(rooms, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="lacks `In"):
        rooms.room("attic")
