"""A run of the first schema is read with the names of the present one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from places import REPOSITORY
from run_tools import Done

from forecast.errors import InputError
from forecast.outcomes.shares import odds
from forecast.store import schema_1
from forecast.store.saved_run import Run, open_run

FIXTURES = REPOSITORY / "tests" / "fixtures" / "schema-1"


@pytest.fixture
def old() -> Run:
    (folder,) = FIXTURES.glob("two-islands_*")
    return open_run(folder)


def names(content: Any, at: str = "") -> Iterator[str]:
    """Every key of a summary, dotted."""
    if isinstance(content, dict):
        for key, inner in content.items():
            yield f"{at}.{key}"
            yield from names(inner, f"{at}.{key}")


def test_every_key_of_the_old_summary_is_there_under_its_new_name(old: Run) -> None:
    before = json.loads((old.folder / "summary.json").read_text(encoding="utf-8"))
    gone, come = set(names(before)) - set(names(old.summary)), set(names(old.summary)) - set(names(before))
    assert {name for name in gone if not any(f"{other}." in name for other in gone)} == {
        f".{name}" for name in schema_1.SUMMARY
    }
    assert {name for name in come if not any(f"{other}." in name for other in come)} == {
        f".{name.rpartition('.')[0]}.{new}" for name, new in schema_1.SUMMARY.items()
    }
    assert old.summary["beside"]["pocket_lost"] == before["beside"]["kursk_expelled"]
    assert list(old.summary["beside"].values()) == list(before["beside"].values())
    assert old.summary["schema"] == 2


def test_old_and_new_summaries_have_the_same_groups_of_odds(old: Run, kept: Run) -> None:
    pooled = schema_1.summary_of(json.loads((FIXTURES / "pool_summary.json").read_text(encoding="utf-8")))
    for summary in (old.summary, pooled):
        for group in ("odds", "given_resolved", "beside", "unresolved", "negotiated", "defeat", "first_refusal"):
            assert list(summary[group]) == list(kept.summary[group]), group
        assert set(kept.summary) - set(summary) == {"readings", "uncertainty"}


def test_old_tables_give_the_old_odds(old: Run, kept: Run) -> None:
    assert set(old.timelines) == set(kept.timelines)
    # Columns that came later are empty.
    assert old.timelines[["cause", "collapse_began", "draft_failed", "capital_average"]].isna().all(axis=None)
    assert set(old.bands["level"]) == set(kept.bands["level"])
    # The 90% ranges are computed in another way since.
    for name, now in odds(old.timelines)["beside"].items():
        before = old.summary["beside"][name]
        assert (now["probability"], now["count"], now["of"]) == (before["probability"], before["count"], before["of"])
        assert now["standard_error"] == pytest.approx(before["standard_error"], rel=1e-12), name
    assert len(old.draws) == 400


def test_recorded_states_have_their_new_names() -> None:
    since = {
        "states": [{"state": "kursk", "value": "expelled"}, {"state": "posture", "value": "pressing Kyiv"}],
        "happened": [{"state": None, "value": None, "moves": "kursk"}, {"state": "rung", "value": "terms"}],
    }
    found = schema_1.summary_of({"since": since})["since"]
    assert found["states"] == [{"state": "pocket", "value": "lost"}, {"state": "posture", "value": "pressing_kyiv"}]
    assert found["happened"] == [
        {"state": None, "value": None, "moves": "pocket"},
        {"state": "rung", "value": "terms"},
    ]


def test_the_command_shows_an_old_run(command: Callable[..., Done], old: Run) -> None:
    done = command("show", old.id, "--runs", old.folder.parent)
    assert (done.code, done.err) == (0, "")
    assert "North Island loses its pocket beyond the border" in done.out
    done = command("show", old.id, "--runs", old.folder.parent, "--json")
    assert json.loads(done.out) == old.summary
    # Its timelines were simulated by other code, and are not told as if by the present one.
    done = command("show", old.id, "--runs", old.folder.parent, "--timeline", 3)
    assert done.code == 2
    assert "cannot be simulated again" in done.err


def test_an_old_run_that_was_changed_is_refused(old: Run, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(old.folder, tmp_path / old.id)
    (copy / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="was changed since the run"):
        open_run(copy)
