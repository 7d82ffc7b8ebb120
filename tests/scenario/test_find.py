"""Where scenarios are found."""

import os
import shutil
from pathlib import Path

import pytest
from places import REPOSITORY

from forecast.errors import InputError
from forecast.scenario.find import find_scenario, places, scenarios
from forecast.scenario.load import load_scenario

NAME = "two-islands"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, without $FORECAST_PRIORS."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FORECAST_PRIORS", raising=False)
    return folder


def test_folder_that_exists_is_the_scenario(
    tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_scenario(tiny_folder) == tiny_folder
    assert find_scenario(str(tiny_folder)) == tiny_folder
    assert find_scenario(f"../{tiny_folder.parent.name}/{NAME}").resolve() == tiny_folder.resolve()
    monkeypatch.chdir(tiny_folder)
    assert load_scenario(".").folder == tiny_folder.resolve()


def test_name_is_looked_for_in_order(tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no scenario has this name"):
        find_scenario(NAME)
    here = elsewhere / "priors" / NAME
    shutil.copytree(tiny_folder, here)
    assert find_scenario(NAME) == here
    named = elsewhere / "named" / NAME
    shutil.copytree(tiny_folder, named)
    monkeypatch.setenv("FORECAST_PRIORS", str(named.parent))
    assert find_scenario(NAME) == named
    assert find_scenario(NAME, priors=tiny_folder.parent) == tiny_folder
    assert scenarios()[NAME] == named


def test_default_is_the_checkout_s(elsewhere: Path) -> None:
    folder = REPOSITORY / "priors" / "ukraine-2025"
    assert find_scenario() == folder
    assert places()[1:] == [folder.parent, REPOSITORY / "forecast" / "priors"]


def test_priors_that_were_asked_for_are_the_only_ones(tiny_folder: Path, elsewhere: Path) -> None:
    # That of the checkout is not taken in its stead.
    with pytest.raises(InputError, match=NAME):
        find_scenario("ukraine-2025", priors=tiny_folder.parent)
    assert find_scenario(priors=tiny_folder) == tiny_folder
    with pytest.raises(InputError, match="there is no such folder"):
        find_scenario(NAME, priors=elsewhere / "none")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", "/no/such/folder", "a\0b", "x" * 300, "Ukraine"])
def test_name_of_nothing_is_refused(name: str, tiny_folder: Path, elsewhere: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_scenario(name, priors=tiny_folder.parent)
    assert f"Available scenarios: {NAME}" in str(caught.value)


def test_error_lists_where_a_name_was_looked_for(elsewhere: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_scenario("atlantis")
    for place in places():
        assert str(place) in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_linked_folder_goes_by_its_own_name(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tiny_folder)
    assert load_scenario(tmp_path / "link").folder.name == NAME


def test_a_variable_that_names_no_folder_is_not_passed_over(
    tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_folder, elsewhere / "priors" / NAME)
    (elsewhere / "file").write_text("")
    for wrong in ("none", "file", "x" * 300):
        monkeypatch.setenv("FORECAST_PRIORS", wrong)
        with pytest.raises(InputError, match="FORECAST_PRIORS: there is no such folder"):
            find_scenario(NAME)
    assert find_scenario(tiny_folder) == tiny_folder
    assert find_scenario(NAME, priors=tiny_folder.parent) == tiny_folder
    monkeypatch.setenv("FORECAST_PRIORS", "")
    assert find_scenario(NAME) == elsewhere / "priors" / NAME


def test_a_tilde_is_the_home_folder(tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tiny_folder.parent))
    assert find_scenario(f"~/{NAME}") == tiny_folder
    assert find_scenario(NAME, priors=Path("~")) == tiny_folder
    monkeypatch.setenv("FORECAST_PRIORS", "~")
    assert find_scenario(NAME) == tiny_folder
