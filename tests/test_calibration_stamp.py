"""The stamp of the calibration tier: it notices a change of the sources, and only of what they do."""

import json
from pathlib import Path

import calibration
import pytest

from forecast.locations import ROOT, behaviour_digest


@pytest.fixture
def stamped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stamp of the present sources with one test that passed."""
    stamp = tmp_path / "calibration.json"
    monkeypatch.setattr(calibration, "STAMP", stamp)
    stamp.write_text(json.dumps({"sources": calibration.digests(), "results": {"a test": "passed"}}))
    return stamp


def test_a_stamp_of_the_present_sources_is_up_to_date(stamped: Path) -> None:
    assert calibration.differences() == []


def test_what_a_stamp_says_of_other_sources_is_named(stamped: Path) -> None:
    stamp = json.loads(stamped.read_text())
    stamp["sources"]["belief"] = "0" * 64
    stamp["sources"]["tests/belief/test_gone.py"] = "0" * 64
    stamp["results"]["another test"] = "failed"
    stamped.write_text(json.dumps(stamp))
    assert calibration.differences() == ["belief", "tests/belief/test_gone.py", "another test"]


def test_no_stamp_and_an_empty_one_are_out_of_date(stamped: Path) -> None:
    stamped.write_text(json.dumps({"sources": calibration.digests(), "results": {}}))
    assert calibration.differences() == ["the stamp has no results"]
    stamped.unlink()
    assert calibration.differences() == ["there is no stamp"]


def test_the_tests_of_the_tier_are_among_the_sources() -> None:
    assert {"tests/belief/test_front_fits.py", "tests/belief/test_instrument_faults.py"} < calibration.digests().keys()


def test_a_docstring_changes_no_digest_and_a_number_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "belief"
    package.mkdir()
    monkeypatch.setattr("forecast.locations.ROOT", tmp_path)

    def digest(text: str) -> str:
        (package / "a.py").write_text(text)
        return behaviour_digest("belief")

    first = digest('"""A module."""\n\nX = 1\n"""A number."""\n')
    assert digest('"""Another sentence."""\n\nX = 1  # one\n') == first
    assert digest('"""A module."""\n\nX = 2\n"""A number."""\n') != first
    assert ROOT.is_dir()
